//! Origins that a policy lists, with or without wildcards.

use std::fmt;
use std::str::FromStr;

use super::parse::{self, MAX_ORIGIN};
use super::suggest::{ANY_SUBDOMAIN, suggest};
use super::{Origin, OriginError, OriginErrorKind, text};

/// An origin that a policy allows, or a pattern of origins.
///
/// | pattern | allows | does not allow |
/// |---|---|---|
/// | `https://app.example.com` | that origin | any other |
/// | `https://*.example.com` | `https://a.example.com`, `https://a.b.example.com` | `https://example.com` |
/// | `http://localhost:*` | `http://localhost`, `http://localhost:3000` | `https://localhost` |
/// | `https://*.example.com:*` | subdomains at any port | the same over `http` |
///
/// A wildcard matches one or more whole labels at the start of a host, or the port. No pattern matches by prefix or
/// substring.
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

impl OriginPattern {
    /// Returns whether the pattern allows `origin`. The opaque origin matches no pattern.
    pub fn matches(&self, origin: &Origin) -> bool {
        let (Some(scheme), Some(host)) = (origin.scheme(), origin.host()) else {
            return false;
        };
        let host_matches = match self.base_domain() {
            Some(base) => {
                origin.has_plain_host()
                    && host
                        .strip_suffix(base)
                        .is_some_and(|labels| labels.ends_with('.') && labels.len() > 1)
            }
            None => host == self.host(),
        };
        scheme == self.scheme() && host_matches && (self.any_port() || origin.port() == self.port())
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

    /// Returns the domain after `*.`, if the pattern allows subdomains.
    pub(crate) fn base_domain(&self) -> Option<&str> {
        self.host().strip_prefix(ANY_SUBDOMAIN)
    }

    pub(crate) fn any_port(&self) -> bool {
        self.text.ends_with(ANY_PORT)
    }

    pub(super) fn has_wildcard(&self) -> bool {
        self.any_port() || self.base_domain().is_some()
    }

    pub(super) fn into_bytes(self) -> Box<[u8]> {
        self.text.into_boxed_bytes()
    }

    fn port(&self) -> Option<u16> {
        self.text
            .get(usize::from(self.host_end) + 1..)?
            .parse()
            .ok()
    }

    /// Returns whether a page of such an origin came over the network without TLS. Loopback traffic never leaves the
    /// machine.
    ///
    /// <https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy>
    pub(crate) fn is_insecure(&self) -> bool {
        is_insecure(self.scheme(), self.host())
    }
}

pub(super) fn is_insecure(scheme: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let local = matches!(host, "localhost" | "[::1]")
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback());
    matches!(scheme, "http" | "ws" | "ftp") && !local
}

impl FromStr for OriginPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        parse(text).map_err(|error| PatternError {
            value: text.into(),
            suggestion: suggest(text, |text| parse(text).map(|_| ())),
            error,
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
    if bytes.len() > MAX_ORIGIN + ANY_SUBDOMAIN.len() {
        return Err(OriginError::at(MAX_ORIGIN, OriginErrorKind::TooLong));
    }
    let host_start = parse::scheme(bytes)?;
    let subdomains = bytes[host_start..].starts_with(ANY_SUBDOMAIN.as_bytes());
    let base_start = if subdomains {
        host_start + ANY_SUBDOMAIN.len()
    } else {
        host_start
    };
    let host_end = if subdomains {
        parse::host(bytes, base_start)?
    } else {
        parse::listed_host(bytes, host_start)?
    };
    let base = &text[base_start..host_end];
    if subdomains && (base.starts_with('[') || parse::is_ipv4(base.as_bytes())) {
        // An address has no subdomains.
        return Err(OriginError::at(host_start, OriginErrorKind::Wildcard));
    }
    if &text[host_end..] != ANY_PORT {
        parse::port(bytes, host_end, &bytes[..host_start - "://".len()])?;
    }
    // Both are at most the length that was checked above.
    Ok(OriginPattern {
        text: text.into(),
        host_start: host_start as u16,
        host_end: host_end as u16,
    })
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
                    value.escape_debug(),
                );
            }
            value => write!(
                f,
                "`{}` is not an origin pattern: {}",
                value.escape_debug(),
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
