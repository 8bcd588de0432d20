//! The behavior that the crate promises. `README.md` in this directory lists the rules by their codes.

mod actual_requests;
#[cfg(feature = "cache")]
mod cache;
mod choices;
mod claims;
mod classification;
mod compare;
#[cfg(feature = "serde")]
mod config_files;
#[cfg(feature = "serde")]
mod config_values;
#[cfg(feature = "serde")]
mod config_words;
mod debug_header;
mod enforcement;
#[cfg(feature = "tracing")]
mod events;
mod explanation;
mod fetch_metadata;
mod guides;
mod handle;
mod hosts;
mod known_vulnerabilities;
#[cfg(all(feature = "metrics", feature = "cache"))]
mod metrics;
mod migrating;
mod origins;
mod pairs;
#[cfg(feature = "path")]
mod paths;
mod patterns;
mod policy_errors;
mod preflight;
mod presets;
mod readiness;
mod readme;
mod recorded_origins;
mod rejections;
#[cfg(feature = "tracing")]
mod reported;
mod rule_index;
#[cfg(feature = "cache")]
mod snapshot;
mod suggestions;
mod support;
mod types;
