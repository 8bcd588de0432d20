//! A server of the Model Context Protocol behind the layer.
//!
//! The server is [`rmcp`], the official SDK for Rust. It checks neither hosts nor origins here, so what stops a request is
//! the layer.

mod server;
mod service;

pub use server::{REGION, Tools};
pub use service::{Log, METADATA, Service};
