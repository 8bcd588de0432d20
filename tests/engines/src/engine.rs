//! The engines, and how each is started.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};
use tower_cors::testing::Profile;

use crate::console::{self, Console};
use crate::network::{ATTACKER, NAMES_FILE, ReachedBy, Serving};
use crate::process::Process;
use crate::{Network, Page};

/// An engine that runs without a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// Chromium, from the Debian package `chromium`.
    Chromium,
    /// Firefox, from the Debian package `firefox-esr`.
    Firefox,
    /// WebKitGTK's own browser, from the Debian package `libwebkit2gtk-4.1-0`, in a frame buffer of `xvfb`.
    WebKit,
}

/// A running engine with its page open. It ends when it is dropped, and its profile goes with it.
#[derive(Debug)]
pub struct Session {
    /// The page that it shows.
    pub page: Page,
    /// What it says of its version.
    pub version: String,
    /// What it prints in its console, if it was [opened](Engine::open_with_console) so.
    pub console: Option<Console>,
    // Dropped in this order: nothing writes into the profile that is removed.
    _processes: Vec<Process>,
    profile: TempDir,
    _serving: Vec<Serving>,
    _turn: MutexGuard<'static, ()>,
}

impl Session {
    /// Lets all names lead from the attacker to the service, as an attacker's name server does.
    ///
    /// # Panics
    ///
    /// Where the profile cannot be written.
    pub fn rebind(&self) {
        write_names(self.profile.path(), "127.0.0.1");
    }
}

/// Engines take turns, for two at once make one another slow.
static TURN: Mutex<()> = Mutex::const_new(());

impl Engine {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// How it is known to differ from the standard.
    pub fn profile(self) -> Profile {
        match self {
            Self::Chromium => Profile::chromium(),
            Self::Firefox => Profile::firefox(),
            Self::WebKit => Profile::webkit(),
        }
    }

    /// Starts it with an empty profile in this network.
    ///
    /// # Panics
    ///
    /// Where it is missing, or opens no page.
    pub async fn open(self, network: Network) -> Session {
        self.start(network, false).await
    }

    /// The same, with a console that can be read.
    ///
    /// # Panics
    ///
    /// Where it is missing, opens no page, or has no console.
    pub async fn open_with_console(self, network: Network) -> Session {
        self.start(network, true).await
    }

    async fn start(self, mut network: Network, with_console: bool) -> Session {
        let turn = TURN.lock().await;
        let profile = tempfile::Builder::new()
            .prefix("tower-cors-engine-")
            .tempdir()
            .expect("a directory for the profile");
        let mut processes = Vec::new();
        let url = network.page.first();
        let mut command = match self {
            Self::Chromium => chromium(&network, profile.path()),
            Self::Firefox => firefox(&network, profile.path()),
            Self::WebKit => {
                let (screen, display) = screen(profile.path()).await;
                processes.push(screen);
                webkit(&network, profile.path(), &display)
            }
        };
        if with_console {
            console::ask_for(self, &mut command, profile.path());
        }
        // What it puts aside goes with its profile, for it is killed and tidies nothing up.
        command.env("TMPDIR", profile.path());
        let version = self.version(&command);
        let output = profile.path().join("output");
        let mut engine = Process::start(command.arg(url), &output)
            .unwrap_or_else(|error| panic!("{self} does not start: {error}"));
        let is_open = network.page.is_open().await;
        assert!(
            is_open,
            "{self} opened no page; it {}, and said\n{}",
            if engine.is_running() { "runs" } else { "ended" },
            fs::read_to_string(&output).unwrap_or_default(),
        );
        let console = if with_console {
            Some(Console::open(self, profile.path(), output).await)
        } else {
            None
        };
        // The engine ends before its screen does.
        processes.insert(0, engine);
        Session {
            page: network.page,
            version,
            console,
            _processes: processes,
            profile,
            _serving: network.serving,
            _turn: turn,
        }
    }

    fn version(self, command: &Command) -> String {
        let mut asking = Command::new(command.get_program());
        asking.arg("--version").stderr(Stdio::null());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                asking.env(name, value);
            }
        }
        let output = asking.output();
        let output = output.unwrap_or_else(|error| panic!("{self} does not start: {error}"));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// # Panics
///
/// Where it is missing.
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| {
            panic!("{name} is missing, so nothing was tested; on Debian: apt-get install {package}")
        })
}

pub(crate) fn chromium(network: &Network, profile: &Path) -> Command {
    let mut command = Command::new(program("chromium", "chromium"));
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ]);
    match network.reached_by {
        ReachedBy::Proxy | ReachedBy::ProxyWithTls => {
            command.arg(format!("--proxy-server=http://{}", network.address));
            // Also what is on the loopback.
            command.arg("--proxy-bypass-list=<-loopback>");
        }
        ReachedBy::Name | ReachedBy::ChangingName => {
            command.arg("--no-proxy-server");
            command.arg("--host-resolver-rules=MAP * 127.0.0.1");
        }
    }
    if let Some(authority) = &network.authority {
        authority.add_to(&profile.join(".pki/nssdb"));
    }
    command.arg(format!("--user-data-dir={}", profile.display()));
    command.env("HOME", profile);
    command
}

pub(crate) fn firefox(network: &Network, profile: &Path) -> Command {
    let port = network.address.port();
    let way = match network.reached_by {
        ReachedBy::Proxy | ReachedBy::ProxyWithTls => format!(
            r#"user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", {port});
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", {port});
user_pref("network.proxy.no_proxies_on", "");
user_pref("network.proxy.allow_hijacking_localhost", true);
"#
        ),
        ReachedBy::Name => r#"user_pref("network.proxy.type", 0);
user_pref("network.dns.forceResolve", "127.0.0.1");
"#
        .to_owned(),
        ReachedBy::ChangingName => r#"user_pref("network.proxy.type", 0);
user_pref("network.trr.mode", 5);
user_pref("network.dnsCacheExpiration", 0);
user_pref("network.dnsCacheExpirationGracePeriod", 0);
"#
        .to_owned(),
    };
    // After a WebSocket was rejected, the next one to the host would wait.
    let preferences = format!(
        r#"{way}user_pref("network.websocket.delay-failed-reconnects", false);
user_pref("dom.security.https_first", false);
user_pref("network.http.rcwn.enabled", false);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.aboutwelcome.enabled", false);
"#
    );
    fs::write(profile.join("user.js"), preferences).expect("the profile can be written");
    if let Some(authority) = &network.authority {
        authority.add_to(profile);
    }
    let mut command = Command::new(program("firefox-esr", "firefox-esr"));
    command
        .args(["--headless", "--no-remote", "--profile"])
        .arg(profile)
        .env("HOME", profile);
    if network.reached_by == ReachedBy::ChangingName {
        write_names(profile, ATTACKER);
        command
            .env("LD_PRELOAD", name_resolver())
            .env("NSS_WRAPPER_HOSTS", profile.join(NAMES_FILE));
    }
    command
}

/// Writes where all names lead.
fn write_names(profile: &Path, address: &str) {
    let names = NAMES.map(|name| format!("{address} {name}\n"));
    fs::write(profile.join(NAMES_FILE), names.concat()).expect("the profile can be written");
}

/// WebKitGTK has no headless mode: an X server without a screen, and its display.
pub(crate) async fn screen(profile: &Path) -> (Process, String) {
    let output = profile.join("display");
    let mut command = Command::new(program("Xvfb", "xvfb"));
    // It finds a free display by itself, and says which when it is ready.
    command.args(["-displayfd", "1", "-nolisten", "tcp"]);
    let mut screen = Process::start(&command, &output)
        .unwrap_or_else(|error| panic!("Xvfb does not start: {error}"));
    loop {
        let said = fs::read_to_string(&output).unwrap_or_default();
        let display = said
            .split_inclusive('\n')
            .find_map(|line| line.strip_suffix('\n')?.parse::<u32>().ok());
        if let Some(display) = display {
            return (screen, format!(":{display}"));
        }
        assert!(screen.is_running(), "Xvfb ended, and said\n{said}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn webkit(network: &Network, profile: &Path, display: &str) -> Command {
    let mut command = Command::new(mini_browser());
    match network.reached_by {
        ReachedBy::Proxy | ReachedBy::ProxyWithTls => {
            command.arg(format!("--proxy=http://{}", network.address));
        }
        ReachedBy::Name | ReachedBy::ChangingName => {
            write_names(profile, "127.0.0.1");
            command
                .env("LD_PRELOAD", name_resolver())
                .env("NSS_WRAPPER_HOSTS", profile.join(NAMES_FILE))
                .env("GIO_USE_PROXY_RESOLVER", "dummy");
        }
    }
    if network.authority.is_some() {
        // WebKitGTK trusts what the system trusts, and has no other list.
        command.arg("--ignore-tls-errors");
    }
    command
        .env("DISPLAY", display)
        .env("HOME", profile)
        .env("XDG_DATA_HOME", profile)
        .env("XDG_CACHE_HOME", profile)
        .env("XDG_CONFIG_HOME", profile)
        .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
    command
}

/// The names that resolve to the loopback in WebKit, which has no setting for all names.
const NAMES: [&str; 3] = ["stranger.test", "app.shop.test", "api.shop.test"];

/// A library that reads the addresses of names from a file.
fn name_resolver() -> PathBuf {
    fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .map(|directory| directory.path().join("libnss_wrapper.so"))
        .find(|library| File::open(library).is_ok())
        .unwrap_or_else(|| {
            panic!(
                "libnss_wrapper.so is missing, so nothing was tested; on Debian: apt-get install libnss-wrapper"
            )
        })
}

/// It is no command but lies beside the library, in the directory of the machine's architecture.
fn mini_browser() -> PathBuf {
    fs::read_dir("/usr/lib")
        .into_iter()
        .flatten()
        .flatten()
        .map(|directory| directory.path().join("webkit2gtk-4.1/MiniBrowser"))
        .find(|program| File::open(program).is_ok())
        .unwrap_or_else(|| {
            panic!(
                "WebKit's MiniBrowser is missing, so nothing was tested; on Debian: apt-get install libwebkit2gtk-4.1-0 xvfb"
            )
        })
}
