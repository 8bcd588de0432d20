//! Programs that end with the test that started them.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A program and all that it started. They end with it, also when the test fails or is killed.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts a program in a process group of its own, with its output in a file.
    pub(crate) fn start(command: &Command, output: &Path) -> io::Result<Self> {
        let output = File::create(output)?;
        // Whoever ends the test, by a key or otherwise, does not reach the group, so the kernel does.
        let mut guarded = Command::new("setpriv");
        guarded.args(["--pdeathsig", "KILL", "--"]);
        guarded.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                guarded.env(name, value);
            }
        }
        let child = guarded
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()?;
        Ok(Self(child))
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The standard library ends one process, and an engine is many.
        let _ = Command::new("sh")
            .args(["-c", &format!("kill -s KILL -- -{}", self.0.id())])
            .stderr(Stdio::null())
            .status();
        let _ = self.0.wait();
    }
}
