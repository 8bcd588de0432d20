//! The `Origin` of a request: strictly parsed, never guessed.

use std::str::FromStr;

use http::HeaderValue;

mod error;
mod network;
mod parse;
mod pattern;
mod punycode;
#[cfg(feature = "serde")]
mod serde;
mod set;
mod suggest;
mod text;

pub use error::{OriginError, OriginErrorKind};
pub(crate) use parse::{Parts, is_too_long, parse};
pub use pattern::{OriginPattern, PatternError};
pub use set::OriginSet;

/// An origin as a browser serializes it into the `Origin` header: a scheme, a host and a port, or the opaque `null`.
///
/// Parsing is strict: a text that no browser sends is not an origin.
///
/// - The scheme and the host are in lower case.
/// - The port is present only if it is not the default of the scheme.
/// - The host has at most 253 bytes. Over `http` and `https` it is a name that a name server can know, with or without a
///   dot at its end, or an address. Names are divided into labels, and may have any character that the URL standard allows.
/// - IPv4 and IPv6 addresses are in their canonical form.
/// - The host of another scheme is opaque: `app://.`, `app://42` and `capacitor://` are origins of app shells.
/// - Nothing follows.
///
/// Two things that browsers can send are not accepted: a `*` in a host, which is a wildcard in lists, and a comma, which
/// caches could take for the end of the origin.
///
/// ```
/// use tower_cors::Origin;
///
/// let origin: Origin = "https://app.example.com:8443".parse()?;
/// assert_eq!(origin.scheme(), Some("https"));
/// assert_eq!(origin.host(), Some("app.example.com"));
/// assert_eq!(origin.port(), Some(8443));
///
/// assert_eq!(origin, "https://app.example.com:8443");
///
/// assert!(Origin::try_from("https://app.example.com/").is_err());
/// assert!(Origin::try_from("https://app.example.com:443").is_err());
/// # Ok::<(), tower_cors::OriginError>(())
/// ```
///
/// With the feature `serde`, it is read and written as text.
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
    /// Returns the origin of a header value that was parsed before.
    pub(crate) fn of_parts(value: &HeaderValue, parts: Parts) -> Self {
        Self {
            value: value.clone(),
            parts: Some(parts),
        }
    }

    pub(crate) fn value(&self) -> &HeaderValue {
        &self.value
    }

    /// Returns whether this is the opaque origin, `null`: a sandboxed frame, a `data:` URL, a redirect between origins.
    ///
    /// It identifies nobody, because any site can send it.
    pub fn is_opaque(&self) -> bool {
        self.parts.is_none()
    }

    /// Returns whether this is `file://`, which some browsers and app shells send for every local file.
    ///
    /// It identifies nobody, because any file that a user saves and opens can send it. Others send `null` instead.
    ///
    /// ```
    /// use tower_cors::Origin;
    ///
    /// let origin: Origin = "file://".parse()?;
    /// assert!(origin.is_file() && !origin.is_opaque());
    /// assert!("file:///home/me/page.html".parse::<Origin>().is_err());
    /// # Ok::<(), tower_cors::OriginError>(())
    /// ```
    pub fn is_file(&self) -> bool {
        self.parts.is_some_and(Parts::is_file)
    }

    /// Returns whether a page of this origin came over the network without TLS, as
    /// [`OriginPattern`] has it.
    pub(crate) fn is_insecure(&self) -> bool {
        let Some((scheme, host)) = self.scheme().zip(self.host()) else {
            return false;
        };
        network::is_insecure(scheme, host)
    }

    /// Returns whether this is a page of the local network: a private, link-local or loopback address, or a name that
    /// devices give themselves.
    pub(crate) fn is_of_local_network(&self) -> bool {
        let host = self.host().unwrap_or_default();
        let is_of_web = matches!(self.scheme(), Some("http" | "https"));
        is_of_web && (network::is_local_name(host) || network::is_local_address(host))
    }

    /// Returns whether a wildcard may stand for labels of the host.
    fn has_plain_host(&self) -> bool {
        self.parts.is_some_and(Parts::is_plain)
    }

    /// Returns the scheme, such as `https`, or `None` for the opaque origin.
    pub fn scheme(&self) -> Option<&str> {
        self.parts.map(|parts| parts.scheme(self.as_str()))
    }

    /// Returns the host, such as `app.example.com`, `127.0.0.1` or `[::1]`, or `None` for the opaque origin.
    ///
    /// It is empty for `file://` and for origins of app shells such as `capacitor://`. `example.com.` with a dot is another
    /// host than `example.com`.
    pub fn host(&self) -> Option<&str> {
        self.parts.map(|parts| parts.host(self.as_str()))
    }

    /// Returns the port, or `None` for the opaque origin and for the default port of the scheme.
    pub fn port(&self) -> Option<u16> {
        let parts = self.parts?;
        parts.port(self.as_str()).get(1..)?.parse().ok()
    }

    /// Returns the origin as in the header.
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

text::impl_text!(Origin, OriginError);
