//! LISTEN and NOTIFY of PostgreSQL. Its trigger announces every change, also one by `psql`. Each replica needs a connection.

use sqlx::Executor;
use sqlx::postgres::PgListener;

use super::{Bus, CHANNEL, Pending, Subscription};

pub(super) struct PostgreSql {
    url: String,
}

impl PostgreSql {
    pub(super) fn new(url: &str) -> Self {
        let url = url.to_owned();
        Self { url }
    }
}

impl Bus for PostgreSql {
    fn subscribe(&self) -> Pending<'_, Box<dyn Subscription>> {
        Box::pin(async {
            let mut listener = PgListener::connect(&self.url).await?;
            // The caller reconnects, because it must know when announcements were lost.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(Box::new(listener) as Box<dyn Subscription>)
        })
    }

    /// The trigger of `schema/changes.sql` does it.
    fn publish<'a>(&'a self, _: &'a str) -> Pending<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl Subscription for PgListener {
    fn next(&mut self) -> Pending<'_, String> {
        Box::pin(async {
            let announcement = self.try_recv().await?;
            let announcement = announcement.ok_or("the connection was closed")?;
            Ok(announcement.payload().to_owned())
        })
    }

    fn check(&mut self) -> Pending<'_, ()> {
        Box::pin(async {
            self.execute("SELECT 1").await?;
            Ok(())
        })
    }
}
