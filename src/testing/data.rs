//! What a `data:` URL contains: <https://fetch.spec.whatwg.org/#data-urls>

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use url::{Position, Url};

use super::blocked::{Blocked, Failure};
use super::request::{Mode, Request};

/// Returns the content of the request's URL, if it is a `data:` URL. The page may read it whatever its origin.
///
/// <https://fetch.spec.whatwg.org/#scheme-fetch>
pub(super) fn fetch(request: &Request) -> Result<Option<Response<Vec<u8>>>, Failure> {
    let is_redirected = !request.previous_urls.is_empty();
    if request.url.scheme() != "data" || is_redirected || request.mode == Mode::WebSocket {
        return Ok(None);
    }
    match read(&request.url) {
        Some((content_type, body)) => {
            let body = if request.method == "HEAD" {
                Vec::new()
            } else {
                body
            };
            let mut response = Response::new(body);
            response.headers_mut().insert(CONTENT_TYPE, content_type);
            Ok(Some(response))
        }
        None => Err(Failure {
            blocked: Blocked::DataMalformed,
            subject: "the URL",
            was: "malformed".to_owned(),
            expected: "`data:` with a type, a comma, and a text or base64".to_owned(),
            advice: String::new(),
            also: Vec::new(),
        }),
    }
}

/// <https://fetch.spec.whatwg.org/#data-url-processor>
fn read(url: &Url) -> Option<(HeaderValue, Vec<u8>)> {
    let (media_type, body) = url[Position::BeforePath..Position::AfterQuery].split_once(',')?;
    let body = percent_decode(body);
    let media_type = media_type.trim_matches(' ');
    let (media_type, body) = match media_type.rsplit_once(';') {
        Some((media_type, last)) if last.trim_start_matches(' ').eq_ignore_ascii_case("base64") => {
            (media_type, from_base64(&body)?)
        }
        _ => (media_type, body),
    };
    let content_type = if media_type.starts_with(';') {
        format!("text/plain{media_type}")
    } else {
        media_type.to_owned()
    };
    let is_type = content_type.split(';').next().is_some_and(|essence| {
        let mut parts = essence.trim_end_matches(' ').splitn(2, '/');
        parts.all(|part| super::header_value::is_token(part.as_bytes())) && essence.contains('/')
    });
    let content_type = match is_type {
        true => HeaderValue::try_from(content_type).ok()?,
        false => HeaderValue::from_static("text/plain;charset=US-ASCII"),
    };
    Some((content_type, body))
}

/// <https://url.spec.whatwg.org/#string-percent-decode>
fn percent_decode(text: &str) -> Vec<u8> {
    let hex = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let bytes = text.as_bytes();
    let mut decoded = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = match byte {
            b'%' => hex(bytes.get(at + 1)).zip(hex(bytes.get(at + 2))),
            _ => None,
        };
        match escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// <https://infra.spec.whatwg.org/#forgiving-base64-decode>
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if text.len() % 4 == 0 {
        for _ in 0..2 {
            if text.last() == Some(&b'=') {
                text.pop();
            }
        }
    }
    if text.len() % 4 == 1 {
        return None;
    }
    let (mut decoded, mut bits, mut buffer) = (Vec::new(), 0, 0_u32);
    for byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        buffer = (buffer << 6 | u32::from(digit)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            decoded.push(u8::try_from(buffer >> bits & 0xff).unwrap_or(0));
        }
    }
    Some(decoded)
}
