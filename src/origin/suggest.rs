//! The origin or pattern that was probably meant.

use std::net::Ipv6Addr;

use super::error::{OriginError, OriginErrorKind};
use super::parse::{self, Canonical};
use super::punycode;

/// The wildcard for the first labels of a host.
pub(super) const ANY_SUBDOMAIN: &str = "*.";

/// Schemes that are never those of a page's origin. WebSockets have the origin of their page, `blob:` URLs that of their
/// creator, and pages of the others are opaque: <https://url.spec.whatwg.org/#origin>
pub(super) const NO_PAGES: [&[u8]; 7] = [
    b"ws",
    b"wss",
    b"ftp",
    b"data",
    b"blob",
    b"about",
    b"javascript",
];

/// Returns the origin or pattern that was probably meant, by the rules of `check`.
///
/// It is the origin that the URL standard gives the text as a URL. It is none if that takes the tables of Unicode, so that
/// no suggestion leads to another origin. A host without a scheme is no URL. It is taken for one over `https`, or over `http`
/// if it is an address or `localhost`.
///
/// <https://url.spec.whatwg.org/#concept-basic-url-parser>
pub(super) fn suggest(
    text: &str,
    check: impl Fn(&str) -> Result<(), OriginError>,
) -> Option<String> {
    // The standard removes the same characters.
    let text = text.trim_matches(|c| c <= ' ');
    let meant = of_url(text).or_else(|| of_host(text))?;
    check(&meant).is_ok().then_some(meant)
}

/// Returns the origin of a URL with a scheme, or of a pattern that is written like one.
fn of_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let is_special = parse::is_special(scheme.as_bytes());
    let rest = if is_special {
        rest.trim_start_matches(['/', '\\'])
    } else {
        rest.strip_prefix("//")?
    };
    let ends: &[char] = if is_special {
        &['/', '\\', '?', '#']
    } else {
        &['/', '?', '#']
    };
    let authority = &rest[..rest.find(ends).unwrap_or(rest.len())];
    let host_and_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let colon = match host_and_port.rfind(']') {
        Some(end) => host_and_port[end..].find(':').map(|colon| end + colon),
        None => host_and_port.find(':'),
    };
    let (host, port) = host_and_port.split_at(colon.unwrap_or(host_and_port.len()));
    let host = if is_special {
        host_of_web(host)?
    } else {
        // The standard keeps its case, but the engines that send such origins do not.
        host.is_ascii().then(|| host.to_ascii_lowercase())?
    };
    Some(format!("{scheme}://{host}{}", meant_port(port, &scheme)))
}

/// Returns the host of a URL of the web as it is serialized.
fn host_of_web(host: &str) -> Option<String> {
    if let Some(address) = host.strip_prefix('[') {
        let address: Ipv6Addr = address.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{}]", Canonical::of(address)));
    }
    // The standard decodes escapes, and then reads the host again.
    if host.contains('%') {
        return None;
    }
    punycode::to_ascii(host)
}

/// Returns a port with its colon as it is serialized. Text that is no port stays, such as the `*` of a pattern.
fn meant_port(port: &str, scheme: &str) -> String {
    let digits = port.strip_prefix(':').unwrap_or_default();
    if digits.starts_with('{') {
        // A list of ports.
        return port.replace(' ', "");
    }
    match digits.parse::<u16>() {
        Ok(_) if digits.starts_with('+') => port.to_owned(),
        Ok(number) if parse::default_port(scheme.as_bytes()) == Some(number) => String::new(),
        Ok(number) => format!(":{number}"),
        Err(_) if digits.is_empty() => String::new(),
        Err(_) => port.to_owned(),
    }
}

/// Returns a page of a server that listens on the address that `text` is, perhaps with a port: `0.0.0.0:3000`.
pub(super) fn page_of_listener(text: &str) -> Option<String> {
    let address = text.trim_matches(|c| c <= ' ');
    let is_address = |host: &str| {
        let rest = address.strip_prefix(host);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    let host = ["0.0.0.0", "[::]"]
        .into_iter()
        .find(|host| is_address(host))?;
    let origin = of_url(&format!("http://{address}"))?;
    let port = origin.strip_prefix("http://")?.strip_prefix(host)?;
    Some(format!("http://localhost{port}"))
}

/// Returns the kind of a text that is no attempt to write an origin, so that no suggestion fits.
pub(super) fn other_kind(text: &str) -> Option<OriginErrorKind> {
    let text = text.trim_matches(|c| c <= ' ');
    let (scheme, _) = text.split_once(':').unwrap_or_default();
    if NO_PAGES.contains(&scheme.as_bytes()) {
        return Some(OriginErrorKind::NoPages);
    }
    let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
    let mut items = text.split(is_separator).filter(|item| !item.is_empty());
    if items
        .by_ref()
        .take(2)
        .filter(|item| item.contains("://"))
        .count()
        == 2
    {
        return Some(OriginErrorKind::Several);
    }
    const OF_EXPRESSIONS: [&str; 7] = ["\\.", "\\d", "\\w", "://.*", "(.*", ".+", "[a-z"];
    if text.starts_with('^')
        || text.len() > 1 && text.ends_with('$')
        || OF_EXPRESSIONS.iter().any(|part| text.contains(part))
    {
        return Some(OriginErrorKind::Expression);
    }
    is_network(text).then_some(OriginErrorKind::Network)
}

/// Returns whether a text is an address with a `*`, or a network such as `10.0.0.0/8`.
fn is_network(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let end = rest.find(['/', ':']).unwrap_or(rest.len());
    let (host, after) = rest.split_at(end);
    let numbers = || host.split('.').filter(|number| *number != "*");
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let is_prefix = |after: &str| after.starts_with(|c: char| c.is_ascii_digit());
    host.starts_with(|c: char| c.is_ascii_digit())
        && host.contains('.')
        && numbers().count() > 0
        && numbers().all(is_number)
        && (host.contains('*') || after.strip_prefix('/').is_some_and(is_prefix))
}

/// Returns the origin of a host without a scheme, perhaps with a port or a path.
fn of_host(text: &str) -> Option<String> {
    if text.contains("://") || text.contains('@') {
        return None;
    }
    let end = text.find(['/', '?', '#']).unwrap_or(text.len());
    let (host_and_port, path) = text.split_at(end);
    let insecure = of_url(&format!("http://{host_and_port}"))?;
    let rest = insecure.strip_prefix("http://")?;
    let host = match rest.find(']') {
        Some(end) => &rest[..=end],
        None => rest.split(':').next()?,
    };
    let labels = host.trim_end_matches('.');
    if host.starts_with('[') || parse::is_ipv4(host.as_bytes()) {
        // `10.0.0.0/8` is a network.
        return path.trim_end_matches('/').is_empty().then_some(insecure);
    }
    if labels == "localhost" || labels.ends_with(".localhost") {
        return Some(insecure);
    }
    // One label alone, such as `True` or the `https` of `https//app.example.com`, is no host that people mean.
    if !labels
        .strip_prefix(ANY_SUBDOMAIN)
        .unwrap_or(labels)
        .contains('.')
    {
        return None;
    }
    of_url(&format!("https://{host_and_port}"))
}
