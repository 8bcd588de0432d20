//! With the crate `figment`: a file, and what the environment changes of it.

use figment::Figment;
use figment::providers::{Env, Format, Toml};

use crate::Service;

/// Reads a file in TOML. `SERVICE_PORT` and `SERVICE_CORS__MAX_AGE` outrank it.
pub fn read(file: &str) -> Result<Service, Box<figment::Error>> {
    Figment::new()
        .merge(Toml::file_exact(file))
        .merge(Env::prefixed("SERVICE_").split("__"))
        .extract()
        .map_err(Box::new)
}
