//! What engines send as `Origin`, for pages that the site of the other tests does not have.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::process::Process;
use crate::{Engine, Network, engine};

/// How long an engine may take to send one request after its start.
const PATIENCE: Duration = Duration::from_secs(120);

/// A proxy that serves a page on every host, also on those that no HTTP library reads, and records the `Origin` that the
/// page sends to another host.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    recorded: Recorded,
    _serving: JoinHandle<()>,
}

/// The `Origin` of each page, by the page's number.
type Recorded = Arc<Mutex<HashMap<String, String>>>;

/// It asks for a URL of another host, and says in its title and to its parent that it has.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script>
  const id = new URLSearchParams(location.search).get("id") || location.hash.slice(1);
  parent.postMessage("started " + id, "*");
  fetch("http://recorder.test/record?id=" + id).catch(() => {}).finally(() => {
    document.title = "done " + id;
    parent.postMessage("ended " + id, "*");
  });
</script>"#;

impl Recorder {
    /// Starts a recorder, and the network whose engine reaches it.
    ///
    /// # Panics
    ///
    /// If the loopback has no free port.
    pub async fn start() -> (Self, Network) {
        let mut network = Network::start(Router::new()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let recorded = Recorded::default();
        let (log, driver) = (Arc::clone(&recorded), network.address);
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                // An engine may close a connection at any time.
                tokio::spawn(async move { answer(connection, driver, &log).await.ok() });
            }
        });
        network.address = address;
        let recorder = Self {
            address,
            recorded,
            _serving: serving,
        };
        (recorder, network)
    }

    /// Returns the origin that the page of this number sent, or `None` if it sent no request.
    pub fn recorded(&self, number: &str) -> Option<String> {
        let recorded = self.recorded.lock();
        let recorded = recorded.unwrap_or_else(PoisonError::into_inner);
        recorded.get(number).cloned()
    }

    async fn wait_for(&self, number: &str) -> Option<String> {
        let recorded = async {
            loop {
                if let Some(origin) = self.recorded(number) {
                    return origin;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, recorded).await.ok()
    }
}

/// Answers one request. Every response closes its connection, so that it carries requests to one host only.
async fn answer(
    mut connection: TcpStream,
    driver: SocketAddr,
    recorded: &Recorded,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if connection.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let line = text.lines().next().unwrap_or_default();
    let target = line.split(' ').nth(1).unwrap_or_default();
    let (status, kind, body) = if line.starts_with("CONNECT ") {
        ("403 Forbidden", "text/plain", "")
    } else if target.contains("/recorded?") {
        ("200 OK", "text/html", PAGE)
    } else if let Some((_, id)) = target.split_once("/record?id=") {
        let origin = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("origin").then(|| value.trim())
        });
        let mut recorded = recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.insert(id.to_owned(), origin.unwrap_or("none").to_owned());
        ("200 OK", "text/plain", "")
    } else {
        // The page of the tests is the driver's.
        let mut driver = TcpStream::connect(driver).await?;
        let first = line.len() + "\r\n".len();
        driver.write_all(&head[..first]).await?;
        driver.write_all(b"Connection: close\r\n").await?;
        let kept = text[first..].split_inclusive("\r\n").filter(|line| {
            let name = line.split(':').next().unwrap_or_default();
            !name.eq_ignore_ascii_case("connection")
                && !name.eq_ignore_ascii_case("proxy-connection")
        });
        driver
            .write_all(kept.collect::<String>().as_bytes())
            .await?;
        copy_bidirectional(&mut connection, &mut driver).await?;
        return Ok(());
    };
    let response = format!(
        "HTTP/1.1 {status}\r\nAccess-Control-Allow-Origin: *\r\nCache-Control: no-store\r\nConnection: close\r\n\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(response.as_bytes()).await?;
    connection.shutdown().await
}

/// Opens a frame for each page, all at once, and waits until they have sent their request. `how` is the kind of the frame.
const OPEN_FRAMES: &str = r#"
    const said = new Set();
    addEventListener("message", (event) => said.add(event.data));
    const sleep = (time) => new Promise((done) => setTimeout(done, time));
    const until = async (word, patience) => {
      for (const end = Date.now() + patience; !said.has(word) && Date.now() < end;) await sleep(10);
      return said.has(word);
    };
    const template = await (await fetch(new URL("/recorded?id=0", location))).text();
    const open = async ({ number, how, page }) => {
      const frame = document.createElement("iframe");
      const html = template.replace(/const id = .*/, `const id = "${number}";`);
      if (how === "frame" || how === "sandboxed frame") {
        try { new URL(page); } catch { return; }
        frame.src = page + "/recorded?id=" + number;
      } else if (how === "srcdoc frame") {
        frame.srcdoc = html;
      } else {
        frame.src = how === "data frame"
          ? "data:text/html," + encodeURIComponent(html)
          : URL.createObjectURL(new Blob([html], { type: "text/html" }));
      }
      if (how === "sandboxed frame") frame.sandbox = "allow-scripts";
      document.body.append(frame);
      // What the engine rejects after it has read the URL, such as port 0, starts no page and reports nothing.
      if (await until("started " + number, 20000)) await until("ended " + number, 60000);
      frame.remove();
    };
    await Promise.all(argument.map(open));
"#;

/// A page to record.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Its number.
    pub number: String,
    /// How it is opened, such as `frame`.
    pub how: String,
    /// The start of its URL, as someone types it.
    pub page: String,
}

/// Opens pages in frames of a page of `http://stranger.test`. Returns the origins that they sent, `None` for what opened no
/// page, and the version of the engine.
pub async fn record_frames(engine: Engine, pages: &[Recording]) -> (Vec<Option<String>>, String) {
    let (recorder, network) = Recorder::start().await;
    let session = engine.open(network).await;
    let argument: Vec<Value> = pages
        .iter()
        .map(|page| json!({ "number": page.number, "how": page.how, "page": page.page }))
        .collect();
    session.page.run(OPEN_FRAMES, &argument.into()).await;
    let origins = pages.iter().map(|page| recorder.recorded(&page.number));
    (origins.collect(), session.version.clone())
}

/// Opens pages in an app shell of WebKitGTK that serves their schemes itself, as Tauri does on Linux.
///
/// # Panics
///
/// If the shell does not start.
pub async fn record_shell(pages: &[Recording]) -> Vec<Option<String>> {
    let (recorder, _network) = Recorder::start().await;
    let profile = profile();
    fs::write(profile.path().join("page.html"), PAGE).expect("the profile can be written");
    let (_screen, display) = engine::screen(profile.path()).await;
    let mut shell = Command::new(engine::program("python3", "python3"));
    shell
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/webkit_shell.py"))
        .arg(format!("http://{}", recorder.address))
        .arg(profile.path().join("page.html"))
        .args(
            pages
                .iter()
                .map(|page| format!("{}#{}", page.page, page.number)),
        )
        .env("DISPLAY", display)
        .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
    for directory in [
        "HOME",
        "TMPDIR",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
    ] {
        shell.env(directory, profile.path());
    }
    let output = profile.path().join("output");
    let mut process = Process::start(&shell, &output).expect("the shell starts");
    let ended = async {
        while process.is_running() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, ended).await;
    let said = fs::read_to_string(output).unwrap_or_default();
    assert!(
        ended.is_ok() && said.trim_end().ends_with("done"),
        "the shell did not open all pages; it said\n{said}"
    );
    pages
        .iter()
        .map(|page| recorder.recorded(&page.number))
        .collect()
}

/// Starts an engine with a page of its own: a local file (`file`, or `file with access` for one that may read others), or
/// the background page of an extension (`extension`). Returns the origin that it sent.
///
/// # Panics
///
/// If the engine does not start, or cannot be asked for this.
pub async fn record_start(engine: Engine, how: &str) -> Option<String> {
    let (recorder, network) = Recorder::start().await;
    let profile = profile();
    let page = profile.path().join("page.html");
    fs::write(&page, PAGE).expect("the profile can be written");
    let mut command = match engine {
        Engine::Chromium => engine::chromium(&network, profile.path()),
        Engine::Firefox => engine::firefox(&network, profile.path()),
        Engine::WebKit => panic!("a page of WebKit's own is opened by the shell"),
    };
    match (engine, how) {
        (_, "file") => {}
        (Engine::Chromium, "file with access") => {
            command.arg("--allow-file-access-from-files");
        }
        (Engine::Chromium, "extension") => {
            let extension = write_extension(&profile.path().join("extension"), 3);
            command.arg("--disable-features=DisableLoadExtensionCommandLineSwitch");
            command.arg(format!("--load-extension={extension}"));
        }
        (Engine::Firefox, "extension") => install_in_firefox(profile.path()),
        (engine, how) => panic!("{engine} has no {how}"),
    }
    let url = if how == "extension" {
        "http://stranger.test/recorded?id=other".to_owned()
    } else {
        format!("file://{}#1", page.display())
    };
    let output = profile.path().join("output");
    let _process = Process::start(command.arg(url), &output).expect("the engine starts");
    recorder.wait_for("1").await
}

fn profile() -> TempDir {
    tempfile::Builder::new()
        .prefix("tower-cors-engine-")
        .tempdir()
        .expect("a directory for the profile")
}

/// Writes an extension without permissions, whose background page asks for a URL. Returns its directory.
fn write_extension(directory: &Path, manifest_version: u8) -> String {
    let background = match manifest_version {
        3 => json!({ "service_worker": "background.js" }),
        _ => json!({ "scripts": ["background.js"] }),
    };
    let manifest = json!({
        "manifest_version": manifest_version,
        "name": "Recorded",
        "version": "1",
        "background": background,
        "browser_specific_settings": { "gecko": { "id": EXTENSION } },
    });
    fs::create_dir_all(directory).expect("the profile can be written");
    let write = |name, text: &str| {
        fs::write(directory.join(name), text).expect("the profile can be written");
    };
    write("manifest.json", &manifest.to_string());
    write(
        "background.js",
        r#"fetch("http://recorder.test/record?id=1").catch(() => {});"#,
    );
    directory.display().to_string()
}

const EXTENSION: &str = "recorded@stranger.test";

/// Leaves an extension where Firefox looks for it when it starts: a file with the name of its directory.
fn install_in_firefox(profile: &Path) {
    // Its third manifest version would ask for the URL over TLS.
    let extension = write_extension(&profile.join("extension"), 2);
    fs::create_dir(profile.join("extensions")).expect("the profile can be written");
    let archive = profile.join("extensions").join(format!("{EXTENSION}.xpi"));
    let zipped = Command::new(engine::program("python3", "python3"))
        .args(["-m", "zipfile", "-c"])
        .arg(archive)
        .arg(format!("{extension}/manifest.json"))
        .arg(format!("{extension}/background.js"))
        .status();
    assert!(zipped.is_ok_and(|status| status.success()), "no archive");
    let preferences = profile.join("user.js");
    let more = r#"user_pref("xpinstall.signatures.required", false);
user_pref("extensions.autoDisableScopes", 0);
"#;
    let all = fs::read_to_string(&preferences).expect("the preferences were written") + more;
    fs::write(preferences, all).expect("the profile can be written");
}
