//! Origins that a policy lists, with or without wildcards.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use super::network;
use super::parse::{self, MAX_ORIGIN};
use super::suggest::{ANY_SUBDOMAIN, NO_PAGES, other_kind, page_of_listener, suggest};
use super::{Origin, OriginError, OriginErrorKind, text};
use crate::escaped::EscapedText;

/// An origin that a policy allows, or a pattern of origins.
///
/// | pattern | allows | does not allow |
/// |---|---|---|
/// | `https://app.example.com` | that origin | any other |
/// | `https://*.example.com` | `https://a.example.com`, `https://a.b.example.com` | `https://example.com` |
/// | `https://pr-*.example.com` | `https://pr-7.example.com` | `https://pr-.example.com`, `https://pr-7.a.example.com` |
/// | `https://a-*-b.example.com` | `https://a-x-b.example.com` | `https://a-x.example.com` |
/// | `http://localhost:*` | `http://localhost`, `http://localhost:3000` | `https://localhost` |
/// | `http://localhost:{3000,5173}` | these two ports | `http://localhost`, `http://localhost:3001` |
/// | `http://localhost:3000-3999` | these ports and those between | `http://localhost:4000` |
/// | `https://*.example.com:*` | subdomains at any port | the same over `http` |
/// | `moz-extension://*` | every host and port of this scheme | other schemes |
///
/// # Grammar
///
/// A pattern is `scheme://host` and perhaps a port. Each part is written as browsers send it, with these exceptions:
///
/// - Host: `*.` at its start stands for one or more whole labels. Otherwise one `*` can be a part of one label. It stands for
///   one or more lower-case letters, digits and `-`, and the label has at most 63 bytes. At least two labels follow, or
///   `localhost`.
/// - Host: `*` alone stands for all hosts of a scheme, at any port. It cannot be a scheme that the URL standard calls
///   special: `http`, `https`, `ws`, `wss`, `ftp` and `file`.
/// - Port: `*` stands for any port. A list is `{3000,5173}`, and a range is `3000-3999`, with both its ends. The default
///   port of the scheme in a list or a range stands for an origin without a port.
///
/// No pattern stands for two schemes: list it twice. No `*` crosses a dot, except the `*.` at the start.
///
/// ```
/// use tower_cors::{Origin, OriginPattern};
///
/// let pattern: OriginPattern = "https://*.example.com".parse()?;
/// let page = |text: &str| text.parse::<Origin>().unwrap();
/// assert!(pattern.matches(&page("https://a.b.example.com")));
/// assert!(!pattern.matches(&page("https://example.com")));
/// assert!(!pattern.matches(&page("https://evilexample.com")));
///
/// let preview: OriginPattern = "https://pr-*.preview.example.com".parse()?;
/// assert!(preview.matches(&page("https://pr-128.preview.example.com")));
/// assert!(!preview.matches(&page("https://pr-128.evil.preview.example.com")));
///
/// let ports: OriginPattern = "http://localhost:3000-3999".parse()?;
/// assert!(ports.matches(&page("http://localhost:3000")));
///
/// let error = "https://Example.com/".parse::<OriginPattern>().unwrap_err();
/// assert_eq!(error.suggestion(), Some("https://example.com"));
/// # Ok::<(), tower_cors::PatternError>(())
/// ```
///
/// With the feature `serde`, it is read and written as text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OriginPattern {
    text: Box<str>,
    host_start: u16,
    host_end: u16,
}

const ANY_PORT: &str = ":*";
/// The longest label of a host, in bytes.
const MAX_LABEL: usize = 63;

/// The hosts that a pattern allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hosts<'a> {
    One(&'a str),
    /// One or more labels before this domain.
    Subdomains(&'a str),
    /// One or more characters of a label between these texts.
    PartOfLabel {
        before: &'a str,
        after: &'a str,
    },
    /// Every host.
    Any,
}

/// The ports that a pattern allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ports<'a> {
    /// One port as it is serialized, with its colon, or the default port.
    One(&'a str),
    /// Ports separated by commas.
    List(&'a str),
    Range(u16, u16),
    Any,
}

impl OriginPattern {
    /// Returns whether the pattern allows `origin`. The opaque origin matches no pattern.
    pub fn matches(&self, origin: &Origin) -> bool {
        let (Some(scheme), Some(host)) = (origin.scheme(), origin.host()) else {
            return false;
        };
        let host_matches = match self.hosts() {
            Hosts::One(listed) => host == listed,
            Hosts::Subdomains(base) => {
                origin.has_plain_host()
                    && host
                        .strip_suffix(base)
                        .is_some_and(|labels| labels.ends_with('.') && labels.len() > 1)
            }
            Hosts::PartOfLabel { before, after } => {
                origin.has_plain_host()
                    && is_around(host.as_bytes(), before.len(), after.len())
                    && { host.starts_with(before) && host.ends_with(after) }
            }
            Hosts::Any => true,
        };
        let port = origin.port().or(parse::default_port(scheme.as_bytes()));
        let port_matches = || match self.ports() {
            Ports::One(listed) => {
                origin.port() == listed.get(1..).and_then(|port| port.parse().ok())
            }
            Ports::List(listed) => {
                port.is_some_and(|port| listed.split(',').any(|listed| listed.parse() == Ok(port)))
            }
            Ports::Range(first, last) => port.is_some_and(|port| (first..=last).contains(&port)),
            Ports::Any => true,
        };
        scheme == self.scheme() && host_matches && port_matches()
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn scheme(&self) -> &str {
        &self.text[..usize::from(self.host_start) - "://".len()]
    }

    /// Returns the host, with the wildcard if there is one.
    pub(crate) fn host(&self) -> &str {
        &self.text[usize::from(self.host_start)..usize::from(self.host_end)]
    }

    pub(super) fn hosts(&self) -> Hosts<'_> {
        let host = self.host();
        if host == "*" {
            Hosts::Any
        } else if let Some(base) = host.strip_prefix(ANY_SUBDOMAIN) {
            Hosts::Subdomains(base)
        } else if let Some((before, after)) = host.split_once('*') {
            Hosts::PartOfLabel { before, after }
        } else {
            Hosts::One(host)
        }
    }

    pub(super) fn ports(&self) -> Ports<'_> {
        let text = &self.text[usize::from(self.host_end)..];
        if text == ANY_PORT || self.is_whole_scheme() {
            return Ports::Any;
        }
        if let Some(list) = text.strip_prefix(":{") {
            return Ports::List(list.strip_suffix('}').unwrap_or(list));
        }
        let range = text[text.len().min(1)..].split_once('-');
        match range.map(|(first, last)| (first.parse(), last.parse())) {
            Some((Ok(first), Ok(last))) => Ports::Range(first, last),
            _ => Ports::One(text),
        }
    }

    /// Returns the domain whose subdomains the pattern allows, all of them or those with a certain label.
    pub(crate) fn base_domain(&self) -> Option<&str> {
        match self.hosts() {
            Hosts::Subdomains(base) => Some(base),
            Hosts::PartOfLabel { after, .. } => after.split_once('.').map(|(_, base)| base),
            Hosts::One(_) | Hosts::Any => None,
        }
    }

    /// Returns whether a `*` is a part of a label.
    pub(crate) fn has_part_of_label(&self) -> bool {
        matches!(self.hosts(), Hosts::PartOfLabel { .. })
    }

    /// Returns whether the pattern allows every host of a scheme.
    pub(crate) fn is_whole_scheme(&self) -> bool {
        self.hosts() == Hosts::Any
    }

    /// Returns the scheme with its colon and slashes, and the host with its wildcard.
    pub(super) fn without_port(&self) -> &str {
        &self.text[..usize::from(self.host_end)]
    }

    pub(super) fn into_bytes(self) -> Box<[u8]> {
        self.text.into_boxed_bytes()
    }

    /// Returns whether a page of such an origin came over the network without TLS. Loopback traffic never leaves the
    /// machine.
    ///
    /// <https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy>
    pub(crate) fn is_insecure(&self) -> bool {
        network::is_insecure(self.scheme(), self.host())
    }

    /// Returns a page of the server, if the host is an address on which servers only listen.
    pub(crate) fn page_of_listener(&self) -> Option<String> {
        page_of_listener(self.text.strip_prefix("http://")?)
    }
}

/// Returns whether a `*` between the first `before` and the last `after` bytes of `host` stands for a part of one label.
pub(super) fn is_around(host: &[u8], before: usize, after: usize) -> bool {
    let Some(end) = host.len().checked_sub(after) else {
        return false;
    };
    let Some(middle) = host.get(before..end).filter(|middle| !middle.is_empty()) else {
        return false;
    };
    let is_dot = |byte: &u8| *byte == b'.';
    let before = host[..before].iter().rev().take_while(|byte| !is_dot(byte));
    let after = host[end..].iter().take_while(|byte| !is_dot(byte));
    before.count() + middle.len() + after.count() <= MAX_LABEL
        && middle
            .iter()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

impl FromStr for OriginPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        parse(text).map_err(|error| {
            let page = page_of_listener(text).filter(|page| parse(page).is_ok());
            let other = match error.kind() {
                OriginErrorKind::AnyScheme => None,
                _ if page.is_some() => Some(OriginErrorKind::Unspecified),
                _ => other_kind(text),
            };
            PatternError {
                value: text.into(),
                error: other.map_or(error, |kind| OriginError::at(0, kind)),
                suggestion: match other {
                    Some(_) => page,
                    None => suggest(text, |text| parse(text).map(|_| ())),
                },
            }
        })
    }
}

/// An origin is a pattern that allows only itself. The opaque origin is none.
impl TryFrom<Origin> for OriginPattern {
    type Error = PatternError;

    fn try_from(origin: Origin) -> Result<Self, PatternError> {
        origin.as_str().parse()
    }
}

text::impl_text!(OriginPattern, PatternError);

fn parse(text: &str) -> Result<OriginPattern, OriginError> {
    let bytes = text.as_bytes();
    // A list of ports may be long.
    let length = text.find(":{").unwrap_or(text.len());
    if length > MAX_ORIGIN + ANY_SUBDOMAIN.len() {
        return Err(OriginError::at(MAX_ORIGIN, OriginErrorKind::TooLong));
    }
    if ANY_SCHEME.iter().any(|scheme| text.starts_with(scheme)) {
        return Err(OriginError::at(0, OriginErrorKind::AnyScheme));
    }
    let host_start = parse::scheme(bytes)?;
    let scheme = &bytes[..host_start - "://".len()];
    if NO_PAGES.contains(&scheme) {
        return Err(OriginError::at(0, OriginErrorKind::NoPages));
    }
    if &bytes[host_start..] == b"*" {
        if parse::is_special(scheme) {
            return Err(OriginError::at(host_start, OriginErrorKind::WholeScheme));
        }
        return Ok(OriginPattern::of(text, host_start, text.len()));
    }
    let host_end = hosts(text, host_start)?;
    match &text[host_end..] {
        ANY_PORT => {}
        ports if ports.starts_with(":{") => port_list(ports, host_end)?,
        ports if is_range(ports) => port_range(ports, host_end)?,
        _ => parse::port(bytes, host_end, scheme)?,
    }
    Ok(OriginPattern::of(text, host_start, host_end))
}

/// What people write for both schemes of the web.
const ANY_SCHEME: [&str; 7] = [
    "*://",
    "http*://",
    "http(s)://",
    "http[s]://",
    "https?://",
    "http{,s}://",
    "{http,https}://",
];

/// Reads the host of a pattern at `start`, and returns its end.
fn hosts(text: &str, start: usize) -> Result<usize, OriginError> {
    let bytes = text.as_bytes();
    let rest = &text[start..];
    let host = &rest[..rest.find(':').unwrap_or(rest.len())];
    let wildcard = OriginError::at(
        start + host.find('*').unwrap_or_default(),
        OriginErrorKind::Wildcard,
    );
    if rest.starts_with(ANY_SUBDOMAIN) {
        let base_start = start + ANY_SUBDOMAIN.len();
        let end = parse::host(bytes, base_start)?;
        let base = &bytes[base_start..end];
        // An address has no subdomains.
        return match base.first() {
            Some(b'[') => Err(wildcard),
            _ if parse::is_ipv4(base) => Err(wildcard),
            _ => Ok(end),
        };
    }
    let Some((before, after)) = host.split_once('*') else {
        return parse::listed_host(bytes, start);
    };
    let label_start = before.rfind('.').map_or(0, |dot| dot + 1);
    let (label_end, base) = after.split_once('.').ok_or(wildcard)?;
    let fixed = before.len() - label_start + label_end.len();
    let is_own = base.contains('.') || base == "localhost";
    if fixed == 0 || !is_own || after.contains('*') {
        return Err(wildcard);
    }
    // All other characters are those of a host.
    let example = format!("{}{before}a{after}", &text[..start]);
    let end = parse::host(example.as_bytes(), start)?;
    if fixed >= MAX_LABEL {
        return Err(OriginError::at(
            start + label_start,
            OriginErrorKind::TooLong,
        ));
    }
    Ok(end)
}

/// Reads a list of ports with its colon.
fn port_list(text: &str, start: usize) -> Result<(), OriginError> {
    let mistake = OriginError::at(start + ":".len(), OriginErrorKind::PortList);
    let list = text
        .strip_prefix(":{")
        .and_then(|list| list.strip_suffix('}'))
        .ok_or(mistake)?;
    let mut position = start + ":{".len();
    let mut seen = HashSet::new();
    for item in list.split(',') {
        if !seen.insert(port_number(item, position)?) {
            return Err(OriginError::at(position, OriginErrorKind::PortList));
        }
        position += item.len() + ",".len();
    }
    Ok(())
}

/// Returns whether a text is two numbers with a `-` between them, or what was meant to be.
fn is_range(text: &str) -> bool {
    text.contains('-')
        && text
            .bytes()
            .skip(1)
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Reads a range of ports with its colon.
fn port_range(text: &str, start: usize) -> Result<(), OriginError> {
    let mistake = OriginError::at(start + ":".len(), OriginErrorKind::PortList);
    let (first, last) = text[1..].split_once('-').ok_or(mistake)?;
    let first_number = port_number(first, start + ":".len())?;
    let last_number = port_number(last, start + ":".len() + first.len() + "-".len())?;
    if first_number < last_number {
        Ok(())
    } else {
        Err(mistake)
    }
}

/// Reads a port of a list or a range.
fn port_number(digits: &str, position: usize) -> Result<u16, OriginError> {
    if digits.is_empty() {
        return Err(OriginError::at(position, OriginErrorKind::PortList));
    }
    if let Some(offset) = digits.bytes().position(|byte| !byte.is_ascii_digit()) {
        return Err(OriginError::at(
            position + offset,
            OriginErrorKind::PortCharacter,
        ));
    }
    digits
        .parse()
        .ok()
        .filter(|_| !digits.starts_with('0'))
        .ok_or(OriginError::at(position, OriginErrorKind::PortRange))
}

impl OriginPattern {
    /// Both positions are at most the length that was checked before.
    fn of(text: &str, host_start: usize, host_end: usize) -> Self {
        Self {
            text: text.into(),
            host_start: host_start as u16,
            host_end: host_end as u16,
        }
    }
}

/// The error of a text that is not an [`OriginPattern`], with the pattern that was probably meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PatternError {
    value: Box<str>,
    suggestion: Option<String>,
    error: OriginError,
}

impl PatternError {
    /// Returns the text.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the valid pattern that was probably meant.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// Returns the byte at which the text stops being a pattern, counted from 0.
    pub fn position(&self) -> usize {
        self.error.position()
    }

    /// Returns the kind of the mistake.
    ///
    /// ```
    /// use tower_cors::{OriginErrorKind, OriginPattern};
    ///
    /// let error = "https://app.*.com".parse::<OriginPattern>().unwrap_err();
    /// assert_eq!(error.kind(), OriginErrorKind::Wildcard);
    /// ```
    pub fn kind(&self) -> OriginErrorKind {
        self.error.kind()
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.value {
            "null" => {
                return f.write_str(
                    "`null` is no origin to list; if you must, use `allow_null_origin(true)`",
                );
            }
            "*" => {
                return f.write_str(
                    "`*` is no origin to list; to allow every origin, use `allow_any_origin()`",
                );
            }
            value if self.kind() == OriginErrorKind::File => {
                return write!(
                    f,
                    "`{}` is no origin to list, because all local files share `file://` or `null`; if you must, use \
                     `allow_file_origin(true)`",
                    EscapedText(value),
                );
            }
            value => write!(
                f,
                "`{}` is not an origin pattern: {}",
                EscapedText(value),
                self.error
            )?,
        }
        match &self.suggestion {
            Some(suggestion) => write!(f, "; write `{suggestion}`"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PatternError {}
