//! A process of the example.

use std::io::{BufRead, BufReader};
use std::process::{ChildStdout, Stdio};

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN};
use http::{Method, StatusCode};

use crate::supervised::Supervised;
use crate::support::{Answer, Server};

/// A running process, killed when it is dropped.
pub(crate) struct Replica {
    _process: Supervised,
    /// Kept open, so that the process can print.
    _output: BufReader<ChildStdout>,
    pub(crate) api: Server,
    pub(crate) admin: Server,
}

impl Replica {
    /// Starts a process on this database, and waits until it listens.
    pub(crate) fn start(database: &str, max_age: u64) -> Self {
        Self::start_with(database, &[("MAX_AGE", &max_age.to_string())])
    }

    /// The same with other settings too.
    pub(crate) fn start_with(database: &str, settings: &[(&str, &str)]) -> Self {
        let mut process = Supervised::start(
            Supervised::command("KILL", env!("CARGO_BIN_EXE_tower-cors-example-tenants"))
                .env("DATABASE_URL", database)
                .env_remove("ANNOUNCEMENTS_URL")
                .env_remove("LOG_INTERVAL")
                .env_remove("CAPACITY")
                .envs(settings.iter().copied())
                .env_remove("PORT")
                .env_remove("ADMIN_PORT")
                .stdout(Stdio::piped()),
        );
        let mut output = BufReader::new(process.output());
        let mut line = String::new();
        output.read_line(&mut line).expect("text");
        let mut addresses = line.split("http://").skip(1).map(|rest| {
            let address = rest.split(',').next().and_then(|text| text.parse().ok());
            Server::at(address.unwrap_or_else(|| panic!("no address in {line:?}")))
        });
        let (Some(api), Some(admin)) = (addresses.next(), addresses.next()) else {
            panic!("the example does not say where it listens: {line:?}");
        };
        Self {
            _process: process,
            _output: output,
            api,
            admin,
        }
    }

    /// A preflight that a browser sends to the host of a tenant.
    pub(crate) async fn preflight(&self, tenant: &str, origin: &str) -> Answer {
        let headers = [
            (HOST, tenant),
            (ORIGIN, origin),
            (ACCESS_CONTROL_REQUEST_METHOD, "PUT"),
        ];
        self.api.send(Method::OPTIONS, "/", &headers).await
    }

    /// A page's GET of the host of a tenant.
    pub(crate) async fn get(&self, tenant: &str, origin: &str) -> Answer {
        let headers = [(HOST, tenant), (ORIGIN, origin)];
        self.api.send(Method::GET, "/", &headers).await
    }

    /// The value of a metric, by its name and labels as Prometheus reads them.
    pub(crate) async fn metric(&self, series: &str) -> Option<f64> {
        let answer = self.admin.get("/metrics").await;
        let value = answer.text().lines().find_map(|line| {
            let value = line.strip_prefix(series)?.strip_prefix(' ')?;
            value.parse().ok()
        });
        value
    }

    pub(crate) async fn allow(&self, tenant: &str, origin: &str) {
        self.administer(Method::PUT, tenant, origin).await;
    }

    pub(crate) async fn revoke(&self, tenant: &str, origin: &str) {
        self.administer(Method::DELETE, tenant, origin).await;
    }

    async fn administer(&self, method: Method, tenant: &str, origin: &str) {
        let path = format!("/tenants/{tenant}/origins/{origin}");
        let answer = self.admin.send(method, &path, &[]).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    }
}
