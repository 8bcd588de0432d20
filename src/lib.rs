#![cfg_attr(docsrs, feature(doc_cfg))]
//! CORS middleware for Rust services on Tower: Axum, Tonic and Hyper.
//!
//! Browsers let a page read the responses of another origin only if the response says so. Before requests that no HTML
//! form can send, they ask with a *preflight*. A [`CorsLayer`] answers preflights, and adds these headers to the
//! responses, as a [`Policy`] says.
//!
//! ```
//! use axum::{Router, routing::post};
//! use tower_cors::{CorsLayer, Policy};
//!
//! let policy = Policy::builder()
//!     .allow_origins(["https://app.example.com", "https://*.example.com"])
//!     .allow_methods(["PUT", "DELETE"])
//!     .allow_headers(["authorization", "content-type"])
//!     .build()?;
//! let app: Router = Router::new()
//!     .route("/monsters", post(async || "created"))
//!     .layer(CorsLayer::new(policy));
//! # Ok::<(), tower_cors::PolicyErrors>(())
//! ```
//!
//! # Start here
//!
//! | type | what it is |
//! |---|---|
//! | [`CorsLayer`] | The middleware. Add it after all layers whose errors pages must read. |
//! | [`Policy`] | The allowed origins, methods and headers. It never changes. |
//! | [`PolicyBuilder`] | [Builds](PolicyBuilder::build) a policy, or reports all its mistakes. It has presets. |
//! | [`PolicySource`] | All that a layer can take policies from: one policy, a list, paths, a lookup. |
//!
#![cfg_attr(
    all(doc, feature = "cache", feature = "path", feature = "testing"),
    doc = "# Guides\n\n\
- [Choosing a policy](guide::choosing_a_policy): which pages may read what.\n\
- [Axum](guide::axum), [Tonic](guide::tonic), [Hyper](guide::hyper): where the layer goes.\n\
- [Configuration](guide::configuration): a policy in a file or the environment, and how to replace it.\n\
- [Development](guide::development): pages on your own machine and network.\n\
- [Troubleshooting](guide::troubleshooting): what a browser's message means.\n\
- [Compile errors](guide::compile_errors): what the compiler's message means.\n\
- [Testing](guide::testing): ask in your tests what a page gets.\n\
- [Proxies and CDNs](guide::proxies): what is in front of the service.\n\
- [Cross-site requests](guide::cross_site_requests): protection from forms, images, WebSockets and DNS rebinding.\n\
- [Tenants](guide::tenants): origins in a database.\n\
- [MCP servers](guide::mcp), [app shells and extensions](guide::apps): clients that are no plain web pages.\n\
- [Migrating from `tower_http::cors`](guide::migrating)"
)]
//!
//! # Promises
//!
//! - An origin is allowed only if it equals a listed one, or if its whole labels and its port match an
//!   [`OriginPattern`]. It is never matched by prefix, suffix or substring. A malformed origin is rejected.
//! - A rejected origin gets no `Access-Control-*` header. Every response that could differ by origin has `Vary: Origin`,
//!   merged into the `Vary` of the application.
//! - A preflight is an OPTIONS request with `Origin` and `Access-Control-Request-Method`. It never reaches the service.
//!   Every other request does, whatever its origin, unless [`Enforcement`] or [`PolicyBuilder::hosts`] stops it.
//! - [`PolicyBuilder::build`] finds all mistakes of a policy. No request can panic or fail because of one.
//! - A request costs the same for one origin and for a million.
//!
//! # When a page is rejected
//!
//! [`Policy::explain`] names the reason and the line to write. Every decision is a `tracing` event of the target
//! `tower_cors`, rejections at `debug`. [`CorsLayer::explain_in_response`] shows the reason in the browser's network panel.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `cache` | yes | `DynamicPolicies`, `PolicyCache` and `SnapshotPolicies` |
//! | `tracing` | yes | one event for each decision |
//! | `metrics` | no | counters of decisions, of the cache and of snapshots, through the `metrics` facade |
//! | `path` | no | `PathPolicies` |
//! | `public-suffix` | no | rejects patterns such as `https://*.co.uk` with credentials, and hosts such as `*.co.uk` |
//! | `serde` | no | `PolicyConfig`: a policy from a file or from the environment |
//! | `testing` | no | a browser for your tests, and a search for holes in a policy |
//!
//! # Compared with `tower_http::cors`
//!
//! - `build()` reports the mistakes of a policy. There, a mistake never matches, or panics when the layer is added.
//! - A rejected origin gets no `Access-Control-*` header. There, it gets all but `Access-Control-Allow-Origin`.
//! - OPTIONS requests that are no preflights reach the service. There, the layer answers them.
//! - A request costs the same for 1,000 origins as for one. There, the list is scanned and cloned.
//! - The price is 19 crates by default instead of 10. `COMPARE.md` has the measurements.
//!
//! # What is not covered
//!
//! - Authentication. Programs other than browsers ignore CORS.
//! - `Cross-Origin-Resource-Policy`, `Cross-Origin-Embedder-Policy` and `Cross-Origin-Opener-Policy`.
//! - `http` 0.2.
//!
//! # Standard
//!
//! The [CORS protocol](https://fetch.spec.whatwg.org/#http-cors-protocol) of the Fetch standard.

mod bounds;
#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "cache")]
mod clock;
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
pub use source::{DynamicPolicies, PolicyLookup, SnapshotError, SnapshotPolicies, SnapshotStatus};
pub use source::{EmptyPolicyList, ListedPolicy, PolicyHandle, PolicyList, PolicySource};
#[cfg(feature = "path")]
pub use source::{PathError, PathErrorKind, PathErrors, PathPolicies};

// Its example of a test needs the feature.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../README.md")]
struct Readme;
