//! What Prometheus is told, fetched over HTTP from the running service.

#[path = "../../../tests/support/process.rs"]
mod process;
#[path = "../../../tests/support/mod.rs"]
mod support;

use std::process::Command;

use http::header::{ORIGIN, VARY};
use http::{HeaderName, Method};
use process::Running;
use support::{APP, EVIL, Server};

/// The lines of the layer's metrics, without comments, sorted.
async fn scrape(figures: Server) -> Vec<String> {
    let answer = figures.get("/metrics").await;
    assert_eq!(answer.status, 200);
    let mut lines: Vec<String> = answer
        .text()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        // Of a histogram, how many values it has.
        .filter(|line| !line.contains("_bucket{") && !line.contains("_seconds_sum"))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn decisions_and_the_cache_are_counted_and_nothing_that_a_client_sent_is_a_label() {
    let mut running = Running::start(&mut Command::new(env!(
        "CARGO_BIN_EXE_tower-cors-example-metrics"
    )));
    let api = Server::at(running.address());
    let figures = Server::at(running.address());
    assert_eq!(scrape(figures).await, [""; 0]);

    // One lookup of each origin, and hits from then on.
    for _ in 0..3 {
        assert_eq!(api.preflight(APP, "/", "PUT").await.status, 204);
        assert_eq!(api.get_from(APP, "/").await.readable_by(), Some(APP));
    }
    for _ in 0..2 {
        assert_eq!(api.get_from(EVIL, "/").await.readable_by(), None);
        assert_eq!(api.preflight(EVIL, "/", "PUT").await.status, 403);
    }
    assert!(api.get("/").await.headers.contains_key(VARY));
    // What no browser sends, once each.
    let hostile = "https://evil.example\"} 1\\ncors_requests_total{reason=\"x";
    let method = Method::from_bytes(b"STEAL").expect("a token");
    api.send(method, "/", &[(ORIGIN, hostile)]).await;
    let two: [(HeaderName, &str); 2] = [(ORIGIN, APP), (ORIGIN, EVIL)];
    api.send(Method::GET, "/", &two).await;

    let requests = |kind, decision, reason, count| {
        format!(
            "cors_requests_total{{kind=\"{kind}\",decision=\"{decision}\",reason=\"{reason}\",enforcement=\"none\"}} {count}"
        )
    };
    let mut expected = vec![
        requests("actual", "allowed", "allowed", 3),
        requests("actual", "rejected", "origin-malformed", 1),
        requests("actual", "rejected", "origin-not-allowed", 2),
        requests("actual", "rejected", "origin-repeated", 1),
        requests("not-cors", "not-cors", "not-cors", 1),
        requests("preflight", "allowed", "allowed", 3),
        requests("preflight", "rejected", "origin-not-allowed", 2),
        "cors_cache_entries 2".to_owned(),
        "cors_cache_events_total{event=\"hit\"} 8".to_owned(),
        "cors_cache_events_total{event=\"miss\"} 2".to_owned(),
        "cors_decision_age_seconds_count 8".to_owned(),
        "cors_lookup_duration_seconds_count{outcome=\"allowed\"} 1".to_owned(),
        "cors_lookup_duration_seconds_count{outcome=\"rejected\"} 1".to_owned(),
        "cors_lookups_in_flight 0".to_owned(),
    ];
    expected.sort();
    assert_eq!(scrape(figures).await, expected);
}

/// The values that each label can have, whatever clients send.
const LABELS: [(&str, &[&str]); 6] = [
    ("kind", &["actual", "preflight", "not-cors"]),
    (
        "decision",
        &["allowed", "rejected", "not-cors", "same-origin"],
    ),
    (
        "reason",
        &[
            "allowed",
            "not-cors",
            "same-origin",
            "origin-malformed",
            "origin-not-allowed",
            "origin-repeated",
        ],
    ),
    ("enforcement", &["none"]),
    ("event", &["hit", "miss", "coalesced", "eviction"]),
    ("outcome", &["allowed", "rejected"]),
];

#[tokio::test]
async fn a_flood_of_what_no_browser_sends_leaves_the_figures_short_and_every_line_ours() {
    let mut running = Running::start(&mut Command::new(env!(
        "CARGO_BIN_EXE_tower-cors-example-metrics"
    )));
    let api = Server::at(running.address());
    let figures = Server::at(running.address());
    let long = "https://".to_owned() + &"\"}x=\\n".repeat(1024);
    for number in 0..300 {
        let method = Method::from_bytes(format!("STEAL{number}").as_bytes()).expect("a token");
        for origin in [
            format!("https://n{number}.evil.example"),
            format!("https://n{number}\"}} 1\\ncors_requests_total{{reason=\"{number}"),
            format!("{long}{number}"),
        ] {
            let headers: [(HeaderName, &str); 1] = [(ORIGIN, &origin)];
            api.send(method.clone(), "/", &headers).await;
            api.preflight(&origin, "/", method.as_str()).await;
        }
    }
    let lines = scrape(figures).await;
    assert!((5..30).contains(&lines.len()), "{lines:#?}");
    for line in lines {
        assert!(line.len() < 200, "{line}");
        let (series, figure) = line.rsplit_once(' ').expect("a figure");
        figure.parse::<f64>().expect("a number");
        let Some((name, labels)) = series.split_once('{') else {
            let known = [
                "cors_cache_entries",
                "cors_decision_age_seconds_count",
                "cors_lookups_in_flight",
            ];
            assert!(known.contains(&series), "{line}");
            continue;
        };
        assert!(
            [
                "cors_requests_total",
                "cors_cache_events_total",
                "cors_lookup_duration_seconds_count"
            ]
            .contains(&name),
            "{line}"
        );
        for label in labels.strip_suffix('}').expect("a whole list").split(',') {
            let (name, value) = label.split_once('=').expect("a label");
            let value = value.trim_matches('"');
            let (_, known) = LABELS
                .into_iter()
                .find(|(known, _)| *known == name)
                .expect(&line);
            assert!(known.contains(&value), "{line}");
        }
    }
}
