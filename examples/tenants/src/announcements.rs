//! Announcements of changes that were made elsewhere: by another replica, or by hand.
//!
//! They are fast but not reliable: those that are sent while a replica is disconnected are lost. So after each connection,
//! and at regular times, the replica reads the log of changes as well (`changes.rs`).

mod postgresql;
mod redis;

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::changes::Changes;
use crate::telemetry;

/// The name of the channel on each engine.
const CHANNEL: &str = "allowed_origins";
/// The shortest and the longest time before an attempt to reconnect. It doubles with each attempt that fails.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];
/// The time without an announcement after which the connection is checked. A connection can break silently, for example
/// when a host fails.
const SILENCE: Duration = Duration::from_secs(10);
/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// What an engine will return.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// What carries announcements to all replicas. One implementation for each engine.
pub(crate) trait Bus: Send + Sync {
    /// Connects and subscribes. Every announcement that is sent after the result is received, until the connection breaks.
    fn subscribe(&self) -> Pending<'_, Box<dyn Subscription>>;

    /// Announces that the origins of a tenant changed.
    fn publish<'a>(&'a self, tenant: &'a str) -> Pending<'a, ()>;
}

/// A connection that receives announcements. An error means that it is broken.
pub(crate) trait Subscription: Send {
    /// Waits for the next announcement and returns its tenant. An empty one means every tenant.
    ///
    /// Dropping the future loses no announcement.
    fn next(&mut self) -> Pending<'_, String>;

    /// Waits for an answer of the server.
    fn check(&mut self) -> Pending<'_, ()>;
}

/// Returns the bus at this URL.
pub(crate) fn bus(url: &str) -> Result<Arc<dyn Bus>, Failure> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("postgres" | "postgresql") => Ok(Arc::new(postgresql::PostgreSql::new(url))),
        Some("redis" | "rediss" | "redis+unix" | "unix") => Ok(Arc::new(redis::Redis::new(url)?)),
        _ => Err("announcements need a URL of `postgres:` or `redis:`".into()),
    }
}

/// Announces a change. If that fails, the other replicas find the change in the log.
pub(crate) async fn publish(bus: &dyn Bus, tenant: &str) {
    if let Err(error) = in_time(bus.publish(tenant)).await {
        tracing::warn!("a change was not announced: {error}");
    }
}

/// Removes the cached decisions of tenants whose change is announced, and never returns.
pub(crate) async fn follow(bus: Arc<dyn Bus>, changes: Arc<Changes>) {
    let [shortest, longest] = PAUSES;
    let mut pause = shortest;
    telemetry::announcements_connected(false);
    loop {
        let end = match in_time(bus.subscribe()).await {
            Ok(mut subscription) => {
                telemetry::announcements_connected(true);
                tracing::info!("announcements are received");
                // Announcements were lost until now. Earlier would be too early, because a change could be committed after
                // the log was read and before this connection received announcements.
                changes.read_soon();
                let connected = Instant::now();
                let Err(end) = receive(&mut *subscription, &changes).await;
                telemetry::announcements_connected(false);
                // A server that ends each connection at once is asked less and less often.
                if connected.elapsed() > pause {
                    pause = shortest;
                }
                end
            }
            Err(error) => error,
        };
        tracing::warn!("announcements are not received: {end}");
        sleep(jittered(pause)).await;
        pause = (pause * 2).min(longest);
    }
}

/// Returns why the connection ended.
async fn receive(
    subscription: &mut dyn Subscription,
    changes: &Changes,
) -> Result<Infallible, Failure> {
    loop {
        match timeout(SILENCE, subscription.next()).await {
            Ok(announcement) => changes.announced(&announcement?),
            // An announcement that arrives meanwhile is received next.
            Err(_) => in_time(subscription.check()).await?,
        }
    }
}

async fn in_time<T>(answer: Pending<'_, T>) -> Result<T, Failure> {
    timeout(PATIENCE, answer).await?
}

/// Returns between half of a time and the whole, so that the replicas of a fleet do not reconnect at once.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) % 1024;
    pause / 2 + pause / 2 * u32::try_from(random).unwrap_or(0) / 1024
}
