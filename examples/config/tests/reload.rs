//! The service reads its policy again at SIGHUP and when the file changes, and keeps the last one without mistakes.

#[path = "../../../tests/support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::{env, fs};

use support::{APP, EVIL, Server};
use tempfile::TempDir;

/// The service as a process. It is stopped when it is dropped.
struct Service {
    process: Child,
    /// What it prints, with its errors in their order.
    output: BufReader<ChildStdout>,
    directory: TempDir,
}

impl Service {
    fn start(origins: &str) -> (Self, Server) {
        let directory = tempfile::tempdir().expect("a directory");
        let text = format!("[cors]\norigins = {origins}\n");
        fs::write(directory.path().join("service.toml"), text).expect("space for it");
        Self::start_in(directory)
    }

    /// Starts with the `service.toml` of a directory.
    fn start_in(directory: TempDir) -> (Self, Server) {
        let file = directory.path().join("service.toml");
        // The shell joins both streams, and becomes the service.
        let mut process = Command::new("/bin/sh")
            .args([
                "-c",
                "exec \"$0\" \"$1\" 2>&1",
                env!("CARGO_BIN_EXE_tower-cors-example-config"),
            ])
            .arg(&file)
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let output = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut service = Self {
            process,
            output,
            directory,
        };
        let line = service.line_with("listening on http://");
        let (_, address) = line.split_once("http://").expect("an address");
        (
            service,
            Server::at(address.trim().parse().expect("an address")),
        )
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("service.toml")
    }

    /// Waits for a line that contains a text.
    fn line_with(&mut self, text: &str) -> String {
        let mut all = String::new();
        loop {
            let start = all.len();
            let read = self.output.read_line(&mut all).expect("text");
            assert!(read > 0, "it ended without {text:?}:\n{all}");
            if all[start..].contains(text) {
                return all.split_off(start);
            }
        }
    }

    /// Replaces the file whole, as editors do.
    fn replace_file(&self, text: &str) {
        let new = self.directory.path().join("service.toml.new");
        fs::write(&new, text).expect("space for it");
        fs::rename(&new, self.file()).expect("the same directory");
    }

    fn hang_up(&self) {
        let status = Command::new("kill")
            .args(["-HUP", &self.process.id().to_string()])
            .status();
        assert!(status.expect("a signal").success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Errors say that it has ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn readable(server: Server, origin: &str) -> bool {
    server.get_from(origin, "/").await.readable_by() == Some(origin)
}

#[tokio::test]
async fn a_changed_file_replaces_the_policy() {
    let (mut service, server) = Service::start("\"https://app.example.com\"");
    assert!(readable(server, APP).await && !readable(server, EVIL).await);
    service.replace_file("[cors]\norigins = \"https://evil.example\"\n");
    service.line_with("the CORS policy is replaced");
    assert!(!readable(server, APP).await && readable(server, EVIL).await);
}

#[tokio::test]
async fn the_last_policy_without_mistakes_stays_and_the_log_has_the_words_of_the_file() {
    let (mut service, server) = Service::start("\"https://app.example.com\"");
    for (text, line) in [
        (
            "[cors]\norigins = \"https://evil.example/\"\n",
            "the CORS policy in use stays: the CORS policy has a mistake: origins: `https://evil.example/` is not",
        ),
        (
            "[cors]\norigins = \"*\"\ncredentials = true\n",
            "list the origins with `origins = [\"https://app.example.com\"]`, or leave `credentials = true` out",
        ),
        ("[cors]\norigins = \n", "the CORS policy in use stays: "),
        ("", "the CORS policy in use stays: "),
    ] {
        service.replace_file(text);
        service.line_with(line);
        assert!(readable(server, APP).await, "{text}");
        assert!(!readable(server, EVIL).await, "{text}");
    }
    fs::remove_file(service.file()).expect("a file");
    service.line_with("not found");
    assert!(readable(server, APP).await);
    service.replace_file("[cors]\norigins = \"*\"\n");
    service.line_with("the CORS policy is replaced");
    let any = server.get_from(EVIL, "/").await;
    assert_eq!(any.header("access-control-allow-origin"), Some("*"));
}

/// Kubernetes mounts a configuration as a link to a link, and replaces the inner one.
#[tokio::test]
async fn a_replaced_link_replaces_the_policy() {
    use std::os::unix::fs::symlink;

    let (mut service, server) = Service::start("\"https://app.example.com\"");
    let link = |target: &str, name: &str| {
        let link = service.directory.path().join(name);
        symlink(target, link).expect("a link");
    };
    let version = |name: &str, origin: &str| {
        let directory = service.directory.path().join(name);
        fs::create_dir(&directory).expect("a directory");
        let text = format!("[cors]\norigins = \"{origin}\"\n");
        fs::write(directory.join("service.toml"), text).expect("space for it");
    };
    version("..1", APP);
    version("..2", EVIL);
    link("..1", "..data");
    fs::remove_file(service.file()).expect("a file");
    link("..data/service.toml", "service.toml");
    link("..2", "..new");
    let path = |name: &str| -> PathBuf { Path::new(service.directory.path()).join(name) };
    fs::rename(path("..new"), path("..data")).expect("the same directory");
    // Each of these steps is an event, and the last one shows the last version.
    while !readable(server, EVIL).await {
        service.line_with("read ");
    }
    assert!(!readable(server, APP).await);
}

#[cfg(unix)]
#[tokio::test]
async fn a_hangup_reads_the_file_again() {
    // The file is outside the directory that is watched, so only the signal can lead to it.
    let elsewhere = tempfile::tempdir().expect("a directory");
    let real = elsewhere.path().join("service.toml");
    fs::write(&real, "[cors]\norigins = \"https://app.example.com\"\n").expect("space for it");
    let directory = tempfile::tempdir().expect("a directory");
    let link = directory.path().join("service.toml");
    std::os::unix::fs::symlink(&real, link).expect("a link");
    let (mut service, server) = Service::start_in(directory);
    assert!(readable(server, APP).await && !readable(server, EVIL).await);

    fs::write(&real, "[cors]\norigins = \"https://evil.example\"\n").expect("space for it");
    service.hang_up();
    service.line_with("the CORS policy is replaced");
    assert!(readable(server, EVIL).await && !readable(server, APP).await);
    fs::write(&real, "[cors]\norigins = \"nonsense\"\n").expect("space for it");
    service.hang_up();
    service.line_with("origins: `nonsense`");
    assert!(readable(server, EVIL).await && !readable(server, APP).await);
}
