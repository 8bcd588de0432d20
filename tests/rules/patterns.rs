//! O1 to O4: patterns of whole schemes, of parts of labels, and of lists and ranges of ports.

use proptest::prelude::*;
use tower_cors::{Origin, OriginPattern, OriginSet, Policy, PolicyBuilder, PolicyError};

use crate::support::built;

fn allows(pattern: &str, origin: &str) -> bool {
    let policy = built(Policy::builder().allow_origin(pattern));
    let origin: Origin = origin.parse().expect(origin);
    let pattern: OriginPattern = pattern.parse().expect(pattern);
    let allowed = policy.allows(&origin);
    assert_eq!(pattern.matches(&origin), allowed, "{pattern} {origin}");
    allowed
}

#[track_caller]
fn check(pattern: &str, allowed: &[&str], rejected: &[&str]) {
    for origin in allowed {
        assert!(allows(pattern, origin), "{pattern} allows {origin}");
    }
    for origin in rejected {
        assert!(!allows(pattern, origin), "{pattern} rejects {origin}");
    }
}

#[track_caller]
fn mistakes(builder: PolicyBuilder) -> Vec<PolicyError> {
    match builder.build() {
        Ok(policy) => panic!("built: {policy:?}"),
        Err(errors) => errors.into_iter().collect(),
    }
}

#[test]
fn o1_a_whole_scheme_has_every_host_that_engines_send_and_no_other_scheme() {
    let extension = "moz-extension://0a0b0c0d-0000-4000-8000-000000000000";
    let lookalikes = [
        "https://moz-extension",
        "moz-extensions://a",
        "https://a.example",
        "null",
    ];
    check("moz-extension://*", &[extension], &lookalikes);
    check(
        "app://*",
        &["app://.", "app://42", "app://h:80", "app://", "app://b%20c"],
        &["file://", "apps://a"],
    );
    check(
        "safari-web-extension://*",
        &["safari-web-extension://a"],
        &["chrome-extension://a"],
    );
    check(
        "vscode-webview://*",
        &["vscode-webview://0abc", "vscode-webview://"],
        &["vscode-file://a"],
    );
}

#[test]
fn o1_no_scheme_of_the_web_can_be_listed_whole() {
    for scheme in ["http", "https", "file"] {
        let error = format!("{scheme}://*")
            .parse::<OriginPattern>()
            .unwrap_err();
        assert_eq!(
            error.kind(),
            tower_cors::OriginErrorKind::WholeScheme,
            "{scheme}"
        );
    }
    for text in [
        "*",
        "null",
        "moz-extension://*:*",
        "moz-extension://*/",
        "app://a*",
        "app://*a.b",
    ] {
        assert!(text.parse::<OriginPattern>().is_err(), "{text}");
    }
}

#[test]
fn o1_a_whole_scheme_with_credentials_is_said_dangerously_one_by_one() {
    let ours = || Policy::builder().allow_credentials(true);
    let listed = mistakes(ours().allow_origins(["moz-extension://*", "https://app.example.com"]));
    let [PolicyError::WholeSchemeWithCredentials(pattern)] = &listed[..] else {
        panic!("{listed:?}")
    };
    assert_eq!(pattern, "moz-extension://*");
    assert!(!listed[0].is_harmless());
    assert!(
        listed[0]
            .to_string()
            .contains(".dangerously_allow_whole_scheme(\"moz-extension://*\")")
    );
    let in_file = listed[0].in_config().to_string();
    assert!(in_file.contains("dangerously_allow_whole_schemes = [\"moz-extension://*\"]"));

    let policy = built(ours().dangerously_allow_whole_scheme("moz-extension://*"));
    assert!(policy.allows(&"moz-extension://a".parse().unwrap()));
    let other = ours()
        .dangerously_allow_whole_scheme("moz-extension://*")
        .allow_origin("chrome-extension://*");
    assert_eq!(mistakes(other).len(), 1);
    // It allows no other danger.
    for other in ["http://a.example", "https://*.com", "https://a-*", "x"] {
        assert_eq!(
            mistakes(ours().dangerously_allow_whole_scheme(other)).len(),
            1,
            "{other}"
        );
    }
}

#[test]
fn o2_a_list_of_ports_is_each_of_them_and_the_default_is_none() {
    check(
        "http://localhost:{80,3000,5173}",
        &[
            "http://localhost",
            "http://localhost:3000",
            "http://localhost:5173",
        ],
        &[
            "http://localhost:3001",
            "http://localhost:30",
            "https://localhost:3000",
            "http://a.localhost:3000",
        ],
    );
    check(
        "http://*.localhost:{3000,5173}",
        &["http://a.localhost:3000", "http://a.b.localhost:5173"],
        &[
            "http://localhost:3000",
            "http://a.localhost",
            "http://a.localhost:3001",
        ],
    );
    check(
        "http://[::1]:{1,65535}",
        &["http://[::1]:1", "http://[::1]:65535"],
        &["http://[::1]"],
    );
    let set: OriginSet = ["http://a.test:{80,3000}".parse::<OriginPattern>().unwrap()]
        .into_iter()
        .collect();
    let mut texts: Vec<&str> = set.iter().collect();
    texts.sort_unstable();
    assert_eq!(texts, ["http://a.test", "http://a.test:3000"]);
}

#[test]
fn o2_the_commas_of_a_list_of_ports_do_not_separate_origins() {
    let text = "https://a.example, http://localhost:{3000,5173}";
    let policy = built(Policy::builder().allow_origins_text(text));
    for origin in [
        "https://a.example",
        "http://localhost:3000",
        "http://localhost:5173",
    ] {
        assert!(policy.allows(&origin.parse().unwrap()), "{origin}");
    }
    let open = Policy::builder().allow_origins_text("http://localhost:{3000,https://a.example");
    assert!(matches!(
        mistakes(open)[..],
        [PolicyError::MalformedPattern(_)]
    ));
}

#[test]
fn o2_a_range_of_ports_has_both_its_ends() {
    check(
        "http://localhost:3000-3999",
        &[
            "http://localhost:3000",
            "http://localhost:3999",
            "http://localhost:3500",
        ],
        &[
            "http://localhost",
            "http://localhost:2999",
            "http://localhost:4000",
            "https://localhost:3000",
        ],
    );
    check(
        "http://localhost:1-1000",
        &["http://localhost", "http://localhost:1"],
        &["http://localhost:1001"],
    );
    check(
        "https://*.a.test:1-1000",
        &["https://x.a.test", "https://x.y.a.test:7"],
        &["https://a.test", "https://x.a.test:8443"],
    );
    check(
        "https://pr-*.a.test:8000-9000",
        &["https://pr-1.a.test:8443"],
        &["https://pr-1.a.test", "https://pr-1.a.test:9001"],
    );
    check("app://h:1-9", &["app://h:9"], &["app://h"]);
    check(
        "http://a.test.:1-99",
        &["http://a.test.", "http://a.test.:81"],
        &["http://a.test"],
    );
    let text = "http://localhost:3000-3999";
    let set: OriginSet = [text.parse::<OriginPattern>().unwrap()]
        .into_iter()
        .collect();
    assert_eq!((set.len(), set.iter().next()), (1, Some(text)));
}

#[test]
fn o3_a_wildcard_in_a_label_stands_for_a_part_of_that_label_only() {
    check(
        "https://pr-*.preview.example.com",
        &[
            "https://pr-1.preview.example.com",
            "https://pr-a-b.preview.example.com",
        ],
        &[
            "https://pr-.preview.example.com",
            "https://pr-1.x.preview.example.com",
            "https://x.pr-1.preview.example.com",
            "https://pr-1.evil.com.preview.example.com",
            "https://pr-1_.preview.example.com",
            "https://pr-1!.preview.example.com",
            "https://pr-1.preview.example.com.",
            "https://pr-1.preview.example.com:8443",
            "http://pr-1.preview.example.com",
            "https://pr-1.preview.example.com.evil.com",
            "https://pr-1preview.example.com",
            "https://preview.example.com",
        ],
    );
    check(
        "https://myapp-*-team.vercel.app",
        &[
            "https://myapp-git-main-team.vercel.app",
            "https://myapp---team.vercel.app",
        ],
        &[
            "https://myapp-team.vercel.app",
            "https://myapp--team.vercel.app",
            "https://myapp-x-teams.vercel.app",
        ],
    );
    check(
        "https://*--project.netlify.app:*",
        &["https://deploy-preview-7--project.netlify.app:1"],
        &["https://--project.netlify.app"],
    );
    check(
        "https://api.pr-*.example.com",
        &["https://api.pr-7.example.com"],
        &["https://pr-7.example.com"],
    );
    check(
        "http://pr-*.localhost:3000",
        &["http://pr-7.localhost:3000"],
        &["http://pr-.localhost:3000"],
    );
    // Names of more than 63 bytes are none that a name server knows.
    let label = |length| format!("https://pr-{}.example.com", "a".repeat(length));
    check("https://pr-*.example.com", &[&label(60)], &[&label(61)]);
}

#[test]
fn o3_a_label_of_strangers_with_credentials_is_as_their_subdomains_are() {
    let ours = |text: &str| Policy::builder().allow_credentials(true).allow_origin(text);
    for own in [
        "https://pr-*.example.com",
        "https://x-*-y.preview.example.com",
        "http://pr-*.localhost:3000",
    ] {
        built(ours(own));
    }
    let insecure = mistakes(ours("http://pr-*.example.com"));
    assert!(
        matches!(
            insecure[..],
            [PolicyError::InsecureOriginWithCredentials(_)]
        ),
        "{insecure:?}"
    );
    for strangers in [
        "https://my-*.vercel.app",
        "https://my-*.run.app",
        "https://my-*.co.uk",
    ] {
        let whole = strangers.replace("my-*", "*");
        let (whole, part) = (ours(&whole).build(), ours(strangers).build());
        assert_eq!(whole.is_ok(), part.is_ok(), "{strangers}");
        assert_eq!(
            part.is_err(),
            cfg!(feature = "public-suffix") || !strangers.ends_with(".co.uk"),
            "{strangers}"
        );
        if let Err(errors) = part {
            let text = errors.to_string();
            assert!(
                text.contains("list each name")
                    && text.contains("https://pr-*.preview.example.com"),
                "{text}"
            );
        }
        built(ours(strangers).dangerously_allow_public_suffixes());
        built(Policy::builder().allow_origin(strangers));
    }
}

#[test]
fn o3_ten_thousand_patterns_are_one_set() {
    let tenants = (0..10_000).flat_map(|n| {
        [
            format!("https://tenant{n}-*.preview.example.com"),
            format!("https://pr-*.tenant{n}.example.com"),
        ]
    });
    let set: OriginSet = tenants
        .map(|text| text.parse::<OriginPattern>().unwrap())
        .collect();
    let contains = |text: &str| set.contains(&text.parse().unwrap());
    for n in [0, 9, 4_711, 9_999] {
        assert!(contains(&format!(
            "https://tenant{n}-x.preview.example.com"
        )));
        assert!(contains(&format!("https://pr-x.tenant{n}.example.com")));
    }
    assert!(!contains("https://tenant10000-x.preview.example.com"));
    assert!(!contains("https://pr-x.tenant10000.example.com"));
}

#[test]
fn o4_a_rejected_origin_is_not_told_of_subdomains_that_only_a_part_of_a_label_allows() {
    use http::{HeaderMap, HeaderValue, Method, header};
    let explained = |pattern: &str, origin: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        let policy = built(Policy::builder().allow_origin(pattern));
        policy.explain(&Method::GET, &headers).to_string()
    };
    let text = explained("https://an*.example.com", "https://example.com");
    assert!(!text.contains("subdomains"), "{text}");
    let text = explained("https://*.example.com", "https://example.com");
    assert!(text.contains("its subdomains are"), "{text}");
}

#[test]
fn o4_every_pattern_is_written_as_it_was_read() {
    for text in [
        "moz-extension://*",
        "http://localhost:{3000,5173}",
        "http://*.localhost:3000-3999",
        "https://pr-*.preview.example.com:*",
    ] {
        let pattern: OriginPattern = text.parse().unwrap();
        assert_eq!(pattern.to_string(), text);
        #[cfg(feature = "serde")]
        {
            let json = serde_json::to_string(&pattern).unwrap();
            assert_eq!(
                serde_json::from_str::<OriginPattern>(&json).unwrap(),
                pattern
            );
        }
    }
}

/// A host's labels, few enough that patterns and origins meet.
fn label() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{1,3}", "a-[ab]{0,2}-b", "[ab]_[ab]"]
}

fn labels() -> impl Strategy<Value = String> {
    prop::collection::vec(label(), 0..3).prop_map(|labels| labels.join("."))
}

fn origin() -> impl Strategy<Value = Origin> {
    let scheme = prop::sample::select(vec!["http", "https", "app"]);
    let host = prop_oneof![
        4 => labels().prop_map(|labels| format!("{labels}.a.test").trim_start_matches('.').to_owned()),
        1 => Just("a.test.".to_owned()),
        1 => Just("a!b.a.test".to_owned()),
    ];
    let port = prop::sample::select(vec!["", ":3000", ":3001", ":8080"]);
    (scheme, host, port)
        .prop_map(|(scheme, host, port)| format!("{scheme}://{host}{port}").parse().unwrap())
}

fn pattern() -> impl Strategy<Value = OriginPattern> {
    let scheme = prop::sample::select(vec!["http", "https", "app"]);
    let host = prop_oneof![
        4 => (labels(), "[ab-]{0,2}", "[ab-]{0,2}", labels()).prop_map(|(before, start, end, after)| {
            format!("{before}.{start}*{end}.{after}.a.test").replace("..", ".").trim_start_matches('.').to_owned()
        }),
        1 => labels().prop_map(|labels| format!("*.{labels}.a.test").replace("..", ".")),
        1 => labels().prop_map(|labels| format!("{labels}.a.test").trim_start_matches('.').to_owned()),
        1 => Just("*".to_owned()),
    ];
    let port = prop::sample::select(vec![
        "",
        ":3000",
        ":*",
        ":{3000,8080}",
        ":{80,3001}",
        ":3000-3001",
        ":1-3000",
        ":3001-9000",
        ":443-444",
    ]);
    (scheme, host, port).prop_filter_map("a pattern", |(scheme, host, port)| {
        format!("{scheme}://{host}{port}").parse().ok()
    })
}

/// What a pattern means, said with regard to nothing but its text.
fn naive(pattern: &str, origin: &str) -> bool {
    let split = |text: &str| -> (String, String, String) {
        let (scheme, rest) = text.split_once("://").unwrap();
        let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
        (scheme.to_owned(), host.to_owned(), port.to_owned())
    };
    let ((scheme, host, ports), (asked_scheme, asked_host, port)) = (split(pattern), split(origin));
    if scheme != asked_scheme {
        return false;
    }
    if host == "*" {
        return true;
    }
    let is_plain = asked_host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !asked_host.ends_with('.');
    let asked: Vec<&str> = asked_host.split('.').collect();
    let is_host = if let Some(base) = host.strip_prefix("*.") {
        let base: Vec<&str> = base.split('.').collect();
        is_plain && asked.len() > base.len() && asked.ends_with(&base)
    } else if host.contains('*') {
        let listed: Vec<&str> = host.split('.').collect();
        is_plain
            && listed.len() == asked.len()
            && listed
                .iter()
                .zip(&asked)
                .all(|(listed, asked)| match listed.split_once('*') {
                    None => listed == asked,
                    // Every way to cut the label.
                    Some((start, end)) => (1..=asked.len()).any(|length| {
                        (0..=asked.len() - length).any(|at| {
                            let middle = &asked[at..at + length];
                            &asked[..at] == start
                                && &asked[at + length..] == end
                                && !middle.contains('_')
                        })
                    }),
                })
    } else {
        host == asked_host
    };
    let number = match (port.as_str(), scheme.as_str()) {
        ("", "http") => Some(80),
        ("", "https") => Some(443),
        ("", _) => None,
        (port, _) => port.parse::<u16>().ok(),
    };
    let is_port = if ports == "*" {
        true
    } else if let Some(list) = ports.strip_prefix('{') {
        let mut list = list.trim_end_matches('}').split(',');
        list.any(|one| one.parse().ok() == number)
    } else if let Some((first, last)) = ports.split_once('-') {
        number.is_some_and(|port| port >= first.parse().unwrap() && port <= last.parse().unwrap())
    } else {
        ports == port
    };
    is_host && is_port
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn o4_a_set_allows_what_a_naive_scan_of_its_patterns_allows(
        patterns in prop::collection::vec(pattern(), 0..12),
        origins in prop::collection::vec(origin(), 1..12),
    ) {
        let set: OriginSet = patterns.iter().cloned().collect();
        for origin in origins {
            let expected = patterns.iter().any(|pattern| naive(pattern.as_str(), origin.as_str()));
            prop_assert_eq!(set.contains(&origin), expected, "{} in {:?}", origin, patterns);
            prop_assert_eq!(patterns.iter().any(|pattern| pattern.matches(&origin)), expected, "{} in {:?}", origin, patterns);
        }
    }

    #[test]
    fn o4_no_text_makes_a_pattern_panic(text in "(\\*|http|https|app)://[ab*.:{},0-9-]{0,24}") {
        if let Ok(pattern) = text.parse::<OriginPattern>() {
            prop_assert_eq!(pattern.as_str(), &text);
            let set: OriginSet = [pattern].into_iter().collect();
            prop_assert!(!set.is_empty());
        }
    }
}
