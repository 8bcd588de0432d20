//! With a crate for each format.

use std::error::Error;
use std::fs;

use crate::Service;

/// Reads a file in TOML, YAML or JSON.
pub fn read(file: &str) -> Result<Service, Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    Ok(match file.rsplit('.').next() {
        Some("yaml" | "yml") => serde_saphyr::from_str(&text)?,
        Some("json") => serde_json::from_str(&text)?,
        _ => toml::from_str(&text)?,
    })
}
