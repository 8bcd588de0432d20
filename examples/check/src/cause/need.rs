//! What a server lacks.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
};
use http::{HeaderMap, HeaderName};

use super::Reading;
use crate::advice::Need;
use crate::text::escaped;

impl Reading<'_> {
    /// All that the server lacks for this request.
    pub(super) fn whole_need(&self) -> Need {
        let asked = |name: HeaderName| {
            let value = self.exchange.request_headers().get(name);
            value
                .map(|value| escaped(value.as_bytes()))
                .unwrap_or_default()
        };
        let headers = self.headers();
        let origin = self.origin();
        let is_wildcard =
            |value: Option<String>| value.as_deref() == Some("*") && !self.page.credentials;
        let allowed = self.header(&ACCESS_CONTROL_ALLOW_ORIGIN);
        let is_allowed = allowed.as_ref() == Some(&origin) || is_wildcard(allowed);
        let mut need = Need {
            origin: (!is_allowed).then_some(origin),
            credentials: self.page.credentials
                && headers
                    .get(ACCESS_CONTROL_ALLOW_CREDENTIALS)
                    .is_none_or(|value| value != "true"),
            ..Need::default()
        };
        if self.exchange.is_preflight() {
            let method = asked(ACCESS_CONTROL_REQUEST_METHOD);
            if !["GET", "HEAD", "POST"].contains(&method.as_str()) {
                need.methods = missing(
                    &headers,
                    &ACCESS_CONTROL_ALLOW_METHODS,
                    &[&method],
                    self.page.credentials,
                    false,
                );
            }
            let names = asked(ACCESS_CONTROL_REQUEST_HEADERS);
            let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
            need.headers = missing(
                &headers,
                &ACCESS_CONTROL_ALLOW_HEADERS,
                &names,
                self.page.credentials,
                true,
            );
        }
        need
    }
}

/// The elements of a list header.
pub(super) fn elements(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).iter();
    let elements = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    elements
        .map(|element| escaped(element.trim_ascii()))
        .filter(|element| !element.is_empty())
        .collect()
}

/// What a list must hold: what it holds, and what is missing. Empty if nothing is missing.
pub(super) fn missing(
    headers: &HeaderMap,
    name: &HeaderName,
    asked: &[&str],
    credentials: bool,
    ignores_case: bool,
) -> Vec<String> {
    let listed = elements(headers, name);
    let has_wildcard = !credentials && listed.iter().any(|element| element == "*");
    let is_listed = |asked: &str| {
        listed
            .iter()
            .any(|element| element == asked || ignores_case && element.eq_ignore_ascii_case(asked))
    };
    let missing: Vec<&str> = asked
        .iter()
        .copied()
        .filter(|asked| !is_listed(asked) && (!has_wildcard || *asked == "authorization"))
        .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    // What is no plain name does not get into a line that somebody pastes.
    let is_name = |element: &str| {
        element
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_*".contains(&byte))
    };
    let kept = listed
        .iter()
        .filter(|element| is_name(element) && (!credentials || *element != "*"));
    let mut all: Vec<String> = kept.cloned().collect();
    for name in missing {
        if !all.iter().any(|other| other == name) {
            all.push(name.to_owned());
        }
    }
    all
}
