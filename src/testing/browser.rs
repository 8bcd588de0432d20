//! What a test sees of a browser.

use std::error::Error;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use tower_service::Service;
use url::Url;

use super::blocked::Failure;
use super::cookies::{Cookie, CookieJar, InvalidCookie};
use super::destination::{Destination, Initiator};
use super::initiator;
use super::origin::{InvalidPage, PageOrigin};
use super::outcome::Outcome;
use super::preflight_cache::PreflightCache;
use super::profile::Profile;
use super::request::{self, Body, Credentials, Fetch, HasBody, Mode, Request, Tainting};
use super::safelist;
use super::wire::Wire;
use crate::escaped::EscapedAnswer;

/// A browser with a page open: the client side of the [Fetch standard](https://fetch.spec.whatwg.org/)'s CORS protocol,
/// over any service.
///
/// The service stands for the whole network: it is given every request. The URI of a request is absolute, with scheme and host,
/// as a server has it of HTTP/2; its `Host` has the host too, as in HTTP/1.1. So a service can tell `http` from `https`, and the
/// service can be a client that sends the requests to real servers.
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
/// - It has no HTTP cache, so it sends no conditional requests of its own and never answers with what it got before.
/// - It sends no `Referer`, no `Accept-Encoding` (except `identity` with `Range`) and no client hints.
/// - It has no service workers, no Content Security Policy, no `X-Frame-Options`, no Cross-Origin Resource Policy, no list of bad
///   ports and no prompts. So it asks no user for a password after a 401, or for access to the local network.
/// - An insecure image of a secure page is blocked, where engines ask for it over TLS.
/// - The body of a response with status 204, 205 or 304 is passed on, where a page gets none. `blob:` and `about:` are errors.
/// - It checks no type of a script or a style sheet, no `X-Content-Type-Options` and no `integrity`. It decodes no `Content-Encoding`.
/// - An event source does not reconnect, and no page is reloaded or reached through the history.
/// - Requests do not run at the same time.
///
/// What it does is held to the [standard](https://fetch.spec.whatwg.org/), to recordings of Chromium, Firefox and WebKit, and to
/// [web-platform-tests](https://github.com/web-platform-tests/wpt): `tests/testing/wpt/table.tsv` in the repository has each file
/// of theirs that was carried over.
#[derive(Clone, Debug)]
pub struct Browser {
    pub(super) origin: PageOrigin,
    pub(super) profile: Profile,
    pub(super) user_agent: HeaderValue,
    pub(super) now: Duration,
    pub(super) cookies: CookieJar,
    pub(super) preflights: PreflightCache,
}

impl Browser {
    /// A browser with the page at this URL.
    ///
    /// # Panics
    ///
    /// If it is not the URL of a page. See [`try_at`](Self::try_at).
    #[track_caller]
    pub fn at(page: &str) -> Self {
        Self::with_origin(page_origin(page))
    }

    /// A browser with the page at this URL, for URLs that a user wrote.
    ///
    /// ```
    /// use tower_cors::testing::Browser;
    ///
    /// assert!(Browser::try_at("https://app.example.com/shop").is_ok());
    /// assert!(Browser::try_at("app.example.com").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// If it is not the URL of a page.
    pub fn try_at(page: &str) -> Result<Self, InvalidPage> {
        PageOrigin::of(page).map(Self::with_origin)
    }

    /// A browser with a page of an opaque origin and without an address: its requests say `Origin: null`.
    ///
    /// A frame with `sandbox` and `srcdoc` has the address of the page around it: call [`embedded_in`](Self::embedded_in). A
    /// frame with `sandbox` and `src` is [`sandboxed`](Self::sandboxed).
    pub fn opaque() -> Self {
        Self::with_origin(PageOrigin::opaque())
    }

    /// A browser with the page at this URL in a frame with `sandbox`: its origin is opaque, so its requests say
    /// `Origin: null` and are those of another site. URLs are relative to its address, and it cannot fetch `http` if that
    /// begins with `https`.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use tower_cors::testing::{Browser, Fetch};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut app = Router::new().route("/monsters", get(async || "zombie"));
    /// let mut page = Browser::sandboxed("https://app.example.com/preview");
    /// let outcome = page.fetch(&mut app, Fetch::<Body>::get("/monsters")).await;
    /// assert_eq!(outcome.exchanges()[0].request_headers()["origin"], "null");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If it is not the URL of a page.
    #[track_caller]
    pub fn sandboxed(page: &str) -> Self {
        Self::with_origin(page_origin(page).sandboxed())
    }

    /// The same browser, with the page in a frame of the page at this URL.
    ///
    /// Cookies with `SameSite` are sent only if both are of the site that a request goes to. Preflights are cached for each
    /// site of the outer page. If the outer page came over TLS, `http` cannot be fetched.
    ///
    /// ```
    /// use tower_cors::testing::Browser;
    ///
    /// let widget = Browser::at("https://widget.example").embedded_in("https://shop.example");
    /// // <iframe sandbox="allow-scripts" srcdoc="…">
    /// let preview = Browser::opaque().embedded_in("https://app.example.com/preview");
    /// ```
    ///
    /// # Panics
    ///
    /// If it is not the URL of a page.
    #[must_use]
    #[track_caller]
    pub fn embedded_in(self, page: &str) -> Self {
        Self {
            origin: self.origin.embedded_in(page_origin(page)),
            ..self
        }
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
            user_agent: HeaderValue::from_static("Mozilla/5.0"),
            now: Duration::ZERO,
            cookies: CookieJar::default(),
            preflights: PreflightCache::default(),
        }
    }

    /// The same browser, with a worker of the page: the script at this URL, which is relative to the page's.
    ///
    /// Its requests are of the page's origin, and URLs are relative to its script. A worker of a `data:` URL has an opaque
    /// origin: its requests say `Origin: null`.
    ///
    /// ```
    /// use tower_cors::testing::Browser;
    ///
    /// let worker = Browser::at("https://app.example.com").in_worker("/scripts/worker.js");
    /// let opaque = Browser::at("https://app.example.com").in_worker("data:text/javascript,fetch('https://api.example.com')");
    /// ```
    ///
    /// # Panics
    ///
    /// If the script is of another origin: no browser starts it.
    #[must_use]
    #[track_caller]
    pub fn in_worker(self, script: &str) -> Self {
        match self.origin.clone().in_worker(script) {
            Ok(origin) => Self { origin, ..self },
            Err(error) => panic!("{error}"),
        }
    }

    /// The same browser, behaving like an engine.
    #[must_use]
    pub fn like(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// The same browser, with this `User-Agent` instead of `Mozilla/5.0`.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use tower_cors::testing::Browser;
    ///
    /// let agent = HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0");
    /// let page = Browser::at("https://app.example.com").user_agent(agent);
    /// ```
    #[must_use]
    pub fn user_agent(self, value: HeaderValue) -> Self {
        Self {
            user_agent: value,
            ..self
        }
    }

    /// Opens another page. Cookies and the preflight cache stay.
    ///
    /// # Panics
    ///
    /// If it is not the URL of a page. See [`try_visit`](Self::try_visit).
    #[track_caller]
    pub fn visit(&mut self, page: &str) {
        self.origin = page_origin(page);
    }

    /// Opens another page, for URLs that a user wrote. Cookies and the preflight cache stay.
    ///
    /// # Errors
    ///
    /// If it is not the URL of a page. Then the page stays open that was.
    pub fn try_visit(&mut self, page: &str) -> Result<(), InvalidPage> {
        self.origin = PageOrigin::of(page)?;
        Ok(())
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
    /// If a browser would not store it. See [`try_set_cookie`](Self::try_set_cookie).
    #[track_caller]
    pub fn set_cookie(&mut self, url: &str, cookie: &str) {
        if let Err(error) = self.try_set_cookie(url, cookie) {
            panic!("{error}");
        }
    }

    /// Sets a cookie, for cookies that a user wrote.
    ///
    /// # Errors
    ///
    /// If a browser would not store it.
    pub fn try_set_cookie(&mut self, url: &str, cookie: &str) -> Result<(), InvalidCookie> {
        self.cookies.set(url, cookie, self.now, &self.profile)
    }

    /// Returns the cookies that the browser has, in the order of their creation. Expired ones are not among them.
    ///
    /// ```
    /// use tower_cors::testing::{Browser, SameSite};
    ///
    /// let mut page = Browser::at("https://app.example.com");
    /// page.set_cookie("https://api.example.com", "session=1; HttpOnly");
    /// let cookie = page.cookies().next().unwrap();
    /// assert_eq!((cookie.name(), cookie.value()), ("session", "1"));
    /// assert_eq!(cookie.same_site(), SameSite::Lax);
    /// page.clear_cookies();
    /// assert_eq!(page.cookies().count(), 0);
    /// ```
    pub fn cookies(&self) -> impl Iterator<Item = &Cookie> {
        self.cookies.iter(self.now)
    }

    /// Forgets all cookies.
    pub fn clear_cookies(&mut self) {
        self.cookies = CookieJar::default();
    }

    /// Forgets all preflights.
    pub fn clear_preflight_cache(&mut self) {
        self.preflights = PreflightCache::default();
    }

    /// Does what `fetch()` does in a page: <https://fetch.spec.whatwg.org/#fetch-method>
    ///
    /// The request is an [`http::Request`], the result of its builder, or a [`Fetch`] with options. The
    /// [`Outcome`] reports what a browser would reject, also an invalid request or URL, at which `fetch()` throws. The body of the
    /// response is not read.
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
        let mut wire = Wire {
            network: service,
            exchanges: Vec::new(),
        };
        let text = match (&fetch.url, &fetch.request) {
            (Some(url), _) => url.clone(),
            (None, Ok(request)) => request.uri().to_string(),
            (None, Err(_)) => String::new(),
        };
        let page = self.origin.serialized().to_owned();
        let invalid = |method, failure| Outcome {
            page: page.clone(),
            method,
            asked: text.clone(),
            url: text.clone(),
            redirected: false,
            destination: fetch.destination.unwrap_or(Destination::Empty),
            initiator: fetch.initiator,
            exchanges: Vec::new(),
            answer: Err(failure),
        };
        let (mut parts, body) = match fetch.request {
            Ok(request) => request.into_parts(),
            Err(error) => {
                let failure = request::invalid("the request", error, "a request that can be sent");
                return invalid(String::new(), failure);
            }
        };
        let method = safelist::normalize_method(parts.method.as_str());
        let mut url = match self.resolve(&text) {
            Ok(url) => url,
            Err(failure) => return invalid(method, failure),
        };
        if let (Some(body_type), false) =
            (fetch.body_type, parts.headers.contains_key(CONTENT_TYPE))
        {
            parts
                .headers
                .insert(CONTENT_TYPE, HeaderValue::from_static(body_type));
        }
        let mode = match fetch.initiator {
            Initiator::Beacon => initiator::beacon_mode(&parts.headers),
            _ => fetch.mode,
        };
        if mode == Mode::WebSocket {
            request_url(&mut url);
        }
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
            cache: fetch.cache,
            keepalive: fetch.keepalive || fetch.initiator == Initiator::Beacon,
            has_body: match fetch.body {
                Body::Unknown if ["GET", "HEAD"].contains(&method.as_str()) => HasBody::No,
                Body::Unknown => HasBody::Unknown,
                Body::None => HasBody::No,
                Body::Source(_) => HasBody::Yes,
                Body::Stream => HasBody::Stream,
            },
            length: fetch.length,
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
            became_get: false,
            dropped_authorization: false,
        };
        let answer = match request::construct(&request) {
            Ok(()) => self.run(&mut wire, &mut request, body, fetch.body).await,
            Err(failure) => Err(failure),
        };
        let redirected = !request.previous_urls.is_empty();
        request.url.set_fragment(None);
        Outcome {
            page,
            method,
            asked: url.into(),
            url: request.url.into(),
            redirected,
            destination: request.destination,
            initiator: request.initiator,
            exchanges: wire.exchanges,
            answer,
        }
    }

    /// Reads a URL as one of the page.
    fn resolve(&self, text: &str) -> Result<Url, Failure> {
        let page = self.origin.url();
        Url::options().base_url(page).parse(text).map_err(|error| {
            let was = format!("`{}` ({error})", EscapedAnswer(text.as_bytes()));
            let expected = match page {
                Some(_) => "a URL",
                None => "a URL with scheme and host, because the page has no address",
            };
            request::invalid("the URL", was, expected)
        })
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
