//! A Prometheus of a test's own.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::replica::Replica;
use crate::supervised::Supervised;
use crate::support::Server;

pub(crate) const MISSING: &str =
    "Prometheus is missing, so nothing was tested; on Debian: apt-get install prometheus";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that reads the metrics of replicas twice a second, with the alerts of the example.
pub(crate) struct Prometheus {
    _process: Supervised,
    _directory: TempDir,
    server: Server,
}

impl Prometheus {
    pub(crate) async fn start(replicas: &[Replica]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let targets: Vec<String> = replicas
            .iter()
            .map(|replica| format!("'{}'", &replica.admin.url("", "")[3..]))
            .collect();
        let alerts = Path::new(env!("CARGO_MANIFEST_DIR")).join("operations/alerts.yml");
        let configuration = format!(
            "global: {{ scrape_interval: 500ms, evaluation_interval: 500ms }}\n\
             rule_files: ['{}']\n\
             scrape_configs:\n  - job_name: tenants\n    static_configs: [{{ targets: [{}] }}]\n",
            alerts.display(),
            targets.join(", ")
        );
        let file = directory.path().join("prometheus.yml");
        fs::write(&file, configuration).expect("a file");
        let address = free_address();
        let mut command = Supervised::command("KILL", "/usr/bin/prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stdout(Stdio::null());
        assert!(Path::new("/usr/bin/prometheus").exists(), "{MISSING}");
        let process = Supervised::start(&mut command);
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = TcpStream::connect(address) {
            assert!(
                Instant::now() < deadline,
                "Prometheus is not ready: {error}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let server = Server::at(address);
        // It listens before it has read its rules.
        while server.get("/-/ready").await.status != 200 {
            assert!(Instant::now() < deadline, "Prometheus is not ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self {
            _process: process,
            _directory: directory,
            server,
        }
    }

    /// The values that an expression has now.
    pub(crate) async fn values(&self, expression: &str) -> Vec<f64> {
        let mut query = String::new();
        for byte in expression.bytes() {
            query += &format!("%{byte:02X}");
        }
        let data = self.get(&format!("/api/v1/query?query={query}")).await;
        let series = data["result"].as_array().expect("a list");
        let values = series.iter().map(|series| {
            let text = series["value"][1].as_str().expect("a value");
            text.parse().expect("a number")
        });
        values.collect()
    }

    /// The alerts that it has loaded.
    pub(crate) async fn alerts(&self) -> Vec<Value> {
        let data = self.get("/api/v1/rules").await;
        let rules = data["groups"][0]["rules"].as_array();
        rules.expect("a list").clone()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.server.get(path).await;
        let mut answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        answer["data"].take()
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}
