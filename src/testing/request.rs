//! What a page asks for.

use std::fmt;

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::blocked::{Blocked, Failure};
use super::destination::{Destination, Initiator, ReferrerPolicy};
use super::header_value;
use super::origin::{PageOrigin, includes_credentials};
use super::profile::{Deviation, Profile};
use super::safelist;

/// The mode of a fetch: <https://fetch.spec.whatwg.org/#concept-request-mode>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Mode {
    /// The response must be of the page's own origin, or allow the page to read it.
    #[default]
    Cors,
    /// Whatever the service says, the page learns nothing of the response of another origin. Only GET, HEAD and POST, with
    /// the headers of a form. Elements send such requests too: [`Fetch::image`], [`Fetch::script`].
    NoCors,
    /// Only URLs of the page's own origin.
    SameOrigin,
    /// A link or a form: the response takes the place of the page, or of a frame. There is no CORS check, and cookies are
    /// sent.
    Navigate,
    /// The handshake of a WebSocket. There is no CORS check, and cookies are sent.
    WebSocket,
}

/// The credentials mode of a fetch: <https://fetch.spec.whatwg.org/#concept-request-credentials-mode>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Credentials {
    /// Never.
    Omit,
    /// To the page's own origin. This is the default of `fetch()`.
    #[default]
    SameOrigin,
    /// Always; the response must allow it.
    Include,
}

/// The redirect mode of a fetch: <https://fetch.spec.whatwg.org/#concept-request-redirect-mode>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Redirect {
    /// Follows them.
    #[default]
    Follow,
    /// Fails.
    Error,
    /// Lets the page learn that there was one, and nothing else.
    Manual,
}

/// The cache mode of a fetch: <https://fetch.spec.whatwg.org/#concept-request-cache-mode>
///
/// The browser has no HTTP cache, so the mode changes only what is sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Cache {
    /// Nothing is added.
    #[default]
    Default,
    /// `Cache-Control: no-cache` and `Pragma: no-cache`.
    NoStore,
    /// The same: a reload that ignores the cache.
    Reload,
    /// `Cache-Control: max-age=0`: a cached response is validated.
    NoCache,
    /// Nothing is added.
    ForceCache,
    /// Nothing is sent. It is only for the page's own origin.
    OnlyIfCached,
}

/// A request of a page: an [`http::Request`] with the options of `fetch()`.
///
/// [`Browser::fetch`](super::Browser::fetch) takes the request itself where no option is needed, also as it comes from
/// [`http::request::Builder::body`]. A URL without a host is relative to the page's. What an [`http::Uri`] cannot hold, such as
/// `?page=2`, a fragment or `data:`, is for [`url`](Self::url) or [`get`](Self::get).
///
/// ```
/// use http::Request;
/// use tower_cors::testing::{Credentials, Fetch};
///
/// let request = Request::post("https://api.example.com/monsters").body(String::from("{}"));
/// let fetch = Fetch::from(request).credentials(Credentials::Include);
/// ```
pub struct Fetch<B> {
    pub(super) request: Result<http::Request<B>, String>,
    /// The URL as a page writes it, if it is not that of the request.
    pub(super) url: Option<String>,
    pub(super) mode: Mode,
    pub(super) credentials: Credentials,
    pub(super) redirect: Redirect,
    pub(super) cache: Cache,
    pub(super) keepalive: bool,
    pub(super) upload_listener: bool,
    pub(super) body: Body<B>,
    pub(super) length: Option<usize>,
    /// The type of the body, if the page does not say another.
    pub(super) body_type: Option<&'static str>,
    pub(super) destination: Option<Destination>,
    pub(super) initiator: Initiator,
    pub(super) referrer_policy: ReferrerPolicy,
    pub(super) user_activation: bool,
    /// What the browser adds with credentials, besides its cookies.
    pub(super) attached: HeaderMap,
}

/// The body of a request, as far as a browser knows it.
pub(super) enum Body<B> {
    /// That of the [`http::Request`], which may be none.
    Unknown,
    None,
    /// One that can be sent again: <https://fetch.spec.whatwg.org/#concept-body-source>
    Source(Box<dyn Fn() -> B + Send + Sync>),
    /// One that is gone when it is sent.
    Stream,
}

impl<B: Default> Fetch<B> {
    /// Requests a URL, as `fetch(url)` does. It is a URL as pages write it: see [`url`](Self::url).
    ///
    /// ```
    /// use axum::body::Body;
    /// use tower_cors::testing::Fetch;
    ///
    /// let fetch = Fetch::<Body>::get("?page=2");
    /// ```
    pub fn get(url: impl fmt::Display) -> Self {
        Self::from(http::Request::new(B::default())).url(url)
    }
}

impl<B> Fetch<B> {
    /// Replaces the URL of the request with one as pages write it: relative to the page's, with a fragment, with letters that
    /// are not ASCII, or with another scheme than those of HTTP.
    ///
    /// A text that is no URL is an error of the page: [`Blocked::InvalidRequest`].
    #[must_use]
    pub fn url(self, url: impl fmt::Display) -> Self {
        Self {
            url: Some(url.to_string()),
            ..self
        }
    }

    /// The mode, if it is not [`Mode::Cors`].
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        Self { mode, ..self }
    }

    /// The credentials mode, if it is not [`Credentials::SameOrigin`].
    #[must_use]
    pub fn credentials(self, credentials: Credentials) -> Self {
        Self {
            credentials,
            ..self
        }
    }

    /// The redirect mode, if it is not [`Redirect::Follow`].
    #[must_use]
    pub fn redirect(self, redirect: Redirect) -> Self {
        Self { redirect, ..self }
    }

    /// The cache mode, if it is not [`Cache::Default`].
    #[must_use]
    pub fn cache(self, cache: Cache) -> Self {
        Self { cache, ..self }
    }

    /// Lets the request outlive the page. Its body may have at most 64 KiB:
    /// <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
    #[must_use]
    pub fn keepalive(self) -> Self {
        Self {
            keepalive: true,
            ..self
        }
    }

    /// Listens to the progress of the upload, as `XMLHttpRequest.upload` does: every such request to another origin is
    /// preflighted. <https://fetch.spec.whatwg.org/#use-cors-preflight-flag>
    #[must_use]
    pub fn upload_listener(self) -> Self {
        Self {
            upload_listener: true,
            ..self
        }
    }

    /// The body is a `ReadableStream`: every such request to another origin is preflighted, and only a redirect with
    /// status 303 can be followed.
    #[must_use]
    pub fn streaming_body(self) -> Self {
        Self {
            body: Body::Stream,
            ..self
        }
    }

    /// The body is a text, as in `fetch(url, { body: "…" })`: it is sent with `Content-Length`, and with
    /// `Content-Type: text/plain;charset=UTF-8` if the request has no type.
    ///
    /// The text of `JSON.stringify` is one too. Without a type that says it, it is no JSON, and needs no preflight.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use http::{Request, Response};
    /// # use futures_util::FutureExt;
    /// use tower_cors::testing::{Browser, Fetch};
    ///
    /// # let work = async {
    /// # let mut api = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
    /// let mut page = Browser::at("https://app.example.com");
    /// let fetch = Fetch::from(Request::post("https://api.example.com/").body(String::new())).text("{}");
    /// let outcome = page.fetch(&mut api, fetch).await;
    /// assert_eq!(outcome.exchanges()[0].request_headers()["content-type"], "text/plain;charset=UTF-8");
    /// # };
    /// # work.now_or_never().unwrap();
    /// ```
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self
    where
        B: From<String>,
    {
        self.known_body(text.into(), Some("text/plain;charset=UTF-8"), String::len)
    }

    /// The body is the text of `URLSearchParams`: it is sent with `Content-Length`, and with
    /// `Content-Type: application/x-www-form-urlencoded;charset=UTF-8` if the request has no type.
    #[must_use]
    pub fn search_params(self, text: impl Into<String>) -> Self
    where
        B: From<String>,
    {
        let content_type = "application/x-www-form-urlencoded;charset=UTF-8";
        self.known_body(text.into(), Some(content_type), String::len)
    }

    /// The body is an `ArrayBuffer`, or a `Blob` with the type that the request has: it is sent with `Content-Length`.
    #[must_use]
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self
    where
        B: From<Vec<u8>>,
    {
        self.known_body(bytes.into(), None, Vec::len)
    }

    fn known_body<T>(
        self,
        content: T,
        body_type: Option<&'static str>,
        length: fn(&T) -> usize,
    ) -> Self
    where
        T: Clone + Send + Sync + 'static,
        B: From<T>,
    {
        let length = Some(length(&content));
        let first = B::from(content.clone());
        Self {
            request: self.request.map(|request| request.map(|_| first)),
            body: Body::Source(Box::new(move || B::from(content.clone()))),
            length,
            body_type,
            ..self
        }
    }

    /// There is no body. Browsers send POST and PUT without one with `Content-Length: 0`.
    ///
    /// What is not said of the body of an [`http::Request`], the browser does not know: whether there is one, its length and
    /// its type.
    #[must_use]
    pub fn without_body(self) -> Self {
        Self {
            body: Body::None,
            length: None,
            body_type: None,
            ..self
        }
    }

    /// What a redirect that keeps the body (307 and 308) sends again; an empty body if it is not said.
    #[must_use]
    pub fn body_source(self, source: impl Fn() -> B + Send + Sync + 'static) -> Self {
        Self {
            body: Body::Source(Box::new(source)),
            ..self
        }
    }
}

impl<B> Fetch<B> {
    /// What the browser adds to a request with credentials, besides its cookies.
    pub(super) fn attached(self, headers: HeaderMap) -> Self {
        Self {
            attached: headers,
            ..self
        }
    }
}

impl<B> From<http::Request<B>> for Fetch<B> {
    fn from(request: http::Request<B>) -> Self {
        Self::from(Ok(request))
    }
}

impl<B> From<http::Result<http::Request<B>>> for Fetch<B> {
    /// An error is reported when the request is fetched.
    fn from(request: http::Result<http::Request<B>>) -> Self {
        Self {
            request: request.map_err(|error| error.to_string()),
            url: None,
            mode: Mode::default(),
            credentials: Credentials::default(),
            redirect: Redirect::default(),
            cache: Cache::default(),
            keepalive: false,
            upload_listener: false,
            body: Body::Unknown,
            length: None,
            body_type: None,
            destination: None,
            initiator: Initiator::Page,
            referrer_policy: ReferrerPolicy::default(),
            user_activation: true,
            attached: HeaderMap::new(),
        }
    }
}

impl<B> fmt::Debug for Fetch<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self
            .request
            .as_ref()
            .map(|request| (request.method(), request.uri(), request.headers()));
        f.debug_struct("Fetch")
            .field("request", &head)
            .field("url", &self.url)
            .field("mode", &self.mode)
            .field("credentials", &self.credentials)
            .field("redirect", &self.redirect)
            .field("cache", &self.cache)
            .field("keepalive", &self.keepalive)
            .field("upload_listener", &self.upload_listener)
            .field("destination", &self.destination)
            .field("referrer_policy", &self.referrer_policy)
            .field("user_activation", &self.user_activation)
            .finish_non_exhaustive()
    }
}

/// <https://fetch.spec.whatwg.org/#concept-request-response-tainting>
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tainting {
    Basic,
    Cors,
    Opaque,
}

/// What is known of the body of a request under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum HasBody {
    Unknown,
    No,
    Yes,
    Stream,
}

/// A request under way: <https://fetch.spec.whatwg.org/#concept-request>
#[derive(Debug)]
pub(super) struct Request {
    pub(super) origin: PageOrigin,
    /// Never empty: the last is the current one.
    pub(super) previous_urls: Vec<Url>,
    pub(super) url: Url,
    pub(super) method: String,
    pub(super) headers: HeaderMap,
    pub(super) mode: Mode,
    pub(super) credentials: Credentials,
    pub(super) redirect: Redirect,
    pub(super) cache: Cache,
    pub(super) keepalive: bool,
    pub(super) has_body: HasBody,
    pub(super) length: Option<usize>,
    pub(super) tainting: Tainting,
    pub(super) use_cors_preflight: bool,
    pub(super) destination: Destination,
    pub(super) initiator: Initiator,
    pub(super) referrer_policy: ReferrerPolicy,
    pub(super) user_activation: bool,
    pub(super) attached: HeaderMap,
    /// Whether a redirect made it a GET.
    pub(super) became_get: bool,
    /// Whether a redirect to another origin took `Authorization` away.
    pub(super) dropped_authorization: bool,
}

impl Request {
    /// All URLs so far, the current one last.
    pub(super) fn urls(&self) -> impl Iterator<Item = &Url> {
        self.previous_urls.iter().chain([&self.url])
    }

    /// <https://fetch.spec.whatwg.org/#serializing-a-request-origin>
    pub(super) fn serialized_origin(&self) -> &str {
        if self.is_redirect_tainted() {
            "null"
        } else {
            self.origin.serialized()
        }
    }

    /// Whether a redirect led from another origin to yet another:
    /// <https://fetch.spec.whatwg.org/#concept-request-tainted-origin>
    fn is_redirect_tainted(&self) -> bool {
        self.urls()
            .zip(self.urls().skip(1))
            .any(|(from, to)| from.origin() != to.origin() && !self.origin.is_same_origin(from))
    }

    /// Whether a redirect led from one origin to another.
    pub(super) fn is_redirected_between_origins(&self) -> bool {
        self.urls()
            .zip(self.urls().skip(1))
            .any(|(from, to)| from.origin() != to.origin())
    }

    /// The names and values of the headers that the page set.
    pub(super) fn header_list(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// Returns whether the response takes the place of the page.
    pub(super) fn is_top_level_navigation(&self) -> bool {
        self.mode == Mode::Navigate && self.destination == Destination::Document
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.credentials == Credentials::Include
    }

    /// Returns whether cookies are sent and stored: <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
    pub(super) fn includes_credentials(&self) -> bool {
        match self.credentials {
            Credentials::Omit => false,
            Credentials::SameOrigin => self.tainting == Tainting::Basic,
            Credentials::Include => true,
        }
    }
}

/// The headers of a page that a browser sends: <https://fetch.spec.whatwg.org/#concept-headers-append>
///
/// Those that pages cannot set are dropped in silence, as browsers do.
pub(super) fn page_headers(headers: &HeaderMap, mode: Mode, profile: &Profile) -> HeaderMap {
    let mut kept: Vec<(HeaderName, Vec<Vec<u8>>)> = Vec::new();
    for (name, value) in headers {
        let value = header_value::trim(value.as_bytes());
        let is_forbidden = safelist::is_forbidden_request_header(name.as_str(), value)
            || *name == USER_AGENT && profile.has(Deviation::UserAgentIsForbidden);
        if is_forbidden {
            continue;
        }
        let place = kept.iter().position(|(other, _)| other == name);
        let mut values = place.map_or(Vec::new(), |place| kept[place].1.clone());
        if profile.has(Deviation::EmptyValueIsReplaced)
            && (value.is_empty() || values.iter().any(Vec::is_empty))
        {
            values.clear();
        }
        values.push(value.to_vec());
        let combined = values.join(b", ".as_slice());
        if [Mode::NoCors, Mode::Navigate, Mode::WebSocket].contains(&mode)
            && !safelist::is_no_cors_safelisted_request_header(name.as_str(), &combined)
        {
            continue;
        }
        match place {
            Some(place) => kept[place].1 = values,
            None => kept.push((name.clone(), values)),
        }
    }
    let mut sent = HeaderMap::new();
    for (name, mut values) in kept {
        if profile.has(Deviation::CombinesRepeatedHeaders) {
            let combined = values.join(b", ".as_slice());
            values = vec![header_value::trim(&combined).to_vec()];
        }
        for value in values {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                sent.append(name.clone(), value);
            }
        }
    }
    sent
}

/// A request that is none: `fetch()` throws a `TypeError`.
pub(super) fn invalid(subject: &'static str, was: String, expected: &str) -> Failure {
    Failure {
        blocked: Blocked::InvalidRequest,
        subject,
        was,
        expected: expected.to_owned(),
        advice: String::new(),
        also: Vec::new(),
    }
}

/// What a page cannot even ask for: <https://fetch.spec.whatwg.org/#dom-request>
pub(super) fn construct(request: &Request) -> Result<(), Failure> {
    let failure =
        |subject, was: &str, expected: &str| Err(invalid(subject, format!("`{was}`"), expected));
    let method = request.method.as_str();
    if safelist::is_forbidden_method(method.as_bytes()) {
        return failure("the method", method, "none of CONNECT, TRACE and TRACK");
    }
    if request.mode == Mode::NoCors && !safelist::is_safelisted_method(method) {
        return failure(
            "the method",
            method,
            "GET, HEAD or POST, for the mode is `no-cors`",
        );
    }
    if request.mode == Mode::WebSocket && method != "GET" {
        return failure("the method", method, "GET, for the mode is `websocket`");
    }
    if request.mode == Mode::Navigate && !["GET", "POST"].contains(&method) {
        return failure(
            "the method",
            method,
            "GET or POST, which are all that links and forms send",
        );
    }
    let has_body = [HasBody::Yes, HasBody::Stream].contains(&request.has_body);
    if has_body && ["GET", "HEAD"].contains(&method) {
        return failure(
            "the method",
            method,
            "one with a body, because the request has one",
        );
    }
    if request.has_body == HasBody::Stream
        && (request.keepalive || ![Mode::Cors, Mode::SameOrigin].contains(&request.mode))
    {
        return failure(
            "the body",
            "a stream",
            "none that is a stream, for the mode is neither `cors` nor `same-origin`, or `keepalive` is set",
        );
    }
    if request.cache == Cache::OnlyIfCached && request.mode != Mode::SameOrigin {
        return failure(
            "the cache mode",
            "only-if-cached",
            "another one, for the mode is not `same-origin`",
        );
    }
    if includes_credentials(&request.url) {
        return failure(
            "the URL",
            request.url.as_str(),
            "one without user name and password",
        );
    }
    Ok(())
}

pub(super) fn not_http(url: &Url) -> Failure {
    Failure {
        blocked: Blocked::NotHttp,
        subject: "the URL",
        was: format!("`{url}`"),
        expected: "one with `http` or `https`".to_owned(),
        advice: String::new(),
        also: Vec::new(),
    }
}

/// What becomes of a request to another origin: <https://fetch.spec.whatwg.org/#main-fetch>, the step on the response
/// tainting.
pub(super) fn choose_tainting(request: &mut Request) -> Result<(), Failure> {
    let failure = |blocked, subject, was: String, expected: &str| {
        Err(Failure {
            blocked,
            subject,
            was,
            expected: expected.to_owned(),
            advice: String::new(),
            also: Vec::new(),
        })
    };
    let url = format!("`{}`", request.url);
    match request.mode {
        Mode::SameOrigin => failure(
            Blocked::NotSameOrigin,
            "the URL",
            url,
            "one of the page's origin, for the mode is `same-origin`",
        ),
        Mode::NoCors if request.redirect != Redirect::Follow => {
            let was = format!("{:?}", request.redirect);
            failure(
                Blocked::NoCorsRedirectMode,
                "the redirect mode",
                was,
                "Follow, for the mode is `no-cors`",
            )
        }
        Mode::NoCors => {
            request.tainting = Tainting::Opaque;
            Ok(())
        }
        Mode::Cors => {
            request.tainting = Tainting::Cors;
            Ok(())
        }
        Mode::Navigate | Mode::WebSocket => Ok(()),
    }
}
