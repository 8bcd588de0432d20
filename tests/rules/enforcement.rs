//! Enforcement: requests that are stopped, and those that are not.

use http::header::{HOST, HeaderName, ORIGIN, UPGRADE};
use http::{Method, Request};
#[cfg(feature = "path")]
use tower_cors::PathPolicies;
use tower_cors::{
    CorsLayer, Enforcement, Policy, PolicyBuilder, PolicyError, PolicyHandle, PolicyList,
};
#[cfg(feature = "cache")]
use {
    std::{convert::Infallible, future::ready},
    tower_cors::{DynamicPolicies, Origin, Scope},
};

use crate::support::{APP, Answer, EVIL, app_only, built, preflight, request, send_through};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

fn send(policy: Policy, enforcement: Enforcement, request: Request<()>) -> Answer {
    send_through(&CorsLayer::new(policy).enforce(enforcement), &[], request)
}

#[track_caller]
fn assert_blocked(answer: &Answer) {
    assert!(!answer.reached_the_service);
    assert_eq!(answer.status, 403);
    // `*` where caches may take the origin for another.
    let vary = answer.header("vary");
    assert!(matches!(vary, Some("Origin" | "*")), "{vary:?}");
    assert_eq!(answer.headers.len(), 1);
}

#[test]
fn e1_block_answers_an_actual_request_of_a_rejected_origin_with_403() {
    for method in [Method::GET, Method::POST, Method::OPTIONS, Method::CONNECT] {
        for origin in [EVIL, "null", "nonsense", ""] {
            assert_blocked(&send(
                built(app_only()),
                Enforcement::Block,
                request(method.clone(), &[(ORIGIN, origin)]),
            ));
        }
    }
    let two = request(Method::GET, &[(ORIGIN, APP), (ORIGIN, EVIL)]);
    assert_blocked(&send(built(app_only()), Enforcement::Block, two));
}

#[test]
fn e1_block_serves_an_allowed_origin() {
    let answer = send(
        built(app_only()),
        Enforcement::Block,
        request(Method::POST, &[(ORIGIN, APP)]),
    );
    assert!(answer.reached_the_service);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    let answer = send(
        built(PolicyBuilder::public()),
        Enforcement::Block,
        request(Method::POST, &[(ORIGIN, EVIL)]),
    );
    assert!(answer.reached_the_service);
}

#[test]
fn e1_report_and_off_serve_every_request() {
    for enforcement in [Enforcement::Off, Enforcement::Report] {
        let answer = send(
            built(app_only()),
            enforcement,
            request(Method::POST, &[(ORIGIN, EVIL)]),
        );
        assert!(answer.reached_the_service);
        assert_eq!(
            (answer.status.as_u16(), answer.cors_headers().len()),
            (200, 0)
        );
    }
}

#[test]
fn e1_preflights_are_answered_as_ever() {
    let policy = built(app_only().allow_methods([Method::PUT]));
    for enforcement in [Enforcement::Off, Enforcement::Report, Enforcement::Block] {
        assert_eq!(
            send(policy.clone(), enforcement, preflight(APP, "PUT", "")).status,
            204
        );
        assert_eq!(
            send(policy.clone(), enforcement, preflight(EVIL, "PUT", "")).status,
            403
        );
    }
}

#[test]
fn e1_what_is_blocked_or_would_be_says_so() {
    let layer = CorsLayer::new(built(app_only()))
        .enforce(Enforcement::Block)
        .explain_in_response(true);
    let answer = send_through(&layer, &[], request(Method::GET, &[(ORIGIN, EVIL)]));
    assert_eq!(
        answer.header("x-cors-decision"),
        Some("rejected; origin-not-allowed")
    );
}

#[test]
fn e2_same_origin_requests_pass_by_the_browsers_word() {
    let own = "https://api.example.com";
    for (site, passes) in [
        ("same-origin", true),
        ("same-site", false),
        ("cross-site", false),
        ("none", false),
        ("", false),
    ] {
        let asked = request(
            Method::POST,
            &[(ORIGIN, own), (HOST, "api.example.com"), (SITE, site)],
        );
        assert_eq!(
            send(built(app_only()), Enforcement::Block, asked).reached_the_service,
            passes,
            "{site}"
        );
    }
    let twice = request(
        Method::POST,
        &[(ORIGIN, own), (SITE, "same-origin"), (SITE, "cross-site")],
    );
    assert_blocked(&send(built(app_only()), Enforcement::Block, twice));
}

#[test]
fn e2_same_origin_requests_pass_by_host_and_port() {
    for (origin, host, passes) in [
        ("https://api.example.com", "api.example.com", true),
        ("https://api.example.com", "API.example.com:443", true),
        ("http://api.example.com", "api.example.com:80", true),
        ("http://localhost:3000", "localhost:3000", true),
        ("http://[::1]:3000", "[::1]:3000", true),
        ("https://api.example.com", "api.example.com:8443", false),
        ("https://api.example.com:8443", "api.example.com", false),
        ("https://evil.example", "api.example.com", false),
        (
            "https://api.example.com.evil.example",
            "api.example.com",
            false,
        ),
        ("tauri://api.example.com", "api.example.com", false),
        ("null", "null", false),
        ("nonsense", "nonsense", false),
        ("https://api.example.com", "", false),
        ("https://api.example.com", "user@api.example.com:80", false),
    ] {
        let asked = request(Method::POST, &[(ORIGIN, origin), (HOST, host)]);
        let answer = send(built(app_only()), Enforcement::Block, asked);
        assert_eq!(answer.reached_the_service, passes, "{origin} to {host}");
        assert_eq!(
            answer.cors_headers(),
            [""; 0],
            "it passes without CORS headers"
        );
    }
    let two = request(
        Method::POST,
        &[
            (ORIGIN, EVIL),
            (HOST, "evil.example"),
            (HOST, "api.example.com"),
        ],
    );
    assert_blocked(&send(built(app_only()), Enforcement::Block, two));
    let none = request(Method::POST, &[(ORIGIN, EVIL)]);
    assert_blocked(&send(built(app_only()), Enforcement::Block, none));
}

#[test]
fn e2_authority_stands_for_host_in_http_2() {
    let mut asked = request(
        Method::POST,
        &[(ORIGIN, "https://api.example.com"), (HOST, "other.example")],
    );
    *asked.uri_mut() = "https://api.example.com/path".parse().unwrap();
    assert!(send(built(app_only()), Enforcement::Block, asked).reached_the_service);
}

#[cfg(feature = "cache")]
#[test]
fn e2_same_origin_requests_pass_where_a_lookup_rejects_their_origin() {
    let lookup = |_: Origin, _: Scope| ready(Ok::<_, Infallible>(None));
    let layer = CorsLayer::new(DynamicPolicies::new(lookup)).enforce(Enforcement::Block);
    let from = |site| {
        let headers = [(ORIGIN, APP), (SITE, site)];
        send_through(&layer, &[], request(Method::POST, &headers))
    };
    for _ in ["looked up", "cached"] {
        assert!(from("same-origin").reached_the_service);
        assert_blocked(&from("same-site"));
    }
}

#[test]
fn e3_requests_without_origin_pass() {
    for method in [Method::GET, Method::POST, Method::DELETE] {
        assert!(
            send(built(app_only()), Enforcement::Block, request(method, &[])).reached_the_service
        );
    }
}

#[test]
fn a_response_of_a_service_that_blocks_varies_on_origin() {
    for headers in [
        vec![],
        vec![(ORIGIN, APP)],
        vec![(ORIGIN, "https://api.example.com"), (SITE, "same-origin")],
    ] {
        assert_eq!(
            send(
                built(app_only()),
                Enforcement::Block,
                request(Method::POST, &headers)
            )
            .vary(),
            ["origin"]
        );
    }
}

/// <https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#security-warning>
#[test]
fn mcp_answers_403_to_an_origin_that_is_present_and_not_allowed() {
    let policy = built(PolicyBuilder::mcp().allow_origins([APP]).local_hosts());
    let to = |headers: &[(HeaderName, &str)]| {
        let host = (HOST, "127.0.0.1:8000");
        let headers: Vec<_> = headers.iter().cloned().chain([host]).collect();
        send_through(
            &CorsLayer::new(policy.clone()),
            &[],
            request(Method::POST, &headers),
        )
    };
    assert!(to(&[(ORIGIN, APP)]).reached_the_service, "valid");
    assert!(to(&[]).reached_the_service, "absent");
    for origin in [EVIL, "null", "nonsense", "", "http://127.0.0.1:8000"] {
        assert_blocked(&to(&[(ORIGIN, origin)]));
    }
    assert_blocked(&to(&[(ORIGIN, APP), (ORIGIN, APP)]));
}

#[test]
fn e5_the_strictest_of_layer_and_policy_counts() {
    use Enforcement::{Block, BlockUnsafe, Off, Report};
    for of_policy in [Off, Report, BlockUnsafe, Block] {
        for of_layer in [Off, Report, BlockUnsafe, Block] {
            for (method, blocks_from) in [(Method::GET, Block), (Method::POST, BlockUnsafe)] {
                let policy = built(app_only().enforce(of_policy));
                let answer = send(policy, of_layer, request(method, &[(ORIGIN, EVIL)]));
                let is_blocked = of_policy >= blocks_from || of_layer >= blocks_from;
                assert_eq!(
                    answer.reached_the_service, !is_blocked,
                    "{of_policy} {of_layer}"
                );
            }
        }
    }
}

#[test]
fn e5_the_strictest_policy_of_a_list_counts_for_every_request() {
    let blocking = built(app_only().enforce(Enforcement::Block));
    let other = built(Policy::builder().allow_origins(["https://other.example"]));
    for list in [[blocking.clone(), other.clone()], [other, blocking]] {
        let evil = request(Method::POST, &[(ORIGIN, EVIL)]);
        assert_blocked(&send_through(&CorsLayer::new(list), &[], evil));
    }
}

#[test]
fn e5_a_replaced_policy_of_a_handle_enforces_what_it_says() {
    let handle = PolicyHandle::new(built(app_only()));
    let list = PolicyList::new(handle.clone()).then(built(app_only()));
    let layers = [CorsLayer::new(handle.clone()), CorsLayer::new(list)];
    let evil = || request(Method::POST, &[(ORIGIN, EVIL)]);
    for layer in &layers {
        assert!(send_through(layer, &[], evil()).reached_the_service);
    }
    handle.replace(built(app_only().enforce(Enforcement::Block)));
    for layer in &layers {
        assert_blocked(&send_through(layer, &[], evil()));
    }
}

#[test]
fn e6_block_unsafe_serves_get_head_and_options_of_rejected_origins() {
    let policy = built(app_only().enforce(Enforcement::BlockUnsafe));
    let to = |method: Method, headers: &[(HeaderName, &str)]| {
        send_through(
            &CorsLayer::new(policy.clone()),
            &[],
            request(method, headers),
        )
    };
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        let answer = to(method, &[(ORIGIN, EVIL), (SITE, "cross-site")]);
        assert!(answer.reached_the_service);
        assert_eq!(answer.cors_headers(), [""; 0]);
        assert_eq!(answer.vary(), ["origin"]);
    }
    for method in [Method::POST, Method::PUT, Method::TRACE, Method::CONNECT] {
        assert_blocked(&to(method, &[(ORIGIN, EVIL)]));
    }
    assert_blocked(&to(Method::GET, &[(ORIGIN, EVIL), (UPGRADE, "websocket")]));
    assert!(to(Method::POST, &[(ORIGIN, APP)]).reached_the_service);
    assert!(to(Method::POST, &[(ORIGIN, EVIL), (SITE, "same-origin")]).reached_the_service);
}

#[test]
fn e7_a_read_only_policy_serves_safe_methods_of_its_origins_only() {
    let read_only = || {
        let anyone = PolicyBuilder::public().read_only(true);
        anyone.enforce(Enforcement::Block)
    };
    let form = |origin: &str, site: &str| request(Method::POST, &[(ORIGIN, origin), (SITE, site)]);
    for (name, layer) in [
        ("alone", CorsLayer::new(built(read_only()))),
        (
            "in a list",
            CorsLayer::new([built(app_only()), built(read_only())]),
        ),
    ] {
        let read = send_through(&layer, &[], request(Method::GET, &[(ORIGIN, EVIL)]));
        assert!(read.reached_the_service, "{name}");
        assert_eq!(
            read.header("access-control-allow-origin"),
            Some("*"),
            "{name}"
        );
        let image = request(Method::GET, &[(SITE, "cross-site")]);
        assert!(
            send_through(&layer, &[], image).reached_the_service,
            "{name}"
        );
        let write = send_through(&layer, &[], form(EVIL, "cross-site"));
        assert!(!write.reached_the_service, "{name}");
        assert_eq!(
            (write.status.as_u16(), write.cors_headers().len()),
            (403, 0),
            "{name}"
        );
        let no_origin = request(Method::POST, &[(SITE, "cross-site")]);
        assert!(
            !send_through(&layer, &[], no_origin).reached_the_service,
            "{name}"
        );
        let own = send_through(&layer, &[], form("null", "same-origin"));
        assert!(own.reached_the_service, "{name}");
        let socket = request(Method::GET, &[(ORIGIN, EVIL), (UPGRADE, "websocket")]);
        assert!(
            !send_through(&layer, &[], socket).reached_the_service,
            "{name}"
        );
    }
    let list = CorsLayer::new([built(app_only()), built(read_only())]);
    let ours = send_through(&list, &[], form(APP, "same-site"));
    assert!(ours.reached_the_service);
    assert_eq!(ours.header("access-control-allow-origin"), Some(APP));
}

#[cfg(feature = "path")]
#[test]
fn e8_one_path_can_accept_forms_of_other_sites() {
    let ours = built(app_only().enforce(Enforcement::Block));
    let layer = |login: Policy| {
        let paths = [
            ("/login/callback", login),
            ("/account/{*rest}", ours.clone()),
        ];
        CorsLayer::new(PathPolicies::new(paths).unwrap())
    };
    let posts = |layer: &CorsLayer, path: &str, origin: &str| {
        let mut form = request(Method::POST, &[(ORIGIN, origin), (SITE, "cross-site")]);
        *form.uri_mut() = path.parse().unwrap();
        send_through(layer, &[], form).reached_the_service
    };
    let open = layer(built(app_only().enforce(Enforcement::Off)));
    for origin in [EVIL, "null", "https://idp.example"] {
        assert!(posts(&open, "/login/callback", origin), "{origin}");
        for path in [
            "/account/name",
            "/other",
            "/login/callback/",
            "/login/callback/x",
        ] {
            assert!(!posts(&open, path, origin), "{origin} {path}");
        }
        let closed = open.clone().enforce(Enforcement::Block);
        assert!(
            !posts(&closed, "/login/callback", origin),
            "the layer's own"
        );
    }
    // If the sender is known, it is listed. It still needs no right to read.
    let known = Policy::builder().allow_origins(["https://idp.example"]);
    let listed = layer(built(known.enforce(Enforcement::Block)));
    assert!(posts(&listed, "/login/callback", "https://idp.example"));
    assert!(!posts(&listed, "/login/callback", EVIL));
}

#[test]
fn e9_own_pages_are_reported_as_what_they_are() {
    for enforcement in [Enforcement::Off, Enforcement::Report, Enforcement::Block] {
        let layer = CorsLayer::new(built(app_only()))
            .enforce(enforcement)
            .explain_in_response(true);
        let own = [(ORIGIN, "https://api.example.com"), (SITE, "same-origin")];
        let answer = send_through(&layer, &[], request(Method::POST, &own));
        assert!(answer.reached_the_service);
        assert_eq!(
            answer.header("x-cors-decision"),
            Some("same-origin"),
            "{enforcement}"
        );
    }
    let untrusted = app_only().enforce(Enforcement::Report);
    let untrusted = built(untrusted.trust_same_origin(false));
    let layer = CorsLayer::new(untrusted).explain_in_response(true);
    let own = request(
        Method::POST,
        &[(ORIGIN, "https://api.example.com"), (SITE, "same-origin")],
    );
    let answer = send_through(&layer, &[], own);
    assert_eq!(
        answer.header("x-cors-decision"),
        Some("rejected; origin-not-allowed")
    );
}

#[test]
fn e9_an_explanation_knows_own_pages_and_what_is_enforced() {
    let policy = built(
        app_only()
            .enforce(Enforcement::Block)
            .hosts(["api.example.com"]),
    );
    let code = |policy: &Policy, method: Method, headers: &[(HeaderName, &str)]| {
        let asked = request(method.clone(), headers);
        let explanation = policy.explain(&method, asked.headers());
        (explanation.code(), explanation.to_string())
    };
    let host = (HOST, "api.example.com");
    let own = (ORIGIN, "https://api.example.com");
    for (headers, expected, words) in [
        (
            vec![own.clone(), host.clone()],
            "same-origin",
            "the service's own",
        ),
        (
            vec![own.clone(), host.clone(), (SITE, "same-origin")],
            "same-origin",
            "no CORS header",
        ),
        (
            vec![(ORIGIN, EVIL), host.clone()],
            "origin-not-allowed",
            "allow_origins",
        ),
        (
            vec![(HOST, "evil.example")],
            "host-not-allowed",
            "DNS rebinding",
        ),
        (vec![], "host-malformed", "no `Host`"),
        (
            vec![host.clone(), (SITE, "cross-site")],
            "cross-site-request",
            "crossorigin",
        ),
        (vec![host.clone()], "not-cors", "no `Origin`"),
    ] {
        let (code, sentence) = code(&policy, Method::POST, &headers);
        assert_eq!(code, expected, "{headers:?}");
        assert!(sentence.contains(words), "{sentence}");
    }
    let read_only = PolicyBuilder::public().read_only(true);
    let read_only = built(read_only.enforce(Enforcement::Block));
    let (post, sentence) = code(&read_only, Method::POST, &[(ORIGIN, EVIL)]);
    assert_eq!(post, "read-only");
    assert!(sentence.contains("may only read"), "{sentence}");
    assert_eq!(
        code(&read_only, Method::GET, &[(ORIGIN, EVIL)]).0,
        "allowed"
    );
    let unsafe_only = code(&read_only, Method::POST, &[(SITE, "cross-site")]);
    assert_eq!(unsafe_only.0, "cross-site-request");
}

#[track_caller]
fn mistakes(builder: PolicyBuilder) -> Vec<PolicyError> {
    match builder.build() {
        Ok(policy) => panic!("built: {policy:?}"),
        Err(errors) => errors.into_iter().collect(),
    }
}

#[test]
fn e11_enforcement_of_any_origin_is_a_mistake_unless_it_can_reject_something() {
    use Enforcement::{Block, BlockUnsafe, Report};

    for enforcement in [Report, BlockUnsafe, Block] {
        for any in [
            Policy::builder().allow_any_origin(),
            Policy::builder().allow_origins_text("*"),
            PolicyBuilder::public(),
        ] {
            let any = any.enforce(enforcement);
            assert_eq!(
                mistakes(any.clone()),
                [PolicyError::EnforcementOfAnyOrigin],
                "{enforcement}"
            );
            // Whether any origin is meant is the question then.
            let null = mistakes(any.clone().allow_null_origin(true));
            assert_eq!(null, [PolicyError::AnyOriginBesideOthers]);
            built(any.clone().hosts(["api.example.com"]));
            built(any.clone().read_only(true));
        }
    }
    // One mistake is reported once: the list of hosts that was meant is malformed or missing.
    let malformed = mistakes(PolicyBuilder::public().enforce(Block).hosts(["a b"]));
    assert!(matches!(malformed[..], [PolicyError::MalformedHost(_)]));
    let mcp = mistakes(PolicyBuilder::mcp().allow_any_origin());
    assert_eq!(mcp, [PolicyError::NoHosts]);
    built(PolicyBuilder::mcp().allow_any_origin().local_hosts());
}

#[test]
fn e11_an_own_origin_that_is_not_trusted_needs_something_that_can_reject_it() {
    let distrusting = |builder: PolicyBuilder| builder.trust_same_origin(false);
    let off = mistakes(distrusting(app_only()));
    assert_eq!(off, [PolicyError::DistrustWithoutEnforcement]);
    let any = PolicyBuilder::public().enforce(Enforcement::Block);
    let with_hosts = mistakes(distrusting(any.clone().hosts(["api.example.com"])));
    assert_eq!(with_hosts, [PolicyError::DistrustOfAnyOrigin]);
    let off = mistakes(distrusting(PolicyBuilder::public()));
    assert_eq!(off, [PolicyError::DistrustOfAnyOrigin]);
    built(distrusting(any.read_only(true)));
    built(distrusting(app_only().enforce(Enforcement::Report)));
    // The last call counts, and a preset is no mistake of the caller.
    built(distrusting(app_only()).trust_same_origin(true));
    let off = PolicyBuilder::mcp()
        .allow_origin(APP)
        .hosts(["api.example.com"]);
    let off = mistakes(off.enforce(Enforcement::Off));
    assert_eq!(off, [PolicyError::HostsWithoutEnforcement]);
    #[cfg(feature = "cache")]
    {
        let base = distrusting(Policy::builder());
        let yes = |_: Origin, _: Scope| ready(Ok::<_, Infallible>(true));
        let errors = DynamicPolicies::from_predicate(base, yes).unwrap_err();
        let errors: Vec<_> = errors.into_iter().collect();
        assert_eq!(errors, [PolicyError::DistrustWithoutEnforcement]);
    }
}

#[test]
fn e11_a_read_only_policy_lists_no_method_that_writes() {
    let read_only = |builder: PolicyBuilder| {
        let builder = builder.enforce(Enforcement::Block);
        builder.read_only(true)
    };
    let methods = ["GET", "HEAD", "OPTIONS"];
    built(read_only(app_only().allow_methods(methods)));
    let writing = ["GET", "PUT", "POST", "PROPFIND"];
    let all = mistakes(read_only(app_only().allow_methods(writing)));
    let method = |name: &str| PolicyError::MethodOfReadOnly(name.parse().unwrap());
    assert_eq!(all, [method("PUT"), method("POST"), method("PROPFIND")]);
    // Any method, and the methods of a preset, are more than a list of the caller.
    built(read_only(app_only().allow_any_method()));
    let connect = || PolicyBuilder::connect().allow_origin(APP);
    built(read_only(connect()));
    let all = mistakes(read_only(connect().allow_method("PUT")));
    assert_eq!(all, [method("PUT")]);
    // It is one mistake if the method is none in the first place.
    let all = mistakes(read_only(app_only().allow_method("put")));
    assert!(
        matches!(all[..], [PolicyError::MethodCase { .. }]),
        "{all:?}"
    );
}

#[test]
fn e11_other_origins_beside_any_origin_are_a_mistake() {
    let any = Policy::builder().allow_any_origin();
    for beside in [
        any.clone().allow_null_origin(true),
        any.clone().allow_file_origin(true),
        any.allow_local_network(true),
        Policy::builder()
            .dangerously_allow_any_origin_with_credentials()
            .allow_origin(APP),
        app_only().dangerously_allow_any_origin_with_credentials(),
    ] {
        assert_eq!(mistakes(beside), [PolicyError::AnyOriginBesideOthers]);
    }
}

#[test]
fn e11_each_mistake_says_what_to_write_in_code_and_in_a_file() {
    for (mistake, key, code, file) in [
        (
            PolicyError::EnforcementOfAnyOrigin,
            "enforcement",
            "any origin is allowed, so enforcement rejects nothing; help: list the origins with \
             `.allow_origins([\"https://app.example.com\"])`, let them only read with `.read_only(true)`, list the hosts of \
             the service with `.hosts([\"api.example.com\"])`, or remove `.enforce(…)`",
            "any origin is allowed, so enforcement rejects nothing; help: list the origins with \
             `origins = [\"https://app.example.com\"]`, let them only read with `read_only = true`, list the hosts of the \
             service with `hosts = [\"api.example.com\"]`, or remove `enforcement`",
        ),
        (
            PolicyError::DistrustOfAnyOrigin,
            "trust_same_origin",
            "any origin is allowed, so the service's own pages are too; help: list the origins with \
             `.allow_origins([\"https://app.example.com\"])`, let them only read with `.read_only(true)`, or remove \
             `.trust_same_origin(false)`",
            "any origin is allowed, so the service's own pages are too; help: list the origins with \
             `origins = [\"https://app.example.com\"]`, let them only read with `read_only = true`, or remove \
             `trust_same_origin = false`",
        ),
        (
            PolicyError::DistrustWithoutEnforcement,
            "enforcement",
            "the service's own pages are not trusted, but nothing is enforced, so their requests would be served; help: write \
             `.enforce(Enforcement::Block)`, or remove `.trust_same_origin(false)`",
            "the service's own pages are not trusted, but nothing is enforced, so their requests would be served; help: write \
             `enforcement = \"block\"`, or remove `trust_same_origin = false`",
        ),
        (
            PolicyError::MethodOfReadOnly(Method::PUT),
            "methods",
            "the policy is read-only, so its origins cannot send `PUT`; help: remove it from the list, or remove \
             `.read_only(true)`",
            "the policy is read-only, so its origins cannot send `PUT`; help: remove it from the list, or remove \
             `read_only = true`",
        ),
        (
            PolicyError::McpParametersBesideAnyHeader,
            "mcp_parameters",
            "any header is allowed, so the parameters of MCP are too; help: remove `.allow_mcp_parameters(true)`, or \
             `.allow_any_header()`",
            "any header is allowed, so the parameters of MCP are too; help: remove `mcp_parameters = true`, or \
             `headers = \"*\"`",
        ),
    ] {
        assert_eq!(mistake.key(), key);
        assert_eq!(mistake.to_string(), code);
        assert_eq!(mistake.in_config().to_string(), file);
        assert!(!mistake.is_harmless(), "{code}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn e11_a_key_that_cannot_be_read_is_one_mistake() {
    for (keys, key) in [
        (
            "\"enforcment\": \"block\", \"hosts\": [\"a.example\"]",
            "enforcment",
        ),
        (
            "\"enforcement\": \"blok\", \"read_only\": true",
            "enforcement",
        ),
        ("\"enforcement\": \"blok\"", "enforcement"),
        (
            "\"enforcment\": \"block\", \"trust_same_origin\": false, \"read_only\": true",
            "enforcment",
        ),
        ("\"enforcement\": \"block\", \"read_only\": 1", "read_only"),
        (
            "\"enforcement\": \"block\", \"host\": [\"a.example\"]",
            "host",
        ),
        (
            "\"trust_same_origin\": false, \"enforcement\": \"block\", \"readonly\": true",
            "readonly",
        ),
    ] {
        let file = format!("{{\"origins\": \"*\", {keys}}}");
        let config: tower_cors::PolicyConfig = serde_json::from_str(&file).unwrap();
        let errors = config.build().unwrap_err();
        let keys: Vec<_> = errors.iter().map(PolicyError::key).collect();
        assert_eq!(keys, [key], "{file}: {errors}");
    }
}
