//! The origin or pattern that was probably meant.

use super::error::{OriginError, OriginErrorKind};
use super::parse::Canonical;
use super::punycode;

/// The wildcard for the first labels of a host.
pub(super) const ANY_SUBDOMAIN: &str = "*.";

/// Returns the origin or pattern that was probably meant, by the rules of `check`. It fixes one mistake after the other.
pub(super) fn suggest(
    text: &str,
    check: impl Fn(&str) -> Result<(), OriginError>,
) -> Option<String> {
    // A kind of mistake is fixed everywhere at once, so more rounds would not help.
    const ROUNDS: usize = 8;
    let mut text = text.trim().to_owned();
    for _ in 0..ROUNDS {
        match check(&text) {
            Ok(()) => return Some(text),
            Err(error) => text = fix(&text, error)?,
        }
    }
    None
}

/// Fixes a mistake, if it is clear what was meant.
fn fix(text: &str, error: OriginError) -> Option<String> {
    match error.kind() {
        OriginErrorKind::Scheme if text.contains("://") || text.is_empty() || text == "null" => {
            None
        }
        OriginErrorKind::Scheme if text.starts_with("localhost") || text.starts_with("127.") => {
            Some(format!("http://{text}"))
        }
        OriginErrorKind::Scheme => Some(format!("https://{text}")),
        OriginErrorKind::UpperCase => Some(text.to_ascii_lowercase()),
        OriginErrorKind::NotAscii => {
            let (scheme, rest) = text.split_once("://")?;
            let end = rest.find([':', '/', '?', '#']).unwrap_or(rest.len());
            let host = &rest[..end];
            let wildcard = if host.starts_with(ANY_SUBDOMAIN) {
                ANY_SUBDOMAIN
            } else {
                ""
            };
            let base = punycode::to_ascii(&host[wildcard.len()..])?;
            Some(format!("{scheme}://{wildcard}{base}{}", &rest[end..]))
        }
        OriginErrorKind::Path | OriginErrorKind::DefaultPort => {
            Some(text.get(..error.position())?.to_owned())
        }
        OriginErrorKind::EmptyPort => Some(text.trim_end_matches(':').to_owned()),
        OriginErrorKind::UserInfo => {
            let (scheme, rest) = text.split_once("://")?;
            Some(format!("{scheme}://{}", rest.split_once('@')?.1))
        }
        OriginErrorKind::EmptyLabel => {
            let stripped = text.strip_suffix('.')?;
            Some(stripped.to_owned())
        }
        OriginErrorKind::Ipv6 => {
            let (before, rest) = text.split_once('[')?;
            let (inner, after) = rest.split_once(']')?;
            Some(format!(
                "{before}[{}]{after}",
                Canonical::of(inner.parse().ok()?)
            ))
        }
        _ => None,
    }
}
