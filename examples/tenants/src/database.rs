//! The origins that a tenant allows, in SQLite or PostgreSQL.
//!
//! The statements are the same for both, so this uses `sqlx::Any`, which selects the database by its URL.

use sqlx::{AnyPool, Executor, Result};

/// The database. Cloning increments a reference count.
#[derive(Clone)]
pub(crate) struct Database {
    pool: AnyPool,
    announces: bool,
}

impl Database {
    /// Connects, and creates the tables that are missing.
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let database = Self {
            pool: AnyPool::connect(url).await?,
            announces: ["postgres:", "postgresql:"]
                .iter()
                .any(|scheme| url.starts_with(scheme)),
        };
        database.create_tables().await?;
        Ok(database)
    }

    /// Returns whether the database announces changes.
    pub(crate) fn announces(&self) -> bool {
        self.announces
    }

    async fn create_tables(&self) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        if self.announces {
            // If replicas that start together created the same tables, PostgreSQL would reject all but one. The number
            // is any that nothing else in the database locks.
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
