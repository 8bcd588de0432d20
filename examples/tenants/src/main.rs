//! An API of many tenants, whose allowed origins are kept in a database and can be revoked while it runs.
//!
//! ```sh
//! cargo run -p tower-cors-example-tenants
//! ```
//!
//! keeps them in the file `tenants.db` (SQLite, compiled in) and prints what to try. The same program on PostgreSQL 14 or
//! later, as often as you like beside each other:
//!
//! ```sh
//! DATABASE_URL=postgres://user:password@localhost/tenants cargo run -p tower-cors-example-tenants
//! ```
//!
//! # How it hangs together
//!
//! | file | what happens there |
//! |---|---|
//! | `tenant.rs` | whose request it is: by its host |
//! | `policies.rs` | the policy of an origin at a tenant, looked up by the layer |
//! | `database.rs` | which origins a tenant allows; its tables are in `schema/` |
//! | `announcements.rs` | what another replica, or `psql`, changed: LISTEN and NOTIFY of PostgreSQL |
//! | `admin.rs` | allows and revokes an origin, on a listener of its own |
//! | `api.rs` | the API |
//!
//! A revoked origin is rejected by the replica that revoked it at once, and by the others when PostgreSQL announces it. No
//! announcement is certain to arrive. So the promise rests on Max-Age: whatever is lost, a permission ends at the latest
//! Max-Age after it was revoked, in every replica and every browser. A browser that was told of a permission keeps it until
//! then also when the announcement arrives, for nothing can recall it: choose Max-Age by how long that may be.
//!
//! # Settings
//!
//! Environment variables: `DATABASE_URL`; `MAX_AGE`, in seconds (600); `PORT` and `ADMIN_PORT` (free ones).
//!
//! # Before it serves strangers
//!
//! - A database beyond loopback needs TLS: add the feature `tls-rustls-ring-native-roots` to `sqlx`, and
//!   `?sslmode=verify-full` to the URL.
//! - LISTEN needs a session of its own: not one of a pooler that shares sessions between transactions.
//! - Look up at the primary server: a standby may not have yet what was announced.
//! - SQLite announces nothing. What another process writes into the file is seen when the decision here is looked up anew.
//! - Anyone can invent origins and hosts, and each new pair costs the database a query: limit them in front of this.
//! - The tables are made at start, for who tries this. A migration tool does it better, with rights that the service lacks.

mod admin;
mod announcements;
mod api;
mod database;
mod policies;
mod tenant;

use std::env;
use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use tokio::net::TcpListener;
use tower_cors::{CorsLayer, DynamicPolicies, PolicyCache};

use admin::Admin;
use database::Database;
use policies::Policies;
use tenant::Tenant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let url = setting("DATABASE_URL", "sqlite:tenants.db?mode=rwc".to_owned())?;
    let max_age = Duration::from_secs(setting("MAX_AGE", 600)?);
    let api = TcpListener::bind(("127.0.0.1", setting("PORT", 0)?)).await?;
    let admin = TcpListener::bind(("127.0.0.1", setting("ADMIN_PORT", 0)?)).await?;

    let database = Database::connect(&url).await?;
    let policies = Policies::new(database.clone(), max_age)?;
    let cache = PolicyCache::builder().build();
    if database.announces() {
        let listener = announcements::listen(&url).await?;
        tokio::spawn(announcements::follow(listener, url, cache.clone()));
    }

    let layer = CorsLayer::new(
        DynamicPolicies::new(policies.clone())
            .scope(|head| Tenant::of(head.uri(), head.headers()).unwrap_or_default())
            .cache(cache.clone()),
    );
    let admin_app = admin::app(Admin {
        database,
        policies,
        cache,
    });
    print_what_to_try(api.local_addr()?.port(), admin.local_addr()?.port());
    tokio::try_join!(
        axum::serve(api, api::app(layer)),
        axum::serve(admin, admin_app)
    )?;
    Ok(())
}

/// The environment variable of this name, or the default.
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

# what a browser asks first
curl -i -X OPTIONS -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT' \
  http://acme.localhost:{api}/

# another tenant does not allow it
curl -i -X OPTIONS -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT' \
  http://other.localhost:{api}/"
    );
}
