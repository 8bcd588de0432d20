//! The program, and what it prints.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

pub(crate) const APP: &str = "https://app.example.com";

/// What a run printed.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) out: String,
    pub(crate) error: String,
    pub(crate) code: i32,
}

/// Returns the program with these arguments.
pub(crate) fn program<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tower-cors-example-check"));
    command.args(arguments).stdin(Stdio::null());
    command
}

pub(crate) fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Printed {
    printed(&mut program(arguments))
}

pub(crate) fn printed(command: &mut Command) -> Printed {
    let output = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("it prints text");
    Printed {
        out: text(output.stdout),
        error: text(output.stderr),
        code: output.status.code().expect("it ends by itself"),
    }
}

/// Runs with an answer to its question.
pub(crate) fn answered<'a>(arguments: impl IntoIterator<Item = &'a str>, answer: &str) -> Printed {
    let mut command = program(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(answer.as_bytes()).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    Printed {
        out: String::from_utf8(output.stdout).expect("text"),
        error: String::from_utf8(output.stderr).expect("text"),
        code: output.status.code().expect("it ends by itself"),
    }
}

/// Runs with `--json`.
pub(crate) fn json<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Value {
    let printed = run(arguments.into_iter().chain(["--json"]));
    let json: Value =
        serde_json::from_str(&printed.out).unwrap_or_else(|error| panic!("{error}: {printed:?}"));
    assert_eq!(json["exit_code"], printed.code, "{}", printed.out);
    json
}

impl Printed {
    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.error);
        self
    }

    #[track_caller]
    pub(crate) fn assert_says(&self, text: &str) -> &Self {
        // Paragraphs are broken.
        let words = |text: &str| text.split_whitespace().collect::<Vec<&str>>().join(" ");
        assert!(
            words(&self.out).contains(&words(text)),
            "not said: {text}\n{}{}",
            self.out,
            self.error
        );
        self
    }

    #[track_caller]
    pub(crate) fn assert_says_not(&self, text: &str) -> &Self {
        assert!(!self.out.contains(text), "said: {text}\n{}", self.out);
        self
    }
}
