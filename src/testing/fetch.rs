//! The way of a fetch.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_LENGTH, COOKIE, HOST, IF_MATCH,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, ORIGIN, PRAGMA, RANGE,
    USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::blocked::{Blocked, Failure};
use super::browser::Browser;
use super::check::{self, Asked};
use super::cookies::Asker;
use super::data;
use super::destination::Initiator;
use super::filter::filter;
use super::initiator;
use super::origin::is_potentially_trustworthy;
use super::outcome::{Answer, ResponseType};
use super::preflight_cache::{Key, max_age};
use super::profile::{Deviation, Profile};
use super::redirect;
use super::request::{self, Body, Cache, HasBody, Mode, Redirect, Request, Tainting};
use super::safelist;
use super::wire::{Network, Wire, fetch_metadata, host, origin_header, value};

impl Browser {
    /// Fetches, and forgets what was allowed if it fails: <https://fetch.spec.whatwg.org/#main-fetch>
    pub(super) async fn run<N, RequestBody>(
        &mut self,
        wire: &mut Wire<'_, N>,
        request: &mut Request,
        body: RequestBody,
        source: Body<RequestBody>,
    ) -> Result<Answer<N::ResponseBody>, Failure>
    where
        N: Network<RequestBody>,
        RequestBody: Default,
    {
        let mut needed_permission = false;
        let result = self
            .follow(wire, request, body, source, &mut needed_permission)
            .await;
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
            let is_denied = matches!(failure.blocked, Blocked::CorsCheck(_))
                && self.profile.has(Deviation::AnyDenialForgets);
            if needed_permission && !keeps || is_denied {
                self.preflights.clear(&key(request));
            }
        }
        result
    }

    /// Fetches, and again after each redirect: <https://fetch.spec.whatwg.org/#concept-http-fetch>
    async fn follow<N, RequestBody>(
        &mut self,
        wire: &mut Wire<'_, N>,
        request: &mut Request,
        mut body: RequestBody,
        source: Body<RequestBody>,
        needed_permission: &mut bool,
    ) -> Result<Answer<N::ResponseBody>, Failure>
    where
        N: Network<RequestBody>,
        RequestBody: Default,
    {
        if request.has_body == HasBody::No {
            body = RequestBody::default();
        }
        loop {
            if let Some(data) = data::fetch(request)? {
                return Ok(Answer::Data(data));
            }
            let response = self
                .main_fetch(wire, request, body, &source, needed_permission)
                .await?;
            let status = response.status();
            if request.mode == Mode::WebSocket {
                initiator::check_web_socket(status, response.headers())?;
                return Ok(Answer::Unreadable(ResponseType::WebSocket));
            }
            if !redirect::is_redirect(status) {
                if request.initiator == Initiator::EventSource {
                    initiator::check_event_stream(status, response.headers())?;
                }
                return Ok(filter(request, response));
            }
            match request.redirect {
                Redirect::Follow => {}
                Redirect::Manual => {
                    redirect::check_manual(request, response.headers(), &self.profile)?;
                    return Ok(Answer::Unreadable(ResponseType::OpaqueRedirect));
                }
                Redirect::Error => {
                    return Err(Failure {
                        blocked: Blocked::RedirectNotAllowed,
                        subject: "the status",
                        was: status.to_string(),
                        expected: "no redirect, for the redirect mode is `error`".to_owned(),
                        advice: String::new(),
                        also: Vec::new(),
                    });
                }
            }
            if !redirect::follow(request, status, response.headers(), &self.profile)? {
                return Ok(filter(request, response));
            }
            body = again(&source, request);
        }
    }

    /// One URL's turn: <https://fetch.spec.whatwg.org/#main-fetch>
    async fn main_fetch<N, RequestBody>(
        &mut self,
        wire: &mut Wire<'_, N>,
        request: &mut Request,
        body: RequestBody,
        source: &Body<RequestBody>,
        needed_permission: &mut bool,
    ) -> Result<Response<N::ResponseBody>, Failure>
    where
        N: Network<RequestBody>,
        RequestBody: Default,
    {
        self.check_mixed_content(request)?;
        let is_own = request.mode != Mode::SameOrigin || self.origin.is_same_origin(&request.url);
        if is_own && !["http", "https"].contains(&request.url.scheme()) {
            return Err(request::not_http(&request.url));
        }
        // What is tainted by another origin stays so at home.
        if !self.origin.is_same_origin(&request.url) {
            request::choose_tainting(request)?;
        }
        let unsafe_names =
            safelist::unsafe_request_header_names(request.header_list(), &self.profile);
        let is_cors = request.tainting == Tainting::Cors;
        let needs_preflight = request.use_cors_preflight
            || !safelist::is_safelisted_method(&request.method)
            || !unsafe_names.is_empty();
        if is_cors && needs_preflight {
            *needed_permission = true;
            self.preflight(wire, request, &unsafe_names).await?;
        }
        if request.cache == Cache::OnlyIfCached && !self.profile.has(Deviation::OnlyIfCachedAsks) {
            return Err(Failure {
                blocked: Blocked::NotCached,
                subject: "the cache mode",
                was: "`only-if-cached`".to_owned(),
                expected: "another one, for nothing is cached".to_owned(),
                advice: String::new(),
                also: Vec::new(),
            });
        }
        if let Some(length) = request
            .length
            .filter(|&length| request.keepalive && length > KEEPALIVE_LIMIT)
        {
            return Err(Failure {
                blocked: Blocked::KeepaliveTooLarge,
                subject: "the body",
                was: format!("{length} bytes"),
                expected: format!("at most {KEEPALIVE_LIMIT}, for the request outlives the page"),
                advice: String::new(),
                also: Vec::new(),
            });
        }
        let mut response = self.network_fetch(wire, request, body).await?;
        // https://fetch.spec.whatwg.org/#http-network-or-cache-fetch, the step on 421.
        if response.status() == StatusCode::MISDIRECTED_REQUEST
            && request.has_body != HasBody::Stream
        {
            let body = again(source, request);
            response = self.network_fetch(wire, request, body).await?;
        }
        if response.status() == StatusCode::UNAUTHORIZED
            && request.has_body == HasBody::Stream
            && !is_cors
            && request.includes_credentials()
        {
            return Err(Failure {
                blocked: Blocked::StreamUnauthorized,
                subject: "the status",
                was: response.status().to_string(),
                expected: "another one, for a stream cannot be sent again with a password"
                    .to_owned(),
                advice: String::new(),
                also: Vec::new(),
            });
        }
        if is_cors {
            check::cors_check(
                request.serialized_origin(),
                request.has_credentials(),
                response.status(),
                response.headers(),
                Blocked::CorsCheck,
            )?;
        }
        Ok(response)
    }

    /// <https://w3c.github.io/webappsec-mixed-content/#should-block-fetch>
    fn check_mixed_content(&self, request: &Request) -> Result<(), Failure> {
        // Other schemes than those of HTTP fail for themselves.
        if !self.origin.is_secure()
            || request.url.scheme() != "http"
            || is_potentially_trustworthy(&request.url)
            || request.is_top_level_navigation()
        {
            return Ok(());
        }
        Err(Failure {
            blocked: Blocked::MixedContent,
            subject: "the URL",
            was: format!("`{}`", request.url),
            expected: "one with `https`, for the page has it".to_owned(),
            advice: "serve the API over TLS".to_owned(),
            also: Vec::new(),
        })
    }

    /// Asks for permission, unless it was given before: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
    async fn preflight<N, RequestBody>(
        &mut self,
        wire: &mut Wire<'_, N>,
        request: &Request,
        unsafe_names: &[String],
    ) -> Result<(), Failure>
    where
        N: Network<RequestBody>,
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
        let asks_anyway = match request.cache {
            Cache::NoStore | Cache::Reload => self.profile.has(Deviation::ReloadAsksForPermission),
            Cache::NoCache => self.profile.has(Deviation::ValidationAsksForPermission),
            _ => false,
        };
        if !asks_anyway
            && self
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
        if asks_anyway {
            cache_headers(request, &mut headers, &self.profile);
        }
        if self.profile.has(Deviation::PreflightNamesLanguages) {
            headers.insert(ACCEPT_LANGUAGE, LANGUAGES);
        }
        headers.insert(USER_AGENT, self.user_agent.clone());
        fetch_metadata(request, Mode::Cors, &mut headers, &self.profile);
        if !is_potentially_trustworthy(&request.url)
            && self.profile.has(Deviation::InsecurePreflightHasMode)
        {
            let mode = HeaderValue::from_static("cors");
            headers.insert("sec-fetch-mode", mode);
        }
        let response = wire
            .send(
                &request.url,
                "OPTIONS",
                headers,
                RequestBody::default(),
                true,
            )
            .await?;
        let allowed =
            check::read_preflight(&asked, response.status(), response.headers(), &self.profile)?;
        let checked = check::check_preflight(&asked, &allowed, &self.profile);
        let is_stored = match &checked {
            Ok(()) => true,
            Err(failure) => {
                failure.blocked == Blocked::PreflightHeaderNotAllowed
                    && self.profile.has(Deviation::HeaderDenialIsCached)
            }
        };
        if is_stored && !(asks_anyway && self.profile.has(Deviation::ReloadIsNotRemembered)) {
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
    async fn network_fetch<N, RequestBody>(
        &mut self,
        wire: &mut Wire<'_, N>,
        request: &Request,
        body: RequestBody,
    ) -> Result<Response<N::ResponseBody>, Failure>
    where
        N: Network<RequestBody>,
    {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, value(host(&request.url)));
        headers.extend(request.headers.clone());
        if !headers.contains_key(ACCEPT) {
            headers.insert(
                ACCEPT,
                HeaderValue::from_static(request.destination.accept()),
            );
        }
        if !headers.contains_key(ACCEPT_LANGUAGE) {
            headers.insert(ACCEPT_LANGUAGE, LANGUAGES);
        }
        if !headers.contains_key(USER_AGENT) {
            headers.insert(USER_AGENT, self.user_agent.clone());
        }
        if let Some(origin) = origin_header(request, &self.profile) {
            headers.insert(ORIGIN, value(origin));
        }
        if request.mode == Mode::WebSocket {
            initiator::web_socket_headers(&mut headers);
        }
        fetch_metadata(request, request.mode, &mut headers, &self.profile);
        let length = match request.has_body {
            HasBody::Yes => request.length,
            HasBody::No if ["POST", "PUT"].contains(&request.method.as_str()) => Some(0),
            _ => None,
        };
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        cache_headers(request, &mut headers, &self.profile);
        if headers.contains_key(RANGE) {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let includes_credentials = request.includes_credentials();
        let asker = Asker {
            is_same_site: request.initiator == Initiator::User
                || request.origin.is_same_site_for_cookies(
                    &request.url,
                    self.profile.has(Deviation::SameSiteIgnoresScheme),
                ),
            is_navigation: request.is_top_level_navigation(),
        };
        if includes_credentials {
            headers.extend(request.attached.clone());
            let cookies = self.cookies.header(
                &request.url,
                &request.method,
                asker,
                self.now,
                &self.profile,
            );
            headers.extend(cookies.map(|cookies| (COOKIE, value(&cookies))));
        }
        let response = wire
            .send(&request.url, &request.method, headers, body, false)
            .await?;
        if includes_credentials {
            self.cookies.store_response(
                &request.url,
                response.headers(),
                asker,
                self.now,
                &self.profile,
            );
        }
        Ok(response)
    }
}

/// The most that all requests that outlive a page may send together.
const KEEPALIVE_LIMIT: usize = 64 * 1024;

/// Returns the body once more, if the request has one that can be sent again.
fn again<B: Default>(source: &Body<B>, request: &Request) -> B {
    match source {
        Body::Source(source) if request.has_body == HasBody::Yes => source(),
        _ => B::default(),
    }
}

/// The languages of the user. The languages of a page's requests are for the service, and not for CORS.
const LANGUAGES: HeaderValue = HeaderValue::from_static("en-US,en;q=0.9");

/// Adds the headers for caches on the path: <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
fn cache_headers(request: &Request, headers: &mut HeaderMap, profile: &Profile) {
    let conditions = [
        IF_MODIFIED_SINCE,
        IF_NONE_MATCH,
        IF_UNMODIFIED_SINCE,
        IF_MATCH,
        IF_RANGE,
    ];
    let is_conditional = conditions.iter().any(|name| headers.contains_key(name));
    let cache = match request.cache {
        Cache::Default if is_conditional => match profile.has(Deviation::ConditionalIsValidated) {
            true => Cache::NoCache,
            false => Cache::NoStore,
        },
        cache => cache,
    };
    let mut add = |name: HeaderName, value| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    match cache {
        Cache::NoStore | Cache::Reload => {
            add(PRAGMA, "no-cache");
            add(CACHE_CONTROL, "no-cache");
        }
        Cache::NoCache => add(CACHE_CONTROL, "max-age=0"),
        Cache::Default | Cache::ForceCache | Cache::OnlyIfCached => {}
    }
}

fn key(request: &Request) -> Key {
    Key {
        origin: request.serialized_origin().to_owned(),
        partition: request.origin.partition(),
        url: request.url.clone(),
    }
}
