//! The tenant of a request.
//!
//! A tenant is the host that the request was sent to: a subdomain of yours, or a domain of its own. It could also be the
//! first segment of the path, but a host has two advantages:
//!
//! - Each tenant is an origin of its own, so browsers separate the cookies and storage of tenants.
//! - A host has one spelling, except for upper case. A router may treat the paths `/acme` and `/%61cme` as equal, although
//!   their text differs.

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use tower_cors::Scope;

/// The longest host name in DNS, in bytes.
const MAX_HOST: usize = 253;

/// A tenant: a host in lower case.
#[derive(Clone)]
pub(crate) struct Tenant(String);

impl Tenant {
    /// Returns the tenant of a request, unless it names no host or several.
    ///
    /// The layer and the handlers both call this function. If they could disagree, the origins of one tenant could read
    /// the data of another.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        if let Some(authority) = uri.authority() {
            return Self::at(authority);
        }
        let mut lines = headers.get_all(HOST).iter();
        match (lines.next(), lines.next()) {
            (Some(host), None) => Self::named(host.as_bytes()),
            // If there are two, a proxy may have used the other one.
            _ => None,
        }
    }

    /// Returns the tenant of a host, with or without a port.
    pub(crate) fn named(host: &[u8]) -> Option<Self> {
        Self::at(&Authority::try_from(host).ok()?)
    }

    fn at(authority: &Authority) -> Option<Self> {
        let host = authority.host();
        (1..=MAX_HOST)
            .contains(&host.len())
            .then(|| Self(host.to_ascii_lowercase()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Tenant> for Scope {
    fn from(tenant: Tenant) -> Self {
        tenant.0.into()
    }
}

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Self::of(&parts.uri, &parts.headers).ok_or((StatusCode::BAD_REQUEST, "not one host\n"))
    }
}
