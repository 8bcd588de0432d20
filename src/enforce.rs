//! Which requests do not reach the service, where keeping pages from reading responses is not enough.

use http::{HeaderMap, HeaderName, Uri};

use crate::origin::Origin;
use crate::request::{self, RequestOrigin};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What is done with an actual request of a rejected origin.
///
/// CORS keeps pages from *reading* responses; the requests that need no preflight run all the same, and so do WebSocket
/// upgrades. [`Block`](Self::Block) answers them with 403 before they reach the service. Requests without `Origin` pass,
/// for they are no browser's cross-origin requests, and so do requests of the service's own pages, to which browsers add
/// an `Origin` too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Enforcement {
    /// It is served, without a grant.
    #[default]
    Off,
    /// It is served, without a grant, and the event says that it would have been blocked.
    Report,
    /// It is answered with 403, and the service does not run.
    Block,
}

impl Enforcement {
    /// What it does, for the event.
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "none",
            Self::Report => "would-block",
            Self::Block => "blocked",
        }
    }
}

/// Whether a request comes from a page of the service's own origin.
///
/// Browsers say so themselves, in a header that no page can set: <https://w3c.github.io/webappsec-fetch-metadata/>. Where
/// they do not, an origin that names the host and port that the request was sent to is the service's own. Under DNS
/// rebinding both are a stranger's word: see `PolicyBuilder::trust_same_origin`.
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
