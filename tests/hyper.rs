//! The layer in Hyper, over real sockets: both versions of HTTP, other layers around it, and two of it.

mod support;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ETAG, HOST,
    HeaderName, ORIGIN, VARY,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use support::{APP, Answer, EVIL, Server};
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder};
use tower_cors::{CorsLayer, Enforcement, Policy, PolicyBuilder};
use tower_http::cors::CorsLayer as TowerHttpCorsLayer;
use tower_http::set_header::SetResponseHeaderLayer;

const OTHER: &str = "https://other.example.com";
const NOTHING: [&str; 0] = [];

type Body = Full<Bytes>;

/// A layer with a policy of one origin and the method PUT, to go on with.
fn cors_with(configure: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> CorsLayer {
    let policy = Policy::builder()
        .allow_origins([APP])
        .allow_methods([Method::PUT]);
    let policy = configure(policy).build();
    CorsLayer::new(policy.expect("the policy of a test has no mistake"))
}

fn cors() -> CorsLayer {
    cors_with(|policy| policy)
}

async fn serve<S>(service: S) -> Server
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server::at(listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(async move {
                let mut connections = Builder::new(TokioExecutor::new());
                // Allows WebSockets over HTTP/2.
                connections.http2().enable_connect_protocol();
                let stream = TokioIo::new(stream);
                connections.serve_connection(stream, service).await
            });
        }
    });
    server
}

/// The innermost service.
async fn hello(_: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

fn has_nothing(answer: &Answer) -> bool {
    answer.cors_lines() == NOTHING
}

// Both versions of HTTP

#[tokio::test]
async fn a_preflight_and_its_request_are_served_in_both_versions_of_http() {
    async fn echo(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let body = request.into_body().collect().await.expect("a whole body");
        Ok(Response::new(Full::new(body.to_bytes())))
    }
    let layer = cors_with(|policy| {
        policy
            .allow_headers([CONTENT_TYPE])
            .expose_headers([ETAG])
            .allow_credentials(true)
            .max_age(Duration::from_secs(600))
    });
    let server = serve(ServiceBuilder::new().layer(layer).service_fn(echo)).await;
    for server in [server, server.in_http2()] {
        let preflight = server
            .preflight_with(APP, "/", "PUT", "content-type,x-unknown")
            .await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT);
        assert!(preflight.body.is_empty());
        assert_eq!(
            preflight.cors_lines(),
            [
                "access-control-allow-credentials: true",
                "access-control-allow-headers: content-type",
                "access-control-allow-methods: PUT",
                "access-control-allow-origin: https://app.example.com",
                "access-control-max-age: 600",
            ]
        );

        let headers = [(ORIGIN, APP), (CONTENT_TYPE, "text/x-monster")];
        let actual = server
            .send_body(Method::PUT, "/", &headers, "a dragon")
            .await;
        assert_eq!(actual.status, StatusCode::OK);
        assert_eq!(actual.text(), "a dragon");
        assert_eq!(
            actual.cors_lines(),
            [
                "access-control-allow-credentials: true",
                "access-control-allow-origin: https://app.example.com",
                "access-control-expose-headers: etag",
            ]
        );
    }
}

#[tokio::test]
async fn a_rejected_origin_gets_no_cors_header_in_either_version_of_http() {
    let server = serve(ServiceBuilder::new().layer(cors()).service_fn(hello)).await;
    for server in [server, server.in_http2()] {
        let preflight = server.preflight(EVIL, "/", "PUT").await;
        assert_eq!(preflight.status, StatusCode::FORBIDDEN);
        assert!(preflight.body.is_empty());
        let actual = server.get_from(EVIL, "/").await;
        assert_eq!(actual.text(), "hello");
        for answer in [preflight, actual] {
            assert!(has_nothing(&answer), "{answer:?}");
            assert_eq!(answer.vary(), ["origin"]);
        }
    }
}

/// The layer answers in the request's own header map.
#[tokio::test]
async fn nothing_of_a_preflights_headers_comes_back() {
    let server = serve(ServiceBuilder::new().layer(cors()).service_fn(hello)).await;
    let secret = HeaderName::from_static("x-secret");
    for server in [server, server.in_http2()] {
        for origin in [APP, EVIL] {
            let headers = [
                (ORIGIN, origin),
                (ACCESS_CONTROL_REQUEST_METHOD, "PUT"),
                (secret.clone(), "of the client"),
            ];
            let answer = server.send(Method::OPTIONS, "/", &headers).await;
            let of_the_server = ["content-length", "date", "vary"];
            for name in answer.headers.keys().map(HeaderName::as_str) {
                let ours = name.starts_with("access-control-allow-");
                assert!(ours || of_the_server.contains(&name), "{name}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn of_options_requests_only_a_preflight_never_reaches_the_inner_service() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = {
        let calls = Arc::clone(&calls);
        move |request| {
            calls.fetch_add(1, SeqCst);
            hello(request)
        }
    };
    let server = serve(ServiceBuilder::new().layer(cors()).service_fn(count)).await;
    let method = (ACCESS_CONTROL_REQUEST_METHOD, "PUT");
    for (headers, reaches) in [
        (vec![], 1),
        (vec![method.clone()], 1),
        (vec![(ORIGIN, APP)], 1),
        (vec![(ORIGIN, EVIL)], 1),
        (vec![(ORIGIN, APP), method.clone()], 0),
        (vec![(ORIGIN, EVIL), method.clone()], 0),
        (vec![(ORIGIN, "not an origin"), method], 0),
    ] {
        for server in [server, server.in_http2()] {
            let before = calls.load(SeqCst);
            let answer = server.send(Method::OPTIONS, "/", &headers).await;
            assert_eq!(calls.load(SeqCst) - before, reaches, "{headers:?}");
            assert_eq!(answer.text() == "hello", reaches == 1, "{headers:?}");
        }
    }
}

/// The host that a request was sent to is `Host` in HTTP/1.1 and `:authority` in HTTP/2.
#[tokio::test]
async fn a_layer_that_blocks_lets_the_services_own_pages_pass_in_both_versions_of_http() {
    let blocking = cors().enforce(Enforcement::Block);
    let server = serve(ServiceBuilder::new().layer(blocking).service_fn(hello)).await;
    let own = server.url("http", "");
    for server in [server, server.in_http2()] {
        for (origin, status) in [
            (&*own, StatusCode::OK),
            (APP, StatusCode::OK),
            (EVIL, StatusCode::FORBIDDEN),
            ("http://127.0.0.1", StatusCode::FORBIDDEN),
        ] {
            let answer = server.send(Method::POST, "/", &[(ORIGIN, origin)]).await;
            assert_eq!(answer.status, status, "{origin}");
            assert_eq!(answer.readable_by().is_some(), origin == APP, "{origin}");
        }
    }
}

/// Serves only its own hosts, and returns its address.
async fn serve_at_own_hosts() -> std::net::SocketAddr {
    let layer = cors_with(|policy| policy.enforce(Enforcement::Block).local_hosts());
    let server = serve(ServiceBuilder::new().layer(layer).service_fn(hello)).await;
    let authority = server.url("", "");
    let address = authority.trim_start_matches("://").parse();
    address.expect("an address")
}

/// As bytes, because clients do not send most of it.
#[tokio::test]
async fn a_request_to_another_host_is_rejected_in_every_form_of_http_1() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let address = serve_at_own_hosts().await;
    for (head, status) in [
        ("GET / HTTP/1.1\r\nHost: localhost", "200"),
        ("GET / HTTP/1.1\r\nhOST: LOCALHOST:80", "200"),
        ("GET http://localhost/ HTTP/1.1\r\nHost: localhost", "200"),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost", "200"),
        ("GET / HTTP/1.1\r\nHost: rebound.evil.example", "421"),
        ("OPTIONS * HTTP/1.1\r\nHost: rebound.evil.example", "421"),
        (
            "GET http://rebound.evil.example/ HTTP/1.1\r\nHost: localhost",
            "400",
        ),
        (
            "GET http://localhost/ HTTP/1.1\r\nHost: rebound.evil.example",
            "400",
        ),
        (
            "GET http://rebound.evil.example/ HTTP/1.1\r\nHost: rebound.evil.example",
            "421",
        ),
        (
            "CONNECT rebound.evil.example:80 HTTP/1.1\r\nHost: localhost",
            "400",
        ),
        (
            "CONNECT rebound.evil.example:80 HTTP/1.1\r\nHost: rebound.evil.example:80",
            "421",
        ),
        (
            "GET / HTTP/1.1\r\nHost: localhost\r\nHost: rebound.evil.example",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: rebound.evil.example\r\nHost: localhost",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost",
            "400",
        ),
        ("GET / HTTP/1.1\r\nX-Forwarded-Host: localhost", "400"),
        ("GET / HTTP/1.1\r\nHost:", "400"),
        ("GET / HTTP/1.1\r\nHost: user@localhost", "400"),
        (
            "GET / HTTP/1.1\r\nHost: rebound.evil.example@localhost",
            "400",
        ),
        ("GET / HTTP/1.1\r\nHost: localhost.", "421"),
        ("GET / HTTP/1.1\r\nHost: localhost\tx", "400"),
        ("GET / HTTP/1.0", "400"),
        ("GET / HTTP/1.0\r\nHost: localhost", "200"),
        (
            "GET / HTTP/1.1\r\nHost: rebound.evil.example\r\nConnection: upgrade\r\nUpgrade: websocket",
            "421",
        ),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address)
            .await
            .expect("a connection");
        let sent = format!("{head}\r\n\r\n");
        stream.write_all(sent.as_bytes()).await.expect("it is sent");
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.expect("an answer");
        let start = String::from_utf8_lossy(&start);
        assert_eq!(&start[9..], status, "{head:?}");
    }
}

#[tokio::test]
async fn a_request_to_another_host_is_rejected_in_http_2() {
    let address = serve_at_own_hosts().await;
    let stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("a connection");
    let stream = TokioIo::new(stream);
    let http_2 = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
    let (mut client, connection) = http_2.await.expect("HTTP/2");
    tokio::spawn(connection);
    for (method, uri, host, status) in [
        (Method::GET, "http://localhost/", None, 200),
        (Method::GET, "http://localhost/", Some("localhost"), 200),
        (Method::GET, "http://rebound.evil.example/", None, 421),
        (Method::POST, "http://rebound.evil.example/", None, 421),
        (
            Method::GET,
            "http://rebound.evil.example/",
            Some("localhost"),
            400,
        ),
        (
            Method::GET,
            "http://localhost/",
            Some("rebound.evil.example"),
            400,
        ),
        (Method::CONNECT, "rebound.evil.example:80", None, 421),
    ] {
        let mut request = Request::new(Full::<Bytes>::default());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri.parse().expect("a URI");
        if let Some(host) = host {
            request
                .headers_mut()
                .insert(HOST, HeaderValue::from_static(host));
        }
        let answer = client.send_request(request).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{method} {uri} {host:?}");
    }
    // WebSockets over HTTP/2: <https://www.rfc-editor.org/rfc/rfc8441>
    for (uri, origin, status) in [
        ("http://rebound.evil.example/", APP, 421),
        ("http://localhost/", EVIL, 403),
        ("http://localhost/", APP, 200),
    ] {
        let mut socket = Request::new(Full::<Bytes>::default());
        *socket.method_mut() = Method::CONNECT;
        *socket.uri_mut() = uri.parse().expect("a URI");
        let websocket = hyper::ext::Protocol::from_static("websocket");
        socket.extensions_mut().insert(websocket);
        let origin = HeaderValue::from_static(origin);
        socket.headers_mut().insert(ORIGIN, origin.clone());
        let answer = client.send_request(socket).await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{uri} {origin:?}");
    }
}

// The order of layers

const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");
const ANYONE: HeaderValue = HeaderValue::from_static("*");

#[tokio::test]
async fn vary_of_an_inner_layer_is_merged() {
    let layers = ServiceBuilder::new()
        .layer(cors())
        .layer(SetResponseHeaderLayer::overriding(VARY, ACCEPT_ENCODING));
    let server = serve(layers.service_fn(hello)).await;
    for answer in [
        server.get_from(APP, "/").await,
        server.get_from(EVIL, "/").await,
        server.get("/").await,
    ] {
        assert_eq!(answer.header(VARY), Some("Accept-Encoding, Origin"));
    }
}

/// What stands outside has the last word over `Vary`: let it append. One that overrides takes away `Origin`, and a
/// cache would serve one origin's grant to another.
#[tokio::test]
async fn vary_of_an_outer_layer_is_as_that_layer_sets_it() {
    let outer = |layer| ServiceBuilder::new().layer(layer).layer(cors());
    let appending = outer(SetResponseHeaderLayer::appending(VARY, ACCEPT_ENCODING));
    let appending = serve(appending.service_fn(hello)).await;
    let overriding = outer(SetResponseHeaderLayer::overriding(VARY, ACCEPT_ENCODING));
    let overriding = serve(overriding.service_fn(hello)).await;
    let if_absent = outer(SetResponseHeaderLayer::if_not_present(
        VARY,
        ACCEPT_ENCODING,
    ));
    let if_absent = serve(if_absent.service_fn(hello)).await;
    for (server, vary) in [
        (appending, &["accept-encoding", "origin"][..]),
        (overriding, &["accept-encoding"]),
        (if_absent, &["origin"]),
    ] {
        assert_eq!(server.get_from(APP, "/").await.vary(), vary);
    }
}

#[tokio::test]
async fn an_allow_origin_of_an_inner_layer_is_replaced_or_removed() {
    let inner = SetResponseHeaderLayer::overriding(ACCESS_CONTROL_ALLOW_ORIGIN, ANYONE);
    let layers = ServiceBuilder::new().layer(cors()).layer(inner);
    let server = serve(layers.service_fn(hello)).await;
    assert_eq!(server.get_from(APP, "/").await.readable_by(), Some(APP));
    assert!(has_nothing(&server.get_from(EVIL, "/").await));
    assert!(has_nothing(&server.get("/").await));
}

/// The layer cannot take back what is said after it.
#[tokio::test]
async fn an_allow_origin_of_an_outer_layer_stands_also_for_a_rejected_origin() {
    let outer = SetResponseHeaderLayer::overriding(ACCESS_CONTROL_ALLOW_ORIGIN, ANYONE);
    let layers = ServiceBuilder::new().layer(outer).layer(cors());
    let server = serve(layers.service_fn(hello)).await;
    for origin in [APP, EVIL] {
        assert_eq!(server.get_from(origin, "/").await.readable_by(), Some("*"));
    }
}

// Two layers

/// Layers to put around others: of one origin, of two, and of every one.
fn outer_layers() -> [CorsLayer; 3] {
    [
        cors_with(|policy| policy.allow_credentials(true).expose_headers([ETAG])),
        cors_with(|policy| {
            policy
                .allow_origins([OTHER])
                .max_age(Duration::from_secs(5))
        }),
        CorsLayer::new(
            PolicyBuilder::public()
                .build()
                .expect("a preset has no mistake"),
        ),
    ]
}

/// The answers to a preflight, an actual request and an OPTIONS request of an origin.
async fn ask(server: Server, origin: &str) -> [Answer; 3] {
    let headers = [(ORIGIN, origin)];
    [
        server
            .preflight_with(origin, "/", "PUT", "x-asked-for")
            .await,
        server.get_from(origin, "/").await,
        server.send(Method::OPTIONS, "/", &headers).await,
    ]
}

/// Asserts that what one server says of CORS is what the other says, and that it says nothing twice.
async fn assert_answers_as(expected: Server, server: Server) {
    for origin in [APP, OTHER, EVIL] {
        let expected = ask(expected, origin).await;
        for (answer, expected) in ask(server, origin).await.iter().zip(&expected) {
            assert_eq!(answer.status, expected.status, "{origin}");
            assert_eq!(answer.cors_lines(), expected.cors_lines(), "{origin}");
            assert!(answer.says_nothing_twice(), "{origin}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn two_layers_answer_as_the_outer_one_alone() {
    let inner = cors_with(|policy| {
        policy
            .allow_origins([EVIL])
            .allow_credentials(true)
            .expose_headers([CONTENT_TYPE])
    });
    for outer in outer_layers() {
        let alone = ServiceBuilder::new().layer(outer.clone());
        let alone = serve(alone.service_fn(hello)).await;
        let both = ServiceBuilder::new().layer(outer).layer(inner.clone());
        assert_answers_as(alone, serve(both.service_fn(hello)).await).await;
    }
}

#[tokio::test]
async fn the_layer_outside_that_of_tower_http_answers_as_if_alone() {
    for outer in outer_layers() {
        let alone = ServiceBuilder::new().layer(outer.clone());
        let alone = serve(alone.service_fn(hello)).await;
        let inner = TowerHttpCorsLayer::very_permissive().max_age(Duration::from_secs(1));
        let both = ServiceBuilder::new().layer(outer).layer(inner);
        assert_answers_as(alone, serve(both.service_fn(hello)).await).await;
    }
}
