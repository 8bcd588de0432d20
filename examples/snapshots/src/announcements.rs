//! Changes that PostgreSQL announces.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::time::sleep;
use tower_cors::SnapshotPolicies;

/// The time before each attempt to reconnect.
const PAUSE: Duration = Duration::from_secs(1);

/// Loads again whenever a change is announced, and never returns.
///
/// Without announcements, and if one is lost, the snapshot is still loaded at half of its Max-Age.
pub async fn follow(url: &str, snapshot: &SnapshotPolicies) -> Infallible {
    loop {
        let Err(end) = follow_once(url, snapshot).await;
        tracing::warn!("announcements ended: {end}");
        sleep(PAUSE).await;
    }
}

async fn follow_once(url: &str, snapshot: &SnapshotPolicies) -> sqlx::Result<Infallible> {
    let mut listener = PgListener::connect(url).await?;
    listener.eager_reconnect(false);
    listener.listen("snapshot_origins").await?;
    // What was announced before this connection listens was not received.
    snapshot.refresh_soon();
    loop {
        let announcement = listener.try_recv().await?;
        announcement.ok_or(sqlx::Error::PoolClosed)?;
        snapshot.refresh_soon();
    }
}
