//! Changes that were made elsewhere: by another replica, or by hand.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::PgListener;
use tokio::time::{sleep, timeout};
use tower_cors::{PolicyCache, Scope};

/// The channel of `schema/announce.sql`.
const CHANNEL: &str = "allowed_origins";
/// The time before each attempt to reconnect.
const PAUSE: Duration = Duration::from_secs(1);
/// The time without an announcement after which the connection is checked. A connection can break silently, for example
/// when a host fails.
const SILENCE: Duration = Duration::from_secs(10);
/// How long PostgreSQL may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn Error + Send + Sync>;

pub(crate) async fn listen(url: &str) -> Result<PgListener, Failure> {
    let listening = async {
        let mut listener = PgListener::connect(url).await?;
        // `follow` reconnects itself, because it must know when that happens.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    };
    timeout(PATIENCE, listening).await?
}

/// Removes the cached decisions of tenants whose origins are changed, and never returns.
pub(crate) async fn follow(mut listener: PgListener, url: String, cache: PolicyCache) {
    loop {
        let Err(end) = invalidate_announced(&mut listener, &cache).await;
        tracing::warn!("announcements ended: {end}");
        listener = listen_again(&url).await;
        // Announcements were lost until now. Earlier would be too early, because a decision could be cached and then
        // change before this connection listens.
        cache.invalidate_all();
        tracing::info!("announcements are received again");
    }
}

/// Returns why the connection ended.
async fn invalidate_announced(
    listener: &mut PgListener,
    cache: &PolicyCache,
) -> Result<Infallible, Failure> {
    loop {
        let Ok(announcement) = timeout(SILENCE, listener.try_recv()).await else {
            // An announcement that arrives meanwhile is received next.
            timeout(PATIENCE, (&mut *listener).execute("SELECT 1")).await??;
            continue;
        };
        match announcement?.ok_or("the connection was closed")?.payload() {
            "" => cache.invalidate_all(),
            tenant => cache.invalidate_scope(&Scope::from(tenant)),
        }
    }
}

async fn listen_again(url: &str) -> PgListener {
    loop {
        sleep(PAUSE).await;
        match listen(url).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!("announcements cannot be received: {error}"),
        }
    }
}
