//! Which methods and headers a page may use, and which it may send without a preflight.

use super::header_value::split_and_decode;
use super::profile::{Deviation, Profile};
use super::safelisted_value::is_safelisted_value;

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
