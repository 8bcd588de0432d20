//! The examples, run as a user runs them.

#[path = "support/process.rs"]
mod process;
mod support;

use std::process::Command;

use http::StatusCode;
use process::Running;
use support::{APP, EVIL, Server};

fn run(name: &str) -> Running {
    Running::start(
        Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--example", name])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("PORT"),
    )
}

#[tokio::test]
async fn an_example_answers_a_preflight_and_serves_a_get() {
    for name in ["axum", "hyper"] {
        let mut example = run(name);
        let server = Server::at(example.address());
        let preflight = server.preflight(APP, "/", "PUT").await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT, "{name}");
        assert_eq!(preflight.readable_by(), Some(APP), "{name}");
        let get = server.get_from(APP, "/").await;
        assert_eq!(get.text(), "hello", "{name}");
        assert_eq!(get.readable_by(), Some(APP), "{name}");
        let rejected = server.preflight(EVIL, "/", "PUT").await;
        assert_eq!(rejected.status, StatusCode::FORBIDDEN, "{name}");
    }
}
