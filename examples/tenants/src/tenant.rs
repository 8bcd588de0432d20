//! Whose request it is.
//!
//! A tenant is the host that the request was sent to: its subdomain of yours, or a domain of its own. It could be the first
//! segment of the path as well. The host is better: each tenant is an origin of its own, so that browsers keep the cookies
//! and the storage of one from the others; and a host has one spelling but for upper case, where `/acme` and `/%61cme` may
//! be the same to a router and are not to whoever compares paths.

use axum::extract::FromRequestParts;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};

/// The longest host of the domain name system, in bytes.
const MAX_HOST: usize = 253;

/// A tenant: a host in lower case. The default is nobody.
#[derive(Clone, Default)]
pub(crate) struct Tenant(String);

impl Tenant {
    /// The tenant of a request.
    ///
    /// The layer and the handlers ask this one function: if they could differ, the origins of one tenant would be granted
    /// what belongs to another.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Option<Self> {
        if let Some(authority) = uri.authority() {
            return Self::at(authority);
        }
        let mut lines = headers.get_all(HOST).iter();
        match (lines.next(), lines.next()) {
            (Some(host), None) => Self::named(host.as_bytes()),
            // Of two, a proxy may have gone by the other.
            _ => None,
        }
    }

    /// The tenant of this host, with or without a port.
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

impl From<Tenant> for std::sync::Arc<str> {
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
