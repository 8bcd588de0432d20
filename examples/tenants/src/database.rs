//! The origins that a tenant allows, in SQLite or PostgreSQL.
//!
//! The statements are the same for both, so this uses `sqlx::Any`, which selects the database by its URL.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Connection, Error, Executor, Result, Row};
use tokio::time::timeout;

/// How long a request waits for a connection if all are in use.
const QUEUE: Duration = Duration::from_secs(5);
/// How long a query may take, because pages wait for it. After that the last decision serves until its Max-Age ends.
///
/// It starts when the query does. If it included the wait for a connection, then queries that nobody waits for any more
/// would keep the database busy, and a database that cannot serve the peak of a restart would never recover from it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The database. Cloning increments a reference count.
#[derive(Clone)]
pub(crate) struct Database {
    pool: AnyPool,
    has_log: bool,
}

/// A change in the log: a transaction changed the origins of a tenant, or of every tenant if it is empty.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Change {
    transaction: u64,
    pub(crate) tenant: String,
}

impl Database {
    /// Connects, and creates the tables that are missing.
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new()
            .acquire_timeout(QUEUE)
            // The pool asks each connection that is returned to it for an answer, and waits for it without limit. When a
            // host or a network fails, no answer comes, and each query that was given up would take its place in the pool
            // for good.
            .after_release(|connection, _| {
                Box::pin(async {
                    let answer = timeout(PATIENCE, connection.ping()).await;
                    answer.unwrap_or(Err(Error::PoolTimedOut)).map(|()| true)
                })
            })
            .connect(url)
            .await?;
        let database = Self {
            pool,
            has_log: ["postgres:", "postgresql:"]
                .iter()
                .any(|scheme| url.starts_with(scheme)),
        };
        database.create_tables().await?;
        Ok(database)
    }

    /// Returns whether the database logs and announces changes.
    pub(crate) fn has_log(&self) -> bool {
        self.has_log
    }

    async fn create_tables(&self) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        if self.has_log {
            // If replicas that start together created the same tables, PostgreSQL would reject all but one. The number
            // is any that nothing else in the database locks.
            transaction
                .execute("SELECT pg_advisory_xact_lock(4711)")
                .await?;
        }
        transaction
            .execute(include_str!("../schema/tables.sql"))
            .await?;
        if self.has_log {
            transaction
                .execute(include_str!("../schema/changes.sql"))
                .await?;
        }
        transaction.commit().await
    }

    pub(crate) async fn allows(&self, tenant: &str, origin: &str) -> Result<bool> {
        let mut connection = self.pool.acquire().await?;
        let query = sqlx::query("SELECT 1 FROM allowed_origins WHERE tenant = $1 AND origin = $2")
            .bind(tenant)
            .bind(origin)
            .fetch_optional(&mut *connection);
        let row = timeout(PATIENCE, query).await;
        let row = row.map_err(|_| Error::Protocol(format!("no answer within {PATIENCE:?}")))?;
        Ok(row?.is_some())
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

    /// Returns the changes of transactions from this position on, and the next position.
    ///
    /// A position is a transaction before which all others had ended. Transactions are not committed in the order of their
    /// numbers, so one that was read cannot be the position.
    pub(crate) async fn changes_since(&self, position: u64) -> Result<(u64, Vec<Change>)> {
        // One statement sees one snapshot. It has a row even if nothing changed.
        let rows = sqlx::query(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, transaction::text, tenant \
             FROM (SELECT 1) AS one LEFT JOIN allowed_origins_changes ON transaction >= $1::text::xid8",
        )
        .bind(position.to_string())
        .fetch_all(&self.pool)
        .await?;
        let mut next = position;
        let mut changes = Vec::new();
        for row in rows {
            next = number(&row.try_get::<String, _>(0)?)?;
            if let (Some(transaction), Some(tenant)) = (
                row.try_get::<Option<String>, _>(1)?,
                row.try_get::<Option<String>, _>(2)?,
            ) {
                let transaction = number(&transaction)?;
                changes.push(Change {
                    transaction,
                    tenant,
                });
            }
        }
        Ok((next, changes))
    }

    /// Deletes the changes that are older than `age`.
    pub(crate) async fn delete_changes(&self, age: Duration) -> Result<()> {
        sqlx::query(
            "DELETE FROM allowed_origins_changes WHERE at < now() - make_interval(secs => $1)",
        )
        .bind(age.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

fn number(text: &str) -> Result<u64> {
    text.parse().map_err(|error| Error::Decode(Box::new(error)))
}
