//! Which methods and headers a page may use, and which it may send without a preflight.

use super::header_value::is_safelisted_value;
use super::profile::{Deviation, Profile};

/// <https://fetch.spec.whatwg.org/#concept-method-normalize>
pub(super) fn normalize_method(method: &str) -> String {
    let normalized = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
    match normalized
        .iter()
        .find(|name| name.eq_ignore_ascii_case(method))
    {
        Some(name) => (*name).to_owned(),
        None => method.to_owned(),
    }
}

/// <https://fetch.spec.whatwg.org/#forbidden-method>
pub(super) fn is_forbidden_method(method: &[u8]) -> bool {
    ["CONNECT", "TRACE", "TRACK"]
        .iter()
        .any(|name| name.as_bytes().eq_ignore_ascii_case(method))
}

/// <https://fetch.spec.whatwg.org/#cors-safelisted-method>
pub(super) fn is_safelisted_method(method: &str) -> bool {
    ["GET", "HEAD", "POST"].contains(&method)
}

/// Headers that pages cannot set: <https://fetch.spec.whatwg.org/#forbidden-request-header>
///
/// `name` is in lower case.
pub(super) fn is_forbidden_request_header(name: &str, value: &[u8]) -> bool {
    const FORBIDDEN: [&str; 21] = [
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    const OVERRIDES: [&str; 3] = [
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
    ];
    FORBIDDEN.contains(&name)
        || name.starts_with("proxy-")
        || name.starts_with("sec-")
        || OVERRIDES.contains(&name)
            && split_and_decode(value)
                .iter()
                .any(|method| is_forbidden_method(method))
}

/// <https://fetch.spec.whatwg.org/#header-value-get-decode-and-split>
fn split_and_decode(value: &[u8]) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    let mut current = Vec::new();
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' => values.push(std::mem::take(&mut current)),
            b'"' => collect_quoted(&mut bytes, &mut current),
            _ => current.push(byte),
        }
    }
    values.push(current);
    values.iter().map(|value| trim(value).to_vec()).collect()
}

/// A quoted string with its quotes: commas in it separate nothing.
/// <https://fetch.spec.whatwg.org/#collect-an-http-quoted-string>
fn collect_quoted(bytes: &mut impl Iterator<Item = u8>, value: &mut Vec<u8>) {
    value.push(b'"');
    while let Some(byte) = bytes.next() {
        value.push(byte);
        match byte {
            b'"' => return,
            b'\\' => value.extend(bytes.next()),
            _ => {}
        }
    }
}

/// Whether a header needs no permission: <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>
///
/// `name` is in lower case.
pub(super) fn is_safelisted_request_header(name: &str, value: &[u8], profile: &Profile) -> bool {
    value.len() <= 128 && is_safelisted_value(name, value, profile)
}

/// What `no-cors` leaves of a page's headers: <https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header>
pub(super) fn is_no_cors_safelisted_request_header(name: &str, value: &[u8]) -> bool {
    [
        "accept",
        "accept-language",
        "content-language",
        "content-type",
    ]
    .contains(&name)
        && is_safelisted_request_header(name, value, &Profile::standard())
}

/// The names that need permission, sorted: <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names>
///
/// The names of `headers` are in lower case.
pub(super) fn unsafe_request_header_names<'a>(
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    profile: &Profile,
) -> Vec<String> {
    let mut unsafe_names = Vec::new();
    let mut potentially_unsafe_names = Vec::new();
    let mut safelist_value_size = 0;
    for (name, value) in headers {
        if is_safelisted_request_header(name, value, profile) {
            potentially_unsafe_names.push(name.to_owned());
            safelist_value_size += value.len();
        } else {
            unsafe_names.push(name.to_owned());
        }
    }
    if safelist_value_size > 1024 && !profile.has(Deviation::IgnoresSumOfSafelistedValues) {
        unsafe_names.append(&mut potentially_unsafe_names);
    }
    unsafe_names.sort_unstable();
    if !profile.has(Deviation::RepeatsRequestedHeaders) {
        unsafe_names.dedup();
    }
    unsafe_names
}

/// The one header that `*` does not cover: <https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name>
pub(super) fn is_non_wildcard_request_header(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization")
}

/// What a redirect to another method drops: <https://fetch.spec.whatwg.org/#request-body-header-name>
pub(super) const REQUEST_BODY_HEADERS: [&str; 4] = [
    "content-encoding",
    "content-language",
    "content-location",
    "content-type",
];

/// What pages may always read: <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
pub(super) fn is_safelisted_response_header(name: &str) -> bool {
    [
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    ]
    .contains(&name)
}

/// What no page ever reads: <https://fetch.spec.whatwg.org/#forbidden-response-header-name>
pub(super) fn is_forbidden_response_header(name: &str) -> bool {
    name.eq_ignore_ascii_case("set-cookie") || name.eq_ignore_ascii_case("set-cookie2")
}

/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Strips what a header's value does not count: <https://fetch.spec.whatwg.org/#concept-header-value-normalize>
pub(super) fn trim(value: &[u8]) -> &[u8] {
    let value = trim_end(value);
    let start = value
        .iter()
        .position(|&byte| !is_space(byte))
        .unwrap_or(value.len());
    &value[start..]
}

pub(super) fn trim_end(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .rposition(|&byte| !is_space(byte))
        .map_or(0, |last| last + 1);
    &value[..end]
}

fn is_space(byte: u8) -> bool {
    b" \t\r\n".contains(&byte)
}
