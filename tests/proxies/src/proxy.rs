//! The proxies: started and stopped by a test, on sockets in a directory of its own.

use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Which proxy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Varnish: it keeps preflights too.
    Varnish,
    /// nginx: it keeps what GET and HEAD brought.
    Nginx,
}

/// A running proxy, stopped when it is dropped, or when the process that started it ends in whatever way.
#[derive(Debug)]
pub struct Proxy {
    /// Its end is what the shell waits for.
    lifeline: Option<ChildStdin>,
    shell: Child,
    directory: TempDir,
}

/// Runs its arguments until its standard input ends.
const SHELL: &str = r#""$@" & child=$!; read -r _; kill "$child"; wait "$child""#;

impl Proxy {
    /// A proxy before the service that listens on `service`.
    ///
    /// # Panics
    ///
    /// Where it does not come up within a minute, with what it said.
    pub fn start(kind: Kind, service: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        let text = |path: &Path| path.to_str().expect("a path of text").to_owned();
        let (proxy, service) = (text(&at("proxy.sock")), text(service));
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SHELL, "sh"]);
        match kind {
            Kind::Varnish => {
                let vcl = include_str!("varnish.vcl").replace("SERVICE", &service);
                fs::write(at("proxy.vcl"), vcl).expect("a file");
                let vcl = text(&at("proxy.vcl"));
                command.args([
                    "/usr/sbin/varnishd",
                    "-F",
                    "-j",
                    "none",
                    "-a",
                    &proxy,
                    "-f",
                    &vcl,
                ]);
                command.args(["-n", &text(&at("varnish")), "-s", "malloc,256m"]);
                // The coding is the service's affair, and nothing is served late that the service did not allow.
                command.args(["-p", "http_gzip_support=off", "-p", "default_grace=0"]);
                command.args(["-p", "timeout_idle=600", "-p", "thread_pool_min=200"]);
            }
            Kind::Nginx => {
                let user = Command::new("id").arg("-un").output().expect("a user");
                let user = String::from_utf8(user.stdout).expect("text");
                let configuration = include_str!("nginx.conf")
                    .replace("DIRECTORY", &text(directory.path()))
                    .replace("PROXY", &proxy)
                    .replace("SERVICE", &service)
                    .replace("USER", user.trim());
                fs::write(at("nginx.conf"), configuration).expect("a file");
                command.args([
                    "/usr/sbin/nginx",
                    "-e",
                    "stderr",
                    "-p",
                    &text(directory.path()),
                ]);
                command.args(["-c", &text(&at("nginx.conf"))]);
            }
        }
        let said = File::create(at("said")).expect("a file");
        let also = said.try_clone().expect("a file");
        let mut shell = command
            .stdin(Stdio::piped())
            .stdout(said)
            .stderr(also)
            .spawn()
            .expect("a shell");
        let lifeline = shell.stdin.take();
        let proxy = Self {
            lifeline,
            shell,
            directory,
        };
        proxy.wait();
        proxy
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("proxy.sock")
    }

    fn wait(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while UnixStream::connect(self.socket()).is_err() {
            if Instant::now() > deadline {
                let said = fs::read_to_string(self.directory.path().join("said"));
                panic!("the proxy does not listen: {}", said.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.lifeline.take();
        // An error says that it has ended by itself.
        let _ = self.shell.wait();
        if std::thread::panicking() {
            let said = fs::read_to_string(self.directory.path().join("said"));
            eprintln!("the proxy said: {}", said.unwrap_or_default());
        }
    }
}
