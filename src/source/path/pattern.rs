//! Which patterns can match the path of a request.
//!
//! A path arrives as a URL has it: <https://url.spec.whatwg.org/#path-state> resolves dot segments and percent-encodes.

use std::fmt::Write;

use matchit::Router;

use super::error::{PathError, PathErrorKind};

type Fix = fn(&str) -> String;

/// Each kind of mistake, and what removes it. Later ones rely on the earlier ones.
const FIXES: [(PathErrorKind, Fix); 7] = [
    (PathErrorKind::Unencoded, remove_what_urls_drop),
    (PathErrorKind::NoLeadingSlash, remove_authority),
    (PathErrorKind::QueryOrFragment, remove_query_and_fragment),
    (PathErrorKind::NoLeadingSlash, add_slash),
    (PathErrorKind::OtherSyntax, translate),
    (PathErrorKind::DotSegment, resolve_dots),
    (PathErrorKind::Unencoded, encode),
];

/// Checks that a pattern is well-formed, and that the path of some request can match it.
pub(super) fn check(pattern: &str) -> Result<(), PathError> {
    let is_malformed = !is_well_formed(pattern);
    let (mistake, fixed) = fix(pattern);
    let is_valid = is_well_formed(&fixed) && fix(&fixed).0.is_none();
    let kind = match mistake {
        None if !is_malformed => return Ok(()),
        Some(kind) if is_valid || !is_malformed => kind,
        _ => PathErrorKind::Malformed,
    };
    let suggestion = (is_valid && fixed != pattern).then_some(fixed);
    Err(PathError::new(kind, pattern.to_owned()).suggest(suggestion))
}

fn is_well_formed(pattern: &str) -> bool {
    Router::new().insert(pattern, ()).is_ok()
}

/// Returns the first mistake, and the pattern without any.
fn fix(pattern: &str) -> (Option<PathErrorKind>, String) {
    let mut fixed = pattern.to_owned();
    let mut first = None;
    for (kind, fix) in FIXES {
        let next = fix(&fixed);
        if next != fixed {
            first = first.or(Some(kind));
            fixed = next;
        }
    }
    (first, fixed)
}

/// <https://url.spec.whatwg.org/#concept-basic-url-parser>
fn remove_what_urls_drop(pattern: &str) -> String {
    pattern
        .trim_matches(|c: char| c <= ' ')
        .replace(['\t', '\n', '\r'], "")
        .replace('\\', "/")
}

fn remove_authority(pattern: &str) -> String {
    match pattern.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => rest
            .find(['/', '?', '#'])
            .map_or_else(String::new, |start| rest[start..].to_owned()),
        _ => pattern.to_owned(),
    }
}

fn remove_query_and_fragment(pattern: &str) -> String {
    let mut depth = 0_usize;
    let end = pattern.find(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, '?' | '#')
    });
    pattern[..end.unwrap_or(pattern.len())].to_owned()
}

fn add_slash(pattern: &str) -> String {
    let slash = if pattern.starts_with('/') { "" } else { "/" };
    format!("{slash}{pattern}")
}

/// Translates the parameters and wildcards of other routers.
fn translate(pattern: &str) -> String {
    let mut translated: Vec<String> = Vec::new();
    let mut segments = pattern.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        let next = translate_segment(segment, is_last);
        let ends = next != segment && next.ends_with("{*rest}");
        translated.push(next);
        if ends {
            // Nothing can follow.
            break;
        }
    }
    translated.join("/")
}

fn translate_segment(segment: &str, is_last: bool) -> String {
    let (literal, parameter) = split(segment);
    if let Some(name) = parameter
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        return literal.to_owned() + &translate_parameter(name);
    }
    let name = |text: &str| text.bytes().all(is_name).then(|| text.to_owned());
    match literal {
        // `matchit` before 0.8, `path-to-regexp`, Rails.
        _ if literal.starts_with(':') && literal.len() > 1 => format!("{{{}}}", &literal[1..]),
        "*" if !is_last => "{any}".to_owned(),
        "*" | "**" => "{*rest}".to_owned(),
        _ if literal.starts_with('*') => name(&literal[1..]).map_or_else(
            || format!("{{any}}{}", &literal[1..]),
            |name| format!("{{*{name}}}"),
        ),
        _ if literal.ends_with('*') => {
            format!("{}/{{*rest}}", literal.trim_end_matches('*'))
        }
        // Flask, Rocket.
        _ => match literal
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
        {
            Some(inner) => {
                let (converter, inner) = inner.split_once(':').unwrap_or(("", inner));
                let name = inner.trim_end_matches('.');
                let star = if converter == "path" || name != inner {
                    "*"
                } else {
                    ""
                };
                format!("{{{star}{name}}}")
            }
            None => segment.to_owned(),
        },
    }
}

/// Translates `{id:[0-9]+}`, `{id?}`, `{rest...}` and `{rest:.*}`, which would be names.
fn translate_parameter(text: &str) -> String {
    let (star, text) = match text.strip_prefix('*') {
        Some(text) => ("*", text),
        None => ("", text),
    };
    let length = text.bytes().take_while(|byte| is_name(*byte)).count();
    let (name, rest) = text.split_at(length);
    let star = match rest {
        "..." | ":.*" => "*",
        _ => star,
    };
    format!("{{{star}{name}}}")
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || !byte.is_ascii()
}

/// <https://url.spec.whatwg.org/#double-dot-path-segment>
fn resolve_dots(pattern: &str) -> String {
    let mut resolved: Vec<&str> = Vec::new();
    let mut segments = pattern.split('/').peekable();
    while let Some(segment) = segments.next() {
        let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
        match decoded.as_str() {
            "." | ".." => {
                // The first segment is the empty one before the slash that the pattern starts with.
                if decoded == ".." && resolved.len() > 1 {
                    resolved.pop();
                }
                if segments.peek().is_none() {
                    resolved.push("");
                }
            }
            _ => resolved.push(segment),
        }
    }
    resolved.join("/")
}

/// <https://url.spec.whatwg.org/#path-percent-encode-set>, without `^`, which older browsers send as it is.
fn encode(pattern: &str) -> String {
    let segments: Vec<String> = pattern
        .split('/')
        .map(|segment| {
            let (literal, parameter) = split(segment);
            let literal = literal.replace("{{", "{").replace("}}", "}");
            let mut encoded = String::with_capacity(segment.len());
            for byte in literal.bytes() {
                if matches!(byte, b'!' | b'$'..=b';' | b'=' | b'@'..=b'_' | b'a'..=b'z' | b'|' | b'~')
                {
                    encoded.push(char::from(byte));
                } else {
                    // Writing into a string never fails.
                    let _ = write!(encoded, "%{byte:02X}");
                }
            }
            encoded + parameter
        })
        .collect();
    segments.join("/")
}

/// Splits a segment into the text before its parameter, and the parameter with its braces. In the text, `{{` and `}}`
/// stand for one brace each.
fn split(segment: &str) -> (&str, &str) {
    let mut start = 0;
    while let Some(found) = segment[start..].find('{') {
        start += found;
        if !segment[start..].starts_with("{{") {
            return segment.split_at(start);
        }
        start += "{{".len();
    }
    (segment, "")
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_accepted_is_what_a_url_and_a_request_have_as_their_path(
            pattern in r#"/?([a-c./:?#*<> "`\\^~%é\t@=+;,'!$&()\[\]|-]|%2e|%2E|%C3|\.\.|//){0,8}"#,
        ) {
            if check(&pattern).is_ok() {
                let url = Url::parse(&format!("https://example.com{pattern}")).unwrap();
                // `url` encodes `^`, as newer browsers do.
                prop_assert_eq!(url.path().replace("%5E", "^"), pattern.as_str());
                let uri: Uri = pattern.parse().unwrap();
                prop_assert_eq!(uri.path(), pattern.as_str());
                let mut router = Router::new();
                router.insert(pattern.as_str(), ()).unwrap();
                prop_assert!(router.at(uri.path()).is_ok());
            }
        }

        #[test]
        fn what_is_suggested_is_accepted(
            pattern in r#"([a-c./:?#*<>{} "\\%é]|\{[a-c:.*?]{1,4}\}|\*\*|%2e|https://){0,10}"#,
        ) {
            if let Err(error) = check(&pattern) {
                if let Some(suggestion) = error.suggestion() {
                    prop_assert_eq!(check(suggestion), Ok(()));
                    prop_assert_ne!(suggestion, pattern);
                }
            }
        }

        #[test]
        fn a_path_without_wildcards_is_suggested_as_a_url_has_it(
            path in r#"/([a-c./ "`\\é^]|%2e|\.\.|//){0,8}"#,
        ) {
            let url = Url::parse(&format!("https://example.com{path}")).unwrap();
            let expected = url.path().replace("%5E", "^");
            match check(&path) {
                Ok(()) => prop_assert_eq!(expected, path),
                Err(error) => prop_assert_eq!(Some(expected.as_str()), error.suggestion()),
            }
        }
    }
}
