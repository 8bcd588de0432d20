//! The table of allowed origins, in SQLite or PostgreSQL.

use sqlx::{AnyPool, Executor, Result, Row};

/// The database. Cloning increments a reference count.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
}

impl Database {
    /// Connects when the first query runs, so that the service starts also if the database is away.
    ///
    /// # Errors
    ///
    /// If the URL is malformed.
    pub fn new(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        Ok(Self {
            pool: AnyPool::connect_lazy(url)?,
        })
    }

    /// Creates the table and, in PostgreSQL, the trigger that announces changes.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn create(&self, announces: bool) -> Result<()> {
        self.pool
            .execute("CREATE TABLE IF NOT EXISTS snapshot_origins (origin TEXT PRIMARY KEY)")
            .await?;
        if announces {
            self.pool.execute(include_str!("announce.sql")).await?;
        }
        Ok(())
    }

    /// Returns all origins.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn origins(&self) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT origin FROM snapshot_origins")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Allows an origin.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn allow(&self, origin: &str) -> Result<()> {
        sqlx::query("INSERT INTO snapshot_origins (origin) VALUES ($1)")
            .bind(origin)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Revokes an origin.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn revoke(&self, origin: &str) -> Result<()> {
        sqlx::query("DELETE FROM snapshot_origins WHERE origin = $1")
            .bind(origin)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
