//! What is sent, and how it reaches the service.

use std::error::Error;
use std::future::poll_fn;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri};
use tower_service::Service;
use url::{Position, Url};

use super::blocked::{Blocked, Failure};
use super::destination::{Destination, Initiator, ReferrerPolicy};
use super::origin::is_potentially_trustworthy;
use super::outcome::Exchange;
use super::profile::{Deviation, Profile};
use super::request::{Mode, Request, Tainting};
use super::service_error::ServiceError;

/// The service, and what went to it and came back.
pub(super) struct Wire<'a, N> {
    pub(super) network: &'a mut N,
    pub(super) exchanges: Vec<Exchange>,
}

/// A service as a browser sees it.
pub(super) trait Network<RequestBody> {
    type ResponseBody;

    /// Returns the response, or the error of the service.
    async fn answer(
        &mut self,
        request: http::Request<RequestBody>,
    ) -> Result<Response<Self::ResponseBody>, ServiceError>;
}

impl<S, RequestBody, ResponseBody> Network<RequestBody> for S
where
    S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type ResponseBody = ResponseBody;

    async fn answer(
        &mut self,
        request: http::Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, ServiceError> {
        poll_fn(|context| self.poll_ready(context))
            .await
            .map_err(ServiceError::new)?;
        self.call(request).await.map_err(ServiceError::new)
    }
}

impl<N> Wire<'_, N> {
    /// Sends a request. Its URI is absolute, as a server has it of HTTP/2 and a client needs it, and `Host` has the host
    /// too, as a server has it of HTTP/1.1.
    pub(super) async fn send<RequestBody>(
        &mut self,
        url: &Url,
        method: &str,
        headers: HeaderMap,
        body: RequestBody,
        is_preflight: bool,
    ) -> Result<Response<N::ResponseBody>, Failure>
    where
        N: Network<RequestBody>,
    {
        let mut request = http::Request::new(body);
        *request.headers_mut() = headers.clone();
        let answer = match (Method::try_from(method), uri(url)) {
            (Ok(method), Ok(uri)) => {
                *request.method_mut() = method;
                *request.uri_mut() = uri;
                self.network.answer(request).await
            }
            (Err(error), _) => Err(ServiceError::new(error)),
            (_, Err(error)) => Err(ServiceError::new(error)),
        };
        self.exchanges.push(Exchange {
            is_preflight,
            method: method.to_owned(),
            url: url.to_string(),
            request_headers: headers,
            response: match &answer {
                Ok(response) => Ok((response.status(), response.headers().clone())),
                Err(error) => Err(error.clone()),
            },
        });
        answer.map_err(|error| Failure {
            blocked: Blocked::NetworkError,
            subject: "the service",
            was: format!("an error ({error})"),
            expected: "a response".to_owned(),
            advice: String::new(),
            also: Vec::new(),
        })
    }
}

/// Returns the URI of a request to this URL, with the scheme and host unless the host is one that a `Uri` cannot hold.
fn uri(url: &Url) -> Result<Uri, http::uri::InvalidUri> {
    let path = &url[Position::BeforePath..Position::AfterQuery];
    let absolute = format!("{}://{}{path}", url.scheme(), host(url));
    Uri::try_from(absolute).or_else(|_| Uri::try_from(path))
}

/// The `Host` of a request to this URL.
pub(super) fn host(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// A header's value of what is known to be one: of URLs, tokens and parsed headers.
pub(super) fn value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The `Origin` of a page's own request, if it has one: <https://fetch.spec.whatwg.org/#append-a-request-origin-header>
pub(super) fn origin_header<'a>(request: &'a Request, profile: &Profile) -> Option<&'a str> {
    if request.initiator == Initiator::User {
        return None;
    }
    let is_element = !matches!(
        request.destination,
        Destination::Empty | Destination::Document
    );
    let is_shown = is_element
        && request.mode == Mode::Cors
        && profile.has(Deviation::CrossoriginElementsSendOrigin);
    if request.tainting == Tainting::Cors || request.mode == Mode::WebSocket || is_shown {
        return Some(request.serialized_origin());
    }
    if request.method == "GET" || request.method == "HEAD" {
        let keeps = request.became_get && profile.has(Deviation::RedirectKeepsOwnOrigin);
        return keeps.then(|| request.serialized_origin());
    }
    let page = request.origin.url();
    let is_downgrade =
        page.is_some_and(|page| page.scheme() == "https") && request.url.scheme() != "https";
    let is_hidden = match request.referrer_policy {
        ReferrerPolicy::NoReferrer => true,
        ReferrerPolicy::NoReferrerWhenDowngrade
        | ReferrerPolicy::StrictOrigin
        | ReferrerPolicy::StrictOriginWhenCrossOrigin => is_downgrade,
        ReferrerPolicy::SameOrigin => !request.origin.is_same_origin(&request.url),
        ReferrerPolicy::Origin
        | ReferrerPolicy::OriginWhenCrossOrigin
        | ReferrerPolicy::UnsafeUrl => false,
    };
    let is_redirected = request.mode == Mode::NoCors
        && request.is_redirected_between_origins()
        && profile.has(Deviation::NoCorsRedirectHidesOrigin);
    if (request.mode != Mode::Cors && is_hidden) || is_redirected {
        return Some("null");
    }
    Some(request.serialized_origin())
}

/// The headers that tell a service who asks: <https://w3c.github.io/webappsec-fetch-metadata/>
pub(super) fn fetch_metadata(
    request: &Request,
    mode: Mode,
    headers: &mut HeaderMap,
    profile: &Profile,
) {
    let is_web_socket = mode == Mode::WebSocket;
    if is_web_socket && profile.has(Deviation::WebSocketHasNoFetchMetadata) {
        return;
    }
    if !is_potentially_trustworthy(&request.url) {
        return;
    }
    let mode = match mode {
        Mode::Cors => "cors",
        Mode::NoCors => "no-cors",
        Mode::SameOrigin => "same-origin",
        Mode::Navigate => "navigate",
        Mode::WebSocket => "websocket",
    };
    let mut insert = |name, value| {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    };
    insert("sec-fetch-site", site(request, profile));
    insert("sec-fetch-mode", mode);
    if mode == "navigate" && request.user_activation {
        insert("sec-fetch-user", "?1");
    }
    let destination = match request.destination {
        Destination::Empty if is_web_socket && profile.has(Deviation::WebSocketIsDestination) => {
            "websocket"
        }
        Destination::Object if profile.has(Deviation::ObjectIsFrame) => "iframe",
        destination => destination.as_str(),
    };
    insert("sec-fetch-dest", destination);
}

/// How far the page is from all URLs of the request: <https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header>
fn site(request: &Request, profile: &Profile) -> &'static str {
    if request.initiator == Initiator::User {
        return "none";
    }
    let mut site = "same-origin";
    for url in request.urls() {
        if request.origin.is_same_origin(url) {
            continue;
        }
        let is_redirected =
            request.is_redirected_between_origins() && profile.has(Deviation::RedirectIsCrossSite);
        if is_redirected || !request.origin.is_same_site(url) {
            return "cross-site";
        }
        site = "same-site";
    }
    site
}
