//! What a builder makes of a list and "any", of nobody, of an operator's text, and of harmless mistakes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_cors::{Allowed, Origin, Policy, PolicyBuilder, PolicyError};

use crate::support::{APP, EVIL, app_only, built, get, preflight, send};

fn origin(text: &str) -> Origin {
    text.parse().expect("an origin")
}

#[track_caller]
fn mistakes(builder: PolicyBuilder) -> Vec<PolicyError> {
    match builder.build() {
        Ok(policy) => panic!("built: {policy:?}"),
        Err(errors) => errors.into_iter().collect(),
    }
}

#[test]
fn a_list_narrows_a_preset_that_allows_any() {
    let public = PolicyBuilder::public;
    let get_only = built(public().allow_methods([Method::GET]));
    assert_eq!(get_only.methods(), Allowed::Only(&[Method::GET]));
    assert!(get_only.allows_any_origin());
    assert_eq!(get_only.headers(), Allowed::Any);
    let answer = send(get_only, preflight(EVIL, "PUT", "x-a"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET"));

    let json = built(public().allow_header("content-type"));
    assert_eq!(json.headers(), Allowed::Only(&[header::CONTENT_TYPE]));
    let etag = built(public().expose_header("etag"));
    assert_eq!(etag.exposed_headers(), Allowed::Only(&[header::ETAG]));
    let ours = built(public().allow_origin(APP));
    assert!(ours.allows(&origin(APP)) && !ours.allows(&origin(EVIL)));
    let ours = built(public().allow_origin_values([HeaderValue::from_static(APP)]));
    assert!(!ours.allows(&origin(EVIL)));
    let ours = built(public().allow_origins_where(|origin| *origin == APP));
    assert!(ours.allows(&origin(APP)) && !ours.allows(&origin(EVIL)));
    let ours = built(public().dangerously_allow_insecure_origin("http://nas"));
    assert!(!ours.allows(&origin(EVIL)));
    let nobody = built(public().allow_no_origin());
    assert!(!nobody.allows(&origin(EVIL)));

    let local = built(PolicyBuilder::localhost().allow_methods(["PUT"]));
    assert_eq!(local.methods(), Allowed::Only(&[Method::PUT]));
}

#[test]
fn an_empty_or_malformed_list_narrows_a_preset_too() {
    let none: [&str; 0] = [];
    let policy = built(
        PolicyBuilder::public()
            .allow_methods(none)
            .allow_headers(none),
    );
    assert_eq!(policy.methods(), Allowed::Only(&[]));
    assert_eq!(policy.headers(), Allowed::Only(&[]));
    assert_eq!(
        mistakes(PolicyBuilder::public().allow_origins(none)),
        [PolicyError::NoOrigins]
    );
    let malformed = PolicyBuilder::public().allow_origins(["example.com"]);
    let policy = malformed.build_skipping_harmless(|_| ()).unwrap();
    assert!(!policy.allows_any_origin());
}

#[test]
fn any_widens_the_list_of_a_preset() {
    let policy = built(
        PolicyBuilder::grpc_web()
            .allow_origin(APP)
            .allow_any_header(),
    );
    assert_eq!(policy.headers(), Allowed::Any);
    let policy = built(
        PolicyBuilder::connect()
            .allow_any_origin()
            .allow_any_method(),
    );
    assert_eq!(policy.methods(), Allowed::Any);
}

#[test]
fn any_and_a_list_of_the_caller_are_a_mistake_in_either_order() {
    let conflicts = [
        (
            app_only().allow_any_method().allow_methods(["PUT"]),
            "methods",
        ),
        (
            app_only().allow_methods(["PUT"]).allow_any_method(),
            "methods",
        ),
        (
            app_only().allow_any_header().allow_headers(["x-a"]),
            "headers",
        ),
        (
            app_only().allow_headers(["x-a"]).allow_any_header(),
            "headers",
        ),
        (
            app_only().expose_any_header().expose_headers(["etag"]),
            "expose",
        ),
        (
            app_only().expose_headers(["etag"]).expose_any_header(),
            "expose",
        ),
        // The last word of a preset is the caller's.
        (
            PolicyBuilder::public()
                .allow_any_method()
                .allow_methods(["PUT"]),
            "methods",
        ),
        (
            PolicyBuilder::public()
                .allow_methods(["PUT"])
                .allow_any_method(),
            "methods",
        ),
    ];
    for (builder, key) in conflicts {
        assert_eq!(mistakes(builder), [PolicyError::AnyBesideList(key)]);
    }
    for builder in [
        app_only().allow_any_origin(),
        Policy::builder().allow_any_origin().allow_origin(APP),
        PolicyBuilder::public().allow_origin(APP).allow_any_origin(),
    ] {
        assert_eq!(mistakes(builder), [PolicyError::AnyOriginBesideOthers]);
    }
}

#[test]
fn nobody_is_a_policy_and_a_choice_of_the_builder() {
    for policy in [Policy::nobody(), built(Policy::builder().allow_no_origin())] {
        for page in [APP, "null"] {
            let answer = send(policy.clone(), preflight(page, "PUT", ""));
            assert_eq!(
                (answer.status.as_u16(), answer.cors_headers().len()),
                (403, 0)
            );
            assert_eq!(send(policy.clone(), get(page)).cors_headers(), [""; 0]);
        }
    }
    let empty = mistakes(Policy::builder());
    assert_eq!(empty, [PolicyError::NoOrigins]);
    let sentence = empty[0].to_string();
    assert!(
        sentence.contains("nobody with `.allow_no_origin()`"),
        "{sentence}"
    );
    for beside in [
        app_only(),
        Policy::builder().allow_any_origin(),
        Policy::builder().allow_null_origin(true),
        Policy::builder().allow_origins_where(|_| false),
    ] {
        assert!(mistakes(beside.allow_no_origin()).contains(&PolicyError::NobodyBesideOthers));
    }
}

#[test]
fn an_operators_text_is_any_a_list_or_nobody() {
    let text = |text| Policy::builder().allow_origins_text(text);
    assert!(built(text(" * ")).allows_any_origin());
    for nothing in ["", " ", ",", "none"] {
        assert!(!built(text(nothing)).allows(&origin(APP)), "{nothing:?}");
    }
    let quoted = built(text(
        "\"https://app.example.com\"; [\"http://localhost:*\"]",
    ));
    assert!(quoted.allows(&origin(APP)) && quoted.allows(&origin("http://localhost:1")));
    let listed = built(text(" https://app.example.com , http://localhost:*,,"));
    assert_eq!(listed.origins().map(|origins| origins.len()), Some(2));
    let all = mistakes(text("https://app.example.com/"));
    assert!(
        matches!(all[..], [PolicyError::MalformedPattern(_)]),
        "{all:?}"
    );
    let all = mistakes(text("*,https://app.example.com"));
    assert_eq!(all, [PolicyError::AnyOriginBesideOthers]);

    let policy = built(
        app_only()
            .allow_methods_text("PUT, DELETE,")
            .allow_headers_text("*")
            .expose_headers_text(""),
    );
    assert_eq!(
        policy.methods(),
        Allowed::Only(&[Method::PUT, Method::DELETE])
    );
    assert_eq!(policy.headers(), Allowed::Any);
    assert_eq!(policy.exposed_headers(), Allowed::Only(&[]));
}

#[cfg(feature = "serde")]
#[test]
fn a_file_can_allow_nobody_and_one_insecure_origin() {
    let config = |toml: &str| toml::from_str::<tower_cors::PolicyConfig>(toml).unwrap();
    let nobody = config("origins = \"none\"").build().unwrap();
    assert!(!nobody.allows(&origin(APP)));
    let error = config("").build().unwrap_err().to_string();
    assert!(
        error.contains("nobody with `origins = \"none\"`"),
        "{error}"
    );

    let nas = "credentials = true\ndangerously_allow_insecure_origins = [\"http://nas\"]";
    let policy = config(nas).build().unwrap();
    assert!(policy.allows(&origin("http://nas")) && !policy.allows(&origin("http://nas2")));
    let listed = config("credentials = true\norigins = [\"http://nas\"]");
    let error = listed.build().unwrap_err().to_string();
    let line = "`dangerously_allow_insecure_origins = [\"http://nas\"]`";
    assert!(error.contains(line), "{error}");
}

#[test]
fn a_predicate_allows_no_insecure_origin_with_credentials() {
    let known = ["known.example", "nas", "localhost", "127.0.0.1"];
    let accepts = move |origin: &Origin| origin.host().is_some_and(|host| known.contains(&host));
    let policy = || app_only().allow_origins_where(accepts);
    let with_credentials = || policy().allow_credentials(true);
    let strict = built(with_credentials().dangerously_allow_insecure_origin("http://nas"));
    for (origin, allowed) in [
        ("https://known.example", true),
        ("http://known.example", false),
        ("http://known.example:8080", false),
        ("http://nas", true),
        ("http://nas:8080", false),
        ("http://localhost:3000", true),
        ("http://127.0.0.1:3000", true),
    ] {
        for request in [get(origin), preflight(origin, "GET", "")] {
            let answer = send(strict.clone(), request);
            let reader = answer.header("access-control-allow-origin");
            assert_eq!(reader, allowed.then_some(origin));
            assert!(allowed || answer.cors_headers().is_empty(), "{origin}");
        }
        let rejected = get(origin);
        let explanation = strict.explain(rejected.method(), rejected.headers());
        let code = if allowed {
            "allowed"
        } else {
            "insecure-origin-not-allowed"
        };
        assert_eq!(explanation.code(), code, "{origin}");
        let line = format!("`.dangerously_allow_insecure_origin(\"{origin}\")`");
        assert!(
            allowed || explanation.to_string().contains(&line),
            "{explanation}"
        );
    }
    let lenient = with_credentials().dangerously_allow_insecure_origins();
    for policy in [built(policy()), built(lenient)] {
        assert!(policy.allows(&origin("http://known.example")));
    }
}

#[test]
fn the_local_network_is_its_addresses_and_names_without_credentials() {
    let builder = || Policy::builder().allow_local_network(true);
    let policy = built(builder());
    assert!(policy.allows_local_network() && !built(app_only()).allows_local_network());
    for (page, allowed) in [
        ("http://10.0.0.1", true),
        ("http://172.16.0.1:8080", true),
        ("http://172.31.255.255", true),
        ("https://192.168.1.7:5173", true),
        ("http://169.254.1.1", true),
        ("http://127.0.0.1:3000", true),
        ("http://[fd00::1]:3000", true),
        ("http://[fe80::1]", true),
        ("http://[::1]", true),
        ("http://localhost:3000", true),
        ("http://app.localhost", true),
        ("http://printer.local", true),
        ("http://172.32.0.1", false),
        ("http://11.0.0.1", false),
        ("http://192.169.0.1", false),
        ("http://8.8.8.8", false),
        ("http://[2001:db8::1]", false),
        ("http://[::ffff:c0a8:107]", false),
        ("http://192.168.1.7.example.com", false),
        ("http://192.168.evil.com", false),
        ("http://10.evil.local.com", false),
        ("http://local", false),
        ("http://evil-local", false),
        ("http://printer.local.", false),
        ("app://192.168.1.7", false),
        ("null", false),
        ("file://", false),
    ] {
        assert_eq!(policy.allows(&origin(page)), allowed, "{page}");
    }
    let listed = built(app_only().allow_local_network(true));
    assert!(listed.allows(&origin(APP)) && listed.allows(&origin("http://nas.local")));
    let all = mistakes(builder().allow_credentials(true));
    assert_eq!(all, [PolicyError::LocalNetworkWithCredentials]);
    let all = mistakes(builder().allow_any_origin());
    assert_eq!(all, [PolicyError::AnyOriginBesideOthers]);
}

#[test]
fn one_insecure_origin_does_not_allow_another() {
    let nas = app_only()
        .allow_credentials(true)
        .dangerously_allow_insecure_origin("http://nas");
    let policy = built(nas.clone());
    let answer = send(policy, get("http://nas"));
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("http://nas")
    );
    let suffix = nas
        .clone()
        .dangerously_allow_insecure_origin("http://*.com");
    let all = mistakes(suffix);
    assert!(
        matches!(all[..], [PolicyError::PublicSuffixWithCredentials { .. }]),
        "{all:?}"
    );
    let all = mistakes(nas.allow_origin("http://other"));
    assert!(
        matches!(all[..], [PolicyError::InsecureOriginWithCredentials(_)]),
        "{all:?}"
    );
}

#[test]
fn any_origin_with_credentials_is_dangerous_and_never_a_star() {
    let anyone = built(Policy::builder().dangerously_allow_any_origin_with_credentials());
    for page in [EVIL, "http://evil.example:8080"] {
        let answer = send(anyone.clone(), get(page));
        assert_eq!(answer.header("access-control-allow-origin"), Some(page));
        assert_eq!(
            answer.header("access-control-allow-credentials"),
            Some("true")
        );
        assert_eq!(answer.vary(), ["origin"]);
    }
    assert_eq!(send(anyone, get("null")).cors_headers(), [""; 0]);
    // A predicate of the caller's is checked again.
    let replaced = Policy::builder()
        .dangerously_allow_any_origin_with_credentials()
        .allow_origins_where(|_| true);
    assert!(replaced.build().is_err());
}

#[test]
fn names_that_match_nothing_are_mistakes() {
    for name in ["x-amz-*", "*-id", "x*y"] {
        let header = mistakes(app_only().allow_header(name));
        assert!(
            matches!(
                &header[..],
                [PolicyError::WildcardInName { key: "headers", .. }]
            ),
            "{header:?}"
        );
        assert!(header[0].to_string().contains("`.allow_any_header()`"));
        assert!(
            header[0]
                .in_config()
                .to_string()
                .contains("`headers = \"*\"`")
        );
        let exposed = mistakes(app_only().expose_header(name));
        assert!(matches!(
            &exposed[..],
            [PolicyError::WildcardInName { key: "expose", .. }]
        ));
        let method = mistakes(app_only().allow_method(name));
        assert!(matches!(
            &method[..],
            [PolicyError::WildcardInName { key: "methods", .. }]
        ));
    }
    for word in ["any", "ALL", "All"] {
        for builder in [
            app_only().allow_method(word),
            app_only().allow_header(word),
            app_only().expose_header(word),
        ] {
            let all = mistakes(builder);
            assert!(
                matches!(&all[..], [PolicyError::AnyAsName { .. }]),
                "{all:?}"
            );
            assert!(all[0].to_string().contains("any_"), "{}", all[0]);
        }
    }
    for quoted in ["PUT|DELETE", "'PUT'", "`PUT`"] {
        assert!(matches!(
            &mistakes(app_only().allow_method(quoted))[..],
            [PolicyError::MalformedMethod(_)]
        ));
    }
}

#[test]
fn blank_entries_are_mistakes_with_advice() {
    let none = Policy::builder().allow_origins([""]);
    assert_eq!(mistakes(none), [PolicyError::BlankEntry("origins")]);
    for (builder, key, advice) in [
        (
            app_only().allow_origin(" "),
            "origins",
            "allow_origins_text",
        ),
        (app_only().allow_method(""), "methods", "allow_methods_text"),
        (app_only().allow_header(""), "headers", "allow_headers_text"),
        (
            app_only().expose_header(""),
            "expose",
            "expose_headers_text",
        ),
    ] {
        let all = mistakes(builder);
        assert_eq!(all, [PolicyError::BlankEntry(key)]);
        assert!(all[0].to_string().contains(advice), "{}", all[0]);
    }
}

#[test]
fn harmless_mistakes_are_left_out_with_a_warning_each() {
    let mut warned = Vec::new();
    let policy = app_only()
        .allow_origins(["https://shop.example.com/", ""])
        .allow_methods(["PUT", "TRACE", "CONNECT", "patch", "*", "any", "A B"])
        .allow_headers([
            "content-type",
            "origin",
            "content-length",
            "accept-encoding",
        ])
        .allow_headers(["cookie", "access-control-allow-origin", "x-amz-*", "*"])
        .expose_headers(["etag", "set-cookie", "access-control-max-age", "*", ""])
        .max_age(Duration::from_secs(20 * 86_400))
        .build_skipping_harmless(|mistake| warned.push(mistake))
        .unwrap();
    assert_eq!(policy.origins().map(|origins| origins.len()), Some(1));
    assert_eq!(policy.methods(), Allowed::Only(&[Method::PUT]));
    assert_eq!(policy.headers(), Allowed::Only(&[header::CONTENT_TYPE]));
    assert_eq!(policy.exposed_headers(), Allowed::Only(&[header::ETAG]));
    assert_eq!(policy.max_age(), Some(Duration::from_secs(86_400)));
    assert_eq!(warned.len(), 20, "{warned:#?}");
    assert!(warned.iter().all(PolicyError::is_harmless));
}

#[test]
fn a_policy_without_a_mistake_warns_of_nothing() {
    let policy = app_only().build_skipping_harmless(|mistake| panic!("{mistake}"));
    assert!(policy.unwrap().allows(&origin(APP)));
    let nobody = Policy::builder().allow_no_origin();
    nobody
        .build_skipping_harmless(|mistake| panic!("{mistake}"))
        .unwrap();
}

#[test]
fn if_no_origin_is_left_nobody_is_allowed_and_a_warning_says_so() {
    for builder in [
        Policy::builder(),
        Policy::builder().allow_origins([""]),
        Policy::builder().allow_origins(["https://app.example.com/"]),
    ] {
        let mut warned = Vec::new();
        let policy = builder
            .build_skipping_harmless(|mistake| warned.push(mistake))
            .unwrap();
        assert!(!policy.allows(&origin(APP)));
        assert_eq!(warned.last(), Some(&PolicyError::NoOrigins));
    }
}

#[test]
fn a_dangerous_mistake_fails_with_the_harmless_ones() {
    let dangerous = [
        Policy::builder().allow_any_origin().allow_credentials(true),
        app_only().allow_null_origin(true).allow_credentials(true),
        app_only()
            .allow_origin("http://a.com")
            .allow_credentials(true),
        app_only().allow_any_origin(),
        app_only().allow_any_method().allow_method("PUT"),
        app_only().allow_no_origin(),
        app_only().hosts(["a b"]),
        app_only().read_only(true),
        app_only().preflight_status(http::StatusCode::NOT_FOUND),
    ];
    for builder in dangerous {
        let builder = builder.allow_header("cookie");
        let errors = builder
            .clone()
            .build_skipping_harmless(|mistake| panic!("{mistake}"))
            .unwrap_err();
        assert!(!errors.is_harmless());
        assert_eq!(errors, builder.build().unwrap_err());
        let cookie = PolicyError::ForbiddenRequestHeader(HeaderName::from_static("cookie"));
        assert!(errors.iter().any(|error| *error == cookie), "{errors}");
    }
}

#[test]
fn with_credentials_exposing_every_header_is_left_out() {
    let builder = app_only().expose_any_header().allow_credentials(true);
    let policy = builder.build_skipping_harmless(|_| ()).unwrap();
    assert_eq!(policy.exposed_headers(), Allowed::Only(&[]));
}

#[cfg(feature = "cache")]
#[test]
fn an_asynchronous_predicate_allows_the_insecure_origins_of_its_base_one_by_one() {
    let base = Policy::builder()
        .allow_credentials(true)
        .dangerously_allow_insecure_origin("http://nas");
    let layer = |allows: bool| {
        let decide = move |_, _| std::future::ready(Ok::<_, std::convert::Infallible>(allows));
        tower_cors::DynamicPolicies::from_predicate(base.clone(), decide).unwrap()
    };
    for (source, page, allowed) in [
        (layer(true), "http://nas", true),
        (layer(true), "http://other", false),
        (layer(true), APP, true),
        (layer(false), "http://nas", false),
    ] {
        let answer = send(source, get(page));
        assert_eq!(!answer.cors_headers().is_empty(), allowed, "{page}");
    }
}

/// Returns the code of the explanation of a preflight.
fn verdict(policy: &Policy, method: &str, headers: &str) -> String {
    let asked = preflight(APP, method, headers);
    let explanation = policy.explain(asked.method(), asked.headers());
    explanation.code().to_owned()
}

mod effect {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        /// Browsers allow GET, HEAD and POST without a list, so listing them is the one thing without an effect.
        #[test]
        fn every_accepted_method_changes_an_answer(name in "[A-Za-z0-9!#$%&*+.^_~-]{1,8}") {
            let Ok(policy) = app_only().allow_method(name.as_str()).build() else { return Ok(()) };
            prop_assert_eq!(verdict(&policy, &name, ""), "allowed", "{}", name);
            if !["GET", "HEAD", "POST"].contains(&name.as_str()) {
                let without = verdict(&built(app_only()), &name, "");
                prop_assert_eq!(without, "method-not-allowed", "{}", name);
            }
        }

        #[test]
        fn every_accepted_header_changes_an_answer(name in "[A-Za-z0-9!#$%&*+.^_~-]{1,12}") {
            let Ok(policy) = app_only().allow_header(name.as_str()).build() else { return Ok(()) };
            let asked = name.to_ascii_lowercase();
            prop_assert_eq!(verdict(&policy, "GET", &asked), "allowed", "{}", name);
            let without = verdict(&built(app_only()), "GET", &asked);
            prop_assert_eq!(without, "header-not-allowed", "{}", name);
        }

        #[test]
        fn every_accepted_exposed_header_is_sent(name in "[A-Za-z0-9!#$%&*+.^_~-]{1,12}") {
            let Ok(policy) = app_only().expose_header(name.as_str()).build() else { return Ok(()) };
            let answer = send(policy, get(APP));
            let exposed = answer.header("access-control-expose-headers");
            let listed = name.to_ascii_lowercase();
            prop_assert_eq!(exposed, Some(listed.as_str()));
        }
    }
}

/// Returns a policy with credentials whose predicate is not found when the policy is built.
fn predicate_with_credentials(accepts: impl Fn(&Origin) -> bool + Send + Sync + 'static) -> Policy {
    let builder = Policy::builder().allow_origins_where(accepts);
    built(builder.allow_credentials(true))
}

#[test]
fn c6_a_predicate_with_credentials_that_accepts_neighbors_of_an_origin_allows_neither() {
    type Accepts = fn(&str) -> bool;
    let cases: [(&str, Accepts); 20] = [
        // Prefixes.
        ("https://myapp-evil.vercel.app", |o| {
            o.starts_with("https://myapp-")
        }),
        ("https://myapp-7.netlify.app", |o| {
            o.starts_with("https://myapp-")
        }),
        ("https://myapp-evil.com", |o| {
            o.starts_with("https://myapp-")
        }),
        ("https://myapp.com", |o| o.starts_with("https://myapp")),
        ("https://app.example.com", |o| {
            o.starts_with("https://app.example.com")
        }),
        ("https://app.example.com:8443", |o| {
            o.starts_with("https://app.example.com")
        }),
        ("https://10.1.2.3", |o| o.starts_with("https://10.")),
        ("https://localhost", |o| o.starts_with("https://localhost")),
        // Suffixes.
        ("https://evilexample.com", |o| o.ends_with("example.com")),
        ("https://app.evilexample.com", |o| {
            o.ends_with("example.com")
        }),
        ("https://main-team.vercel.app", |o| {
            o.ends_with("-team.vercel.app")
        }),
        ("https://42--project.netlify.app", |o| {
            o.ends_with("--project.netlify.app")
        }),
        ("https://wiki.corp", |o| o.ends_with(".corp")),
        // Parts.
        ("https://my-example-shop.com", |o| o.contains("example")),
        ("https://example.com", |o| o.contains("example.com")),
        // What precedes and what follows, with only some characters or lengths between them.
        ("https://myapp-git-fix-team.vercel.app", |o| {
            o.starts_with("https://myapp-git-") && o.ends_with("-team.vercel.app")
        }),
        ("https://deploy-preview-42--project.netlify.app", |o| {
            let number = o.strip_prefix("https://deploy-preview-");
            let number = number.and_then(|o| o.strip_suffix("--project.netlify.app"));
            number.is_some_and(|number| number.parse::<u64>().is_ok())
        }),
        ("https://myapp-k3x9q2abz-team.vercel.app", |o| {
            let hash = o.strip_prefix("https://myapp-");
            let hash = hash.and_then(|o| o.strip_suffix("-team.vercel.app"));
            hash.is_some_and(|hash| {
                hash.len() == 9 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
        }),
        ("https://pr42app.pages.dev", |o| {
            let number = o
                .strip_prefix("https://pr")
                .and_then(|o| o.strip_suffix("app.pages.dev"));
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        }),
        ("https://a.myapp-x.github.io:8443", |o| {
            o.starts_with("https://a.myapp-")
        }),
    ];
    for (page, accepts) in cases {
        let policy = predicate_with_credentials(move |origin| accepts(origin.as_str()));
        // The second request is not answered otherwise.
        for _ in 0..2 {
            for request in [get(page), preflight(page, "GET", "")] {
                let answer = send(policy.clone(), request);
                assert!(answer.cors_headers().is_empty(), "{page}");
            }
        }
        let rejected = get(page);
        let explanation = policy.explain(rejected.method(), rejected.headers());
        assert_eq!(explanation.code(), "predicate-accepts-strangers", "{page}");
        let sentence = explanation.to_string();
        for part in [page, "the invented `https://", "`.allow_origins([\""] {
            assert!(sentence.contains(part), "{sentence}");
        }
        // Without credentials there is nothing to protect.
        let without = Policy::builder().allow_origins_where(move |origin| accepts(origin.as_str()));
        assert!(built(without).allows(&origin(page)), "{page}");
    }
}

#[test]
fn c6_neighbors_of_the_longest_names_are_found_too() {
    type Accepts = fn(&str) -> bool;
    let long = |length: usize, end: &str| {
        let labels = "a".repeat(60) + ".";
        let mut name = labels.repeat(5);
        name.truncate(length - end.len());
        name.trim_end_matches('.').to_owned() + end
    };
    let cases: [(String, Accepts); 6] = [
        (long(253, ".evilexample.com"), |o| {
            o.ends_with("example.com")
        }),
        (long(253, ".a-evilexample.com:8443"), |o| {
            o.contains("example.com")
        }),
        (format!("app.{}", long(249, ".evilexample.com")), |o| {
            o.starts_with("https://app.") && o.ends_with("example.com")
        }),
        (format!("app.example.com.{}", long(237, ".evil.net")), |o| {
            o.starts_with("https://app.example.com")
        }),
        (
            format!("app.example.com.{}", long(237, ".vercel.app")),
            |o| o.starts_with("https://app.example.com"),
        ),
        (format!("{}.a.b-team.vercel.app", long(230, ".c")), |o| {
            o.ends_with("-team.vercel.app")
        }),
    ];
    for (page, accepts) in cases {
        let page = origin(&format!("https://{page}"));
        let builder = Policy::builder()
            .allow_origins_where(move |origin| accepts(origin.as_str()))
            .allow_credentials(true);
        assert!(!built(builder).allows(&page), "{page}");
    }
    // Names that third parties own may be allowed, but not with any end.
    let page = format!("https://app.example.com.{}", long(237, ".evil.net"));
    let endless = Policy::builder()
        .allow_origins_where(|origin| origin.as_str().starts_with("https://app.example.com"))
        .allow_credentials(true)
        .dangerously_allow_public_suffixes();
    assert!(!built(endless).allows(&origin(&page)));
    // The own subdomains of every length are right.
    let own = predicate_with_credentials(|origin| origin.as_str().ends_with(".example.com"));
    for length in 200..=253 {
        let page = origin(&format!("https://{}", long(length, ".example.com")));
        assert!(own.allows(&page), "{page}");
    }
}

#[test]
fn c6_a_dot_that_stands_for_any_character_is_found() {
    /// `^https://app.example.com$`, `^https://example.co.uk$` and `^https://shop.example.[a-z]{2,3}$`, as regular expressions.
    fn dots_match_all(pattern: &'static str) -> impl Fn(&Origin) -> bool + Send + Sync + 'static {
        move |origin| {
            let text = origin.as_str();
            text.len() == pattern.len()
                && text
                    .bytes()
                    .zip(pattern.bytes())
                    .all(|(byte, wanted)| byte == wanted || wanted == b'.')
        }
    }
    for page in [
        "https://app.example.com",
        "https://example.co.uk",
        "https://shop.me.vercel.app",
        "https://me.vercel.app",
    ] {
        let policy = predicate_with_credentials(dots_match_all(page));
        assert!(!policy.allows(&origin(page)), "{page}");
        let policy = predicate_with_credentials(move |origin| origin.as_str() == page);
        assert!(policy.allows(&origin(page)), "{page}");
    }
    // Then no other name is near, because only a subdomain could match.
    let policy = predicate_with_credentials(dots_match_all("https://example.com"));
    assert!(policy.allows(&origin("https://example.com")));
}

#[test]
fn c6_a_name_at_any_top_level_domain_is_found() {
    let policy = predicate_with_credentials(|origin| {
        let top = origin.as_str().strip_prefix("https://app.example.");
        top.is_some_and(|top| {
            (2..=3).contains(&top.len()) && top.bytes().all(|byte| byte.is_ascii_lowercase())
        })
    });
    for page in ["https://app.example.com", "https://app.example.de"] {
        assert!(!policy.allows(&origin(page)), "{page}");
    }
    let own = [
        "https://app.example.com",
        "https://app.example.de",
        "https://app.example.co.uk",
    ];
    let policy = predicate_with_credentials(move |origin| own.contains(&origin.as_str()));
    for page in own {
        assert!(policy.allows(&origin(page)), "{page}");
    }
}

#[test]
fn c6_a_predicate_with_credentials_that_knows_whole_names_is_not_rejected() {
    let known = [
        "https://myapp-1.vercel.app",
        "https://myapp-2.vercel.app",
        "https://myapp-22.vercel.app",
        "https://myapp-git-main-team.vercel.app",
        "https://example.com",
        "https://example.de",
        "https://nas",
        "https://10.1.2.3",
        "https://[2001:db8::1]",
        "https://localhost:3000",
        "app://shell",
    ];
    let policy = predicate_with_credentials(move |origin| {
        let host = origin.host().unwrap_or_default();
        known.contains(&origin.as_str())
            || origin.scheme() == Some("https")
                && [
                    ".example.com",
                    ".me.github.io",
                    ".example.co.uk",
                    ".localhost",
                ]
                .iter()
                .any(|own| host.ends_with(own))
    });
    let below = [
        "https://app.example.com",
        "https://a.b.example.com:8443",
        "https://a.me.github.io",
        "https://shop.example.co.uk",
        "https://app.localhost:3000",
    ];
    for page in known.into_iter().chain(below) {
        assert!(policy.allows(&origin(page)), "{page}");
    }
    assert!(!policy.allows(&origin("https://myapp-3.vercel.app")));
}

#[test]
fn c6_names_of_public_suffixes_are_accepted_if_that_is_said_dangerously() {
    let builder = Policy::builder()
        .allow_origins_where(|origin| {
            let name = origin.as_str().strip_prefix("https://myapp-");
            name.is_some_and(|name| name.ends_with("-team.vercel.app"))
        })
        .allow_credentials(true);
    let page = origin("https://myapp-fix-team.vercel.app");
    assert!(!built(builder.clone()).allows(&page));
    assert!(built(builder.dangerously_allow_public_suffixes()).allows(&page));
    // Names that only begin like it can be anywhere.
    let endless = Policy::builder()
        .allow_origins_where(|origin| origin.as_str().starts_with("https://myapp-"))
        .allow_credentials(true)
        .dangerously_allow_public_suffixes();
    assert!(!built(endless).allows(&page));
    let everyone = Policy::builder().dangerously_allow_any_origin_with_credentials();
    assert!(built(everyone).allows(&page));
}

#[test]
fn c6_neighbors_are_asked_about_once_for_an_origin_and_their_number_is_bounded() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let long = format!("https://{}.vercel.app", "a-1-b2".repeat(30));
    let known = [long.clone(), "https://app.example.com".to_owned()];
    let policy = predicate_with_credentials(move |origin| {
        counted.fetch_add(1, Ordering::Relaxed);
        known.iter().any(|known| known == origin.as_str())
    });
    let calls_for = |page: &str, allowed: bool| {
        let before = calls.load(Ordering::Relaxed);
        assert_eq!(policy.allows(&origin(page)), allowed);
        calls.load(Ordering::Relaxed) - before
    };
    assert_eq!(calls_for("https://stranger.example", false), 1);
    assert_eq!(calls_for("https://app.example.com", true), 1 + 6);
    assert_eq!(calls_for("https://app.example.com", true), 1);
    assert!(calls_for(&long, true) <= 1 + 40);
    assert_eq!(calls_for(&long, true), 1);
    assert_eq!(calls_for("https://stranger.vercel.app", false), 1);
}

#[test]
fn c6_a_predicate_that_panics_for_a_neighbor_keeps_its_own_origins() {
    let policy = predicate_with_credentials(|origin| {
        assert!(
            !origin.as_str().contains("neighbor"),
            "a mistake of the user"
        );
        origin.as_str() == "https://app.example.com"
    });
    assert!(policy.allows(&origin("https://app.example.com")));
}

#[test]
fn c6_a_predicate_of_the_own_domain_beside_a_list_is_right() {
    for listed in [
        "https://example.com",
        "https://app.example.com",
        "https://a.b.example.com",
        "https://*.example.com",
        "https://*.app.example.com",
        "https://app-*.example.com",
        "https://app.example.com:8443",
        "https://app.example.com:*",
        "https://partner.example",
        "https://myapp.vercel.app",
        "https://10.0.0.7",
        "https://nas",
    ] {
        let with = |accepts: fn(&str) -> bool| {
            let builder = Policy::builder().allow_origin(listed);
            let builder = builder.allow_origins_where(move |origin| {
                let host = origin.host().unwrap_or_default();
                origin.scheme() == Some("https") && accepts(host)
            });
            builder.allow_credentials(true).build()
        };
        let own = with(|host| host == "example.com" || host.ends_with(".example.com"));
        assert_eq!(own.err(), None, "{listed}");
        // Without the dot, it accepts names of other owners.
        let strangers = with(|host| host.ends_with("example.com"));
        let is_found = strangers.is_err();
        assert_eq!(is_found, listed.contains("example.com"), "{listed}");
    }
}
