//! The log of changes, from which a replica learns what was not announced to it.
//!
//! Each change of PostgreSQL writes a row in its own transaction, so the log has every change that was committed. Each
//! replica reads it when announcements begin again, and every few seconds. The alternative is to forget all decisions after
//! a reconnection. That is simpler, but when the bus restarts, the whole fleet would look up every origin at once, and what
//! is lost without a broken connection would be trusted until its Max-Age ends.

use std::collections::HashSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tower_cors::{PolicyCache, Scope};

use crate::database::{Change, Database};
use crate::telemetry;

/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long changes are kept in addition to Max-Age. Longer than any transaction takes.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How often old changes are deleted.
const CLEANING: Duration = Duration::from_secs(60 * 60);

/// What changed, as far as this replica knows.
pub(crate) struct Changes {
    database: Database,
    cache: PolicyCache,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    /// The changes of transactions from this one on were not all visible when the log was read.
    position: u64,
    /// The changes from there on that were read.
    read: HashSet<Change>,
    /// The tenants that were announced since the log was read.
    announced: HashSet<String>,
    /// The tenants that were read and not announced. An announcement may still be on its way.
    unannounced: HashSet<String>,
}

impl Changes {
    /// Finds the end of the log. Call it before the first decision is cached.
    pub(crate) async fn open(database: Database, cache: PolicyCache) -> sqlx::Result<Self> {
        let mut state = State::default();
        if database.has_log() {
            (state.position, _) = database.changes_since(u64::MAX).await?;
            telemetry::log_was_read();
        }
        Ok(Self {
            database,
            cache,
            state: Mutex::new(state),
            wake: Notify::new(),
        })
    }

    /// Removes the decisions of a tenant whose change was announced.
    pub(crate) fn announced(&self, tenant: &str) {
        self.invalidate(tenant);
        telemetry::announcement("received");
        self.heard_of(tenant);
    }

    /// Removes the decisions of a tenant that this replica changed.
    pub(crate) fn made_here(&self, tenant: &str) {
        self.invalidate(tenant);
        self.heard_of(tenant);
    }

    /// Lets [`follow`](Self::follow) read the log.
    pub(crate) fn read_soon(&self) {
        self.wake.notify_one();
    }

    /// Removes the decisions that the log says have changed, and never returns.
    ///
    /// If the log cannot be read, decisions end with their Max-Age, and the next attempt is soon.
    pub(crate) async fn follow(self: Arc<Self>, interval: Duration) {
        let retry = interval.min(Duration::from_secs(1));
        let mut pause = interval;
        loop {
            tokio::select! {
                () = sleep(pause) => {}
                () = self.wake.notified() => {}
            }
            let reading = timeout(PATIENCE, self.read());
            let result = reading.await.map_err(|_| sqlx::Error::PoolTimedOut);
            pause = match result.flatten() {
                Ok(()) => interval,
                Err(error) => {
                    telemetry::log_was_not_read();
                    tracing::error!("the log of changes cannot be read: {error}");
                    retry
                }
            };
        }
    }

    /// Deletes what no replica needs any more, and never returns.
    pub(crate) async fn clean(self: Arc<Self>, max_age: Duration) {
        loop {
            if let Err(error) = self.database.delete_changes(max_age + KEPT).await {
                tracing::warn!("old changes cannot be deleted: {error}");
            }
            sleep(CLEANING).await;
        }
    }

    async fn read(&self) -> sqlx::Result<()> {
        let position = self.state().position;
        let (next, changes) = self.database.changes_since(position).await?;
        telemetry::log_was_read();
        if next < position {
            // The database was replaced, for example with a backup.
            tracing::warn!(
                "the log of changes has another history, so all decisions are forgotten"
            );
            self.cache.invalidate_all();
        }
        let mut state = self.state();
        let missed = mem::take(&mut state.unannounced).len();
        telemetry::announcements_missed(missed);
        for change in &changes {
            if !state.read.contains(change) {
                // Also if it was announced: that may have been an earlier change of this tenant.
                self.invalidate(&change.tenant);
                if !state.announced.contains(&change.tenant) {
                    state.unannounced.insert(change.tenant.clone());
                }
            }
        }
        state.announced.clear();
        state.position = next;
        state.read = changes.into_iter().collect();
        Ok(())
    }

    fn invalidate(&self, tenant: &str) {
        match tenant {
            "" => self.cache.invalidate_all(),
            tenant => self.cache.invalidate_scope(&Scope::from(tenant)),
        }
    }

    fn heard_of(&self, tenant: &str) {
        let mut state = self.state();
        if !state.unannounced.remove(tenant) {
            state.announced.insert(tenant.to_owned());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
