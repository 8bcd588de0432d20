//! What the playground says of a policy: its mistakes at their lines, and the code that builds it.

#[path = "../examples/playground/policy.rs"]
mod policy;
#[path = "../examples/playground/rust.rs"]
mod rust;

use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use tower_cors::{Enforcement, Policy, PolicyBuilder};

/// A TOML, the code that the playground shows for it, and what that code builds when it is compiled here.
macro_rules! pair {
    ($name:literal) => {{
        fn built() -> Result<Policy, Box<dyn Error>> {
            Ok(include!(concat!("playground/", $name, ".in")))
        }
        (
            include_str!(concat!("playground/", $name, ".toml")),
            include_str!(concat!("playground/", $name, ".in")),
            built as fn() -> Result<Policy, Box<dyn Error>>,
        )
    }};
}

#[test]
fn the_rust_that_is_shown_builds_the_policy_of_the_toml() {
    // Used by some of them.
    let _: (Duration, StatusCode, Enforcement);
    let _ = PolicyBuilder::connect;
    for (toml, code, built) in [pair!("every-key"), pair!("wildcards"), pair!("texts")] {
        let read = policy::read(toml).unwrap_or_else(|mistakes| panic!("{toml}: {mistakes}"));
        assert_eq!(read.rust, code.trim_end(), "of\n{toml}");
        let built = built().unwrap_or_else(|error| panic!("{code}: {error}"));
        assert_eq!(format!("{:?}", read.policy), format!("{built:?}"), "{code}");
    }
}

#[test]
fn the_policy_of_the_start_has_no_mistake() {
    let start = policy::start("http://localhost:8080");
    let read = policy::read(&start);
    assert!(read.is_ok(), "{start}");
}

#[test]
fn a_mistake_stands_at_the_line_of_its_value_or_else_of_its_key() {
    let mistakes = |toml: &str| match policy::read(toml) {
        Ok(_) => panic!("no mistake in\n{toml}"),
        Err(mistakes) => mistakes.to_string(),
    };
    let several = mistakes(
        "# mine\norigins = [\n  \"https://app.example.com\",\n  \"https://app.example.com/\",\n]\nmethods = [\n  \"PUT\",\n  \"TRACE\",\n]\nmax_age = 100000\n",
    );
    let lines: Vec<_> = several
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(line, _)| line)
        .collect();
    assert_eq!(lines, ["line 4", "line 8", "line 10"], "{several}");
    assert!(
        mistakes("\ncredentials = true\n\norigins = \"*\"\n").starts_with("line 4: any origin"),
    );
    assert!(mistakes("").starts_with("line 1: no origin is allowed"));
    assert!(mistakes("origins = [\n\"https://app.example.com\"\n").starts_with("line "));
    assert!(mistakes("origins = \"*\"\nmethod = []\n").starts_with("line 2: unknown key"));
    assert!(mistakes("origins = \"*\"\nmethods = [\"A:\"]\n").starts_with("line 2: "));
}
