//! A caching proxy of Debian's packages, on a Unix socket.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

/// How long a proxy may take until it listens, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running proxy, stopped when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    process: Child,
    /// Its sockets, its cache and its log.
    directory: TempDir,
}

impl Proxy {
    /// Varnish, which compiles its configuration and so needs a C compiler.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub async fn varnish() -> Self {
        let directory = directory();
        let at = |name: &str| directory.path().join(name);
        // What it would not keep anyway is its own affair; that it asks again instead of waiting is what is tested.
        let configuration = format!(
            "vcl 4.1;\nbackend service {{ .path = \"{}\"; }}\n\
             sub vcl_backend_response {{ set beresp.keep = 60s; }}\n",
            at("service").display()
        );
        fs::write(at("vcl"), configuration).expect("a file");
        let mut command = Command::new("varnishd");
        command.args(["-F", "-j", "none", "-s", "malloc,32m", "-n"]);
        command.arg(at("varnish")).arg("-f").arg(at("vcl"));
        command.arg("-a").arg(at("front"));
        Self::start("varnish", command, directory).await
    }

    /// nginx.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub async fn nginx() -> Self {
        let directory = directory();
        let path = directory.path().display().to_string();
        let temporary: String = ["client_body", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {path}/{kind};"))
            .concat();
        let configuration = format!(
            "daemon off; pid {path}/pid; error_log stderr; worker_processes 1;\n\
             events {{}}\n\
             http {{\n\
               access_log off; {temporary}\n\
               proxy_temp_path {path}/proxy; proxy_cache_path {path}/cache keys_zone=shared:1m;\n\
               server {{\n\
                 listen unix:{path}/front;\n\
                 location / {{\n\
                   proxy_pass http://unix:{path}/service:; proxy_http_version 1.1;\n\
                   proxy_set_header Connection \"\"; proxy_force_ranges on; proxy_cache shared; proxy_cache_key $request_uri;\n\
                   proxy_cache_revalidate on; proxy_cache_background_update on;\n\
                   proxy_cache_use_stale updating;\n\
                 }}\n\
               }}\n\
             }}\n"
        );
        // Its worker would otherwise be another user, who cannot enter the directory.
        let user = if is_root() { "user root;\n" } else { "" };
        let file = directory.path().join("nginx.conf");
        fs::write(&file, format!("{user}{configuration}")).expect("a file");
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-p"]).arg(directory.path());
        command.arg("-c").arg(file);
        Self::start("nginx", command, directory).await
    }

    /// Where the service is to listen.
    pub fn service(&self) -> PathBuf {
        self.directory.path().join("service")
    }

    /// Where the proxy listens.
    pub fn front(&self) -> PathBuf {
        self.directory.path().join("front")
    }

    async fn start(package: &str, mut command: Command, directory: TempDir) -> Self {
        let log = directory.path().join("log");
        let output = fs::File::create(&log).expect("a file");
        let errors = output.try_clone().expect("a file");
        let started = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn();
        let process = started.unwrap_or_else(|error| {
            panic!(
                "{} does not start, install Debian's package {package}: {error}",
                command.get_program().display()
            )
        });
        let mut proxy = Self { process, directory };
        let deadline = Instant::now() + PATIENCE;
        while UnixStream::connect(proxy.front()).await.is_err() {
            let ended = proxy.process.try_wait().expect("a child");
            if ended.is_some() || Instant::now() > deadline {
                let said = fs::read_to_string(&log).unwrap_or_default();
                panic!("{package} does not listen: {ended:?}\n{said}");
            }
            sleep(Duration::from_millis(20)).await;
        }
        proxy
    }
}

/// Short, for the path of a socket may have 108 bytes.
fn directory() -> TempDir {
    tempfile::Builder::new()
        .prefix("cors")
        .tempdir_in(Path::new("/tmp"))
        .expect("a directory")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Asked to, they end their workers too; errors say that one has ended by itself.
        let id = self.process.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.process.wait();
    }
}
