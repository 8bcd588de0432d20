//! A search for requests that reach a service from pages that must not send any.

use std::error::Error;

use http::{Response, StatusCode};
use tower_service::Service;
use url::{Host, Url};

use super::allowed::AllowedOrigins;
use super::browser::Browser;
use super::destination::{Destination, ReferrerPolicy};
use super::hole::{Finding, Hole};
use super::origin::{is_potentially_trustworthy, serialize};
use super::outcome::Exchange;
use super::probe::STRANGER;
use super::profile::Profile;
use super::request::{Credentials, Fetch, Mode};
use super::safe::report;
use super::target::Target;

/// Asserts that only pages of these origins can make a service run: that it rejects the requests of all other pages before
/// they have an effect, also those whose response no page can read.
///
/// CORS keeps pages from *reading*. An image, a form, a `no-cors` fetch or a WebSocket of any page still reaches the service,
/// unless something such as [`Enforcement::Block`](crate::Enforcement::Block) rejects it.
///
/// `request` says what to send, with its method, its headers and a session: what browsers add by themselves (`Cookie`, and
/// `Authorization` of a browser's own dialog) comes along in cross-site requests, as with `SameSite=None`. Ask once for each
/// method that has an effect or a secret answer. `allowed` are the origins whose pages may send it, as in
/// [`assert_safe`](super::assert_safe); pages of the service's own origin need not be among them.
///
/// | method | what other pages try |
/// |---|---|
/// | GET | images, scripts, style sheets, frames, `fetch()`, `EventSource`, WebSockets |
/// | POST | forms (also in frames, and with `Origin: null`), `fetch()`, beacons |
/// | all | `fetch()` with the whole request; DNS rebinding, if the URL begins with `http` |
///
/// The other pages are a third party's, a neighbor's on the same site or machine, and that of a sandboxed frame. A request is
/// rejected if the status is 400 to 499. Links are not tried, because a user may follow one to a page of the service.
///
/// ```
/// use axum::{Router, body::Body, routing::post};
/// use http::Request;
/// use tower_cors::testing::assert_protected;
/// use tower_cors::{CorsLayer, PolicyBuilder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_cors::PolicyErrors> {
/// let policy = PolicyBuilder::mcp().allow_origins(["http://localhost:6274"]).local_hosts().build()?;
/// let mut app = Router::new()
///     .route("/mcp", post(async || "{}").get(async || "events"))
///     .layer(CorsLayer::new(policy));
///
/// for method in ["GET", "POST"] {
///     let request = Request::builder()
///         .method(method)
///         .uri("http://127.0.0.1:3000/mcp")
///         .body(Body::empty());
///     assert_protected(&mut app, request, ["http://localhost:6274"]).await;
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// If there are findings ([`unprotected`]), with all of them; or if an allowed origin is no origin, or the request is none.
pub async fn assert_protected<S, RequestBody, ResponseBody>(
    service: &mut S,
    request: impl Into<Fetch<RequestBody>>,
    allowed: impl IntoIterator<Item: AsRef<str>>,
) where
    S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    RequestBody: Default,
{
    let findings = unprotected(service, request, allowed).await;
    report(&findings, "about requests of pages that must not send any");
}

/// Returns what [`assert_protected`] finds, without panicking about it: one finding for each [`Hole`], with all that shows it.
///
/// ```
/// use axum::{Router, body::Body, routing::post};
/// use http::Request;
/// use tower_cors::testing::{Hole, unprotected};
/// use tower_cors::{CorsLayer, Policy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_cors::PolicyErrors> {
/// // Nobody else may read the response, but everybody can transfer money.
/// let policy = Policy::builder().allow_origins(["https://app.example.com"]).build()?;
/// let mut app = Router::new().route("/transfer", post(async || "done")).layer(CorsLayer::new(policy));
///
/// let request = Request::post("https://api.example.com/transfer").body(Body::empty());
/// let findings = unprotected(&mut app, request, ["https://app.example.com"]).await;
/// let holes: Vec<Hole> = findings.iter().map(|finding| finding.hole()).collect();
/// assert_eq!(holes, [Hole::FormReaches, Hole::FetchReaches, Hole::BeaconReaches]);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// If an allowed origin is no origin, or the request is none.
pub async fn unprotected<S, RequestBody, ResponseBody>(
    service: &mut S,
    request: impl Into<Fetch<RequestBody>>,
    allowed: impl IntoIterator<Item: AsRef<str>>,
) -> Vec<Finding>
where
    S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    RequestBody: Default,
{
    let target = Target::of(request.into());
    let allowed = match AllowedOrigins::parse(allowed) {
        Ok(allowed) => allowed,
        Err(error) => panic!("{error}"),
    };
    let mut search = Search {
        service,
        target: &target,
        findings: Vec::new(),
        handshake: None,
    };
    search.check_allowed(&allowed).await;
    if !allowed.any {
        for page in strangers(&target.url) {
            if page
                .origin
                .as_ref()
                .is_some_and(|origin| allowed.allows(origin.as_bytes()))
            {
                continue;
            }
            if page.origin.is_none() && allowed.null {
                continue;
            }
            // Chromium's handshakes have no fetch metadata.
            for profile in [Profile::standard(), Profile::chromium()] {
                for way in ways(&target, target.url.as_str()) {
                    let browser = page.browser().like(profile.clone());
                    search.attack(browser, way, page.name).await;
                }
            }
        }
    }
    search.rebind().await;
    if !allowed.any {
        search.attack_by_the_zero_address(&allowed).await;
    }
    search.findings
}

/// A page that must not send requests.
struct Page {
    name: &'static str,
    /// None if it is opaque.
    origin: Option<String>,
}

impl Page {
    fn browser(&self) -> Browser {
        match &self.origin {
            Some(origin) => Browser::at(origin),
            None => Browser::opaque(),
        }
    }
}

/// The pages that try to reach a service at this URL.
fn strangers(url: &Url) -> Vec<Page> {
    // A secure page cannot send to an insecure URL.
    let stranger = if is_potentially_trustworthy(url) {
        STRANGER.to_owned()
    } else {
        STRANGER.replacen("https", "http", 1)
    };
    let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
    let port = if url.port() == Some(9443) { 8443 } else { 9443 };
    let mut pages = vec![
        Page {
            name: "a page of a stranger",
            origin: Some(stranger),
        },
        Page {
            name: "a page of the same host at another port",
            origin: Some(format!("{scheme}://{host}:{port}")),
        },
    ];
    if let Some(Host::Domain(domain)) = url.host() {
        let parent = domain.split_once('.').map(|(_, parent)| parent);
        pages.push(Page {
            name: "a page of a neighbor on the same site",
            origin: Some(match parent.filter(|parent| parent.contains('.')) {
                Some(parent) => format!("{scheme}://stranger.{parent}"),
                None => format!("{scheme}://stranger.{domain}"),
            }),
        });
    }
    pages.push(Page {
        name: "a page in a sandboxed frame",
        origin: None,
    });
    pages
}

/// A way in which a page sends a request, and what it is if it reaches the service.
struct Way<B> {
    hole: Hole,
    name: &'static str,
    fetch: Fetch<B>,
}

/// The ways in which a page can send a request with this method.
fn ways<B: Default>(target: &Target, url: &str) -> Vec<Way<B>> {
    let way = |hole, name, fetch| Way { hole, name, fetch };
    let no_cors = |request: http::Result<http::Request<B>>| {
        Fetch::from(request)
            .mode(Mode::NoCors)
            .credentials(Credentials::Include)
    };
    let mut ways = match target.method.as_str() {
        "GET" => vec![
            way(Hole::ImageReaches, "an image", Fetch::image(url)),
            way(Hole::ScriptReaches, "a script", Fetch::script(url)),
            way(Hole::ScriptReaches, "a style sheet", Fetch::style(url)),
            way(Hole::FrameReaches, "a frame", Fetch::frame(url)),
            way(
                Hole::FetchReaches,
                "a `no-cors` fetch",
                no_cors(http::Request::get(url).body(B::default())),
            ),
            way(
                Hole::EventSourceReaches,
                "an event source",
                Fetch::event_source(url).credentials(Credentials::Include),
            ),
            way(
                Hole::WebSocketReaches,
                "a WebSocket",
                Fetch::web_socket(url),
            ),
        ],
        "POST" => {
            let form = || Fetch::form(url, B::default());
            let text = http::Request::post(url).header("content-type", "text/plain");
            vec![
                way(Hole::FormReaches, "a form", form()),
                way(
                    Hole::FormReaches,
                    "a form in a frame",
                    form()
                        .destination(Destination::Iframe)
                        .user_activation(false),
                ),
                way(
                    Hole::FormReaches,
                    "a form without referrer",
                    form().referrer_policy(ReferrerPolicy::NoReferrer),
                ),
                way(
                    Hole::FetchReaches,
                    "a `no-cors` fetch",
                    no_cors(text.body(B::default())),
                ),
                way(
                    Hole::BeaconReaches,
                    "a beacon",
                    Fetch::beacon(url, B::default()),
                ),
            ]
        }
        _ => Vec::new(),
    };
    ways.push(way(
        Hole::FetchReaches,
        "`fetch()`",
        Fetch::from(target.of_a_stranger(url)).credentials(Credentials::Include),
    ));
    ways
}

struct Search<'a, S> {
    service: &'a mut S,
    target: &'a Target,
    findings: Vec<Finding>,
    /// The status of the handshake of an allowed page, for a framework may not open a WebSocket without a connection.
    handshake: Option<StatusCode>,
}

impl<S> Search<'_, S> {
    /// Sends a request, and returns what went to the service for it, if something did.
    async fn send<RequestBody, ResponseBody>(
        &mut self,
        mut page: Browser,
        fetch: Fetch<RequestBody>,
        is_ambient: bool,
    ) -> Option<Exchange>
    where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        let fetch = if is_ambient {
            fetch.attached(self.target.ambient_headers())
        } else {
            fetch
        };
        let outcome = page.fetch(self.service, fetch).await;
        let mut exchanges = outcome.exchanges().iter();
        exchanges.find(|exchange| !exchange.is_preflight).cloned()
    }

    /// Whether those who may send requests can, without which the search proves little.
    async fn check_allowed<RequestBody, ResponseBody>(&mut self, allowed: &AllowedOrigins)
    where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        let url = self.target.url.as_str();
        let origins: Vec<String> = allowed.examples().map(serialize).collect();
        for origin in &origins {
            let ambient = self.target.ambient_headers();
            let credentials = match ambient.is_empty() {
                true => Credentials::SameOrigin,
                false => Credentials::Include,
            };
            let request = self.target.request(url, |name| !ambient.contains_key(name));
            let fetch = Fetch::from(request)
                .credentials(credentials)
                .attached(ambient);
            let outcome = Browser::at(origin).fetch(self.service, fetch).await;
            // It may be the preflight.
            let Some(exchange) = outcome.exchanges().last() else {
                continue;
            };
            let is_rejected = exchange
                .status()
                .is_none_or(|status| status.is_client_error());
            if is_rejected || exchange.is_preflight {
                let what = format!("a page at {origin}, which is meant to be allowed");
                self.report(Hole::AllowedOriginRejected, what, exchange.clone());
            }
        }
        if let (Some(origin), "GET") = (origins.first(), self.target.method.as_str()) {
            let handshake = Fetch::web_socket(url);
            let sent = self.send(Browser::at(origin), handshake, true).await;
            self.handshake = sent.and_then(|exchange| exchange.status());
        }
    }

    async fn attack<RequestBody, ResponseBody>(
        &mut self,
        page: Browser,
        way: Way<RequestBody>,
        name: &str,
    ) where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        let Way {
            hole,
            name: way,
            fetch,
        } = way;
        let sent = self.send(page, fetch, true).await;
        if let Some(exchange) = sent.filter(|exchange| self.has_reached(hole, exchange)) {
            self.report(hole, format!("{way} in {name}"), exchange);
        }
    }

    /// Whether the service ran, as far as its status says.
    fn has_reached(&self, hole: Hole, exchange: &Exchange) -> bool {
        let Some(status) = exchange.status() else {
            return true;
        };
        let is_as_if_allowed = hole == Hole::WebSocketReaches
            && self.handshake == Some(status)
            && [StatusCode::BAD_REQUEST, StatusCode::UPGRADE_REQUIRED].contains(&status);
        !status.is_client_error() || is_as_if_allowed
    }

    /// Some browsers lead `0.0.0.0` to the user's machine, over which they send no fetch metadata.
    async fn attack_by_the_zero_address<RequestBody, ResponseBody>(
        &mut self,
        allowed: &AllowedOrigins,
    ) where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        let mut url = self.target.url.clone();
        let stranger = STRANGER.replacen("https", "http", 1);
        let is_local = url.scheme() == "http" && is_potentially_trustworthy(&url);
        if !is_local
            || allowed.allows(stranger.as_bytes())
            || url.set_host(Some("0.0.0.0")).is_err()
        {
            return;
        }
        for way in ways::<RequestBody>(self.target, url.as_str()) {
            let sent = self.send(Browser::at(&stranger), way.fetch, false).await;
            if let Some(exchange) = sent.filter(|exchange| self.has_reached(way.hole, exchange)) {
                let what = format!(
                    "{} at `0.0.0.0`, which some browsers lead to the user's machine,",
                    way.name
                );
                self.report(Hole::RebindingReaches, what, exchange);
            }
        }
    }

    /// Sends the request as pages whose names have got the address of the service.
    async fn rebind<RequestBody, ResponseBody>(&mut self)
    where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        if self.target.url.scheme() != "http" {
            return;
        }
        for url in rebound(&self.target.url) {
            let name = serialize(&url);
            let get_alone = self.target.method == "GET";
            let mut fetches = vec![(
                "`fetch()`",
                Fetch::from(self.target.of_a_stranger(url.as_str())),
            )];
            if get_alone {
                fetches.push(("a page", Fetch::navigation(url.as_str())));
                fetches.push(("a WebSocket", Fetch::web_socket(url.as_str())));
            }
            for (way, fetch) in fetches {
                let sent = self.send(Browser::at(&name), fetch, false).await;
                let hole = match way {
                    "a WebSocket" => Hole::WebSocketReaches,
                    _ => Hole::RebindingReaches,
                };
                if let Some(exchange) = sent.filter(|exchange| self.has_reached(hole, exchange)) {
                    let what = format!("{way} at {name}, a name that now leads to the service,");
                    self.report(Hole::RebindingReaches, what, exchange);
                }
            }
        }
    }

    /// Reports a hole, or adds to what was reported of it.
    fn report(&mut self, hole: Hole, what: String, exchange: Exchange) {
        let same = self
            .findings
            .iter_mut()
            .find(|finding| finding.hole == hole);
        match same {
            Some(finding) if finding.what == what || finding.also.contains(&what) => {}
            Some(finding) => finding.also.push(what),
            None => self.findings.push(Finding {
                hole,
                what,
                also: Vec::new(),
                exchange,
            }),
        }
    }
}

/// The URL with names of an attacker, those included that careless comparisons take for the service's.
fn rebound(url: &Url) -> Vec<Url> {
    let mut names = vec!["stranger.invalid".to_owned()];
    if let Some(Host::Domain(_) | Host::Ipv4(_)) = url.host() {
        let host = url.host_str().unwrap_or_default();
        names.push(format!("{host}.stranger.invalid"));
        names.push(format!("stranger-{host}.stranger.invalid"));
    }
    if let Some(Host::Domain(domain)) = url.host() {
        names.push(match domain.split_once('.') {
            Some((_, parent)) if parent.contains('.') => format!("stranger{parent}"),
            Some(_) => format!("stranger{domain}"),
            None => format!("stranger.{domain}.invalid"),
        });
    }
    let renamed = names.iter().filter_map(|name| {
        let mut url = url.clone();
        url.set_host(Some(name)).ok().map(|()| url)
    });
    renamed.collect()
}
