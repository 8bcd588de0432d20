//! Two replicas on one PostgreSQL server.

use std::process::Command;
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
/// One that a test waits for.
const SHORT: u64 = 4;
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

/// How long after `since` a replica rejected.
async fn rejected_after(replica: &Replica, since: Instant) -> Duration {
    until(replica, StatusCode::FORBIDDEN).await;
    let elapsed = since.elapsed();
    assert_eq!(replica.get(ACME, APP).await.readable_by(), None);
    elapsed
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

/// The processes of the server that send announcements.
async fn announcers(connection: &mut PgConnection) -> Vec<i32> {
    // They were last told to listen, or asked whether they live.
    let pids = sqlx::query_scalar(
        "SELECT pid FROM pg_stat_activity \
         WHERE query IN ('LISTEN \"allowed_origins\"', 'SELECT 1')",
    );
    let pids = pids.fetch_all(connection).await;
    pids.expect("the server's processes")
}

fn signal(name: &str, process: i32) {
    let kill = format!("kill -s {name} {process}");
    let sent = Command::new("/bin/sh").args(["-c", &kill]).status();
    assert!(sent.expect("a shell starts").success());
}

#[tokio::test]
async fn a_connection_that_died_without_a_word_is_replaced_and_a_quiet_one_is_kept() {
    let server = PostgreSql::start().await;
    let replicas = start_two(&server, LONG);
    let mut connection = server.connect().await;
    let announcing = announcers(&mut connection).await;
    let [dead, quiet] = announcing[..] else {
        panic!("not one process for each replica: {announcing:?}");
    };
    revoke_unheard(&replicas, &mut connection).await;
    signal("STOP", dead);
    let stopped = Instant::now();
    let [first, second] = &replicas;
    let unaware = tokio::select! {
        _ = until(first, StatusCode::FORBIDDEN) => second,
        _ = until(second, StatusCode::FORBIDDEN) => first,
    };
    println!("found out after {:?}", stopped.elapsed());
    let answer = unaware.preflight(ACME, APP).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(announcers(&mut connection).await.contains(&quiet));

    execute(&mut connection, ANNOUNCE_AGAIN).await;
    execute(&mut connection, ALLOW).await;
    until_both(&replicas, StatusCode::NO_CONTENT).await;
    execute(&mut connection, REVOKE).await;
    until_both(&replicas, StatusCode::FORBIDDEN).await;
    // So that the server need not wait for it when it stops.
    signal("CONT", dead);
}
