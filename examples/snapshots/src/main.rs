//! A service that holds all its allowed origins in memory.
//!
//! ```sh
//! cargo run -p tower-cors-example-snapshots -- sqlite:origins.db?mode=rwc origins.snapshot
//! curl -si localhost:3000 -H 'origin: https://app.example.com'
//! curl -si localhost:3001/ready
//! ```
//!
//! With a URL of PostgreSQL, changes are announced.

use std::error::Error;

use tokio::net::TcpListener;
use tower_cors_example_snapshots::{Database, LastKnownGood, api, follow, health, policies, seed};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, file] = arguments.as_slice() else {
        return Err(
            "two arguments are needed: the URL of the database, and the path of the file".into(),
        );
    };
    let (database, file) = (Database::new(url)?, LastKnownGood::new(file));
    let announces = url.starts_with("postgres");
    if let Err(error) = database.create(announces).await {
        tracing::warn!("the table of origins cannot be created: {error}");
    }
    let snapshot = policies(database, file.clone(), 1)?;
    seed(&snapshot, &file).await;
    tokio::spawn(snapshot.keep_fresh(tokio::time::sleep));
    if announces {
        let (url, snapshot) = (url.clone(), snapshot.clone());
        tokio::spawn(async move { follow(&url, &snapshot).await });
    }
    let operators = TcpListener::bind("127.0.0.1:3001").await?;
    let health = health(snapshot.clone());
    tokio::spawn(async move { axum::serve(operators, health).await });
    let pages = TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(pages, api(snapshot)).await?;
    Ok(())
}
