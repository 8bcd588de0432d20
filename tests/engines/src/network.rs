//! The network that an engine sees.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Page;

/// A server on the loopback that is the HTTP proxy of an engine: all hosts and ports lead to it, and none elsewhere.
#[derive(Debug)]
pub struct Network {
    pub(crate) address: SocketAddr,
    pub(crate) page: Page,
    pub(crate) serving: Serving,
}

/// The server, until it is dropped.
#[derive(Debug)]
pub(crate) struct Serving(JoinHandle<()>);

impl Network {
    /// Serves `site` on every host, and below `/page` the page of the tests.
    ///
    /// # Panics
    ///
    /// Where the loopback has no free port.
    pub async fn start(site: Router) -> Self {
        let (page, routes) = Page::new();
        let router = site.merge(routes).layer(from_fn(reject_tunnels));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async {
            axum::serve(listener, router)
                .await
                .expect("the server serves until it is dropped");
        });
        Self {
            address,
            page,
            serving: Serving(serving),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// There is no TLS here; what engines want to tell their makers ends here too.
async fn reject_tunnels(request: Request, next: Next) -> Response {
    if request.method() == Method::CONNECT {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}
