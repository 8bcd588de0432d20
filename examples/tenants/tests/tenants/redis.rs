//! A Redis server of a test's own, on a socket in a temporary directory.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::supervised::Supervised;

const MISSING: &str =
    "Redis is missing, so nothing was tested; on Debian: apt-get install redis-server";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, stopped when it is dropped.
pub(crate) struct Redis {
    process: Option<Supervised>,
    directory: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let mut server = Self {
            process: None,
            directory,
        };
        server.run();
        server
    }

    pub(crate) fn run(&mut self) {
        let program = ["/usr/bin/redis-server", "/usr/bin/valkey-server"]
            .into_iter()
            .find(|program| Path::new(program).exists())
            .expect(MISSING);
        let mut command = Supervised::command("KILL", program);
        command
            .args(["--port", "0", "--save", "", "--appendonly", "no"])
            .arg("--unixsocket")
            .arg(self.socket())
            .current_dir(self.directory.path())
            .stdout(Stdio::null());
        self.process = Some(Supervised::start(&mut command));
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = UnixStream::connect(self.socket()) {
            assert!(Instant::now() < deadline, "Redis is not ready: {error}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }
}
