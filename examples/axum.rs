//! An Axum service that one page may call.
//!
//! ```sh
//! cargo run --example axum
//! ```
//!
//! It listens on a free port, or on that of the environment variable `PORT`, and prints what to try.

use std::env;

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_cors::{CorsLayer, Policy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods([Method::PUT])
        .build()?;
    let app = Router::new()
        .route("/", get("hello").put("changed"))
        .layer(CorsLayer::new(policy)); // last, so that it covers the routes and the 404 too

    let port = env::var("PORT").map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}, try:");
    println!("curl -i -H 'Origin: https://app.example.com' http://{address}/");
    println!(
        "curl -i -X OPTIONS -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT' http://{address}/"
    );
    axum::serve(listener, app).await?;
    Ok(())
}
