//! Allows and revokes origins: `PUT` and `DELETE` of `/tenants/{tenant}/origins/{origin}`.
//!
//! Whoever reaches this listener may change everything, so it is on loopback; a real service asks who it is.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::ORIGIN;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use tower_cors::{Origin, PolicyCache, Scope};

use crate::database::Database;
use crate::policies::Policies;
use crate::tenant::Tenant;

/// What changing origins takes.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) database: Database,
    pub(crate) policies: Policies,
    pub(crate) cache: PolicyCache,
}

pub(crate) fn app(admin: Admin) -> Router {
    Router::new()
        .route(
            "/tenants/{tenant}/origins/{*origin}",
            put(allow).delete(revoke),
        )
        .layer(middleware::from_fn(reject_pages))
        .with_state(admin)
}

/// Browsers reach loopback too, and send `Origin` with every PUT and DELETE, also where DNS rebinding makes a stranger's
/// page one of this listener's own origin.
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
    // Who made a mistake is told now, not the page at each of its requests.
    admin
        .policies
        .of(&origin)
        .map_err(|mistakes| Failure::Mistake(mistakes.to_string()))?;
    let done = admin.database.allow(tenant.as_str(), origin.as_str()).await;
    changed(&admin.cache, tenant, done)
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
    changed(&admin.cache, tenant, done)
}

/// Forgets what was decided before it answers, so that who has the answer can rely on it; also after an error, for what was
/// committed before the connection broke is changed all the same.
fn changed(
    cache: &PolicyCache,
    tenant: Tenant,
    done: sqlx::Result<()>,
) -> Result<StatusCode, Failure> {
    cache.invalidate_scope(&Scope::from(tenant));
    done?;
    Ok(StatusCode::NO_CONTENT)
}

fn parse((tenant, origin): (String, String)) -> Result<(Tenant, Origin), Failure> {
    let tenant = Tenant::named(tenant.as_bytes())
        .ok_or_else(|| Failure::Mistake("a tenant is a host of at most 253 bytes".to_owned()))?;
    let origin = origin
        .parse()
        .map_err(|mistake| Failure::Mistake(format!("`{origin}`: {mistake}")))?;
    Ok((tenant, origin))
}

enum Failure {
    Mistake(String),
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
            Self::Mistake(text) => (StatusCode::UNPROCESSABLE_ENTITY, text + "\n").into_response(),
            Self::Database(error) => {
                tracing::error!("the origins of a tenant cannot be changed: {error}");
                (StatusCode::SERVICE_UNAVAILABLE, "the database failed\n").into_response()
            }
        }
    }
}
