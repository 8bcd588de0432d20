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
            assert!(pattern.is_some_and(|pattern| pattern.matches(&origin)), "{text} does not match itself");
            // Only of these schemes are URLs with an origin; and labels that claim to be punycode are not read.
            if ["http", "https", "ws", "wss", "ftp"].contains(&scheme) && !text.contains("xn--") {
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
