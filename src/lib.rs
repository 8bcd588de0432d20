#![cfg_attr(docsrs, feature(doc_cfg))]
//! CORS for Rust services on Tower.

mod decision;
mod excerpt;
mod explain;
mod future;
mod headers;
mod layer;
mod origin;
mod policy;
mod public_suffix;
mod request;
mod service;
mod source;
mod telemetry;

pub use decision::{Decision, Refusal};
pub use explain::Explanation;
pub use future::ResponseFuture;
pub use layer::CorsLayer;
pub use origin::{Origin, OriginError, OriginPattern, OriginSet, PatternError};
pub use policy::{Policy, PolicyBuilder, PolicyError, PolicyErrors};
pub use service::Cors;
pub use source::PolicySource;
