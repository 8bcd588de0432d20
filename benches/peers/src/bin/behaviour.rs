//! What the CORS middleware of each framework answers, for one policy: prints a Markdown table.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN,
    VARY,
};
use http::{HeaderMap, Method, Request, Response};
use tower_cors_peers::{Middleware, OwnHeaders, Policy, Visitor};

const APP: &str = "https://app.example.com";
const REJECTED: &str = "https://evil.example.net";
/// Says that the application was reached.
const SERVED: &str = "x-served";
const OWN: OwnHeaders = &[("vary", "Accept-Encoding"), (SERVED, "true")];

/// One row of the table: the request, how long preflights are said to be valid, and what the answer means.
struct Question {
    name: &'static str,
    request: Request<()>,
    max_age: Option<u32>,
    meaning: fn(&Response<()>) -> String,
}

/// Asks once.
struct Asker<'a> {
    request: &'a Request<()>,
    answer: Option<Response<()>>,
}

impl Visitor for Asker<'_> {
    fn visit<Q, R>(
        &mut self,
        ask: impl Fn(&Request<()>) -> Q,
        call: impl Fn(Q) -> R,
        read: impl Fn(R) -> Response<()>,
    ) {
        self.answer = Some(read(call(ask(self.request))));
    }
}

fn request(method: Method, headers: &[(HeaderName, &'static str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    for (name, value) in headers {
        let value = HeaderValue::from_static(value);
        request.headers_mut().append(name, value);
    }
    request
}

fn preflight(origin: &'static str, method: &'static str, header: &'static str) -> Request<()> {
    let asked = [
        (ORIGIN, origin),
        (ACCESS_CONTROL_REQUEST_METHOD, method),
        (ACCESS_CONTROL_REQUEST_HEADERS, header),
    ];
    request(Method::OPTIONS, &asked)
}

fn is_served(response: &Response<()>) -> bool {
    response.headers().contains_key(SERVED)
}

fn values(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

fn varies(response: &Response<()>, on: &str) -> bool {
    let lines = values(response.headers(), VARY);
    let mut names = lines.iter().flat_map(|line| line.split(','));
    names.any(|name| name.trim().eq_ignore_ascii_case(on))
}

/// The status and the headers of CORS without their prefix, so that a leak is seen whole.
fn status_and_headers(response: &Response<()>) -> String {
    let names = response.headers().keys().map(HeaderName::as_str);
    let mut names: Vec<_> = names
        .filter_map(|name| name.strip_prefix("access-control-"))
        .collect();
    names.sort_unstable();
    let names = if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    };
    format!("{}: {names}", response.status().as_u16())
}

fn rejected_get(response: &Response<()>) -> String {
    let reached = if is_served(response) {
        "served"
    } else {
        "blocked"
    };
    let credentials = response
        .headers()
        .contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS);
    let credentials = if credentials {
        ", with Allow-Credentials"
    } else {
        ""
    };
    format!("{reached}, {}{credentials}", response.status().as_u16())
}

fn reaches(response: &Response<()>) -> String {
    let reached = if is_served(response) { "yes" } else { "no" };
    format!("{reached}, {}", response.status().as_u16())
}

fn keeps_vary(response: &Response<()>) -> String {
    let kept = if varies(response, "accept-encoding") {
        "yes"
    } else {
        "no"
    };
    format!(
        "{kept}: `{}`",
        values(response.headers(), VARY).join("`, `")
    )
}

fn varies_on_origin(response: &Response<()>) -> String {
    let varies = varies(response, "origin");
    (if varies { "yes" } else { "no" }).to_owned()
}

fn granted_to(response: &Response<()>) -> String {
    let granted = values(response.headers(), ACCESS_CONTROL_ALLOW_ORIGIN);
    match granted.as_slice() {
        [] => format!("{}: rejected", response.status().as_u16()),
        _ => format!(
            "{}: allowed `{}`",
            response.status().as_u16(),
            granted.join("`, `")
        ),
    }
}

fn max_age(response: &Response<()>) -> String {
    match values(response.headers(), ACCESS_CONTROL_MAX_AGE).as_slice() {
        [] => "none".to_owned(),
        ages => ages.join(", "),
    }
}

fn questions() -> Vec<Question> {
    let question = |name, request, meaning| Question {
        name,
        request,
        max_age: Some(600),
        meaning,
    };
    let options = |headers: &[_]| request(Method::OPTIONS, headers);
    let get = |headers: &[_]| request(Method::GET, headers);
    vec![
        question(
            "Preflight of a rejected origin: status and `Access-Control-` headers",
            preflight(REJECTED, "PUT", "x-token"),
            status_and_headers,
        ),
        question(
            "GET of a rejected origin",
            get(&[(ORIGIN, REJECTED)]),
            rejected_get,
        ),
        question(
            "OPTIONS without `Origin` reaches the application",
            options(&[]),
            reaches,
        ),
        question(
            "OPTIONS with an allowed `Origin` and no `Access-Control-Request-Method` reaches it",
            options(&[(ORIGIN, APP)]),
            reaches,
        ),
        question(
            "The application's `Vary: Accept-Encoding` stays on a GET of an allowed origin",
            get(&[(ORIGIN, APP)]),
            keeps_vary,
        ),
        question(
            "`Vary: Origin` on a GET without `Origin`",
            get(&[]),
            varies_on_origin,
        ),
        question(
            "GET with two `Origin` lines, an allowed and a rejected one",
            get(&[(ORIGIN, APP), (ORIGIN, REJECTED)]),
            granted_to,
        ),
        question(
            "GET with two `Origin` lines, a rejected and an allowed one",
            get(&[(ORIGIN, REJECTED), (ORIGIN, APP)]),
            granted_to,
        ),
        question(
            "Preflight for a method that is not allowed",
            preflight(APP, "DELETE", "x-token"),
            granted_to,
        ),
        question(
            "Preflight for a header that is not allowed",
            preflight(APP, "PUT", "x-other"),
            granted_to,
        ),
        question(
            "Preflight that is allowed",
            preflight(APP, "PUT", "x-token"),
            granted_to,
        ),
        question(
            "Its `Access-Control-Max-Age`, of 600 configured",
            preflight(APP, "PUT", "x-token"),
            max_age,
        ),
        Question {
            max_age: None,
            ..question(
                "Its `Access-Control-Max-Age`, with nothing configured",
                preflight(APP, "PUT", "x-token"),
                max_age,
            )
        },
    ]
}

fn main() {
    let compared = Middleware::ALL.into_iter();
    let compared: Vec<_> = compared
        .filter(|each| !matches!(each, Middleware::TowerCorsAround | Middleware::Nothing))
        .collect();
    let names: Vec<_> = compared
        .iter()
        .map(|middleware| middleware.name())
        .collect();
    println!(
        "| | {} |\n|---|{}",
        names.join(" | "),
        "---|".repeat(names.len())
    );
    for question in questions() {
        let policy = Policy {
            origins: vec![APP.to_owned()],
            header: "x-token",
            credentials: true,
            max_age: question.max_age,
        };
        let cells = compared.iter().map(|middleware| {
            let mut asker = Asker {
                request: &question.request,
                answer: None,
            };
            middleware.show(Some(&policy), OWN, &mut asker);
            (question.meaning)(&asker.answer.expect("every application was asked"))
        });
        println!(
            "| {} | {} |",
            question.name,
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
}
