//! Processes that never outlive the test that started them.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A shell that runs a program, and sends it a signal when its own input ends: when this is dropped, and also when the
/// test is killed.
const SUPERVISE: &str = r#"signal=$1; shift; "$@" & read -r _; kill -"$signal" $!; wait"#;

/// A program that is stopped when this is dropped.
pub(crate) struct Supervised(Child);

impl Supervised {
    /// A shell that waits for its program, of which more can be said before it is [started](Self::start).
    pub(crate) fn command(signal: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", SUPERVISE, "supervisor", signal])
            .arg(program)
            .stdin(Stdio::piped())
            // An interrupt at the terminal is for the test, which then ends.
            .process_group(0);
        command
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("a shell starts"))
    }

    /// The output of the program, if it is piped.
    pub(crate) fn output(&mut self) -> ChildStdout {
        self.0.stdout.take().expect("a pipe")
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // Waiting closes the input.
        let _ = self.0.wait();
    }
}
