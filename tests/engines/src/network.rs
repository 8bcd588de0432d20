//! The network that an engine sees.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::header::CONNECTION;
use http::{HeaderValue, Method, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::Page;
use crate::tls::{self, Authority};

/// A server on the loopback to which all hosts of an engine lead, and none elsewhere.
#[derive(Debug)]
pub struct Network {
    pub(crate) address: SocketAddr,
    pub(crate) reached_by: ReachedBy,
    pub(crate) page: Page,
    pub(crate) serving: Vec<Serving>,
    /// Signs the certificates of all hosts.
    pub(crate) authority: Option<Authority>,
}

/// The way from an engine to the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ReachedBy {
    /// The server is the HTTP proxy of the engine, for all hosts and ports.
    Proxy,
    /// The same, and tunnels of the proxy end at the server too, with TLS.
    ProxyWithTls,
    /// All names resolve to the loopback, and the engine connects to the port of the URL.
    Name,
    /// All names resolve to the address in a file, which can change while a page is open.
    ChangingName,
}

/// The file in a profile with the addresses of names, if the engine reads them from one.
pub(crate) const NAMES_FILE: &str = "hosts";

/// The address of the attacker's server, where names lead first.
pub(crate) const ATTACKER: &str = "127.0.0.2";

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
        let (address, serving) = serve(router).await;
        Self {
            address,
            reached_by: ReachedBy::Proxy,
            page,
            serving: vec![serving],
            authority: None,
        }
    }

    /// Serves `site` on every host, also over TLS, with HTTP/2 and HTTP/1.1, and below `/page` the page of the tests.
    ///
    /// # Panics
    ///
    /// Where the loopback has no free port.
    pub async fn start_over_tls(site: Router) -> Self {
        let (page, routes) = Page::new();
        let authority = Authority::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(tls::serve(listener, authority.clone(), site.merge(routes)));
        Self {
            address,
            reached_by: ReachedBy::ProxyWithTls,
            page,
            serving: vec![Serving(serving)],
            authority: Some(authority),
        }
    }

    /// Serves `site` over TLS on every name, and below `/page` the page of the tests, without a proxy. Returns the port.
    ///
    /// # Panics
    ///
    /// Where the loopback has no free port.
    pub async fn start_over_tls_by_name(site: Router) -> (Self, u16) {
        let network = Self::start_over_tls(site).await;
        let port = network.address.port();
        let network = Self {
            reached_by: ReachedBy::Name,
            page: network.page.at_port(port),
            ..network
        };
        (network, port)
    }

    /// Serves `site` on every name, and below `/page` the page of the tests, without a proxy: requests look as they do on
    /// the user's machine. Returns the port, and another one that leads to the same site.
    ///
    /// # Panics
    ///
    /// Where the loopback has no free port.
    pub async fn start_by_name(site: Router) -> (Self, [u16; 2]) {
        let (page, routes) = Page::new();
        let router = site.merge(routes);
        let (address, first) = serve(router.clone()).await;
        let (other, second) = serve(router).await;
        let network = Self {
            address,
            reached_by: ReachedBy::Name,
            page: page.at_port(address.port()),
            serving: vec![first, second],
            authority: None,
        };
        (network, [address.port(), other.port()])
    }

    /// Serves `site` at one address and `attacker` at another, at the same port, and below `/page` the page of the tests at
    /// both. All names lead to the attacker until [`Session::rebind`](crate::Session::rebind). Only for Firefox.
    ///
    /// # Panics
    ///
    /// Where the loopback has no free port.
    pub async fn start_rebinding(attacker: Router, site: Router) -> Self {
        let (page, routes) = Page::new();
        let (address, service) = serve(site.merge(routes.clone())).await;
        let attacker = attacker.merge(routes).layer(from_fn(close));
        let (_, attacker) = serve_at(&format!("{ATTACKER}:{}", address.port()), attacker).await;
        Self {
            address,
            reached_by: ReachedBy::ChangingName,
            page: page.at_port(address.port()),
            serving: vec![service, attacker],
            authority: None,
        }
    }
}

impl Network {
    /// The same as [`start_by_name`](Self::start_by_name), and a third port that leads to the same site over TLS.
    ///
    /// # Panics
    ///
    /// Where the loopback has no free port.
    pub async fn start_by_name_also_over_tls(site: Router) -> (Self, [u16; 3]) {
        let (page, routes) = Page::new();
        let router = site.merge(routes);
        let (address, first) = serve(router.clone()).await;
        let (other, second) = serve(router.clone()).await;
        let authority = Authority::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let secure = listener.local_addr().expect("an address");
        let third = tokio::spawn(tls::serve(listener, authority.clone(), router));
        let network = Self {
            address,
            reached_by: ReachedBy::Name,
            page: page.at_port(address.port()),
            serving: vec![first, second, Serving(third)],
            authority: Some(authority),
        };
        (network, [address.port(), other.port(), secure.port()])
    }
}

async fn serve(router: Router) -> (SocketAddr, Serving) {
    serve_at("127.0.0.1:0", router).await
}

async fn serve_at(address: &str, router: Router) -> (SocketAddr, Serving) {
    let listener = TcpListener::bind(address).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(async {
        axum::serve(listener, router)
            .await
            .expect("the server serves until it is dropped");
    });
    (address, Serving(serving))
}

/// Closes the connection, so that the engine asks for the address again.
async fn close(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// There is no TLS here. Requests of engines to their makers end here too.
async fn reject_tunnels(request: Request, next: Next) -> Response {
    if request.method() == Method::CONNECT {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}
