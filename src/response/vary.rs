//! `Vary`: what caches must know of a response.

use http::header::VARY;
use http::{HeaderMap, HeaderValue};

pub(super) const ANY: HeaderValue = HeaderValue::from_static("*");
pub(super) const ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// Adds `Origin` to the names that the application varies on, unless it is already there or the application varies on
/// everything. The result is one field line, because some caches read only the first one and others only the last one. A
/// `*` is written alone, because some caches do not find it in a list.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5>
pub(super) fn merge_origin(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY);
    let names = lines
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii);
    let (mut names_origin, mut names_all) = (false, false);
    for name in names {
        names_origin |= name.eq_ignore_ascii_case(b"origin");
        names_all |= name == b"*";
    }
    if names_all {
        headers.insert(VARY, ANY);
        return;
    }
    if names_origin && lines.iter().nth(1).is_none() {
        return;
    }
    // The exact length: a `HeaderValue` made from a vector with spare capacity allocates twice.
    let ours = (!names_origin).then_some(b"Origin".as_slice());
    let parts = || {
        lines
            .iter()
            .map(|line| line.as_bytes().trim_ascii())
            .filter(|names| !names.is_empty())
            .chain(ours)
    };
    let joined: usize = parts().map(|names| names.len() + ", ".len()).sum();
    let length = joined.saturating_sub(", ".len());
    let mut merged = Vec::with_capacity(length);
    for names in parts() {
        if !merged.is_empty() {
            merged.extend_from_slice(b", ");
        }
        merged.extend_from_slice(names);
    }
    match HeaderValue::try_from(merged) {
        Ok(merged) => headers.insert(VARY, merged).is_some(),
        // Joined values are always a value. If they were not, a second field line would say the same.
        Err(_) => headers.append(VARY, ORIGIN),
    };
}
