//! Properties of a request: its kind, its origin, what it asks for, and where it was sent.

use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, UPGRADE,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::decision::{Decision, Rejection};
use crate::origin;

/// The header of a preflight of the retired Private Network Access.
pub(crate) const ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");

/// The longest value that is echoed to a client, in bytes over all field lines.
const MAX_ECHOED: usize = 4096;

/// The kind of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    /// It has no `Origin`.
    NotCors,
    /// It asks to be served.
    Actual,
    /// It asks whether another request may be sent. <https://fetch.spec.whatwg.org/#cors-preflight-request>
    Preflight,
}

impl Kind {
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        if is_preflight(method, headers) {
            Self::Preflight
        } else if headers.contains_key(ORIGIN) {
            Self::Actual
        } else {
            Self::NotCors
        }
    }

    #[cfg(any(feature = "tracing", feature = "metrics"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotCors => "not-cors",
            Self::Actual => "actual",
            Self::Preflight => "preflight",
        }
    }
}

/// Returns the origin of a preflight: OPTIONS with both `Origin` and `Access-Control-Request-Method`. Any other OPTIONS
/// request belongs to the application.
///
/// <https://fetch.spec.whatwg.org/#cors-preflight-request>
#[inline(always)]
pub(crate) fn preflight_origin<'a>(
    method: &Method,
    headers: &HeaderMap,
    origin: impl FnOnce() -> RequestOrigin<'a>,
) -> Option<RequestOrigin<'a>> {
    if *method != Method::OPTIONS {
        return None;
    }
    let origin = origin();
    let asks = !matches!(origin, RequestOrigin::Absent)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    asks.then_some(origin)
}

/// Returns whether a request is a preflight.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    preflight_origin(method, headers, || RequestOrigin::of(headers)).is_some()
}

/// The `Origin` header of a request.
#[derive(Clone, Copy)]
pub(crate) enum RequestOrigin<'a> {
    Absent,
    /// One field line, not parsed yet.
    Line(&'a HeaderValue),
    /// More than one field line, which no browser sends. Code that reads the first one and code that reads the last one
    /// would disagree.
    Repeated,
}

impl<'a> RequestOrigin<'a> {
    #[inline(always)]
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        match headers.get(ORIGIN) {
            None => Self::Absent,
            Some(_) if headers.len() != headers.keys_len() && is_repeated(headers) => {
                Self::Repeated
            }
            Some(line) => Self::Line(line),
        }
    }

    /// Returns why an origin is rejected that no policy allows.
    ///
    /// The layer itself only calls it for an observer, so that a rejection that nobody reads costs no more than an
    /// allowed request.
    pub(crate) fn rejection(self) -> Rejection {
        match self {
            Self::Absent => Rejection::OriginNotAllowed,
            Self::Repeated => Rejection::OriginRepeated,
            Self::Line(line) => match origin::parse(line.as_bytes()) {
                Ok(Some(parts)) if parts.is_file() => Rejection::FileOriginNotAllowed,
                Ok(Some(_)) => Rejection::OriginNotAllowed,
                Ok(None) => Rejection::NullOriginNotAllowed,
                Err(_) => Rejection::OriginMalformed,
            },
        }
    }

    /// Returns the decision with the precise reason, where policies only found that the origin is not allowed.
    pub(crate) fn specify(self, decision: Decision) -> Decision {
        match (self, decision) {
            (_, Decision::Rejected(rejection)) if !rejection.is_about_origin() => decision,
            (Self::Absent, _) => Decision::NotCors,
            (_, Decision::Rejected(Rejection::OriginNotAllowed)) => {
                Decision::Rejected(self.rejection())
            }
            _ => decision,
        }
    }

    /// Returns whether a cache could mistake this value for another origin, or for none. Some caches read only the first
    /// of several field lines, take an empty value for a missing one, or ignore commas and spaces in a list.
    /// No such cache may store the response.
    #[inline]
    pub(crate) fn is_ambiguous(self) -> bool {
        match self {
            Self::Absent => false,
            Self::Line(line) => {
                let bytes = line.as_bytes();
                bytes.is_empty() || origin::is_too_long(bytes) || has_separator(bytes)
            }
            Self::Repeated => true,
        }
    }

    /// Returns the bytes to show to a person: the first field line.
    pub(crate) fn shown(headers: &'a HeaderMap) -> &'a [u8] {
        headers.get(ORIGIN).map_or(b"", HeaderValue::as_bytes)
    }
}

/// Returns whether there is more than one `Origin` field line. It is a call because few requests need it.
#[inline(never)]
fn is_repeated(headers: &HeaderMap) -> bool {
    headers.get_all(ORIGIN).iter().nth(1).is_some()
}

/// Returns where a request was sent: `:authority` in HTTP/2, the only `Host` in HTTP/1.1.
pub(crate) fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    if let Some(authority) = uri.authority() {
        return Some(authority.clone());
    }
    let mut lines = headers.get_all(HOST).iter();
    match (lines.next(), lines.next()) {
        (Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    }
}

/// Returns where a request was sent, as its text, if it names exactly one host: `:authority` in HTTP/2 and the absolute
/// form, and `Host`, which must be the same if there are both.
///
/// <https://www.rfc-editor.org/rfc/rfc9112#section-3.2>, <https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1>
#[inline(always)]
pub(crate) fn target<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a [u8]> {
    // Clients send it first. This saves the hash of the name: see "GET with hosts" in `benches/run`.
    match headers.iter().next() {
        Some((name, host))
            if name == HOST && uri.authority().is_none() && headers.len() == headers.keys_len() =>
        {
            Some(host.as_bytes())
        }
        _ => any_target(uri, headers),
    }
}

#[inline(never)]
fn any_target<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a [u8]> {
    let mut lines = headers.get_all(HOST).iter();
    let host = lines.next();
    if lines.next().is_some() {
        return None;
    }
    match (uri.authority(), host) {
        (None, host) => host.map(HeaderValue::as_bytes),
        (Some(authority), None) => Some(authority.as_str().as_bytes()),
        (Some(authority), Some(host)) => Some(host.as_bytes())
            .filter(|host| host.eq_ignore_ascii_case(authority.as_str().as_bytes())),
    }
}

/// Returns whether a request may change something: any method but GET, HEAD and OPTIONS, and a WebSocket upgrade.
///
/// TRACE is safe in HTTP, but no page can send it.
#[inline]
pub(crate) fn is_unsafe(method: &Method, headers: &HeaderMap) -> bool {
    is_unsafe_method(method) || headers.contains_key(UPGRADE)
}

/// Returns whether requests with this method may change something.
#[inline]
pub(crate) fn is_unsafe_method(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Returns whether a comma, a space or a tab is among these bytes of a header field value.
///
/// Every rejected origin is scanned, so it compares 16 bytes at a time, which compiles to vector instructions: 60
/// instructions of "GET rejected" in `benches/run`.
fn has_separator(bytes: &[u8]) -> bool {
    let any = |bytes: &[u8]| {
        bytes.iter().fold(false, |found, byte| {
            found | (*byte == b',') | (*byte <= b' ')
        })
    };
    let has = |sixteen: &[u8; 16]| any(sixteen);
    match bytes.last_chunk() {
        Some(last) => has(last) || bytes.chunks_exact(16).any(any),
        None => any(bytes),
    }
}

/// Returns the only field line of a header. `None` also if there are several.
#[inline]
fn only_line<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    // Few requests repeat a header. A look for more lines costs 80 instructions in "preflight, mirrored".
    let line = headers.get(name)?;
    let is_only =
        headers.len() == headers.keys_len() || headers.get_all(name).iter().nth(1).is_none();
    is_only.then_some(line)
}

/// Returns the one method that a preflight asks for.
pub(crate) fn requested_method(headers: &HeaderMap) -> Result<&HeaderValue, Rejection> {
    only_line(headers, &ACCESS_CONTROL_REQUEST_METHOD)
        .filter(|line| is_echoed_token(line.as_bytes()))
        .ok_or(Rejection::RequestMethodMalformed)
}

/// Returns the names that a preflight asks for, over all field lines, without white space and empty elements. The names
/// are not checked.
///
/// Browsers send one field line without either. Proxies may split it or add spaces.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1>
pub(crate) fn requested_headers(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(ACCESS_CONTROL_REQUEST_HEADERS)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}

/// Returns the length of the list of headers that a preflight asks for, over all field lines.
fn requested_bytes(headers: &HeaderMap) -> Result<usize, Rejection> {
    let mut bytes = 0;
    for line in headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS) {
        // Each field line counts its comma, so that a flood of empty lines is too long as well.
        bytes += line.len() + ",".len();
        if bytes > MAX_ECHOED + ",".len() {
            return Err(Rejection::RequestHeadersTooLong);
        }
    }
    Ok(bytes)
}

/// Returns the names that a preflight asks for, as the list to echo; `None` if it asks for none.
pub(crate) fn echoed_headers(headers: &HeaderMap) -> Result<Option<HeaderValue>, Rejection> {
    // What browsers send is echoed as it is and shares its bytes.
    if let Some(line) = only_line(headers, &ACCESS_CONTROL_REQUEST_HEADERS) {
        if line.len() <= MAX_ECHOED && is_echoed_list(line.as_bytes()) {
            return Ok(Some(line.clone()));
        }
    }
    let bytes = requested_bytes(headers)?;
    let mut names = requested_headers(headers).peekable();
    if names.peek().is_none() {
        return Ok(None);
    }
    let mut echoed = Vec::with_capacity(bytes);
    for name in names {
        if !is_echoed_token(name) {
            return Err(Rejection::RequestHeadersMalformed);
        }
        if !echoed.is_empty() {
            echoed.push(b',');
        }
        echoed.extend_from_slice(name);
    }
    HeaderValue::try_from(echoed)
        .map(Some)
        .map_err(|_| Rejection::RequestHeadersMalformed)
}

/// The prefix of the headers that mirror parameters of tools.
///
/// <https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http>
const MCP_PARAMETER: &[u8] = b"mcp-param-";

/// Returns whether a requested header mirrors a parameter of a tool of the Model Context Protocol.
pub(crate) fn is_mcp_parameter(name: &[u8]) -> bool {
    name.split_at_checked(MCP_PARAMETER.len())
        .is_some_and(|(prefix, parameter)| {
            prefix.eq_ignore_ascii_case(MCP_PARAMETER) && !parameter.is_empty()
        })
}

/// Returns a list of headers with those requested that mirror parameters of tools; `None` if there are none.
pub(crate) fn with_mcp_parameters(
    listed: Option<&HeaderValue>,
    headers: &HeaderMap,
) -> Result<Option<HeaderValue>, Rejection> {
    requested_bytes(headers)?;
    let mut names = requested_headers(headers)
        .filter(|name| is_mcp_parameter(name))
        .peekable();
    if names.peek().is_none() {
        return Ok(None);
    }
    let mut list = listed.map_or_else(Vec::new, |listed| listed.as_bytes().to_vec());
    for name in names {
        if !is_echoed_token(name) {
            return Err(Rejection::RequestHeadersMalformed);
        }
        if !list.is_empty() {
            list.push(b',');
        }
        list.extend_from_slice(name);
    }
    HeaderValue::try_from(list)
        .map(Some)
        .map_err(|_| Rejection::RequestHeadersMalformed)
}

/// Returns whether `bytes` may be echoed in a list: a token, and not `*`, which browsers could take for a wildcard.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
fn is_echoed_token(bytes: &[u8]) -> bool {
    let is_token = || bytes.iter().all(|byte| IS_TOKEN_BYTE[usize::from(*byte)]);
    bytes.len() <= MAX_ECHOED && !is_empty_or_any(bytes) && is_token()
}

/// Returns whether `bytes` is a list of [such](is_echoed_token) tokens, with a comma and nothing else between them.
fn is_echoed_list(bytes: &[u8]) -> bool {
    let mut start = 0;
    for (position, byte) in bytes.iter().enumerate() {
        if *byte == b',' {
            if is_empty_or_any(&bytes[start..position]) {
                return false;
            }
            start = position + 1;
        } else if !IS_TOKEN_BYTE[usize::from(*byte)] {
            return false;
        }
    }
    !is_empty_or_any(&bytes[start..])
}

fn is_empty_or_any(token: &[u8]) -> bool {
    matches!(token, [] | [b'*'])
}

/// A table, because it saves 300 instructions of "preflight, mirrored" in `benches/run`.
static IS_TOKEN_BYTE: [bool; 256] = {
    let mut table = [false; 256];
    let tokens = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut index = 0;
    while index < tokens.len() {
        table[tokens[index] as usize] = true;
        index += 1;
    }
    table
};

/// Returns whether the request asks to reach a private network, with the header of the retired Private Network Access.
pub(crate) fn asks_for_private_network(headers: &HeaderMap) -> bool {
    only_line(headers, &ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK).is_some_and(|line| line == "true")
}
