//! Fetch metadata: what browsers report about the page that sent a request.
//!
//! <https://w3c.github.io/webappsec-fetch-metadata/>

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::decision::Rejection;
use crate::origin::Origin;
use crate::request::{self, RequestOrigin};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Returns whether a request with a rejected origin comes from a page of the service's own origin.
///
/// Browsers report it in a header that no page can set. Without that header, an origin with the host and port of the
/// request is the service's own. Under DNS rebinding an attacker controls both, so list the hosts of the service.
pub(crate) fn is_same_origin(uri: &Uri, headers: &HeaderMap) -> bool {
    if headers.contains_key(SEC_FETCH_SITE) {
        return is_only(headers, SEC_FETCH_SITE, "same-origin");
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

/// Returns the rejection of a request without `Origin` that a page of another origin may have sent, other than as a link that a
/// user can follow.
///
/// - With `Sec-Fetch-Site`, the browser reports it. A value that no browser sends is taken for another origin.
/// - Without it, or with an empty one as some proxies leave it, the request is not known to come from a page. The exception is
///   CONNECT, with which browsers open WebSockets over HTTP/2 (RFC 8441): Firefox behind a proxy sends neither header.
#[inline]
pub(crate) fn rejection_without_origin(method: &Method, headers: &HeaderMap) -> Option<Rejection> {
    if *method == Method::CONNECT && is_unmarked(headers) {
        Some(Rejection::WebSocketWithoutOrigin)
    } else if headers.contains_key(SEC_FETCH_SITE) && is_marked_cross_site(method, headers) {
        Some(Rejection::CrossSiteRequest)
    } else {
        None
    }
}

/// Returns whether the browser reports nothing about the page.
fn is_unmarked(headers: &HeaderMap) -> bool {
    !headers.contains_key(SEC_FETCH_SITE) || is_only(headers, SEC_FETCH_SITE, "")
}

/// It is a call so that requests of other programs do not carry its code.
#[inline(never)]
fn is_marked_cross_site(method: &Method, headers: &HeaderMap) -> bool {
    let is_ours = |site| is_only(headers, SEC_FETCH_SITE, site);
    if is_ours("same-origin") || is_ours("none") || is_ours("") {
        return false;
    }
    let is_link = matches!(*method, Method::GET | Method::HEAD)
        && is_only(headers, SEC_FETCH_MODE, "navigate")
        && is_only(headers, SEC_FETCH_DEST, "document");
    !is_link
}

/// Returns whether a header has one field line, with this value.
fn is_only(headers: &HeaderMap, name: HeaderName, value: &str) -> bool {
    let mut lines = headers.get_all(name).iter();
    lines.next().is_some_and(|line: &HeaderValue| line == value) && lines.next().is_none()
}
