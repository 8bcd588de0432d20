//! The rules of the design, each with a test of its name.

mod actual;
#[cfg(all(feature = "tracing", feature = "cache"))]
mod attacked;
#[cfg(feature = "cache")]
mod cache;
mod classify;
mod compare;
#[cfg(feature = "serde")]
mod config;
mod configuration;
#[cfg(all(feature = "metrics", feature = "cache"))]
mod counting;
mod enforcing;
mod explaining;
mod flaws;
mod handle;
#[cfg(feature = "cache")]
mod never;
mod origins;
#[cfg(feature = "path")]
mod paths;
mod preflight;
mod presets;
mod saying_why;
mod support;
mod types;
