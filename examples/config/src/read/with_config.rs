//! With the crate `config`: a file, and what the environment changes of it.

use config::{Config, ConfigError, Environment, File};

use crate::Service;

/// Reads a file in TOML, YAML or JSON, by its name. `SERVICE_PORT` and
/// `SERVICE_CORS__MAX_AGE` outrank it.
pub fn read(file: &str) -> Result<Service, ConfigError> {
    Config::builder()
        .add_source(File::with_name(file))
        .add_source(
            Environment::with_prefix("SERVICE")
                .prefix_separator("_")
                .separator("__"),
        )
        .build()?
        .try_deserialize()
}
