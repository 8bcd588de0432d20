//! What becomes of a request, and why.

use std::fmt;

use http::StatusCode;

/// What a policy decides about one request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// The request has no `Origin` header: no page of another origin waits to read the response.
    NotCors,
    /// The origin is allowed.
    Allowed,
    /// The page must not send this request, or must not read its response.
    Rejected(Rejection),
}

impl Decision {
    /// Returns a stable name for logs and metrics: `not-cors`, `allowed`, or the [code of the
    /// rejection](Rejection::code).
    pub fn code(self) -> &'static str {
        match self {
            Self::NotCors => "not-cors",
            Self::Allowed => "allowed",
            Self::Rejected(rejection) => rejection.code(),
        }
    }

    /// Returns the decision without its reason: `not-cors`, `allowed` or `rejected`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotCors => "not-cors",
            Self::Allowed => "allowed",
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
            Self::NotCors | Self::Allowed => None,
        }
    }
}

impl fmt::Display for Decision {
    /// Writes what the debug header contains: `allowed`, or `rejected; origin-not-allowed`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => write!(f, "{}; {}", self.name(), rejection.code()),
            Self::Allowed | Self::NotCors => f.write_str(self.name()),
        }
    }
}

/// Why a request is rejected.
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
    /// The `Origin` header is not a serialized origin: no browser sent it.
    OriginMalformed,
    /// There is more than one `Origin` header: no browser sent them.
    OriginRepeated,
    /// No pattern of the `PathPolicies` matches the path.
    PathNotEnabled,
    /// The lookup of the policy failed or panicked.
    LookupFailed,
    /// The policy's predicate panicked when it was called with the origin.
    PredicatePanicked,
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
        if self.is_temporary() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::FORBIDDEN
        }
    }

    /// Returns whether the same request may be allowed a moment later, so that no cache may store the rejection.
    pub(crate) fn is_temporary(self) -> bool {
        self == Self::LookupFailed
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
            Self::OriginMalformed => ("origin-malformed", "the `Origin` header is not an origin"),
            Self::OriginRepeated => ("origin-repeated", "there is more than one `Origin` header"),
            Self::PathNotEnabled => ("path-not-enabled", "the path is not CORS-enabled"),
            Self::LookupFailed => ("lookup-failed", "the lookup of the policy failed"),
            Self::PredicatePanicked => (
                "predicate-panicked",
                "the predicate of `allow_origins_where` panicked",
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
