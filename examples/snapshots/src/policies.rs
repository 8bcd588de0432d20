//! What the origins of the database may do.

use std::error::Error;
use std::time::{Duration, SystemTime};

use axum::http::Method;
use tokio::time::timeout;
use tower_cors::{Policy, PolicyErrors, SnapshotPolicies};

use crate::database::Database;
use crate::file::LastKnownGood;

/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(60);

type Failure = Box<dyn Error + Send + Sync>;

/// Policies whose origins are those of the database. What is loaded is written to the file.
///
/// A load of fewer origins than `least` is a failure. So a table that is half restored does not take away the permissions
/// of the others.
///
/// # Errors
///
/// The mistakes of the base policy.
pub fn policies(
    database: Database,
    file: LastKnownGood,
    least: usize,
) -> Result<SnapshotPolicies, PolicyErrors> {
    let base = Policy::builder()
        .allow_methods([Method::PUT])
        .max_age(Duration::from_secs(600));
    let policies = SnapshotPolicies::new(base, move || {
        let (database, file) = (database.clone(), file.clone());
        async move { load(&database, file, least).await }
    })?;
    Ok(policies.every(Duration::from_secs(60)))
}

async fn load(
    database: &Database,
    file: LastKnownGood,
    least: usize,
) -> Result<Vec<String>, Failure> {
    // Before the read, because what is read may have been revoked a moment later.
    let read_at = SystemTime::now();
    let origins = timeout(PATIENCE, database.origins()).await??;
    if origins.len() < least {
        return Err(format!(
            "{} origins, but at least {least} are expected",
            origins.len()
        )
        .into());
    }
    let saving = tokio::task::spawn_blocking(move || {
        let saved = file.save(&origins, read_at);
        (origins, saved)
    });
    let (origins, saved) = saving.await?;
    if let Err(error) = saved {
        tracing::warn!("the file of origins cannot be written: {error}");
    }
    Ok(origins)
}

/// Uses the origins of the file until the database has answered.
pub async fn seed(policies: &SnapshotPolicies, file: &LastKnownGood) {
    let (origins, age) = match file.load() {
        Ok(loaded) => loaded,
        Err(error) => return tracing::warn!("the file of origins is not used: {error}"),
    };
    if let Err(error) = policies.seed(&origins, age).await {
        tracing::warn!("the file of origins is not used: {error}");
    }
}
