//! Why a page gets nothing, and who can change it.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, AGE, LOCATION, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderName, StatusCode};
use tower_cors::testing::{Blocked, CorsCheck, Exchange, Outcome};
use url::Url;

use crate::advice::Need;
use crate::fetch::Page;
use crate::network::NetworkError;
use crate::text::{escaped, listed};

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

/// Who has to change something.
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
    line.unwrap_or("it is not one that a page can send").trim().to_owned()
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
                    sentence: "The answer redirects to an http URL, which a page that came over https cannot read.".to_owned(),
                    change: "Redirect to https. Behind a proxy that ends TLS, let the application trust `X-Forwarded-Proto`."
                        .to_owned(),
                    ..mixed_content(self.page, &target)
                }
            }
            _ if is_preflight && status.is_some_and(|status| status.is_redirection()) => self.preflight_redirect(),
            Blocked::PreflightCorsCheck(check) | Blocked::CorsCheck(check) => self.cors_check(check),
            Blocked::PreflightStatus => self.preflight_status(),
            Blocked::PreflightMethodNotAllowed | Blocked::PreflightHeaderNotAllowed => self.lists(),
            Blocked::PreflightMethodsMalformed => self.malformed(&ACCESS_CONTROL_ALLOW_METHODS, "Access-Control-Allow-Methods"),
            Blocked::PreflightHeadersMalformed => self.malformed(&ACCESS_CONTROL_ALLOW_HEADERS, "Access-Control-Allow-Headers"),
            Blocked::RedirectLocationMalformed
            | Blocked::RedirectNotHttp
            | Blocked::RedirectWithCredentials
            | Blocked::TooManyRedirects => self.redirect(),
            _ => self.new(in_words(self.outcome), "Change what this line names.", Need::default()),
        }
    }

    fn new(&self, sentence: String, change: impl Into<String>, need: Need) -> Cause {
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
        self.exchange.response_headers().cloned().unwrap_or_default()
    }

    fn status(&self) -> StatusCode {
        self.exchange.status().unwrap_or_default()
    }

    fn header(&self, name: &HeaderName) -> Option<String> {
        let headers = self.headers();
        let lines: Vec<String> = headers.get_all(name).iter().map(|line| escaped(line.as_bytes())).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// The origin that was sent.
    fn origin(&self) -> String {
        let sent = self.exchange.request_headers().get(ORIGIN);
        sent.map(|origin| escaped(origin.as_bytes())).unwrap_or_else(|| self.page.origin())
    }

    fn answer(&self) -> &'static str {
        if self.exchange.is_preflight() {
            "The answer to the preflight"
        } else {
            "The answer"
        }
    }

    fn details(&self) -> Vec<String> {
        let mut details = vec![format!("sent: Origin: {}", self.origin())];
        let received = match self.header(&ACCESS_CONTROL_ALLOW_ORIGIN) {
            Some(value) => format!("Access-Control-Allow-Origin: {value}"),
            None => "no Access-Control-Allow-Origin".to_owned(),
        };
        details.push(format!("received: {}, {received}", self.status()));
        details
    }

    /// Where a redirect leads.
    fn location(&self) -> Option<Url> {
        let headers = self.headers();
        let location = headers.get(LOCATION)?.to_str().ok()?;
        Url::parse(self.exchange.url()).ok()?.join(location).ok()
    }

    /// The URL that redirected to the one that failed.
    fn redirected_from(&self) -> Option<&str> {
        let requests = self.outcome.exchanges().iter().filter(|exchange| !exchange.is_preflight());
        let before = requests.filter(|exchange| !std::ptr::eq(*exchange, self.exchange)).last()?;
        before.status().filter(StatusCode::is_redirection)?;
        Some(before.url())
    }

    fn varies_on_origin(&self) -> bool {
        let names = self.header(&VARY).unwrap_or_default().to_ascii_lowercase();
        names.split(',').any(|name| name.trim() == "origin")
    }

    /// All that the server lacks for this request.
    fn whole_need(&self) -> Need {
        let asked = |name: HeaderName| {
            let value = self.exchange.request_headers().get(name);
            value.map(|value| escaped(value.as_bytes())).unwrap_or_default()
        };
        let headers = self.headers();
        let origin = self.origin();
        let is_wildcard = |value: Option<String>| value.as_deref() == Some("*") && !self.page.credentials;
        let allowed = self.header(&ACCESS_CONTROL_ALLOW_ORIGIN);
        let is_allowed = allowed.as_ref() == Some(&origin) || is_wildcard(allowed);
        let mut need = Need {
            origin: (!is_allowed).then_some(origin),
            credentials: self.page.credentials
                && headers.get(ACCESS_CONTROL_ALLOW_CREDENTIALS).is_none_or(|value| value != "true"),
            ..Need::default()
        };
        if self.exchange.is_preflight() {
            let method = asked(ACCESS_CONTROL_REQUEST_METHOD);
            if !["GET", "HEAD", "POST"].contains(&method.as_str()) {
                need.methods = missing(&headers, &ACCESS_CONTROL_ALLOW_METHODS, &[&method], self.page.credentials, false);
            }
            let names = asked(ACCESS_CONTROL_REQUEST_HEADERS);
            let names: Vec<&str> = names.split(',').filter(|name| !name.is_empty()).collect();
            need.headers = missing(&headers, &ACCESS_CONTROL_ALLOW_HEADERS, &names, self.page.credentials, true);
        }
        need
    }

    fn cors_check(&self, check: CorsCheck) -> Cause {
        let need = self.whole_need();
        if let Some(from) = self.redirected_from()
            && need.origin.is_some()
        {
            return self.after_redirect(from);
        }
        match check {
            CorsCheck::AllowOriginMissing => self.allow_origin_missing(need),
            CorsCheck::AllowOriginRepeated => self.repeated(),
            CorsCheck::AllowOriginWildcard => self.new(
                format!(
                    "{} has `Access-Control-Allow-Origin: *`, which browsers do not accept for requests with credentials.",
                    self.answer()
                ),
                "Name the origin instead of `*`, or send the request without credentials (in `fetch()` leave out \
                 `credentials: \"include\"`).",
                Need { vary: true, ..need },
            ),
            CorsCheck::AllowOriginDiffers => self.differs(need),
            CorsCheck::AllowCredentialsMissing | CorsCheck::AllowCredentialsNotTrue => self.new(
                match self.header(&ACCESS_CONTROL_ALLOW_CREDENTIALS) {
                    None => format!(
                        "{} allows the origin, but not with credentials: Access-Control-Allow-Credentials is missing.",
                        self.answer()
                    ),
                    Some(value) => format!(
                        "{} has `Access-Control-Allow-Credentials: {value}`; only `true`, in lower case and once, counts.",
                        self.answer()
                    ),
                },
                "Allow credentials for this origin, if its pages may act as their users; otherwise send the request without.",
                need,
            ),
            _ => self.new(in_words(self.outcome), "Allow the origin.", need),
        }
    }

    fn allow_origin_missing(&self, need: Need) -> Cause {
        let status = self.status();
        let origin = self.origin();
        let is_error = status.is_client_error() || status.is_server_error();
        if is_error && !self.varies_on_origin() {
            return self.no_cors_error(need);
        }
        if origin == "null" {
            return self.new(
                format!(
                    "{} does not allow the origin `null`, which a sandboxed frame, a file or a `data:` URL has.",
                    self.answer()
                ),
                "Give the page an origin of its own: serve it over https, or add `allow-same-origin` to the frame's `sandbox`. \
                 Do not allow `null`: any page can have it.",
                Need::default(),
            );
        }
        if self.varies_on_origin() {
            return Cause {
                code: "origin-not-allowed".to_owned(),
                ..self.new(
                    format!("{} depends on the origin (`Vary: Origin`), and this origin is not allowed.", self.answer()),
                    format!("Add exactly `{origin}` to the origins that the server allows: scheme, host and port."),
                    need,
                )
            };
        }
        let was_allowed = !self.exchange.is_preflight() && self.outcome.preflight().is_some();
        let sentence = if was_allowed {
            "The preflight is allowed, but the answer to the request itself has no CORS headers.".to_owned()
        } else {
            format!("{} has no CORS headers.", self.answer())
        };
        self.new(sentence, format!("Let the server allow the origin `{origin}`."), need)
    }

    /// An error without CORS headers: something answered before the CORS layer.
    fn no_cors_error(&self, need: Need) -> Cause {
        let status = self.status();
        let is_preflight = self.exchange.is_preflight();
        let by = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => "authentication",
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => "the router",
            StatusCode::TOO_MANY_REQUESTS => "the rate limit",
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => "a proxy",
            _ if status.is_server_error() => "the handler of errors",
            _ => "something else",
        };
        let sentence = if is_preflight {
            format!("The preflight is answered with {status} and without CORS headers: {by} answered it, not a CORS layer.")
        } else {
            format!("The answer is {status} and has no CORS headers: {by} answered, not a CORS layer. The page cannot see the status either.")
        };
        let change = match (is_preflight, by) {
            (true, "authentication") => {
                "Let the server answer OPTIONS before authentication, because a browser sends no cookies and no Authorization with it."
            }
            (true, "the router") => "Let the server answer OPTIONS for this URL; or check the URL, if there is nothing at it.",
            (true, _) => "Let the CORS layer answer OPTIONS before everything else.",
            (false, _) => "Add the CORS headers to errors too: put the CORS layer outside everything that answers. Then fix the error itself.",
        };
        self.new(
            sentence,
            change,
            Need {
                preflight: is_preflight,
                errors: !is_preflight,
                ..need
            },
        )
    }

    fn after_redirect(&self, from: &str) -> Cause {
        let to = self.exchange.url();
        let host = |url: &str| Url::parse(url).ok().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let is_login = ["login", "signin", "sign-in", "auth", "sso", "oauth"]
            .iter()
            .any(|word| to.to_ascii_lowercase().contains(word));
        let mut details = vec![format!("{from} redirects to {to}")];
        details.extend(self.details());
        let sentence = if self.origin() == "null" {
            format!(
                "The request is redirected to {}. After a redirect from one server to another the browser sends `Origin: null`, so \
                 the second one cannot know the page.",
                host(to)
            )
        } else {
            format!("The request is redirected to {}, whose answer does not allow the page.", host(to))
        };
        let (who, change) = if is_login {
            (
                Who::Server,
                "It looks like a page to log in. Let the API answer 401 instead of a redirect, and let the page go to the login."
                    .to_owned(),
            )
        } else {
            (Who::Page, format!("Request {to} itself. Its server must allow the origin `{}`.", self.page.origin()))
        };
        Cause {
            code: "redirected".to_owned(),
            sentence,
            details,
            who,
            change,
            need: Need {
                origin: (!is_login).then(|| self.page.origin()),
                credentials: !is_login && self.page.credentials,
                ..Need::default()
            },
        }
    }

    fn repeated(&self) -> Cause {
        let headers = self.headers();
        let lines = headers.get_all(ACCESS_CONTROL_ALLOW_ORIGIN).iter().count();
        let value = self.header(&ACCESS_CONTROL_ALLOW_ORIGIN).unwrap_or_default();
        let (sentence, change) = if lines > 1 {
            (
                format!("{} has Access-Control-Allow-Origin {lines} times.", self.answer()),
                "Two places add it, such as a proxy and the server behind it. Remove it in one of them; `--via` and `--direct` \
                 show which adds it.",
            )
        } else {
            (
                format!("{} has more than one value in Access-Control-Allow-Origin: `{value}`.", self.answer()),
                "The header holds one origin. Compare the request's `Origin` with the list, and send back the one that is equal.",
            )
        };
        let need = Need {
            once: lines > 1,
            origin: (lines == 1).then(|| self.origin()),
            ..Need::default()
        };
        self.new(sentence, change, need)
    }

    fn differs(&self, need: Need) -> Cause {
        let value = self.header(&ACCESS_CONTROL_ALLOW_ORIGIN).unwrap_or_default();
        let origin = self.origin();
        let without_slash = value.trim_end_matches('/');
        let headers = self.headers();
        let is_cached = headers.contains_key(AGE)
            || ["x-cache", "cf-cache-status", "x-cache-status"].iter().any(|name| {
                let value = headers.get(*name).map(|value| value.as_bytes().to_ascii_lowercase());
                value.is_some_and(|value| value.windows(3).any(|window| window == b"hit"))
            });
        let why = if without_slash == origin {
            "it ends with a slash, and an origin does not"
        } else if value.eq_ignore_ascii_case(&origin) {
            "it is not in lower case"
        } else if without_scheme(&value) == without_scheme(&origin) {
            "its scheme is another"
        } else if without_port(&value) == without_port(&origin) {
            "its port is another"
        } else if value.contains('*') {
            "a `*` inside an origin means nothing to browsers"
        } else if value == "null" {
            "`null` is no page's own origin"
        } else if value.contains(' ') {
            "the header holds one origin, not a list"
        } else if is_cached {
            "a cache answered with what another page got"
        } else {
            "it is another origin"
        };
        let sentence = format!("{} allows `{value}` and not `{origin}`: {why}.", self.answer());
        if is_cached && why.starts_with("a cache") {
            return Cause {
                code: "cached-for-another-origin".to_owned(),
                ..self.new(
                    sentence,
                    "Send `Vary: Origin` with every answer of this URL, and purge the cache.",
                    Need {
                        vary: true,
                        ..Need::default()
                    },
                )
            };
        }
        self.new(
            sentence,
            format!("Send `{origin}` for requests of this page. If several pages use the server, send back the one that asks, and `Vary: Origin`."),
            need,
        )
    }

    fn preflight_redirect(&self) -> Cause {
        let status = self.status();
        let to = self.location();
        let shown = to.as_ref().map(|url| url.to_string()).unwrap_or_default();
        let url = Url::parse(self.exchange.url()).ok();
        let is_moved = to.as_ref().zip(url.as_ref()).is_some_and(|(to, from)| {
            let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
            to.domain().map(bare) == from.domain().map(bare) && path(to) == path(from)
        });
        let mut details = self.details();
        if to.is_some() {
            details.push(format!("redirect to: {shown}"));
        }
        let (who, change, need) = if is_moved {
            (Who::Page, format!("Let the page request {shown}."), Need::default())
        } else {
            (
                Who::Server,
                "Let the server answer OPTIONS before the redirect, which is often one to a login.".to_owned(),
                Need {
                    preflight: true,
                    ..self.whole_need()
                },
            )
        };
        Cause {
            code: "preflight-redirect".to_owned(),
            sentence: format!("The preflight is answered with a redirect ({status}), and browsers do not follow one."),
            details,
            who,
            change,
            need,
        }
    }

    fn preflight_status(&self) -> Cause {
        let status = self.status();
        let need = Need {
            preflight: true,
            ..self.whole_need()
        };
        self.new(
            format!("The preflight is answered with {status}. It has CORS headers, but its status must be 200 to 299."),
            "Let the server answer OPTIONS with 204, before authentication and routes.",
            need,
        )
    }

    fn lists(&self) -> Cause {
        let need = self.whole_need();
        let headers = self.headers();
        let asked = self.exchange.request_headers().get(ACCESS_CONTROL_REQUEST_METHOD);
        let method = asked.map(|method| escaped(method.as_bytes())).unwrap_or_default();
        let listed_methods = elements(&headers, &ACCESS_CONTROL_ALLOW_METHODS);
        let listed_headers = elements(&headers, &ACCESS_CONTROL_ALLOW_HEADERS);
        let lacks_method = !need.methods.is_empty();
        let missing: Vec<String> = need
            .headers
            .iter()
            .filter(|name| !listed_headers.iter().any(|listed| listed.eq_ignore_ascii_case(name)))
            .map(|name| format!("`{name}`"))
            .collect();
        let mut details = Vec::new();
        let mut lacks = Vec::new();
        let shown = |list: &[String]| if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
        if lacks_method {
            lacks.push(format!("the method {method}"));
            details.push(format!("Access-Control-Allow-Methods has {}", shown(&listed_methods)));
        }
        if !missing.is_empty() {
            lacks.push(format!("the header{} {}", if missing.len() == 1 { "" } else { "s" }, listed(&missing)));
            details.push(format!("Access-Control-Allow-Headers has {}", shown(&listed_headers)));
        }
        let near = listed_methods.iter().find(|listed| lacks_method && listed.eq_ignore_ascii_case(&method));
        if let Some(near) = near {
            return Cause {
                details,
                who: Who::Page,
                need: Need::default(),
                ..self.new(
                    format!("The preflight allows the method {near} and not {method}: methods are case-sensitive."),
                    format!("Write `method: \"{near}\"` in `fetch()`, which corrects the case of GET, HEAD, POST, PUT, DELETE and OPTIONS only."),
                    Need::default(),
                )
            };
        }
        let has_wildcard = |list: &[String]| list.iter().any(|name| name == "*");
        if self.page.credentials && (has_wildcard(&listed_methods) || has_wildcard(&listed_headers)) {
            details.push("for requests with credentials browsers take `*` for a name, not for all".to_owned());
        } else if has_wildcard(&listed_headers) && missing.iter().any(|name| name == "`authorization`") {
            details.push("`*` does not cover `authorization`".to_owned());
        }
        Cause {
            details,
            ..self.new(
                format!("The preflight does not allow {}.", listed(&lacks)),
                format!("Allow {}.", listed(&lacks)),
                need,
            )
        }
    }

    fn malformed(&self, name: &HeaderName, shown: &str) -> Cause {
        let value = self.header(name).unwrap_or_default();
        let need = match *name == ACCESS_CONTROL_ALLOW_METHODS {
            true => Need {
                methods: vec![self.outcome_method()],
                ..Need::default()
            },
            false => self.whole_need(),
        };
        self.new(
            format!("{shown} is `{value}`, which is not a list of names separated by commas. One wrong element spoils the list."),
            "Write names separated by commas.",
            need,
        )
    }

    fn outcome_method(&self) -> String {
        let asked = self.exchange.request_headers().get(ACCESS_CONTROL_REQUEST_METHOD);
        asked.map(|method| escaped(method.as_bytes())).unwrap_or_default()
    }

    fn redirect(&self) -> Cause {
        let location = self.header(&LOCATION).unwrap_or_default();
        let why = match self.blocked {
            Blocked::TooManyRedirects => "it is the twenty-first redirect in turn",
            Blocked::RedirectNotHttp => "it is not an http or https URL",
            Blocked::RedirectWithCredentials => "it has a user name or password",
            _ => "it is not a URL",
        };
        Cause {
            details: vec![format!("received: {}, Location: {location}", self.status())],
            ..self.new(
                format!("The browser does not follow the redirect to `{location}`: {why}."),
                "Correct the redirect, or let the page request the last URL.",
                Need::default(),
            )
        }
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

/// The elements of a list header.
fn elements(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).iter();
    let elements = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    elements
        .map(|element| escaped(element.trim_ascii()))
        .filter(|element| !element.is_empty())
        .collect()
}

/// What a list must hold: what it holds, and what is missing. Empty if nothing is missing.
fn missing(
    headers: &HeaderMap,
    name: &HeaderName,
    asked: &[&str],
    credentials: bool,
    ignores_case: bool,
) -> Vec<String> {
    let listed = elements(headers, name);
    let has_wildcard = !credentials && listed.iter().any(|element| element == "*");
    let is_listed = |asked: &str| {
        listed.iter().any(|element| element == asked || ignores_case && element.eq_ignore_ascii_case(asked))
    };
    let missing: Vec<&str> = asked
        .iter()
        .copied()
        .filter(|asked| !is_listed(asked) && !(has_wildcard && *asked != "authorization"))
        .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    // What is no plain name does not get into a line that somebody pastes.
    let is_name = |element: &str| element.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_*".contains(&byte));
    let kept = listed.iter().filter(|element| is_name(element) && (!credentials || *element != "*"));
    let mut all: Vec<String> = kept.cloned().collect();
    for name in missing {
        if !all.iter().any(|other| other == name) {
            all.push(name.to_owned());
        }
    }
    all
}

fn without_scheme(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, rest)| rest)
}

fn without_port(origin: &str) -> &str {
    match origin.rsplit_once(':') {
        Some((front, port)) if !port.starts_with('/') => front,
        _ => origin,
    }
}

/// A domain without `www.`.
fn bare(domain: &str) -> String {
    domain.strip_prefix("www.").unwrap_or(domain).to_owned()
}
