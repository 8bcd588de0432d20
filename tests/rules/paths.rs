//! `PathPolicies`: a request gets the policy of the path that the router behind serves.

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use futures_util::FutureExt;
use http::header::ORIGIN;
use http::{HeaderValue, Method, Request, Uri};
use proptest::prelude::*;
use tower::ServiceExt;
use tower_cors::{
    CorsLayer, Enforcement, PathError, PathErrorKind, PathErrors, PathPolicies, Policy,
    PolicyBuilder, PolicyHandle, PolicyList, PolicySource,
};

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

fn errors_of<const N: usize>(patterns: [&str; N]) -> PathErrors {
    PathPolicies::new(patterns.map(|pattern| (pattern, built(app_only())))).unwrap_err()
}

#[test]
fn all_mistakes_in_patterns_are_reported_at_once() {
    let errors = errors_of([
        "/a/{id}",
        "/a/{name}",
        "/b/{*rest}",
        "/b/{*other}",
        "/c/{",
        "/d",
        "e",
    ]);
    assert_eq!(
        errors.to_string(),
        "the CORS paths have 4 mistakes:\n\
         - the path `/a/{name}` collides with `/a/{id}`; help: keep one of them\n\
         - the path `/b/{*other}` collides with `/b/{*rest}`; help: keep one of them\n\
         - the path `/c/{` is malformed; help: write `{name}` for a parameter, at the end of a segment, and `{*name}` \
         for the rest of the path\n\
         - the path `e` does not start with `/`, so no request matches it; help: write `/e`"
    );
    assert_eq!(format!("{errors:?}"), errors.to_string());
    let first = errors.iter().next().unwrap();
    assert_eq!(first.kind(), PathErrorKind::Collision);
    assert_eq!(first.pattern(), "/a/{name}");
    assert_eq!(first.collides_with(), Some("/a/{id}"));
    assert_eq!(first.suggestion(), None);
}

#[test]
fn mistakes_are_iterated_by_value_and_by_reference() {
    let errors = errors_of(["/a", "/a", "b"]);
    let by_reference: Vec<PathError> = (&errors).into_iter().cloned().collect();
    assert_eq!(by_reference.len(), 2);
    assert_eq!(errors.into_iter().collect::<Vec<_>>(), by_reference);
}

#[test]
fn a_pattern_that_can_never_match_is_an_error_that_names_the_pattern_to_write() {
    use PathErrorKind::{
        DotSegment, Malformed, NoLeadingSlash, OtherSyntax, QueryOrFragment, Unencoded,
    };
    for (pattern, kind, suggestion) in [
        ("", NoLeadingSlash, Some("/")),
        ("b", NoLeadingSlash, Some("/b")),
        ("https://x/a", NoLeadingSlash, Some("/a")),
        ("https://api.example.com", NoLeadingSlash, Some("/")),
        ("https://x/a/../b?c", NoLeadingSlash, Some("/b")),
        // Other routers: matchit 0.7 and Express, globs, actix and gorilla, Go, Flask, Rocket.
        ("*", NoLeadingSlash, Some("/{*rest}")),
        ("/c/*", OtherSyntax, Some("/c/{*rest}")),
        ("/c/:id", OtherSyntax, Some("/c/{id}")),
        ("/c/:id/d/:name", OtherSyntax, Some("/c/{id}/d/{name}")),
        ("/c/*path", OtherSyntax, Some("/c/{*path}")),
        ("/d/**", OtherSyntax, Some("/d/{*rest}")),
        ("/d/*/e", OtherSyntax, Some("/d/{any}/e")),
        ("/d/**/e", OtherSyntax, Some("/d/{*rest}")),
        ("/api*", OtherSyntax, Some("/api/{*rest}")),
        ("/files/*.js", OtherSyntax, None),
        ("/c/{id:[0-9]+}", OtherSyntax, Some("/c/{id}")),
        ("/c/{id?}", OtherSyntax, Some("/c/{id}")),
        ("/c/{path:.*}", OtherSyntax, Some("/c/{*path}")),
        ("/c/{path...}", OtherSyntax, Some("/c/{*path}")),
        ("/c/<id>", OtherSyntax, Some("/c/{id}")),
        ("/c/<int:id>", OtherSyntax, Some("/c/{id}")),
        ("/c/<path:rest>", OtherSyntax, Some("/c/{*rest}")),
        ("/c/<rest..>", OtherSyntax, Some("/c/{*rest}")),
        // What a URL has, and a path has not.
        ("/a?b=c", QueryOrFragment, Some("/a")),
        ("/a/{id}?b", QueryOrFragment, Some("/a/{id}")),
        ("/a#b", QueryOrFragment, Some("/a")),
        // What clients resolve.
        ("/a/./b", DotSegment, Some("/a/b")),
        ("/a/../b", DotSegment, Some("/b")),
        ("/a/..", DotSegment, Some("/")),
        ("/a/%2e%2E/b", DotSegment, Some("/b")),
        ("/../a", DotSegment, Some("/a")),
        // What clients encode or drop.
        ("/a b", Unencoded, Some("/a%20b")),
        ("/a ", Unencoded, Some("/a")),
        ("\t/a\n", Unencoded, Some("/a")),
        ("/caf\u{e9}/{id}", Unencoded, Some("/caf%C3%A9/{id}")),
        ("/a\\b", Unencoded, Some("/a/b")),
        ("/a\"b", Unencoded, Some("/a%22b")),
        ("/a{{b}}", Unencoded, Some("/a%7Bb%7D")),
        ("/a\u{0}", Unencoded, Some("/a")),
        ("/a\u{7f}b", Unencoded, Some("/a%7Fb")),
        // Malformed.
        ("/c/{", Malformed, None),
        ("/c/{}", Malformed, None),
        ("/{id}.json", Malformed, None),
        ("/{*rest}/a", Malformed, None),
    ] {
        let errors = errors_of([pattern]);
        let error = errors.iter().next().unwrap();
        assert_eq!(
            (error.kind(), error.suggestion()),
            (kind, suggestion),
            "{pattern:?}"
        );
        let text = error.to_string();
        match suggestion {
            Some(suggestion) => assert!(text.contains(&format!("help: write `{suggestion}`"))),
            None => assert!(
                text.contains("help: write `{name}` for a parameter"),
                "{text}"
            ),
        }
    }
}

#[test]
fn a_pattern_that_a_request_can_match_is_accepted() {
    for pattern in [
        "/",
        "/{*rest}",
        "/a//b",
        "//a",
        "/a/",
        "/users/{id}",
        "/users/user-{id}",
        "/v1/books:read",
        "/a/...",
        "/.well-known/{name}",
        "/caf%C3%A9",
        "/caf%c3%a9",
        "/100%",
        "/a*b",
        "/a^b|c~d!$&'()+,;=@[]_-",
    ] {
        PathPolicies::new([(pattern, built(app_only()))]).unwrap();
    }
}

#[test]
fn an_empty_list_of_paths_is_an_error() {
    let errors = errors_of([]);
    let error = errors.iter().next().unwrap();
    assert_eq!(
        (error.kind(), error.pattern()),
        (PathErrorKind::NoPatterns, "")
    );
    assert!(errors.to_string().starts_with(
        "the CORS paths have a mistake: no path is listed, so that every request would be rejected; help: list at least one"
    ));
}

#[test]
fn a_path_may_have_any_source() {
    let ours = built(app_only());
    let public = built(PolicyBuilder::public());
    let layer = CorsLayer::new(PathPolicies::new([("/{*all}", [ours, public])]).unwrap());
    assert_eq!(
        send_through(&layer, &[], to("/x", get(EVIL))).header("access-control-allow-origin"),
        Some("*")
    );
}

#[test]
fn paths_may_have_sources_of_different_types() {
    let handle = PolicyHandle::new(built(app_only()));
    let listed = PolicyHandle::new(built(app_only()));
    let list = PolicyList::new(listed.clone()).then(Policy::permissive());
    let layer = CorsLayer::new(
        PathPolicies::new([
            ("/handle", PolicySource::from(handle.clone())),
            ("/list", list.into()),
            ("/policy", Policy::permissive().into()),
        ])
        .unwrap(),
    );
    let allowed = |path: &str, origin: &str| {
        let answer = send_through(&layer, &[], to(path, get(origin)));
        let allowed = answer.header("access-control-allow-origin");
        allowed.map(str::to_owned)
    };
    assert_eq!(allowed("/handle", APP).as_deref(), Some(APP));
    assert_eq!(allowed("/handle", EVIL), None);
    assert_eq!(allowed("/list", APP).as_deref(), Some(APP));
    assert_eq!(allowed("/list", EVIL).as_deref(), Some("*"));
    assert_eq!(allowed("/policy", APP).as_deref(), Some("*"));
    for handle in [handle, listed] {
        handle.replace(built(Policy::builder().allow_origins([EVIL])));
    }
    assert_eq!(allowed("/handle", APP), None);
    assert_eq!(allowed("/handle", EVIL).as_deref(), Some(EVIL));
    assert_eq!(allowed("/list", APP).as_deref(), Some("*"));
    assert_eq!(allowed("/list", EVIL).as_deref(), Some(EVIL));
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
