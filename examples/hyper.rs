//! A Hyper service that one page may call, over HTTP/1.1 and HTTP/2.
//!
//! ```sh
//! cargo run --example hyper
//! ```
//!
//! It listens on a free port, or on that of the environment variable `PORT`, and prints what to try.

use std::convert::Infallible;
use std::env;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_cors::{CorsLayer, Policy};

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from("hello")))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods([Method::PUT])
        .build()?;
    let service = ServiceBuilder::new()
        .layer(CorsLayer::new(policy)) // first, so that it is outside of the others
        .service_fn(hello);
    let service = TowerToHyperService::new(service);

    let port = env::var("PORT").map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}, try:");
    println!("curl -i -H 'Origin: https://app.example.com' http://{address}/");
    println!(
        "curl -i -X OPTIONS -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT' http://{address}/"
    );
    loop {
        let (stream, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let connection = Builder::new(TokioExecutor::new());
            if let Err(error) = connection
                .serve_connection(TokioIo::new(stream), service)
                .await
            {
                eprintln!("connection: {error}");
            }
        });
    }
}
