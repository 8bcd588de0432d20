//! What is sent, and how it reaches the service.

use std::error::Error;
use std::future::poll_fn;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, Uri};
use tower_service::Service;
use url::{Position, Url};

use super::blocked::{Blocked, Failure};
use super::origin::is_potentially_trustworthy;
use super::outcome::Exchange;
use super::request::{Mode, Request, Tainting};
use crate::escaped::EscapedAnswer;

/// The service, and what went to it and came back.
pub(super) struct Wire<'a, N> {
    pub(super) network: &'a mut N,
    pub(super) exchanges: Vec<Exchange>,
}

/// A service as a browser sees it.
pub(super) trait Network<RequestBody> {
    type ResponseBody;

    /// The response, or what is said of its failure.
    async fn answer(
        &mut self,
        request: http::Request<RequestBody>,
    ) -> Result<Response<Self::ResponseBody>, String>;
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
    ) -> Result<Response<ResponseBody>, String> {
        let told = |error: S::Error| error.into().to_string();
        poll_fn(|context| self.poll_ready(context))
            .await
            .map_err(told)?;
        self.call(request).await.map_err(told)
    }
}

impl<N> Wire<'_, N> {
    /// Sends a request as HTTP/1.1 has it: the path and query as URI, the rest in `Host`.
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
        let uri = Uri::try_from(&url[Position::BeforePath..Position::AfterQuery]);
        let answer = match (Method::try_from(method), uri) {
            (Ok(method), Ok(uri)) => {
                *request.method_mut() = method;
                *request.uri_mut() = uri;
                self.network.answer(request).await
            }
            (Err(error), _) => Err(error.to_string()),
            (_, Err(error)) => Err(error.to_string()),
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
            was: format!("an error ({})", EscapedAnswer(error.as_bytes())),
            expected: "a response".to_owned(),
            advice: String::new(),
        })
    }
}

/// The `Host` of a request to this URL.
pub(super) fn host(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// A header's value of what is known to be one: of URLs, tokens and parsed headers.
pub(super) fn value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The `Origin` of a page's own request, if it has one: <https://fetch.spec.whatwg.org/#append-a-request-origin-header>,
/// with the default referrer policy, `strict-origin-when-cross-origin`.
pub(super) fn origin_header(request: &Request) -> Option<&str> {
    if request.tainting == Tainting::Cors {
        return Some(request.serialized_origin());
    }
    if request.method == "GET" || request.method == "HEAD" {
        return None;
    }
    let page_is_secure = request
        .origin
        .url()
        .is_some_and(|page| page.scheme() == "https");
    if request.mode != Mode::Cors && page_is_secure && request.url.scheme() != "https" {
        return Some("null");
    }
    Some(request.serialized_origin())
}

/// The headers that tell a service who asks: <https://w3c.github.io/webappsec-fetch-metadata/>
///
/// A navigation is the frame's own, begun by the user.
pub(super) fn fetch_metadata(request: &Request, mode: Mode, headers: &mut HeaderMap) {
    if !is_potentially_trustworthy(&request.url) {
        return;
    }
    let mut site = "same-origin";
    for url in request.urls() {
        if request.origin.is_same_origin(url) {
            continue;
        }
        site = "cross-site";
        if !request.origin.is_same_site(url) {
            break;
        }
        site = "same-site";
    }
    let (mode, destination) = match mode {
        Mode::Cors => ("cors", "empty"),
        Mode::NoCors => ("no-cors", "empty"),
        Mode::SameOrigin => ("same-origin", "empty"),
        Mode::Navigate => ("navigate", "document"),
    };
    headers.insert(
        HeaderName::from_static("sec-fetch-site"),
        HeaderValue::from_static(site),
    );
    headers.insert(
        HeaderName::from_static("sec-fetch-mode"),
        HeaderValue::from_static(mode),
    );
    if mode == "navigate" {
        headers.insert(
            HeaderName::from_static("sec-fetch-user"),
            HeaderValue::from_static("?1"),
        );
    }
    headers.insert(
        HeaderName::from_static("sec-fetch-dest"),
        HeaderValue::from_static(destination),
    );
}
