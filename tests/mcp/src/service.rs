//! The server as a service, behind the layer.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tower_cors::CorsLayer;

use crate::Tools;

/// Where the server says that its authorization server is described.
pub const METADATA: &str = "http://mcp.shop.test/.well-known/oauth-protected-resource";

/// The server at two paths: `/mcp`, and `/protected`, which needs a token.
#[derive(Clone, Debug)]
pub struct Service {
    log: Log,
}

/// The requests that came to the server.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Returns what came, and forgets it: the method and the names of MCP's headers.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Service {
    /// Returns a service that writes to this log.
    pub fn new(log: &Log) -> Self {
        Self { log: log.clone() }
    }

    /// Returns its routes below `/{name}`, behind this layer.
    pub fn routes(&self, name: &str, layer: CorsLayer) -> Router {
        let tools = Tools::default();
        let config = StreamableHttpServerConfig::default().disable_allowed_hosts();
        let server = StreamableHttpService::new(
            move || Ok(tools.clone()),
            Arc::new(LocalSessionManager::default()),
            config,
        );
        let protected = Router::new()
            .route_service("/protected", server.clone())
            .layer(from_fn(require_token));
        let routes = Router::new()
            .route_service("/mcp", server)
            .merge(protected)
            .layer(from_fn_with_state(self.log.clone(), write_down))
            .layer(layer);
        Router::new().nest(&format!("/{name}"), routes)
    }
}

async fn write_down(State(log): State<Log>, request: Request, next: Next) -> Response {
    let names = request.headers().keys().map(http::HeaderName::as_str);
    let of_mcp = |name: &&str| name.starts_with("mcp-") || *name == "last-event-id";
    let names: Vec<&str> = names.filter(of_mcp).collect();
    let line = format!("{} {}", request.method(), names.join(","));
    log.0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line);
    next.run(request).await
}

/// <https://www.rfc-editor.org/rfc/rfc9728#section-5.1>
async fn require_token(request: Request, next: Next) -> Response {
    let token = request.headers().get(AUTHORIZATION);
    if token.is_some_and(|token| token == "Bearer a-token") {
        return next.run(request).await;
    }
    let challenge = format!("Bearer resource_metadata=\"{METADATA}\"");
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response()
}
