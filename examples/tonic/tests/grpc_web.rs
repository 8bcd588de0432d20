//! A page's gRPC-Web client, over a real socket.

#[path = "../../../tests/support/mod.rs"]
mod support;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderName, ORIGIN};
use http::{Method, StatusCode};
use prost::Message;
use support::{Answer, EVIL, Server};
use tokio::net::TcpListener;
use tonic_health::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tower_cors_example_tonic::PAGE;

const CHECK: &str = "/grpc.health.v1.Health/Check";
const NOTHING: [&str; 0] = [];

/// What a page is told with every answer: it may read it, and which of the headers it may read.
const GRANT: [&str; 2] = [
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: grpc-status,grpc-message,grpc-status-details-bin",
];

async fn start() -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = Server::at(listener.local_addr().expect("an address"));
    tokio::spawn(async { tower_cors_example_tonic::serve(listener).await });
    server
}

/// Calls a method as grpc-web and connect-es do.
async fn call(server: Server, origin: &str, method: &str, service: &str) -> Answer {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let headers = [
        (ORIGIN, origin),
        (CONTENT_TYPE, "application/grpc-web+proto"),
        (HeaderName::from_static("x-grpc-web"), "1"),
        (
            HeaderName::from_static("x-user-agent"),
            "grpc-web-javascript/0.1",
        ),
        (HeaderName::from_static("grpc-timeout"), "10S"),
    ];
    let frame = frame(MESSAGE, &request.encode_to_vec());
    server
        .send_body(Method::POST, method, &headers, frame)
        .await
}

async fn preflight(server: Server, origin: &str) -> Answer {
    let names = "content-type,grpc-timeout,x-grpc-web,x-user-agent";
    server.preflight_with(origin, CHECK, "POST", names).await
}

const MESSAGE: u8 = 0;
const TRAILERS: u8 = 0x80;

/// A frame of gRPC-Web: its kind, its length, its payload.
///
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md>
fn frame(kind: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(kind);
    frame.put_u32(payload.len().try_into().expect("a short message"));
    frame.put_slice(payload);
    frame.freeze()
}

/// The frames of a body, each with its kind.
fn frames(mut body: Bytes) -> Vec<(u8, Bytes)> {
    let mut frames = Vec::new();
    while body.has_remaining() {
        let kind = body.get_u8();
        let length = body.get_u32() as usize;
        frames.push((kind, body.split_to(length)));
    }
    frames
}

#[tokio::test]
async fn the_preflight_of_a_grpc_web_client_is_granted() {
    let answer = preflight(start().await, PAGE).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(answer.body.is_empty());
    assert_eq!(
        answer.cors_lines(),
        [
            "access-control-allow-headers: content-type,grpc-timeout,x-grpc-web,x-user-agent",
            "access-control-allow-methods: POST",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 7200",
        ]
    );
}

#[tokio::test]
async fn a_call_is_answered_with_its_message_its_trailers_and_the_grant() {
    let answer = call(start().await, PAGE, CHECK, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.cors_lines(), GRANT);
    assert_eq!(answer.vary(), ["origin"]);
    let [(MESSAGE, message), (TRAILERS, trailers)] = &frames(answer.body.clone())[..] else {
        panic!("not a message and its trailers: {answer:?}");
    };
    let health = HealthCheckResponse::decode(message.clone()).expect("the message of the answer");
    assert_eq!(health.status, ServingStatus::Serving as i32);
    assert_eq!(trailers.trim_ascii(), b"grpc-status:0");
}

/// The status of a call that fails before its first message stands among the headers, where a page reads it only
/// because it is exposed.
#[tokio::test]
async fn the_status_of_a_failed_call_is_a_header_that_the_page_may_read() {
    let server = start().await;
    for (method, service, status) in [
        (CHECK, "no.such.Service", "5"),
        ("/grpc.health.v1.Health/NoSuchMethod", "", "12"),
        ("/no.such.Service/Check", "", "12"),
    ] {
        let answer = call(server, PAGE, method, service).await;
        assert_eq!(answer.status, StatusCode::OK, "{method}");
        assert_eq!(answer.header("grpc-status"), Some(status), "{method}");
        assert_eq!(answer.cors_lines(), GRANT, "{method}");
    }
}

/// tonic-web rejects in HTTP what is no call of gRPC-Web; the page can read that, too.
#[tokio::test]
async fn a_request_that_is_no_call_is_rejected_with_the_grant() {
    let server = start().await;
    let answer = server.get_from(PAGE, CHECK).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.cors_lines(), GRANT);
}

#[tokio::test]
async fn a_rejected_origin_gets_403_for_its_preflight_and_no_cors_header_for_its_call() {
    let server = start().await;
    let rejected = preflight(server, EVIL).await;
    assert_eq!(rejected.status, StatusCode::FORBIDDEN);
    assert_eq!(rejected.cors_lines(), NOTHING);
    assert_eq!(rejected.vary(), ["origin"]);
    let served = call(server, EVIL, CHECK, "").await;
    assert_eq!(served.status, StatusCode::OK);
    assert_eq!(served.cors_lines(), NOTHING);
    assert_eq!(served.vary(), ["origin"]);
}

#[test]
fn the_readme_and_the_guide_show_this_program() {
    let program = include_str!("../src/lib.rs");
    let readme = include_str!("../../../README.md");
    let (_, readme) = readme.split_once("## Tonic").expect("a part about Tonic");
    let guide = include_str!("../../../docs/tonic.md");
    for (text, program) in [
        (
            readme,
            program.replace("[PAGE]", "[\"https://app.example.com\"]"),
        ),
        (guide, program.to_owned()),
    ] {
        let block = text.split("```").nth(1).expect("a block of code");
        let mut lines = block
            .lines()
            .skip(1)
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .peekable();
        assert!(lines.peek().is_some());
        for line in lines {
            assert!(program.contains(line), "{line}");
        }
    }
}
