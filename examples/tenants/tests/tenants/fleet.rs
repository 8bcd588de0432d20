//! Two replicas on one database, with announcements of either engine.

use std::time::{Duration, Instant};

use http::StatusCode;
use sqlx::{Executor, PgConnection};

use crate::proxy::Proxy;
use crate::redis::Redis;
use crate::replica::Replica;
use crate::server::PostgreSql;
use crate::support::{APP, Answer};

pub(crate) const ACME: &str = "acme.example";
pub(crate) const ALLOW: &str =
    "INSERT INTO allowed_origins VALUES ('acme.example', 'https://app.example.com')";
pub(crate) const REVOKE: &str =
    "DELETE FROM allowed_origins WHERE origin = 'https://app.example.com'";
/// The announcements that a replica received.
pub(crate) const RECEIVED: &str = "tenants_announcements_total{event=\"received\"}";
/// A time that does not end while a test runs, in seconds.
pub(crate) const LONG: &str = "600";
/// For what is promised without a time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What carries the announcements.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Engine {
    PostgreSql,
    Redis,
}

pub(crate) struct Fleet {
    // The replicas end first, so that the servers need not wait for them.
    pub(crate) replicas: [Replica; 2],
    /// The networks between each replica and the announcements.
    pub(crate) announcements: [Proxy; 2],
    pub(crate) database: PostgreSql,
    redis: Option<Redis>,
}

impl Fleet {
    pub(crate) async fn start(engine: Engine, log_interval: &str) -> Self {
        let database = PostgreSql::start().await;
        let redis = (engine == Engine::Redis).then(Redis::start);
        let socket = redis
            .as_ref()
            .map_or_else(|| database.socket(), Redis::socket);
        let announcements = [
            Proxy::start(socket.clone()).await,
            Proxy::start(socket).await,
        ];
        let url = database.url();
        // At once, so that both make the tables.
        let replicas = std::thread::scope(|scope| {
            announcements
                .each_ref()
                .map(|proxy| {
                    let address = proxy.address;
                    let announcements = match engine {
                        Engine::PostgreSql => {
                            format!("postgres://postgres@{address}/postgres?sslmode=disable")
                        }
                        Engine::Redis => format!("redis://{address}"),
                    };
                    let url = &url;
                    scope.spawn(move || {
                        let settings = [
                            ("MAX_AGE", LONG),
                            ("LOG_INTERVAL", log_interval),
                            ("ANNOUNCEMENTS_URL", &announcements),
                        ];
                        Replica::start_with(url, &settings)
                    })
                })
                .map(|starting| starting.join().expect("a replica"))
        });
        let fleet = Self {
            replicas,
            announcements,
            database,
            redis,
        };
        for replica in &fleet.replicas {
            until_connected(replica).await;
            // At the start, and when announcements are received.
            until_metric(replica, "tenants_change_log_reads_total", 2.0).await;
        }
        fleet
    }

    /// Restarts Redis, which forgets everything.
    pub(crate) fn restart_redis(&mut self) {
        if let Some(redis) = &mut self.redis {
            redis.stop();
            redis.run();
        }
    }

    /// Allows the origin, and lets both replicas cache that.
    pub(crate) async fn allow(&self) {
        let [first, second] = &self.replicas;
        let before = [first.metric(RECEIVED).await, second.metric(RECEIVED).await];
        first.allow(ACME, APP).await;
        for (replica, before) in self.replicas.iter().zip(before) {
            // An announcement that comes later would make it look up the revocation that is to be missed.
            until_metric(replica, RECEIVED, before.unwrap_or(0.0) + 1.0).await;
            until(replica, StatusCode::NO_CONTENT).await;
        }
    }
}

/// Waits until a replica receives announcements.
pub(crate) async fn until_connected(replica: &Replica) {
    until_metric(replica, "tenants_announcements_connected", 1.0).await;
}

/// Waits until a metric is at least this.
pub(crate) async fn until_metric(replica: &Replica, series: &str, wanted: f64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let value = replica.metric(series).await;
        if value >= Some(wanted) {
            return;
        }
        assert!(Instant::now() < deadline, "{series} is {value:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends preflights until one is answered as wanted.
pub(crate) async fn until(replica: &Replica, wanted: StatusCode) -> Answer {
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

/// How long after `since` a replica rejected.
pub(crate) async fn rejected_after(replica: &Replica, since: Instant) -> Duration {
    until(replica, StatusCode::FORBIDDEN).await;
    let elapsed = since.elapsed();
    assert_eq!(replica.get(ACME, APP).await.readable_by(), None);
    elapsed
}

pub(crate) async fn execute(connection: &mut PgConnection, statement: &'static str) {
    let done = connection.execute(statement).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}
