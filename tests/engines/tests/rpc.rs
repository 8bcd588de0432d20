//! The clients of gRPC-Web and of Connect in a page of Chromium, and what the presets let them do and read.

use std::path::Path;
use std::process::Command;

use axum::Router;
use connectrpc_health::{Status, install_static};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tonic::body::Body;
use tonic::service::Routes;
use tonic_web::GrpcWebLayer;
use tower::util::MapResponseLayer;
use tower_cors::{CorsLayer, PolicyBuilder};
use tower_cors_engine_tests::{Engine, Network, PageOrigin, Session};

const PAGE: PageOrigin = PageOrigin::Tuple("app.shop.test", None);
const STRANGER: PageOrigin = PageOrigin::Tuple("stranger.test", None);

/// In the numbers of gRPC, which Connect has too.
const OK: u32 = 0;
const NOT_FOUND: u32 = 5;
const SERVING: u32 = 1;

const TRAILER: HeaderName = HeaderName::from_static("served-by");
const TRAILER_OF_CONNECT: HeaderName = HeaderName::from_static("trailer-served-by");
const TRAILER_VALUE: HeaderValue = HeaderValue::from_static("a-monster");

fn layer(preset: PolicyBuilder) -> CorsLayer {
    let policy = preset.allow_origins([PAGE.to_string()]).build();
    CorsLayer::new(policy.expect("the policy has no mistake"))
}

/// The health service of Tonic, which a page calls by gRPC-Web, with a trailer.
fn tonic() -> Router {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let with_trailer = |response: Response<axum::body::Body>| {
        let trailers = HeaderMap::from_iter([(TRAILER, TRAILER_VALUE)]);
        response.map(|body| Body::new(body.with_trailers(async { Some(Ok(trailers)) })))
    };
    Routes::new(health)
        .into_axum_router()
        .layer(MapResponseLayer::new(with_trailer))
        .layer(GrpcWebLayer::new())
}

/// The same service by Connect, with a trailer of a unary call.
fn connect() -> Router {
    let (router, health) = install_static(connectrpc::Router::new(), [""]);
    health
        .set_status("", Status::Serving)
        .expect("it is registered");
    let with_trailer = |mut response: Response<axum::body::Body>| {
        response
            .headers_mut()
            .insert(TRAILER_OF_CONNECT, TRAILER_VALUE);
        response
    };
    Router::new()
        .fallback_service(router.into_axum_service())
        .layer(MapResponseLayer::new(with_trailer))
}

async fn open() -> Session {
    let exposing_trailer = PolicyBuilder::connect().expose_headers([TRAILER_OF_CONNECT]);
    let routes = Router::new()
        .nest("/grpc-web", tonic().layer(layer(PolicyBuilder::grpc_web())))
        .nest("/connect", connect().layer(layer(exposing_trailer)))
        .nest(
            "/connect-as-preset",
            connect().layer(layer(PolicyBuilder::connect())),
        );
    Engine::Chromium.open(Network::start(routes).await).await
}

/// What a page learns by a client.
async fn call(
    session: &mut Session,
    page: PageOrigin,
    client: &str,
    path: &str,
    service: &str,
) -> Value {
    static BUNDLE: OnceCell<String> = OnceCell::const_new();
    let bundle = BUNDLE.get_or_init(async || bundle()).await;
    session.page.visit(page).await;
    let argument = json!({
        "base": format!("http://api.shop.test{path}"),
        "service": service,
        "descriptors": tonic_health::pb::FILE_DESCRIPTOR_SET,
    });
    let script = format!("{bundle}\nreturn rpc.{client}(argument);");
    session.page.run(&script, &argument).await
}

/// The clients from npm, in the versions of the lockfile, as one script.
fn bundle() -> String {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/rpc"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rpc");
    std::fs::create_dir_all(&directory).expect("a directory of the target");
    for file in ["package.json", "package-lock.json", "page.js"] {
        std::fs::copy(source.join(file), directory.join(file)).expect("the sources are there");
    }
    let npm = |arguments: &[&str]| {
        let output = Command::new("npm")
            .args(arguments)
            .current_dir(&directory)
            .output()
            .unwrap_or_else(|error| {
                panic!("npm is missing, so nothing was tested ({error}); on Debian: apt-get install npm")
            });
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "npm {arguments:?}: {told}");
        String::from_utf8(output.stdout).expect("a script is text")
    };
    npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm(&["run", "--silent", "bundle"])
}

async fn reads_status_and_trailers(client: &str, path: &str) {
    let mut session = open().await;
    let serving = call(&mut session, PAGE, client, path, "").await;
    let expected = json!({ "code": OK, "health": SERVING, "trailer": "a-monster" });
    assert_eq!(serving, expected, "{client}");

    let unknown = call(&mut session, PAGE, client, path, "unknown").await;
    assert_eq!(unknown["code"], NOT_FOUND, "{client}: {unknown}");
    let message = unknown["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("not registered") || message.contains("unknown"),
        "{client}: {unknown}"
    );

    for service in ["", "unknown"] {
        let rejected = call(&mut session, STRANGER, client, path, service).await;
        let code = rejected["code"].as_u64();
        let of_the_service = [OK, NOT_FOUND].map(|code| Some(u64::from(code)));
        assert!(
            code.is_some() && !of_the_service.contains(&code),
            "{client}: {rejected}"
        );
    }
}

#[tokio::test]
async fn a_page_reads_status_and_trailers_by_grpc_web() {
    reads_status_and_trailers("grpcWeb", "/grpc-web").await;
}

#[tokio::test]
async fn a_page_reads_status_and_trailers_by_grpc_web_of_connect() {
    reads_status_and_trailers("connectGrpcWeb", "/grpc-web").await;
}

#[tokio::test]
async fn a_page_reads_status_and_trailers_by_connect() {
    reads_status_and_trailers("connect", "/connect").await;
}

#[tokio::test]
async fn a_trailer_of_connect_is_read_only_where_it_is_exposed() {
    let mut session = open().await;
    let serving = call(&mut session, PAGE, "connect", "/connect-as-preset", "").await;
    let expected = json!({ "code": OK, "health": SERVING, "trailer": null });
    assert_eq!(serving, expected);
}
