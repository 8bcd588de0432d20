//! How a policy is made, and what is checked before it is.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use super::{
    AllowList, AllowedOrigins, Compiled, ExtraHeaders, MaxAge, Policy, PolicyError, PolicyErrors,
    Predicate,
};
use crate::origin::{Origin, OriginPattern, OriginSet};

/// The most that a browser keeps of a Max-Age: Firefox's day.
const MAX_MAX_AGE: u64 = 86_400;

/// Makes a [`Policy`]. Every method adds to what was said before; the last word counts where there can be only one.
///
/// ```
/// use tower_cors::Policy;
///
/// let policy = Policy::builder().allow_origins(["https://app.example.com"]).build()?;
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct PolicyBuilder {
    origins: Vec<OriginPattern>,
    any_origin: bool,
    null_origin: bool,
    predicate: Option<Predicate>,
    methods: Vec<Method>,
    any_method: bool,
    headers: Vec<HeaderName>,
    any_header: bool,
    exposed: Vec<HeaderName>,
    expose_any: bool,
    credentials: bool,
    max_age: Option<u64>,
    preflight_status: StatusCode,
    private_network: bool,
    timing: bool,
    trust_same_origin: bool,
    insecure_origins: bool,
    public_suffixes: bool,
    /// What was wrong with a value when it was given.
    mistakes: Vec<PolicyError>,
}

impl Default for PolicyBuilder {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            any_origin: false,
            null_origin: false,
            predicate: None,
            methods: Vec::new(),
            any_method: false,
            headers: Vec::new(),
            any_header: false,
            exposed: Vec::new(),
            expose_any: false,
            credentials: false,
            max_age: None,
            preflight_status: StatusCode::NO_CONTENT,
            private_network: false,
            timing: false,
            trust_same_origin: true,
            insecure_origins: false,
            public_suffixes: false,
            mistakes: Vec::new(),
        }
    }
}

impl Policy {
    /// Returns a builder of a policy that allows nothing yet.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }
}

impl PolicyBuilder {
    /// Allows these origins, and those that these [patterns](OriginPattern) match.
    ///
    /// ```
    /// # use tower_cors::Policy;
    /// Policy::builder()
    ///     .allow_origins(["https://app.example.com", "https://*.example.com", "http://localhost:*"])
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Cost
    ///
    /// A request costs the same for one origin and for a million.
    pub fn allow_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for text in origins {
            match text.as_ref().parse() {
                Ok(pattern) => self.origins.push(pattern),
                Err(error) => self.mistakes.push(PolicyError::MalformedPattern(error)),
            }
        }
        self
    }

    /// Allows every origin, with `Access-Control-Allow-Origin: *`: for what everyone may read. It excludes credentials.
    pub fn allow_any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// Allows the opaque origin, which serializes to `null`.
    ///
    /// Any site can send it, from a sandboxed frame, so it excludes credentials and is no identity.
    pub fn allow_null_origin(mut self, allow: bool) -> Self {
        self.null_origin = allow;
        self
    }

    /// Allows the origins of which `predicate` says `true`, beside those that are listed.
    ///
    /// It is asked only of well-formed origins that no list allows, never of `null`, and its panic is a rejection. With
    /// credentials it is asked of some invented origins when the policy is built, for one that accepts strangers would
    /// let every site act as your users.
    ///
    /// ```
    /// # use tower_cors::Policy;
    /// let policy = Policy::builder()
    ///     .allow_origins_where(|origin| {
    ///         origin.scheme() == Some("https")
    ///             && origin.host().and_then(|host| host.strip_suffix(".example.com")).is_some_and(|tenant| !tenant.contains('.'))
    ///     })
    ///     .build()?;
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Cost
    ///
    /// It runs at every request of an origin that is not listed, before the service; keep it short.
    pub fn allow_origins_where<F>(mut self, predicate: F) -> Self
    where
        F: Fn(&Origin) -> bool + Send + Sync + 'static,
    {
        self.predicate = Some(Arc::new(predicate));
        self
    }

    /// Allows these methods.
    ///
    /// GET, HEAD and POST need no permission in the protocol: a page of an allowed origin can send them, and read the
    /// answers, although no list names them, and no list can forbid them. Name HEAD all the same if pages send it with
    /// their own headers: Firefox asks again each time where it is missing.
    ///
    /// Methods are case-sensitive, and browsers put only DELETE, GET, HEAD, OPTIONS, POST and PUT in upper case:
    /// `fetch(url, {method: "patch"})` sends `patch`, which is not PATCH.
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#cors-safelisted-method>
    pub fn allow_methods<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator<Item = Method>,
    {
        self.methods.extend(methods);
        self
    }

    /// Allows every method.
    ///
    /// Without credentials it is sent as `*`. With them `*` would be a name, so the method that is asked for is
    /// answered.
    pub fn allow_any_method(mut self) -> Self {
        self.any_method = true;
        self
    }

    /// Allows these request headers.
    ///
    /// `Accept`, `Accept-Language`, `Content-Language` and a `Content-Type` of HTML forms need no permission; JSON needs
    /// `Content-Type`.
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>
    pub fn allow_headers<I>(mut self, headers: I) -> Self
    where
        I: IntoIterator<Item = HeaderName>,
    {
        self.headers.extend(headers);
        self
    }

    /// Allows every request header, `Authorization` included.
    ///
    /// Without credentials it is sent as `*, authorization`, for the wildcard alone does not cover that one. With
    /// credentials `*` would be a name, so the headers that are asked for are answered, up to 4 KiB of them.
    pub fn allow_any_header(mut self) -> Self {
        self.any_header = true;
        self
    }

    /// Lets pages read these response headers, beside those that they always can (`Cache-Control`, `Content-Language`,
    /// `Content-Length`, `Content-Type`, `Expires`, `Last-Modified`, `Pragma`).
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
    pub fn expose_headers<I>(mut self, headers: I) -> Self
    where
        I: IntoIterator<Item = HeaderName>,
    {
        self.exposed.extend(headers);
        self
    }

    /// Lets pages read every response header. It excludes credentials, where `*` would be a name.
    pub fn expose_any_header(mut self) -> Self {
        self.expose_any = true;
        self
    }

    /// Lets pages send requests with credentials (cookies, HTTP authentication, client certificates) and read the
    /// answers. The default is `false`.
    ///
    /// An `Authorization` header that a page sets itself is no credential but a header: allow it with
    /// [`allow_headers`](Self::allow_headers).
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#credentials>
    pub fn allow_credentials(mut self, allow: bool) -> Self {
        self.credentials = allow;
        self
    }

    /// How long a browser may keep the answer to a preflight: whole seconds, rounded down, at most 86,400.
    ///
    /// Zero says that it may not keep it. Without this call nothing is said, and browsers keep it for 5 seconds.
    /// Chromium keeps at most 7,200 s, Firefox 86,400 s, WebKit 600 s. A permission that is taken away here is used by
    /// browsers until then.
    ///
    /// # Standard
    ///
    /// <https://fetch.spec.whatwg.org/#http-access-control-max-age>
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age.as_secs());
        self
    }

    /// The status of the answer to an allowed preflight, 204 by default; any 2xx will do for browsers.
    pub fn preflight_status(mut self, status: StatusCode) -> Self {
        self.preflight_status = status;
        self
    }

    /// Answers `Access-Control-Allow-Private-Network: true` to the preflights of allowed origins that ask for it.
    ///
    /// This is legacy: browsers now ask the user and send no header.
    /// <https://wicg.github.io/local-network-access/>
    pub fn allow_private_network(mut self, allow: bool) -> Self {
        self.private_network = allow;
        self
    }

    /// Lets allowed origins read the timing of responses, with `Timing-Allow-Origin`.
    ///
    /// # Standard
    ///
    /// <https://w3c.github.io/resource-timing/#sec-timing-allow-origin>
    pub fn allow_timing(mut self, allow: bool) -> Self {
        self.timing = allow;
        self
    }

    /// Whether requests of the service's own pages pass where others are [blocked](crate::Enforcement::Block) although
    /// no list names their origin. The default is `true`.
    ///
    /// Under DNS rebinding a stranger's page is of the service's own origin, by every sign that reaches the service. Say
    /// `false` where a service on a private network or on the user's own machine has no page, or list its origin.
    pub fn trust_same_origin(mut self, trust: bool) -> Self {
        self.trust_same_origin = trust;
        self
    }

    /// Accepts listed `http` origins with credentials. Whoever sits on the network between such a page and its reader
    /// can then act as your users.
    pub fn dangerously_allow_insecure_origins(mut self) -> Self {
        self.insecure_origins = true;
        self
    }

    /// Accepts patterns such as `https://*.github.io` with credentials, whose subdomains belong to strangers who can
    /// then act as your users.
    pub fn dangerously_allow_public_suffixes(mut self) -> Self {
        self.public_suffixes = true;
        self
    }

    /// The policy.
    ///
    /// # Errors
    ///
    /// Every mistake at once, each with the value and what to write: see [`PolicyError`].
    ///
    /// # Cost
    ///
    /// Linear in the number of origins; a million take about a second.
    pub fn build(self) -> Result<Policy, PolicyErrors> {
        let mut errors = self.mistakes.clone();
        self.check_origins(&mut errors);
        self.build_unless(errors)
    }

    /// Builds a policy whose origins an asynchronous predicate decides about. The policy itself allows none.
    #[cfg(feature = "cache")]
    pub(crate) fn build_for_lookup(self) -> Result<Policy, PolicyErrors> {
        let mut errors = self.mistakes.clone();
        let has_malformed = errors
            .iter()
            .any(|error| matches!(error, PolicyError::MalformedPattern(_)));
        if self.any_origin
            || self.null_origin
            || self.predicate.is_some()
            || !self.origins.is_empty()
            || has_malformed
        {
            errors.push(PolicyError::OriginsBesideLookup);
        }
        self.build_unless(errors)
    }

    /// Returns whether `http` origins must not be allowed, because the policy allows credentials.
    #[cfg(feature = "cache")]
    pub(crate) fn rejects_insecure_origins(&self) -> bool {
        self.credentials && !self.insecure_origins
    }

    fn build_unless(self, mut errors: Vec<PolicyError>) -> Result<Policy, PolicyErrors> {
        if self.credentials {
            self.check_credentials(&mut errors);
        }
        errors.extend(self.methods.iter().filter_map(method_mistake));
        errors.extend(self.headers.iter().filter_map(request_header_mistake));
        errors.extend(self.exposed.iter().filter_map(exposed_header_mistake));
        errors.extend(
            self.max_age
                .filter(|seconds| *seconds > MAX_MAX_AGE)
                .map(PolicyError::MaxAgeTooLong),
        );
        if !self.preflight_status.is_success() {
            errors.push(PolicyError::PreflightStatus(self.preflight_status));
        }
        PolicyErrors::check(errors)?;
        Ok(Policy(Arc::new(self.compile())))
    }

    fn check_origins(&self, errors: &mut Vec<PolicyError>) {
        let listed = !self.origins.is_empty() || self.predicate.is_some();
        let malformed = errors
            .iter()
            .any(|error| matches!(error, PolicyError::MalformedPattern(_)));
        if self.any_origin && listed {
            errors.push(PolicyError::AnyOriginBesideOthers);
        }
        if !self.any_origin && !listed && !self.null_origin && !malformed {
            errors.push(PolicyError::NoOrigins);
        }
    }

    /// What is harmless for what everyone may read, and a hole for what is read in a user's name.
    fn check_credentials(&self, errors: &mut Vec<PolicyError>) {
        if self.any_origin {
            errors.push(PolicyError::AnyOriginWithCredentials);
        }
        if self.null_origin {
            errors.push(PolicyError::NullOriginWithCredentials);
        }
        if !self.insecure_origins {
            let insecure = self
                .origins
                .iter()
                .filter(|pattern| pattern.is_insecure())
                .cloned();
            errors.extend(insecure.map(PolicyError::InsecureOriginWithCredentials));
        }
        if !self.public_suffixes {
            errors.extend(self.origins.iter().filter_map(public_suffix_mistake));
        }
        errors.extend(self.predicate.as_ref().and_then(predicate_mistake));
        if self.expose_any {
            errors.push(PolicyError::AnyExposedHeaderWithCredentials);
        }
    }

    fn compile(self) -> Compiled {
        let origins = if self.any_origin {
            AllowedOrigins::Any
        } else {
            let set: OriginSet = self.origins.into_iter().collect();
            AllowedOrigins::Some {
                set,
                predicate: self.predicate,
                null: self.null_origin,
            }
        };
        let any_header = HeaderValue::from_static("*, authorization");
        let preflight_vary = preflight_vary(
            self.any_method && self.credentials,
            self.any_header && self.credentials,
            self.private_network,
        );
        let exposed = if self.expose_any {
            Some(HeaderValue::from_static("*"))
        } else {
            list(&self.exposed)
        };
        let has_extra = exposed.is_some() || self.timing;
        Compiled {
            origins,
            credentials: self.credentials,
            methods: AllowList::new(
                self.methods,
                self.any_method,
                self.credentials,
                HeaderValue::from_static("*"),
            ),
            headers: AllowList::new(self.headers, self.any_header, self.credentials, any_header),
            preflight_vary,
            extra: has_extra.then_some(ExtraHeaders {
                exposed,
                timing: self.timing,
            }),
            max_age: self.max_age.map(|seconds| MaxAge {
                seconds,
                value: seconds.into(),
            }),
            preflight_status: self.preflight_status,
            private_network: self.private_network,
            trust_same_origin: self.trust_same_origin,
        }
    }
}

impl<T: AsRef<str> + PartialEq> AllowList<T> {
    fn new(names: Vec<T>, any: bool, credentials: bool, wildcard: HeaderValue) -> Self {
        match (any, credentials) {
            (true, true) => Self::Echo,
            (true, false) => Self::Constant {
                value: Some(wildcard),
                listed: Box::default(),
                any,
            },
            (false, _) => {
                let mut listed: Vec<T> = Vec::with_capacity(names.len());
                for name in names {
                    if !listed.contains(&name) {
                        listed.push(name);
                    }
                }
                Self::Constant {
                    value: list(&listed),
                    listed: listed.into(),
                    any,
                }
            }
        }
    }
}

/// Returns the `Vary` of a preflight whose answer depends on more than its origin.
fn preflight_vary(methods: bool, headers: bool, private_network: bool) -> Option<HeaderValue> {
    let names = [
        (methods, "Access-Control-Request-Method"),
        (headers, "Access-Control-Request-Headers"),
        (private_network, "Access-Control-Request-Private-Network"),
    ];
    let mut vary = String::from("Origin");
    for (_, name) in names.iter().filter(|(depends, _)| *depends) {
        vary.push_str(", ");
        vary.push_str(name);
    }
    (vary != "Origin").then(|| HeaderValue::try_from(vary).unwrap_or(HeaderValue::from_static("*")))
}

/// The names as the value of a header; `None` if there are none.
fn list<T: AsRef<str>>(names: &[T]) -> Option<HeaderValue> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    // Methods and header names are tokens, so their list is always a value.
    if names.is_empty() {
        None
    } else {
        HeaderValue::try_from(names.join(",")).ok()
    }
}

/// The methods that RFC 9110 and RFC 5789 define and pages can send, in the case that the standard gives them.
const STANDARD_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
/// <https://fetch.spec.whatwg.org/#forbidden-method>
const FORBIDDEN_METHODS: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

fn method_mistake(method: &Method) -> Option<PolicyError> {
    let name = method.as_str();
    if name == "*" {
        return Some(PolicyError::WildcardMethod);
    }
    if FORBIDDEN_METHODS
        .iter()
        .any(|forbidden| forbidden.eq_ignore_ascii_case(name))
    {
        return Some(PolicyError::ForbiddenMethod(method.clone()));
    }
    let standard = STANDARD_METHODS
        .into_iter()
        .find(|standard| standard.eq_ignore_ascii_case(name))?;
    (standard != name).then(|| PolicyError::MethodCase {
        given: method.clone(),
        standard,
    })
}

/// <https://fetch.spec.whatwg.org/#forbidden-request-header>, without those that have a prefix.
const FORBIDDEN_REQUEST_HEADERS: [HeaderName; 18] = [
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    HeaderName::from_static("cookie2"),
    header::DATE,
    header::DNT,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::ORIGIN,
    header::REFERER,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

fn request_header_mistake(name: &HeaderName) -> Option<PolicyError> {
    let text = name.as_str();
    let forbidden = FORBIDDEN_REQUEST_HEADERS.contains(name)
        || name == header::VIA
        || ["proxy-", "sec-", "access-control-"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
    match text {
        "*" => Some(PolicyError::WildcardRequestHeader),
        _ => forbidden.then(|| PolicyError::ForbiddenRequestHeader(name.clone())),
    }
}

/// What pages can never read (<https://fetch.spec.whatwg.org/#forbidden-response-header-name>), and what stands in
/// requests only.
const NEVER_EXPOSED: [HeaderName; 15] = [
    header::SET_COOKIE,
    HeaderName::from_static("set-cookie2"),
    header::COOKIE,
    HeaderName::from_static("cookie2"),
    header::DNT,
    header::EXPECT,
    header::HOST,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::ORIGIN,
    header::REFERER,
    header::TE,
];

fn exposed_header_mistake(name: &HeaderName) -> Option<PolicyError> {
    match name.as_str() {
        "*" => Some(PolicyError::WildcardExposedHeader),
        text => (NEVER_EXPOSED.contains(name) || text.starts_with("access-control-"))
            .then(|| PolicyError::ForbiddenExposedHeader(name.clone())),
    }
}

/// Origins that nobody owns (<https://www.rfc-editor.org/rfc/rfc6761#section-6.4>): who accepts them accepts anyone.
const STRANGERS: [&str; 4] = [
    "https://tower-cors-asks-for-a-stranger.invalid",
    "https://app.tower-cors-asks-for-a-stranger.invalid:8443",
    "http://tower-cors-asks-for-a-stranger.invalid",
    "https://203.0.113.177",
];

fn predicate_mistake(predicate: &Predicate) -> Option<PolicyError> {
    STRANGERS.iter().find_map(|stranger| {
        let origin: Origin = stranger.parse().ok()?;
        match catch_unwind(AssertUnwindSafe(|| predicate(&origin))) {
            Ok(accepted) => {
                accepted.then(|| PolicyError::PredicateAcceptsStrangers((*stranger).to_owned()))
            }
            Err(_) => Some(PolicyError::PredicatePanics((*stranger).to_owned())),
        }
    })
}

fn public_suffix_mistake(pattern: &OriginPattern) -> Option<PolicyError> {
    let below = match crate::public_suffix::relation(pattern.base_domain()?) {
        crate::public_suffix::Relation::Is => false,
        crate::public_suffix::Relation::LiesBelow => true,
        crate::public_suffix::Relation::None => return None,
    };
    Some(PolicyError::PublicSuffixWithCredentials {
        pattern: pattern.clone(),
        below,
    })
}

impl fmt::Debug for PolicyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyBuilder")
            .field("origins", &self.origins.len())
            .field("any_origin", &self.any_origin)
            .field("methods", &self.methods)
            .field("headers", &self.headers)
            .field("credentials", &self.credentials)
            .field("mistakes", &self.mistakes)
            .finish_non_exhaustive()
    }
}
