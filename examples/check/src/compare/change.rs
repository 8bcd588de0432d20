//! What a hop changes.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, AGE, HOST, ORIGIN, VARY};
use http::{HeaderMap, HeaderName, Request};
use tower_cors::testing::Exchange;
use tower_service::Service;
use url::Url;

use super::Hop;
use crate::advice::Server;
use crate::fetch::Page;
use crate::network::{Network, Rewrite};
use crate::text::{escaped, listed};

/// What the hop does to a header, or to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Change {
    /// A stable name.
    pub(super) code: &'static str,
    pub(super) sentence: String,
    /// What to change in the hop.
    pub(super) help: String,
    pub(super) lines: Vec<(Server, String)>,
}

/// Returns what the hop does, by the first request whose answers differ.
pub(super) async fn changes(
    page: &Page,
    direct: &Url,
    via: &Hop,
    behind: &Hop,
    network: &Network,
) -> Vec<Change> {
    let pairs = via
        .outcome
        .exchanges()
        .iter()
        .zip(behind.outcome.exchanges());
    for (before, after) in pairs {
        if before.is_preflight() != after.is_preflight() {
            break;
        }
        let is_allowed = headers(after).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
        let changes = if headers(before) == headers(after) && before.status() == after.status() {
            Vec::new()
        } else if is_allowed
            && !headers(before).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
            && is_without_origin(page, direct, before, network).await
        {
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

pub(super) fn headers(exchange: &Exchange) -> HeaderMap {
    exchange.response_headers().cloned().unwrap_or_default()
}

/// The hop answers instead of the server: another status, and none of the server's CORS headers.
pub(super) fn answers_itself(via: &Exchange, direct: &Exchange) -> Option<Change> {
    let (status, behind) = (via.status()?, direct.status()?);
    let has_cors =
        |exchange: &Exchange| headers(exchange).contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
    if status == behind || has_cors(via) || !has_cors(direct) {
        return None;
    }
    let what = if via.is_preflight() {
        "the preflight"
    } else {
        "the request"
    };
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

pub(super) fn header_changes(via: &Exchange, behind: &Exchange) -> Vec<Change> {
    let (before, after) = (headers(via), headers(behind));
    let names: BTreeSet<&str> = before
        .keys()
        .chain(after.keys())
        .map(HeaderName::as_str)
        .filter(|name| is_compared(name))
        .collect();
    let differing = names
        .into_iter()
        .filter(|name| values(&before, name) != values(&after, name));
    let is_cached = before.contains_key(AGE) && !after.contains_key(AGE);
    differing
        .map(|name| header_change(name, &before, &after, is_cached))
        .collect()
}

pub(super) fn is_compared(name: &str) -> bool {
    name.starts_with("access-control-") || name == "vary"
}

/// The lines of a header; of `Vary` its names, because their order and their lines mean nothing.
pub(super) fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers
        .get_all(name)
        .iter()
        .map(|line| escaped(line.as_bytes()));
    if name != VARY.as_str() {
        return lines.collect();
    }
    let mut names: Vec<String> = lines
        .flat_map(|line| {
            line.split(',')
                .map(|name| name.trim().to_ascii_lowercase())
                .collect::<Vec<String>>()
        })
        // A hop that compresses adds this one, and may.
        .filter(|name| !name.is_empty() && name != "accept-encoding")
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Asks the server behind the hop without `Origin`. If it then says what the hop said, `Origin` did not get through.
pub(super) async fn is_without_origin(
    page: &Page,
    direct: &Url,
    via: &Exchange,
    network: &Network,
) -> bool {
    let request = Request::builder()
        .method(via.method())
        .uri(page.url[..url::Position::AfterQuery].to_owned())
        .body(Bytes::new());
    let Ok(mut request) = request else {
        return false;
    };
    *request.headers_mut() = via.request_headers().clone();
    request.headers_mut().remove(ORIGIN);
    request.headers_mut().remove(HOST);
    network
        .set_rewrite(Some(Rewrite {
            from: page.url.clone(),
            to: direct.clone(),
        }))
        .await;
    let Ok(answer) = network.clone().call(request).await else {
        return false;
    };
    let seen = headers(via);
    let is_same = |name: &str| values(answer.headers(), name) == values(&seen, name);
    let names = seen
        .keys()
        .chain(answer.headers().keys())
        .map(HeaderName::as_str);
    // These tell which of the two wrote an error.
    let tells = |name: &str| {
        is_compared(name) || ["allow", "content-type", "www-authenticate"].contains(&name)
    };
    Some(answer.status()) == via.status() && names.filter(|name| tells(name)).all(is_same)
}

pub(super) fn strips_origin() -> Change {
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

pub(super) fn header_change(
    name: &str,
    via: &HeaderMap,
    direct: &HeaderMap,
    is_cached: bool,
) -> Change {
    let (here, there) = (values(via, name), values(direct, name));
    let shown = canonical(name);
    if name == VARY.as_str() {
        let lost: Vec<String> = there
            .iter()
            .filter(|name| !here.contains(name))
            .cloned()
            .collect();
        let added: Vec<String> = here
            .iter()
            .filter(|name| !there.contains(name))
            .cloned()
            .collect();
        return if lost.is_empty() {
            change(
                "vary-added",
                format!("The hop adds {} to Vary.", listed(&added)),
                "This is harmless, unless the hop also decides about CORS.",
                Vec::new(),
            )
        } else {
            change(
                "vary-removed",
                format!("The hop removes {} from Vary.", listed(&lost)),
                "Let the hop pass `Vary` on, because caches after it give one page the response for another.",
                vec![(Server::Nginx, "remove `proxy_hide_header Vary;`".to_owned())],
            )
        };
    }
    let keep = vec![
        (
            Server::Nginx,
            format!("remove `proxy_hide_header {shown};`"),
        ),
        (
            Server::Caddy,
            format!("remove `header_down -{shown}` and `header -{shown}`"),
        ),
        (
            Server::Cloudflare,
            format!("// remove the Response Header Transform Rule for {shown}"),
        ),
    ];
    let once = vec![
        (
            Server::Nginx,
            format!("proxy_hide_header {shown};  # or remove the `add_header {shown} …`"),
        ),
        (
            Server::Caddy,
            format!("header_down -{shown}  # in reverse_proxy; or remove `header {shown} …`"),
        ),
        (
            Server::Cloudflare,
            "// \"Set static\" instead of \"Add static\", or remove the rule".to_owned(),
        ),
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
            format!(
                "The hop adds {shown}: {}. The server behind it sends none.",
                here.join(" and ")
            ),
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
            format!(
                "The hop answers from its cache, for another origin: {}.",
                here.join(" and ")
            ),
            "Let the server send `Vary: Origin` with every answer of this URL, and purge the cache.",
            Vec::new(),
        ),
        _ => change(
            "header-changed",
            format!(
                "The hop changes {shown} from {} to {}.",
                there.join(" and "),
                here.join(" and ")
            ),
            "Decide in one place about CORS: in the hop, or in the server behind it.",
            once,
        ),
    }
}

/// What is left of a list if each element of another is removed once.
pub(super) fn without(all: &[String], some: &[String]) -> Vec<String> {
    let mut rest = all.to_vec();
    for value in some {
        if let Some(position) = rest.iter().position(|other| other == value) {
            rest.remove(position);
        }
    }
    rest
}

pub(super) fn change(
    code: &'static str,
    sentence: String,
    help: &str,
    lines: Vec<(Server, String)>,
) -> Change {
    Change {
        code,
        sentence,
        help: help.to_owned(),
        lines,
    }
}

/// `Access-Control-Allow-Origin` of `access-control-allow-origin`.
pub(super) fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<String>>().join("-")
}
