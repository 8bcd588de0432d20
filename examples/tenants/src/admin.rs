//! Allows and revokes origins: `PUT` and `DELETE` of `/tenants/{tenant}/origins/{origin}`.
//!
//! It also serves `/metrics`, and forgets all decisions of this replica at `DELETE /decisions`.
//!
//! Every client that reaches this listener may change everything, so it listens on loopback only. A real service
//! authenticates its clients.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::ORIGIN;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, put};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_cors::{Origin, PolicyBuilder, PolicyCache};

use crate::announcements::{self, Bus};
use crate::changes::Changes;
use crate::database::Database;
use crate::policies;
use crate::tenant::Tenant;

/// The state of the handlers that change origins.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) database: Database,
    pub(crate) rules: PolicyBuilder,
    pub(crate) cache: PolicyCache,
    pub(crate) changes: Arc<Changes>,
    pub(crate) bus: Option<Arc<dyn Bus>>,
    pub(crate) metrics: PrometheusHandle,
}

pub(crate) fn app(admin: Admin) -> Router {
    Router::new()
        .route(
            "/tenants/{tenant}/origins/{*origin}",
            put(allow).delete(revoke),
        )
        .route("/decisions", delete(forget))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn(reject_pages))
        .with_state(admin)
}

/// Rejects requests of pages. Browsers reach loopback too, and send `Origin` with every PUT and DELETE. They do so even if
/// DNS rebinding gives a third party's page the origin of this listener.
async fn reject_pages(request: Request, next: Next) -> Response {
    if request.headers().contains_key(ORIGIN) {
        return (StatusCode::FORBIDDEN, "not for pages\n").into_response();
    }
    next.run(request).await
}

async fn allow(
    State(admin): State<Admin>,
    Path(path): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let (tenant, origin) = parse(path)?;
    // Report a mistake now to its author, instead of rejecting the page at each of its requests.
    policies::check(admin.rules.clone(), &origin)
        .map_err(|errors| Failure::Invalid(errors.to_string()))?;
    let done = admin.database.allow(tenant.as_str(), origin.as_str()).await;
    changed(&admin, tenant, done).await
}

async fn revoke(
    State(admin): State<Admin>,
    Path(path): Path<(String, String)>,
) -> Result<StatusCode, Failure> {
    let (tenant, origin) = parse(path)?;
    let done = admin
        .database
        .revoke(tenant.as_str(), origin.as_str())
        .await;
    changed(&admin, tenant, done).await
}

/// Removes cached decisions before it answers, so that the change holds when the client has the answer. It does so after an
/// error as well, because the change may have been committed before the connection broke.
async fn changed(
    admin: &Admin,
    tenant: Tenant,
    done: sqlx::Result<()>,
) -> Result<StatusCode, Failure> {
    admin.changes.made_here(tenant.as_str());
    if let Some(bus) = &admin.bus {
        announcements::publish(&**bus, tenant.as_str()).await;
    }
    done?;
    Ok(StatusCode::NO_CONTENT)
}

async fn forget(State(admin): State<Admin>) -> StatusCode {
    admin.cache.invalidate_all();
    StatusCode::NO_CONTENT
}

async fn metrics(State(admin): State<Admin>) -> String {
    admin.metrics.render()
}

fn parse((tenant, origin): (String, String)) -> Result<(Tenant, Origin), Failure> {
    let tenant = Tenant::named(tenant.as_bytes())
        .ok_or_else(|| Failure::Invalid("a tenant is a host of at most 253 bytes".to_owned()))?;
    let origin = origin
        .parse()
        .map_err(|error| Failure::Invalid(format!("`{origin}`: {error}")))?;
    Ok((tenant, origin))
}

enum Failure {
    Invalid(String),
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Invalid(text) => (StatusCode::UNPROCESSABLE_ENTITY, text + "\n").into_response(),
            Self::Database(error) => {
                tracing::error!("changing the origins of a tenant failed: {error}");
                (StatusCode::SERVICE_UNAVAILABLE, "the database failed\n").into_response()
            }
        }
    }
}
