//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use http::HeaderMap;
use url::Url;

mod values;

use values::{headers, method_of, page, resolve, server_url, timeout};

use crate::advice::Server;
use crate::engine::Engine;
use crate::message::Message;

/// Sends a server what a browser would send for a page, and explains what the page gets and who has to change what.
///
/// The request is really sent, with its method. Ask for something that may be done once, or use --preflight-only.
#[derive(Parser, Debug)]
#[command(
    name = "check",
    override_usage = "check [OPTIONS] PAGE [METHOD] URL\n       check [OPTIONS] --message TEXT [PAGE [METHOD] URL]\n       check [OPTIONS] PAGE [METHOD] --via URL --direct URL",
    after_help = "Exit codes: 0 the page can read the response, or nothing was found; 1 it cannot, or something was found;\n\
                  2 wrong use, and nothing was sent; 3 no response came, or a rate limit stopped the audit, so nothing is known."
)]
struct Line {
    /// The URL of the page, such as https://app.example.com, or `null` for a sandboxed frame
    #[arg(required_unless_present = "message")]
    page: Option<String>,
    /// The method (if it is not given, GET, or POST with --data) and the URL that the page requests
    #[arg(value_name = "METHOD URL", num_args = 0..=2)]
    request: Vec<String>,
    /// The message of the browser's console; PAGE and URL can be left out if it names them
    #[arg(short, long, value_name = "TEXT", conflicts_with_all = ["audit", "via"])]
    message: Option<String>,
    /// A header that the page sets, such as 'content-type: application/json'
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The body of the request
    #[arg(short, long, value_name = "TEXT", conflicts_with = "audit")]
    data: Option<String>,
    /// Send the request with cookies, as `credentials: "include"` does
    #[arg(short, long)]
    credentials: bool,
    /// A cookie of the server, such as 'session=1'; implies --credentials
    #[arg(long, value_name = "NAME=VALUE")]
    cookie: Vec<String>,
    /// Send the preflight alone, if the request needs one
    #[arg(long, conflicts_with = "via")]
    preflight_only: bool,
    /// The browser whose behavior decides the verdict; the others are named if they differ
    #[arg(long, value_enum, default_value_t = Engine::Chromium)]
    browser: Engine,
    /// The server whose configuration is shown; by default those that the response names, else all
    #[arg(long, value_enum, value_name = "NAME", conflicts_with = "via")]
    server: Option<ServerChoice>,
    /// Search for origins that the server allows by mistake; for servers that you own
    #[arg(long, conflicts_with_all = ["via", "direct", "preflight_only", "browser"])]
    audit: bool,
    /// Another origin that is meant to be allowed, such as https://*.example.com
    #[arg(long, value_name = "ORIGIN", requires = "audit")]
    allow: Vec<String>,
    /// Do not ask before many requests are sent to a host that is not local
    #[arg(short, long, requires = "audit")]
    yes: bool,
    /// The most requests of an audit
    #[arg(long, value_name = "COUNT", default_value_t = 1000, requires = "audit",
          value_parser = clap::value_parser!(u32).range(1..=5000))]
    max_requests: u32,
    /// The requests of an audit per second [default: 10, and 500 to a local host]
    #[arg(long, value_name = "COUNT", requires = "audit", value_parser = clap::value_parser!(u32).range(1..=500))]
    rate: Option<u32>,
    /// The public URL, to compare with --direct
    #[arg(long, value_name = "URL", requires = "direct")]
    via: Option<String>,
    /// The URL of the same resource behind the proxy: which hop removes or adds a header?
    #[arg(long, value_name = "URL", requires = "via")]
    direct: Option<String>,
    /// A file with certificates (PEM) to trust, as well as those of this machine
    #[arg(long, value_name = "FILE")]
    cacert: Vec<PathBuf>,
    /// Connect to this address for a host and port, such as api.example.com:443:127.0.0.1:8443
    #[arg(long, value_name = "HOST:PORT:ADDRESS[:PORT]")]
    resolve: Vec<String>,
    /// Do not use HTTP/2
    #[arg(long = "http1.1")]
    http1: bool,
    /// The seconds to wait for each answer
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    timeout: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Line {
    /// Asks what the page of a message asks.
    fn fill_in(&mut self, message: &Message) -> Result<(), String> {
        let (Some(origin), Some(url)) = (message.detail("origin"), message.detail("url")) else {
            return Err("the message does not name the page and the URL; help: write them, too: `check --message TEXT PAGE URL`".to_owned());
        };
        self.page = Some(origin.to_owned());
        self.request
            .extend(message.detail("method").map(str::to_owned));
        self.request.push(url.to_owned());
        self.headers.extend(message.header());
        self.credentials |= message.has_credentials();
        Ok(())
    }
}

/// What `--server` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ServerChoice {
    All,
    One(Server),
}

impl ValueEnum for ServerChoice {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [ServerChoice; Server::ALL.len() + 1] = {
            let mut all = [ServerChoice::All; Server::ALL.len() + 1];
            let mut index = 0;
            while index < Server::ALL.len() {
                all[index] = ServerChoice::One(Server::ALL[index]);
                index += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(match self {
            Self::All => "all",
            Self::One(server) => server.key(),
        }))
    }
}

/// The checked arguments of the user.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) page: Page,
    pub(crate) method: String,
    pub(crate) headers: HeaderMap,
    pub(crate) message: Option<Message>,
    pub(crate) data: Option<String>,
    pub(crate) credentials: bool,
    pub(crate) cookies: Vec<String>,
    pub(crate) browser: Engine,
    pub(crate) servers: Servers,
    pub(crate) task: Task,
    pub(crate) cacert: Vec<PathBuf>,
    pub(crate) resolve: Vec<Resolve>,
    pub(crate) http1: bool,
    pub(crate) timeout: Duration,
    pub(crate) json: bool,
}

/// The page that asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Page {
    Url(Url),
    /// A sandboxed frame, or a `data:` URL.
    Opaque,
}

/// Which servers the advice is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Servers {
    /// Those that the response names, otherwise all.
    Named,
    All,
    One(Server),
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Task {
    Fetch {
        url: Url,
        preflight_only: bool,
    },
    Audit {
        url: Url,
        allow: Vec<String>,
        yes: bool,
        max_requests: usize,
        rate: Option<u32>,
    },
    Compare {
        via: Url,
        direct: Url,
    },
}

/// An address for a host and port, instead of what the name says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Resolve {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) address: SocketAddr,
}

/// Why a command line is not run: the text to print, and whether it is what the user asked for (`--help`).
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) text: String,
    pub(crate) is_help: bool,
}

impl From<String> for Stop {
    fn from(text: String) -> Self {
        Self {
            text: format!("error: {text}\n"),
            is_help: false,
        }
    }
}

/// Reads a command line.
pub(crate) fn read(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Asked, Stop> {
    let mut line = Line::try_parse_from(arguments).map_err(|error| Stop {
        text: error.to_string(),
        is_help: !error.use_stderr(),
    })?;
    let message = line.message.as_deref().map(Message::of);
    if let (Some(message), None) = (&message, &line.page) {
        line.fill_in(message)?;
    }
    let page = page(line.page.as_deref().unwrap_or_default())?;
    let default = if line.data.is_some() { "POST" } else { "GET" };
    let (method, url) = match (line.request.as_slice(), &line.via) {
        ([], Some(_)) => (default, None),
        ([method], Some(_)) => (method.as_str(), None),
        (_, Some(_)) => {
            return Err("with --via and --direct there is no other URL; help: write `check PAGE METHOD --via URL --direct URL`"
                .to_owned()
                .into());
        }
        ([url], None) => (default, Some(url)),
        ([method, url], None) => (method.as_str(), Some(url)),
        _ => {
            return Err("the URL that the page requests is missing; help: write `check https://app.example.com PUT https://api.example.com/`"
                .to_owned()
                .into());
        }
    };
    let method = method_of(method)?;
    let credentials = line.credentials || !line.cookie.is_empty();
    let task = match (url, line.via, line.direct) {
        (Some(url), ..) if line.audit => Task::Audit {
            url: server_url(url, &page)?,
            allow: line.allow,
            yes: line.yes,
            max_requests: usize::try_from(line.max_requests).unwrap_or(usize::MAX),
            rate: line.rate,
        },
        (Some(url), ..) => Task::Fetch {
            url: server_url(url, &page)?,
            preflight_only: line.preflight_only,
        },
        (None, Some(via), Some(direct)) => Task::Compare {
            via: server_url(&via, &page)?,
            direct: server_url(&direct, &page)?,
        },
        (None, ..) => {
            return Err("--via needs --direct".to_owned().into());
        }
    };
    let urls = match &task {
        Task::Fetch { .. } => Vec::new(),
        Task::Audit { url, .. } => vec![url],
        Task::Compare { via, direct } => vec![via, direct],
    };
    if urls
        .iter()
        .any(|url| !url.username().is_empty() || url.password().is_some())
    {
        return Err(
            "no page can request a URL with a user name; help: write `-H 'authorization: …'`"
                .to_owned()
                .into(),
        );
    }
    Ok(Asked {
        page,
        method,
        headers: headers(&line.headers)?,
        message,
        data: line.data,
        credentials,
        cookies: line.cookie,
        browser: line.browser,
        servers: match line.server {
            None => Servers::Named,
            Some(ServerChoice::All) => Servers::All,
            Some(ServerChoice::One(server)) => Servers::One(server),
        },
        task,
        cacert: line.cacert,
        resolve: line
            .resolve
            .iter()
            .map(|text| resolve(text))
            .collect::<Result<_, _>>()?,
        http1: line.http1,
        timeout: timeout(&line.timeout)?,
        json: line.json,
    })
}

#[cfg(test)]
mod tests {
    use super::{Asked, Page, Task, read};

    fn line(arguments: &[&str]) -> Result<Asked, String> {
        let arguments = ["check"].iter().chain(arguments).map(Into::into);
        read(arguments).map_err(|stop| stop.text)
    }

    #[test]
    fn the_method_is_get_unless_it_is_given() {
        let page = "https://app.example.com";
        assert_eq!(
            line(&[page, "https://api.example.com"]).unwrap().method,
            "GET"
        );
        assert_eq!(
            line(&[page, "PUT", "https://api.example.com"])
                .unwrap()
                .method,
            "PUT"
        );
    }

    #[test]
    fn a_mistake_is_explained_with_what_to_write() {
        let page = "https://app.example.com";
        let url = "https://api.example.com";
        let cases: &[(&[&str], &str)] = &[
            (
                &["app.example.com", url],
                "`app.example.com` is not the address of a page: it has no scheme",
            ),
            (
                &["localhost:5173", url],
                "`localhost:5173` is not the address of a page: it has no scheme",
            ),
            (&["https://", url], "not the address of a page: empty host"),
            (
                &[page, "api.example.com"],
                "`api.example.com` is not the URL of a server: it has no scheme",
            ),
            (
                &[page, "localhost:3000"],
                "`localhost:3000` is not the URL of a server: it has no scheme",
            ),
            (
                &[page, "ftp://api.example.com"],
                "`ftp` is not `http` or `https`",
            ),
            (&[page], "the URL that the page requests is missing"),
            (&[page, url, "PUT"], "stands where the method is expected"),
            (&[page, "P UT", url], "`P UT` is not a method"),
            (&[page, url, "-H", "content-type"], "it has no colon"),
            (&[page, url, "-H", "a b: c"], "its name is none"),
            (
                &[page, url, "--resolve", "api.example.com"],
                "not an address for a host",
            ),
            (&[page, url, "--timeout", "soon"], "`soon` is not a timeout"),
            (&[page, url, "--timeout", "NaN"], "`NaN` is not a timeout"),
            (&[page, url, "--credential"], "--credentials"),
            (&[page, url, "--server", "apache"], "nginx"),
            (&[page, url, "--yes"], "--audit"),
            (&[page, url, "--via", url], "--direct"),
            (
                &[page, "https://user:a@api.example.com", "--audit"],
                "URL with a user name",
            ),
            // What would have no effect is an error.
            (&[page, url, "--audit", "--data", "{}"], "--data <TEXT>"),
            (
                &[page, url, "--audit", "--browser", "firefox"],
                "--browser <BROWSER>",
            ),
            (
                &[page, "--via", url, "--direct", url, "--server", "nginx"],
                "--server <NAME>",
            ),
            (
                &[page, "--via", url, "--direct", url, "--preflight-only"],
                "--preflight-only",
            ),
            (
                &[page, "PUT", url, "--via", url, "--direct", url],
                "there is no other URL",
            ),
        ];
        for (arguments, expected) in cases {
            let text = line(arguments).expect_err(&format!("{arguments:?}"));
            assert!(text.contains(expected), "{arguments:?}: {text}");
        }
    }

    #[test]
    fn an_address_replaces_that_of_a_host() {
        let url = "https://api.example.com";
        let cases = [
            ("api.example.com:443:127.0.0.1:8443", "127.0.0.1:8443"),
            ("api.example.com:443:127.0.0.1", "127.0.0.1:443"),
            ("api.example.com:443:[::1]", "[::1]:443"),
            ("API.example.com:443:[::1]:8443", "[::1]:8443"),
        ];
        for (text, address) in cases {
            let asked = line(&["https://app.example.com", url, "--resolve", text]).unwrap();
            assert_eq!(asked.resolve[0].host, "api.example.com");
            assert_eq!(asked.resolve[0].address.to_string(), address);
        }
    }

    #[test]
    fn null_is_a_page_without_an_address() {
        assert_eq!(
            line(&["null", "https://api.example.com"]).unwrap().page,
            Page::Opaque
        );
    }

    #[test]
    fn a_path_is_one_of_the_page() {
        let asked = line(&["https://app.example.com/shop/", "/monsters"]).unwrap();
        let Task::Fetch { url, .. } = asked.task else {
            panic!("{:?}", asked.task);
        };
        assert_eq!(url.as_str(), "https://app.example.com/monsters");
    }
}
