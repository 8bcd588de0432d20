//! What `docs/operations.md` says happens, in the order of its headings.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::{Method, StatusCode};

use crate::fleet::{ACME, Engine, Fleet, LONG, REVOKE, Settings, execute, until};
use crate::proxy::Network;
use crate::replica::Replica;
use crate::support::{APP, EVIL};

const LOOKUP_FAILED: [&str; 2] = [
    "cors_requests_total{kind=\"preflight\",decision=\"rejected\",reason=\"lookup-failed\",enforcement=\"none\"}",
    "cors_requests_total{kind=\"actual\",decision=\"rejected\",reason=\"lookup-failed\",enforcement=\"none\"}",
];

async fn forget(replica: &Replica) {
    let answer = replica.admin.send(Method::DELETE, "/decisions", &[]).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_source_is_down_only_origins_without_a_decision_fail() {
    let fleet = Fleet::start(Engine::Redis, LONG).await;
    let [first, second] = &fleet.replicas;
    fleet.allow().await;
    fleet.queries.set(Network::Cut);
    // What was decided serves on, and what was not is 503, and no 500 of the service's own.
    let known = first.preflight(ACME, APP).await;
    assert_eq!(known.status, StatusCode::NO_CONTENT);
    let unknown = first.preflight(ACME, EVIL).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(unknown.cors_lines(), [""; 0]);
    let unknown = first.get(ACME, EVIL).await;
    assert_eq!(unknown.status, StatusCode::OK);
    assert_eq!(unknown.cors_lines(), [""; 0]);
    for series in LOOKUP_FAILED {
        assert_eq!(first.metric(series).await, Some(1.0), "{series}");
    }
    // A replica that forgets its decisions, as at a restart, makes it worse.
    forget(second).await;
    let forgotten = second.preflight(ACME, APP).await;
    assert_eq!(forgotten.status, StatusCode::SERVICE_UNAVAILABLE);

    // Nothing needs to be done when the source is back.
    fleet.queries.set(Network::Works);
    for replica in &fleet.replicas {
        until(replica, StatusCode::NO_CONTENT).await;
        let unknown = replica.preflight(ACME, EVIL).await;
        assert_eq!(unknown.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_hangs_costs_a_page_seconds_and_no_connection_for_good() {
    let fleet = Fleet::start(Engine::Redis, LONG).await;
    let [first, _] = &fleet.replicas;
    fleet.allow().await;
    fleet.queries.set(Network::Silent);
    let sent = Instant::now();
    let unknown = first.preflight(ACME, EVIL).await;
    assert_eq!(unknown.status, StatusCode::SERVICE_UNAVAILABLE);
    // Five to get a connection, and two for the query.
    assert!(
        sent.elapsed() < Duration::from_secs(9),
        "{:?}",
        sent.elapsed()
    );
    fleet.queries.set(Network::Works);
    let deadline = Instant::now() + Duration::from_secs(30);
    while first.preflight(ACME, EVIL).await.status != StatusCode::FORBIDDEN {
        assert!(Instant::now() < deadline);
    }
    let in_flight = first.metric("cors_lookups_in_flight").await;
    assert_eq!(in_flight, Some(0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_learns_of_no_change_rejects_as_soon_as_it_forgets() {
    let fleet = Fleet::start(Engine::Redis, LONG).await;
    fleet.allow().await;
    let mut connection = fleet.database.connect().await;
    // Nobody announces this change or logs it.
    let lose = "ALTER TABLE allowed_origins DISABLE TRIGGER USER";
    execute(&mut connection, lose).await;
    execute(&mut connection, REVOKE).await;
    for replica in &fleet.replicas {
        let unaware = replica.preflight(ACME, APP).await;
        assert_eq!(unaware.status, StatusCode::NO_CONTENT);
        forget(replica).await;
        let preflight = replica.preflight(ACME, APP).await;
        assert_eq!(preflight.status, StatusCode::FORBIDDEN);
        // A page that has the answer to an earlier preflight still sends its request, and cannot read the response.
        let get = replica.get(ACME, APP).await;
        assert_eq!((get.status, get.readable_by()), (StatusCode::OK, None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invented_origins_use_no_more_than_the_capacity_and_forgetting_returns_it() {
    let settings = Settings {
        max_age: LONG,
        log_interval: LONG,
        capacity: "20",
    };
    let fleet = Fleet::start_with(Engine::Redis, settings).await;
    let [replica, _] = &fleet.replicas;
    fleet.allow().await;
    for start in 0..10 {
        let flood = (0..50).map(|number| {
            let origin = format!("https://n{start}-{number}.example");
            async move { replica.preflight(ACME, &origin).await.status }
        });
        for status in join_all(flood).await {
            assert_eq!(status, StatusCode::FORBIDDEN);
        }
    }
    let entries = replica
        .metric("cors_cache_entries")
        .await
        .expect("a number");
    assert!((2.0..=22.0).contains(&entries), "{entries}");
    let evicted = replica
        .metric("cors_cache_events_total{event=\"eviction\"}")
        .await;
    assert!(evicted > Some(100.0), "{evicted:?}");
    forget(replica).await;
    assert_eq!(replica.metric("cors_cache_entries").await, Some(0.0));
}
