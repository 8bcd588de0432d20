//! A search for origins that a server allows by mistake.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io::{IsTerminal, Write};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::COOKIE;
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::{Value, json};
use tower_cors::testing::{Finding, Readers, findings};
use tower_service::Service;
use url::{Host, Url};

mod group;
mod mistake;
mod words;

use group::{Group, groups};

use crate::args::{Asked, Servers, Task};
use crate::fetch::Page;
use crate::network::{Limit, Network, Sent};
use crate::progress::Progress;
use crate::report::{cause_json, exchange_json, lines, wire};
use crate::text::{escaped, wrapped};
use crate::{Finished, cause};

/// As many requests are sent to any host without a question.
const HANDFUL: usize = 10;
/// The requests that follow if the server allows one of two `Origin` header fields.
const SPARE: usize = 8;
/// Requests per second to a host that is not local, and to one that is.
const RATES: (u32, u32) = (10, 500);
const WIDTH: usize = 100;

/// Searches, and asks before many requests go to a host that is not local.
///
/// # Errors
///
/// If the user says no, or an allowed origin is none, or too many requests would be sent.
pub(crate) async fn run(
    asked: &Asked,
    page: &Page,
    network: &Network,
    progress: &Progress,
) -> Result<Finished, String> {
    let Task::Audit {
        allow,
        yes,
        max_requests,
        rate,
        ..
    } = &asked.task
    else {
        return Err("there is nothing to audit".to_owned());
    };
    page.browser()?;
    let page = &with_cookies(page);
    let readers = readers(page, allow);
    readers.check().map_err(|error| error.to_string())?;
    let mut count = Count(0);
    findings(&mut count, page.fetch(), readers.clone()).await;
    let count = count.0;
    let is_local = is_local(&page.url);
    let rate = rate.unwrap_or(if is_local { RATES.1 } else { RATES.0 });
    if count > *max_requests {
        return Err(format!(
            "the audit would send {count} requests, and the limit is {max_requests}; help: write fewer `--allow`, or `--max-requests {count}`"
        ));
    }
    if count > HANDFUL && !is_local && !yes {
        ask(page, count, rate)?;
    }
    network
        .set_limit(Limit {
            requests: (count + SPARE).min(*max_requests),
            pause: Duration::from_secs(1) / rate,
            failures: 3,
        })
        .await;
    progress.expect(count);
    let found = progress
        .during(findings(&mut network.clone(), page.fetch(), readers))
        .await;
    let sent = network.take_log().await;
    Ok(report(asked, page, &found, &sent))
}

/// The search sends the headers that it is given, and has no cookies of its own.
fn with_cookies(page: &Page) -> Page {
    let mut page = page.clone();
    let pairs = page
        .cookies
        .iter()
        .map(|cookie| cookie.split(';').next().unwrap_or_default().trim());
    let line = pairs.collect::<Vec<&str>>().join("; ");
    if let Ok(line) = HeaderValue::try_from(&line)
        && !line.is_empty()
    {
        page.headers.insert(COOKIE, line);
    }
    page
}

/// Who is meant to read.
fn readers(page: &Page, allow: &[String]) -> Readers {
    let origin = page.origin();
    if !page.credentials {
        return Readers::from(std::iter::once(&origin).chain(allow));
    }
    let (any, named): (Vec<&String>, Vec<&String>) =
        allow.iter().partition(|origin| *origin == "*");
    Readers::new()
        .with_credentials(std::iter::once(&origin).chain(named))
        .without_credentials(any)
}

/// Asks on standard error, and reads the response from standard input.
fn ask(page: &Page, count: usize, rate: u32) -> Result<(), String> {
    let host = page.url.host_str().unwrap_or_default();
    let method = escaped(page.method.as_bytes());
    let seconds = count.div_ceil(usize::try_from(rate).unwrap_or(1));
    let question = format!(
        "The audit sends {count} requests to {host}, {rate} per second, for about {seconds} s; half of them are {method}.\n\
         Do you own this server, and may {method} be sent so often? [y/N] "
    );
    let _ = std::io::stderr().write_all(crate::text::printable(&question).as_bytes());
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    if !std::io::stdin().is_terminal() {
        let _ = std::io::stderr().write_all(b"\n");
    }
    match read {
        Ok(_) if ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) => Ok(()),
        _ => Err("nothing was sent; help: `--yes` answers the question".to_owned()),
    }
}

/// Returns whether a host is this machine, by its name.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A service that counts requests, and allows nothing.
struct Count(usize);

impl Service<Request<Bytes>> for Count {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        self.0 += 1;
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::NO_CONTENT;
        ready(Ok(response))
    }
}

fn report(asked: &Asked, page: &Page, found: &[Finding], sent: &[Sent]) -> Finished {
    // If the first request fails, so do the others.
    if let Some(error) = sent.first().and_then(|sent| sent.error.as_ref()) {
        let cause = cause::network_cause(error);
        return Finished {
            text: format!(
                "no answer: {}\n\n{}\nWhat to try\n{}",
                page.shown_url(),
                wrapped(&cause.sentence, "  ", WIDTH),
                wrapped(&cause.change, "  ", WIDTH)
            ),
            json: json!({
                "verdict": "no-answer",
                "exit_code": 3,
                "url": page.shown_url().as_str(),
                "cause": cause_json(&cause, &http::HeaderMap::new(), Servers::All),
            }),
            code: 3,
        };
    }
    let groups = groups(found, &page.origin(), &page.method, &meant(asked, page));
    let answered = sent.iter().filter(|sent| sent.error.is_none()).count();
    let limited = sent
        .iter()
        .filter(|sent| sent.status == Some(StatusCode::TOO_MANY_REQUESTS))
        .count();
    let (verdict, code) = match groups.iter().any(|group| group.severity.fails()) {
        true => ("found", 1),
        false if limited > 0 => ("incomplete", 3),
        false => ("nothing-found", 0),
    };
    let mut text = text(asked, page, &groups, answered);
    if limited > 0 {
        let note = format!(
            "The search is incomplete: the server answered {limited} requests with 429 Too Many Requests. Ask more slowly, with \
             `--rate 1`."
        );
        text = format!("{}\n{text}", wrapped(&note, "", WIDTH));
    }
    Finished {
        text,
        json: json!({
            "verdict": verdict,
            "exit_code": code,
            "page": page.origin(),
            "method": page.method,
            "url": page.shown_url().as_str(),
            "requests": answered,
            "limited": limited,
            "findings": groups.iter().map(|group| group_json(group, asked.servers)).collect::<Vec<Value>>(),
        }),
        code,
    }
}

/// The origins that are meant, without patterns.
fn meant(asked: &Asked, page: &Page) -> Vec<String> {
    let mut meant = vec![page.origin()];
    if let Task::Audit { allow, .. } = &asked.task {
        meant.extend(allow.iter().filter(|origin| !origin.contains('*')).cloned());
    }
    meant
}

fn text(asked: &Asked, page: &Page, groups: &[Group<'_>], answered: usize) -> String {
    let url = page.shown_url();
    let method = escaped(page.method.as_bytes());
    if groups.is_empty() {
        return format!(
            "nothing found: {method} {url} allows only who is meant, in {answered} requests\n"
        );
    }
    let count = match groups.len() {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let mut text = format!("{count}: {method} {url}, in {answered} requests\n");
    for (index, group) in groups.iter().enumerate() {
        let title = format!("{}. {}: {}", index + 1, group.severity.name(), group.title);
        text += &format!("\n{}", wrapped(&title, "", WIDTH));
        if !group.consequence.is_empty() {
            text += &wrapped(&group.consequence, "   ", WIDTH);
        }
        for shown in &group.shown {
            text += &format!("     {shown}\n");
        }
        if group.count > group.shown.len() {
            text += &format!(
                "     ({} more requests show it)\n",
                group.count - group.shown.len()
            );
        }
        text += &wrapped(&group.change, "   ", WIDTH);
        if !group.need.is_empty() {
            let headers = group
                .example
                .exchange()
                .response_headers()
                .cloned()
                .unwrap_or_default();
            text += &lines(&group.need, &headers, asked.servers);
        }
        if group.shows_wire {
            text += &wire(group.example.exchange(), &Sent::unknown());
        }
    }
    text
}

fn group_json(group: &Group<'_>, servers: Servers) -> Value {
    let exchange = group.example.exchange();
    let headers = exchange.response_headers().cloned().unwrap_or_default();
    let as_cause = cause::Cause {
        code: group.code.to_owned(),
        sentence: group.title.clone(),
        details: group.shown.clone(),
        who: cause::Who::Server,
        change: group.change.clone(),
        need: group.need.clone(),
    };
    json!({
        "severity": group.severity.name(),
        "requests": group.count,
        "consequence": group.consequence,
        "cause": cause_json(&as_cause, &headers, servers),
        "exchange": exchange_json(exchange, &Sent::unknown()),
    })
}
