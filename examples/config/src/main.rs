//! A service whose CORS policy is in a file, and in the environment where that says otherwise.
//!
//! ```sh
//! cargo run -p tower-cors-example-config [service.toml]
//! SERVICE_CORS__ORIGINS=http://localhost:5173 SERVICE_CORS__MAX_AGE=60 cargo run -p tower-cors-example-config
//! ```
//!
//! It reads the file again when it changes, and at SIGHUP. If the new policy has mistakes, the one in use stays.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;
use tower_cors::{CorsLayer, PolicyHandle};
use tower_cors_example_config::read::with_config::read;
use tower_cors_example_config::reload;

async fn run() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/service.toml");
    let file = env::args().nth(1).unwrap_or_else(|| default.to_owned());
    let service = read(&file)?;
    let handle = PolicyHandle::new(service.cors.build()?);
    #[cfg(unix)]
    reload::at_hangup::at_hangup(file.clone(), handle.clone())?;
    let _watcher = reload::at_change::at_change(file, handle.clone())?;
    let app = Router::new()
        .route("/", get("hello"))
        .layer(CorsLayer::new(handle));
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
