//! Reading the configuration, with each of the libraries that people use.

pub mod with_config;
pub mod with_envy;
pub mod with_figment;
pub mod with_serde;
