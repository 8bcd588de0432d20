//! Which origins a tenant allows, in SQLite or PostgreSQL.
//!
//! The statements are the same for both, so that `sqlx::Any` serves: the URL says which it is.

use sqlx::{AnyPool, Executor, Result};

/// The database. Cloning is one reference count.
#[derive(Clone)]
pub(crate) struct Database {
    pool: AnyPool,
    announces: bool,
}

impl Database {
    /// Connects, and makes the tables that are missing.
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let database = Self {
            pool: AnyPool::connect(url).await?,
            announces: ["postgres:", "postgresql:"]
                .iter()
                .any(|scheme| url.starts_with(scheme)),
        };
        database.make_tables().await?;
        Ok(database)
    }

    /// Whether it tells those who listen what was changed.
    pub(crate) fn announces(&self) -> bool {
        self.announces
    }

    async fn make_tables(&self) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        if self.announces {
            // Replicas that start together would make the same things at once, which PostgreSQL rejects to all but one.
            // The number is any that nothing else in the database locks.
            transaction
                .execute("SELECT pg_advisory_xact_lock(4711)")
                .await?;
        }
        transaction
            .execute(include_str!("../schema/tables.sql"))
            .await?;
        if self.announces {
            transaction
                .execute(include_str!("../schema/announce.sql"))
                .await?;
        }
        transaction.commit().await
    }

    pub(crate) async fn allows(&self, tenant: &str, origin: &str) -> Result<bool> {
        let row = sqlx::query("SELECT 1 FROM allowed_origins WHERE tenant = $1 AND origin = $2")
            .bind(tenant)
            .bind(origin)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }

    pub(crate) async fn allow(&self, tenant: &str, origin: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO allowed_origins (tenant, origin) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(tenant)
        .bind(origin)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub(crate) async fn revoke(&self, tenant: &str, origin: &str) -> Result<()> {
        sqlx::query("DELETE FROM allowed_origins WHERE tenant = $1 AND origin = $2")
            .bind(tenant)
            .bind(origin)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
