//! Two replicas on one PostgreSQL server.

use std::time::{Duration, Instant};

use http::StatusCode;
use sqlx::{Executor, PgConnection};

use crate::replica::Replica;
use crate::server::PostgreSql;
use crate::support::{APP, Answer};

const ACME: &str = "acme.example";
const ALLOW: &str =
    "INSERT INTO allowed_origins VALUES ('acme.example', 'https://app.example.com')";
const REVOKE: &str = "DELETE FROM allowed_origins WHERE origin = 'https://app.example.com'";
const LOSE_ANNOUNCEMENTS: &str = "ALTER TABLE allowed_origins DISABLE TRIGGER USER";
const ANNOUNCE_AGAIN: &str = "ALTER TABLE allowed_origins ENABLE TRIGGER USER";
/// A decision of this Max-Age, in seconds, does not end by itself while a test runs.
const LONG: u64 = 600;
/// For what is promised without a time.
const PATIENCE: Duration = Duration::from_secs(60);

fn start_two(server: &PostgreSql, max_age: u64) -> [Replica; 2] {
    let url = server.url();
    // At once, so that both make the tables.
    std::thread::scope(|scope| {
        [(); 2]
            .map(|()| scope.spawn(|| Replica::start(&url, max_age)))
            .map(|starting| starting.join().expect("a replica"))
    })
}

/// Sends preflights until one is answered as wanted.
async fn until(replica: &Replica, wanted: StatusCode) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = replica.preflight(ACME, APP).await;
        if answer.status == wanted {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "not {wanted} after {PATIENCE:?}: {answer:?}"
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn until_both([first, second]: &[Replica; 2], wanted: StatusCode) {
    tokio::join!(until(first, wanted), until(second, wanted));
}

async fn execute(connection: &mut PgConnection, statement: &'static str) {
    let done = connection.execute(statement).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// How long after `since` a replica refused.
async fn refused_after(replica: &Replica, since: Instant) -> Duration {
    until(replica, StatusCode::FORBIDDEN).await;
    let elapsed = since.elapsed();
    assert_eq!(replica.get(ACME, APP).await.readable_by(), None);
    elapsed
}

#[tokio::test]
async fn whatever_revokes_an_origin_in_the_database_both_replicas_refuse_it_within_a_second() {
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
        let (first, second) = tokio::join!(refused_after(first, sent), refused_after(second, sent));
        println!(
            "{statement}: committed after {committed:?}, refused after {first:?} and {second:?}"
        );
        assert!(first.max(second) < Duration::from_secs(1));
        execute(&mut connection, "DELETE FROM allowed_origins").await;
    }
}

#[tokio::test]
async fn what_one_replica_changes_the_other_hears() {
    let server = PostgreSql::start().await;
    let replicas = start_two(&server, LONG);
    until_both(&replicas, StatusCode::FORBIDDEN).await;
    replicas[0].allow(ACME, APP).await;
    until_both(&replicas, StatusCode::NO_CONTENT).await;
    replicas[1].revoke(ACME, APP).await;
    until_both(&replicas, StatusCode::FORBIDDEN).await;
}

/// Sends preflights until one grants nothing, and holds each grant to its promise. Returns the Max-Age of each grant.
async fn grants_until_the_end(replica: &Replica, committed: Instant, max_age: u64) -> Vec<u64> {
    let end = committed + Duration::from_secs(max_age);
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
            return grants;
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

/// Revokes what both replicas have just decided, and nobody tells them. Returns when it was committed, or little later.
async fn revoke_unheard(replicas: &[Replica; 2], connection: &mut PgConnection) -> Instant {
    // Else an announcement of what is allowed could come late, and make them look up again.
    execute(connection, LOSE_ANNOUNCEMENTS).await;
    execute(connection, ALLOW).await;
    until_both(replicas, StatusCode::NO_CONTENT).await;
    execute(connection, REVOKE).await;
    Instant::now()
}

#[tokio::test]
async fn a_permission_whose_revocation_was_lost_ends_within_max_age() {
    const MAX_AGE: u64 = 4;
    let server = PostgreSql::start().await;
    let replicas = start_two(&server, MAX_AGE);
    let mut connection = server.connect().await;
    let committed = revoke_unheard(&replicas, &mut connection).await;
    let [first, second] = &replicas;
    tokio::join!(
        grants_until_the_end(first, committed, MAX_AGE),
        grants_until_the_end(second, committed, MAX_AGE)
    );
    tokio::time::sleep_until((committed + Duration::from_secs(MAX_AGE)).into()).await;
    for replica in &replicas {
        let preflight = replica.preflight(ACME, APP).await;
        assert_eq!(preflight.status, StatusCode::FORBIDDEN);
        assert_eq!(replica.get(ACME, APP).await.readable_by(), None);
    }
}

#[tokio::test]
async fn a_permission_that_was_revoked_before_the_database_failed_ends_within_max_age() {
    const MAX_AGE: u64 = 4;
    let mut server = PostgreSql::start().await;
    let replicas = start_two(&server, MAX_AGE);
    let mut connection = server.connect().await;
    let committed = revoke_unheard(&replicas, &mut connection).await;
    server.stop();
    let [first, second] = &replicas;
    tokio::join!(
        grants_until_the_end(first, committed, MAX_AGE),
        grants_until_the_end(second, committed, MAX_AGE)
    );
    tokio::time::sleep_until((committed + Duration::from_secs(MAX_AGE)).into()).await;
    for replica in &replicas {
        let preflight = replica.preflight(ACME, APP).await;
        assert_eq!(preflight.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(preflight.readable_by(), None);
    }
}

#[tokio::test]
async fn whoever_lost_the_connection_forgets_what_could_have_changed_and_hears_again() {
    let mut server = PostgreSql::start().await;
    let replicas = start_two(&server, LONG);
    let mut connection = server.connect().await;
    revoke_unheard(&replicas, &mut connection).await;
    for replica in &replicas {
        let unaware = replica.preflight(ACME, APP).await;
        assert_eq!(unaware.status, StatusCode::NO_CONTENT);
    }
    server.stop();
    server.run().await;
    until_both(&replicas, StatusCode::FORBIDDEN).await;

    let mut connection = server.connect().await;
    execute(&mut connection, ANNOUNCE_AGAIN).await;
    execute(&mut connection, ALLOW).await;
    until_both(&replicas, StatusCode::NO_CONTENT).await;
    execute(&mut connection, REVOKE).await;
    until_both(&replicas, StatusCode::FORBIDDEN).await;
}
