//! A program that serves on loopback, run as a user runs it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running program, stopped when it is dropped.
pub(crate) struct Running {
    process: Child,
    /// Kept open, so that the program can print.
    output: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, output }
    }

    /// Waits for the next line, and reads the address in it: `listening on http://127.0.0.1:1234, try:`.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("text");
        let address = line.split_once("http://").and_then(|(_, rest)| {
            let end = rest.find(|c: char| !c.is_ascii_digit() && !".:".contains(c));
            rest[..end.unwrap_or(rest.len())].parse().ok()
        });
        address.unwrap_or_else(|| panic!("no address in {line:?}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Errors say that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
