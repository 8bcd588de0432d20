//! A browser for `cargo test`, and searches for holes in a policy.
//!
//! Browsers decide about CORS. A service only reports which origins may read a response. [`Browser`] is the client side of the
//! [Fetch standard](https://fetch.spec.whatwg.org/) over any [`Service`](tower_service::Service), so a test can ask what a
//! page gets.
//!
//! - [`assert_safe`] fails if an origin reads a response that it must not read.
//! - [`assert_protected`] fails if a request of another page reaches the service.
//!
//! This module shares no code with the layer, and works with other CORS middleware too.
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use http::Request;
//! use tower_cors::testing::{Browser, Credentials, Fetch, assert_safe};
//! use tower_cors::{CorsLayer, Policy};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tower_cors::PolicyErrors> {
//! let policy = Policy::builder()
//!     .allow_origin("https://app.example.com")
//!     .allow_credentials(true)
//!     .build()?;
//! let mut app = Router::new()
//!     .route("/monsters", get(async || "zombie"))
//!     .layer(CorsLayer::new(policy));
//!
//! let mut page = Browser::at("https://app.example.com");
//! let monsters = || Request::get("https://api.example.com/monsters").body(Body::empty());
//! let with_cookies = Fetch::from(monsters()).credentials(Credentials::Include);
//! page.fetch(&mut app, with_cookies).await.assert_readable();
//!
//! assert_safe(&mut app, monsters(), ["https://app.example.com"]).await;
//! # Ok(())
//! # }
//! ```
//!
//! It needs no runtime and never sleeps: the test moves the clock of a [`Browser`].
//!
//! # Panics
//!
//! The assertions panic if they fail.

mod allowed;
mod blocked;
mod browser;
mod check;
mod console;
mod cookie_date;
mod cookies;
mod data;
mod destination;
mod fetch;
mod filter;
mod header_value;
mod hole;
mod initiator;
mod origin;
mod outcome;
mod preflight_cache;
mod probe;
mod profile;
mod protected;
mod redirect;
mod request;
mod safe;
mod safelist;
mod safelisted_value;
mod target;
mod wire;

pub use allowed::{InvalidReaders, Readers};
pub use blocked::{Blocked, CorsCheck};
pub use browser::Browser;
pub use console::{Cause, Diagnosis, Engine, Message};
pub use cookies::{Cookie, InvalidCookie, SameSite};
pub use destination::{Destination, ReferrerPolicy};
pub use hole::{Finding, Hole, Severity};
pub use origin::InvalidPage;
pub use outcome::{Exchange, Outcome, ResponseType};
pub use profile::{Deviation, Profile};
pub use protected::{assert_protected, unprotected};
pub use request::{Cache, Credentials, Fetch, Mode, Redirect};
pub use safe::{assert_safe, findings};
