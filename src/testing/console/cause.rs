//! What a message means, and what helps.

use std::fmt;

/// The cause that a message of a console leads to. Each is a heading of the
/// [troubleshooting guide](crate::guide::troubleshooting).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// The response does not allow the page's origin.
    OriginNotAllowed,
    /// The response allows another origin.
    OtherOriginAllowed,
    /// `Access-Control-Allow-Origin` has two values.
    OriginRepeated,
    /// `Access-Control-Allow-Origin` is `*` and the request has credentials.
    WildcardWithCredentials,
    /// `Access-Control-Allow-Credentials` is not `true`.
    CredentialsNotAllowed,
    /// The preflight's status is not 200 to 299.
    PreflightStatus,
    /// The preflight is redirected.
    PreflightRedirected,
    /// A list of methods or headers is malformed.
    ListMalformed,
    /// The method is not listed.
    MethodNotAllowed,
    /// A header is not listed.
    HeaderNotAllowed,
    /// A redirect leads to what cannot be fetched, or to too many others.
    RedirectNotFollowed,
    /// The page wanted no redirect.
    RedirectUnwanted,
    /// The page wanted its own origin only.
    SameOriginOnly,
    /// The URL, or the page, is not HTTP(S).
    SchemeNotSupported,
    /// `fetch()` rejects its own arguments.
    InvalidRequest,
    /// A secure page asks for `http`.
    MixedContent,
    /// No response came.
    NoResponse,
    /// The handshake of a WebSocket was rejected.
    WebSocketRejected,
    /// The response is no stream of events.
    NotEventStream,
    /// The browser protects servers of the local network.
    LocalNetwork,
    /// `Cross-Origin-Resource-Policy`, or an embedder policy of the page.
    ResourcePolicy,
    /// The page's own Content Security Policy.
    ContentSecurityPolicy,
    /// The type of the response is not one of scripts, or of what was asked for.
    WrongType,
    /// The page reads a response header that is not exposed.
    HeaderNotExposed,
    /// The page sets a header that only browsers set.
    ForbiddenHeader,
    /// A worker's script is of another origin.
    WorkerOfOtherOrigin,
    /// The message has no reason. Another line has it.
    ReasonElsewhere,
}

impl Cause {
    /// All causes, in the order of the guide.
    pub const ALL: &[Self] = &[
        Self::OriginNotAllowed,
        Self::OtherOriginAllowed,
        Self::OriginRepeated,
        Self::WildcardWithCredentials,
        Self::CredentialsNotAllowed,
        Self::PreflightStatus,
        Self::PreflightRedirected,
        Self::ListMalformed,
        Self::MethodNotAllowed,
        Self::HeaderNotAllowed,
        Self::RedirectNotFollowed,
        Self::RedirectUnwanted,
        Self::SameOriginOnly,
        Self::SchemeNotSupported,
        Self::InvalidRequest,
        Self::MixedContent,
        Self::NoResponse,
        Self::WebSocketRejected,
        Self::NotEventStream,
        Self::LocalNetwork,
        Self::ResourcePolicy,
        Self::ContentSecurityPolicy,
        Self::WrongType,
        Self::HeaderNotExposed,
        Self::ForbiddenHeader,
        Self::WorkerOfOtherOrigin,
        Self::ReasonElsewhere,
    ];

    /// Returns a stable name, such as `origin-not-allowed`.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// Returns the cause in one sentence.
    pub fn summary(self) -> &'static str {
        self.words().1
    }

    /// Returns what helps, for any message of this cause. [`Diagnosis::fix`](super::Diagnosis::fix) knows the names in the
    /// message too.
    pub fn fix(self) -> &'static str {
        self.words().2
    }

    /// Code, cause, fix.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::OriginNotAllowed => (
                "origin-not-allowed",
                "The response does not allow the page's origin.",
                "If the page is yours, list its origin exactly as in the message: `.allow_origins([\"https://app.example.com\"])`. \
                 If it is listed, look for `Vary: Origin` in the response. Without it, the response did not come through the \
                 CORS layer: a proxy answered (502, 504), a layer outside failed first (401, 413, 429), or the route was \
                 added after `layer`.",
            ),
            Self::OtherOriginAllowed => (
                "other-origin-allowed",
                "The response allows another origin than the page's, or a value that is no origin.",
                "Compare the value with the page's origin. If it has no `https://`, or has a slash or a path, correct \
                 it where it is set. The layer sends only the request's own origin or `*`, so something outside it \
                 sets a constant, or a cache returned the response for another page because `Vary: Origin` was \
                 removed.",
            ),
            Self::OriginRepeated => (
                "origin-repeated",
                "`Access-Control-Allow-Origin` has two values.",
                "Find who sets the second one: send the request to the service directly, then through the proxy, and \
                 compare. Remove the header from the proxy, or from the handler if a second layer is around it.",
            ),
            Self::WildcardWithCredentials => (
                "wildcard-with-credentials",
                "The page sends credentials, and the response allows any origin.",
                "List the origins that may use credentials, and write `.allow_credentials(true)`. If they are listed \
                 already, a proxy sends the `*`. Or let the page send the request without credentials.",
            ),
            Self::CredentialsNotAllowed => (
                "credentials-not-allowed",
                "The page sends credentials, and the response does not allow them.",
                "If the listed pages may act as their users, write `.allow_credentials(true)`. Otherwise remove \
                 `credentials: \"include\"` or `withCredentials` from the page.",
            ),
            Self::PreflightStatus => (
                "preflight-status",
                "The preflight was answered with an error.",
                "In Chromium and Firefox, the error response has the right `Access-Control-Allow-Origin`: a proxy or \
                 a handler adds it, and something else answers OPTIONS with the error. Remove that header there, and \
                 let the CORS layer answer OPTIONS. In WebKit, any error leads here: 403 is also how the layer \
                 rejects an origin, so list the page's origin; otherwise move the layer outside of what answered.",
            ),
            Self::PreflightRedirected => (
                "preflight-redirected",
                "The preflight was redirected, which browsers do not follow.",
                "Let the page use the final URL. Often it is `https` instead of `http`, or has a slash at its end.",
            ),
            Self::ListMalformed => (
                "list-malformed",
                "`Access-Control-Allow-Methods` or `-Headers` contains something that is no name.",
                "The layer never sends it. Find what else answers preflights, such as a proxy, and separate the names with \
                 commas.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                "The preflight's response does not list the method.",
                "Write `.allow_methods([\"PUT\"])`, with the method of the message. Methods are case-sensitive: a page that \
                 sends `patch` must send `PATCH`.",
            ),
            Self::HeaderNotAllowed => (
                "header-not-allowed",
                "The preflight's response does not list a header of the request.",
                "Write `.allow_headers([\"authorization\"])`, with the header of the message. JSON needs \
                 `content-type`. If it is listed already, something else answered the preflight.",
            ),
            Self::RedirectNotFollowed => (
                "redirect-not-followed",
                "A redirect leads to a URL that cannot be fetched, or to too many others.",
                "Let the page use the final URL. It must be `http` or `https` without a password, and its response must \
                 allow the page too.",
            ),
            Self::RedirectUnwanted => (
                "redirect-unwanted",
                "The response is a redirect, and the page set `redirect: \"error\"` or another mode that forbids it.",
                "Let the page use the final URL, or remove the option.",
            ),
            Self::SameOriginOnly => (
                "same-origin-only",
                "The page asked for its own origin only, and the URL is of another.",
                "Remove `mode: \"same-origin\"` from the page, or correct the URL: host, port and scheme must be the page's.",
            ),
            Self::SchemeNotSupported => (
                "scheme-not-supported",
                "The URL has a scheme that pages cannot fetch, or the page was opened as a file.",
                "Begin the URL with `https://` or `http://`: `localhost:3000/x` has the scheme `localhost`. Open the page \
                 from a server, not as a file.",
            ),
            Self::InvalidRequest => (
                "invalid-request",
                "`fetch()` rejected its own arguments. Nothing was sent, so no server can fix it.",
                "Change the page: the method, the URL, the body or the mode that the message names.",
            ),
            Self::MixedContent => (
                "mixed-content",
                "A page with `https` asks for a URL with `http`.",
                "Serve the API over TLS. While you develop, serve the page over `http` too: browsers differ in \
                 whether an `https` page may ask `http://localhost`.",
            ),
            Self::NoResponse => (
                "no-response",
                "No response came, or the browser did not accept it. CORS headers cannot help.",
                "Open the URL in a tab: is the service running, and are host, port and certificate right? If another line \
                 about the same URL has a reason, that one counts.",
            ),
            Self::WebSocketRejected => (
                "web-socket-rejected",
                "The server did not accept the handshake. CORS does not apply to WebSockets.",
                "403 is also how `Enforcement` rejects the page's origin: list it. 421 is how the layer rejects a \
                 host that `.hosts()` does not list. Otherwise look for the route, authentication, or a proxy that \
                 does not forward `Upgrade`.",
            ),
            Self::NotEventStream => (
                "not-event-stream",
                "The response to an `EventSource` is no stream of events.",
                "Answer with the status 200 and `Content-Type: text/event-stream`. An error page has neither.",
            ),
            Self::LocalNetwork => (
                "local-network",
                "A page asks for a server in a more private network: from the internet to the local network or this \
                 computer, or from the local network to this computer.",
                "Serve the page over `https` and let the user allow it in the browser's prompt. If it was denied \
                 before, reset it in the settings of the site. Or serve the page from the same network; for a server \
                 of this computer, from `localhost`. No CORS header allows it.",
            ),
            Self::ResourcePolicy => (
                "resource-policy",
                "`Cross-Origin-Resource-Policy` of the response, or `Cross-Origin-Embedder-Policy` of the page, forbids it.",
                "This is not CORS. Send `Cross-Origin-Resource-Policy: cross-origin` with the resource, or request it with \
                 CORS: `crossorigin` on the element.",
            ),
            Self::ContentSecurityPolicy => (
                "content-security-policy",
                "The page's own Content Security Policy forbids the request.",
                "This is not CORS. Add the API's origin to `connect-src` in the policy that the page is served with.",
            ),
            Self::WrongType => (
                "wrong-type",
                "The response has another type than the element needs. Often it is an error page in HTML.",
                "This is not CORS. Look at the status and `Content-Type` in the network panel, and correct the URL.",
            ),
            Self::HeaderNotExposed => (
                "header-not-exposed",
                "The page may read the response, but not this header.",
                "Write `.expose_headers([\"x-request-id\"])`, with the header of the message.",
            ),
            Self::ForbiddenHeader => (
                "forbidden-header",
                "The page sets a header that only browsers set. The request is sent without it.",
                "Remove it from the page. To send cookies use `credentials: \"include\"`. `Host`, `Origin` and `Cookie` \
                 cannot be set.",
            ),
            Self::WorkerOfOtherOrigin => (
                "worker-of-other-origin",
                "The script of a worker must be of the page's origin.",
                "Serve it from the page's origin. No CORS header allows another.",
            ),
            Self::ReasonElsewhere => (
                "reason-elsewhere",
                "This message has no reason. Browsers hide it from scripts.",
                "Look at the other lines of the console, just above, and paste that with the reason. If there is \
                 none, no response came, or the page was left or reloaded while the request ran: look at the network \
                 panel.",
            ),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
