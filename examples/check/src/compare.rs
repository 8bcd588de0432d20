//! The same request to a proxy and to the server behind it: who removes or adds a header?

use std::collections::BTreeSet;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, AGE, HOST, ORIGIN, VARY};
use http::{HeaderMap, HeaderName, Request};
use serde_json::{Value, json};
use tower_cors::testing::{Exchange, Outcome};
use tower_service::Service;
use url::Url;

use crate::Finished;
use crate::advice::Server;
use crate::args::Asked;
use crate::cause;
use crate::fetch::{Page, page_fetches};
use crate::network::{Network, NetworkError, Rewrite, Sent};
use crate::report::{exchange_json, wire};
use crate::text::{escaped, listed, wrapped};

const WIDTH: usize = 100;

/// What the hop does to a header, or to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Change {
    /// A stable name.
    code: &'static str,
    sentence: String,
    /// What to change in the hop.
    help: String,
    lines: Vec<(Server, String)>,
}

/// One of the two hops.
struct Hop {
    outcome: Outcome<()>,
    sent: Vec<Sent>,
}

pub(crate) async fn run(asked: &Asked, page: &Page, direct: &Url, network: &Network) -> Finished {
    let via = hop(asked, page, network).await;
    let from = page.url.clone();
    network.set_rewrite(Some(Rewrite { from, to: direct.clone() })).await;
    let behind = hop(asked, page, network).await;
    for hop in [&via, &behind] {
        let last = hop.outcome.exchanges().last();
        if let Some(error) = last.and_then(cause::network_error) {
            let url = if std::ptr::eq(hop, &via) { &page.url } else { direct };
            return no_answer(url, error);
        }
    }
    let changes = changes(page, direct, &via, &behind, network).await;
    let is_readable = behind.outcome.blocked().is_none() && via.outcome.blocked().is_none();
    let code = u8::from(!changes.is_empty() || !is_readable);
    Finished {
        text: text(page, direct, &via, &behind, &changes),
        json: json!({
            "verdict": if changes.is_empty() { "same" } else { "different" },
            "exit_code": code,
            "page": page.origin(),
            "method": page.method,
            "via": { "url": page.url.as_str(), "blocked": blocked(&via), "exchanges": exchanges(&via) },
            "direct": { "url": direct.as_str(), "blocked": blocked(&behind), "exchanges": exchanges(&behind) },
            "changes": changes.iter().map(|change| json!({
                "code": change.code,
                "sentence": change.sentence,
                "help": change.help,
                "lines": change.lines.iter().map(|(server, line)| (server.key().to_owned(), json!(line)))
                    .collect::<serde_json::Map<String, Value>>(),
            })).collect::<Vec<Value>>(),
        }),
        code,
    }
}

fn blocked(hop: &Hop) -> Option<&'static str> {
    hop.outcome.blocked().map(tower_cors::testing::Blocked::code)
}

fn exchanges(hop: &Hop) -> Vec<Value> {
    hop.outcome.exchanges().iter().zip(&hop.sent).map(|(exchange, sent)| exchange_json(exchange, sent)).collect()
}

async fn hop(asked: &Asked, page: &Page, network: &Network) -> Hop {
    let outcome = page_fetches(page, asked.browser, &mut network.clone()).await;
    Hop {
        outcome,
        sent: network.take_log().await,
    }
}

fn no_answer(url: &Url, error: &NetworkError) -> Finished {
    let cause = cause::network_cause(error);
    Finished {
        text: format!(
            "no answer: {url}\n\n{}\nWhat to try\n{}",
            wrapped(&cause.sentence, "  ", WIDTH),
            wrapped(&cause.change, "  ", WIDTH)
        ),
        json: json!({
            "verdict": "no-answer",
            "exit_code": 3,
            "url": url.as_str(),
            "cause": crate::report::cause_json(&cause, &HeaderMap::new(), crate::args::Servers::All),
        }),
        code: 3,
    }
}

/// Returns what the hop does, by the first request whose answers differ.
async fn changes(page: &Page, direct: &Url, via: &Hop, behind: &Hop, network: &Network) -> Vec<Change> {
    let pairs = via.outcome.exchanges().iter().zip(behind.outcome.exchanges());
    for (before, after) in pairs {
        if before.is_preflight() != after.is_preflight() {
            break;
        }
        let is_allowed = headers(after).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
        let changes = if headers(before) == headers(after) && before.status() == after.status() {
            Vec::new()
        } else if is_allowed && !headers(before).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) && is_without_origin(page, direct, before, network).await {
            vec![strips_origin()]
        } else if let Some(change) = answers_itself(before, after) {
            vec![change]
        } else {
            header_changes(before, after)
        };
        if !changes.is_empty() {
            return changes;
        }
    }
    Vec::new()
}

fn headers(exchange: &Exchange) -> HeaderMap {
    exchange.response_headers().cloned().unwrap_or_default()
}

/// The hop answers instead of the server: another status, and none of the server's CORS headers.
fn answers_itself(via: &Exchange, direct: &Exchange) -> Option<Change> {
    let (status, behind) = (via.status()?, direct.status()?);
    let has_cors = |exchange: &Exchange| headers(exchange).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
    if status == behind || has_cors(via) || !has_cors(direct) {
        return None;
    }
    let what = if via.is_preflight() { "the preflight" } else { "the request" };
    Some(Change {
        code: "hop-answers",
        sentence: format!(
            "The hop answers {what} itself, with {status} and without CORS headers. The server behind it answers {behind} and allows the \
             page."
        ),
        help: match via.is_preflight() {
            true => "Let the hop pass OPTIONS on to the server, before authentication and its rules.".to_owned(),
            false => "Let the hop pass the request on, or let it add the CORS headers to its own answers too.".to_owned(),
        },
        lines: match via.is_preflight() {
            true => vec![
                (Server::Nginx, "limit_except OPTIONS { auth_basic \"…\"; auth_basic_user_file …; }  # instead of auth_basic alone".to_owned()),
                (Server::Caddy, "@not_preflight not method OPTIONS  # then: basic_auth @not_preflight { … }".to_owned()),
                (Server::Cloudflare, "// Zero Trust Access: \"Bypass options requests to origin\"; WAF: a rule that skips OPTIONS".to_owned()),
            ],
            false => Vec::new(),
        },
    })
}

fn header_changes(via: &Exchange, behind: &Exchange) -> Vec<Change> {
    let (before, after) = (headers(via), headers(behind));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).map(HeaderName::as_str).filter(|name| is_compared(name)).collect();
    let differing = names.into_iter().filter(|name| values(&before, name) != values(&after, name));
    let is_cached = before.contains_key(AGE) && !after.contains_key(AGE);
    differing.map(|name| header_change(name, &before, &after, is_cached)).collect()
}

fn is_compared(name: &str) -> bool {
    name.starts_with("access-control-") || name == "vary"
}

/// The lines of a header; of `Vary` its names, because their order and their lines mean nothing.
fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).iter().map(|line| escaped(line.as_bytes()));
    if name != VARY.as_str() {
        return lines.collect();
    }
    let mut names: Vec<String> = lines
        .flat_map(|line| line.split(',').map(|name| name.trim().to_ascii_lowercase()).collect::<Vec<String>>())
        // A hop that compresses adds this one, and may.
        .filter(|name| !name.is_empty() && name != "accept-encoding")
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Asks the server behind the hop without `Origin`. If it then says what the hop said, `Origin` did not get through.
async fn is_without_origin(page: &Page, direct: &Url, via: &Exchange, network: &Network) -> bool {
    let request = Request::builder().method(via.method()).uri(page.url[..url::Position::AfterQuery].to_owned()).body(Bytes::new());
    let Ok(mut request) = request else { return false };
    *request.headers_mut() = via.request_headers().clone();
    request.headers_mut().remove(ORIGIN);
    request.headers_mut().remove(HOST);
    network.set_rewrite(Some(Rewrite { from: page.url.clone(), to: direct.clone() })).await;
    let Ok(answer) = network.clone().call(request).await else { return false };
    let seen = headers(via);
    let is_same = |name: &str| values(answer.headers(), name) == values(&seen, name);
    let names = seen.keys().chain(answer.headers().keys()).map(HeaderName::as_str);
    // These tell which of the two wrote an error.
    let tells = |name: &str| is_compared(name) || ["allow", "content-type", "www-authenticate"].contains(&name);
    Some(answer.status()) == via.status() && names.filter(|name| tells(name)).all(is_same)
}

fn strips_origin() -> Change {
    Change {
        code: "origin-stripped",
        sentence: "The hop removes `Origin` from the request: the server behind it answers the same if it is asked without. So it cannot \
                   know the page."
            .to_owned(),
        help: "Let the hop pass `Origin` on. For preflights also `Access-Control-Request-Method` and `Access-Control-Request-Headers`."
            .to_owned(),
        lines: vec![
            (Server::Nginx, "proxy_set_header Origin $http_origin;  # or remove `proxy_set_header Origin \"\";`".to_owned()),
            (Server::Caddy, "remove `header_up -Origin` from reverse_proxy".to_owned()),
            (Server::Cloudflare, "// remove the Request Header Transform Rule for `Origin`; in a Worker: fetch(request), not fetch(request.url)".to_owned()),
            (Server::S3, "CloudFront: the origin request policy CORS-S3Origin (S3) or CORS-CustomOrigin".to_owned()),
        ],
    }
}

fn header_change(name: &str, via: &HeaderMap, direct: &HeaderMap, is_cached: bool) -> Change {
    let (here, there) = (values(via, name), values(direct, name));
    let shown = canonical(name);
    if name == VARY.as_str() {
        let lost: Vec<String> = there.iter().filter(|name| !here.contains(name)).cloned().collect();
        let added: Vec<String> = here.iter().filter(|name| !there.contains(name)).cloned().collect();
        return if lost.is_empty() {
            change("vary-added", format!("The hop adds {} to Vary.", listed(&added)), "This is harmless, unless the hop also decides about CORS.", Vec::new())
        } else {
            change(
                "vary-removed",
                format!("The hop removes {} from Vary.", listed(&lost)),
                "Let the hop pass `Vary` on, because caches after it give one page the answer for another.",
                vec![(Server::Nginx, "remove `proxy_hide_header Vary;`".to_owned())],
            )
        };
    }
    let keep = vec![
        (Server::Nginx, format!("remove `proxy_hide_header {shown};`")),
        (Server::Caddy, format!("remove `header_down -{shown}` and `header -{shown}`")),
        (Server::Cloudflare, format!("// remove the Response Header Transform Rule for {shown}")),
    ];
    let once = vec![
        (Server::Nginx, format!("proxy_hide_header {shown};  # or remove the `add_header {shown} …`")),
        (Server::Caddy, format!("header_down -{shown}  # in reverse_proxy; or remove `header {shown} …`")),
        (Server::Cloudflare, "// \"Set static\" instead of \"Add static\", or remove the rule".to_owned()),
    ];
    match (here.as_slice(), there.as_slice()) {
        ([], _) => change(
            "header-removed",
            format!("The hop removes {shown}: {}.", there.join(" and ")),
            "Let the hop pass the header on.",
            keep,
        ),
        (_, []) => change(
            "header-added",
            format!("The hop adds {shown}: {}. The server behind it sends none.", here.join(" and ")),
            "Decide in one place about CORS: in the hop, or in the server behind it.",
            once,
        ),
        (_, _) if here.len() > there.len() => change(
            "header-doubled",
            format!(
                "The hop doubles {shown}: the server behind it sends {}, and the hop adds {}.",
                there.join(" and "),
                without(&here, &there).join(" and ")
            ),
            "Decide in one place about CORS: remove the header in the hop, or in the server behind it.",
            once,
        ),
        _ if is_cached && name == ACCESS_CONTROL_ALLOW_ORIGIN.as_str() => change(
            "cached-for-another-origin",
            format!("The hop answers from its cache, for another origin: {}.", here.join(" and ")),
            "Let the server send `Vary: Origin` with every answer of this URL, and purge the cache.",
            Vec::new(),
        ),
        _ => change(
            "header-changed",
            format!("The hop changes {shown} from {} to {}.", there.join(" and "), here.join(" and ")),
            "Decide in one place about CORS: in the hop, or in the server behind it.",
            once,
        ),
    }
}

/// What is left of a list if each element of another is removed once.
fn without(all: &[String], some: &[String]) -> Vec<String> {
    let mut rest = all.to_vec();
    for value in some {
        if let Some(position) = rest.iter().position(|other| other == value) {
            rest.remove(position);
        }
    }
    rest
}

fn change(code: &'static str, sentence: String, help: &str, lines: Vec<(Server, String)>) -> Change {
    Change {
        code,
        sentence,
        help: help.to_owned(),
        lines,
    }
}

/// `Access-Control-Allow-Origin` of `access-control-allow-origin`.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<String>>().join("-")
}

fn text(page: &Page, direct: &Url, via: &Hop, behind: &Hop, changes: &[Change]) -> String {
    let verdict = |hop: &Hop| match hop.outcome.blocked() {
        None => "the page can read the answer".to_owned(),
        Some(blocked) => format!("blocked ({blocked})"),
    };
    let title = match (changes.is_empty(), via.outcome.blocked().is_none()) {
        (false, _) => "different: the hop changes what a page gets",
        (true, true) => "same: the hop changes nothing",
        (true, false) => "same: the hop changes nothing, and the page is blocked at both",
    };
    let mut text = format!(
        "{title}\n\n  via    {}: {}\n  direct {direct}: {}\n",
        page.url,
        verdict(via),
        verdict(behind)
    );
    for change in changes {
        text += &format!("\n{}", wrapped(&change.sentence, "  ", WIDTH));
    }
    if changes.is_empty() && via.outcome.blocked().is_some() {
        text += "\n  The server behind the hop has to change something. Run the program with its URL alone: it explains what.\n";
    }
    for (name, hop) in [("via", via), ("direct", behind)] {
        text += &format!("\nWhat went over the wire, {name}\n");
        for (exchange, sent) in hop.outcome.exchanges().iter().zip(&hop.sent) {
            text += &wire(exchange, sent);
        }
    }
    if changes.is_empty() {
        return text;
    }
    text += &format!("\nWho has to change something: the hop at {}\n", page.url.origin().ascii_serialization());
    let mut told: Vec<&str> = Vec::new();
    for change in changes {
        if !told.contains(&change.help.as_str()) {
            text += &wrapped(&change.help, "  ", WIDTH);
            told.push(&change.help);
        }
        for (server, line) in &change.lines {
            text += &format!("  {:<15} {line}\n", server.name());
        }
    }
    text
}
