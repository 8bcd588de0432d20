//! With the crate `envy`: the environment alone.

use tower_cors::PolicyConfig;

/// Reads `CORS_ORIGINS`, `CORS_MAX_AGE` and so on.
pub fn read() -> Result<PolicyConfig, envy::Error> {
    envy::prefixed("CORS_").from_env()
}
