//! What went over the wire.

use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::{Value, json};
use tower_cors::testing::Exchange;

use crate::network::Sent;
use crate::text::escaped;

/// The headers of a response that decide, or that tell who answered.
const SHOWN: [&str; 14] = [
    "vary",
    "location",
    "server",
    "via",
    "age",
    "x-cache",
    "cf-cache-status",
    "x-powered-by",
    "x-cors-decision",
    "www-authenticate",
    "allow",
    "cache-control",
    "content-type",
    "cross-origin-resource-policy",
];

fn is_shown(name: &HeaderName) -> bool {
    SHOWN.contains(&name.as_str()) || name.as_str().starts_with("access-control-")
}

/// The headers of a request that all browsers send and that decide nothing.
fn is_everywhere(name: &HeaderName) -> bool {
    ["accept", "accept-language", "host", "user-agent"].contains(&name.as_str())
        || name.as_str().starts_with("sec-fetch-")
}

/// Where a request went.
fn url(exchange: &Exchange, sent: &Sent) -> String {
    match &sent.rewritten {
        Some(url) => url.to_string(),
        None => exchange.url().to_owned(),
    }
}

/// A header's value. Secrets of the user are not shown, because reports are passed on.
fn value(name: &HeaderName, value: &http::HeaderValue) -> String {
    match name.as_str() {
        "authorization" | "cookie" | "set-cookie" | "proxy-authorization" => {
            "(not shown)".to_owned()
        }
        _ => escaped(value.as_bytes()),
    }
}

/// A request and its response.
pub(crate) fn wire(exchange: &Exchange, sent: &Sent) -> String {
    let over = match &sent.over {
        Some(over) => format!(
            "{}, {}, {} ms",
            over.protocol,
            over.address,
            sent.took.as_millis()
        ),
        None => "no connection".to_owned(),
    };
    let preflight = if exchange.is_preflight() {
        "preflight; "
    } else {
        ""
    };
    let mut text = format!(
        "\n  > {} {}  ({preflight}{over})\n",
        escaped(exchange.method().as_bytes()),
        url(exchange, sent)
    );
    for (name, line) in exchange
        .request_headers()
        .iter()
        .filter(|(name, _)| !is_everywhere(name))
    {
        text += &format!("  > {name}: {}\n", value(name, line));
    }
    match (exchange.status(), exchange.response_headers(), &sent.error) {
        (Some(status), Some(headers), _) => {
            text += &format!("  < {status}\n");
            let mut others = 0;
            for (name, line) in headers {
                if is_shown(name) {
                    text += &format!("  < {name}: {}\n", value(name, line));
                } else {
                    others += 1;
                }
            }
            if others > 0 {
                text += &format!(
                    "  < ({others} other header{})\n",
                    if others == 1 { "" } else { "s" }
                );
            }
        }
        (_, _, Some(error)) => text += &format!("  < no answer: {error}\n"),
        _ => text += "  < no answer\n",
    }
    text
}

pub(crate) fn exchange_json(exchange: &Exchange, sent: &Sent) -> Value {
    let headers = |headers: Option<&HeaderMap>| -> Vec<Value> {
        let lines = headers.into_iter().flatten();
        lines
            .map(|(name, line)| json!([name.as_str(), value(name, line)]))
            .collect()
    };
    json!({
        "preflight": exchange.is_preflight(),
        "method": exchange.method(),
        "url": url(exchange, sent),
        "protocol": sent.over.as_ref().map(|over| over.protocol.clone()),
        "address": sent.over.as_ref().map(|over| over.address.to_string()),
        "milliseconds": u64::try_from(sent.took.as_millis()).unwrap_or(u64::MAX),
        "request_headers": headers(Some(exchange.request_headers())),
        "status": exchange.status().as_ref().map(StatusCode::as_u16),
        "response_headers": headers(exchange.response_headers()),
        "error": sent.error.as_ref().map(|error| json!({ "code": error.code(), "sentence": error.to_string() })),
    })
}
