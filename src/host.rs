//! Hosts: the names by which a service is reached.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use http::uri::Authority;

use crate::escaped::EscapedText;
use crate::origin::OriginPattern;
use crate::public_suffix::{self, Relation};

/// The hosts of a server on the user's own machine.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The domains in which nobody can register a public name: reserved for private networks, or never delegated.
///
/// <https://www.iana.org/assignments/special-use-domain-names>, <https://www.rfc-editor.org/rfc/rfc6762#appendix-G>
const PRIVATE: [&str; 9] = [
    "local",
    "internal",
    "home.arpa",
    "test",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
];

/// The longest name in the domain name system.
const MAX_HOST: usize = 253;

/// A host by which a service is reached: a name or an address, with or without a port.
///
/// | pattern | matches |
/// |---|---|
/// | `mcp.example.com` | this name, at any port |
/// | `mcp.example.com:8443` | this name, at this port |
/// | `mcp.example.com:443` | this name, at this port or without one, because clients leave out the default port |
/// | `*.example.com` | every subdomain of `example.com`, at any port, but not `example.com` itself |
/// | `127.0.0.1`, `[::1]` | this address, at any port |
///
/// Names are compared without regard to case. A name with a trailing dot matches nothing, because browsers take it for
/// another host and no link has it by accident. The port is not needed against DNS rebinding: an attacker controls the
/// name, and the port is the service's own.
///
/// A wildcard needs a domain with one owner. `*.com` and `*.github.io` are rejected, because an attacker can register a
/// name there. Without the feature `public-suffix`, only top-level domains and well-known hosting services are
/// recognized.
///
/// ```
/// use tower_cors::HostPattern;
///
/// let host: HostPattern = "mcp.example.com".parse()?;
/// assert_eq!(host.to_string(), "mcp.example.com");
/// let error = "https://mcp.example.com/".parse::<HostPattern>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "host `https://mcp.example.com/` is invalid; help: write `mcp.example.com`"
/// );
/// # Ok::<(), tower_cors::HostError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HostPattern {
    /// In lower case, without `*.` and the port.
    host: Box<str>,
    subdomains: bool,
    port: Option<u16>,
}

impl HostPattern {
    /// Returns what the hosts of a set are sorted by. The length comes first, because it tells most hosts apart.
    fn key(&self) -> (usize, &[u8]) {
        (self.host.len(), self.host.as_bytes())
    }

    /// Returns whether this is a wildcard in a domain in which anyone can register a name.
    fn allows_others(&self) -> bool {
        let is_public = || public_suffix::relation(&self.host) == Relation::Is;
        self.subdomains && !PRIVATE.contains(&&*self.host) && is_public()
    }

    /// Returns whether a request to this port, or without one, has the port of the pattern.
    fn matches_port(&self, port: Option<u16>) -> bool {
        // Clients leave out the default port, and the service does not know its scheme.
        let is_default = || port.is_none() && matches!(self.port, Some(80 | 443));
        self.port.is_none() || self.port == port || is_default()
    }

    /// Parses a pattern in lower case.
    fn parse(text: &str) -> Option<Self> {
        let (base, subdomains) = match text.strip_prefix("*.") {
            Some(base) => (base, true),
            None => (text, false),
        };
        let (host, port) = split_port(base.as_bytes())?;
        let host = std::str::from_utf8(host).ok()?;
        // Nothing listens at port 0.
        if !is_host(host, subdomains) || port == Some(0) {
            return None;
        }
        Some(Self {
            host: host.into(),
            subdomains,
            port,
        })
    }
}

/// Returns whether a text in lower case is a name or an address as browsers write it: the host of an origin, without a dot
/// at its end or unusual characters.
fn is_host(host: &str, subdomains: bool) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.[]:".contains(&byte);
    if !host.bytes().all(is_plain) || host.ends_with('.') {
        return false;
    }
    let host = format!("{}{host}", if subdomains { "*." } else { "" });
    let origin: Result<OriginPattern, _> = format!("http://{host}").parse();
    origin.is_ok_and(|origin| origin.host() == host)
}

impl FromStr for HostPattern {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let lower = text.to_ascii_lowercase();
        let host = Self::parse(&lower).ok_or_else(|| HostError::new(text, &lower))?;
        if host.allows_others() {
            return Err(HostError::others(text));
        }
        Ok(host)
    }
}

impl TryFrom<&str> for HostPattern {
    type Error = HostError;

    fn try_from(text: &str) -> Result<Self, HostError> {
        text.parse()
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wildcard = if self.subdomains { "*." } else { "" };
        write!(f, "{wildcard}{}", self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// The error of a text that is not a [`HostPattern`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostError {
    value: Box<str>,
    suggestion: Option<HostPattern>,
    /// Set if it is a pattern, but third parties can register names that it matches.
    allows_others: bool,
}

impl HostError {
    fn new(value: &str, lower: &str) -> Self {
        let without_scheme = lower.split_once("://").map_or(lower, |(_, rest)| rest);
        let host = without_scheme.split('/').next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default().trim();
        let host = host.strip_suffix(":*").unwrap_or(host);
        let host = host.strip_suffix('.').unwrap_or(host);
        // An IPv6 address needs brackets, and has one form.
        let bracketed = host.trim_start_matches('[').trim_end_matches(']');
        let address = bracketed.parse::<Ipv6Addr>();
        let suggestion = match address {
            Ok(address) => HostPattern::parse(&format!("[{address}]")),
            Err(_) => HostPattern::parse(host),
        };
        Self {
            value: value.into(),
            suggestion: suggestion.filter(|host| !host.allows_others()),
            allows_others: false,
        }
    }

    fn others(value: &str) -> Self {
        Self {
            value: value.into(),
            suggestion: None,
            allows_others: true,
        }
    }

    /// Returns the text.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the pattern that was probably meant.
    pub fn suggestion(&self) -> Option<&HostPattern> {
        self.suggestion.as_ref()
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host `{}` is invalid", EscapedText(&self.value))?;
        if self.allows_others {
            return f.write_str(
                ": anyone can register a name there, also for DNS rebinding; \
                 help: list your own names, such as `mcp.example.com` or `*.example.com`",
            );
        }
        f.write_str("; help: ")?;
        match &self.suggestion {
            Some(host) => write!(f, "write `{host}`"),
            None => f.write_str("write a name or an address, such as `mcp.example.com` or `[::1]`"),
        }
    }
}

impl std::error::Error for HostError {}

/// The hosts by which a service is reached. It rejects DNS rebinding.
///
/// An attacker can let a name of its own resolve to the address of a service: that is DNS rebinding. Browsers then take
/// the service for a part of the attacker's site, and let its pages read every response. But the request names the
/// attacker's host, which is not in this set.
///
/// ```
/// use tower_cors::HostSet;
///
/// let hosts = HostSet::new(["mcp.example.com", "*.mcp.example.com"])?;
/// assert!(hosts.contains("MCP.example.com:443"));
/// assert!(!hosts.contains("rebound.evil.example"));
/// # Ok::<(), tower_cors::HostError>(())
/// ```
///
/// # Cost
///
/// Logarithmic in the number of hosts. It allocates nothing. Cloning increments one reference count.
#[derive(Clone, PartialEq, Eq)]
pub struct HostSet(Arc<Hosts>);

#[derive(PartialEq, Eq)]
struct Hosts {
    /// Sorted, those with a wildcard apart.
    exact: Box<[HostPattern]>,
    subdomains: Box<[HostPattern]>,
}

impl HostSet {
    /// Creates a set of hosts.
    ///
    /// # Errors
    ///
    /// The first text that is not a [`HostPattern`].
    pub fn new<I>(hosts: I) -> Result<Self, HostError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        hosts
            .into_iter()
            .map(|text| text.as_ref().parse())
            .collect()
    }

    /// Creates the set of `localhost`, `127.0.0.1` and `[::1]` at any port, for a server on the user's own machine.
    pub fn local() -> Self {
        // Each of them is a host.
        LOCAL.into_iter().filter_map(HostPattern::parse).collect()
    }

    /// Returns whether a host, with or without its port, is in the set.
    #[inline]
    pub fn contains(&self, host: &str) -> bool {
        self.contains_bytes(host.as_bytes())
    }

    /// Most services have one host, and browsers send it in lower case, mostly without a port. So the first host is compared
    /// as it is listed: it saves 150 instructions of "GET with hosts" in `benches/run`.
    #[inline(always)]
    pub(crate) fn contains_bytes(&self, text: &[u8]) -> bool {
        let first = self.0.exact.first();
        first.is_some_and(|first| first.port.is_none() && *first.host.as_bytes() == *text)
            || self.contains_any_case(text)
    }

    #[inline(never)]
    fn contains_any_case(&self, text: &[u8]) -> bool {
        let Some((host, port)) = split_port(text) else {
            return false;
        };
        let mut lower = [0; MAX_HOST];
        let Some(lower) = lower.get_mut(..host.len()) else {
            return false;
        };
        lower.copy_from_slice(host);
        lower.make_ascii_lowercase();
        contains(&self.0.exact, lower, port)
            || (!self.0.subdomains.is_empty() && self.contains_subdomain(lower, port))
    }

    /// It is a call because few sets have wildcards.
    #[inline(never)]
    fn contains_subdomain(&self, host: &[u8], port: Option<u16>) -> bool {
        // Its prefix is not compared with anything, so it is checked: whole labels of a name.
        let is_label = |label: &[u8]| {
            let is_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
            !label.is_empty() && label.iter().all(is_byte)
        };
        if !host.split(|byte| *byte == b'.').all(is_label) {
            return false;
        }
        let dots = host.iter().enumerate().filter(|(_, byte)| **byte == b'.');
        let mut bases = dots.map(|(dot, _)| &host[dot + 1..]);
        bases.any(|base| contains(&self.0.subdomains, base, port))
    }

    /// Returns the hosts in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &HostPattern> {
        self.0.exact.iter().chain(&self.0.subdomains)
    }

    /// Returns the hosts of both sets.
    pub(crate) fn union(&self, other: &Self) -> Self {
        if self == other {
            return self.clone();
        }
        self.iter().chain(other.iter()).cloned().collect()
    }
}

impl FromIterator<HostPattern> for HostSet {
    fn from_iter<I: IntoIterator<Item = HostPattern>>(hosts: I) -> Self {
        let (mut subdomains, mut exact): (Vec<_>, Vec<_>) =
            hosts.into_iter().partition(|host| host.subdomains);
        for hosts in [&mut exact, &mut subdomains] {
            hosts.sort_unstable_by(|one, other| {
                (one.key(), one.port).cmp(&(other.key(), other.port))
            });
            hosts.dedup();
        }
        Self(Arc::new(Hosts {
            exact: exact.into(),
            subdomains: subdomains.into(),
        }))
    }
}

impl fmt::Debug for HostSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Returns whether one of these sorted hosts has this name in lower case and, if it has a port, this port.
fn contains(hosts: &[HostPattern], host: &[u8], port: Option<u16>) -> bool {
    let key = (host.len(), host);
    let first = hosts.partition_point(|known| known.key() < key);
    // With several ports, the host is listed several times in a row.
    let mut known = hosts[first..].iter().take_while(|known| known.key() == key);
    known.any(|known| known.matches_port(port))
}

/// Splits a host from its port. Returns `None` if what follows the last colon is no port.
fn split_port(text: &[u8]) -> Option<(&[u8], Option<u16>)> {
    match text.iter().rposition(|byte| !byte.is_ascii_digit()) {
        Some(colon) if text[colon] == b':' => {
            let port = parse_port(&text[colon + 1..])?;
            Some((&text[..colon], Some(port)))
        }
        _ => Some((text, None)),
    }
}

/// Parses a port: digits without a leading zero, as browsers write it.
#[inline]
fn parse_port(digits: &[u8]) -> Option<u16> {
    if !matches!(digits, [b'0'] | [b'1'..=b'9', ..]) || digits.len() > 5 {
        return None;
    }
    let port = digits.iter().try_fold(0, |port, digit| {
        digit
            .is_ascii_digit()
            .then(|| port * 10 + u32::from(digit - b'0'))
    });
    u16::try_from(port?).ok()
}

/// Returns whether bytes are a host with or without a port, as a browser or another client sends it: no user, nothing
/// empty, one form of an address.
pub(crate) fn is_well_formed(text: &[u8]) -> bool {
    let Some((host, _)) = split_port(text) else {
        return false;
    };
    let is_address = |host: &str| {
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        inner.map_or_else(
            || host.parse::<Ipv4Addr>().is_ok() || !host.contains(['[', ']', ':']),
            |inner| inner.parse::<Ipv6Addr>().is_ok(),
        )
    };
    !text.contains(&b'@')
        && Authority::try_from(text).is_ok()
        && std::str::from_utf8(host).is_ok_and(|host| !host.is_empty() && is_address(host))
}
