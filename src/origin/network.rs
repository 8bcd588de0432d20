//! Hosts of the user's machine and of the local network.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Returns whether a host is a name that devices of the local network give themselves, or the machine itself.
///
/// <https://www.rfc-editor.org/rfc/rfc6762#section-3>
pub(super) fn is_local_name(host: &str) -> bool {
    let last = host.rsplit('.').next();
    host == "localhost" || (host.contains('.') && matches!(last, Some("local" | "localhost")))
}

/// Returns whether a host is a private, link-local or loopback address.
pub(super) fn is_local_address(host: &str) -> bool {
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return address.is_private() || address.is_link_local() || address.is_loopback();
    }
    let Some(address) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .and_then(|host| host.parse::<Ipv6Addr>().ok())
    else {
        return false;
    };
    address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
}

/// Returns whether a page of such an origin came over the network without TLS. Loopback traffic never leaves the machine.
///
/// <https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy>
pub(super) fn is_insecure(scheme: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let local = matches!(host, "localhost" | "[::1]")
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback());
    matches!(scheme, "http" | "ws" | "ftp") && !local
}
