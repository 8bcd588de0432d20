//! The policy of the allowed origins of a tenant, and the layer that looks them up in the database.

use std::time::Duration;

use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use tower_cors::{
    CorsLayer, DynamicPolicies, Origin, Policy, PolicyBuilder, PolicyCache, PolicyErrors,
};

use crate::database::Database;
use crate::tenant::Tenant;

/// Returns what every allowed origin may do.
///
/// If tenants had different rules, they would be in the database too, and the layer would use `DynamicPolicies::new`.
pub(crate) fn rules(max_age: Duration) -> PolicyBuilder {
    Policy::builder()
        .allow_methods([Method::PUT, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .allow_credentials(true)
        .max_age(max_age)
}

/// Checks that an origin may be allowed under these rules. For example, an `http` origin may not.
pub(crate) fn check(rules: PolicyBuilder, origin: &Origin) -> Result<(), PolicyErrors> {
    rules.allow_origins([origin.as_str()]).build().map(drop)
}

/// Creates the layer. Mistakes in the rules are found here, before the first request.
pub(crate) fn layer(
    rules: PolicyBuilder,
    database: Database,
    cache: PolicyCache,
) -> Result<CorsLayer, PolicyErrors> {
    let policies = DynamicPolicies::from_predicate(rules, move |origin, tenant| {
        let database = database.clone();
        async move { database.allows(tenant.as_str(), origin.as_str()).await }
    })?
    .scope(|head| Tenant::of(head.uri(), head.headers()))
    .cache(cache);
    Ok(CorsLayer::new(policies))
}
