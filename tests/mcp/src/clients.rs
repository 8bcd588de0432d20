//! The clients from npm.

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::sync::OnceCell;

/// Returns the script of the clients, in the versions of the lockfile. It defines `mcp`.
///
/// # Panics
///
/// If npm is missing or fails.
pub async fn bundle() -> &'static str {
    static BUNDLE: OnceCell<String> = OnceCell::const_new();
    BUNDLE
        .get_or_init(async || {
            let directory = installed();
            npm(&directory, &["run", "--silent", "bundle"])
        })
        .await
}

fn installed() -> PathBuf {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/clients"));
    let target = std::env::var_os("CARGO_TARGET_TMPDIR").map(PathBuf::from);
    let directory = target
        .unwrap_or_else(std::env::temp_dir)
        .join("tower-cors-mcp-clients");
    std::fs::create_dir_all(&directory).expect("a directory for the clients");
    for file in ["package.json", "package-lock.json", "page.js"] {
        std::fs::copy(source.join(file), directory.join(file)).expect("the sources are there");
    }
    npm(&directory, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    directory
}

fn npm(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| {
            panic!("npm is missing, so nothing was tested ({error}); on Debian: apt-get install npm")
        });
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "npm {arguments:?}: {told}");
    String::from_utf8(output.stdout).expect("a script is text")
}
