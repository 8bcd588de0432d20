//! The dashboard and the alerts of `operations/`, with the metrics of running replicas.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;

use crate::fleet::{ACME, Engine, Fleet, Settings};
use crate::prometheus::{MISSING, Prometheus};
use crate::proxy::Network;
use crate::support::{APP, EVIL};

const PATIENCE: Duration = Duration::from_secs(90);

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("operations")
        .join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(file(name)).expect(name)
}

/// The expressions of the dashboard, with the titles of their panels.
fn panels() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&text("dashboard.json")).expect("JSON");
    let mut expressions = Vec::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        let title = panel["title"].as_str().expect("a title");
        let targets = panel["targets"].as_array();
        assert!(targets.is_some() || panel["type"] == "row", "{title}");
        for target in targets.into_iter().flatten() {
            let expression = target["expr"].as_str().expect("an expression");
            expressions.push((title.to_owned(), expression.to_owned()));
        }
    }
    expressions
}

/// The metrics that an expression selects, with their labels: `cors_requests_total{reason="lookup-failed"}`.
fn selectors(expression: &str) -> BTreeSet<String> {
    let mut selectors = BTreeSet::new();
    let mut rest = expression;
    while let Some(start) = ["cors_", "tenants_", "process_"]
        .iter()
        .filter_map(|prefix| rest.find(prefix))
        .min()
    {
        rest = &rest[start..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if rest[end..].starts_with('{') {
            end += rest[end..].find('}').expect("an end") + 1;
        }
        selectors.insert(rest[..end].to_owned());
        rest = &rest[end..];
    }
    selectors
}

#[test]
fn the_alerts_are_valid_and_fire_as_their_tests_say() {
    for arguments in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts.test.yml"],
    ] {
        let done = Command::new("promtool")
            .args(arguments)
            .current_dir(file(""))
            .output()
            .expect(MISSING);
        let output = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{arguments:?}: {output}");
    }
}

#[test]
fn every_alert_is_tested_and_leads_to_a_heading_of_the_runbook() {
    let alerts = text("alerts.yml");
    let tests = text("alerts.test.yml");
    let runbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let runbook = fs::read_to_string(runbook).expect("a runbook");
    let headings: Vec<String> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .map(|heading| {
            format!(
                "docs/operations.md#{}",
                heading.to_lowercase().replace(' ', "-")
            )
        })
        .collect();
    let values = |key: &str| -> Vec<String> {
        let lines = alerts.lines().filter_map(|line| line.split_once(key));
        lines.map(|(_, value)| value.trim().to_owned()).collect()
    };
    let names = values("- alert: ");
    assert_eq!(names.len(), 10);
    for name in &names {
        assert!(tests.contains(&format!("alertname=\"{name}\"")), "{name}");
        assert!(runbook.contains(&format!("`{name}`")), "{name}");
    }
    let links = values("runbook: ");
    assert_eq!(links.len(), names.len());
    for link in links {
        assert!(headings.contains(&link), "{link} is not in {headings:?}");
    }
}

/// What happens to a fleet in a bad hour: more origins than the cache holds, revocations, a bus that is cut, and a source
/// that fails and hangs.
async fn bad_hour(fleet: &Fleet) {
    let [first, second] = &fleet.replicas;
    let mut round = 0;
    loop {
        round += 1;
        let preflights = (0..30).flat_map(|number| {
            [first, second].map(|replica| async move {
                let origin = format!("https://n{}.example", number % 15);
                replica.preflight(ACME, &origin).await;
            })
        });
        let others = [first, second].map(|replica| async move {
            for origin in [APP, APP, EVIL] {
                replica.get(ACME, origin).await;
            }
        });
        tokio::join!(join_all(preflights), join_all(others));
        match round % 10 {
            1 => {
                first.allow(ACME, APP).await;
                first.revoke(ACME, APP).await;
                for number in 0..15 {
                    let origin = format!("https://n{number}.example");
                    first.allow(ACME, &origin).await;
                }
            }
            2 => {
                fleet.announcements[1].set(Network::Cut);
                first.revoke(ACME, "https://n0.example").await;
            }
            // Longer than half of Max-Age, so that decisions are refreshed.
            3..=5 => tokio::time::sleep(Duration::from_millis(1_200)).await,
            6 => fleet.queries.set(Network::Silent),
            7 => fleet.queries.set(Network::Cut),
            _ => {
                fleet.queries.set(Network::Works);
                fleet.announcements[1].set(Network::Works);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_and_every_alert_is_fed_by_the_metrics_of_the_replicas() {
    let fleet = Fleet::start_with(
        Engine::Redis,
        Settings {
            max_age: "4",
            log_interval: "1",
            capacity: "10",
        },
    )
    .await;
    let prometheus = Prometheus::start(&fleet.replicas).await;
    // The hint of Grafana: a range with some values.
    let panels = panels()
        .into_iter()
        .map(|(title, expression)| (title, expression.replace("$__rate_interval", "10s")));
    // A panel is fed if it once shows more than nothing.
    let mut unfed: Vec<(String, String)> = panels.collect();
    assert!(unfed.len() >= 20, "{unfed:?}");
    // An alert is fed if each metric that it reads is there, with these labels.
    let alerts = prometheus.alerts().await;
    assert_eq!(alerts.len(), 10);
    for alert in &alerts {
        let query = alert["query"].as_str().expect("an expression");
        let selectors = selectors(query);
        assert!(!selectors.is_empty(), "{query}");
        let name = alert["name"].as_str().expect("a name");
        unfed.extend(
            selectors
                .into_iter()
                .map(|selector| (name.to_owned(), selector)),
        );
    }
    let watch = async {
        let deadline = Instant::now() + PATIENCE;
        while !unfed.is_empty() {
            println!("{} are not fed yet", unfed.len());
            let mut still = Vec::new();
            for (title, expression) in unfed {
                let values = prometheus.values(&expression).await;
                if !values.iter().any(|value| *value > 0.0) {
                    still.push((title, expression));
                }
            }
            unfed = still;
            assert!(Instant::now() < deadline, "not fed: {unfed:#?}");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    tokio::select! {
        () = watch => {}
        () = bad_hour(&fleet) => {}
    }
}
