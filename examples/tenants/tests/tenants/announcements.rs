//! The same tests on each engine of announcements.

use std::time::{Duration, Instant};

use http::StatusCode;
use sqlx::Executor;

use crate::fleet::{
    ACME, ALLOW, Engine, Fleet, LONG, REVOKE, execute, rejected_after, until, until_connected,
    until_metric,
};
use crate::proxy::Network;
use crate::support::APP;

/// Makes a test of each function for each engine.
macro_rules! on_each_engine {
    ($($name:ident)*) => {
        mod on_postgresql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Engine::PostgreSql).await;
            })*
        }
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(super::Engine::Redis).await;
            })*
        }
    };
}

on_each_engine! {
    what_one_replica_changes_the_other_hears_within_a_second
    what_is_missed_takes_effect_when_announcements_begin_again
    what_is_missed_without_a_bus_takes_effect_within_seconds
    what_is_lost_without_a_broken_connection_takes_effect_within_seconds
    a_change_by_hand_takes_effect_within_seconds
    a_connection_that_died_without_a_word_is_replaced_and_a_quiet_one_is_kept
    a_transaction_that_is_committed_after_later_ones_is_not_missed
}

/// How often each recovery is measured: a few times, or as often as `RECOVERIES` says.
fn recoveries() -> usize {
    let asked = std::env::var("RECOVERIES").ok();
    asked.map_or(3, |text| text.parse().expect("a number"))
}

fn report(what: &str, engine: Engine, mut times: Vec<Duration>) -> Duration {
    times.sort();
    let max = times[times.len() - 1];
    println!(
        "{what}, {engine:?}: median {:?}, max {max:?} of {}",
        times[times.len() / 2],
        times.len()
    );
    max
}

async fn what_one_replica_changes_the_other_hears_within_a_second(engine: Engine) {
    let fleet = Fleet::start(engine, LONG).await;
    let [first, second] = &fleet.replicas;
    let mut times = Vec::new();
    for _ in 0..recoveries() {
        fleet.allow().await;
        let sent = Instant::now();
        first.revoke(ACME, APP).await;
        assert_eq!(
            first.preflight(ACME, APP).await.status,
            StatusCode::FORBIDDEN
        );
        times.push(rejected_after(second, sent).await);
    }
    let max = report("announced", engine, times);
    assert!(max < Duration::from_secs(1));
}

async fn what_is_missed_takes_effect_when_announcements_begin_again(engine: Engine) {
    let fleet = Fleet::start(engine, LONG).await;
    let [first, second] = &fleet.replicas;
    let mut times = Vec::new();
    for _ in 0..recoveries() {
        fleet.allow().await;
        fleet.announcements[1].set(Network::Cut);
        first.revoke(ACME, APP).await;
        let unaware = second.preflight(ACME, APP).await;
        assert_eq!(unaware.status, StatusCode::NO_CONTENT);
        let works = Instant::now();
        fleet.announcements[1].set(Network::Works);
        times.push(rejected_after(second, works).await);
        until_connected(second).await;
        // Longer than the last pause, so that the next outage is a new one and not part of this.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let max = report("after the network works again", engine, times);
    assert!(max < Duration::from_secs(8));

    // Announcements are received again.
    fleet.allow().await;
    let sent = Instant::now();
    first.revoke(ACME, APP).await;
    assert!(rejected_after(second, sent).await < Duration::from_secs(1));
}

async fn what_is_missed_without_a_bus_takes_effect_within_seconds(engine: Engine) {
    let fleet = Fleet::start(engine, "2").await;
    let [first, second] = &fleet.replicas;
    fleet.allow().await;
    for proxy in &fleet.announcements {
        proxy.set(Network::Cut);
    }
    let mut times = Vec::new();
    for _ in 0..recoveries() {
        let sent = Instant::now();
        first.revoke(ACME, APP).await;
        times.push(rejected_after(second, sent).await);
        first.allow(ACME, APP).await;
        until(second, StatusCode::NO_CONTENT).await;
    }
    let max = report("without a bus, log read every 2 s", engine, times);
    assert!(max < Duration::from_secs(6));
    let connected = first.metric("tenants_announcements_connected").await;
    assert_eq!(connected, Some(0.0));
    let missed = "tenants_announcements_total{event=\"missed\"}";
    until_metric(second, missed, 1.0).await;
}

async fn what_is_lost_without_a_broken_connection_takes_effect_within_seconds(engine: Engine) {
    let fleet = Fleet::start(engine, "2").await;
    let [first, second] = &fleet.replicas;
    fleet.allow().await;
    fleet.announcements[1].set(Network::Silent);
    let sent = Instant::now();
    first.revoke(ACME, APP).await;
    let time = rejected_after(second, sent).await;
    println!("lost in silence, log read every 2 s, {engine:?}: {time:?}");
    assert!(time < Duration::from_secs(6));
}

async fn a_change_by_hand_takes_effect_within_seconds(engine: Engine) {
    let fleet = Fleet::start(engine, "2").await;
    let mut connection = fleet.database.connect().await;
    for statement in [REVOKE, "TRUNCATE allowed_origins"] {
        execute(&mut connection, ALLOW).await;
        for replica in &fleet.replicas {
            until(replica, StatusCode::NO_CONTENT).await;
        }
        let sent = Instant::now();
        execute(&mut connection, statement).await;
        let [first, second] = &fleet.replicas;
        let times = tokio::join!(rejected_after(first, sent), rejected_after(second, sent));
        println!("{statement}, {engine:?}: {times:?}");
        assert!(times.0.max(times.1) < Duration::from_secs(6));
    }
}

async fn a_connection_that_died_without_a_word_is_replaced_and_a_quiet_one_is_kept(engine: Engine) {
    let fleet = Fleet::start(engine, LONG).await;
    let [first, second] = &fleet.replicas;
    fleet.allow().await;
    let connections = || {
        fleet
            .announcements
            .each_ref()
            .map(|proxy| proxy.connections())
    };
    let [quiet, dead] = connections();
    fleet.announcements[1].set(Network::Silent);
    let silent = Instant::now();
    // What was connected by then stays silent.
    tokio::time::sleep(Duration::from_millis(100)).await;
    fleet.announcements[1].set(Network::Works);
    first.revoke(ACME, APP).await;
    let time = rejected_after(second, silent).await;
    println!("found out after {time:?}, {engine:?}");
    assert_eq!(connections()[1], dead + 1);
    if engine == Engine::PostgreSql {
        // That of Redis publishes with another connection.
        assert_eq!(connections()[0], quiet);
    }
    let connected = first.metric("tenants_announcements_connected").await;
    assert_eq!(connected, Some(1.0));
}

/// Transactions get their numbers before they are committed, so a log that is read by number alone misses some.
async fn a_transaction_that_is_committed_after_later_ones_is_not_missed(engine: Engine) {
    let fleet = Fleet::start(engine, "1").await;
    let [first, second] = &fleet.replicas;
    fleet.allow().await;
    for proxy in &fleet.announcements {
        proxy.set(Network::Cut);
    }
    let mut slow = fleet.database.connect().await;
    execute(&mut slow, "BEGIN").await;
    execute(&mut slow, REVOKE).await;
    // Each is read with the transaction still open.
    for number in 0..3 {
        let other = format!("https://n{number}.example");
        first.allow("other.example", &other).await;
        let reads = "tenants_change_log_reads_total";
        let before = second.metric(reads).await.expect("a number");
        until_metric(second, reads, before + 1.0).await;
    }
    assert_eq!(
        second.preflight(ACME, APP).await.status,
        StatusCode::NO_CONTENT
    );
    let sent = Instant::now();
    slow.execute("COMMIT").await.expect("a commit");
    let times = tokio::join!(rejected_after(first, sent), rejected_after(second, sent));
    assert!(times.0.max(times.1) < Duration::from_secs(5), "{times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn announcements_are_received_again_when_redis_has_restarted() {
    let mut fleet = Fleet::start(Engine::Redis, LONG).await;
    fleet.allow().await;
    fleet.restart_redis();
    // The first to publish may find its connection broken.
    fleet.replicas[0].revoke(ACME, APP).await;
    rejected_after(&fleet.replicas[1], Instant::now()).await;
    for replica in &fleet.replicas {
        until_connected(replica).await;
    }
    fleet.allow().await;
    let sent = Instant::now();
    fleet.replicas[0].revoke(ACME, APP).await;
    assert!(rejected_after(&fleet.replicas[1], sent).await < Duration::from_secs(1));
}
