//! What `assert_safe` finds, in layers that are broken as layers have been.

use std::convert::Infallible;
use std::future::ready;

use futures_util::FutureExt;
use http::{Method, Request, Response};
use tower::service_fn;
use tower_cors::testing::{Finding, Hole, Readers, assert_safe, findings};
use tower_cors::{Origin, OriginPattern};

use crate::support::{API, PAGE, response};

/// The findings in a service that answers by `Origin`, all lines of it; empty if there is none.
fn found(answer: impl Fn(&str) -> Vec<(&'static str, String)>, allowed: &[&str]) -> Vec<Finding> {
    found_by(answer, Readers::from(allowed))
}

/// The same for readers who are told apart.
fn found_by(
    answer: impl Fn(&str) -> Vec<(&'static str, String)>,
    readers: Readers,
) -> Vec<Finding> {
    let mut service = service_fn(|request: Request<String>| {
        let lines = request.headers().get_all("origin");
        let origin: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        let lines = answer(&origin.join(", "));
        let lines: Vec<_> = lines
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        ready(Ok::<_, Infallible>(response(200, &lines)))
    });
    findings(&mut service, Request::get(API).body(String::new()), readers)
        .now_or_never()
        .expect("nothing waits")
}

/// Allows an origin with credentials and says that it depends on it.
fn grant(origin: &str) -> Vec<(&'static str, String)> {
    vec![
        ("access-control-allow-origin", origin.to_owned()),
        ("access-control-allow-credentials", "true".to_owned()),
        ("vary", "Origin".to_owned()),
    ]
}

fn rejection() -> Vec<(&'static str, String)> {
    vec![("vary", "Origin".to_owned())]
}

/// The findings in a service that allows an origin, with credentials, if `is_allowed`.
fn where_allowed(is_allowed: impl Fn(&str) -> bool) -> Vec<Finding> {
    found(
        |origin| {
            if is_allowed(origin) {
                grant(origin)
            } else {
                rejection()
            }
        },
        &[PAGE],
    )
}

pub(crate) fn origins(findings: &[Finding], hole: Hole) -> Vec<&str> {
    let of = |finding: &Finding| finding.hole() == hole && !finding.exchange().is_preflight();
    findings
        .iter()
        .filter(|finding| of(finding))
        .filter_map(|finding| {
            finding
                .exchange()
                .request_headers()
                .get("origin")?
                .to_str()
                .ok()
        })
        .collect()
}

pub(crate) fn holes(findings: &[Finding]) -> Vec<Hole> {
    let mut holes = Vec::new();
    for finding in findings {
        if !holes.contains(&finding.hole()) {
            holes.push(finding.hole());
        }
    }
    holes
}

#[test]
fn a_service_that_compares_whole_origins_is_safe() {
    assert_eq!(holes(&where_allowed(|origin| origin == PAGE)), []);
}

#[test]
fn look_alikes_are_found_in_every_careless_comparison() {
    type Comparison = fn(&str) -> bool;
    let cases: [(Comparison, &str); 15] = [
        (
            |origin| origin.ends_with("app.example.com"),
            "https://strangerapp.example.com",
        ),
        (
            |origin| origin.ends_with("example.com"),
            "https://strangerexample.com",
        ),
        (
            |origin| origin.ends_with(".example.com"),
            "http://app.example.com",
        ),
        (
            |origin| origin.starts_with(PAGE),
            "https://app.example.com.stranger.invalid",
        ),
        (
            |origin| origin.contains("app.example.com"),
            "https://stranger-app.example.com.stranger.invalid",
        ),
        (
            |origin| origin.starts_with("https://app.example.com."),
            "https://app.example.com.stranger.invalid",
        ),
        (
            |origin| origin.replace('.', "x") == PAGE.replace('.', "x"),
            "https://appxexample.com",
        ),
        (
            |origin| origin.trim_end_matches('.') == PAGE,
            "https://app.example.com.",
        ),
        (
            |origin| origin.split(':').nth(1) == Some("//app.example.com"),
            "https://app.example.com:8443",
        ),
        (
            |origin| origin.split("://").nth(1) == Some("app.example.com"),
            "http://app.example.com",
        ),
        (|origin| PAGE.starts_with(origin), "https://app.example.co"),
        (
            |origin| PAGE.contains(origin.trim_start_matches("https://")),
            "https://xample.com",
        ),
        (
            |origin| origin.ends_with("example.com") && origin.starts_with("https://"),
            "https://example.com",
        ),
        (
            |origin| origin.starts_with("https://app.example"),
            "https://app.example.comx",
        ),
        (
            |origin| origin.starts_with("https://") && origin.ends_with(".example.com"),
            "https://.example.com",
        ),
    ];
    for (is_allowed, expected) in cases {
        let findings =
            where_allowed(|origin| origin == PAGE || !origin.is_empty() && is_allowed(origin));
        let mut look_alikes = origins(&findings, Hole::LookAlikeAllowed);
        look_alikes.extend(origins(&findings, Hole::InsecureTwinAllowed));
        assert!(
            look_alikes.contains(&expected),
            "no {expected} in {look_alikes:?}"
        );
    }
}

#[test]
fn an_allowed_port_that_is_forgotten_is_found() {
    const PORT: &str = "https://app.example.com:8443";
    let answer = |origin: &str| match origin == PORT || origin == PAGE {
        true => grant(origin),
        false => rejection(),
    };
    let findings = found(answer, &[PORT]);
    assert_eq!(origins(&findings, Hole::LookAlikeAllowed), [PAGE]);
}

#[test]
fn a_pattern_stands_for_whole_labels_of_its_scheme_and_port() {
    let subdomains =
        |origin: &str| match origin.ends_with(".example.com") || origin.contains(".example.com:") {
            true => grant(origin),
            false => rejection(),
        };
    let findings = found(subdomains, &["https://*.example.com"]);
    assert_eq!(
        origins(&findings, Hole::InsecureTwinAllowed),
        ["http://sub.example.com"]
    );
    assert_eq!(
        origins(&findings, Hole::LookAlikeAllowed),
        [
            "http://stranger.sub.example.com",
            "httpsx://sub.example.com",
            "ws://sub.example.com",
            "https://sub.example.com:8443",
            "https://.example.com"
        ]
    );
    let any_port = |origin: &str| {
        if origin.contains("//localhost:") {
            grant(origin)
        } else {
            rejection()
        }
    };
    let findings = found(any_port, &["http://localhost:*"]);
    assert!(!origins(&findings, Hole::LookAlikeAllowed).contains(&"http://localhost:8443"));
    assert_eq!(
        holes(&findings),
        [Hole::AllowedOriginRejected, Hole::MalformedAllowed]
    );
}

#[test]
fn what_is_no_origin_is_found() {
    type Comparison = fn(&str) -> bool;
    let cases: [(Comparison, &str); 7] = [
        (
            |origin| origin.eq_ignore_ascii_case(PAGE),
            "HTTPS://APP.EXAMPLE.COM",
        ),
        (
            |origin| origin.trim_end_matches('/') == PAGE,
            "https://app.example.com/",
        ),
        (
            |origin| origin.trim_end_matches(":443") == PAGE,
            "https://app.example.com:443",
        ),
        (
            |origin| origin.split('@').next() == Some(PAGE),
            "https://app.example.com@stranger.invalid",
        ),
        (
            |origin| origin.split([' ', ',']).any(|part| part == PAGE),
            "https://app.example.com https://stranger.invalid",
        ),
        (
            |origin| origin.ends_with(".app.example.com"),
            "https://stranger.invalid/.app.example.com",
        ),
        (
            |origin| origin.ends_with(".app.example.com"),
            "https://stranger.invalid%60.app.example.com",
        ),
    ];
    for (is_allowed, expected) in cases {
        let findings = where_allowed(|origin| origin == PAGE || is_allowed(origin));
        let malformed = origins(&findings, Hole::MalformedAllowed);
        assert!(
            malformed.contains(&expected),
            "no {expected} in {malformed:?}"
        );
    }
}

#[test]
fn reflection_is_found_with_and_without_credentials() {
    let findings = where_allowed(|origin| !origin.is_empty());
    assert!(
        origins(&findings, Hole::AnyOriginWithCredentials).contains(&"https://stranger.invalid")
    );
    assert_eq!(origins(&findings, Hole::NullWithCredentials), ["null"]);
    let reflecting = |origin: &str| {
        vec![
            ("access-control-allow-origin", origin.to_owned()),
            ("vary", "origin".to_owned()),
        ]
    };
    let findings = found(reflecting, &[PAGE]);
    assert!(origins(&findings, Hole::StrangerAllowed).contains(&"https://stranger.invalid"));
    assert_eq!(origins(&findings, Hole::NullAllowed), ["null"]);
    // That is what some do for `*`, which is no hole without credentials.
    assert_eq!(holes(&found(reflecting, &["*"])), []);
    assert!(holes(&found(grant, &["*"])).contains(&Hole::AnyOriginWithCredentials));
}

#[test]
fn a_forgotten_development_server_is_found() {
    let findings = where_allowed(|origin| origin == PAGE || origin.starts_with("http://localhost"));
    assert_eq!(
        origins(&findings, Hole::StrangerAllowed),
        [
            "http://localhost",
            "http://localhost:3000",
            "http://localhost.stranger.invalid"
        ]
    );
    assert_eq!(holes(&findings), [Hole::StrangerAllowed]);
}

#[test]
fn what_is_granted_only_to_preflights_is_found() {
    let mut service = service_fn(|request: Request<String>| {
        let origin = request
            .headers()
            .get("origin")
            .and_then(|line| line.to_str().ok())
            .unwrap_or("");
        let granted = if request.method() == Method::OPTIONS {
            origin
        } else {
            PAGE
        };
        ready(Ok::<_, Infallible>(response(
            200,
            &[("access-control-allow-origin", granted)],
        )))
    });
    let request = Request::put(API).body(String::new());
    let found = findings(&mut service, request, [PAGE])
        .now_or_never()
        .expect("nothing waits");
    assert!(holes(&found).contains(&Hole::StrangerAllowed));
    assert!(
        found
            .iter()
            .all(|finding| finding.exchange().is_preflight())
    );
}

#[test]
fn null_with_credentials_is_found_even_where_null_is_meant() {
    let findings = found(
        |origin| {
            if origin == "null" {
                grant(origin)
            } else {
                rejection()
            }
        },
        &["null"],
    );
    assert_eq!(holes(&findings), [Hole::NullWithCredentials]);
}

#[test]
fn wildcards_are_found() {
    let any = || vec![("access-control-allow-origin", "*".to_owned())];
    assert_eq!(holes(&found(|_| any(), &[PAGE])), [Hole::WildcardAllowed]);
    assert_eq!(holes(&found(|_| any(), &["*"])), []);
    let with_credentials = |_: &str| {
        [
            any(),
            vec![("access-control-allow-credentials", "true".to_owned())],
        ]
        .concat()
    };
    assert_eq!(
        holes(&found(with_credentials, &["*"])),
        [Hole::WildcardWithCredentials]
    );
}

#[test]
fn two_values_are_found() {
    let findings = found(
        |_| vec![("access-control-allow-origin", PAGE.to_owned()); 2],
        &[PAGE],
    );
    assert!(holes(&findings).contains(&Hole::AllowOriginRepeated));
}

/// A constant answer depends on nothing; one that depends on the origin says so every time.
#[test]
fn a_missing_vary_is_found() {
    let constant = |_: &str| vec![("access-control-allow-origin", PAGE.to_owned())];
    assert_eq!(holes(&found(constant, &[PAGE])), []);
    for vary in ["Origin", "accept, ORIGIN", "*"] {
        let answer = |origin: &str| match origin == PAGE {
            true => vec![
                ("access-control-allow-origin", PAGE.to_owned()),
                ("vary", vary.to_owned()),
            ],
            false => vec![("vary", vary.to_owned())],
        };
        assert_eq!(holes(&found(answer, &[PAGE])), [], "{vary}");
    }
    let only_if_allowed = |origin: &str| {
        if origin == PAGE {
            grant(origin)
        } else {
            Vec::new()
        }
    };
    let findings = found(only_if_allowed, &[PAGE]);
    assert_eq!(holes(&findings), [Hole::VaryMissing]);
    assert_eq!(findings.len(), 2, "without `Origin`, and with a stranger's");
    let other = |origin: &str| {
        if origin == PAGE {
            grant(origin)
        } else {
            vec![("vary", "X-Origin".to_owned())]
        }
    };
    assert_eq!(holes(&found(other, &[PAGE])), [Hole::VaryMissing]);
}

#[test]
fn a_search_that_proves_nothing_says_so() {
    assert_eq!(
        holes(&found(|_| Vec::new(), &[PAGE])),
        [Hole::AllowedOriginRejected]
    );
    let none: [&str; 0] = [];
    assert_eq!(holes(&found(|_| Vec::new(), &none)), []);
}

/// A preflight that no page sends need not be answered.
#[test]
fn a_preflight_is_expected_to_be_allowed_only_where_pages_send_one() {
    let rejected = |method: &str, headers: &[(&str, &str)]| {
        let mut service = service_fn(|request: Request<String>| {
            let lines: &[_] = if request.method() == Method::OPTIONS {
                &[]
            } else {
                &[("access-control-allow-origin", PAGE)]
            };
            ready(Ok::<_, Infallible>(response(200, lines)))
        });
        let mut request = Request::builder().method(method).uri(API);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let search = findings(&mut service, request.body(String::new()), [PAGE]);
        holes(&search.now_or_never().expect("nothing waits"))
    };
    assert_eq!(rejected("GET", &[]), []);
    assert_eq!(rejected("GET", &[("cookie", "session=1")]), []);
    assert_eq!(rejected("PUT", &[]), [Hole::AllowedOriginRejected]);
    assert_eq!(
        rejected("GET", &[("x-a", "1")]),
        [Hole::AllowedOriginRejected]
    );
}

#[test]
fn a_service_that_fails_at_what_it_is_sent_is_found() {
    let mut service = service_fn(|request: Request<String>| {
        let is_text = request
            .headers()
            .get("origin")
            .is_none_or(|line| line.to_str().is_ok());
        ready(if is_text {
            Ok(response(200, &[]))
        } else {
            Err("not text")
        })
    });
    let none: [&str; 0] = [];
    let findings = findings(&mut service, Request::get(API).body(String::new()), none)
        .now_or_never()
        .unwrap();
    assert_eq!(holes(&findings), []);
    let mut service = service_fn(|request: Request<String>| {
        let is_text = request
            .headers()
            .get("origin")
            .is_none_or(|line| line.to_str().is_ok());
        ready(if is_text {
            Ok(response(200, &[]))
        } else {
            Err("not text")
        })
    });
    let findings =
        tower_cors::testing::findings(&mut service, Request::get(API).body(String::new()), [PAGE])
            .now_or_never()
            .unwrap();
    assert!(holes(&findings).contains(&Hole::ServiceFailed));
}

/// A service behind a login needs a session to answer.
#[test]
fn the_requests_carry_the_headers_given_and_their_preflights_ask_for_them() {
    let mut service = service_fn(|request: Request<String>| {
        let headers = request.headers();
        if request.method() == Method::OPTIONS {
            assert_eq!(headers["access-control-request-headers"], "authorization");
            assert!(!headers.contains_key("cookie") && !headers.contains_key("authorization"));
        } else {
            assert_eq!(
                (&headers["cookie"], &headers["authorization"]),
                (&"session=1".parse().unwrap(), &"x".parse().unwrap())
            );
        }
        ready(Ok::<_, Infallible>(response(
            200,
            &[
                ("access-control-allow-origin", PAGE),
                ("access-control-allow-headers", "authorization"),
            ],
        )))
    });
    let request = Request::get(API)
        .header("cookie", "session=1")
        .header("authorization", "x")
        .body(String::new());
    let found = findings(&mut service, request, [PAGE])
        .now_or_never()
        .expect("nothing waits");
    assert_eq!(holes(&found), []);
}

#[test]
fn the_assertion_names_every_finding_and_what_to_do() {
    let mut service = service_fn(|_: Request<String>| {
        ready(Ok::<_, Infallible>(
            Response::builder()
                .header("access-control-allow-origin", "*")
                .body(())
                .unwrap(),
        ))
    });
    let request = Request::get(API).body(String::new());
    let assertion = || assert_safe(&mut service, request, [PAGE]).now_or_never();
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).expect_err("it fails");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(
        message.contains(
            "- WildcardAllowed: GET with `origin: https://stranger.invalid` (a stranger) was answered 200 with \
             `access-control-allow-origin: *`, no `access-control-allow-credentials`, no `vary`\n  help: list the \
             origins that may read this"
        ),
        "{message}"
    );
}

#[test]
fn an_allowed_origin_that_is_none_fails_the_test() {
    for allowed in [
        "https://app.example.com/",
        "app.example.com",
        "https://App.example.com",
        "https://*",
        "https://a.*.com",
        "https://pr-*",
        "https://a-*.b-*.example.com",
        "https://*.a-*.example.com",
        "moz-extension://*:*",
        "http://localhost:{}",
        "http://localhost:{3000",
        "http://localhost:3000-",
    ] {
        let search = || found(|_| Vec::new(), &[allowed]);
        assert!(std::panic::catch_unwind(search).is_err(), "{allowed}");
    }
}

#[test]
fn a_wildcard_inside_a_label_stands_for_a_part_of_that_label() {
    const PREVIEWS: &str = "https://myapp-git-*-team.vercel.app";
    let exact = |origin: &str| {
        let middle = origin
            .strip_prefix("https://myapp-git-")
            .and_then(|rest| rest.strip_suffix("-team.vercel.app"));
        middle.is_some_and(|middle| {
            middle
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    };
    let careless =
        |origin: &str| origin.starts_with("https://myapp-git-") && origin.ends_with(".vercel.app");
    let search = |is_allowed: &dyn Fn(&str) -> bool| {
        let answer = |origin: &str| match is_allowed(origin) {
            true => grant(origin),
            false => rejection(),
        };
        holes(&found(answer, &[PREVIEWS]))
    };
    assert_eq!(search(&exact), []);
    assert!(search(&careless).contains(&Hole::SiblingAllowed));
    assert_eq!(search(&|_| false), [Hole::AllowedOriginRejected]);
}

#[test]
fn ports_and_whole_schemes_stand_for_what_a_pattern_of_the_layer_does() {
    for listed in [
        "http://localhost:{3000,5173}",
        "http://localhost:{80,3000}",
        "http://localhost:3000-3999",
        "http://*.localhost:3000-3999",
        "https://pr-*.example.com:{443,8443}",
        "moz-extension://*",
    ] {
        let pattern: OriginPattern = listed.parse().unwrap();
        let search = |is_allowed: &dyn Fn(&Origin) -> bool| {
            let answer = |origin: &str| match origin.parse() {
                Ok(parsed) if is_allowed(&parsed) => grant(origin),
                _ => rejection(),
            };
            holes(&found(answer, &[listed]))
        };
        assert_eq!(search(&|origin| pattern.matches(origin)), [], "{listed}");
        assert_eq!(
            search(&|_| false),
            [Hole::AllowedOriginRejected],
            "{listed}"
        );
        let any_port = |origin: &Origin| origin.scheme() == Some(listed.split(':').next().unwrap());
        assert_eq!(
            search(&any_port).is_empty(),
            listed.starts_with("moz"),
            "{listed}"
        );
    }
}

/// <https://publicsuffix.org/>
#[test]
fn siblings_under_a_public_suffix_are_found() {
    const APP: &str = "https://myapp-git-main.vercel.app";
    type Comparison = fn(&str) -> bool;
    let cases: [(Comparison, &str); 5] = [
        (
            |origin| origin.ends_with(".vercel.app"),
            "https://stranger.vercel.app",
        ),
        (
            |origin| origin.starts_with("https://myapp") && origin.ends_with(".vercel.app"),
            "https://myapp-git-main-stranger.vercel.app",
        ),
        (
            |origin| origin.starts_with("https://myapp-git-") && origin.ends_with(".vercel.app"),
            "https://myapp-git-stranger.vercel.app",
        ),
        (
            |origin| origin.starts_with("https://") && origin.ends_with("-main.vercel.app"),
            "https://stranger-main.vercel.app",
        ),
        (
            |origin| origin.contains("//myapp-") && origin.ends_with(".vercel.app"),
            "http://myapp-stranger.vercel.app",
        ),
    ];
    for (is_allowed, expected) in cases {
        let answer = |origin: &str| match is_allowed(origin) {
            true => grant(origin),
            false => rejection(),
        };
        let findings = found(answer, &[APP]);
        let siblings = origins(&findings, Hole::SiblingAllowed);
        assert!(
            siblings.contains(&expected),
            "no {expected} in {siblings:?}"
        );
    }
    let meant =
        |origin: &str| match origin.starts_with("https://") && origin.ends_with(".vercel.app") {
            true => grant(origin),
            false => rejection(),
        };
    let findings = found(meant, &["https://*.vercel.app"]);
    assert!(!holes(&findings).contains(&Hole::SiblingAllowed));
}

#[test]
fn insecure_and_dotted_twins_are_found() {
    let insecure = where_allowed(|origin| origin == PAGE || origin == "http://app.example.com");
    assert_eq!(holes(&insecure), [Hole::InsecureTwinAllowed]);
    let dotted = where_allowed(|origin| origin == PAGE || origin == "https://app.example.com.");
    assert_eq!(
        origins(&dotted, Hole::LookAlikeAllowed),
        ["https://app.example.com."]
    );
    assert_eq!(holes(&dotted), [Hole::LookAlikeAllowed]);
    let file = where_allowed(|origin| origin == PAGE || origin == "file://");
    assert_eq!(origins(&file, Hole::StrangerAllowed), ["file://"]);
}

/// What is recommended for an API that everyone may read and only our page with cookies.
#[test]
fn who_reads_with_credentials_is_told_from_who_reads_without() {
    let ours_and_everyone = || {
        Readers::new()
            .with_credentials([PAGE])
            .without_credentials(["*"])
    };
    let with = |is_ours: fn(&str) -> bool| {
        move |origin: &str| match is_ours(origin) {
            true => grant(origin),
            false => vec![
                ("access-control-allow-origin", "*".to_owned()),
                ("vary", "origin".to_owned()),
            ],
        }
    };
    let search = |answer: &dyn Fn(&str) -> Vec<(&'static str, String)>, readers: Readers| {
        holes(&found_by(answer, readers))
    };
    let exact = with(|origin| origin == PAGE);
    assert_eq!(search(&exact, ours_and_everyone()), []);
    let look_alike = with(|origin| origin.starts_with(PAGE));
    assert_eq!(
        search(&look_alike, ours_and_everyone()),
        [Hole::LookAlikeAllowed, Hole::MalformedAllowed]
    );
    let sibling = with(|origin| origin == PAGE || origin == "http://app.example.com");
    assert_eq!(
        search(&sibling, ours_and_everyone()),
        [Hole::InsecureTwinAllowed]
    );
    let any = with(|origin| origin.starts_with("http"));
    assert!(search(&any, ours_and_everyone()).contains(&Hole::AnyOriginWithCredentials));
    let nobody = with(|_| false);
    assert_eq!(
        search(&nobody, ours_and_everyone()),
        [Hole::CredentialsNotAllowed]
    );
    let other = "https://other.example.org";
    let two = with(|origin| origin == PAGE || origin == "https://other.example.org");
    let readers = || Readers::new().with_credentials([PAGE]);
    assert_eq!(
        search(&two, readers().without_credentials([other, "*"])),
        [Hole::CredentialsAllowed]
    );
    assert_eq!(
        search(
            &two,
            readers()
                .with_credentials([other])
                .without_credentials(["*"])
        ),
        []
    );
    // A list without more stands for both.
    assert_eq!(search(&two, Readers::from([PAGE, other, "*"])), []);
    assert_eq!(search(&exact, Readers::from([PAGE, other, "*"])), []);
    let wildcard = || search(&exact, Readers::new().with_credentials(["*"]));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(wildcard)).is_err());
}

fn is_from(request: &Request<String>, page: &str) -> bool {
    let lines = request.headers().get_all("origin");
    lines.iter().eq([page])
}

/// The findings for a request that an allowed page sends, by a service that allows `PAGE` with these lines.
fn found_for(method: &str, headers: &[(&str, &str)], lines: &[(&str, &str)]) -> Vec<Finding> {
    let mut service = service_fn(|request: Request<String>| {
        let is_ours = is_from(&request, PAGE);
        let lines = if is_ours { lines } else { &[] };
        let mut response = response(200, lines);
        response
            .headers_mut()
            .insert("vary", "origin".parse().unwrap());
        ready(Ok::<_, Infallible>(response))
    });
    let mut request = Request::builder().method(method).uri(API);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    findings(&mut service, request.body(String::new()), [PAGE])
        .now_or_never()
        .expect("nothing waits")
}

#[test]
fn a_request_that_no_allowed_page_can_send_is_found() {
    let allow = ("access-control-allow-origin", PAGE);
    let put: [(&str, &str); 2] = [
        ("authorization", "Bearer x"),
        ("content-type", "application/json"),
    ];
    let findings = found_for("PUT", &put, &[allow]);
    assert_eq!(holes(&findings), [Hole::RequestNotAllowed]);
    let told = findings[0].to_string();
    for part in [
        "meant to be allowed, and cannot send it",
        "Access-Control-Allow-Methods was missing or empty and should be a list with `PUT`",
        "Access-Control-Allow-Headers was missing or empty and should be a list with `authorization`, `content-type`",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    let methods = ("access-control-allow-methods", "PUT");
    let lacking = ("access-control-allow-headers", "content-type");
    assert_eq!(
        holes(&found_for("PUT", &put, &[allow, methods, lacking])),
        [Hole::RequestNotAllowed]
    );
    let all = (
        "access-control-allow-headers",
        "content-type, authorization",
    );
    assert_eq!(holes(&found_for("PUT", &put, &[allow, methods, all])), []);
    // Engines take `*` for `Authorization` too.
    let any = ("access-control-allow-headers", "*");
    assert_eq!(holes(&found_for("PUT", &put, &[allow, methods, any])), []);
    assert_eq!(holes(&found_for("POST", &[], &[allow])), []);
}

#[test]
fn authentication_outside_the_layer_is_found_as_what_it_is() {
    let found = |status, lines: &'static [(&str, &str)]| {
        let mut service = service_fn(|request: Request<String>| {
            let is_preflight = request.method() == Method::OPTIONS;
            let is_ours = is_from(&request, PAGE);
            ready(Ok::<_, Infallible>(match (is_preflight, is_ours) {
                (true, true) => response(204, &[("access-control-allow-origin", PAGE)]),
                _ => response(status, lines),
            }))
        });
        let request = Request::get(API).body(String::new());
        findings(&mut service, request, [PAGE])
            .now_or_never()
            .expect("nothing waits")
    };
    let outside = found(401, &[]);
    assert_eq!(holes(&outside), [Hole::NoCorsLayer]);
    let told = outside[0].to_string();
    assert!(
        told.contains("put the CORS layer outside authentication"),
        "{told}"
    );
    assert_eq!(
        holes(&found(401, &[("vary", "origin")])),
        [Hole::AllowedOriginRejected]
    );
    assert_eq!(holes(&found(200, &[])), [Hole::AllowedOriginRejected]);
}

#[test]
fn one_mistake_is_told_once_with_all_that_shows_it() {
    let mut service = service_fn(|request: Request<String>| {
        let origin = request
            .headers()
            .get("origin")
            .and_then(|line| line.to_str().ok());
        let lines = grant(origin.unwrap_or("none"));
        let lines: Vec<_> = lines
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        ready(Ok::<_, Infallible>(response(200, &lines)))
    });
    let request = Request::get(API).body(String::new());
    let assertion = || assert_safe(&mut service, request, [PAGE]).now_or_never();
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(assertion)).expect_err("it fails");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert_eq!(
        message.matches("- AnyOriginWithCredentials").count(),
        1,
        "{message}"
    );
    assert_eq!(
        message.matches("help: ").count(),
        message.matches("\n- ").count()
    );
    assert!(
        message.contains("  the same with a preflight with `origin: https://stranger.invalid` (a stranger), GET with "),
        "{message}"
    );
}
