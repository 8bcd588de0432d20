//! Why a browser keeps a response from a page.

use std::fmt;

/// Why a browser keeps a response from a page, or does not send a request.
///
/// The reasons are the steps of the [Fetch standard](https://fetch.spec.whatwg.org/) at which a fetch ends in a network
/// error. [`Outcome`](super::Outcome) says in words what was wrong.
///
/// ```
/// use tower_cors::testing::{Blocked, CorsCheck};
///
/// assert_eq!(Blocked::PreflightStatus.code(), "preflight-status");
/// assert_eq!(Blocked::CorsCheck(CorsCheck::AllowOriginMissing).code(), "allow-origin-missing");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Blocked {
    /// The page asked for what `fetch()` throws at: a forbidden method, a text that is no URL, a URL with a user name or
    /// password, a body with GET or HEAD, or with `no-cors` a method other than GET, HEAD and POST. Nothing was sent.
    InvalidRequest,
    /// The mode is `same-origin` and the URL, or one it was redirected to, is not.
    /// <https://fetch.spec.whatwg.org/#main-fetch>
    NotSameOrigin,
    /// The URL is not an HTTP(S) URL. <https://fetch.spec.whatwg.org/#main-fetch>
    NotHttp,
    /// A secure page asks for an `http` URL. <https://w3c.github.io/webappsec-mixed-content/>
    MixedContent,
    /// The mode is `no-cors` and the redirect mode is not `follow`. <https://fetch.spec.whatwg.org/#main-fetch>
    NoCorsRedirectMode,
    /// The service failed instead of answering.
    NetworkError,
    /// The preflight's response does not pass the CORS check. <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
    PreflightCorsCheck(CorsCheck),
    /// The preflight's status is not 200 to 299. <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
    PreflightStatus,
    /// `Access-Control-Allow-Methods` has an element that is no method.
    /// <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
    PreflightMethodsMalformed,
    /// `Access-Control-Allow-Headers` has an element that is no header name.
    /// <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
    PreflightHeadersMalformed,
    /// `Access-Control-Allow-Methods` does not have the method. <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
    PreflightMethodNotAllowed,
    /// `Access-Control-Allow-Headers` does not have a header. <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
    PreflightHeaderNotAllowed,
    /// The response does not pass the CORS check. <https://fetch.spec.whatwg.org/#concept-cors-check>
    CorsCheck(CorsCheck),
    /// The response is a redirect and the redirect mode is `error`. <https://fetch.spec.whatwg.org/#concept-http-fetch>
    RedirectNotAllowed,
    /// The `Location` of a redirect is no URL. <https://fetch.spec.whatwg.org/#http-redirect-fetch>
    RedirectLocationMalformed,
    /// A redirect leads to a URL that is not an HTTP(S) URL. <https://fetch.spec.whatwg.org/#http-redirect-fetch>
    RedirectNotHttp,
    /// A redirect between origins leads to a URL with a user name or password.
    /// <https://fetch.spec.whatwg.org/#http-redirect-fetch>
    RedirectWithCredentials,
    /// The twenty-first redirect. <https://fetch.spec.whatwg.org/#http-redirect-fetch>
    TooManyRedirects,
    /// A redirect would send a stream again that is gone. <https://fetch.spec.whatwg.org/#http-redirect-fetch>
    RedirectOfStream,
    /// The answer to the handshake of a WebSocket opens no connection.
    /// <https://www.rfc-editor.org/rfc/rfc6455#section-4.1>
    WebSocketRejected,
    /// The cache mode is `only-if-cached`, and the browser has no cache.
    /// <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
    NotCached,
    /// A request that outlives the page has a body of more than 64 KiB.
    /// <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
    KeepaliveTooLarge,
    /// The status is 401, and the streamed body cannot be sent again with a password.
    /// <https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>
    StreamUnauthorized,
    /// A `data:` URL is malformed. <https://fetch.spec.whatwg.org/#data-urls>
    DataMalformed,
    /// The response to an `EventSource` is no stream of events.
    /// <https://html.spec.whatwg.org/#sse-processing-model>
    NotEventStream,
}

/// Why a response does not pass the [CORS check](https://fetch.spec.whatwg.org/#concept-cors-check).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum CorsCheck {
    /// There is no `Access-Control-Allow-Origin`.
    AllowOriginMissing,
    /// There is more than one value of `Access-Control-Allow-Origin`.
    AllowOriginRepeated,
    /// `Access-Control-Allow-Origin` is `*`, which is not for requests with credentials.
    AllowOriginWildcard,
    /// `Access-Control-Allow-Origin` is not, byte for byte, the request's origin.
    AllowOriginDiffers,
    /// There is no `Access-Control-Allow-Credentials`, and the request has credentials.
    AllowCredentialsMissing,
    /// `Access-Control-Allow-Credentials` is not `true`, byte for byte, and the request has credentials.
    AllowCredentialsNotTrue,
}

impl Blocked {
    /// A stable name, such as `preflight-method-not-allowed`. Failures of the CORS check begin with `preflight-` if it
    /// was the preflight's response that failed it.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::NotSameOrigin => "not-same-origin",
            Self::NotHttp => "not-http",
            Self::MixedContent => "mixed-content",
            Self::NoCorsRedirectMode => "no-cors-redirect-mode",
            Self::NetworkError => "network-error",
            Self::PreflightCorsCheck(failure) => failure.codes().0,
            Self::PreflightStatus => "preflight-status",
            Self::PreflightMethodsMalformed => "preflight-methods-malformed",
            Self::PreflightHeadersMalformed => "preflight-headers-malformed",
            Self::PreflightMethodNotAllowed => "preflight-method-not-allowed",
            Self::PreflightHeaderNotAllowed => "preflight-header-not-allowed",
            Self::CorsCheck(failure) => failure.codes().1,
            Self::RedirectNotAllowed => "redirect-not-allowed",
            Self::RedirectLocationMalformed => "redirect-location-malformed",
            Self::RedirectNotHttp => "redirect-not-http",
            Self::RedirectWithCredentials => "redirect-with-credentials",
            Self::TooManyRedirects => "too-many-redirects",
            Self::RedirectOfStream => "redirect-of-stream",
            Self::NotCached => "not-cached",
            Self::KeepaliveTooLarge => "keepalive-too-large",
            Self::StreamUnauthorized => "stream-unauthorized",
            Self::DataMalformed => "data-malformed",
            Self::WebSocketRejected => "web-socket-rejected",
            Self::NotEventStream => "not-event-stream",
        }
    }

    /// The step of the standard, in words and with its address.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::InvalidRequest => {
                "the Request constructor, https://fetch.spec.whatwg.org/#dom-request"
            }
            Self::NotSameOrigin | Self::NotHttp | Self::NoCorsRedirectMode => {
                "main fetch, https://fetch.spec.whatwg.org/#main-fetch"
            }
            Self::MixedContent => {
                "mixed content, https://w3c.github.io/webappsec-mixed-content/#should-block-fetch"
            }
            Self::NetworkError => "the network",
            Self::PreflightCorsCheck(_) => {
                "the CORS check of the preflight's response, https://fetch.spec.whatwg.org/#concept-cors-check"
            }
            Self::PreflightStatus
            | Self::PreflightMethodsMalformed
            | Self::PreflightHeadersMalformed
            | Self::PreflightMethodNotAllowed
            | Self::PreflightHeaderNotAllowed => {
                "the preflight, https://fetch.spec.whatwg.org/#cors-preflight-fetch"
            }
            Self::CorsCheck(_) => {
                "the CORS check of the response, https://fetch.spec.whatwg.org/#concept-cors-check"
            }
            Self::RedirectNotAllowed => {
                "HTTP fetch, https://fetch.spec.whatwg.org/#concept-http-fetch"
            }
            Self::RedirectLocationMalformed
            | Self::RedirectNotHttp
            | Self::RedirectWithCredentials
            | Self::TooManyRedirects
            | Self::RedirectOfStream => {
                "the redirect, https://fetch.spec.whatwg.org/#http-redirect-fetch"
            }
            Self::NotCached | Self::KeepaliveTooLarge | Self::StreamUnauthorized => {
                "the network, https://fetch.spec.whatwg.org/#http-network-or-cache-fetch"
            }
            Self::DataMalformed => "the `data:` URL, https://fetch.spec.whatwg.org/#data-urls",
            Self::WebSocketRejected => {
                "the handshake, https://www.rfc-editor.org/rfc/rfc6455#section-4.1"
            }
            Self::NotEventStream => {
                "the event source, https://html.spec.whatwg.org/#sse-processing-model"
            }
        }
    }
}

impl CorsCheck {
    /// On a preflight, and on any other response.
    fn codes(self) -> (&'static str, &'static str) {
        match self {
            Self::AllowOriginMissing => ("preflight-allow-origin-missing", "allow-origin-missing"),
            Self::AllowOriginRepeated => {
                ("preflight-allow-origin-repeated", "allow-origin-repeated")
            }
            Self::AllowOriginWildcard => {
                ("preflight-allow-origin-wildcard", "allow-origin-wildcard")
            }
            Self::AllowOriginDiffers => ("preflight-allow-origin-differs", "allow-origin-differs"),
            Self::AllowCredentialsMissing => (
                "preflight-allow-credentials-missing",
                "allow-credentials-missing",
            ),
            Self::AllowCredentialsNotTrue => (
                "preflight-allow-credentials-not-true",
                "allow-credentials-not-true",
            ),
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A reason, with what helps to fix it.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) blocked: Blocked,
    /// The header, or the part of a message, that is wrong.
    pub(super) subject: &'static str,
    pub(super) was: String,
    pub(super) expected: String,
    /// What to change, if there is something that usually is it.
    pub(super) advice: String,
    /// What else is wrong, and would fail the fetch if this were not.
    pub(super) also: Vec<Failure>,
}

impl Failure {
    /// What is wrong, in one line.
    pub(super) fn in_short(&self) -> String {
        let all = std::iter::once(self).chain(&self.also);
        let told = all.map(|failure| {
            let Self {
                subject,
                was,
                expected,
                ..
            } = failure;
            format!("{subject} was {was} and should be {expected}")
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            blocked,
            subject,
            was,
            expected,
            advice,
            also,
        } = self;
        writeln!(f, "  reason: {blocked}")?;
        writeln!(f, "  step: {}", blocked.step())?;
        writeln!(f, "  {subject}: was {was}; should be {expected}")?;
        if !advice.is_empty() {
            writeln!(f, "  help: {advice}")?;
        }
        also.iter().try_for_each(|other| write!(f, "{other}"))
    }
}
