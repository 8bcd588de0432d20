#![cfg_attr(docsrs, feature(doc_cfg))]
//! CORS for Rust services on Tower: Axum, Tonic, Hyper.
//!
//! A page of `https://app.example.com` that calls a service at `https://api.example.com` is stopped by the browser until
//! the service says that it may: on the response itself, and before that, for requests that no HTML form could have
//! sent, in the answer to a *preflight*. A [`CorsLayer`] says it, from a [`Policy`].
//!
//! ```
//! use axum::{Router, routing::post};
//! use http::{Method, header};
//! use tower_cors::{CorsLayer, Policy};
//!
//! let policy = Policy::builder()
//!     .allow_origins(["https://app.example.com", "https://*.example.com"])
//!     .allow_methods([Method::PUT, Method::DELETE])
//!     .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
//!     .build()?;
//! let app: Router = Router::new().route("/monsters", post(async || "created")).layer(CorsLayer::new(policy));
//! # Ok::<(), tower_cors::PolicyErrors>(())
//! ```
//!
//! # What it promises
//!
//! - An origin is allowed because it equals a listed one, or by whole labels and ports of a pattern
//!   ([`OriginPattern`]); never by prefix, suffix or substring. A malformed origin is rejected.
//! - A rejected origin gets no `Access-Control-*` header. Every response that could differ by origin says
//!   `Vary: Origin`, merged into what the application set.
//! - A preflight is an OPTIONS request with `Origin` and `Access-Control-Request-Method`. It never reaches the service;
//!   every other request does, whatever its origin: CORS protects what pages may *read*. With [`Enforcement`], other
//!   requests of rejected origins do not reach it either, and with [`PolicyBuilder::hosts`] no DNS rebinding.
//! - A policy's mistakes are found when it is built, all of them ([`PolicyErrors`]); no request makes it fail or panic.
//! - A request costs the same for one origin and for a million.
//!
//! # When a page is rejected
//!
//! [`Policy::explain`] says why, and which line to write. Every decision is a `tracing` event of the target `tower_cors`,
//! rejections at `debug`; and [`CorsLayer::explain_in_response`] shows it in the browser's network panel.
//!
//! # Testing
//!
//! With the feature `testing`, `testing::Browser` does in `cargo test` what a browser does, over any Tower service, and
//! says like a browser's console why a page gets nothing; `testing::assert_safe` asks as pages do that should get
//! nothing. Neither knows the layer, so they try any CORS middleware.
//!
//! # Standard
//!
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>

mod bounds;
#[cfg(feature = "cache")]
mod cache;
mod config;
mod decide;
mod decision;
#[cfg(doctest)]
mod does_not_compile;
mod enforce;
mod escaped;
mod evaluate;
mod explain;
mod fetch_metadata;
mod future;
// Its snippets need the features.
#[cfg(all(doc, feature = "cache", feature = "path", feature = "testing"))]
pub mod guide;
mod host;
mod layer;
mod observe;
mod origin;
mod policy;
mod protection;
mod public_suffix;
mod request;
mod response;
#[cfg(feature = "cache")]
mod scope;
mod service;
mod source;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;

pub use bounds::{CloneService, EmptyBody, PolicySources};
#[cfg(feature = "cache")]
pub use cache::{CacheStats, PolicyCache, PolicyCacheBuilder};
pub use decision::{Decision, Rejection};
pub use enforce::{Enforcement, EnforcementError};
pub use explain::Explanation;
pub use future::ResponseFuture;
pub use host::{HostError, HostPattern, HostSet};
pub use layer::CorsLayer;
pub use origin::{Origin, OriginError, OriginErrorKind, OriginPattern, OriginSet, PatternError};
#[cfg(feature = "serde")]
pub use policy::PolicyConfig;
pub use policy::{
    Allowed, Name, Names, OriginText, OriginTexts, Policy, PolicyBuilder, PolicyError, PolicyErrors,
};
#[cfg(feature = "cache")]
pub use scope::{RequestHead, Scope};
pub use service::Cors;
#[cfg(feature = "cache")]
pub use source::{DynamicPolicies, PolicyLookup};
pub use source::{EmptyPolicyList, ListedPolicy, PolicyHandle, PolicyList, PolicySource};
#[cfg(feature = "path")]
pub use source::{PathError, PathErrorKind, PathErrors, PathPolicies};

// Its example of a test needs the feature.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;
