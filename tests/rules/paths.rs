//! `PathPolicies`: a request gets the policy of the path that the router behind serves.

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use futures_util::FutureExt;
use http::header::ORIGIN;
use http::{HeaderValue, Method, Request, Uri};
use proptest::prelude::*;
use tower::ServiceExt;
use tower_cors::{CorsLayer, Enforcement, PathPolicies, PolicyBuilder};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send_through};

fn to(path: &str, mut request: Request<()>) -> Request<()> {
    *request.uri_mut() = path.parse().unwrap();
    request
}

fn two_paths() -> CorsLayer {
    let account = built(app_only().allow_credentials(true));
    let public = built(PolicyBuilder::public());
    CorsLayer::new(
        PathPolicies::new([("/account/{*rest}", account), ("/public/{*rest}", public)]).unwrap(),
    )
}

#[test]
fn each_path_has_its_policy() {
    let layer = two_paths();
    let answer = send_through(&layer, &[], to("/account/me", get(APP)));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(
        send_through(&layer, &[], to("/account/me", get(EVIL))).cors_headers(),
        [""; 0]
    );
    let answer = send_through(&layer, &[], to("/public/me?x=/account/me", get(EVIL)));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.vary(), [""; 0]);
}

#[test]
fn a_path_in_none_is_not_cors_enabled() {
    let layer = two_paths().explain_in_response(true);
    for path in [
        "/",
        "/other",
        "/account",
        "/account/",
        "/Account/me",
        "//account/me",
    ] {
        let answer = send_through(
            &layer,
            &[("access-control-allow-origin", "*")],
            to(path, get(APP)),
        );
        assert!(answer.reached_the_service, "{path}");
        assert_eq!(answer.cors_headers(), [""; 0], "{path}");
        assert_eq!(answer.vary(), [""; 0], "{path}");
        assert_eq!(
            answer.header("x-cors-decision"),
            Some("rejected; path-not-enabled")
        );
        let answer = send_through(&layer, &[], to(path, preflight(APP, "PUT", "")));
        assert_eq!(
            (answer.status.as_u16(), answer.reached_the_service),
            (403, false),
            "{path}"
        );
    }
}

/// Where a service blocks, what is served in a path of no policy depends on the origin after all.
#[test]
fn a_path_in_none_varies_on_origin_only_where_origins_are_blocked() {
    for (enforcement, path, vary) in [
        (Enforcement::Off, "/other", vec![]),
        (Enforcement::Report, "/other", vec![]),
        (Enforcement::Block, "/other", vec!["origin"]),
        (Enforcement::Block, "/public/me", vec![]),
    ] {
        let request = to(path, request(Method::GET, &[]));
        let answer = send_through(&two_paths().enforce(enforcement), &[], request);
        assert!(answer.reached_the_service, "{path}");
        assert_eq!(answer.vary(), vary, "{enforcement:?} {path}");
    }
}

#[test]
fn debug_does_not_print_every_policy() {
    let paths = PathPolicies::new([("/a", built(app_only()))]).unwrap();
    assert_eq!(format!("{paths:?}"), "PathPolicies { .. }");
}

#[test]
fn patterns_that_collide_or_are_malformed_are_errors_all_at_once() {
    let policy = || built(app_only());
    let patterns = [
        "/a/{id}",
        "/a/{name}",
        "/b/{*rest}",
        "/b/{*other}",
        "/c/{",
        "/d",
    ];
    let errors = PathPolicies::new(patterns.map(|pattern| (pattern, policy()))).unwrap_err();
    let sentences: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(sentences.len(), 3, "{sentences:?}");
    assert!(
        sentences[0].contains("`/a/{name}` collides with `/a/{id}`"),
        "{}",
        sentences[0]
    );
    assert!(sentences[1].contains("`/b/{*other}` collides with `/b/{*rest}`"));
    assert!(sentences[2].contains("`/c/{` is malformed"));
    let first = errors.iter().next().unwrap();
    assert_eq!(first.pattern(), "/a/{name}");
    assert_eq!(first.collides_with(), Some("/a/{id}"));
    assert_eq!(errors.to_string().lines().count(), 3);
}

#[test]
fn a_path_may_have_any_source() {
    let ours = built(app_only());
    let layer = CorsLayer::new(
        PathPolicies::new([("/{*all}", vec![ours, built(PolicyBuilder::public())])]).unwrap(),
    );
    assert_eq!(
        send_through(&layer, &[], to("/x", get(EVIL))).header("access-control-allow-origin"),
        Some("*")
    );
}

/// Routes and policies of the same patterns; each route answers with its pattern, each policy exposes a header of it.
const PATTERNS: [&str; 6] = [
    "/",
    "/a",
    "/a/{id}",
    "/a/{id}/b",
    "/public/{*rest}",
    "/private/{*rest}",
];

fn assert_same_route(path: &str) {
    let Ok(uri) = path.parse::<Uri>() else { return };
    let exposed = |index: usize| http::HeaderName::try_from(format!("x-{index}")).unwrap();
    let policies = PATTERNS
        .iter()
        .enumerate()
        .map(|(index, pattern)| (*pattern, built(app_only().expose_headers([exposed(index)]))));
    let routes = PATTERNS
        .iter()
        .enumerate()
        .fold(Router::new(), |router, (index, pattern)| {
            router.route(pattern, any(move || std::future::ready(index.to_string())))
        });
    let app = routes.layer(CorsLayer::new(PathPolicies::new(policies).unwrap()));
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    request
        .headers_mut()
        .insert(ORIGIN, HeaderValue::from_static(APP));
    let response = app
        .oneshot(request)
        .now_or_never()
        .expect("nothing waits")
        .unwrap();
    let policy = response
        .headers()
        .get("access-control-expose-headers")
        .map(|value| value.to_str().unwrap()[2..].to_owned());
    let served = response.status() == 200;
    let body = axum::body::to_bytes(response.into_body(), 16)
        .now_or_never()
        .unwrap()
        .unwrap();
    let route = served.then(|| String::from_utf8(body.to_vec()).unwrap());
    assert_eq!(policy, route, "{path}");
}

#[test]
fn encoded_doubled_and_dotted_segments_get_the_policy_of_the_route_that_serves_them() {
    for path in [
        "/",
        "//",
        "/a",
        "/a/",
        "/A",
        "/%61",
        "/a%2Fb",
        "/a/x",
        "/a//b",
        "/a/x/b",
        "/a/x/b/",
        "/a/%2F/b",
        "/a/../a",
        "/public/x",
        "/public/../private/x",
        "/public/%2e%2e/private/x",
        "/public/..%2fprivate/x",
        "/public//private/x",
        "//private/x",
        "/private",
        "/private/",
        "/private//",
        "/./private/x",
        "/public/./x",
        "/private/x?y=/public/z",
        "/a+b",
        "/a;b",
        "/private%2Fx",
        "/public/\u{7e}",
        "http://other.example/private/x",
        "*",
    ] {
        assert_same_route(path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_path_gets_the_policy_of_the_route_that_serves_it(
        segments in prop::collection::vec(
            prop::sample::select(vec!["a", "b", "public", "private", "", ".", "..", "%2e%2e", "%2F", "A", "x"]),
            0..6,
        ),
    ) {
        assert_same_route(&format!("/{}", segments.join("/")));
    }
}
