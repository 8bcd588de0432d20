//! The same request to a proxy and to the server behind it: who removes or adds a header?

use http::HeaderMap;
use serde_json::{Value, json};
use tower_cors::testing::Outcome;
use url::Url;

mod change;

use change::{Change, changes};

use crate::Finished;
use crate::args::Asked;
use crate::cause;
use crate::fetch::{Page, page_fetches};
use crate::network::{Network, NetworkError, Rewrite, Sent};
use crate::report::{Report, exchange_json, wire};
use crate::text::wrapped;

const WIDTH: usize = 100;

/// One of the two hops.
struct Hop {
    outcome: Outcome<()>,
    sent: Vec<Sent>,
}

pub(crate) async fn run(asked: &Asked, page: &Page, direct: &Url, network: &Network) -> Finished {
    let via = hop(asked, page, network).await;
    if via.outcome.exchanges().is_empty() {
        return unsent(asked, page, &via);
    }
    let from = page.url.clone();
    network
        .set_rewrite(Some(Rewrite {
            from,
            to: direct.clone(),
        }))
        .await;
    let behind = hop(asked, page, network).await;
    for hop in [&via, &behind] {
        let last = hop.outcome.exchanges().last();
        if let Some(error) = last.and_then(cause::network_error) {
            let url = if std::ptr::eq(hop, &via) {
                &page.url
            } else {
                direct
            };
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
            "via": { "url": page.shown_url().as_str(), "blocked": blocked(&via), "exchanges": exchanges(&via) },
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

/// The browser sends nothing, so there is nothing to compare.
fn unsent(asked: &Asked, page: &Page, via: &Hop) -> Finished {
    let report = Report {
        page,
        engine: asked.browser,
        outcome: &via.outcome,
        sent: &via.sent,
        differences: &[],
        servers: asked.servers,
        message: None,
    };
    Finished {
        text: report.text(),
        json: report.json(),
        code: report.verdict().exit_code(),
    }
}

fn blocked(hop: &Hop) -> Option<&'static str> {
    hop.outcome
        .blocked()
        .map(tower_cors::testing::Blocked::code)
}

fn exchanges(hop: &Hop) -> Vec<Value> {
    hop.outcome
        .exchanges()
        .iter()
        .zip(&hop.sent)
        .map(|(exchange, sent)| exchange_json(exchange, sent))
        .collect()
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

fn text(page: &Page, direct: &Url, via: &Hop, behind: &Hop, changes: &[Change]) -> String {
    let verdict = |hop: &Hop| match hop.outcome.blocked() {
        None => "the page can read the response".to_owned(),
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
    text += &format!(
        "\nWhat to change, at the hop {}\n",
        page.url.origin().ascii_serialization()
    );
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
