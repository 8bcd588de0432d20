//! Floods, hostile requests and 20,000 random cases.
//!
//! These tests take seconds, so plain `cargo test` does not run them: `cargo test --all-features --test stress`.
#![cfg(feature = "cache")]

mod floods;
#[cfg(feature = "tracing")]
mod hostile_requests;
#[cfg(feature = "metrics")]
mod metric_series;
mod random_requests;
#[allow(dead_code, reason = "each test file uses the part it needs")]
#[path = "../rules/support.rs"]
mod support;
