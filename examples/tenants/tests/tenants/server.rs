//! A PostgreSQL server of a test's own, in a temporary directory and on a socket there.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

use crate::supervised::Supervised;

const MISSING: &str =
    "PostgreSQL is missing, so nothing was tested; on Debian: apt-get install postgresql";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, stopped and removed when it is dropped.
pub(crate) struct PostgreSql {
    // Before the directory, for it is dropped first.
    process: Option<Supervised>,
    programs: PathBuf,
    directory: TempDir,
}

impl PostgreSql {
    pub(crate) async fn start() -> Self {
        let mut server = Self {
            process: None,
            programs: programs(),
            directory: TempDir::new().expect("a temporary directory"),
        };
        if let Some((user, group)) = other_user() {
            chown(server.directory.path(), Some(user), Some(group)).expect("root may do this");
        }
        let made = server
            .in_directory(&mut Command::new(server.programs.join("initdb")))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C", "--no-sync", "--pgdata=data"])
            .output()
            .expect("initdb starts");
        assert!(made.status.success(), "{made:?}");
        server.run().await;
        server
    }

    /// Starts the server on the data that it has.
    pub(crate) async fn run(&mut self) {
        let log = File::create(self.log()).expect("a log");
        // QUIT lets the server end without writing what is in memory, and still take its children along.
        let mut command = Supervised::command("QUIT", self.programs.join("postgres"));
        command
            .args(["-D", "data", "-c", "listen_addresses="])
            .args(["-c", "fsync=off", "-k"])
            .arg(self.directory.path())
            .stdout(Stdio::null())
            .stderr(log);
        self.process = Some(Supervised::start(self.in_directory(&mut command)));
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = PgConnection::connect(&self.url()).await {
            assert!(
                Instant::now() < deadline,
                "PostgreSQL is not ready after {PATIENCE:?}: {error}\n{}",
                fs::read_to_string(self.log()).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops the server as a crash would, and keeps its data.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }

    pub(crate) fn url(&self) -> String {
        let directory = self.directory.path().display();
        format!("postgres://postgres@localhost/postgres?host={directory}")
    }

    /// A connection of the test's own.
    pub(crate) async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url())
            .await
            .expect("the server is ready")
    }

    /// The socket of the server, for a proxy.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join(".s.PGSQL.5432")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// Lets a program run in the directory and as its owner, for PostgreSQL rejects to run as root.
    fn in_directory<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some((user, group)) = other_user() {
            command.uid(user).gid(group);
        }
        command.current_dir(self.directory.path())
    }
}

/// Where the programs of the newest PostgreSQL are: in Debian's place, or in the search path.
fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, directory)| has_programs(directory))
        .collect();
    versions.sort();
    let newest = versions.pop().map(|(_, directory)| directory);
    newest
        .or_else(|| {
            let search_path = std::env::var_os("PATH")?;
            std::env::split_paths(&search_path).find(|directory| has_programs(directory))
        })
        .expect(MISSING)
}

fn has_programs(directory: &Path) -> bool {
    ["initdb", "postgres"]
        .iter()
        .all(|program| directory.join(program).is_file())
}

/// The user `postgres` and its group, if the test runs as root.
fn other_user() -> Option<(u32, u32)> {
    let own = fs::metadata("/proc/self").expect("a Linux system").uid();
    (own == 0).then(|| (id("-u"), id("-g")))
}

fn id(option: &str) -> u32 {
    let output = Command::new("id").args([option, "postgres"]).output();
    let output = output.expect("`id` starts");
    let text = String::from_utf8(output.stdout).expect("a number");
    text.trim().parse().expect(MISSING)
}
