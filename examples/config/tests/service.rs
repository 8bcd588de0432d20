//! The service as a process, configured by a file and the environment.

#[path = "../../../tests/support/process.rs"]
mod process;
#[path = "../../../tests/support/mod.rs"]
mod support;

use std::io::Write;
use std::process::{Command, Output};

use process::Running;
use support::{APP, EVIL, Server};

const FILE: &str = "
    port = 0
    [cors]
    origins = [\"https://app.example.com\"]
    methods = [\"PUT\"]
    credentials = true
    max_age = 600
";

fn command(file: &tempfile::NamedTempFile, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tower-cors-example-config"));
    command
        .arg(file.path())
        .env_clear()
        .envs(environment.iter().copied());
    command
}

fn written(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new()
        .suffix(".toml")
        .tempfile()
        .expect("a temporary file");
    file.write_all(text.as_bytes()).expect("room for it");
    file
}

fn start(text: &str, environment: &[(&str, &str)]) -> (Running, Server) {
    let file = written(text);
    let mut running = Running::start(&mut command(&file, environment));
    // It has read the file when it says where it listens.
    let server = Server::at(running.address());
    (running, server)
}

/// What a service says that does not start.
#[track_caller]
fn complaint(text: &str, environment: &[(&str, &str)]) -> String {
    let file = written(text);
    let Output { status, stderr, .. } = command(&file, environment).output().expect("it runs");
    let stderr = String::from_utf8(stderr).expect("text");
    assert_eq!(status.code(), Some(1), "{stderr}");
    stderr
}

#[tokio::test]
async fn the_file_says_what_is_allowed() {
    let (_running, server) = start(FILE, &[]);
    let preflight = server.preflight(APP, "/", "PUT").await;
    assert_eq!(preflight.readable_by(), Some(APP));
    assert_eq!(preflight.headers["access-control-max-age"], "600");
    assert_eq!(preflight.headers["access-control-allow-methods"], "PUT");
    let rejected = server.get_from(EVIL, "/").await;
    assert_eq!(rejected.readable_by(), None);
}

#[tokio::test]
async fn the_environment_outranks_the_file() {
    let environment = [
        (
            "SERVICE_CORS__ORIGINS",
            "https://a.example.com,https://b.example.com",
        ),
        ("SERVICE_CORS__MAX_AGE", "60"),
        ("SERVICE_CORS__CREDENTIALS", "false"),
    ];
    let (_running, server) = start(FILE, &environment);
    for origin in ["https://a.example.com", "https://b.example.com"] {
        let preflight = server.preflight(origin, "/", "PUT").await;
        assert_eq!(preflight.readable_by(), Some(origin));
        assert_eq!(preflight.headers["access-control-max-age"], "60");
        assert_eq!(
            preflight.headers["access-control-allow-methods"], "PUT",
            "the file's"
        );
        let credentials = preflight.headers.get("access-control-allow-credentials");
        assert_eq!(credentials, None);
    }
    let replaced = server.get_from(APP, "/").await;
    assert_eq!(replaced.readable_by(), None);
}

#[test]
fn an_unknown_key_is_named() {
    let said = complaint(&FILE.replace("methods", "method"), &[]);
    assert!(said.contains("method"), "{said}");
    assert!(said.contains("methods"), "{said}");
    let said = complaint(FILE, &[("SERVICE_CORS__MAXAGE", "60")]);
    assert!(
        said.contains("maxage") && said.contains("max_age"),
        "{said}"
    );
}

#[test]
fn a_value_of_the_wrong_type_is_named_by_its_key() {
    let said = complaint(FILE, &[("SERVICE_CORS__MAX_AGE", "soon")]);
    assert!(said.contains("max_age"), "{said}");
    let said = complaint(&FILE.replace("\"PUT\"", "\"PUT:\""), &[]);
    assert!(said.contains("methods"), "{said}");
}

#[test]
fn every_mistake_of_the_policy_is_said_at_once_with_its_key_and_what_to_write() {
    let origins = "https://app.example.com/,http://shop.example.com";
    let environment = [
        ("SERVICE_CORS__ORIGINS", origins),
        ("SERVICE_CORS__MAX_AGE", "100000"),
    ];
    let said = complaint(FILE, &environment);
    assert!(
        said.starts_with("the CORS policy has 3 mistakes:"),
        "{said}"
    );
    assert!(said.contains("write `https://app.example.com`"), "{said}");
    assert!(said.contains("`http://shop.example.com`"), "{said}");
    assert!(said.contains("max_age"), "{said}");
    let said = complaint(FILE, &[("SERVICE_CORS__ORIGINS", "*")]);
    assert!(said.contains("credentials"), "{said}");
}
