//! Replacing the policy.

use std::error::Error;

use tower_cors::{Policy, PolicyHandle};

use crate::read::with_config::read;

/// Reads the policy again. If it has mistakes, the policy in use stays.
pub fn reload(file: &str, handle: &PolicyHandle) {
    match policy_of(file) {
        Ok(policy) => {
            handle.replace(policy);
            println!("read {file}: the CORS policy is replaced");
        }
        Err(error) => eprintln!("read {file}: the CORS policy in use stays: {error}"),
    }
}

fn policy_of(file: &str) -> Result<Policy, Box<dyn Error>> {
    Ok(read(file)?.cors.build()?)
}
