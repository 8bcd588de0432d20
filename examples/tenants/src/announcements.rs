//! What was changed elsewhere: by another replica, or by hand.

use std::time::Duration;

use sqlx::Result;
use sqlx::postgres::PgListener;
use tokio::time::{sleep, timeout};
use tower_cors::{PreflightCache, Scope};

/// Where `schema/announce.sql` announces.
const CHANNEL: &str = "allowed_origins";
/// Before each attempt to connect anew.
const PAUSE: Duration = Duration::from_secs(1);
/// A connection can die without a word, such as when a host fails. After this much silence it is taken for dead.
const SILENCE: Duration = Duration::from_secs(300);

pub(crate) async fn listen(url: &str) -> Result<PgListener> {
    let mut listener = PgListener::connect(url).await?;
    // `follow` connects anew itself, for it must know when.
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Forgets what was decided of tenants whose origins were changed, for ever.
pub(crate) async fn follow(mut listener: PgListener, url: String, cache: PreflightCache) {
    loop {
        let end = forget_what_is_announced(&mut listener, &cache).await;
        tracing::warn!("announcements ended: {end}");
        listener = listen_again(&url).await;
        // What was announced in between is lost. Only now: what is looked up before could be changed unheard.
        cache.invalidate_all();
        tracing::info!("announcements are heard again");
    }
}

/// Returns why the connection came to its end.
async fn forget_what_is_announced(listener: &mut PgListener, cache: &PreflightCache) -> String {
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(announcement))) => match announcement.payload() {
                "" => cache.invalidate_all(),
                tenant => cache.invalidate_scope(&Scope::from(tenant)),
            },
            Ok(Ok(None)) => return "the connection was closed".to_owned(),
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return format!("silence for {SILENCE:?}"),
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
