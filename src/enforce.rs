//! Enforcement: what happens to requests that pages of other origins must not send.

use std::fmt;
use std::str::FromStr;

use crate::escaped::EscapedText;

/// The handling of requests that pages of other origins must not send.
///
/// CORS keeps pages from *reading* responses. Requests that need no preflight still run, and so do WebSocket upgrades.
/// [`Block`](Self::Block) rejects them with 403 before they reach the service. These requests pass:
///
/// - requests from an origin that a policy allows;
/// - requests of the service's own pages, unless
///   [`trust_same_origin`](crate::PolicyBuilder::trust_same_origin) is `false`;
/// - requests without `Origin` that no browser marks as sent by a page of another origin in `Sec-Fetch-Site`: from other
///   programs, from the address bar, from browsers before 2023, and over `http` to a service on another machine, where
///   browsers send no `Sec-Fetch-Site`. A WebSocket over HTTP/2 (CONNECT) with neither of the two does not pass, also of another
///   program, because Firefox behind a proxy sends it for every page;
/// - links: a user follows one to a page of the service (`Sec-Fetch-Mode: navigate` and `Sec-Fetch-Dest: document`, with
///   GET or HEAD).
///
/// DNS rebinding makes an attacker's page look like one of the service's own. To reject it, also list the
/// [hosts](crate::PolicyBuilder::hosts) by which the service is reached.
///
/// The [guide on cross-site requests](https://docs.rs/tower-cors/latest/tower_cors/guide/cross_site_requests/) has each
/// situation in a table.
///
/// The order of the values is their strictness, so `max` is the stricter one.
///
/// It is read from text and written as text, also by `serde` (feature `serde`): `off`, `report`, `block-unsafe` or
/// `block`.
///
/// ```
/// use tower_cors::Enforcement;
///
/// assert_eq!("report".parse(), Ok(Enforcement::Report));
/// assert_eq!(Enforcement::Block.to_string(), "block");
/// let error = "none".parse::<Enforcement>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "enforcement `none` is unknown; help: write `off`, `report`, `block-unsafe` or `block`"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Enforcement {
    /// Serves them, without CORS headers.
    #[default]
    Off,
    /// Serves them, without CORS headers, and reports that [`Block`](Self::Block) would reject them.
    Report,
    /// Rejects them with 403, unless the method is GET, HEAD or OPTIONS. WebSocket upgrades are rejected.
    ///
    /// The service must change nothing at these methods. Pages of other origins can embed its images, and cannot read
    /// responses.
    BlockUnsafe,
    /// Rejects them with 403. The service does not run.
    Block,
}

impl Enforcement {
    const ALL: [Self; 4] = [Self::Off, Self::Report, Self::BlockUnsafe, Self::Block];

    /// Returns the name in configuration files.
    fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Report => "report",
            Self::BlockUnsafe => "block-unsafe",
            Self::Block => "block",
        }
    }

    /// Returns what it does, for the event.
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "none",
            Self::Report => "would-block",
            Self::BlockUnsafe | Self::Block => "blocked",
        }
    }
}

impl fmt::Display for Enforcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Enforcement {
    type Err = EnforcementError;

    fn from_str(text: &str) -> Result<Self, EnforcementError> {
        let named = Self::ALL.into_iter().find(|known| known.as_str() == text);
        named.ok_or_else(|| EnforcementError { value: text.into() })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Enforcement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Enforcement {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The error of a text that names no [`Enforcement`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EnforcementError {
    value: Box<str>,
}

impl EnforcementError {
    /// Returns the text.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for EnforcementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "enforcement `{}` is unknown; help: write `off`, `report`, `block-unsafe` or `block`",
            EscapedText(&self.value)
        )
    }
}

impl std::error::Error for EnforcementError {}
