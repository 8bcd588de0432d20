//! Origins, patterns and sets: the probe origins, and properties against a naive oracle.

use http::header::{HeaderMap, ORIGIN};
use http::{HeaderValue, Method};
use proptest::prelude::*;
use tower_cors::{Origin, OriginErrorKind, OriginPattern, OriginSet, Policy};

use crate::support::built;

/// `id`, `Origin` header, expected under the exact policy, expected under the pattern policy, class, source.
const PROBES: &str = include_str!("../data/origins.tsv");

fn origin_lines(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in text.split(" + second line ") {
        let bytes = line
            .replace("\\xff", "\u{ff}")
            .chars()
            .map(|c| c as u8)
            .collect::<Vec<u8>>();
        headers.append(
            ORIGIN,
            HeaderValue::from_bytes(&bytes).expect("a header value"),
        );
    }
    headers
}

#[test]
fn probe_origins_are_allowed_and_rejected_as_listed() {
    let exact = built(
        Policy::builder()
            .allow_origins(["https://app.example.com"])
            .allow_credentials(true),
    );
    let pattern = built(
        Policy::builder()
            .allow_origins(["https://*.example.com"])
            .allow_credentials(true),
    );
    let mut probes = 0;
    for row in PROBES
        .lines()
        .filter(|row| !row.starts_with('#') && !row.is_empty())
    {
        let columns: Vec<&str> = row.split('\t').collect();
        let &[id, origin, expect_exact, expect_pattern, class, _source] = columns.as_slice() else {
            panic!("not six columns: {row}")
        };
        let headers = origin_lines(origin);
        for (policy, expected) in [(&exact, expect_exact), (&pattern, expect_pattern)] {
            let allowed = policy.decide(&Method::GET, &headers).is_allowed();
            assert_eq!(
                if allowed { "allow" } else { "deny" },
                expected,
                "{id} {origin}: {class}"
            );
        }
        probes += 1;
    }
    assert_eq!(probes, 71, "rows read");
}

#[test]
fn what_browsers_send_is_an_origin() {
    for (text, scheme, host, port) in [
        ("https://app.example.com", "https", "app.example.com", None),
        (
            "http://app.example.com:443",
            "http",
            "app.example.com",
            Some(443),
        ),
        (
            "https://a_b.example-c.com:1",
            "https",
            "a_b.example-c.com",
            Some(1),
        ),
        ("http://localhost:3000", "http", "localhost", Some(3000)),
        ("http://127.0.0.1:65535", "http", "127.0.0.1", Some(65535)),
        ("http://[::1]:8080", "http", "[::1]", Some(8080)),
        ("https://[2001:db8::1]", "https", "[2001:db8::1]", None),
        ("http://[::ffff:102:304]", "http", "[::ffff:102:304]", None),
        (
            "chrome-extension://aapocclcgogkmnckokdopfmhonfmgoek",
            "chrome-extension",
            "aapocclcgogkmnckokdopfmhonfmgoek",
            None,
        ),
        (
            "moz-extension://0a0b0c0d-0000-4000-8000-000000000000",
            "moz-extension",
            "0a0b0c0d-0000-4000-8000-000000000000",
            None,
        ),
        ("tauri://localhost", "tauri", "localhost", None),
        ("capacitor://localhost", "capacitor", "localhost", None),
        (
            "https://xn--bcher-kva.example",
            "https",
            "xn--bcher-kva.example",
            None,
        ),
        ("https://1.example", "https", "1.example", None),
        ("https://example.com.", "https", "example.com.", None),
        ("http://localhost.:3000", "http", "localhost.", Some(3000)),
        (
            "https://a!b~.example.com",
            "https",
            "a!b~.example.com",
            None,
        ),
        ("http://a%2Ab.test", "http", "a%2Ab.test", None),
        ("app://.", "app", ".", None),
        ("app://42", "app", "42", None),
        ("app://h:80", "app", "h", Some(80)),
        ("app://a..b", "app", "a..b", None),
        ("app://b%c3%bccher", "app", "b%c3%bccher", None),
        ("capacitor://", "capacitor", "", None),
    ] {
        let origin: Origin = text.parse().unwrap();
        assert_eq!(
            (origin.scheme(), origin.host(), origin.port()),
            (Some(scheme), Some(host), port),
            "{text}"
        );
        assert_eq!(origin.to_string(), text);
        assert!(!origin.is_opaque());
        let from_header = Origin::try_from(&HeaderValue::from_static(text)).unwrap();
        assert_eq!(from_header, origin);
    }
}

#[test]
fn null_is_the_opaque_origin() {
    let origin: Origin = "null".parse().unwrap();
    assert!(origin.is_opaque());
    assert_eq!(
        (origin.scheme(), origin.host(), origin.port()),
        (None, None, None)
    );
    let everything: OriginPattern = "https://*.example.com".parse().unwrap();
    assert!(!everything.matches(&origin));
}

#[test]
fn what_no_browser_sends_is_no_origin_and_the_error_says_where() {
    let long_host = format!("https://{}.com", "a".repeat(250));
    let long_scheme = format!("{}://a", "s".repeat(64));
    for (text, position, words) in [
        ("", 0, "no scheme"),
        ("app.example.com", 15, "no scheme"),
        ("://example.com", 0, "no scheme"),
        ("https:/example.com", 5, "no scheme"),
        ("APP.example.com", 0, "no scheme"),
        ("1https://example.com", 0, "no scheme"),
        ("ht_tps://example.com", 2, "no scheme"),
        ("HTTPS://example.com", 0, "upper-case letter"),
        ("https://example.Com", 16, "upper-case letter"),
        ("https://", 8, "no host"),
        ("https://:8080", 8, "no host"),
        ("https://.example.com", 8, "empty label"),
        ("https://a..example.com", 10, "empty label"),
        ("https://example.com..", 20, "empty label"),
        ("https://example.com..:8080", 20, "empty label"),
        ("https://.", 8, "empty label"),
        ("https://a,b.example.com", 9, "unexpected comma"),
        ("https://a<b.example.com", 9, "unexpected character"),
        ("https://a%2ab.example.com", 9, "unexpected character"),
        ("https://a%2Fb.example.com", 9, "unexpected character"),
        ("https://a;b.example.com/", 23, "unexpected path"),
        ("http://1.2.3.4.", 7, "IPv4"),
        ("http://a!b.1", 7, "IPv4"),
        ("app://a b", 7, "unexpected character"),
        ("app://A", 6, "upper-case letter"),
        ("app://a!B", 8, "upper-case letter"),
        ("app://.a/", 8, "unexpected path"),
        ("app://:8080", 6, "no host"),
        ("app://.:0", 8, "port out of range"),
        ("file://server", 7, "unexpected text after `file://`"),
        ("file:///", 7, "unexpected text after `file://`"),
        ("https://exa mple.com", 11, "unexpected character"),
        ("https://bücher.example", 9, "non-ASCII"),
        ("https://example.com/", 19, "unexpected path"),
        ("https://example.com?q", 19, "unexpected path"),
        ("https://example.com#f", 19, "unexpected path"),
        ("https://example.com:8080/", 24, "unexpected path"),
        ("https://user@example.com", 12, "unexpected `@`"),
        ("https://*.example.com", 8, "unexpected `*`"),
        ("https://example.com:", 20, "no port"),
        ("https://example.com:80a", 22, "in the port"),
        ("https://example.com:*", 20, "in the port"),
        ("https://example.com:0", 20, "port out of range"),
        ("https://example.com:080", 20, "port out of range"),
        ("https://example.com:65536", 20, "port out of range"),
        ("https://example.com:99999999999", 20, "port out of range"),
        ("https://example.com:443", 19, "default port"),
        ("http://example.com:80", 18, "default port"),
        ("ftp://example.com:21", 17, "default port"),
        ("http://127.1", 7, "IPv4"),
        ("http://127.0.0.01", 7, "IPv4"),
        ("http://256.0.0.1", 7, "IPv4"),
        ("http://0x7f000001", 7, "IPv4"),
        ("http://example.0x1f", 7, "IPv4"),
        ("http://example.1", 7, "IPv4"),
        ("http://[::1", 7, "IPv6"),
        ("http://[0:0:0:0:0:0:0:1]", 7, "IPv6"),
        ("http://[1::0]", 7, "IPv6"),
        ("http://[::FFFF]", 7, "IPv6"),
        ("http://[::ffff:1.2.3.4]", 7, "IPv6"),
        ("http://[::1%25lo]", 7, "IPv6"),
        ("http://[::1]x", 12, "unexpected character"),
        (&long_host, 261, "too long"),
        (&long_scheme, 63, "no scheme"),
        ("nullx", 5, "no scheme"),
        (" null", 0, "no scheme"),
    ] {
        let error = text.parse::<Origin>().expect_err(text);
        assert!(error.to_string().contains(words), "{text}: {error}");
        assert_eq!(error.position(), position, "{text}: {error}");
    }
}

#[test]
fn each_kind_of_mistake_has_a_name_in_origins_and_in_patterns() {
    let too_long = format!("https://{}.com", "a".repeat(250));
    for (text, kind) in [
        ("app.example.com", OriginErrorKind::Scheme),
        ("https://Example.com", OriginErrorKind::UpperCase),
        ("https://bücher.example", OriginErrorKind::NotAscii),
        ("https://exa mple.com", OriginErrorKind::HostCharacter),
        ("https://exa,mple.com", OriginErrorKind::Comma),
        ("file:///page.html", OriginErrorKind::File),
        ("https://example.com/", OriginErrorKind::Path),
        ("https://user@example.com", OriginErrorKind::UserInfo),
        ("https://app.*.com", OriginErrorKind::Wildcard),
        ("https://", OriginErrorKind::EmptyHost),
        ("https://a..example.com", OriginErrorKind::EmptyLabel),
        ("http://127.1", OriginErrorKind::Ipv4),
        ("http://[1::0]", OriginErrorKind::Ipv6),
        ("https://example.com:", OriginErrorKind::EmptyPort),
        ("https://example.com:80a", OriginErrorKind::PortCharacter),
        ("https://example.com:0", OriginErrorKind::PortRange),
        ("https://example.com:443", OriginErrorKind::DefaultPort),
        (&too_long, OriginErrorKind::TooLong),
    ] {
        assert_eq!(text.parse::<Origin>().unwrap_err().kind(), kind, "{text}");
        let error = text.parse::<OriginPattern>().unwrap_err();
        assert_eq!(error.kind(), kind, "{text}");
    }
}

#[test]
fn a_scheme_that_no_page_has_cannot_be_listed() {
    for text in [
        "ws://app.example.com",
        "wss://app.example.com",
        "wss://*.example.com:*",
        "ws://*",
        "ftp://files.example.com",
        "data://x",
        "blob://x",
        "about://blank",
        "javascript://x",
    ] {
        let error = text.parse::<OriginPattern>().unwrap_err();
        assert_eq!(error.kind(), OriginErrorKind::NoPages, "{text}");
        assert!(error.to_string().contains("origin of its page"), "{error}");
        assert_eq!(error.suggestion(), None, "{text}");
    }
    for text in [
        "data:text/html,x",
        "blob:https://app.example.com/1",
        "about:blank",
        "javascript:alert(1)",
        "any",
        "all",
    ] {
        text.parse::<OriginPattern>().unwrap_err();
    }
}

#[test]
fn an_origin_is_a_pattern_that_allows_only_itself_and_null_is_none() {
    for text in ["https://app.example.com:8443", "http://[::1]"] {
        let origin: Origin = text.parse().unwrap();
        let pattern = OriginPattern::try_from(origin.clone()).unwrap();
        assert!(pattern == text && pattern.matches(&origin));
    }
    let null: Origin = "null".parse().unwrap();
    let error = OriginPattern::try_from(null).unwrap_err();
    assert!(error.to_string().contains("allow_null_origin"), "{error}");
}

#[test]
fn hosts_and_schemes_of_the_greatest_length_are_origins() {
    let host = format!("{}.com", "a".repeat(249));
    let scheme = "s".repeat(63);
    assert_eq!(host.len(), 253);
    for text in [
        format!("https://{host}:65535"),
        format!("{scheme}://{host}:65535"),
    ] {
        assert!(text.parse::<Origin>().is_ok());
        let set: OriginSet = [text.parse().unwrap()].into_iter().collect();
        assert!(set.contains(&text.parse().unwrap()));
    }
    let pattern: OriginPattern = format!("{scheme}://*.{}:*", &host[4..]).parse().unwrap();
    let origin: Origin = format!("{scheme}://aaa.{}:65535", &host[4..])
        .parse()
        .unwrap();
    assert!(pattern.matches(&origin));
    assert!(
        [pattern]
            .into_iter()
            .collect::<OriginSet>()
            .contains(&origin)
    );
}

#[test]
fn a_pattern_allows_the_longest_origin() {
    let (scheme, base) = ("x".repeat(63), format!("{}.com", "a".repeat(247)));
    let pattern: OriginPattern = format!("{scheme}://*.{base}:65535").parse().unwrap();
    let longest: Origin = format!("{scheme}://a.{base}:65535").parse().unwrap();
    assert!(OriginSet::from_iter([pattern]).contains(&longest));
}

#[test]
fn a_pattern_is_no_longer_than_the_longest_origin_and_its_wildcard() {
    let scheme = "s".repeat(63);
    let longest = format!("{scheme}://*.{}.com:65535", "a".repeat(249));
    assert_eq!(longest.parse::<OriginPattern>().unwrap().as_str(), longest);
    for longer in [2, 80, 1000].map(|more| format!("{scheme}{}", "s".repeat(more))) {
        let text = longest.replace(&scheme, &longer);
        let error = text.parse::<OriginPattern>().unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
    }
}

#[test]
fn what_is_no_pattern_is_said_with_the_place_and_what_was_meant() {
    for (text, position, meant) in [
        ("https://Example.com", 8, Some("https://example.com")),
        ("App.example.com", 0, Some("https://app.example.com")),
        ("https://example.com/", 19, Some("https://example.com")),
        ("1http://example.com", 0, None),
        ("null", 4, None),
        ("", 0, None),
    ] {
        let error = text.parse::<OriginPattern>().unwrap_err();
        assert_eq!(error.value(), text);
        assert_eq!(error.position(), position, "{text:?}");
        assert_eq!(error.suggestion(), meant, "{text:?}");
    }
}

#[test]
fn patterns_match_by_whole_labels_and_whole_ports() {
    for (pattern, allowed, rejected) in [
        (
            "https://*.example.com",
            vec![
                "https://a.example.com",
                "https://a.b.example.com",
                "https://-.example.com",
            ],
            vec![
                "https://example.com",
                "http://a.example.com",
                "https://a.example.com:8443",
                "https://aexample.com",
                "https://a.example.com.evil.com",
            ],
        ),
        (
            "http://localhost:*",
            vec![
                "http://localhost",
                "http://localhost:1",
                "http://localhost:65535",
            ],
            vec![
                "https://localhost",
                "http://localhost.evil.com",
                "http://a.localhost:1",
                "http://localhos",
            ],
        ),
        (
            "https://*.example.com:*",
            vec!["https://a.example.com", "https://a.example.com:8443"],
            vec!["https://example.com:8443", "http://a.example.com:8443"],
        ),
        (
            "https://*.example.com:8443",
            vec!["https://a.example.com:8443"],
            vec!["https://a.example.com", "https://a.example.com:8444"],
        ),
        (
            "http://*.localhost:*",
            vec!["http://a.localhost:3000"],
            vec!["http://localhost:3000"],
        ),
        (
            "https://*.com",
            vec!["https://example.com"],
            vec!["https://com"],
        ),
        (
            "http://[::1]:*",
            vec!["http://[::1]:80a"; 0],
            vec!["http://[::2]:1"],
        ),
    ] {
        let parsed: OriginPattern = pattern.parse().unwrap();
        let set: OriginSet = [parsed.clone()].into_iter().collect();
        for (origins, expected) in [(allowed, true), (rejected, false)] {
            for text in origins {
                let origin: Origin = text.parse().unwrap();
                assert_eq!(parsed.matches(&origin), expected, "{pattern} {text}");
                assert_eq!(set.contains(&origin), expected, "{pattern} {text}");
            }
        }
    }
}

#[test]
fn a_patterns_own_text_is_not_an_origin_it_allows() {
    let policy =
        built(Policy::builder().allow_origins(["https://*.example.com", "http://localhost:*"]));
    for text in ["https://*.example.com", "http://localhost:*"] {
        assert!(
            !policy
                .decide(&Method::GET, &origin_lines(text))
                .is_allowed(),
            "{text}"
        );
    }
}

#[test]
fn a_set_lists_its_patterns() {
    let texts = ["http://*.b.com:*", "http://b.com:*", "https://a.com"];
    let set: OriginSet = texts
        .map(|text| text.parse::<OriginPattern>().unwrap())
        .into_iter()
        .collect();
    let mut listed: Vec<&str> = set.iter().collect();
    listed.sort_unstable();
    assert_eq!(listed, texts);
    assert_eq!(OriginSet::default().iter().next(), None);
}

#[test]
fn a_set_knows_its_size() {
    let patterns = [
        "https://a.com",
        "https://a.com",
        "https://*.a.com",
        "https://a.com:*",
    ];
    let set: OriginSet = patterns
        .iter()
        .map(|text| text.parse::<OriginPattern>().unwrap())
        .collect();
    assert_eq!(set.len(), 3);
    assert!(!set.is_empty());
    assert!(OriginSet::default().is_empty());
    for alone in ["https://a.com", "https://*.a.com", "https://a.com:*"] {
        let set: OriginSet = [alone.parse::<OriginPattern>().unwrap()]
            .into_iter()
            .collect();
        assert!(!set.is_empty(), "{alone}");
    }
}

/// Few labels, so that origins and patterns often meet.
fn host() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec!["a", "b", "ab", "example", "com"]),
        1..5,
    )
    .prop_map(|labels| labels.join("."))
}

fn origin() -> impl Strategy<Value = Origin> {
    (
        prop::sample::select(vec!["http", "https"]),
        host(),
        prop::sample::select(vec!["", ":8080", ":90"]),
    )
        .prop_map(|(scheme, host, port)| format!("{scheme}://{host}{port}").parse().unwrap())
}

fn pattern() -> impl Strategy<Value = OriginPattern> {
    let port = prop::sample::select(vec!["", ":8080", ":*"]);
    (
        prop::sample::select(vec!["http", "https"]),
        any::<bool>(),
        host(),
        port,
    )
        .prop_map(|(scheme, subdomains, host, port)| {
            let wildcard = if subdomains { "*." } else { "" };
            format!("{scheme}://{wildcard}{host}{port}")
                .parse()
                .unwrap()
        })
}

/// What a pattern means, said with regard to nothing but its text.
fn naive(pattern: &str, origin: &str) -> bool {
    let split = |text: &str| -> (String, Vec<String>, String) {
        let (scheme, rest) = text.split_once("://").unwrap();
        let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
        (
            scheme.to_owned(),
            host.split('.').rev().map(str::to_owned).collect(),
            port.to_owned(),
        )
    };
    let ((scheme, labels, port), (asked_scheme, asked_labels, asked_port)) =
        (split(pattern), split(origin));
    let hosts = match labels.split_last() {
        Some((wildcard, base)) if wildcard == "*" => {
            asked_labels.len() > base.len() && asked_labels.starts_with(base)
        }
        _ => asked_labels == labels,
    };
    scheme == asked_scheme && hosts && (port == "*" || port == asked_port)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_set_allows_what_a_naive_scan_of_its_patterns_allows(
        patterns in prop::collection::vec(pattern(), 0..12),
        origins in prop::collection::vec(origin(), 1..12),
    ) {
        let set: OriginSet = patterns.iter().cloned().collect();
        for origin in origins {
            let expected = patterns.iter().any(|pattern| naive(pattern.as_str(), origin.as_str()));
            prop_assert_eq!(set.contains(&origin), expected, "{} in {:?}", origin, patterns);
            prop_assert_eq!(patterns.iter().any(|pattern| pattern.matches(&origin)), expected);
        }
    }

    #[test]
    fn what_is_accepted_the_url_standard_serializes_to_itself(text in "(https?|wss?|ftp)://[a-c0-9.x:!~;\\[\\]-]{0,24}") {
        if let Ok(origin) = text.parse::<Origin>() {
            // The one thing that is read more generously: labels that claim to be punycode and are not, which no
            // browser sends either.
            if !text.contains("xn--") {
                let url = url::Url::parse(&text).expect("an origin is a URL");
                prop_assert_eq!(url.origin().ascii_serialization(), origin.as_str());
            }
        }
    }

    #[test]
    fn what_the_url_standard_serializes_is_accepted(text in "https?://[a-zA-Z0-9.:!\"$&'()+;=`{}~\\[\\]-]{1,24}") {
        if let Ok(url) = url::Url::parse(&text) {
            let serialized = url.origin().ascii_serialization();
            let unusual = serialized.contains("..") || serialized.contains("/.") || url.port() == Some(0);
            prop_assert_eq!(serialized.parse::<Origin>().is_ok(), !unusual, "{}", serialized);
        }
    }

    #[test]
    fn every_origin_is_a_pattern_of_the_same_text(origin in origin()) {
        let pattern = OriginPattern::try_from(origin.clone()).unwrap();
        prop_assert_eq!(pattern.as_str(), origin.as_str());
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let _ = Origin::try_from(&value);
        }
        let _ = String::from_utf8_lossy(&bytes).parse::<OriginPattern>();
    }
}
