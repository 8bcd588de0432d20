//! The layer in Axum, over real sockets: what each place of it covers, and what passes through it.

mod support;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, AUTHORIZATION, CONTENT_TYPE,
    ORIGIN, VARY,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, options, post};
use axum::{
    Json, Router, ServiceExt, extract::Request, middleware, middleware::Next, response::Response,
};
use futures_util::{SinkExt, StreamExt};
use support::{APP, Answer, EVIL, Server, cors_lines};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::{
    Error, Message, client::IntoClientRequest, handshake::client::Response as Handshake,
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tower::{Layer, ServiceBuilder};
use tower_cors::{CorsLayer, Enforcement, Policy};
use tower_http::catch_panic::CatchPanicLayer;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const OTHER: &str = "https://other.example.com";
const GRANT: [&str; 1] = ["access-control-allow-origin: https://app.example.com"];
const NOTHING: [&str; 0] = [];

/// A layer that allows one origin the method PUT.
fn cors_of(origin: &str) -> CorsLayer {
    let policy = Policy::builder()
        .allow_origins([origin])
        .allow_methods([Method::PUT])
        .build();
    CorsLayer::new(policy.expect("the policy of a test has no mistake"))
}

async fn serve(app: Router) -> Server {
    let (listener, server) = listen().await;
    tokio::spawn(async { axum::serve(listener, app).await });
    server
}

async fn listen() -> (TcpListener, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server::at(listener.local_addr().expect("an address"));
    (listener, server)
}

/// Whether the layer has answered a preflight, with a grant.
fn is_granted_preflight(answer: &Answer) -> bool {
    answer.status == StatusCode::NO_CONTENT
        && answer.readable_by() == Some(APP)
        && answer.header("access-control-allow-methods") == Some("PUT")
}

// Where the layer stands

#[tokio::test]
async fn a_global_layer_answers_the_preflight_of_every_path() {
    let monsters = Router::new().route("/{id}", get("a monster").put("changed"));
    let app = Router::new()
        .route("/", get("hello"))
        .nest("/monsters", monsters);
    let server = serve(app.layer(cors_of(APP))).await;
    for path in ["/", "/monsters/1", "/missing", "/monsters/1/missing"] {
        let answer = server.preflight(APP, path, "PUT").await;
        assert!(is_granted_preflight(&answer), "{path}: {answer:?}");
        assert!(answer.body.is_empty());
        let rejected = server.preflight(EVIL, path, "PUT").await;
        assert_eq!(rejected.status, StatusCode::FORBIDDEN);
        assert_eq!(rejected.cors_lines(), NOTHING);
        assert_eq!(rejected.vary(), ["origin"]);
    }
}

#[tokio::test]
async fn a_layer_around_the_router_covers_what_one_in_it_covers() {
    let router = Router::new()
        .route("/", get("hello"))
        .nest("/nested", Router::new().route("/", get("hello")))
        .route("/dav", options(async || [("dav", "1,2")]))
        .with_state(());
    let app = ServiceExt::<Request>::into_make_service(cors_of(APP).layer(router));
    let (listener, server) = listen().await;
    tokio::spawn(async { axum::serve(listener, app).await });
    for path in ["/", "/nested", "/dav", "/missing"] {
        let preflight = server.preflight(APP, path, "PUT").await;
        assert!(is_granted_preflight(&preflight), "{path}: {preflight:?}");
        let rejected = server.preflight(EVIL, path, "PUT").await;
        assert_eq!(rejected.status, StatusCode::FORBIDDEN);
        assert_eq!(rejected.cors_lines(), NOTHING);
    }
    for (method, path, status) in [
        (Method::GET, "/", StatusCode::OK),
        (Method::GET, "/nested", StatusCode::OK),
        (Method::OPTIONS, "/dav", StatusCode::OK),
        (Method::GET, "/missing", StatusCode::NOT_FOUND),
        (Method::POST, "/", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = server.send(method.clone(), path, &[(ORIGIN, APP)]).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.cors_lines(), GRANT, "{method} {path}");
        let answer = server.send(method, path, &[(ORIGIN, EVIL)]).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.cors_lines(), NOTHING);
        assert_eq!(answer.vary(), ["origin"]);
    }
}

#[tokio::test]
async fn responses_404_and_405_carry_the_grant_under_a_global_layer() {
    let app = Router::new()
        .route("/", get("hello"))
        .nest("/nested", Router::new().route("/", get("hello")));
    let server = serve(app.layer(cors_of(APP))).await;
    for (method, path, status) in [
        (Method::GET, "/missing", StatusCode::NOT_FOUND),
        (Method::GET, "/nested/missing", StatusCode::NOT_FOUND),
        (Method::DELETE, "/", StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, "/nested", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        for (origin, lines) in [(APP, &GRANT[..]), (EVIL, &NOTHING)] {
            let answer = server.send(method.clone(), path, &[(ORIGIN, origin)]).await;
            assert_eq!(answer.status, status);
            assert_eq!(answer.cors_lines(), lines, "{method} {path}");
            assert_eq!(answer.vary(), ["origin"]);
            let allow = answer.header(ALLOW).is_some();
            assert_eq!(allow, status == StatusCode::METHOD_NOT_ALLOWED);
        }
    }
}

/// Axum layers what a router has when `layer` is called, so the layer comes last.
#[tokio::test]
async fn a_route_added_after_the_layer_is_not_covered() {
    let app = Router::new()
        .route("/before", get("hello"))
        .layer(cors_of(APP))
        .route("/after", get("hello"));
    let server = serve(app).await;
    assert_eq!(server.get_from(APP, "/before").await.cors_lines(), GRANT);
    assert_eq!(server.get_from(APP, "/after").await.cors_lines(), NOTHING);
    let preflight = server.preflight(APP, "/after", "PUT").await;
    assert_eq!(preflight.status, StatusCode::METHOD_NOT_ALLOWED);
}

/// `route_layer` covers the routes alone: a page cannot read the 404 of a global `route_layer`.
#[tokio::test]
async fn a_route_layer_answers_preflights_of_routes_but_leaves_404_without_a_grant() {
    let app = Router::new()
        .route("/", get("hello"))
        .route_layer(cors_of(APP));
    let server = serve(app).await;
    assert!(is_granted_preflight(
        &server.preflight(APP, "/", "PUT").await
    ));
    let not_allowed = server.send(Method::DELETE, "/", &[(ORIGIN, APP)]).await;
    assert_eq!(not_allowed.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(not_allowed.cors_lines(), GRANT);
    let missing = server.get_from(APP, "/missing").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert_eq!(missing.cors_lines(), NOTHING);
    let preflight = server.preflight(APP, "/missing", "PUT").await;
    assert_eq!(preflight.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_router_may_have_a_policy_of_its_own() {
    let router = |origin| {
        Router::new()
            .route("/", get("hello"))
            .layer(cors_of(origin))
    };
    let app = Router::new()
        .nest("/app", router(APP))
        .nest("/other", router(OTHER))
        .route("/private", get("hello"));
    let server = serve(app).await;
    for (path, allowed) in [
        ("/app", Some(APP)),
        ("/other", Some(OTHER)),
        ("/private", None),
    ] {
        for origin in [APP, OTHER] {
            let grant = allowed.filter(|allowed| *allowed == origin);
            let actual = server.get_from(origin, path).await;
            assert_eq!(actual.text(), "hello");
            assert_eq!(actual.readable_by(), grant);
            let preflight = server.preflight(origin, path, "PUT").await;
            assert_eq!(preflight.readable_by(), grant);
            let status = match allowed {
                None => StatusCode::METHOD_NOT_ALLOWED,
                Some(_) if grant.is_some() => StatusCode::NO_CONTENT,
                Some(_) => StatusCode::FORBIDDEN,
            };
            assert_eq!(preflight.status, status);
        }
    }
}

/// A path that no route of a nested router matches is answered by the outer router, unless the nested one has a
/// fallback of its own.
#[tokio::test]
async fn the_404_of_a_nested_router_carries_its_grant_only_with_a_fallback_of_its_own() {
    let nested = || Router::new().route("/", get("hello"));
    let app = Router::new()
        .nest("/without", nested().layer(cors_of(APP)))
        .nest(
            "/with",
            nested().fallback(StatusCode::NOT_FOUND).layer(cors_of(APP)),
        );
    let server = serve(app).await;
    for (path, lines) in [
        ("/without/missing", &NOTHING[..]),
        ("/with/missing", &GRANT),
    ] {
        let answer = server.get_from(APP, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.cors_lines(), lines, "{path}");
        let preflight = server.preflight(APP, path, "PUT").await;
        assert_eq!(
            is_granted_preflight(&preflight),
            path == "/with/missing",
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_policy_of_the_outer_router_stands_over_that_of_a_nested_one() {
    let nested = Router::new().route("/", get("hello")).layer(cors_of(OTHER));
    let server = serve(Router::new().nest("/nested", nested).layer(cors_of(APP))).await;
    for (origin, lines) in [(APP, &GRANT[..]), (OTHER, &NOTHING)] {
        let actual = server.get_from(origin, "/nested").await;
        assert_eq!(actual.cors_lines(), lines);
        assert_eq!(actual.vary(), ["origin"]);
    }
    let preflight = server.preflight(APP, "/nested", "PUT").await;
    assert!(is_granted_preflight(&preflight));
    let preflight = server.preflight(OTHER, "/nested", "PUT").await;
    assert_eq!(preflight.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_preflight_to_a_method_router_layer_is_answered_by_the_layer() {
    let app = Router::new().route("/", get("got").put("put").layer(cors_of(APP)));
    let server = serve(app).await;
    assert!(is_granted_preflight(
        &server.preflight(APP, "/", "PUT").await
    ));
    assert_eq!(server.get_from(APP, "/").await.cors_lines(), GRANT);
}

/// What answers OPTIONS in a method router is its fallback, and of two merged ones Axum keeps the later's. A layer on
/// one of them is therefore asked for the preflights of both, or of neither.
#[tokio::test]
async fn of_two_method_routers_of_a_path_the_later_answers_the_preflight() {
    let layered = || -> MethodRouter { get("got").layer(cors_of(APP)) };
    let plain = || -> MethodRouter { post("posted") };
    let path = |router: MethodRouter| Router::new().route("/", router);
    for (case, app, answered) in [
        ("plain later", path(layered()).route("/", plain()), false),
        ("layered later", path(plain()).route("/", layered()), true),
        ("chained", path(layered().post("posted")), true),
    ] {
        let server = serve(app).await;
        let preflight = server.preflight(APP, "/", "PUT").await;
        assert_eq!(is_granted_preflight(&preflight), answered, "{case}");
        let get = server.get_from(APP, "/").await;
        assert_eq!(get.cors_lines(), GRANT, "{case}");
        // Answered or not: the response of the other method cannot be read.
        let post = server.send(Method::POST, "/", &[(ORIGIN, APP)]).await;
        assert_eq!(post.text(), "posted");
        assert_eq!(post.cors_lines(), NOTHING, "{case}");
    }
}

/// `MethodRouter::route_layer` leaves out the fallback, and a preflight goes to the fallback.
#[tokio::test]
async fn a_route_layer_of_a_method_router_sees_no_preflight() {
    let app = Router::new().route("/", get("got").route_layer(cors_of(APP)));
    let server = serve(app).await;
    let preflight = server.preflight(APP, "/", "PUT").await;
    assert_eq!(preflight.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(preflight.cors_lines(), NOTHING);
    assert_eq!(server.get_from(APP, "/").await.cors_lines(), GRANT);
}

/// Axum takes the prefix off before it calls a nested router, so paths are best decided over in the outermost one.
#[cfg(feature = "path")]
#[tokio::test]
async fn policies_by_path_see_the_path_that_their_router_sees() {
    let by_path = |pattern| {
        let policy = Policy::builder().allow_origins([APP]).build().unwrap();
        CorsLayer::new(tower_cors::PathPolicies::new([(pattern, policy)]).unwrap())
    };
    let nested = || Router::new().route("/{id}", get("a monster"));
    let inside = |pattern| Router::new().nest("/monsters", nested().layer(by_path(pattern)));
    let outside = |pattern| {
        Router::new()
            .nest("/monsters", nested())
            .layer(by_path(pattern))
    };
    for (case, app, lines) in [
        ("inside, whole", inside("/monsters/{id}"), &NOTHING[..]),
        ("inside, without prefix", inside("/{id}"), &GRANT),
        ("outside, whole", outside("/monsters/{id}"), &GRANT),
        ("outside, without prefix", outside("/{id}"), &NOTHING),
    ] {
        let answer = serve(app).await.get_from(APP, "/monsters/1").await;
        assert_eq!(answer.text(), "a monster", "{case}");
        assert_eq!(answer.cors_lines(), lines, "{case}");
    }
}

// What passes through the layer

#[tokio::test]
async fn an_options_request_that_is_no_preflight_reaches_the_applications_own_handler() {
    let app = Router::new().route("/", options("my own OPTIONS").layer(cors_of(APP)));
    let server = serve(app).await;
    let method = (ACCESS_CONTROL_REQUEST_METHOD, "PUT");
    for (headers, lines) in [
        (vec![], &NOTHING[..]),
        (vec![method.clone()], &NOTHING),
        (vec![(ORIGIN, APP)], &GRANT),
        (vec![(ORIGIN, EVIL)], &NOTHING),
    ] {
        let answer = server.send(Method::OPTIONS, "/", &headers).await;
        assert_eq!(answer.text(), "my own OPTIONS", "{headers:?}");
        assert_eq!(answer.cors_lines(), lines, "{headers:?}");
    }
    for origin in [APP, EVIL] {
        let preflight = server.preflight(origin, "/", "PUT").await;
        assert!(preflight.body.is_empty(), "{preflight:?}");
    }
}

#[tokio::test]
async fn an_error_response_keeps_its_status_headers_and_body() {
    let fails = || async {
        let reason = serde_json::json!({ "error": "the dungeon is full" });
        (StatusCode::INTERNAL_SERVER_ERROR, Json(reason))
    };
    let app = Router::new().route("/", get(fails)).layer(cors_of(APP));
    let server = serve(app).await;
    for (origin, lines) in [(APP, &GRANT[..]), (EVIL, &NOTHING)] {
        let answer = server.get_from(origin, "/").await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.text(), r#"{"error":"the dungeon is full"}"#);
        assert_eq!(answer.header(CONTENT_TYPE), Some("application/json"));
        assert_eq!(answer.cors_lines(), lines);
    }
}

#[tokio::test]
async fn the_500_of_a_caught_panic_carries_the_grant() {
    async fn panics() -> &'static str {
        panic!("a panic of the test, to be caught")
    }
    let app = Router::new()
        .route("/", get(panics))
        .layer(CatchPanicLayer::new())
        .layer(cors_of(APP));
    let answer = serve(app).await.get_from(APP, "/").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.text(), "Service panicked");
    assert_eq!(answer.cors_lines(), GRANT);
}

/// The handshake of a page's WebSocket.
async fn connect(server: Server, origin: &str) -> Result<(Socket, Handshake), Error> {
    let mut request = server.url("ws", "/socket").into_client_request()?;
    let origin = origin.parse().expect("a header value");
    request.headers_mut().insert(ORIGIN, origin);
    tokio_tungstenite::connect_async(request).await
}

/// Browsers send `Origin` with a WebSocket handshake and ask for no grant: CORS does not guard WebSockets.
#[tokio::test]
async fn a_websocket_upgrade_passes_from_any_origin() {
    async fn echo(mut socket: WebSocket) {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    }
    let upgrade = |upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) };
    let app = Router::new()
        .route("/socket", get(upgrade))
        .layer(cors_of(APP));
    let server = serve(app).await;
    for (origin, lines) in [(APP, &GRANT[..]), (EVIL, &NOTHING)] {
        let (mut socket, handshake) = connect(server, origin).await.unwrap();
        assert_eq!(handshake.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(cors_lines(handshake.headers()), lines);
        socket.send(Message::text("hello")).await.unwrap();
        let echoed = socket.next().await.unwrap().unwrap();
        assert_eq!(echoed, Message::text("hello"));
        socket.close(None).await.unwrap();
    }
}

#[tokio::test]
async fn a_websocket_upgrade_of_a_rejected_origin_is_stopped_by_a_layer_that_blocks() {
    let upgrade = |upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(|_| async {}) };
    let app = Router::new()
        .route("/socket", get(upgrade))
        .layer(cors_of(APP).enforce(Enforcement::Block));
    let server = serve(app).await;
    assert_eq!(
        connect(server, APP).await.unwrap().1.status(),
        StatusCode::SWITCHING_PROTOCOLS
    );
    let Err(Error::Http(rejected)) = connect(server, EVIL).await else {
        panic!("the handshake passed");
    };
    assert_eq!(rejected.status(), StatusCode::FORBIDDEN);
    assert_eq!(cors_lines(rejected.headers()), NOTHING);
}

// The order of layers

/// Answers 401 to whoever sends no `Authorization`.
async fn authenticate(request: Request, next: Next) -> Response {
    if request.headers().contains_key(AUTHORIZATION) {
        next.run(request).await
    } else {
        (StatusCode::UNAUTHORIZED, "who are you?").into_response()
    }
}

#[tokio::test]
async fn a_401_carries_the_grant_when_authentication_is_inside_the_layer() {
    let layers = ServiceBuilder::new()
        .layer(cors_of(APP))
        .layer(middleware::from_fn(authenticate));
    let server = serve(Router::new().route("/", get("hello")).layer(layers)).await;
    assert!(is_granted_preflight(
        &server.preflight(APP, "/", "PUT").await
    ));
    let answer = server.get_from(APP, "/").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.text(), "who are you?");
    assert_eq!(answer.cors_lines(), GRANT);
}

/// Browsers send a preflight without credentials, so authentication outside the layer stops all of them.
#[tokio::test]
async fn a_preflight_gets_401_when_authentication_is_outside_the_layer() {
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(authenticate))
        .layer(cors_of(APP));
    let server = serve(Router::new().route("/", get("hello")).layer(layers)).await;
    for answer in [
        server.preflight(APP, "/", "PUT").await,
        server.get_from(APP, "/").await,
    ] {
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.cors_lines(), NOTHING);
    }
}

#[tokio::test]
async fn what_a_handler_says_of_cors_is_replaced_or_removed_and_its_vary_is_kept() {
    let handler = || async {
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, "*".parse().unwrap());
        headers.insert(VARY, "Accept-Encoding".parse().unwrap());
        (headers, "hello")
    };
    let app = Router::new().route("/", get(handler)).layer(cors_of(APP));
    let server = serve(app).await;
    for (answer, lines) in [
        (server.get_from(APP, "/").await, &GRANT[..]),
        (server.get_from(EVIL, "/").await, &NOTHING),
        (server.get("/").await, &NOTHING),
    ] {
        assert_eq!(answer.cors_lines(), lines);
        assert_eq!(answer.header(VARY), Some("Accept-Encoding, Origin"));
    }
}

/// Axum keeps the last merged router's 404, with the layers of that router.
#[tokio::test]
async fn the_404_of_merged_routers_has_the_policy_of_the_last_one() {
    let router = |path, origin| {
        Router::new()
            .route(path, get("hello"))
            .layer(cors_of(origin))
    };
    for (app, readers) in [
        (Router::new().merge(router("/a", APP)), [Some(APP), None]),
        (
            router("/a", APP).merge(router("/b", OTHER)),
            [None, Some(OTHER)],
        ),
        (
            Router::new()
                .merge(router("/a", OTHER))
                .merge(router("/b", APP)),
            [Some(APP), None],
        ),
    ] {
        let server = serve(app).await;
        for (origin, reader) in [APP, OTHER].into_iter().zip(readers) {
            let missing = server.get_from(origin, "/missing").await;
            assert_eq!(missing.status, StatusCode::NOT_FOUND);
            assert_eq!(missing.readable_by(), reader);
        }
    }
}

/// The layers and services that `CloneService` and `EmptyBody` name, each with what its row says.
mod bounds {
    use axum::body::Body;
    use axum::{Router, routing::get};
    use http::{Request, Response};
    use tower::util::{BoxCloneService, BoxCloneSyncService, BoxService, option_layer};
    use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
    use tower_cors::CorsLayer;
    use tower_http::limit::RequestBodyLimitLayer;
    use tower_http::map_response_body::MapResponseBodyLayer;

    fn page() -> Request<Body> {
        Request::get("/")
            .header("origin", "https://app.example.com")
            .body(Body::empty())
            .unwrap()
    }

    async fn hello(_: Request<Body>) -> Result<Response<Body>, std::convert::Infallible> {
        Ok(Response::new(Body::from("hello")))
    }

    async fn assert_allows<S, B>(service: S)
    where
        S: Service<Request<Body>, Response = Response<B>>,
        S::Error: std::fmt::Debug,
    {
        let response = service.oneshot(page()).await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
    }

    #[tokio::test]
    async fn a_body_limit_meets_the_bounds_with_a_converted_body() {
        let service = ServiceBuilder::new()
            .layer(CorsLayer::permissive())
            .layer(MapResponseBodyLayer::new(Body::new))
            .layer(RequestBodyLimitLayer::new(1024))
            .service(service_fn(|request: Request<_>| {
                let _ = request;
                async { Ok::<_, std::convert::Infallible>(Response::new(Body::empty())) }
            }));
        assert_allows(service).await;
        let app: Router = Router::new().route("/", get(async || "hello")).layer(
            ServiceBuilder::new()
                .layer(CorsLayer::permissive())
                .layer(MapResponseBodyLayer::new(Body::new))
                .layer(RequestBodyLimitLayer::new(1024)),
        );
        assert_allows(app).await;
    }

    #[tokio::test]
    async fn a_body_limit_in_axum_can_be_a_layer_of_its_own() {
        let app: Router = Router::new()
            .route("/", get(async || "hello"))
            .layer(RequestBodyLimitLayer::new(1024))
            .layer(CorsLayer::permissive());
        assert_allows(app).await;
    }

    #[tokio::test]
    async fn a_boxed_service_meets_the_bounds_if_it_is_clone_or_behind_a_buffer() {
        let cors = CorsLayer::permissive();
        assert_allows(cors.layer(BoxCloneService::new(service_fn(hello)))).await;
        assert_allows(cors.layer(BoxCloneSyncService::new(service_fn(hello)))).await;
        let buffered = ServiceBuilder::new()
            .layer(cors)
            .buffer(8)
            .service(BoxService::new(service_fn(hello)));
        assert_allows(buffered).await;
    }

    #[tokio::test]
    async fn a_layer_can_be_optional() {
        for configured in [true, false] {
            let cors = configured.then(CorsLayer::permissive);
            let service = ServiceBuilder::new()
                .layer(option_layer(cors.clone()))
                .service(service_fn(hello));
            let response = service.oneshot(page()).await.unwrap();
            let allowed = response
                .headers()
                .contains_key("access-control-allow-origin");
            assert_eq!(allowed, configured);

            let app: Router = Router::new()
                .route("/", get(async || "hello"))
                .layer(option_layer(cors));
            let response = app.oneshot(page()).await.unwrap();
            let allowed = response
                .headers()
                .contains_key("access-control-allow-origin");
            assert_eq!(allowed, configured);
        }
    }
}
