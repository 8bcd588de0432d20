//! A replica on a PostgreSQL server, which announces changes, stops and starts again.

use std::time::{Duration, Instant};

use sqlx::Executor;
use tempfile::TempDir;
use tower_cors::{Origin, SnapshotPolicies};
use tower_cors_example_snapshots::{Database, LastKnownGood, follow, policies};

#[allow(dead_code, reason = "another test uses the rest")]
#[path = "../../tenants/tests/tenants/server.rs"]
mod server;
#[allow(dead_code, reason = "another test uses the rest")]
#[path = "../../tenants/tests/tenants/supervised.rs"]
mod supervised;

const APP: &str = "https://app.example.com";
const SHOP: &str = "https://shop.example.com";
/// Less than the minute after which the snapshot is loaded anyway.
const PATIENCE: Duration = Duration::from_secs(50);

fn allows(snapshot: &SnapshotPolicies, origin: &str) -> bool {
    let origin: Origin = origin.parse().expect("an origin");
    let policy = snapshot.current();
    policy.is_some_and(|policy| policy.allows(&origin))
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn announced_changes_hold_within_seconds_also_after_the_server_was_away() {
    let mut server = server::PostgreSql::start().await;
    let room = TempDir::new().expect("a temporary directory");
    let url = server.url();
    let database = Database::new(&url).expect("a URL");
    database.create(true).await.expect("a table");
    database.allow(APP).await.expect("an origin");

    let file = LastKnownGood::new(room.path().join("origins"));
    let snapshot = policies(database.clone(), file, 1).expect("a policy");
    tokio::spawn(snapshot.keep_fresh(tokio::time::sleep));
    let followed = snapshot.clone();
    tokio::spawn(async move { follow(&url, &followed).await });
    until("the first load", || allows(&snapshot, APP)).await;

    // The listener may connect after this, and loads then.
    database.allow(SHOP).await.expect("an origin");
    until("a new origin", || allows(&snapshot, SHOP)).await;
    database.revoke(SHOP).await.expect("an origin");
    until("a revocation", || !allows(&snapshot, SHOP)).await;
    assert!(allows(&snapshot, APP));

    server.stop();
    snapshot.refresh_soon();
    let is_down = || snapshot.status().failures_in_a_row > 0;
    until("a failure", is_down).await;
    assert!(allows(&snapshot, APP) && snapshot.is_ready());
    server.run().await;
    // Announced while nobody listens.
    let change = "INSERT INTO snapshot_origins VALUES ('https://shop.example.com')";
    server
        .connect()
        .await
        .execute(change)
        .await
        .expect("an origin");
    until("a change while the server was away", || {
        allows(&snapshot, SHOP)
    })
    .await;
}
