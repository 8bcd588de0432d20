//! The clients from npm.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use tokio::sync::OnceCell;

/// Returns the script of the clients, in the versions of the lockfile. It defines `mcp`.
pub(crate) async fn bundle() -> &'static str {
    static BUNDLE: OnceCell<String> = OnceCell::const_new();
    BUNDLE
        .get_or_init(async || {
            let mut npm = Command::new("npm");
            output(
                npm.args(["run", "--silent", "bundle"])
                    .current_dir(installed()),
            )
        })
        .await
}

/// Runs the clients in Node, with this `Origin`, and returns what they learn of the server.
pub(crate) fn run_native(url: &str, origin: Option<&str>) -> Value {
    let mut command = Command::new("node");
    command.arg("native.js").arg(url).args(origin);
    let printed = output(command.current_dir(installed()));
    serde_json::from_str(&printed).expect("it prints JSON")
}

/// Returns the directory of the clients, which is installed once.
fn installed() -> &'static Path {
    static INSTALLED: LazyLock<PathBuf> = LazyLock::new(install);
    &INSTALLED
}

fn install() -> PathBuf {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/clients"));
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-clients");
    std::fs::create_dir_all(&directory).expect("a directory of the target");
    for file in ["package.json", "package-lock.json", "page.js", "native.js"] {
        std::fs::copy(source.join(file), directory.join(file)).expect("the sources are there");
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    output(npm.current_dir(&directory));
    directory
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?} does not start, so nothing was tested ({error}); on Debian: apt-get install npm")
    });
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8(output.stdout).expect("it prints text")
}
