//! What was changed elsewhere: by another replica, or by hand.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use sqlx::Executor;
use sqlx::postgres::PgListener;
use tokio::time::{sleep, timeout};
use tower_cors::{PolicyCache, Scope};

/// Where `schema/announce.sql` announces.
const CHANNEL: &str = "allowed_origins";
/// Before each attempt to connect anew.
const PAUSE: Duration = Duration::from_secs(1);
/// A connection can die without a word, such as when a host fails. After this much silence it is asked whether it lives.
const SILENCE: Duration = Duration::from_secs(10);
/// How long PostgreSQL may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn Error + Send + Sync>;

pub(crate) async fn listen(url: &str) -> Result<PgListener, Failure> {
    let listening = async {
        let mut listener = PgListener::connect(url).await?;
        // `follow` connects anew itself, for it must know when.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    };
    timeout(PATIENCE, listening).await?
}

/// Forgets what was decided of tenants whose origins were changed, for ever.
pub(crate) async fn follow(mut listener: PgListener, url: String, cache: PolicyCache) {
    loop {
        let Err(end) = forget_what_is_announced(&mut listener, &cache).await;
        tracing::warn!("announcements ended: {end}");
        listener = listen_again(&url).await;
        // What was announced in between is lost. Only now: what is looked up before could be changed unheard.
        cache.invalidate_all();
        tracing::info!("announcements are heard again");
    }
}

/// Returns why the connection came to its end.
async fn forget_what_is_announced(
    listener: &mut PgListener,
    cache: &PolicyCache,
) -> Result<Infallible, Failure> {
    loop {
        let Ok(announcement) = timeout(SILENCE, listener.try_recv()).await else {
            // What is announced meanwhile is received next.
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
            Err(error) => tracing::warn!("announcements cannot be heard: {error}"),
        }
    }
}
