//! The table: for each way to fail, the sentence of each engine.

use super::cause::Cause;
use super::engine::Engine;
use crate::testing::blocked::Blocked::{self, *};
use crate::testing::blocked::CorsCheck::*;

/// A message that an engine prints in its console, with placeholders such as `{url}`.
///
/// Messages of a CORS check are the reason alone, without the sentence around it: "Access to fetch at … has been blocked by CORS
/// policy" (Chromium), "Cross-Origin Request Blocked" (Firefox).
///
/// ```
/// use tower_cors::testing::{Engine, Message};
///
/// let firefox = Message::all().filter(|message| message.engine() == Engine::Firefox);
/// for message in firefox {
///     println!("{}: {}", message.cause(), message.template());
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    engine: Engine,
    cause: Cause,
    reasons: &'static [Blocked],
    template: &'static str,
}

impl Message {
    /// Returns all known messages.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().flat_map(|row| {
            let texts = Engine::ALL.into_iter().zip(row.texts);
            let printed = texts.filter(|(_, text)| !text.is_empty());
            printed.map(|(engine, template)| Self {
                engine,
                cause: row.cause,
                reasons: row.reasons,
                template,
            })
        })
    }

    /// Returns the engine that prints it.
    pub fn engine(self) -> Engine {
        self.engine
    }

    /// Returns what it means.
    pub fn cause(self) -> Cause {
        self.cause
    }

    /// Returns the reasons for which a [`Browser`](crate::testing::Browser) blocks the response and the engine prints this.
    /// None if the browser does not model it.
    pub fn reasons(self) -> &'static [Blocked] {
        self.reasons
    }

    /// Returns the text, with placeholders in braces.
    pub fn template(self) -> &'static str {
        self.template
    }
}

/// Returns the text that an engine prints for a way to fail; empty if it prints nothing.
pub(super) fn text(way: Way, engine: Engine) -> &'static str {
    let row = TABLE.iter().find(|row| row.way == way);
    row.map_or("", |row| match engine {
        Engine::Chromium => row.texts[0],
        Engine::Firefox => row.texts[1],
        Engine::WebKit => row.texts[2],
    })
}

/// Ways to fail that an engine has a message for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    AllowOriginMissing,
    AllowOriginRepeated,
    AllowOriginWildcard,
    AllowOriginDiffers,
    AllowOriginInvalid,
    AllowCredentials,
    PreflightStatus,
    PreflightRedirected,
    MethodsMalformed,
    HeadersMalformed,
    MethodNotAllowed,
    HeaderNotAllowed,
    RedirectRejected,
    RedirectTooMany,
    RedirectWithCredentials,
    RedirectNotHttp,
    RedirectToFtp,
    RedirectToData,
    RedirectMalformed,
    RedirectUnwanted,
    NotSameOrigin,
    /// What WebKit prints without a reason.
    LoadFailed,
    NoCorsRedirectMode,
    NotHttp,
    MixedContent,
    WebSocketStatus,
    WebSocketAccept,
    EventStreamType,
    EventStreamStatus,
    ForbiddenMethod,
    NoCorsMethod,
    UrlWithCredentials,
    UrlMalformed,
    BodyOfGet,
    NoResponse,
    /// "Failed to load", after the message with the reason.
    Failed,
    /// The same of a script.
    ScriptFailed,
    /// What the browser does not model, or other versions print.
    Other,
}

/// A way to fail, and the texts of Chromium, Firefox and WebKit.
struct Row {
    way: Way,
    cause: Cause,
    reasons: &'static [Blocked],
    texts: [&'static str; 3],
}

const fn row(way: Way, cause: Cause, reasons: &'static [Blocked], texts: [&'static str; 3]) -> Row {
    Row {
        way,
        cause,
        reasons,
        texts,
    }
}

const MISSING: &[Blocked] = &[
    CorsCheck(AllowOriginMissing),
    PreflightCorsCheck(AllowOriginMissing),
];
const DIFFERS: &[Blocked] = &[
    CorsCheck(AllowOriginDiffers),
    PreflightCorsCheck(AllowOriginDiffers),
];
const REPEATED: &[Blocked] = &[
    CorsCheck(AllowOriginRepeated),
    PreflightCorsCheck(AllowOriginRepeated),
];
const WILDCARD: &[Blocked] = &[
    CorsCheck(AllowOriginWildcard),
    PreflightCorsCheck(AllowOriginWildcard),
];
const CREDENTIALS: &[Blocked] = &[
    CorsCheck(AllowCredentialsMissing),
    CorsCheck(AllowCredentialsNotTrue),
    PreflightCorsCheck(AllowCredentialsMissing),
    PreflightCorsCheck(AllowCredentialsNotTrue),
];
/// WebKit looks at the status before it looks at the headers.
const STATUS: &[Blocked] = &[PreflightStatus, PreflightCorsCheck(AllowOriginMissing)];
const NONE: &[Blocked] = &[];

const ORIGIN_NOT_ALLOWED: &str =
    "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}";
const DOES_NOT_MATCH: &str = "CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’";
const NOT_SUCCESSFUL: &str = "Preflight response is not successful. Status code: {status}";
const DID_NOT_SUCCEED: &str = "CORS request did not succeed";
const NO_CORS_SCHEME: &str = "Cross-origin redirection to {value} denied by Cross-Origin Resource Sharing policy: not allowed to \
                              follow a cross-origin CORS redirection with non CORS scheme";
const CANNOT_CONNECT: &str = "Firefox can’t establish a connection to the server at {url}.";

/// In `TABLE`, as in `Engine::ALL`: Chromium, Firefox, WebKit. Empty where an engine prints nothing of its own.
#[rustfmt::skip]
static TABLE: &[Row] = &[
    row(Way::AllowOriginMissing, Cause::OriginNotAllowed, MISSING, [
        "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
        "CORS header ‘Access-Control-Allow-Origin’ missing",
        ORIGIN_NOT_ALLOWED,
    ]),
    row(Way::AllowOriginRepeated, Cause::OriginRepeated, REPEATED, [
        "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed. Have the server \
         send the header with a valid value.",
        DOES_NOT_MATCH,
        "Access-Control-Allow-Origin cannot contain more than one origin.",
    ]),
    row(Way::AllowOriginWildcard, Cause::WildcardWithCredentials, WILDCARD, [
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's \
         credentials mode is 'include'.",
        "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’",
        "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
    ]),
    row(Way::AllowOriginDiffers, Cause::OtherOriginAllowed, DIFFERS, [
        "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin. Have the \
         server send the header with a valid value.",
        DOES_NOT_MATCH,
        ORIGIN_NOT_ALLOWED,
    ]),
    row(Way::AllowOriginInvalid, Cause::OtherOriginAllowed, DIFFERS, [
        "The 'Access-Control-Allow-Origin' header contains the invalid value '{value}'. Have the server send the header with \
         a valid value.",
        DOES_NOT_MATCH,
        ORIGIN_NOT_ALLOWED,
    ]),
    row(Way::AllowCredentials, Cause::CredentialsNotAllowed, CREDENTIALS, [
        "The value of the 'Access-Control-Allow-Credentials' header in the response is '{value}' which must be 'true' when \
         the request's credentials mode is 'include'.",
        "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’",
        "Credentials flag is true, but Access-Control-Allow-Credentials is not \"true\".",
    ]),
    row(Way::PreflightStatus, Cause::PreflightStatus, STATUS, [
        "It does not have HTTP ok status.",
        "CORS preflight response did not succeed",
        NOT_SUCCESSFUL,
    ]),
    row(Way::PreflightRedirected, Cause::PreflightRedirected, STATUS, [
        "Redirect is not allowed for a preflight request.",
        "CORS request external redirect not allowed",
        NOT_SUCCESSFUL,
    ]),
    row(Way::MethodsMalformed, Cause::ListMalformed, &[PreflightMethodsMalformed], [
        "Cannot parse Access-Control-Allow-Methods response header field in preflight response.",
        "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Methods’",
        "Header Access-Control-Allow-Methods has an invalid value: {value}",
    ]),
    row(Way::HeadersMalformed, Cause::ListMalformed, &[PreflightHeadersMalformed], [
        "Cannot parse Access-Control-Allow-Headers response header field in preflight response.",
        "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Headers’",
        "Header Access-Control-Allow-Headers has an invalid value: {value}",
    ]),
    row(Way::MethodNotAllowed, Cause::MethodNotAllowed, &[PreflightMethodNotAllowed], [
        "Method {method} is not allowed by Access-Control-Allow-Methods in preflight response.",
        "Did not find method in CORS header ‘Access-Control-Allow-Methods’",
        "Method {method} is not allowed by Access-Control-Allow-Methods.",
    ]),
    row(Way::HeaderNotAllowed, Cause::HeaderNotAllowed, &[PreflightHeaderNotAllowed], [
        "Request header field {header} is not allowed by Access-Control-Allow-Headers in preflight response.",
        "header ‘{header}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response",
        "Request header field {header} is not allowed by Access-Control-Allow-Headers.",
    ]),
    row(Way::RedirectRejected, Cause::OriginNotAllowed, MISSING, [
        "", "",
        "Cross-origin redirection to {value} denied by Cross-Origin Resource Sharing policy: Origin {origin} is not allowed by \
         Access-Control-Allow-Origin. Status code: {status}",
    ]),
    row(Way::RedirectTooMany, Cause::RedirectNotFollowed, &[TooManyRedirects], [
        "net::ERR_TOO_MANY_REDIRECTS",
        "",
        "Load cannot follow more than 20 redirections",
    ]),
    row(Way::RedirectWithCredentials, Cause::RedirectNotFollowed, &[RedirectWithCredentials], [
        "Redirect location '' contains a username and password, which is disallowed for cross-origin requests.",
        "",
        "Cross-origin redirection to {url} denied by Cross-Origin Resource Sharing policy: redirection URL {value} has \
         credentials",
    ]),
    row(Way::RedirectToData, Cause::RedirectNotFollowed, &[RedirectNotHttp], [
        "net::ERR_UNSAFE_REDIRECT",
        "Redirecting to data: URI not allowed (Blocked loading of: “{value}”)",
        NO_CORS_SCHEME,
    ]),
    row(Way::RedirectMalformed, Cause::RedirectNotFollowed, &[RedirectLocationMalformed], [
        "net::ERR_INVALID_REDIRECT",
        "",
        NO_CORS_SCHEME,
    ]),
    row(Way::RedirectNotHttp, Cause::SchemeNotSupported, &[RedirectNotHttp], [
        "Cross origin requests are only supported for protocol schemes: {value}.",
        "CORS request not http",
        NO_CORS_SCHEME,
    ]),
    row(Way::RedirectToFtp, Cause::SchemeNotSupported, &[RedirectNotHttp], ["", "", "FTP URLs are disabled"]),
    row(Way::RedirectUnwanted, Cause::RedirectUnwanted, &[RedirectNotAllowed], [
        "", "",
        "Not allowed to follow a redirection while loading {url}",
    ]),
    row(Way::NotSameOrigin, Cause::SameOriginOnly, &[NotSameOrigin], [
        "Fetch API cannot load {url}. Request mode is \"same-origin\" but the URL's origin is not same as the request origin \
         {origin}.",
        "Security Error: Content at {value} may not load data from {url}.",
        "",
    ]),
    row(Way::LoadFailed, Cause::ReasonElsewhere, &[NotSameOrigin], ["", "", "Fetch API cannot load {url}."]),
    row(Way::NoCorsRedirectMode, Cause::RedirectUnwanted, &[NoCorsRedirectMode], [
        "Fetch API cannot load {url}. Request mode is \"no-cors\" but the redirect mode is not \"follow\".",
        "",
        "No-Cors mode requires follow redirect mode",
    ]),
    row(Way::NotHttp, Cause::SchemeNotSupported, &[NotHttp], [
        "Fetch API cannot load {url}. URL scheme \"{value}\" is not supported.",
        "CORS request not http",
        "Cross origin requests are only supported for HTTP.",
    ]),
    row(Way::MixedContent, Cause::MixedContent, &[MixedContent], [
        "Mixed Content: The page at '{value}' was loaded over HTTPS, but requested an insecure resource '{url}'. This request \
         has been blocked; the content must be served over HTTPS.",
        "Blocked loading mixed active content “{url}”",
        "[blocked] The page at {value} requested insecure content from {url}. This content was blocked and must be served over \
         HTTPS.",
    ]),
    row(Way::WebSocketStatus, Cause::WebSocketRejected, &[WebSocketRejected], [
        "WebSocket connection to '{url}' failed: Error during WebSocket handshake: Unexpected response code: {status}",
        CANNOT_CONNECT,
        "WebSocket connection to '{url}' failed: The server did not accept the WebSocket handshake.",
    ]),
    row(Way::WebSocketAccept, Cause::WebSocketRejected, &[WebSocketRejected], [
        "WebSocket connection to '{url}' failed: Error during WebSocket handshake: Incorrect 'Sec-WebSocket-Accept' header value",
        CANNOT_CONNECT,
        "WebSocket connection to '{url}' failed: Server returned incorrect “Sec-WebSocket-Accept” key",
    ]),
    row(Way::EventStreamType, Cause::NotEventStream, &[NotEventStream], [
        "EventSource's response has a MIME type (\"{value}\") that is not \"text/event-stream\". Aborting the connection.",
        CANNOT_CONNECT,
        "EventSource's response has a MIME type (\"{value}\") that is not \"text/event-stream\". Aborting the connection.",
    ]),
    row(Way::EventStreamStatus, Cause::NotEventStream, &[NotEventStream], ["", CANNOT_CONNECT, ""]),
    row(Way::ForbiddenMethod, Cause::InvalidRequest, &[InvalidRequest], [
        "Failed to execute 'fetch' on 'Window': '{method}' HTTP method is unsupported.",
        "Window.fetch: Invalid request method {method}.",
        "Method is forbidden.",
    ]),
    row(Way::NoCorsMethod, Cause::InvalidRequest, &[InvalidRequest], [
        "Failed to execute 'fetch' on 'Window': '{method}' is unsupported in no-cors mode.",
        "Window.fetch: Invalid request method {method}.",
        "Method must be GET, POST or HEAD in no-cors mode.",
    ]),
    row(Way::UrlWithCredentials, Cause::InvalidRequest, &[InvalidRequest], [
        "Failed to execute 'fetch' on 'Window': Request cannot be constructed from a URL that includes credentials: {url}",
        "Window.fetch: {url} is an url with embedded credentials.",
        "URL is not valid or contains user credentials.",
    ]),
    row(Way::UrlMalformed, Cause::InvalidRequest, &[InvalidRequest], [
        "Failed to execute 'fetch' on 'Window': Failed to parse URL from {url}",
        "Window.fetch: {url} is not a valid URL.",
        "URL is not valid or contains user credentials.",
    ]),
    row(Way::BodyOfGet, Cause::InvalidRequest, &[InvalidRequest], [
        "Failed to execute 'fetch' on 'Window': Request with GET/HEAD method cannot have body.",
        "Window.fetch: HEAD or GET Request cannot have a body.",
        "Request has method '{method}' and cannot have a body",
    ]),
    row(Way::NoResponse, Cause::NoResponse, &[NetworkError], [
        "net::ERR_{value}",
        DID_NOT_SUCCEED,
        "",
    ]),
    row(Way::Failed, Cause::ReasonElsewhere, NONE, [
        "net::ERR_FAILED",
        "",
        "{value} cannot load {url} due to access control checks.",
    ]),
    row(Way::Other, Cause::ResourcePolicy, NONE, [
        "net::ERR_BLOCKED_BY_RESPONSE.{value}",
        "The resource at “{url}” was blocked due to its Cross-Origin-Resource-Policy header (or lack thereof).",
        "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header.",
    ]),
    row(Way::Other, Cause::ContentSecurityPolicy, NONE, [
        "Connecting to '{url}' violates the following Content Security Policy directive: \"{value}\". The action has been \
         blocked.",
        "Content-Security-Policy: The page’s settings blocked the loading of a resource (connect-src) at {url} because it \
         violates the following directive: “{value}”",
        "Refused to connect to {url} because it does not appear in the connect-src directive of the Content Security Policy.",
    ]),
    row(Way::Other, Cause::ContentSecurityPolicy, NONE, [
        "Fetch API cannot load {url}. Refused to connect because it violates the document's Content Security Policy.",
        "", "",
    ]),
    row(Way::Other, Cause::ContentSecurityPolicy, NONE, [
        "", "",
        "Refused to connect to {url} because it appears in neither the connect-src directive nor the default-src directive of \
         the Content Security Policy.",
    ]),
    row(Way::Other, Cause::LocalNetwork, NONE, [
        "The request client is not a secure context and the resource is in more-private address space `{value}`.",
        "", "",
    ]),
    row(Way::Other, Cause::LocalNetwork, NONE, [
        "Permission was denied for this request to access the `{value}` address space.",
        "", "",
    ]),
    row(Way::Other, Cause::ForbiddenHeader, NONE, [
        "Refused to set unsafe header \"{header}\"",
        "Attempt to set a forbidden header was denied: {header}",
        "Refused to set unsafe header \"{header}\"",
    ]),
    row(Way::Other, Cause::HeaderNotExposed, NONE, ["Refused to get unsafe header \"{header}\"", "", ""]),
    row(Way::Other, Cause::WrongType, NONE, [
        "Failed to load module script: Expected a JavaScript-or-Wasm module script but the server responded with a MIME type \
         of \"{value}\". Strict MIME type checking is enforced for module scripts per HTML spec.",
        "Loading module from “{url}” was blocked because of a disallowed MIME type (“{value}”).",
        "'{value}' is not a valid JavaScript MIME type.",
    ]),
    row(Way::Other, Cause::WrongType, NONE, [
        "Refused to execute script from '{url}' because its MIME type ('{value}') is not executable, and strict MIME type \
         checking is enabled.",
        "The resource from “{url}” was blocked due to MIME type (“{value}”) mismatch (X-Content-Type-Options: nosniff).",
        "Refused to execute {url} as script because \"X-Content-Type-Options: nosniff\" was given and its Content-Type is not \
         a script MIME type.",
    ]),
    row(Way::Other, Cause::WorkerOfOtherOrigin, NONE, [
        "Failed to construct 'Worker': Script at '{url}' cannot be accessed from origin '{origin}'.",
        "",
        "The operation is insecure.",
    ]),
    row(Way::Other, Cause::SchemeNotSupported, NONE, [
        "Not allowed to load local resource: {url}",
        "Security Error: Content at {value} may not load or link to {url}.",
        "",
    ]),
    row(Way::Other, Cause::NoResponse, NONE, ["", "", "Connection terminated unexpectedly"]),
    row(Way::Other, Cause::NoResponse, NONE, ["", "", "Could not connect to {value}: Connection refused"]),
    row(Way::Other, Cause::ReasonElsewhere, NONE, [
        "",
        "Loading failed for the <script> with source “{url}”.",
        "Cannot load image {url} due to access control checks.",
    ]),
    row(Way::ScriptFailed, Cause::ReasonElsewhere, NONE, [
        "",
        "<script> source URI is not allowed in this document: “{url}”.",
        "Cross-origin script load denied by Cross-Origin Resource Sharing policy.",
    ]),
    row(Way::Other, Cause::ReasonElsewhere, NONE, [
        "",
        "Module source URI is not allowed in this document: “{url}”.",
        "Not allowed to request resource",
    ]),
    row(Way::Other, Cause::ReasonElsewhere, NONE, [
        "Failed to fetch",
        "NetworkError when attempting to fetch resource.",
        "Load failed",
    ]),
];
