//! Why a page gets nothing, and who can change it.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN,
};
use http::{HeaderMap, HeaderName, StatusCode};
use tower_cors::testing::{Blocked, Exchange, Outcome};
use url::Url;

mod need;
mod origin;
mod preflight;
mod redirect;

use crate::advice::Need;
use crate::fetch::Page;
use crate::network::NetworkError;
use crate::text::escaped;

/// Why a page gets nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cause {
    /// A stable name.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) sentence: String,
    /// What was received, and what is needed.
    pub(crate) details: Vec<String>,
    pub(crate) who: Who,
    /// What to change.
    pub(crate) change: String,
    /// What the server lacks.
    pub(crate) need: Need,
}

/// What to change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    /// The server that answered, or what stands before it.
    Server,
    /// The page, or its request.
    Page,
    /// Whoever runs the network, the name or the certificate.
    Network,
}

impl Who {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Page => "page",
            Self::Network => "network",
        }
    }
}

/// Returns why an outcome is blocked; none if it is not.
pub(crate) fn cause(page: &Page, outcome: &Outcome<()>) -> Option<Cause> {
    let blocked = outcome.blocked()?;
    let cause = match outcome.exchanges().last() {
        Some(exchange) if blocked != Blocked::InvalidRequest => {
            let reading = Reading {
                page,
                outcome,
                exchange,
                blocked,
            };
            let mut cause = reading.cause();
            cause.need.meant = vec![page.origin()];
            cause.need.method.clone_from(&page.method);
            cause
        }
        _ => unsent(page, outcome, blocked),
    };
    Some(cause)
}

/// Nothing was sent.
fn unsent(page: &Page, outcome: &Outcome<()>, blocked: Blocked) -> Cause {
    let cause = |sentence: String, change: &str| Cause {
        code: blocked.code().to_owned(),
        sentence,
        details: Vec::new(),
        who: Who::Page,
        change: change.to_owned(),
        need: Need::default(),
    };
    match blocked {
        Blocked::MixedContent => mixed_content(page, &page.url),
        Blocked::InvalidRequest if !page.url.username().is_empty() || page.url.password().is_some() => cause(
            "The URL has a user name or a password, and `fetch()` throws a TypeError for such URLs.".to_owned(),
            "Send them in the header `Authorization`.",
        ),
        Blocked::InvalidRequest => cause(
            format!("`fetch()` throws a TypeError for the method {}.", outcome_method(page)),
            "Send another method.",
        ),
        _ => cause(
            format!("The browser does not send the request: {}.", in_words(outcome)),
            "Change the request.",
        ),
    }
}

fn outcome_method(page: &Page) -> String {
    escaped(page.method.as_bytes())
}

fn mixed_content(page: &Page, url: &Url) -> Cause {
    Cause {
        code: Blocked::MixedContent.code().to_owned(),
        sentence: "The page came over https, and the browser does not let it send requests to an http URL.".to_owned(),
        details: vec![format!("the page: {}", page.origin()), format!("the URL: {url}")],
        who: Who::Server,
        change: "Serve the API over https, and write `https://` in the page. CORS headers do not help.".to_owned(),
        need: Need::default(),
    }
}

/// The reason in the words of the test browser.
fn in_words(outcome: &Outcome<()>) -> String {
    let text = outcome.to_string();
    let line = text.lines().find(|line| line.contains(": was "));
    line.unwrap_or("it is not one that a page can send")
        .trim()
        .to_owned()
}

/// What is known when something was sent.
struct Reading<'a> {
    page: &'a Page,
    outcome: &'a Outcome<()>,
    /// The last one, which failed.
    exchange: &'a Exchange,
    blocked: Blocked,
}

impl Reading<'_> {
    fn cause(&self) -> Cause {
        let status = self.exchange.status();
        let is_preflight = self.exchange.is_preflight();
        if let Some(error) = network_error(self.exchange) {
            return network_cause(error);
        }
        match self.blocked {
            Blocked::MixedContent => {
                let target = self.location().unwrap_or_else(|| self.page.url.clone());
                Cause {
                    sentence: "The response redirects to an http URL, which a page that came over https cannot read.".to_owned(),
                    change: "Redirect to https. Behind a proxy that ends TLS, let the application trust `X-Forwarded-Proto`."
                        .to_owned(),
                    ..mixed_content(self.page, &target)
                }
            }
            _ if is_preflight && status.is_some_and(|status| status.is_redirection()) => {
                self.preflight_redirect()
            }
            Blocked::PreflightCorsCheck(check) | Blocked::CorsCheck(check) => {
                self.cors_check(check)
            }
            Blocked::PreflightStatus => self.preflight_status(),
            Blocked::PreflightMethodNotAllowed | Blocked::PreflightHeaderNotAllowed => self.lists(),
            Blocked::PreflightMethodsMalformed => self.malformed(
                &ACCESS_CONTROL_ALLOW_METHODS,
                "Access-Control-Allow-Methods",
            ),
            Blocked::PreflightHeadersMalformed => self.malformed(
                &ACCESS_CONTROL_ALLOW_HEADERS,
                "Access-Control-Allow-Headers",
            ),
            Blocked::RedirectLocationMalformed
            | Blocked::RedirectNotHttp
            | Blocked::RedirectWithCredentials
            | Blocked::TooManyRedirects => self.redirect(),
            _ => self.because(
                in_words(self.outcome),
                "Change what this line names.",
                Need::default(),
            ),
        }
    }

    fn because(&self, sentence: String, change: impl Into<String>, need: Need) -> Cause {
        Cause {
            code: self.blocked.code().to_owned(),
            sentence,
            details: self.details(),
            who: Who::Server,
            change: change.into(),
            need,
        }
    }

    fn headers(&self) -> HeaderMap {
        self.exchange
            .response_headers()
            .cloned()
            .unwrap_or_default()
    }

    fn status(&self) -> StatusCode {
        self.exchange.status().unwrap_or_default()
    }

    fn header(&self, name: &HeaderName) -> Option<String> {
        let headers = self.headers();
        let lines: Vec<String> = headers
            .get_all(name)
            .iter()
            .map(|line| escaped(line.as_bytes()))
            .collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// The origin that was sent.
    fn origin(&self) -> String {
        let sent = self.exchange.request_headers().get(ORIGIN);
        sent.map(|origin| escaped(origin.as_bytes()))
            .unwrap_or_else(|| self.page.origin())
    }

    fn answer(&self) -> &'static str {
        if self.exchange.is_preflight() {
            "The response to the preflight"
        } else {
            "The response"
        }
    }

    fn details(&self) -> Vec<String> {
        let mut details = vec![format!("sent: Origin: {}", self.origin())];
        let received = match self.header(&ACCESS_CONTROL_ALLOW_ORIGIN) {
            Some(value) => format!("Access-Control-Allow-Origin: {value}"),
            None => "no Access-Control-Allow-Origin".to_owned(),
        };
        details.push(format!("received: {}, {received}", self.status()));
        if let Some(decision) = self.header(&HeaderName::from_static("x-cors-decision")) {
            details.push(format!("the server says why: {decision}"));
        }
        details
    }
}

/// The error that kept an answer from coming.
pub(crate) fn network_error(exchange: &Exchange) -> Option<&NetworkError> {
    exchange.error()?.downcast_ref::<NetworkError>()
}

/// Why no answer came.
pub(crate) fn network_cause(error: &NetworkError) -> Cause {
    let mut sentence = error.to_string();
    if let Some(first) = sentence.get(..1) {
        sentence.replace_range(..1, &first.to_ascii_uppercase());
    }
    let mut change = error.help();
    if let Some(first) = change.get(..1) {
        change.replace_range(..1, &first.to_ascii_uppercase());
    }
    Cause {
        code: error.code().to_owned(),
        sentence: format!("{sentence}."),
        details: Vec::new(),
        who: Who::Network,
        change: format!("{change}."),
        need: Need::default(),
    }
}
