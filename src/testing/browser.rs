//! What a test sees of a browser.

use std::error::Error;
use std::time::Duration;

use http::{Response, Uri};
use tower_service::Service;
use url::Url;

use super::cookies::CookieJar;
use super::destination::{Destination, Initiator};
use super::initiator;
use super::origin::PageOrigin;
use super::outcome::Outcome;
use super::preflight_cache::PreflightCache;
use super::profile::Profile;
use super::request::{self, Body, Credentials, Fetch, Mode, Request, Tainting};
use super::safelist;
use super::wire::Wire;

/// A browser with a page open: the client side of the [Fetch standard](https://fetch.spec.whatwg.org/)'s CORS protocol,
/// over any service.
///
/// The service stands for the whole network: it is given every request, with the path and query as URI and the rest of
/// the URL in `Host`.
///
/// ```
/// use axum::{Router, body::Body, routing::put};
/// use http::{Method, Request, header::CONTENT_TYPE};
/// use tower_cors::testing::{Blocked, Browser};
/// use tower_cors::{CorsLayer, Policy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_cors::PolicyErrors> {
/// let policy = Policy::builder().allow_origins(["https://app.example.com"]).allow_methods([Method::PUT]).build()?;
/// let mut app = Router::new().route("/monsters", put(async || "changed")).layer(CorsLayer::new(policy));
///
/// let mut page = Browser::at("https://app.example.com");
/// let request = Request::put("https://api.example.com/monsters").body(Body::empty());
/// page.fetch(&mut app, request).await.assert_readable();
///
/// let request = Request::put("https://api.example.com/monsters").header(CONTENT_TYPE, "application/json").body(Body::empty());
/// page.fetch(&mut app, request).await.assert_blocked_because(Blocked::PreflightHeaderNotAllowed);
/// # Ok(())
/// # }
/// ```
///
/// It works as well for a service behind another CORS middleware:
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::{HeaderValue, Request};
/// use tower_cors::testing::Browser;
/// use tower_http::cors::CorsLayer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let cors = CorsLayer::new().allow_origin(HeaderValue::from_static("https://app.example.com"));
/// let mut app = Router::new().route("/", get(async || "hello")).layer(cors);
///
/// let mut page = Browser::at("https://app.example.com");
/// page.fetch(&mut app, Request::get("https://api.example.com/").body(Body::empty())).await.assert_readable();
/// # }
/// ```
///
/// # What it does not do
///
/// It has no HTTP cache, no `Referer`, no service workers, no prompts (so none for the local network either), no Content
/// Security Policy, no `X-Frame-Options`, no Cross-Origin Resource Policy and no list of bad ports. The page is not in a frame,
/// and an insecure image of a secure page is blocked where engines ask for it over TLS. Requests do not run at the same
/// time.
#[derive(Clone, Debug)]
pub struct Browser {
    pub(super) origin: PageOrigin,
    pub(super) profile: Profile,
    pub(super) now: Duration,
    pub(super) cookies: CookieJar,
    pub(super) preflights: PreflightCache,
}

impl Browser {
    /// A browser with the page at this URL.
    ///
    /// # Panics
    ///
    /// If it is not a URL.
    #[track_caller]
    pub fn at(page: &str) -> Self {
        Self::with_origin(page_origin(page))
    }

    /// A browser with a page of an opaque origin, such as a sandboxed frame: its requests say `Origin: null`.
    pub fn opaque() -> Self {
        Self::with_origin(PageOrigin::opaque())
    }

    /// A browser with an attacker's page whose host name now has the address of the service at this URL: DNS rebinding.
    ///
    /// The page is at `http://attacker.example`, at the port of the service. Ask for URLs without a host: the requests have
    /// the attacker's name in `Host`, and to the browser they are of the page's own origin. So a GET has no `Origin`, a
    /// POST has the attacker's, and the page reads every response.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use http::{Request, StatusCode};
    /// use tower_cors::testing::Browser;
    /// use tower_cors::{CorsLayer, PolicyBuilder};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), tower_cors::PolicyErrors> {
    /// let policy = PolicyBuilder::mcp().allow_origins(["http://localhost:6274"]).local_hosts().build()?;
    /// let mut app = Router::new().route("/mcp", get(async || "secret")).layer(CorsLayer::new(policy));
    ///
    /// let mut page = Browser::rebound("http://127.0.0.1:3000");
    /// let outcome = page.fetch(&mut app, Request::get("/mcp").body(Body::empty())).await;
    /// assert_eq!(outcome.assert_readable().status(), StatusCode::MISDIRECTED_REQUEST);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If it is not an `http` URL. Over TLS the browser rejects the service's certificate, which lacks the attacker's name.
    #[track_caller]
    pub fn rebound(service: &str) -> Self {
        Self::at(&match Url::parse(service) {
            Ok(url) if url.scheme() == "http" => match url.port() {
                Some(port) => format!("http://attacker.example:{port}"),
                None => "http://attacker.example".to_owned(),
            },
            _ => panic!("`{service}` is not an `http` URL; over TLS no name can be rebound"),
        })
    }

    fn with_origin(origin: PageOrigin) -> Self {
        Self {
            origin,
            profile: Profile::standard(),
            now: Duration::ZERO,
            cookies: CookieJar::default(),
            preflights: PreflightCache::default(),
        }
    }

    /// The same browser, behaving like an engine.
    #[must_use]
    pub fn like(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// Opens another page. Cookies and the preflight cache stay.
    ///
    /// # Panics
    ///
    /// If it is not a URL.
    #[track_caller]
    pub fn visit(&mut self, page: &str) {
        self.origin = page_origin(page);
    }

    /// Lets time go by, for the preflight cache and the cookies. It does not go by on its own.
    pub fn advance(&mut self, time: Duration) {
        self.now = self.now.saturating_add(time);
    }

    /// Sets a cookie, as if `url` had been visited and answered with this `Set-Cookie`.
    ///
    /// ```
    /// use tower_cors::testing::Browser;
    ///
    /// let mut page = Browser::at("https://app.example.com");
    /// page.set_cookie("https://api.example.com", "session=1; Secure; SameSite=None");
    /// ```
    ///
    /// A cookie without `SameSite` is `Lax`; `SameSite=None` needs `Secure`.
    ///
    /// # Panics
    ///
    /// If a browser would not store it.
    #[track_caller]
    pub fn set_cookie(&mut self, url: &str, cookie: &str) {
        let stored = Url::parse(url).is_ok_and(|url| self.cookies.set(&url, cookie, self.now));
        assert!(
            stored,
            "no browser would store the cookie `{cookie}` of `{url}`"
        );
    }

    /// Forgets all preflights.
    pub fn clear_preflight_cache(&mut self) {
        self.preflights = PreflightCache::default();
    }

    /// Does what `fetch()` does in a page: <https://fetch.spec.whatwg.org/#fetch-method>
    ///
    /// The request is an [`http::Request`], the result of its builder, or a [`Fetch`] with options. What is wrong with it
    /// in the eyes of a browser is told by the [`Outcome`]. The body of the response is left alone.
    ///
    /// # Panics
    ///
    /// If the request is an error, or its URL cannot be parsed.
    pub async fn fetch<S, RequestBody, ResponseBody>(
        &mut self,
        service: &mut S,
        fetch: impl Into<Fetch<RequestBody>>,
    ) -> Outcome<ResponseBody>
    where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        let fetch = fetch.into();
        let head = match fetch.request {
            Ok(request) => request,
            Err(error) => panic!("the request to fetch is not a request: {error}"),
        };
        let (parts, body) = head.into_parts();
        let mut url = self.resolve(&parts.uri);
        let mode = match fetch.initiator {
            Initiator::Beacon => initiator::beacon_mode(&parts.headers),
            _ => fetch.mode,
        };
        if mode == Mode::WebSocket {
            request_url(&mut url);
        }
        let method = safelist::normalize_method(parts.method.as_str());
        let mut request = Request {
            origin: self.origin.clone(),
            previous_urls: Vec::new(),
            url: url.clone(),
            method: method.clone(),
            headers: request::page_headers(&parts.headers, mode, &self.profile),
            mode,
            credentials: if mode == Mode::Navigate {
                Credentials::Include
            } else {
                fetch.credentials
            },
            redirect: fetch.redirect,
            tainting: Tainting::Basic,
            use_cors_preflight: fetch.upload_listener || matches!(fetch.body, Body::Stream),
            destination: fetch.destination.unwrap_or(match mode {
                Mode::Navigate => Destination::Document,
                _ => Destination::Empty,
            }),
            initiator: fetch.initiator,
            referrer_policy: fetch.referrer_policy,
            user_activation: fetch.user_activation,
            attached: fetch.attached,
            dropped_authorization: false,
        };
        let mut wire = Wire {
            network: service,
            exchanges: Vec::new(),
        };
        let answer = match request::construct(&request) {
            Ok(()) => self.run(&mut wire, &mut request, body, fetch.body).await,
            Err(failure) => Err(failure),
        };
        Outcome {
            page: self.origin.serialized().to_owned(),
            method,
            url: url.into(),
            exchanges: wire.exchanges,
            answer,
        }
    }

    /// A relative URL is of the page.
    #[track_caller]
    fn resolve(&self, uri: &Uri) -> Url {
        let text = uri.to_string();
        let url = match self.origin.url() {
            Some(page) if uri.host().is_none() => page.join(&text),
            _ => Url::parse(&text),
        };
        match url {
            Ok(url) => url,
            Err(error) => panic!("`{text}` is not a URL: {error}; write it with scheme and host"),
        }
    }
}

/// Replaces the scheme of a WebSocket's URL: <https://websockets.spec.whatwg.org/#concept-websocket-establish>
fn request_url(url: &mut Url) {
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        _ => return,
    };
    // Both are special schemes, so it does not fail.
    let _ = url.set_scheme(scheme);
}

#[track_caller]
fn page_origin(page: &str) -> PageOrigin {
    match PageOrigin::of(page) {
        Ok(origin) => origin,
        Err(error) => panic!("{error}"),
    }
}
