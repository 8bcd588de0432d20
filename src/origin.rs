//! The `Origin` of a request: strictly parsed, never guessed.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::HeaderValue;

mod pattern;
mod punycode;
mod set;

pub use pattern::{OriginPattern, PatternError};
pub use set::OriginSet;

/// The longest host, in bytes: the longest name that DNS can hold.
const MAX_HOST: usize = 253;
/// The longest scheme, in bytes. The standard sets no limit; no browser's is longer than 24.
const MAX_SCHEME: usize = 63;
/// The longest port with its colon: `:65535`.
const MAX_PORT: usize = 6;
/// The longest origin, in bytes.
const MAX_ORIGIN: usize = MAX_SCHEME + "://".len() + MAX_HOST + MAX_PORT;

/// An origin as a browser serializes it into the `Origin` header: a scheme, a host and a port, or the opaque `null`.
///
/// Parsing is strict: what a browser would not send is not an origin. The scheme and the host are lower case, a port
/// stands only where it is not the scheme's default, hosts are made of labels of letters, digits, `-` and `_` of at most
/// 253 bytes in all, IPv4 and IPv6 addresses are in their canonical form, and nothing follows.
///
/// ```
/// use tower_cors::Origin;
///
/// let origin: Origin = "https://app.example.com:8443".parse()?;
/// assert_eq!(origin.scheme(), Some("https"));
/// assert_eq!(origin.host(), Some("app.example.com"));
/// assert_eq!(origin.port(), Some(8443));
///
/// assert!("https://app.example.com/".parse::<Origin>().is_err());
/// assert!("https://app.example.com:443".parse::<Origin>().is_err());
/// # Ok::<(), tower_cors::OriginError>(())
/// ```
///
/// # Cost
///
/// Parsing a [`HeaderValue`] does not allocate: the origin shares the value's bytes. Cloning is one reference count.
///
/// # Standard
///
/// <https://fetch.spec.whatwg.org/#origin-header> for the grammar,
/// <https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin> for the serialization.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    value: HeaderValue,
    parts: Option<Parts>,
}

impl Origin {
    /// The origin of a header value that was parsed before.
    pub(crate) fn of_parts(value: &HeaderValue, parts: Parts) -> Self {
        Self {
            value: value.clone(),
            parts: Some(parts),
        }
    }

    pub(crate) fn value(&self) -> &HeaderValue {
        &self.value
    }

    /// Whether this is the opaque origin, `null`: a sandboxed frame, a `data:` URL, a redirect between origins.
    ///
    /// It says nothing of who sent the request, so it is never an identity.
    pub fn is_opaque(&self) -> bool {
        self.parts.is_none()
    }

    /// The scheme, such as `https`; `None` for the opaque origin.
    pub fn scheme(&self) -> Option<&str> {
        self.parts.map(|parts| parts.scheme(self.as_str()))
    }

    /// The host, such as `app.example.com`, `127.0.0.1` or `[::1]`; `None` for the opaque origin.
    pub fn host(&self) -> Option<&str> {
        self.parts.map(|parts| parts.host(self.as_str()))
    }

    /// The port, where it is not the scheme's default; `None` for the opaque origin and for the default port.
    pub fn port(&self) -> Option<u16> {
        let parts = self.parts?;
        parts.port(self.as_str()).get(1..)?.parse().ok()
    }

    /// The origin as it stands in the header.
    pub fn as_str(&self) -> &str {
        // Only ASCII passes the parser, so the default is never taken.
        self.value.to_str().unwrap_or_default()
    }
}

impl TryFrom<&HeaderValue> for Origin {
    type Error = OriginError;

    fn try_from(value: &HeaderValue) -> Result<Self, OriginError> {
        let parts = parse(value.as_bytes())?;
        Ok(Self {
            value: value.clone(),
            parts,
        })
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let parts = parse(text.as_bytes())?;
        let value = HeaderValue::from_str(text)
            .map_err(|_| OriginError::at(0, OriginErrorKind::HostCharacter))?;
        Ok(Self { value, parts })
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the parts of an origin lie in its text: `scheme://host:port`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Parts {
    host_start: u16,
    host_end: u16,
}

impl Parts {
    fn scheme(self, text: &str) -> &str {
        let end = usize::from(self.host_start) - "://".len();
        text.get(..end).unwrap_or_default()
    }

    fn host(self, text: &str) -> &str {
        text.get(usize::from(self.host_start)..usize::from(self.host_end))
            .unwrap_or_default()
    }

    /// The port with its colon, or nothing.
    fn port(self, text: &str) -> &str {
        text.get(usize::from(self.host_end)..).unwrap_or_default()
    }
}

/// Returns whether `text` is longer than any origin, so that it is rejected before it is read or hashed.
#[inline]
pub(crate) fn is_too_long(text: &[u8]) -> bool {
    text.len() > MAX_ORIGIN
}

/// Parses a serialized origin; `None` is the opaque origin.
pub(crate) fn parse(text: &[u8]) -> Result<Option<Parts>, OriginError> {
    if text == b"null" {
        return Ok(None);
    }
    if is_too_long(text) {
        return Err(OriginError::at(MAX_ORIGIN, OriginErrorKind::TooLong));
    }
    let host_start = scheme(text)?;
    let host_end = host(text, host_start)?;
    port(text, host_end, &text[..host_start - "://".len()])?;
    // Both are at most MAX_ORIGIN, far below 65,536.
    Ok(Some(Parts {
        host_start: host_start as u16,
        host_end: host_end as u16,
    }))
}

/// Reads `scheme://` at the start of `text` and returns where the host starts.
fn scheme(text: &[u8]) -> Result<usize, OriginError> {
    for (position, byte) in text.iter().enumerate().take(MAX_SCHEME + 1) {
        let mistake = match byte {
            b'a'..=b'z' => continue,
            b'0'..=b'9' | b'+' | b'-' | b'.' if position > 0 => continue,
            b':' if position > 0 && text[position..].starts_with(b"://") => {
                return Ok(position + "://".len());
            }
            b'A'..=b'Z' => OriginErrorKind::UpperCase,
            _ => OriginErrorKind::Scheme,
        };
        // `APP.example.com` lacks a scheme; `HTTPS://` has one, in upper case.
        let has_scheme = text.windows(3).any(|window| window == b"://");
        return Err(OriginError::at(
            position,
            if has_scheme {
                mistake
            } else {
                OriginErrorKind::Scheme
            },
        ));
    }
    Err(OriginError::at(
        text.len().min(MAX_SCHEME),
        OriginErrorKind::Scheme,
    ))
}

/// Reads a host at `start` of `text` and returns where it ends: at a colon, or at the end of the text.
fn host(text: &[u8], start: usize) -> Result<usize, OriginError> {
    if text.get(start) == Some(&b'[') {
        return ipv6(text, start);
    }
    let mut label = start;
    let mut end = text.len();
    for (position, byte) in text.iter().enumerate().skip(start) {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => {}
            b'.' if position > label => label = position + 1,
            b'.' => return Err(OriginError::at(position, OriginErrorKind::EmptyLabel)),
            b':' => {
                end = position;
                break;
            }
            _ => {
                return Err(OriginError::at(
                    position,
                    OriginErrorKind::of_host_byte(text, position),
                ));
            }
        }
    }
    if end == start {
        return Err(OriginError::at(start, OriginErrorKind::EmptyHost));
    }
    if label == end {
        return Err(OriginError::at(end, OriginErrorKind::EmptyLabel));
    }
    if end - start > MAX_HOST {
        return Err(OriginError::at(start + MAX_HOST, OriginErrorKind::TooLong));
    }
    if ends_in_a_number(&text[label..end]) && !is_ipv4(&text[start..end]) {
        return Err(OriginError::at(start, OriginErrorKind::Ipv4));
    }
    Ok(end)
}

/// Whether a host with this last label is an IPv4 address to a browser.
///
/// <https://url.spec.whatwg.org/#ends-in-a-number-checker>
fn ends_in_a_number(last_label: &[u8]) -> bool {
    last_label.iter().all(u8::is_ascii_digit)
        || last_label
            .strip_prefix(b"0x")
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Whether `host` is an IPv4 address in dotted decimal without leading zeros, the one form that is serialized.
fn is_ipv4(host: &[u8]) -> bool {
    std::str::from_utf8(host).is_ok_and(|host| host.parse::<Ipv4Addr>().is_ok())
}

/// Reads an IPv6 address in brackets at `start` of `text` and returns where it ends.
fn ipv6(text: &[u8], start: usize) -> Result<usize, OriginError> {
    let mistake = OriginError::at(start, OriginErrorKind::Ipv6);
    let length = text[start..]
        .iter()
        .position(|byte| *byte == b']')
        .ok_or(mistake)?;
    let end = start + length + 1;
    let inner = std::str::from_utf8(&text[start + 1..end - 1]).map_err(|_| mistake)?;
    let address: Ipv6Addr = inner.parse().map_err(|_| mistake)?;
    if !Canonical::of(address).is(inner) {
        return Err(mistake);
    }
    match text.get(end) {
        None | Some(b':') => Ok(end),
        Some(_) => Err(OriginError::at(
            end,
            OriginErrorKind::of_host_byte(text, end),
        )),
    }
}

/// An IPv6 address as the URL standard serializes it.
///
/// The standard library's is not used: it writes some addresses with a dotted IPv4 tail, which no browser does.
///
/// <https://url.spec.whatwg.org/#concept-ipv6-serializer>
struct Canonical {
    pieces: [u16; 8],
    /// Where the longest run of at least two zero pieces starts and ends, the first one of equals.
    zeros: std::ops::Range<usize>,
}

impl Canonical {
    fn of(address: Ipv6Addr) -> Self {
        let pieces = address.segments();
        let mut zeros = 0..0;
        for start in 0..pieces.len() {
            let run = pieces[start..]
                .iter()
                .take_while(|piece| **piece == 0)
                .count();
            if run > 1 && run > zeros.len() {
                zeros = start..start + run;
            }
        }
        Self { pieces, zeros }
    }

    /// Whether `text` is this serialization, without allocating it.
    fn is(&self, text: &str) -> bool {
        struct Compare<'a>(&'a str);
        impl fmt::Write for Compare<'_> {
            fn write_str(&mut self, part: &str) -> fmt::Result {
                self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
                Ok(())
            }
        }
        let mut rest = Compare(text);
        fmt::Write::write_fmt(&mut rest, format_args!("{self}")).is_ok() && rest.0.is_empty()
    }
}

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut index = 0;
        while index < self.pieces.len() {
            if index == self.zeros.start && !self.zeros.is_empty() {
                f.write_str(if index == 0 { "::" } else { ":" })?;
                index = self.zeros.end;
                continue;
            }
            write!(f, "{:x}", self.pieces[index])?;
            index += 1;
            if index < self.pieces.len() {
                f.write_str(":")?;
            }
        }
        Ok(())
    }
}

/// Reads what follows the host: nothing, or a colon and a port that is not the scheme's default.
fn port(text: &[u8], start: usize, scheme: &[u8]) -> Result<(), OriginError> {
    let Some((_colon, digits)) = text[start..].split_first() else {
        return Ok(());
    };
    let first = start + 1;
    if digits.is_empty() {
        return Err(OriginError::at(first, OriginErrorKind::EmptyPort));
    }
    if let Some(offset) = digits.iter().position(|byte| !byte.is_ascii_digit()) {
        let mistake = match digits[offset] {
            // What looked like a host and a port was a user's name and password.
            _ if digits.contains(&b'@') => OriginErrorKind::UserInfo,
            b'/' | b'?' | b'#' => OriginErrorKind::Path,
            _ => OriginErrorKind::PortCharacter,
        };
        return Err(OriginError::at(first + offset, mistake));
    }
    // No page was ever loaded from port 0, and `0443` is not how a port is serialized.
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse::<u16>().ok());
    match number {
        Some(number) if digits[0] != b'0' => {
            if default_port(scheme) == Some(number) {
                return Err(OriginError::at(start, OriginErrorKind::DefaultPort));
            }
            Ok(())
        }
        _ => Err(OriginError::at(first, OriginErrorKind::PortRange)),
    }
}

/// <https://url.spec.whatwg.org/#default-port>
fn default_port(scheme: &[u8]) -> Option<u16> {
    match scheme {
        b"http" | b"ws" => Some(80),
        b"https" | b"wss" => Some(443),
        b"ftp" => Some(21),
        _ => None,
    }
}

/// Why a text is not an origin, and where.
///
/// ```
/// let error = "https://Example.com".parse::<tower_cors::Origin>().unwrap_err();
/// assert_eq!(error.position(), 8);
/// assert_eq!(error.to_string(), "upper-case letter at byte 8: browsers send origins in lower case");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OriginError {
    position: u16,
    mistake: OriginErrorKind,
}

impl OriginError {
    fn at(position: usize, mistake: OriginErrorKind) -> Self {
        Self {
            position: u16::try_from(position).unwrap_or(u16::MAX),
            mistake,
        }
    }

    /// The byte at which the text stops being an origin, counted from 0.
    pub fn position(&self) -> usize {
        self.position.into()
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why) = self.mistake.sentence();
        write!(f, "{what} at byte {}: {why}", self.position)
    }
}

impl std::error::Error for OriginError {}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum OriginErrorKind {
    Scheme,
    UpperCase,
    NotAscii,
    HostCharacter,
    Path,
    UserInfo,
    Wildcard,
    EmptyHost,
    EmptyLabel,
    Ipv4,
    Ipv6,
    EmptyPort,
    PortCharacter,
    PortRange,
    DefaultPort,
    TooLong,
}

impl OriginErrorKind {
    fn of_host_byte(text: &[u8], position: usize) -> Self {
        match text[position] {
            b'A'..=b'Z' => Self::UpperCase,
            b'/' | b'?' | b'#' => Self::Path,
            b'@' => Self::UserInfo,
            b'*' => Self::Wildcard,
            0x80.. => Self::NotAscii,
            _ => Self::HostCharacter,
        }
    }

    fn sentence(self) -> (&'static str, &'static str) {
        match self {
            Self::Scheme => (
                "no scheme",
                "an origin starts with a scheme and `://`, such as `https://`",
            ),
            Self::UpperCase => ("upper-case letter", "browsers send origins in lower case"),
            Self::NotAscii => (
                "non-ASCII character",
                "browsers send international names in punycode",
            ),
            Self::HostCharacter => (
                "unexpected character",
                "a host is made of labels of letters, digits, `-` and `_`",
            ),
            Self::Path => (
                "unexpected path",
                "an origin ends with its host or port, without even a slash",
            ),
            Self::UserInfo => ("unexpected `@`", "an origin has no user name or password"),
            Self::Wildcard => (
                "unexpected `*`",
                "a wildcard stands for whole leading labels, `*.`, or for the port, `:*`",
            ),
            Self::EmptyHost => ("no host", "an origin names a host after `://`"),
            Self::EmptyLabel => (
                "empty label",
                "the labels of a host are separated by single dots, and none ends it",
            ),
            Self::Ipv4 => (
                "IPv4 address not in its canonical form",
                "write four decimal numbers without leading zeros",
            ),
            Self::Ipv6 => (
                "IPv6 address not in its canonical form",
                "write it compressed, in lower case and in brackets",
            ),
            Self::EmptyPort => ("no port", "a colon is followed by a port"),
            Self::PortCharacter => (
                "unexpected character in the port",
                "a port is a decimal number",
            ),
            Self::PortRange => (
                "port out of range",
                "a port is a number from 1 to 65535 without leading zeros",
            ),
            Self::DefaultPort => (
                "default port",
                "browsers leave out the default port of the scheme",
            ),
            Self::TooLong => ("too long", "a host has at most 253 bytes, a scheme 63"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_addresses_are_canonical_as_the_url_standard_serializes_them() {
        for (text, canonical) in [
            ("::", "::"),
            ("::1", "::1"),
            ("0:0:0:0:0:0:0:1", "::1"),
            ("1::", "1::"),
            ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("::ffff:1.2.3.4", "::ffff:102:304"),
            ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
        ] {
            let address: Ipv6Addr = text.parse().unwrap();
            assert_eq!(Canonical::of(address).to_string(), canonical);
            assert_eq!(
                parse(format!("http://[{text}]").as_bytes()).is_ok(),
                text == canonical,
                "{text}"
            );
        }
    }
}
