//! A server of the Model Context Protocol behind the layer, and its clients from npm.
//!
//! The server is [`rmcp`], the official SDK for Rust. It checks neither hosts nor origins here, so what stops a request is
//! the layer.

mod clients;
mod server;
mod service;

pub use clients::bundle;
pub use server::{REGION, Tools};
pub use service::{Log, METADATA, Service};
