//! The examples, run as a user runs them.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use http::StatusCode;
use support::{APP, EVIL, Server};

/// A running example, stopped when it is dropped.
struct Example {
    process: Child,
    /// Kept open, so that the example can print.
    output: BufReader<ChildStdout>,
}

impl Example {
    fn run(name: &str) -> Self {
        let mut process = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--example", name])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("PORT")
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo runs");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, output }
    }

    /// Waits until the example says `listening on http://127.0.0.1:1234, try:`.
    fn listening(&mut self) -> Server {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once(','))
            .and_then(|(address, _)| address.parse().ok());
        Server::at(address.unwrap_or_else(|| panic!("no address in {line:?}")))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // Errors say that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn an_example_answers_a_preflight_and_serves_a_get() {
    for name in ["axum", "hyper"] {
        let mut example = Example::run(name);
        let server = example.listening();
        let preflight = server.preflight(APP, "/", "PUT").await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT, "{name}");
        assert_eq!(preflight.readable_by(), Some(APP), "{name}");
        let get = server.get_from(APP, "/").await;
        assert_eq!(get.text(), "hello", "{name}");
        assert_eq!(get.readable_by(), Some(APP), "{name}");
        let refused = server.preflight(EVIL, "/", "PUT").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{name}");
    }
}
