//! What the parser of origins accepts, the parser of URLs serializes to the same text.

#![no_main]

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use tower_cors::{Origin, OriginPattern};

fuzz_target!(|bytes: &[u8]| {
    let from_header = HeaderValue::from_bytes(bytes)
        .ok()
        .and_then(|value| Origin::try_from(&value).ok());
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(from_header.is_none(), "an origin that is no text");
        return;
    };
    // Errors are for people: they must be made of anything.
    let pattern: Option<OriginPattern> = match text.parse::<OriginPattern>() {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            check_suggestion(text, error.suggestion());
            None
        }
    };
    match text.parse::<Origin>() {
        Ok(origin) => {
            assert_eq!(origin.as_str(), text);
            assert_eq!(from_header.as_ref(), Some(&origin));
            let Some(scheme) = origin.scheme() else {
                assert_eq!(text, "null");
                return;
            };
            if origin.is_file() {
                assert!(text == "file://" && pattern.is_none());
                return;
            }
            let has_no_pages =
                ["ws", "wss", "ftp", "data", "blob", "about", "javascript"].contains(&scheme);
            let is_itself = pattern
                .as_ref()
                .is_some_and(|pattern| pattern.matches(&origin));
            assert!(is_itself != has_no_pages, "{text} matches {pattern:?}");
            // Only of these schemes are URLs with an origin; labels that claim to be punycode are not read; and the
            // standard decodes what Chromium escapes.
            let is_of_web = ["http", "https", "ws", "wss", "ftp"].contains(&scheme);
            if is_of_web && !text.contains("xn--") && !text.contains('%') {
                let url = url::Url::parse(text).expect("an origin is a URL");
                assert_eq!(url.origin().ascii_serialization(), text);
            }
        }
        Err(error) => {
            assert!(from_header.is_none(), "{text}");
            assert!(!error.to_string().is_empty());
        }
    }
});

/// A suggestion for a URL of the web is the origin that the standard gives it.
fn check_suggestion(text: &str, suggestion: Option<&str>) {
    let Some(suggestion) = suggestion else { return };
    assert!(suggestion.parse::<OriginPattern>().is_ok(), "{suggestion}");
    let Ok(url) = url::Url::parse(text) else {
        return;
    };
    if url.has_host() && ["http", "https"].contains(&url.scheme()) {
        assert_eq!(url.origin().ascii_serialization(), suggestion, "{text}");
    }
}
