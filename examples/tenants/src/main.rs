//! An API of many tenants. Their allowed origins are in a database and can be revoked while the service runs.
//!
//! ```sh
//! cargo run -p tower-cors-example-tenants
//! ```
//!
//! This stores them in the file `tenants.db` (SQLite, compiled in) and prints commands to try. The same program runs on
//! PostgreSQL 14 or later, with as many replicas as you like:
//!
//! ```sh
//! DATABASE_URL=postgres://user:password@localhost/tenants cargo run -p tower-cors-example-tenants
//! ```
//!
//! Announcements can go through Redis or Valkey instead, so that PostgreSQL keeps no connection for each replica:
//!
//! ```sh
//! ANNOUNCEMENTS_URL=redis://localhost DATABASE_URL=postgres://… cargo run -p tower-cors-example-tenants
//! ```
//!
//! # Files
//!
//! | file | subject |
//! |---|---|
//! | `tenant.rs` | the tenant of a request: its host |
//! | `policies.rs` | what allowed origins may do, and the layer that looks them up |
//! | `database.rs` | which origins a tenant allows; the tables are in `schema/` |
//! | `announcements.rs` | changes by another replica: an interface, and `announcements/` for PostgreSQL and Redis |
//! | `changes.rs` | the log of changes, for what was not announced |
//! | `admin.rs` | allows and revokes an origin, on a listener of its own |
//! | `telemetry.rs` | metrics for Prometheus; `operations/` has a dashboard and alerts |
//! | `api.rs` | the API |
//!
//! # When an origin is revoked
//!
//! The replica that revokes an origin rejects it at once. The others reject it when the change is announced, within
//! milliseconds.
//!
//! Announcements can be lost, so each replica also reads the log of changes: when it has reconnected, and every
//! `LOG_INTERVAL`. So what it missed is usually trusted for seconds.
//!
//! If the log cannot be read either, the guarantee of Max-Age is left: a permission ends at the latest Max-Age after it was
//! revoked, in every replica and every browser. A browser keeps a permission until its Max-Age ends even if the announcement
//! arrives, because nothing can recall it. Choose Max-Age by how long that may take.
//!
//! # Settings
//!
//! | environment variable | meaning | default |
//! |---|---|---|
//! | `DATABASE_URL` | the database | `sqlite:tenants.db?mode=rwc` |
//! | `ANNOUNCEMENTS_URL` | `redis:` or `postgres:`, if the database is PostgreSQL | the database |
//! | `MAX_AGE` | the Max-Age in seconds | 600 |
//! | `LOG_INTERVAL` | the time between two readings of the log in seconds | 5 |
//! | `CAPACITY` | how many permissions are cached | 10,000 |
//! | `PORT`, `ADMIN_PORT` | the listeners | any free port |
//!
//! # Before you use it in production
//!
//! - Use TLS for a database that is not on loopback: add the feature `tls-rustls-ring-native-roots` to `sqlx`, and
//!   `?sslmode=verify-full` to the URL.
//! - Use TLS for Redis too: add the feature `tokio-rustls-comp` to `redis`, and use `rediss:`.
//! - Give LISTEN a session of its own, not one of a pooler that shares sessions between transactions.
//! - Query the primary server. A standby may lag behind the announcement.
//! - SQLite announces nothing. Changes by another process are seen when the cached decision expires.
//! - Limit requests in front of this service. Clients can invent origins and hosts, and each new pair costs a query.
//! - Create the tables with a migration tool, and run the service without the right to do so.

mod admin;
mod announcements;
mod api;
mod changes;
mod database;
mod policies;
mod telemetry;
mod tenant;

use std::env;
use std::error::Error;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tower_cors::PolicyCache;

use admin::Admin;
use changes::Changes;
use database::Database;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let metrics = telemetry::install()?;
    let url = setting("DATABASE_URL", "sqlite:tenants.db?mode=rwc".to_owned())?;
    let announcements_url = setting("ANNOUNCEMENTS_URL", url.clone())?;
    let max_age = Duration::from_secs(setting("MAX_AGE", 600)?);
    let log_interval = Duration::from_secs(setting("LOG_INTERVAL", 5)?);
    let capacity = setting("CAPACITY", 10_000)?;
    let api = TcpListener::bind(("127.0.0.1", setting("PORT", 0)?)).await?;
    let admin = TcpListener::bind(("127.0.0.1", setting("ADMIN_PORT", 0)?)).await?;

    let database = Database::connect(&url).await?;
    let cache = PolicyCache::builder()
        .capacity(capacity)
        .spawn(tokio::spawn)
        .build();
    telemetry::capacity(capacity);
    let changes = Arc::new(Changes::open(database.clone(), cache.clone()).await?);
    let mut bus = None;
    if database.has_log() {
        let bus = bus.insert(announcements::bus(&announcements_url)?);
        tokio::spawn(announcements::follow(Arc::clone(bus), Arc::clone(&changes)));
        tokio::spawn(Arc::clone(&changes).follow(log_interval));
        tokio::spawn(Arc::clone(&changes).clean(max_age));
    }

    let rules = policies::rules(max_age);
    let layer = policies::layer(rules.clone(), database.clone(), cache.clone())?;
    let admin_app = admin::app(Admin {
        database,
        rules,
        cache,
        changes,
        bus,
        metrics,
    });
    print_what_to_try(api.local_addr()?.port(), admin.local_addr()?.port());
    tokio::try_join!(
        axum::serve(api, api::app(layer)),
        axum::serve(admin, admin_app)
    )?;
    Ok(())
}

/// Returns the environment variable of this name, or the default.
fn setting<T>(name: &str, default: T) -> Result<T, String>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    match env::var(name) {
        Ok(text) => text
            .parse()
            .map_err(|error| format!("the environment variable {name} is `{text}`: {error}")),
        Err(env::VarError::NotPresent) => Ok(default),
        Err(error) => Err(format!("the environment variable {name}: {error}")),
    }
}

fn print_what_to_try(api: u16, admin: u16) {
    println!(
        r"API on http://127.0.0.1:{api}, admin on http://127.0.0.1:{admin}, try:

# the tenant acme.localhost allows an origin; DELETE revokes it
curl -i -X PUT http://127.0.0.1:{admin}/tenants/acme.localhost/origins/https://app.example.com

# the preflight that a browser sends first
curl -i -X OPTIONS -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT' \
  http://acme.localhost:{api}/

# another tenant does not allow it
curl -i -X OPTIONS -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT' \
  http://other.localhost:{api}/"
    );
}
