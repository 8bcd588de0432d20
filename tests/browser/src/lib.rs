//! Real browsers, driven by tests: their drivers, and the programs that they look at.
//!
//! A test that cannot have its browser fails and says what to install; it never passes by skipping.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A shell that runs a program, and ends its process group when its own input ends: when its owner is dropped, and also
/// when the test is killed. A driver that is killed alone leaves its browser running.
const SUPERVISE: &str = r#""$@" & exec >&-; read -r _; kill -s KILL 0"#;

/// A program and all that it started. They end with their owner, also when a test fails or is killed.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a program and reads its output until `found` finds what it looks for.
    ///
    /// # Panics
    ///
    /// Where the program cannot be started or ends before: what a test needs is missing.
    pub fn start<T>(command: &Command, mut found: impl FnMut(&str) -> Option<T>) -> (Self, T) {
        let mut supervised = Command::new("sh");
        supervised
            .args(["-c", SUPERVISE, "supervisor"])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                supervised.env(name, value);
            }
        }
        if let Some(directory) = command.get_current_dir() {
            supervised.current_dir(directory);
        }
        let mut child = supervised
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let output = child.stdout.take().expect("the output is piped");
        let process = Self(child);
        let mut lines = BufReader::new(output).lines();
        while let Some(Ok(line)) = lines.next() {
            if let Some(it) = found(&line) {
                // Whatever follows is read and thrown away, so that the program never waits for a reader.
                std::thread::spawn(move || lines.for_each(drop));
                return (process, it);
            }
        }
        panic!("{command:?} ended without saying what was waited for");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Waiting closes the input.
        let _ = self.0.wait();
    }
}

/// The browsers that have a driver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// Chromium, of the Debian packages `chromium` and `chromium-driver`.
    Chromium,
    /// Firefox, of the Debian package `firefox-esr`, and the crate `geckodriver`.
    Firefox,
}

impl Engine {
    fn check(self) {
        let (programs, install) = match self {
            Self::Chromium => (
                ["chromium", "chromedriver"],
                "apt-get install chromium chromium-driver",
            ),
            Self::Firefox => (
                ["firefox-esr", "geckodriver"],
                "apt-get install firefox-esr; cargo install --locked geckodriver",
            ),
        };
        for program in programs {
            let runs = Command::new(program)
                .arg("--version")
                .stdout(Stdio::null())
                .status();
            assert!(
                runs.is_ok_and(|status| status.success()),
                "{program} is missing, so nothing was tested; on Debian: {install}",
            );
        }
    }

    /// The driver's command, and what stands before the port that it says.
    fn driver(self) -> (Command, &'static str) {
        match self {
            Self::Chromium => {
                let mut command = Command::new("chromedriver");
                command.arg("--port=0");
                (command, "started successfully on port ")
            }
            Self::Firefox => {
                let mut command = Command::new("geckodriver");
                command.args(["--port", "0", "--websocket-port", "0"]);
                (command, "Listening on 127.0.0.1:")
            }
        }
    }

    /// What the browser is started with: no window, and nothing that asks the network.
    fn capabilities(self) -> (String, Value) {
        match self {
            Self::Chromium => (
                "goog:chromeOptions".to_owned(),
                json!({
                    "args": [
                        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                        "--disable-background-networking", "--disable-component-update", "--disable-sync",
                        "--disable-dev-shm-usage",
                    ],
                }),
            ),
            Self::Firefox => (
                "moz:firefoxOptions".to_owned(),
                json!({
                    "args": ["-headless"],
                    "prefs": {
                        "app.normandy.enabled": false,
                        "app.update.enabled": false,
                        "browser.safebrowsing.downloads.enabled": false,
                        "captivedetect.canonicalURL": "",
                        "network.captive-portal-service.enabled": false,
                        "network.connectivity-service.enabled": false,
                        "services.settings.server": "",
                    },
                }),
            ),
        }
    }
}

/// A browser, driven by its driver.
#[derive(Debug)]
pub struct Browser {
    /// The session.
    pub client: Client,
    // Dropped in this order: nothing writes into the directory that is removed.
    _driver: Process,
    _directory: TempDir,
}

impl Browser {
    /// Starts the driver on a port of its choice, and a browser without a window, of this size and with an empty profile.
    ///
    /// # Panics
    ///
    /// Where the browser or its driver is missing.
    pub async fn start(engine: Engine, width: u32, height: u32) -> Self {
        engine.check();
        let directory = tempfile::tempdir().expect("a directory for the profile");
        let (mut command, before) = engine.driver();
        command.env("TMPDIR", directory.path());
        let (driver, port) = Process::start(&command, |line| {
            let port = line.split(before).nth(1)?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities([engine.capabilities()].into_iter().collect())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the driver opens a session");
        client
            .set_window_size(width, height)
            .await
            .expect("the window has the size");
        Self {
            client,
            _driver: driver,
            _directory: directory,
        }
    }

    /// The value of a script.
    ///
    /// # Panics
    ///
    /// Where the script throws.
    pub async fn script(&self, script: &str) -> Value {
        self.client
            .execute(script, Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }
}
