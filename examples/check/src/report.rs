//! The report about one request of a page.

use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use tower_cors::testing::{Exchange, Outcome};

mod wire;

pub(crate) use wire::{exchange_json, wire};

use crate::advice::{Need, Server};
use crate::args::Servers;
use crate::cause::{self, Cause, Who};
use crate::engine::{Difference, Engine};
use crate::fetch::Page;
use crate::message::Message;
use crate::network::{NetworkError, Sent};
use crate::text::{escaped, listed, shown, wrapped};

/// The width of paragraphs.
const WIDTH: usize = 100;

/// What came of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    Allowed,
    /// With `--preflight-only`.
    PreflightAllowed,
    Blocked,
    NoAnswer,
    /// With `--preflight-only`, if no preflight is needed.
    NotSent,
}

impl Verdict {
    fn key(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::PreflightAllowed => "preflight-allowed",
            Self::Blocked => "blocked",
            Self::NoAnswer => "no-answer",
            Self::NotSent => "not-sent",
        }
    }

    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Allowed | Self::PreflightAllowed => 0,
            Self::Blocked => 1,
            Self::NoAnswer | Self::NotSent => 3,
        }
    }
}

/// A request of a page, with all that is known of it.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) page: &'a Page,
    pub(crate) engine: Engine,
    pub(crate) outcome: &'a Outcome<()>,
    pub(crate) sent: &'a [Sent],
    pub(crate) differences: &'a [Difference],
    pub(crate) servers: Servers,
    pub(crate) message: Option<&'a Message>,
}

impl Report<'_> {
    pub(crate) fn verdict(&self) -> Verdict {
        let last = self.outcome.exchanges().last();
        match (self.outcome.blocked(), last.and_then(cause::network_error)) {
            (None, _) => Verdict::Allowed,
            (Some(_), Some(NetworkError::NotSent)) => match self.outcome.preflight() {
                Some(_) => Verdict::PreflightAllowed,
                None => Verdict::NotSent,
            },
            (Some(_), Some(_)) => Verdict::NoAnswer,
            (Some(_), None) => Verdict::Blocked,
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self.verdict() {
            Verdict::Blocked | Verdict::NoAnswer => cause::cause(self.page, self.outcome),
            _ => None,
        }
    }

    fn answer_headers(&self) -> HeaderMap {
        let last = self
            .outcome
            .exchanges()
            .iter()
            .rev()
            .find_map(Exchange::response_headers);
        last.cloned().unwrap_or_default()
    }

    fn verdict_line(&self) -> String {
        let page = self.page.origin();
        let request = format!(
            "{} {}",
            escaped(self.page.method.as_bytes()),
            self.page.shown_url()
        );
        match self.verdict() {
            Verdict::Allowed => {
                let status = self.outcome.response().map(|response| response.status());
                let status = status
                    .map(|status| format!(" ({status})"))
                    .unwrap_or_default();
                format!("allowed: a page at {page} can read the response to {request}{status}")
            }
            Verdict::PreflightAllowed => {
                format!("allowed so far: the preflight lets a page at {page} send {request}")
            }
            Verdict::Blocked => {
                let is_sent = self.outcome.actual().is_some();
                let what = if is_sent {
                    "cannot read the response to"
                } else {
                    "cannot send"
                };
                format!("blocked: a page at {page} {what} {request}")
            }
            Verdict::NoAnswer => format!("no answer: {request}"),
            Verdict::NotSent => format!("not sent: {request} needs no preflight"),
        }
    }

    /// What the chosen browser prints in its console.
    fn console(&self) -> Vec<String> {
        let lines = self
            .engine
            .console()
            .map(|engine| self.outcome.console(engine))
            .unwrap_or_default();
        let password = self
            .page
            .url
            .password()
            .map(|password| format!(":{password}@"));
        let without = |line: &String| match &password {
            Some(password) => line.replace(password, "@"),
            None => line.clone(),
        };
        lines.iter().map(|line| shown(&without(line))).collect()
    }

    /// What is worth knowing besides the verdict.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(message) = self.message {
            notes.push(message.note(self.page, self.outcome.blocked()));
        }
        let actual = self.outcome.actual();
        // A redirect may take a header away.
        let first = self
            .outcome
            .exchanges()
            .iter()
            .find(|exchange| !exchange.is_preflight());
        if let Some(actual) = first {
            let names = self.page.headers.keys();
            let kept_back: Vec<String> = names
                .filter(|name| !actual.request_headers().contains_key(*name))
                .map(|name| format!("`{name}`"))
                .collect();
            if !kept_back.is_empty() {
                notes.push(format!(
                    "Browsers do not let pages set {}: not sent.",
                    listed(&kept_back)
                ));
            }
        }
        if self.verdict() == Verdict::NotSent {
            notes.push("Whether the page can read the response depends on the response. Leave out --preflight-only to send it.".to_owned());
        }
        let (Some(response), Some(actual)) = (self.outcome.response(), actual) else {
            return notes;
        };
        if self.page.is_same_origin() && !self.outcome.redirected() {
            notes.push(
                "The page and the URL have the same origin, so CORS does not apply.".to_owned(),
            );
            return notes;
        }
        if response.status().is_client_error() || response.status().is_server_error() {
            notes.push(format!(
                "CORS is not the problem: the response itself is {}.",
                response.status()
            ));
        }
        let headers = actual.response_headers().cloned().unwrap_or_default();
        let hidden: Vec<&str> = headers
            .keys()
            .filter(|name| !response.headers().contains_key(*name) && is_of_interest_to_pages(name))
            .map(HeaderName::as_str)
            .collect();
        if !hidden.is_empty() {
            notes.push(format!(
                "The page cannot read {}. To show a header, name it in Access-Control-Expose-Headers.",
                listed(&hidden)
            ));
        }
        let allowed = headers.get(http::header::ACCESS_CONTROL_ALLOW_ORIGIN);
        let varies = headers.get_all(http::header::VARY).iter().any(|line| {
            let names = line.as_bytes().to_ascii_lowercase();
            names
                .split(|&byte| byte == b',')
                .any(|name| [b"origin".as_slice(), b"*"].contains(&name.trim_ascii()))
        });
        if allowed.is_some_and(|value| value != "*") && !varies {
            notes.push(
                "The response names one origin without `Vary: Origin`: if a cache or a browser keeps it, it breaks the pages of other \
                 origins. `--audit` tells whether it depends on the origin."
                    .to_owned(),
            );
        }
        notes
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n", self.verdict_line());
        let cause = self.cause();
        if let Some(cause) = &cause {
            text += &format!("\n{}", wrapped(&cause.sentence, "  ", WIDTH));
            for detail in &cause.details {
                text += &format!("    {detail}\n");
            }
            if let Some(engine) = self.engine.console().filter(|_| !self.console().is_empty()) {
                text += &format!("  {engine} prints:\n");
                for line in self.console() {
                    text += &wrapped(&line, "    ", WIDTH);
                }
            }
        }
        for note in self.notes() {
            text += &format!("\n{}", wrapped(&note, "  ", WIDTH));
        }
        if self
            .outcome
            .exchanges()
            .iter()
            .any(|exchange| exchange.status().is_some())
        {
            text += "\nWhat went over the wire\n";
            for (exchange, sent) in self.outcome.exchanges().iter().zip(self.sent) {
                text += &wire(exchange, sent);
            }
        }
        if let Some(cause) = &cause {
            text += &change(cause, &self.answer_headers(), self.servers, self.page);
        }
        if !self.differences.is_empty() {
            text += &format!("\nWhere browsers differ from {}\n", self.engine.name());
            for difference in self.differences {
                text += &wrapped(&format!("{}.", difference.sentence()), "  ", WIDTH);
            }
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let cause = self.cause();
        let exchanges: Vec<Value> = self
            .outcome
            .exchanges()
            .iter()
            .zip(self.sent)
            .map(|(exchange, sent)| exchange_json(exchange, sent))
            .collect();
        let differences: Vec<Value> = self
            .differences
            .iter()
            .map(
                |difference| json!({ "engine": difference.engine.map(Engine::name), "what": difference.what }),
            )
            .collect();
        json!({
            "verdict": self.verdict().key(),
            "exit_code": self.verdict().exit_code(),
            "page": self.page.origin(),
            "method": self.page.method,
            "url": self.page.shown_url().as_str(),
            "credentials": self.page.credentials,
            "browser": self.engine.name(),
            "console": self.console(),
            "cause": cause.as_ref().map(|cause| cause_json(cause, &self.answer_headers(), self.servers)),
            "notes": self.notes(),
            "exchanges": exchanges,
            "differences": differences,
        })
    }
}

pub(crate) fn cause_json(cause: &Cause, answer: &HeaderMap, servers: Servers) -> Value {
    let lines: serde_json::Map<String, Value> = match cause.need.is_empty() {
        true => serde_json::Map::new(),
        false => shown_servers(answer, servers)
            .into_iter()
            .map(|server| (server.key().to_owned(), json!(server.lines(&cause.need))))
            .collect(),
    };
    json!({
        "code": cause.code,
        "sentence": cause.sentence,
        "details": cause.details,
        "who": cause.who.key(),
        "change": cause.change,
        "lines": lines,
    })
}

/// Returns whether a page would miss a header that it cannot read.
fn is_of_interest_to_pages(name: &HeaderName) -> bool {
    let of_pages = [
        "location",
        "link",
        "retry-after",
        "content-disposition",
        "content-range",
        "www-authenticate",
        "x-request-id",
        "x-total-count",
        "mcp-session-id",
        "grpc-status",
    ];
    of_pages.contains(&name.as_str())
        || name.as_str().starts_with("x-ratelimit")
        || name.as_str().starts_with("ratelimit")
}

/// What to change what.
fn change(cause: &Cause, answer: &HeaderMap, servers: Servers, page: &Page) -> String {
    let who = match cause.who {
        Who::Server => format!(
            "What to change, at the server of {}",
            page.url.origin().ascii_serialization()
        ),
        Who::Page => "What to change, in the page".to_owned(),
        Who::Network => "What to try".to_owned(),
    };
    let mut text = format!("\n{who}\n{}", wrapped(&cause.change, "  ", WIDTH));
    if cause.need.is_empty() {
        return text;
    }
    text += &lines(&cause.need, answer, servers);
    text
}

/// The servers whose lines are shown.
fn shown_servers(answer: &HeaderMap, servers: Servers) -> Vec<Server> {
    let named = Server::named(answer);
    match servers {
        Servers::One(server) => vec![server],
        Servers::Named if !named.is_empty() => named,
        Servers::Named | Servers::All => Server::ALL.to_vec(),
    }
}

/// The lines to write, for the servers that the response names or for all.
pub(crate) fn lines(need: &Need, answer: &HeaderMap, servers: Servers) -> String {
    let mut text = String::new();
    let named = Server::named(answer);
    let shown = shown_servers(answer, servers);
    if servers == Servers::Named && !named.is_empty() {
        let names: Vec<&str> = named.iter().map(|server| server.name()).collect();
        let mut note = format!("The response names {}.", listed(&names));
        if named.iter().all(|server| server.is_proxy()) {
            note += " If it only passes on the response of a server behind it, change that one.";
        }
        note += " `--server all` shows the lines for other servers.";
        text += &wrapped(&note, "  ", WIDTH);
    }
    for server in shown {
        let lines = server.lines(need);
        for (index, line) in lines.iter().enumerate() {
            let name = if index == 0 { server.name() } else { "" };
            text += &format!("  {name:<15} {line}\n");
        }
    }
    text
}
