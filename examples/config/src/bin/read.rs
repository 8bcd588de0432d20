//! Prints the policy that a library reads, or its mistakes.
//!
//! ```sh
//! cargo run -p tower-cors-example-config --bin read figment service.toml
//! CORS_ORIGINS=https://app.example.com cargo run -p tower-cors-example-config --bin read envy
//! ```

use std::env;
use std::error::Error;
use std::process::ExitCode;

use tower_cors::{Policy, PolicyConfig};
use tower_cors_example_config::read::{with_config, with_envy, with_figment, with_serde};

fn read(library: &str, file: &str) -> Result<PolicyConfig, Box<dyn Error>> {
    Ok(match library {
        "config" => with_config::read(file)?.cors,
        "figment" => with_figment::read(file)?.cors,
        "envy" => with_envy::read()?,
        "serde" => with_serde::read(file)?.cors,
        _ => return Err("the libraries are config, figment, envy and serde".into()),
    })
}

fn policy() -> Result<Policy, Box<dyn Error>> {
    let library = env::args().nth(1).unwrap_or_default();
    let file = env::args().nth(2).unwrap_or_default();
    Ok(read(&library, &file)?.build()?)
}

fn main() -> ExitCode {
    match policy() {
        Ok(policy) => {
            println!("{policy:?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
