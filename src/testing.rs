//! A browser to call from `cargo test`, and a search for holes in a policy.
//!
//! CORS is decided by browsers: a service only says who may read what. [`Browser`] is the client side of the
//! [Fetch standard](https://fetch.spec.whatwg.org/) over any [`Service`](tower_service::Service), so that a test can ask
//! what a page gets, whichever middleware answers. [`assert_safe`] asks as pages do that should get nothing.
//!
//! It is written from the standard, beside the layer and not with it: it shares no code with what decides, and serves as
//! well for services behind another CORS middleware.
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use http::Request;
//! use tower_cors::testing::{Browser, Credentials, Fetch, assert_safe};
//! use tower_cors::{CorsLayer, Policy};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tower_cors::PolicyErrors> {
//! let policy = Policy::builder().allow_origins(["https://app.example.com"]).allow_credentials(true).build()?;
//! let mut app = Router::new().route("/monsters", get(async || "zombie")).layer(CorsLayer::new(policy));
//!
//! let mut page = Browser::at("https://app.example.com");
//! let monsters = || Request::get("https://api.example.com/monsters").body(Body::empty());
//! let outcome = page.fetch(&mut app, Fetch::from(monsters()).credentials(Credentials::Include)).await;
//! outcome.assert_readable();
//!
//! assert_safe(&mut app, monsters(), ["https://app.example.com"]).await;
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here needs a runtime, and nothing waits: the clock of a [`Browser`] is moved by the test. Tests are meant to
//! panic, so the assertions do.

mod allowed;
mod blocked;
mod browser;
mod check;
mod cookies;
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

pub use allowed::Readers;
pub use blocked::{Blocked, CorsCheck};
pub use browser::Browser;
pub use destination::{Destination, ReferrerPolicy};
pub use hole::{Finding, Hole, Severity};
pub use outcome::{Exchange, Outcome, ResponseType};
pub use profile::{Deviation, Profile};
pub use protected::{assert_protected, unprotected};
pub use request::{Credentials, Fetch, Mode, Redirect};
pub use safe::{assert_safe, findings};
