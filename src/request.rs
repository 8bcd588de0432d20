//! What a request asks: nothing of CORS, to be sent, or whether it may be sent.

use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::decision::{Decision, Rejection};
use crate::origin::{self, Parts};

/// The header of a preflight of the retired Private Network Access.
pub(crate) const ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");

/// The most that is mirrored of what a client sends, in bytes over all lines.
const MAX_MIRRORED: usize = 4096;

/// What a request is to CORS.
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

/// An OPTIONS request is a preflight only with both headers; any other is the application's own.
///
/// <https://fetch.spec.whatwg.org/#cors-preflight-request>
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && RequestOrigin::of(headers).asks_for_permission(headers)
}

/// The `Origin` header of a request.
#[derive(Clone, Copy)]
pub(crate) enum RequestOrigin<'a> {
    Absent,
    /// One line, not parsed yet.
    Line(&'a HeaderValue),
    /// More than one line, which no browser sends: whoever reads the first and whoever reads the last disagree.
    Repeated,
}

impl<'a> RequestOrigin<'a> {
    #[inline(always)]
    pub(crate) fn of(headers: &'a HeaderMap) -> Self {
        let mut lines = headers.get_all(ORIGIN).iter();
        match (lines.next(), lines.next()) {
            (None, _) => Self::Absent,
            (Some(line), None) => Self::Line(line),
            (Some(_), Some(_)) => Self::Repeated,
        }
    }

    /// The same where no header has more than one line, which is told by their numbers.
    #[inline(always)]
    pub(crate) fn of_distinct(headers: &'a HeaderMap) -> Self {
        headers.get(ORIGIN).map_or(Self::Absent, Self::Line)
    }

    /// Whether an OPTIONS request of this origin is a preflight.
    #[inline(always)]
    pub(crate) fn asks_for_permission(self, headers: &HeaderMap) -> bool {
        !matches!(self, Self::Absent) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// The decision over a request of this origin, where `decision` is the layer's. The layer does not ask why a listed
    /// origin is none, for a rejection that nobody hears of should cost no more than a grant.
    pub(crate) fn judge(self, decision: Decision) -> Decision {
        match (self, decision) {
            (Self::Absent, _) => Decision::NotCors,
            (Self::Line(line), Decision::Rejected(Rejection::OriginNotAllowed)) => {
                Decision::Rejected(match Self::parse(line) {
                    Ok(Some(_)) => Rejection::OriginNotAllowed,
                    Ok(None) => Rejection::NullOriginNotAllowed,
                    Err(malformed) => malformed,
                })
            }
            _ => decision,
        }
    }

    /// Whether caches may take it for another origin, or for none: there are those that read only the first of several
    /// lines, that take an empty line for none, and that read commas and spaces as they stand in a list. What is answered
    /// to it is not to be kept for those.
    #[inline]
    pub(crate) fn is_ambiguous(self) -> bool {
        match self {
            Self::Absent => false,
            Self::Line(line) => {
                let bytes = line.as_bytes();
                bytes.is_empty() || bytes.len() > origin::MAX_ORIGIN || separates(bytes)
            }
            Self::Repeated => true,
        }
    }

    /// The bytes to show to a person; the first line's, if there are more.
    pub(crate) fn shown(headers: &'a HeaderMap) -> &'a [u8] {
        headers.get(ORIGIN).map_or(b"", HeaderValue::as_bytes)
    }

    /// The origin's parts, `None` for the opaque one.
    pub(crate) fn parse(line: &HeaderValue) -> Result<Option<Parts>, Rejection> {
        origin::parse(line.as_bytes()).map_err(|_| Rejection::OriginMalformed)
    }
}

/// Whether a comma, a space or a tab is among these bytes of a header's value. Sixteen are looked at in one go, which a
/// compiler does with one instruction, for this is asked of every rejected origin.
fn separates(bytes: &[u8]) -> bool {
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

/// The one method that a preflight asks for.
pub(crate) fn requested_method(headers: &HeaderMap) -> Result<&HeaderValue, Rejection> {
    let mut lines = headers.get_all(ACCESS_CONTROL_REQUEST_METHOD).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) if is_mirrored_token(line.as_bytes()) => Ok(line),
        _ => Err(Rejection::RequestMethodMalformed),
    }
}

/// The names that a preflight asks for, over all lines: without white space and empty elements, not checked.
///
/// Browsers send one line without either; what stands between them and us may split or space it.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1>
pub(crate) fn requested_headers(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(ACCESS_CONTROL_REQUEST_HEADERS)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}

/// The names that a preflight asks for as a list to answer with; `None` if it asks for none.
pub(crate) fn mirrored_headers(headers: &HeaderMap) -> Result<Option<HeaderValue>, Rejection> {
    let lines = || headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let mut bytes = 0;
    for line in lines() {
        // A line costs its comma, so that a flood of empty lines is as long as it looks.
        bytes += line.len() + ",".len();
        if bytes > MAX_MIRRORED + ",".len() {
            return Err(Rejection::RequestHeadersTooLong);
        }
    }
    let mut names = requested_headers(headers).peekable();
    if names.peek().is_none() {
        return Ok(None);
    }
    // What browsers send is mirrored as it is, sharing its bytes.
    if let (Some(line), None) = (lines().next(), lines().nth(1)) {
        if line
            .as_bytes()
            .split(|byte| *byte == b',')
            .all(is_mirrored_token)
        {
            return Ok(Some(line.clone()));
        }
    }
    let mut mirrored = Vec::with_capacity(bytes);
    for name in names {
        if !is_mirrored_token(name) {
            return Err(Rejection::RequestHeadersMalformed);
        }
        if !mirrored.is_empty() {
            mirrored.push(b',');
        }
        mirrored.extend_from_slice(name);
    }
    HeaderValue::try_from(mirrored)
        .map(Some)
        .map_err(|_| Rejection::RequestHeadersMalformed)
}

/// Whether `bytes` can stand in a list of ours: a token, and not the `*` that would mean more than itself.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
fn is_mirrored_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes.len() <= MAX_MIRRORED
        && bytes != b"*"
        && bytes.iter().all(|byte| is_token_byte(*byte))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether the request asks, by the header of the retired Private Network Access, to cross into a private network.
pub(crate) fn asks_for_private_network(headers: &HeaderMap) -> bool {
    let mut lines = headers
        .get_all(ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK)
        .iter();
    lines.next().is_some_and(|line| line == "true") && lines.next().is_none()
}
