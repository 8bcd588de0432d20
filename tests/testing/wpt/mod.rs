//! What web-platform-tests ask of a client, carried over in our own words: <https://github.com/web-platform-tests/wpt>
//!
//! `table.tsv` has a line for each of its files: the commit at which it was read, its subtests, how many of them run here, how
//! many do not apply, how many expect what the standard and the engines do otherwise, and why. The test at the end holds
//! the table to what runs.

mod beacon;
mod cors;
mod credentials;
mod event_source;
mod fetch_basic;
mod fetch_cors;
mod metadata;
mod redirect;
mod xhr;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::ready;

use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Request, Response};
use tower::service_fn;
use tower_cors::testing::{Browser, Exchange, Fetch, Outcome};
use url::Url;

/// The page's origin, and those that are not: another host of its site, a second one, another port, TLS, another site.
const LOCAL: &str = "http://web-platform.test:8000";
const REMOTE: &str = "http://www1.web-platform.test:8000";
const REMOTE_2: &str = "http://www2.web-platform.test:8000";
const OTHER_PORT: &str = "http://web-platform.test:8001";
const REMOTE_OTHER_PORT: &str = "http://www1.web-platform.test:8001";
const TLS: &str = "https://web-platform.test:8443";
const REMOTE_TLS: &str = "https://www1.web-platform.test:8443";

/// The subtests of one file.
struct File {
    name: &'static str,
    run: usize,
    failures: Vec<String>,
}

impl File {
    /// Counts a subtest.
    fn check(&mut self, subtest: impl Display, holds: bool, outcome: &Outcome<String>) {
        self.check_other(subtest, holds, outcome);
    }

    /// Counts a subtest with bodies of another type.
    fn check_other<B>(&mut self, subtest: impl Display, holds: bool, outcome: &Outcome<B>) {
        self.run += 1;
        if !holds {
            let name = self.name;
            self.failures.push(format!("{name}: {subtest}\n{outcome}"));
        }
    }

    /// Counts a subtest in which the page reads the response.
    fn reads(&mut self, subtest: impl Display, outcome: &Outcome<String>) {
        self.check(subtest, outcome.response().is_some(), outcome);
    }

    /// Counts a subtest in which the page gets an error.
    fn fails(&mut self, subtest: impl Display, outcome: &Outcome<String>) {
        self.check(subtest, outcome.blocked().is_some(), outcome);
    }

    fn passes(&mut self, subtest: impl Display, expected: bool, outcome: &Outcome<String>) {
        match expected {
            true => self.reads(subtest, outcome),
            false => self.fails(subtest, outcome),
        }
    }
}

/// All files that are carried over.
#[derive(Default)]
struct Files(Vec<File>);

impl Files {
    fn file(&mut self, name: &'static str, run: impl FnOnce(&mut File)) {
        let mut file = File {
            name,
            run: 0,
            failures: Vec::new(),
        };
        run(&mut file);
        self.0.push(file);
    }
}

/// What the server shall answer, as parameters of a URL: see [`server`].
type Asked<'a> = &'a [(&'a str, &'a str)];

fn at(origin: &str, asked: Asked<'_>) -> String {
    let mut url = Url::parse(origin).expect("an origin");
    url.set_path("/resource");
    if !asked.is_empty() {
        url.query_pairs_mut().extend_pairs(asked);
    }
    url.into()
}

/// A server that answers what the parameters of the URL say:
///
/// - `origin`: `Access-Control-Allow-Origin`, instead of the origin that asks; `none` for no such header, and several for several
/// - `NAME`: the header of the response, with any other name
/// - `status`, and `preflight` for the status of preflights
/// - `count`: so often it redirects to itself with a smaller one, by `status`
/// - `only`: a method that has the CORS headers; others have none
fn server(request: &Request<String>) -> Result<Response<String>, &'static str> {
    let url = Url::parse(&request.uri().to_string()).map_err(|_| "no URL")?;
    let asked: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let one = |name: &str| {
        let found = asked.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    };
    let is_preflight = request.method() == http::Method::OPTIONS;
    let mut response = Response::new(request.body().clone());
    let mut add = |name: &str, value: &[u8]| -> Result<(), &'static str> {
        let name = HeaderName::try_from(name).map_err(|_| "no name")?;
        // No server can send others.
        let value = HeaderValue::from_bytes(value).map_err(|_| "a character that no header has")?;
        response.headers_mut().append(name, value);
        Ok(())
    };
    let allows = one("only").is_none_or(|method| method == request.method().as_str());
    if allows && one("origin").is_none() {
        let origin = request.headers().get("origin");
        let origin = origin.map_or(&b"*"[..], HeaderValue::as_bytes);
        add("access-control-allow-origin", origin)?;
    }
    let mut status = one("status").map_or(200, |status| status.parse().unwrap());
    for (name, value) in &asked {
        match name.as_str() {
            "origin" if value == "none" || !allows => {}
            "origin" => add("access-control-allow-origin", value.as_bytes())?,
            "status" | "preflight" | "only" => {}
            "count" if value == "0" => status = 200,
            "count" => {
                let count = value.parse::<u32>().unwrap() - 1;
                let status = status.to_string();
                let next = [("count", count.to_string()), ("status", status)];
                let next: Vec<_> = next
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                add(
                    "location",
                    at(&url.origin().ascii_serialization(), &next).as_bytes(),
                )?;
            }
            _ if is_preflight && name == "location" && one("preflight").is_some() => {}
            _ => add(name, value.as_bytes())?,
        }
    }
    if is_preflight {
        let said = one("preflight").map(|status| status.parse().unwrap());
        status = said.unwrap_or(if one("location").is_some() {
            200
        } else {
            status
        });
    }
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    Ok(response)
}

/// Fetches from [`server`], in a page.
fn fetch_in(page: &mut Browser, fetch: Fetch<String>) -> Outcome<String> {
    let mut service = service_fn(|request: Request<String>| ready(server(&request)));
    page.fetch(&mut service, fetch)
        .now_or_never()
        .expect("nothing waits")
}

/// Fetches in a page that was just opened.
fn fetch(fetch: Fetch<String>) -> Outcome<String> {
    fetch_in(&mut Browser::at(&format!("{LOCAL}/page")), fetch)
}

fn get(url: impl Display) -> Fetch<String> {
    Fetch::get(url)
}

fn with(method: &str, url: impl Display, headers: &[(&str, &str)]) -> Fetch<String> {
    let mut request = Request::builder().method(method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Fetch::from(request.body(String::new())).url(url)
}

fn sent<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    let value = exchange.request_headers().get(name);
    value.map(|value| value.to_str().expect("an ASCII header"))
}

/// What the last request had.
fn last<'a>(outcome: &'a Outcome<String>, name: &str) -> Option<&'a str> {
    sent(outcome.exchanges().last()?, name)
}

fn read<'a>(outcome: &'a Outcome<String>, name: &str) -> Option<&'a str> {
    let value = outcome.response()?.headers().get(name);
    value.map(|value| value.to_str().expect("an ASCII header"))
}

fn preflights(outcome: &Outcome<String>) -> usize {
    let exchanges = outcome.exchanges().iter();
    exchanges.filter(|exchange| exchange.is_preflight()).count()
}

/// A line of the table.
struct Line {
    subtests: usize,
    carried: usize,
    not_applicable: usize,
    otherwise: usize,
}

#[test]
fn the_browser_does_what_web_platform_tests_ask() {
    let mut files = Files::default();
    cors::run(&mut files);
    fetch_cors::run(&mut files);
    redirect::run(&mut files);
    xhr::run(&mut files);
    credentials::run(&mut files);
    event_source::run(&mut files);
    beacon::run(&mut files);
    metadata::run(&mut files);
    fetch_basic::run(&mut files);
    let failures: Vec<&String> = files.0.iter().flat_map(|file| &file.failures).collect();
    let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
    assert!(
        told.is_empty(),
        "{} subtests fail\n{}",
        told.len(),
        told.join("\n")
    );

    let mut table = BTreeMap::new();
    for line in include_str!("table.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let fields: Vec<&str> = line.split('\t').collect();
        let [
            name,
            commit,
            subtests,
            carried,
            not_applicable,
            otherwise,
            why,
        ] = fields[..]
        else {
            panic!("the line {line:?} has not seven fields");
        };
        let number = |text: &str| text.parse::<usize>().unwrap_or_else(|_| panic!("{line}"));
        let entry = Line {
            subtests: number(subtests),
            carried: number(carried),
            not_applicable: number(not_applicable),
            otherwise: number(otherwise),
        };
        assert_eq!(commit.len(), 8, "{line}");
        let counted = entry.carried + entry.not_applicable + entry.otherwise;
        assert_eq!(entry.subtests, counted, "{line}");
        assert_eq!(why.is_empty(), entry.carried == entry.subtests, "{line}");
        assert!(table.insert(name, entry).is_none(), "{line} is there twice");
    }
    for file in &files.0 {
        let entry = table
            .get(file.name)
            .unwrap_or_else(|| panic!("{} is missing", file.name));
        assert_eq!(entry.carried, file.run, "{}", file.name);
    }
    for (name, entry) in &table {
        let runs = files.0.iter().any(|file| file.name == *name);
        assert_eq!(runs, entry.carried > 0, "{name}");
    }
    let sum = |count: fn(&Line) -> usize| table.values().map(count).sum::<usize>();
    println!(
        "{} files, {} subtests: {} hold, {} do not apply, {} expect otherwise",
        table.len(),
        sum(|line| line.subtests),
        sum(|line| line.carried),
        sum(|line| line.not_applicable),
        sum(|line| line.otherwise),
    );
}
