//! Decisions about requests, and the reasons for rejections.

use std::fmt;

use http::StatusCode;

/// The decision about one request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// The request has no `Origin` header, so it is not a CORS request.
    NotCors,
    /// The origin is allowed.
    Allowed,
    /// No policy allows the origin, but it is the service's own: the page can read the response without CORS headers.
    SameOrigin,
    /// The page must not send this request, or must not read its response.
    Rejected(Rejection),
}

impl Decision {
    /// Returns a stable name for logs and metrics: `not-cors`, `allowed`, `same-origin`, or the [code of the
    /// rejection](Rejection::code).
    pub fn code(self) -> &'static str {
        match self {
            Self::NotCors => "not-cors",
            Self::Allowed => "allowed",
            Self::SameOrigin => "same-origin",
            Self::Rejected(rejection) => rejection.code(),
        }
    }

    /// Returns the decision without its reason: `not-cors`, `allowed`, `same-origin` or `rejected`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotCors => "not-cors",
            Self::Allowed => "allowed",
            Self::SameOrigin => "same-origin",
            Self::Rejected(_) => "rejected",
        }
    }

    /// Returns whether the origin is allowed.
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }

    /// Returns the reason, if the request is rejected.
    pub fn rejection(self) -> Option<Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            Self::NotCors | Self::Allowed | Self::SameOrigin => None,
        }
    }
}

impl fmt::Display for Decision {
    /// Writes what the debug header contains: `allowed`, or `rejected; origin-not-allowed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => write!(f, "{}; {}", self.name(), rejection.code()),
            Self::Allowed | Self::NotCors | Self::SameOrigin => f.write_str(self.name()),
        }
    }
}

/// The reason for a rejection.
///
/// ```
/// use tower_cors::Rejection;
///
/// assert_eq!(Rejection::OriginNotAllowed.code(), "origin-not-allowed");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Rejection {
    /// The policy does not allow the origin.
    OriginNotAllowed,
    /// The origin is the opaque `null`, which the policy does not allow.
    NullOriginNotAllowed,
    /// The origin is `file://`, the one of all local files, which the policy does not allow.
    FileOriginNotAllowed,
    /// The `Origin` header is not an [`Origin`](crate::Origin).
    OriginMalformed,
    /// There is more than one `Origin` header: no browser sent them.
    OriginRepeated,
    /// The request was sent to a host by which the service is not reached, as under DNS rebinding: see
    /// [`PolicyBuilder::hosts`](crate::PolicyBuilder::hosts).
    HostNotAllowed,
    /// `Host` is missing, repeated, not a host, or differs from the host of the request's target.
    HostMalformed,
    /// The request has no `Origin`, but the browser reports in `Sec-Fetch-Site` that a page of another origin sent it: an
    /// image, a script, a frame.
    CrossSiteRequest,
    /// The request opens a WebSocket over HTTP/2 and has neither `Origin` nor `Sec-Fetch-Site`, so its page is unknown. Firefox
    /// behind a proxy sends such requests. Browsers open WebSockets over HTTP/1.1, with `Origin`, if the server does not enable
    /// the [extended CONNECT protocol](https://www.rfc-editor.org/rfc/rfc8441).
    WebSocketWithoutOrigin,
    /// The policy that allows the origin lets it only read: see
    /// [`PolicyBuilder::read_only`](crate::PolicyBuilder::read_only).
    ReadOnly,
    /// No pattern of the `PathPolicies` matches the path.
    PathNotEnabled,
    /// The lookup of the policy failed or panicked.
    LookupFailed,
    /// `SnapshotPolicies` has no snapshot that is younger than its Max-Age.
    NoSnapshot,
    /// The policy's predicate panicked when it was called with the origin.
    PredicatePanicked,
    /// The policy's predicate allows the origin, but with credentials a network attacker could impersonate users over `http`:
    /// see [`PolicyBuilder::dangerously_allow_insecure_origin`](crate::PolicyBuilder::dangerously_allow_insecure_origin).
    InsecureOriginNotAllowed,
    /// The policy's predicate allows the origin, but also invented ones that resemble it and that anyone can register. With
    /// credentials other sites could impersonate users: see
    /// [`PolicyBuilder::allow_origins_where`](crate::PolicyBuilder::allow_origins_where).
    PredicateAcceptsStrangers,
    /// The preflight asks for a method that the policy does not allow. The browser rejects it, from the policy's list.
    MethodNotAllowed,
    /// The preflight asks for a header that the policy does not allow. The browser rejects it, from the policy's list.
    HeaderNotAllowed,
    /// `Access-Control-Request-Method` is not one method: no browser sent it.
    RequestMethodMalformed,
    /// `Access-Control-Request-Headers` is not a list of header names, or names `*`, which a policy with credentials
    /// never answers.
    RequestHeadersMalformed,
    /// `Access-Control-Request-Headers` is longer than the 4 KiB that a policy echoes.
    RequestHeadersTooLong,
}

impl Rejection {
    /// Returns a stable name for logs and metrics, such as `origin-not-allowed`.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// Returns the status of the layer's own response to a rejected request.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::LookupFailed | Self::NoSnapshot => StatusCode::SERVICE_UNAVAILABLE,
            // <https://www.rfc-editor.org/rfc/rfc9112#section-3.2>
            Self::HostMalformed => StatusCode::BAD_REQUEST,
            // Browsers that share a connection between hosts send the request again on a connection of its own:
            // <https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20>
            Self::HostNotAllowed => StatusCode::MISDIRECTED_REQUEST,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// Returns whether no cache may store the rejection, because it depends on more than `Vary` and the URL say, or may
    /// be allowed a moment later.
    pub(crate) fn is_uncacheable(self) -> bool {
        matches!(self, Self::LookupFailed | Self::NoSnapshot) || !self.is_about_origin()
    }

    /// Returns whether the origin or what a preflight asks for is rejected, and not the way in which the request came.
    pub(crate) fn is_about_origin(self) -> bool {
        !matches!(
            self,
            Self::HostNotAllowed
                | Self::HostMalformed
                | Self::CrossSiteRequest
                | Self::WebSocketWithoutOrigin
        )
    }

    /// Returns whether another origin may get another response, so that `Vary` must name `Origin`.
    pub(crate) fn depends_on_origin(self) -> bool {
        self != Self::PathNotEnabled
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::OriginNotAllowed => ("origin-not-allowed", "the origin is not allowed"),
            Self::NullOriginNotAllowed => (
                "null-origin-not-allowed",
                "the opaque origin `null` is not allowed",
            ),
            Self::FileOriginNotAllowed => (
                "file-origin-not-allowed",
                "the origin of local files, `file://`, is not allowed",
            ),
            Self::OriginMalformed => ("origin-malformed", "the `Origin` header is not an origin"),
            Self::OriginRepeated => ("origin-repeated", "there is more than one `Origin` header"),
            Self::HostNotAllowed => (
                "host-not-allowed",
                "the service is not reached by this host",
            ),
            Self::HostMalformed => ("host-malformed", "the request does not name one host"),
            Self::CrossSiteRequest => (
                "cross-site-request",
                "a page of another origin sent the request, and the browser sent no `Origin`",
            ),
            Self::WebSocketWithoutOrigin => (
                "websocket-without-origin",
                "a WebSocket over HTTP/2 has no `Origin`",
            ),
            Self::ReadOnly => ("read-only", "the origin may only read"),
            Self::PathNotEnabled => ("path-not-enabled", "the path is not CORS-enabled"),
            Self::LookupFailed => ("lookup-failed", "the lookup of the policy failed"),
            Self::NoSnapshot => (
                "no-snapshot",
                "there is no snapshot of the allowed origins that is younger than its Max-Age",
            ),
            Self::PredicatePanicked => (
                "predicate-panicked",
                "the predicate of `allow_origins_where` panicked",
            ),
            Self::InsecureOriginNotAllowed => (
                "insecure-origin-not-allowed",
                "an `http` origin is not allowed with credentials",
            ),
            Self::PredicateAcceptsStrangers => (
                "predicate-accepts-strangers",
                "the predicate of `allow_origins_where` also accepts names that anyone can register",
            ),
            Self::MethodNotAllowed => ("method-not-allowed", "the method is not allowed"),
            Self::HeaderNotAllowed => ("header-not-allowed", "a request header is not allowed"),
            Self::RequestMethodMalformed => (
                "request-method-malformed",
                "`Access-Control-Request-Method` is not one method",
            ),
            Self::RequestHeadersMalformed => (
                "request-headers-malformed",
                "`Access-Control-Request-Headers` is not a list of header names",
            ),
            Self::RequestHeadersTooLong => (
                "request-headers-too-long",
                "`Access-Control-Request-Headers` is longer than 4 KiB",
            ),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().1)
    }
}
