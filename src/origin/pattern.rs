//! What a policy's list of origins is made of: origins, and origins with wildcards.

use std::fmt;
use std::str::FromStr;

use super::{Origin, OriginError, OriginErrorKind, punycode};

/// An origin that a policy allows, or a pattern of origins.
///
/// | pattern | allows | does not allow |
/// |---|---|---|
/// | `https://app.example.com` | that origin | any other |
/// | `https://*.example.com` | `https://a.example.com`, `https://a.b.example.com` | `https://example.com` |
/// | `http://localhost:*` | `http://localhost`, `http://localhost:3000` | `https://localhost` |
/// | `https://*.example.com:*` | subdomains at any port | the same over `http` |
///
/// A wildcard stands for one or more whole labels at the start of a host, or for the port. Nothing is ever matched by
/// prefix or substring.
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
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OriginPattern {
    text: Box<str>,
    host_start: u16,
    host_end: u16,
}

const ANY_SUBDOMAIN: &str = "*.";
const ANY_PORT: &str = ":*";

impl OriginPattern {
    /// Whether the pattern allows `origin`. The opaque origin matches no pattern.
    pub fn matches(&self, origin: &Origin) -> bool {
        let (Some(scheme), Some(host)) = (origin.scheme(), origin.host()) else {
            return false;
        };
        let host_matches = match self.base_domain() {
            Some(base) => host
                .strip_suffix(base)
                .is_some_and(|labels| labels.ends_with('.') && labels.len() > 1),
            None => host == self.host(),
        };
        scheme == self.scheme() && host_matches && (self.any_port() || origin.port() == self.port())
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn scheme(&self) -> &str {
        &self.text[..usize::from(self.host_start) - "://".len()]
    }

    /// The host, with the wildcard if there is one.
    pub(crate) fn host(&self) -> &str {
        &self.text[usize::from(self.host_start)..usize::from(self.host_end)]
    }

    /// What stands behind `*.`, if the pattern allows subdomains.
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

    /// Whether a page of such an origin came over the network without TLS. Loopback addresses never leave the machine.
    ///
    /// <https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy>
    pub(crate) fn is_insecure(&self) -> bool {
        let host = self.host();
        let local = matches!(host, "localhost" | "[::1]")
            || host.ends_with(".localhost")
            || host
                .parse::<std::net::Ipv4Addr>()
                .is_ok_and(|address| address.is_loopback());
        matches!(self.scheme(), "http" | "ws" | "ftp") && !local
    }
}

impl FromStr for OriginPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        parse(text).map_err(|mistake| PatternError {
            value: text.into(),
            suggestion: mend(text),
            mistake,
        })
    }
}

impl AsRef<str> for OriginPattern {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn parse(text: &str) -> Result<OriginPattern, OriginError> {
    let bytes = text.as_bytes();
    if bytes.len() > super::MAX_ORIGIN + ANY_SUBDOMAIN.len() {
        return Err(OriginError::at(super::MAX_ORIGIN, OriginErrorKind::TooLong));
    }
    let host_start = super::scheme(bytes)?;
    let subdomains = bytes[host_start..].starts_with(ANY_SUBDOMAIN.as_bytes());
    let base_start = if subdomains {
        host_start + ANY_SUBDOMAIN.len()
    } else {
        host_start
    };
    let host_end = super::host(bytes, base_start)?;
    let base = &text[base_start..host_end];
    if subdomains && (base.starts_with('[') || super::is_ipv4(base.as_bytes())) {
        // An address has no subdomains.
        return Err(OriginError::at(host_start, OriginErrorKind::Wildcard));
    }
    if &text[host_end..] != ANY_PORT {
        super::port(bytes, host_end, &bytes[..host_start - "://".len()])?;
    }
    // Both are at most the length that was checked above.
    Ok(OriginPattern {
        text: text.into(),
        host_start: host_start as u16,
        host_end: host_end as u16,
    })
}

/// The pattern that was probably meant: mends one mistake after the other until none is left.
fn mend(text: &str) -> Option<String> {
    // Each mistake is mended at once wherever it stands, so a few rounds are all that can help.
    const ROUNDS: usize = 8;
    let mut text = text.trim().to_owned();
    for _ in 0..ROUNDS {
        match parse(&text) {
            Ok(_) => return Some(text),
            Err(error) => text = mend_once(&text, error)?,
        }
    }
    None
}

fn mend_once(text: &str, error: OriginError) -> Option<String> {
    match error.mistake {
        OriginErrorKind::Scheme if text.contains("://") || text.is_empty() || text == "null" => {
            None
        }
        OriginErrorKind::Scheme if text.starts_with("localhost") || text.starts_with("127.") => {
            Some(format!("http://{text}"))
        }
        OriginErrorKind::Scheme => Some(format!("https://{text}")),
        OriginErrorKind::UpperCase => Some(text.to_ascii_lowercase()),
        OriginErrorKind::NotAscii => {
            let (scheme, rest) = text.split_once("://")?;
            let end = rest.find([':', '/', '?', '#']).unwrap_or(rest.len());
            let host = &rest[..end];
            let wildcard = if host.starts_with(ANY_SUBDOMAIN) {
                ANY_SUBDOMAIN
            } else {
                ""
            };
            let base = punycode::to_ascii(&host[wildcard.len()..])?;
            Some(format!("{scheme}://{wildcard}{base}{}", &rest[end..]))
        }
        OriginErrorKind::Path | OriginErrorKind::DefaultPort => {
            Some(text.get(..error.position())?.to_owned())
        }
        OriginErrorKind::EmptyPort => Some(text.trim_end_matches(':').to_owned()),
        OriginErrorKind::UserInfo => {
            let (scheme, rest) = text.split_once("://")?;
            Some(format!("{scheme}://{}", rest.split_once('@')?.1))
        }
        OriginErrorKind::EmptyLabel => {
            let stripped = text.strip_suffix('.')?;
            Some(stripped.to_owned())
        }
        OriginErrorKind::Ipv6 => {
            let (before, rest) = text.split_once('[')?;
            let (inner, after) = rest.split_once(']')?;
            Some(format!(
                "{before}[{}]{after}",
                super::Canonical::of(inner.parse().ok()?)
            ))
        }
        _ => None,
    }
}

/// Why a text is not an [`OriginPattern`], and the one that was probably meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PatternError {
    value: Box<str>,
    suggestion: Option<String>,
    mistake: OriginError,
}

impl PatternError {
    /// The text.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// A pattern that parses and that was probably meant.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// The byte at which the text stops being a pattern, counted from 0.
    pub fn position(&self) -> usize {
        self.mistake.position()
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
            value => write!(
                f,
                "`{}` is not an origin pattern: {}",
                value.escape_debug(),
                self.mistake
            )?,
        }
        match &self.suggestion {
            Some(suggestion) => write!(f, "; write `{suggestion}`"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PatternError {}
