//! Two replicas on one PostgreSQL server.

use std::time::{Duration, Instant};

use http::StatusCode;
use sqlx::PgConnection;

use crate::fleet::{ACME, ALLOW, PATIENCE, REVOKE, execute, rejected_after, until};
use crate::proxy::{Network, Proxy};
use crate::replica::Replica;
use crate::server::PostgreSql;
use crate::support::APP;

const LOSE_ANNOUNCEMENTS: &str = "ALTER TABLE allowed_origins DISABLE TRIGGER USER";
/// A decision of this Max-Age, in seconds, does not end by itself while a test runs.
const LONG: u64 = 600;
/// One that a test waits for.
const SHORT: u64 = 4;
fn start_two(server: &PostgreSql, max_age: u64) -> [Replica; 2] {
    let url = server.url();
    // At once, so that both make the tables.
    std::thread::scope(|scope| {
        [(); 2]
            .map(|()| scope.spawn(|| Replica::start(&url, max_age)))
            .map(|starting| starting.join().expect("a replica"))
    })
}

async fn until_both([first, second]: &[Replica; 2], wanted: StatusCode) {
    tokio::join!(until(first, wanted), until(second, wanted));
}

#[tokio::test]
async fn whatever_revokes_an_origin_in_the_database_both_replicas_reject_it_within_a_second() {
    let server = PostgreSql::start().await;
    let replicas = start_two(&server, LONG);
    let mut connection = server.connect().await;
    for statement in [
        REVOKE,
        "UPDATE allowed_origins SET origin = 'https://renamed.example.com'",
        "UPDATE allowed_origins SET tenant = 'renamed.example'",
        "TRUNCATE allowed_origins",
    ] {
        execute(&mut connection, ALLOW).await;
        until_both(&replicas, StatusCode::NO_CONTENT).await;
        // From before it is sent, so that it is no less than the time from the commit.
        let sent = Instant::now();
        execute(&mut connection, statement).await;
        let committed = sent.elapsed();
        let [first, second] = &replicas;
        let (first, second) =
            tokio::join!(rejected_after(first, sent), rejected_after(second, sent));
        println!(
            "{statement}: committed after {committed:?}, rejected after {first:?} and {second:?}"
        );
        assert!(first.max(second) < Duration::from_secs(1));
        execute(&mut connection, "DELETE FROM allowed_origins").await;
    }
}

/// Sends preflights until one grants nothing, which must not be before `kept`, and holds each grant to its promise.
async fn grants_until_the_end(
    replica: &Replica,
    Unheard { allowed, committed }: Unheard,
    max_age: Duration,
    kept: Duration,
) {
    let end = committed + max_age;
    let mut grants = Vec::new();
    loop {
        let sent = Instant::now();
        let answer = replica.preflight(ACME, APP).await;
        if answer.readable_by().is_none() {
            println!(
                "{} {:?} after the commit; grants before: {grants:?} s",
                answer.status,
                committed.elapsed()
            );
            assert!(allowed.elapsed() >= kept, "the decision was not kept");
            return;
        }
        let left = answer.header("access-control-max-age");
        let left = left.and_then(|text| text.parse().ok()).expect("a Max-Age");
        grants.push(left);
        assert!(
            sent + Duration::from_secs(left) <= end,
            "{left} s were left {:?} after the commit",
            sent - committed
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A revocation that was not announced. Between the two moments lies the start of the lookup that found the permission.
#[derive(Clone, Copy)]
struct Unheard {
    allowed: Instant,
    committed: Instant,
}

/// Revokes what both replicas have just decided, and nobody tells them.
async fn revoke_unheard(replicas: &[Replica; 2], connection: &mut PgConnection) -> Unheard {
    // Else an announcement of what is allowed could come late, and make them look up again.
    execute(connection, LOSE_ANNOUNCEMENTS).await;
    let allowed = Instant::now();
    execute(connection, ALLOW).await;
    until_both(replicas, StatusCode::NO_CONTENT).await;
    execute(connection, REVOKE).await;
    Unheard {
        allowed,
        committed: Instant::now(),
    }
}

#[tokio::test]
async fn a_permission_whose_revocation_was_lost_ends_within_max_age() {
    let max_age = Duration::from_secs(SHORT);
    let server = PostgreSql::start().await;
    let replicas = start_two(&server, SHORT);
    let mut connection = server.connect().await;
    let unheard = revoke_unheard(&replicas, &mut connection).await;
    let [first, second] = &replicas;
    tokio::join!(
        grants_until_the_end(first, unheard, max_age, max_age / 2),
        grants_until_the_end(second, unheard, max_age, max_age / 2)
    );
    tokio::time::sleep_until((unheard.committed + max_age).into()).await;
    for replica in &replicas {
        let preflight = replica.preflight(ACME, APP).await;
        assert_eq!(preflight.status, StatusCode::FORBIDDEN);
        assert_eq!(replica.get(ACME, APP).await.readable_by(), None);
    }
}

#[tokio::test]
async fn a_permission_that_was_revoked_before_the_database_failed_ends_within_max_age() {
    let max_age = Duration::from_secs(SHORT);
    let mut server = PostgreSql::start().await;
    let replicas = start_two(&server, SHORT);
    let mut connection = server.connect().await;
    let unheard = revoke_unheard(&replicas, &mut connection).await;
    server.stop();
    let [first, second] = &replicas;
    tokio::join!(
        grants_until_the_end(first, unheard, max_age, max_age),
        grants_until_the_end(second, unheard, max_age, max_age)
    );
    tokio::time::sleep_until((unheard.committed + max_age).into()).await;
    for replica in &replicas {
        let preflight = replica.preflight(ACME, APP).await;
        assert_eq!(preflight.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(preflight.readable_by(), None);
    }
}

/// The database restarts with its data. What it announced before is gone with the connections, and the log is not.
#[tokio::test]
async fn a_replica_recovers_when_the_database_has_restarted() {
    let mut server = PostgreSql::start().await;
    let replicas = start_two(&server, LONG);
    for _ in 0..2 {
        let mut connection = server.connect().await;
        execute(&mut connection, ALLOW).await;
        until_both(&replicas, StatusCode::NO_CONTENT).await;
        execute(&mut connection, REVOKE).await;
        server.stop();
        server.run().await;
        until_both(&replicas, StatusCode::FORBIDDEN).await;
    }
}

/// A host or a network fails while all connections of the pool are in use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_died_in_use_do_not_use_up_the_pool() {
    let server = PostgreSql::start().await;
    let network = Proxy::start(server.socket()).await;
    let url = format!(
        "postgres://postgres@{}/postgres?sslmode=disable",
        network.address
    );
    let own = server.url();
    let settings = [("MAX_AGE", "600"), ("ANNOUNCEMENTS_URL", own.as_str())];
    let replica = Replica::start_with(&url, &settings);
    let mut connection = server.connect().await;
    execute(&mut connection, ALLOW).await;
    // So that queries wait.
    execute(&mut connection, "BEGIN").await;
    execute(&mut connection, "LOCK TABLE allowed_origins").await;
    let asked = futures_util::future::join_all((0..30).map(|number| {
        let replica = &replica;
        async move {
            let origin = format!("https://n{number}.example");
            replica.preflight(ACME, &origin).await.status
        }
    }));
    let fail = async {
        until_waiting(&server).await;
        network.set(Network::Silent);
    };
    let (answers, ()) = tokio::join!(asked, fail);
    let failed = [StatusCode::SERVICE_UNAVAILABLE; 30];
    assert_eq!(answers, failed);
    network.set(Network::Works);
    execute(&mut connection, "ROLLBACK").await;
    let works = Instant::now();
    until(&replica, StatusCode::NO_CONTENT).await;
    println!("served again after {:?}", works.elapsed());
}

/// Waits until each connection of a pool waits for a lock.
async fn until_waiting(server: &PostgreSql) {
    let mut connection = server.connect().await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
        )
        .fetch_one(&mut connection)
        .await
        .expect("a number");
        if waiting >= 10 {
            return;
        }
        assert!(Instant::now() < deadline, "{waiting} queries wait");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
