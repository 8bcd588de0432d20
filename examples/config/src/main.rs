//! A service whose CORS policy stands in a file, and in the environment where that says otherwise.
//!
//! ```sh
//! cargo run -p tower-cors-example-config [service.toml]
//! SERVICE_CORS__ORIGINS=http://localhost:5173 SERVICE_CORS__MAX_AGE=60 cargo run -p tower-cors-example-config
//! ```
//!
//! The crate `config` reads both, for it is kept by the Rust CLI working group and names the key and the file of most
//! mistakes; `figment` does the same and has had no release since 2024. Any other that speaks `serde` will do.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use config::{Config, ConfigError, Environment, File};
use serde::Deserialize;
use tokio::net::TcpListener;
use tower_cors::{CorsLayer, PolicyConfig};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    port: u16,
    cors: PolicyConfig,
}

/// The file, and what the environment changes of it: `SERVICE_PORT`, `SERVICE_CORS__MAX_AGE`.
fn read(file: &str) -> Result<Service, ConfigError> {
    Config::builder()
        .add_source(File::with_name(file))
        .add_source(
            Environment::with_prefix("SERVICE")
                .prefix_separator("_")
                .separator("__")
                .try_parsing(true),
        )
        .build()?
        .try_deserialize()
}

async fn run() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/service.toml");
    let file = env::args().nth(1).unwrap_or_else(|| default.to_owned());
    let service = read(&file)?;
    let app = Router::new()
        .route("/", get("hello"))
        .layer(CorsLayer::new(service.cors.build()?));
    let listener = TcpListener::bind(("127.0.0.1", service.port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
