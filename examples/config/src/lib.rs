//! A service whose CORS policy is in a file and in the environment, and is read again while it serves.
//!
//! `docs/configuration.md` has the code of `read/` and `reload/` word for word.

pub mod read;
pub mod reload;

/// What the service reads.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The port on which it listens. Zero is any that is free.
    #[serde(default)]
    pub port: u16,
    /// The CORS policy.
    pub cors: tower_cors::PolicyConfig,
}
