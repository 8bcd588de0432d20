//! Enforcement: requests of rejected origins that do not reach the service.

use std::fmt;
use std::str::FromStr;

use http::{HeaderMap, HeaderName, Uri};

use crate::origin::Origin;
use crate::request::{self, RequestOrigin};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The handling of actual requests from rejected origins.
///
/// CORS keeps pages from *reading* responses. Requests that need no preflight still run, and so do WebSocket upgrades.
/// [`Block`](Self::Block) rejects them with 403 before they reach the service. Two kinds of requests pass:
///
/// - requests without `Origin`, because they are not CORS requests;
/// - requests of the service's own pages, which may have an `Origin` too.
///
/// It is read from text and written as text, also by `serde` (feature `serde`): `off`, `report` or `block`.
///
/// ```
/// use tower_cors::Enforcement;
///
/// assert_eq!("report".parse(), Ok(Enforcement::Report));
/// assert_eq!(Enforcement::Block.to_string(), "block");
/// let error = "none".parse::<Enforcement>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "enforcement `none` is unknown; help: write `off`, `report` or `block`"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Enforcement {
    /// Serves them, without CORS headers.
    #[default]
    Off,
    /// Serves them, without CORS headers, and reports that they would be blocked.
    Report,
    /// Rejects them with 403. The service does not run.
    Block,
}

impl Enforcement {
    const ALL: [Self; 3] = [Self::Off, Self::Report, Self::Block];

    /// Returns the name in configuration files.
    fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Report => "report",
            Self::Block => "block",
        }
    }

    /// Returns what it does, for the event.
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "none",
            Self::Report => "would-block",
            Self::Block => "blocked",
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
            "enforcement `{}` is unknown; help: write `off`, `report` or `block`",
            self.value.escape_debug()
        )
    }
}

impl std::error::Error for EnforcementError {}

/// Returns whether a request comes from a page of the service's own origin.
///
/// Browsers report it in a header that no page can set: <https://w3c.github.io/webappsec-fetch-metadata/>. Without that
/// header, an origin with the host and port of the request is the service's own. Under DNS rebinding an attacker controls
/// both: see `PolicyBuilder::trust_same_origin`.
pub(crate) fn is_same_origin(uri: &Uri, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin" && headers.get_all(SEC_FETCH_SITE).iter().nth(1).is_none();
    }
    let RequestOrigin::Line(line) = RequestOrigin::of(headers) else {
        return false;
    };
    let Ok(origin) = Origin::try_from(line) else {
        return false;
    };
    let (Some(scheme), Some(host)) = (origin.scheme(), origin.host()) else {
        return false;
    };
    let default = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let Some(sent_to) = request::authority(uri, headers) else {
        return false;
    };
    sent_to.host().eq_ignore_ascii_case(host)
        && sent_to.port_u16().unwrap_or(default) == origin.port().unwrap_or(default)
}
