//! The way of a fetch.

use std::error::Error;
use std::time::Duration;

use http::header::{
    ACCEPT, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, COOKIE, HOST, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Response, Uri};
use tower_service::Service;
use url::Url;

use super::blocked::{Blocked, Failure};
use super::check::{self, Asked};
use super::cookies::{Asker, CookieJar};
use super::filter::filter;
use super::origin::{PageOrigin, is_potentially_trustworthy};
use super::outcome::{Answer, Outcome, ResponseType};
use super::preflight_cache::{Key, PreflightCache, max_age};
use super::profile::{Deviation, Profile};
use super::redirect::{self, NextBody};
use super::request::{self, Body, Credentials, Fetch, Mode, Redirect, Request, Tainting};
use super::safelist;
use super::wire::{Wire, fetch_metadata, host, origin_header, value};

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
/// It has no HTTP cache, no `Referer` and no referrer policy but the default, no service workers, no prompts (so none for
/// the local network either), no Content Security Policy, no Cross-Origin Resource Policy and no list of bad ports.
/// Requests do not run at the same time.
#[derive(Clone, Debug)]
pub struct Browser {
    origin: PageOrigin,
    profile: Profile,
    now: Duration,
    cookies: CookieJar,
    preflights: PreflightCache,
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
        let url = self.resolve(&parts.uri);
        let method = safelist::normalize_method(parts.method.as_str());
        let mut request = Request {
            origin: self.origin.clone(),
            previous_urls: Vec::new(),
            url: url.clone(),
            method: method.clone(),
            headers: request::page_headers(&parts.headers, fetch.mode),
            mode: fetch.mode,
            credentials: if fetch.mode == Mode::Navigate {
                Credentials::Include
            } else {
                fetch.credentials
            },
            redirect: fetch.redirect,
            tainting: Tainting::Basic,
            use_cors_preflight: fetch.upload_listener || matches!(fetch.body, Body::Stream),
            dropped_authorization: false,
        };
        let mut wire = Wire {
            service,
            exchanges: Vec::new(),
        };
        let answer = match request::construct(&request) {
            Ok(()) => self.follow(&mut wire, &mut request, body, fetch.body).await,
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

    /// Fetches, and again after each redirect.
    async fn follow<S, RequestBody, ResponseBody>(
        &mut self,
        wire: &mut Wire<'_, S>,
        request: &mut Request,
        body: RequestBody,
        source: Body<RequestBody>,
    ) -> Result<Answer<ResponseBody>, Failure>
    where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        let mut next_body = Some(body);
        let mut sends_body = true;
        let mut was_preflighted = false;
        let result = loop {
            let body = next_body.take().unwrap_or_else(|| match &source {
                Body::Source(source) if sends_body => source(),
                _ => RequestBody::default(),
            });
            let response = match self
                .main_fetch(wire, request, body, &mut was_preflighted)
                .await
            {
                Ok(response) => response,
                Err(failure) => break Err(failure),
            };
            if !redirect::is_redirect(response.status()) {
                break Ok(filter(request, response));
            }
            match request.redirect {
                Redirect::Follow => {}
                Redirect::Manual => break Ok(Answer::Unreadable(ResponseType::OpaqueRedirect)),
                Redirect::Error => {
                    break Err(Failure {
                        blocked: Blocked::RedirectNotAllowed,
                        subject: "the status",
                        was: response.status().to_string(),
                        expected: "no redirect, for the redirect mode is `error`".to_owned(),
                        advice: String::new(),
                    });
                }
            }
            let is_stream = sends_body && matches!(source, Body::Stream);
            match redirect::follow(request, is_stream, response.status(), response.headers()) {
                Ok(Some(next)) => sends_body &= next == NextBody::Again,
                Ok(None) => break Ok(filter(request, response)),
                Err(failure) => break Err(failure),
            }
        };
        if let Err(failure) = &result {
            let keeps = match failure.blocked {
                Blocked::PreflightHeaderNotAllowed => {
                    self.profile.has(Deviation::HeaderDenialIsCached)
                }
                Blocked::PreflightCorsCheck(_)
                | Blocked::PreflightStatus
                | Blocked::PreflightMethodsMalformed
                | Blocked::PreflightHeadersMalformed
                | Blocked::PreflightMethodNotAllowed => false,
                _ => self.profile.has(Deviation::FailedRequestKeepsCache),
            };
            if was_preflighted && !keeps {
                self.preflights.clear(&key(request));
            }
        }
        result
    }

    /// One URL's turn: <https://fetch.spec.whatwg.org/#main-fetch>
    async fn main_fetch<S, RequestBody, ResponseBody>(
        &mut self,
        wire: &mut Wire<'_, S>,
        request: &mut Request,
        body: RequestBody,
        was_preflighted: &mut bool,
    ) -> Result<Response<ResponseBody>, Failure>
    where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        self.check_mixed_content(request)?;
        let is_own =
            self.origin.is_same_origin(&request.url) && request.tainting == Tainting::Basic;
        if !is_own && request.mode != Mode::Navigate {
            request::choose_tainting(request)?;
        }
        let unsafe_names =
            safelist::unsafe_request_header_names(request.header_list(), &self.profile);
        let is_cors = request.tainting == Tainting::Cors;
        let needs_preflight = request.use_cors_preflight
            || !safelist::is_safelisted_method(&request.method)
            || !unsafe_names.is_empty();
        if is_cors && needs_preflight {
            *was_preflighted = true;
            self.preflight(wire, request, &unsafe_names).await?;
        }
        let response = self.network_fetch(wire, request, body).await?;
        if is_cors {
            check::cors_check(
                request.serialized_origin(),
                request.has_credentials(),
                response.headers(),
                Blocked::CorsCheck,
            )?;
        }
        Ok(response)
    }

    /// <https://w3c.github.io/webappsec-mixed-content/#should-block-fetch>
    fn check_mixed_content(&self, request: &Request) -> Result<(), Failure> {
        let page_is_secure = self
            .origin
            .url()
            .is_some_and(|page| page.scheme() == "https");
        if !page_is_secure
            || is_potentially_trustworthy(&request.url)
            || request.mode == Mode::Navigate
        {
            return Ok(());
        }
        Err(Failure {
            blocked: Blocked::MixedContent,
            subject: "the URL",
            was: format!("`{}`", request.url),
            expected: "one with `https`, for the page has it".to_owned(),
            advice: "serve the API over TLS".to_owned(),
        })
    }

    /// Asks for permission, unless it was given before: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
    async fn preflight<S, RequestBody, ResponseBody>(
        &mut self,
        wire: &mut Wire<'_, S>,
        request: &Request,
        unsafe_names: &[String],
    ) -> Result<(), Failure>
    where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        RequestBody: Default,
    {
        let key = key(request);
        let asked = Asked {
            origin: if self
                .profile
                .has(Deviation::PreflightKeepsOriginAfterRedirect)
            {
                request.origin.serialized()
            } else {
                request.serialized_origin()
            },
            with_credentials: request.has_credentials(),
            use_cors_preflight: request.use_cors_preflight,
            method: &request.method,
            unsafe_names,
        };
        if self
            .preflights
            .permits(&key, &asked, self.now, &self.profile)
        {
            return Ok(());
        }
        let mut headers = HeaderMap::new();
        headers.insert(HOST, value(host(&request.url)));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ORIGIN, value(asked.origin));
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, value(&request.method));
        let mut names = unsafe_names.to_vec();
        if request.dropped_authorization
            && self
                .profile
                .has(Deviation::PreflightNamesDroppedAuthorization)
        {
            names.push("authorization".to_owned());
            names.sort_unstable();
        }
        if !names.is_empty() {
            headers.insert(ACCESS_CONTROL_REQUEST_HEADERS, value(&names.join(",")));
        }
        fetch_metadata(request, Mode::Cors, &mut headers);
        let response = wire
            .send(
                &request.url,
                "OPTIONS",
                headers,
                RequestBody::default(),
                true,
            )
            .await?;
        let allowed = check::read_preflight(&asked, response.status(), response.headers())?;
        let checked = check::check_preflight(&asked, &allowed, &self.profile);
        let is_stored = match &checked {
            Ok(()) => true,
            Err(failure) => {
                failure.blocked == Blocked::PreflightHeaderNotAllowed
                    && self.profile.has(Deviation::HeaderDenialIsCached)
            }
        };
        if is_stored {
            let max_age = max_age(response.headers(), &self.profile);
            self.preflights.store(
                &key,
                asked.with_credentials,
                &allowed,
                max_age,
                self.now,
                &self.profile,
            );
        }
        checked
    }

    /// Sends the page's request: <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
    async fn network_fetch<S, RequestBody, ResponseBody>(
        &mut self,
        wire: &mut Wire<'_, S>,
        request: &Request,
        body: RequestBody,
    ) -> Result<Response<ResponseBody>, Failure>
    where
        S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, value(host(&request.url)));
        headers.extend(request.headers.clone());
        if !headers.contains_key(ACCEPT) {
            let accept = match request.mode {
                Mode::Navigate => "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Mode::Cors | Mode::NoCors | Mode::SameOrigin => "*/*",
            };
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        if let Some(origin) = origin_header(request) {
            headers.insert(ORIGIN, value(origin));
        }
        fetch_metadata(request, request.mode, &mut headers);
        let includes_credentials = match request.credentials {
            Credentials::Omit => false,
            Credentials::SameOrigin => request.tainting == Tainting::Basic,
            Credentials::Include => true,
        };
        let asker = Asker {
            is_same_site: request.origin.is_same_site(&request.url),
            is_navigation: request.mode == Mode::Navigate,
        };
        if includes_credentials {
            let cookies = self
                .cookies
                .header(&request.url, &request.method, asker, self.now);
            headers.extend(cookies.map(|cookies| (COOKIE, value(&cookies))));
        }
        let response = wire
            .send(&request.url, &request.method, headers, body, false)
            .await?;
        if includes_credentials {
            self.cookies
                .store_response(&request.url, response.headers(), asker, self.now);
        }
        Ok(response)
    }
}

#[track_caller]
fn page_origin(page: &str) -> PageOrigin {
    match PageOrigin::of(page) {
        Ok(origin) => origin,
        Err(error) => panic!("{error}"),
    }
}

fn key(request: &Request) -> Key {
    Key {
        origin: request.serialized_origin().to_owned(),
        url: request.url.clone(),
    }
}
