//! C4: what engines send is known as what it is, from the list to the log.

use http::header::ORIGIN;
use http::{HeaderMap, HeaderValue, Method};
use proptest::prelude::*;
use tower_cors::{Origin, OriginPattern, OriginSet, Policy};

use crate::support::{app_only, built, get, preflight, send};

/// Engine, kind of the page, URL of the page, `Origin` that it sent; `-` where no page opened.
const RECORDED: &str = include_str!("../data/recorded-origins.tsv");

/// The `Origin`s that engines sent, without repetition.
fn recorded() -> Vec<&'static str> {
    let rows = RECORDED.lines().filter(|row| !row.starts_with('#'));
    let origins = rows.map(|row| row.split('\t').nth(3).expect("four columns"));
    let mut origins: Vec<&str> = origins.filter(|origin| *origin != "-").collect();
    origins.sort_unstable();
    origins.dedup();
    assert!(origins.len() > 100, "{}", origins.len());
    origins
}

/// Returns whether an engine sends this only from behind a proxy, because no name server knows the name, or whether it has
/// a `*` or a comma. All else can be listed.
fn cannot_be_listed(origin: &str) -> bool {
    // Without slashes: what Qt WebEngine sends for schemes of the syntax `Path`.
    let Some((scheme, rest)) = origin.split_once("://") else {
        return origin.ends_with(':');
    };
    let host = rest.split(':').next().unwrap_or_default();
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_of_web = scheme == "http" || scheme == "https";
    let no_name = is_of_web && !rest.starts_with('[') && name.split('.').any(str::is_empty);
    no_name || name.len() > 253 || host.contains(['*', ','])
}

fn identities() -> impl Iterator<Item = &'static str> {
    let nobody = |origin: &&str| *origin != "null" && *origin != "file://";
    let origins = recorded().into_iter().filter(nobody);
    origins.filter(|origin| !cannot_be_listed(origin))
}

fn headers(origin: &str) -> HeaderMap {
    HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).unwrap())])
}

#[test]
fn c4_every_recorded_origin_can_be_listed_and_is_the_only_one_that_it_allows() {
    let everyone: Vec<&str> = identities().collect();
    assert!(everyone.len() > 90);
    for listed in &everyone {
        let policy = built(Policy::builder().allow_origin(listed).allow_method("PUT"));
        for sent in &everyone {
            let answer = send(policy.clone(), get(sent));
            let expected = (listed == sent).then_some(*sent);
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, expected, "{sent} where {listed} is listed");
        }
        let answer = send(policy, preflight(listed, "PUT", ""));
        assert_eq!(answer.header("access-control-allow-origin"), Some(*listed));
    }
}

#[test]
fn c4_every_recorded_origin_reaches_a_predicate_as_it_is() {
    for origin in identities() {
        let policy = built(Policy::builder().allow_origins_where(move |asked| {
            let port = asked.port().map(|port| format!(":{port}"));
            let (scheme, host) = (asked.scheme().unwrap(), asked.host().unwrap());
            let joined = format!("{scheme}://{host}{}", port.unwrap_or_default());
            asked.as_str() == origin && joined == origin
        }));
        assert!(
            policy.decide(&Method::GET, &headers(origin)).is_allowed(),
            "{origin}"
        );
    }
}

#[cfg(feature = "cache")]
#[tokio::test]
async fn c4_every_recorded_origin_reaches_a_lookup_as_it_is() {
    use std::convert::Infallible;
    use std::future::ready;

    use tower::{Layer, ServiceExt, service_fn};
    use tower_cors::{CorsLayer, DynamicPolicies};

    for origin in identities().chain(["file://", "null"]) {
        let policies = DynamicPolicies::from_predicate(Policy::builder(), move |asked, _| {
            ready(Ok::<_, Infallible>(asked.as_str() == origin))
        });
        let inner = service_fn(|_| ready(Ok::<_, Infallible>(http::Response::new(()))));
        let service = CorsLayer::new(policies.unwrap()).layer(inner);
        let response = service.oneshot(get(origin)).await.unwrap();
        let allowed = response.headers().get("access-control-allow-origin");
        // The last two identify nobody, so nobody is asked.
        let is_asked = !["file://", "null"].contains(&origin);
        assert_eq!(allowed.is_some(), is_asked, "{origin}");
    }
}

#[test]
fn c4_every_recorded_origin_is_explained_as_what_it_is() {
    let policy = built(app_only());
    for origin in recorded() {
        let explanation = policy.explain(&Method::GET, &headers(origin));
        let sentence = explanation.to_string();
        let shown = origin.as_bytes().escape_ascii().to_string();
        let code = match origin {
            "null" => "null-origin-not-allowed",
            "file://" => "file-origin-not-allowed",
            _ if cannot_be_listed(origin) => "origin-malformed",
            _ => "origin-not-allowed",
        };
        assert_eq!(explanation.code(), code, "{sentence}");
        assert!(!sentence.contains("no browser"), "{sentence}");
        if origin.len() < 200 {
            assert!(sentence.contains(&shown), "{sentence}");
        }
        let advice = format!(".allow_origins([\"{shown}\"])");
        let is_advised = sentence.contains(&advice);
        assert_eq!(
            is_advised,
            code == "origin-not-allowed" && origin.len() < 200,
            "{sentence}"
        );
        if is_advised {
            built(Policy::builder().allow_origin(origin));
        }
    }
}

#[cfg(feature = "tracing")]
#[test]
fn c4_every_recorded_origin_is_logged_escaped() {
    use tracing_subscriber::layer::SubscriberExt;

    use crate::events::recorded::{Events, subscribed};

    for origin in identities().filter(|origin| origin.len() < 200) {
        let events = Events::default();
        let subscriber = tracing_subscriber::registry().with(events.clone());
        subscribed(subscriber, || send(built(app_only()), get(origin)));
        let shown = format!(" origin={} method=", origin.as_bytes().escape_ascii());
        let taken = events.taken().concat();
        assert!(taken.contains(&shown), "{taken}");
    }
}

#[test]
fn c4_an_origin_and_its_twin_with_a_dot_are_two() {
    let with_dot = "https://app.example.com.";
    let without = "https://app.example.com";
    for (listed, other) in [(with_dot, without), (without, with_dot)] {
        let policy = built(
            Policy::builder()
                .allow_origin(listed)
                .allow_credentials(true),
        );
        assert!(policy.allows(&listed.parse().unwrap()));
        assert!(!policy.allows(&other.parse().unwrap()));
        let sentence = policy.explain(&Method::GET, &headers(other)).to_string();
        let hint = format!("though `{listed}` is, which differs in the dot at the end");
        assert!(sentence.contains(&hint), "{sentence}");
    }
    let wildcards = [
        "https://*.example.com",
        "https://*.example.com:*",
        "https://app.example.com:*",
    ];
    let policy = built(Policy::builder().allow_origins(wildcards));
    assert!(!policy.allows(&with_dot.parse().unwrap()));
    // A loopback name is one with a dot, too.
    built(
        Policy::builder()
            .allow_origin("http://localhost.:3000")
            .allow_credentials(true),
    );
}

#[test]
fn c4_no_wildcard_stands_for_labels_of_unusual_characters() {
    let patterns = [
        "https://*.example.com",
        "https://*.example.com:*",
        "app://*.example.com",
    ];
    let set: OriginSet = patterns
        .map(|text| text.parse::<OriginPattern>().unwrap())
        .into_iter()
        .collect();
    for text in [
        "https://evil.com`.example.com",
        "https://a!b.example.com",
        "https://a%20b.example.com",
        "https://a{.b.example.com:8443",
        "app://a..example.com",
        "app://a!.example.com",
    ] {
        let origin: Origin = text.parse().unwrap();
        assert!(!set.contains(&origin), "{text}");
        for pattern in patterns {
            assert!(
                !pattern.parse::<OriginPattern>().unwrap().matches(&origin),
                "{text}"
            );
        }
    }
    for text in ["https://a-b_c.example.com", "app://a.example.com"] {
        assert!(set.contains(&text.parse().unwrap()), "{text}");
    }
}

#[test]
fn c4_file_has_its_own_opt_in_and_is_allowed_by_nothing_else() {
    let file = built(Policy::builder().allow_file_origin(true));
    let origin: Origin = "file://".parse().unwrap();
    assert!(origin.is_file() && !origin.is_opaque());
    assert_eq!(
        (origin.scheme(), origin.host(), origin.port()),
        (Some("file"), Some(""), None)
    );
    assert!(file.allows(&origin) && file.allows_file_origin());
    assert!(!file.allows_null_origin() && !file.allows(&"null".parse().unwrap()));
    assert_eq!(
        send(file, get("file://")).header("access-control-allow-origin"),
        Some("file://")
    );

    let others = [
        Policy::builder().allow_null_origin(true),
        Policy::builder().allow_origins_where(|_| true),
        Policy::builder().allow_origins([
            "https://*.example.com",
            "app://localhost",
            "capacitor://",
        ]),
        Policy::builder()
            .allow_file_origin(true)
            .allow_file_origin(false)
            .allow_null_origin(true),
    ];
    for policy in others.map(built) {
        assert!(
            !policy.allows(&origin) && !policy.allows_file_origin(),
            "{policy:?}"
        );
        let decision = policy.decide(&Method::GET, &headers("file://"));
        assert_eq!(decision.code(), "file-origin-not-allowed");
    }
    for text in [
        "file://",
        "file:///",
        "file:///home/me/page.html",
        "file://server/share",
    ] {
        let error = text.parse::<OriginPattern>().unwrap_err();
        assert_eq!(error.suggestion(), None, "{text}");
        assert!(
            error.to_string().contains("allow_file_origin(true)"),
            "{error}"
        );
    }
    for text in [
        "file:///",
        "file:///page.html",
        "file://server",
        "file://:80",
    ] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
}

#[test]
fn c4_credentials_exclude_file_unless_dangerously_said() {
    let builder = || app_only().allow_file_origin(true).allow_credentials(true);
    let errors = builder().build().unwrap_err();
    let words = "dangerously_allow_file_origin_with_credentials";
    assert!(errors.to_string().contains(words), "{errors}");
    let policy = built(builder().dangerously_allow_file_origin_with_credentials());
    let answer = send(policy, get("file://"));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    built(
        app_only()
            .allow_credentials(true)
            .dangerously_allow_file_origin_with_credentials(),
    );
}

/// Hosts, schemes and ports, as pages have them and as nobody has them.
fn url_of_page() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec![
        "http",
        "https",
        "HTTPS",
        "app",
        "App",
        "capacitor",
        "chrome-extension",
        "file",
        "data",
        "blob:https",
    ]);
    let host = prop_oneof![
        3 => "[a-cA-C0-9.-]{0,9}",
        2 => "[ -~]{0,6}",
        2 => "[a-c]{1,3}(\\.[a-c]{1,3}){0,2}\\.?",
        1 => "[äßΣa-c。.]{0,4}",
        1 => prop::sample::select(vec!["[::1]", "127.1", "42", ".", "1.2.3.4.", "localhost."]).prop_map(str::to_owned),
    ];
    let port = prop_oneof![
        3 => Just(String::new()),
        1 => "(:[0-9]{0,5})",
    ];
    (scheme, host, port).prop_map(|(scheme, host, port)| format!("{scheme}://{host}{port}/page"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a browser sends is in a set of what was listed if the texts are the same, and never else.
    #[test]
    fn c4_a_list_allows_what_its_texts_are_and_nothing_else(
        listed in prop::collection::vec(prop::sample::select(identities().collect::<Vec<_>>()), 0..6),
        sent in prop::sample::select(recorded()),
    ) {
        let set: OriginSet = listed.iter().map(|text| text.parse::<OriginPattern>().unwrap()).collect();
        let is_listed = sent.parse::<Origin>().is_ok_and(|origin| set.contains(&origin));
        prop_assert_eq!(is_listed, listed.contains(&sent), "{} in {:?}", sent, listed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// No page has port 0. All else that the standard serializes is either an origin, or said to be one that cannot be
    /// allowed.
    #[test]
    fn c4_what_the_standard_serializes_is_not_said_to_be_sent_by_no_browser(page in url_of_page()) {
        let url = url::Url::parse(&page).ok();
        if let Some(url::Origin::Tuple(scheme, host, port @ 1..)) = url.map(|url| url.origin()) {
            let serialized = url::Origin::Tuple(scheme, host, port).ascii_serialization();
            let sentence = built(app_only()).explain(&Method::GET, &headers(&serialized)).to_string();
            prop_assert!(!sentence.contains("no browser"), "{page}: {sentence}");
        }
    }
}

#[cfg(feature = "testing")]
mod test_browser {
    use std::cell::{Cell, RefCell};
    use std::convert::Infallible;
    use std::panic::{catch_unwind, set_hook, take_hook};
    use std::sync::Once;

    use futures_util::FutureExt;
    use tower::service_fn;
    use tower_cors::testing::Browser;

    use super::*;

    /// The `Origin` that the test browser sends for this page; none if there is no such page.
    fn sent(page: &str) -> Option<String> {
        let mut browser = catch_unwind(|| Browser::at(page)).ok()?;
        let sent = RefCell::new(None);
        let service = service_fn(|request: http::Request<String>| {
            let origin = request.headers().get(ORIGIN);
            *sent.borrow_mut() = origin.map(|origin| origin.to_str().unwrap().to_owned());
            async { Ok::<_, Infallible>(http::Response::new(String::new())) }
        });
        let request = http::Request::get("https://elsewhere.test/").body(String::new());
        browser
            .fetch(&mut { service }, request.unwrap())
            .now_or_never()
            .expect("nothing waits");
        sent.into_inner()
    }

    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs something that panics thousands of times without a report of each. Other tests still report theirs.
    fn quietly<T>(run: impl FnOnce() -> T) -> T {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let others = take_hook();
            set_hook(Box::new(move |panic| {
                if !QUIET.get() {
                    others(panic);
                }
            }));
        });
        QUIET.set(true);
        let result = run();
        QUIET.set(false);
        result
    }

    #[test]
    fn c4_the_test_browser_sends_what_engines_were_recorded_to_send() {
        let mut pages = 0;
        for row in RECORDED.lines().filter(|row| !row.starts_with('#')) {
            let columns: Vec<&str> = row.split('\t').collect();
            let &[_, "frame" | "app shell", page, origin] = columns.as_slice() else {
                continue;
            };
            // One engine opens what another rejects. It may also send what the standard serializes otherwise.
            let unusual = origin == "-"
                || cannot_be_listed(origin)
                || origin.contains("%2")
                || page.contains("xn--a")
                || !page.contains("://");
            if !unusual {
                assert_eq!(sent(page).as_deref(), Some(origin), "{page}");
                pages += 1;
            }
        }
        assert!(pages > 150, "{pages}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn c4_what_the_test_browser_sends_can_be_listed_and_matches(page in url_of_page()) {
            let Some(sent) = quietly(|| sent(&page)) else { return Ok(()) };
            let builder = if sent == "null" {
                Policy::builder().allow_null_origin(true)
            } else {
                Policy::builder().allow_origin(&sent)
            };
            let policy = builder.build();
            prop_assert!(policy.is_ok(), "{page} sends {sent}: {policy:?}");
            prop_assert!(policy.unwrap().allows(&sent.parse().unwrap()), "{sent}");
        }
    }
}
