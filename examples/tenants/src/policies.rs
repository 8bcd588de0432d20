//! The policy of an origin at a tenant.

use std::error::Error;
use std::time::Duration;

use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use tokio::time::timeout;
use tower_cors::{Origin, Policy, PolicyErrors, PolicyLookup, Scope};

use crate::database::Database;

/// How long the database may take: a page waits with it. Then the last decision serves until its Max-Age ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// The policies of all tenants.
#[derive(Clone)]
pub(crate) struct Policies {
    database: Database,
    max_age: Duration,
}

impl Policies {
    /// Policies of this Max-Age, which is checked here and not first when somebody asks.
    pub(crate) fn new(
        database: Database,
        max_age: Duration,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let policies = Self { database, max_age };
        policies.of(&"https://example.com".parse()?)?;
        Ok(policies)
    }

    /// What an origin may do that a tenant allows. A tenant with rules of its own would keep them in the database too.
    pub(crate) fn of(&self, origin: &Origin) -> Result<Policy, PolicyErrors> {
        Policy::builder()
            .allow_origins([origin.as_str()])
            .allow_methods([Method::PUT, Method::DELETE])
            .allow_headers([AUTHORIZATION, CONTENT_TYPE])
            .allow_credentials(true)
            .max_age(self.max_age)
            .build()
    }
}

impl PolicyLookup for Policies {
    type Error = Box<dyn Error + Send + Sync>;

    async fn lookup(&self, origin: Origin, tenant: Scope) -> Result<Option<Policy>, Self::Error> {
        let asked = self.database.allows(tenant.as_str(), origin.as_str());
        if timeout(PATIENCE, asked).await?? {
            Ok(Some(self.of(&origin)?))
        } else {
            Ok(None)
        }
    }
}
