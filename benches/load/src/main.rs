//! A server on one thread, to be loaded by `benches/load/run`: prints its address, and serves until it is ended.
//!
//! The first argument is `none`, `headers` (a handler that sets the headers of an allowed GET itself, whoever asks),
//! `tower-cors`, `around` (the same around the router instead of in it) or `tower-http`, the second the number of origins.

use std::error::Error;
use std::time::Duration;

use axum::extract::Request;
use axum::routing::any;
use axum::{Router, ServiceExt};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE, VARY};
use http::{HeaderValue, Method};
use tokio::net::TcpListener;
use tower::Layer;
use tower_cors::{CorsLayer, Policy, PolicyErrors};

const MAX_AGE: Duration = Duration::from_secs(600);

/// The origin that is asked with, and others.
fn origins(count: usize) -> impl Iterator<Item = String> {
    (1..count)
        .map(|number| format!("https://app{number}.example.com"))
        .chain(["https://app.example.com".to_owned()])
}

fn ours(origins: impl Iterator<Item = String>) -> Result<CorsLayer, PolicyErrors> {
    let policy = Policy::builder()
        .allow_origins(origins)
        .allow_methods([Method::PUT])
        .allow_headers([CONTENT_TYPE])
        .max_age(MAX_AGE)
        .build()?;
    Ok(CorsLayer::new(policy))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [middleware, count] = arguments.as_slice() else {
        return Err("say the middleware and the number of origins".into());
    };
    let origins = origins(count.parse()?);
    let app = Router::new().route("/", any(async || "served"));
    match middleware.as_str() {
        "none" => serve(app),
        "headers" => {
            let headers = [
                (ACCESS_CONTROL_ALLOW_ORIGIN, "https://app.example.com"),
                (VARY, "Origin"),
            ];
            serve(Router::new().route("/", any(async move || (headers, "served"))))
        }
        "tower-cors" => serve(app.layer(ours(origins)?)),
        "around" => {
            let app = ours(origins)?.layer(app.with_state(()));
            in_runtime(async |listener| {
                let app = ServiceExt::<Request>::into_make_service(app);
                axum::serve(listener, app).await
            })
        }
        "tower-http" => {
            let origins: Result<Vec<_>, _> = origins.map(HeaderValue::try_from).collect();
            serve(
                app.layer(
                    tower_http::cors::CorsLayer::new()
                        .allow_origin(origins?)
                        .allow_methods([Method::PUT])
                        .allow_headers([CONTENT_TYPE])
                        .max_age(MAX_AGE),
                ),
            )
        }
        other => Err(format!("no middleware is called `{other}`").into()),
    }
}

fn serve(app: Router) -> Result<(), Box<dyn Error>> {
    in_runtime(async |listener| axum::serve(listener, app).await)
}

/// Runs a server on this thread, which is told where to listen.
fn in_runtime(
    server: impl AsyncFnOnce(TcpListener) -> std::io::Result<()>,
) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        Ok(server(listener).await?)
    })
}
