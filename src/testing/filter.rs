//! What a page can read of a response.

use http::Response;
use http::header::{ACCESS_CONTROL_EXPOSE_HEADERS, HeaderName};

use super::destination::Initiator;
use super::header_value::extract_list;
use super::outcome::{Answer, ResponseType};
use super::request::{Mode, Request, Tainting};
use super::safelist::{is_forbidden_response_header, is_safelisted_response_header};

/// Takes from a response what the page cannot read: <https://fetch.spec.whatwg.org/#main-fetch>, the step on filtered
/// responses.
pub(super) fn filter<B>(request: &Request, response: Response<B>) -> Answer<B> {
    match request.tainting {
        _ if request.mode == Mode::Navigate => Answer::Unreadable(ResponseType::Navigation),
        _ if request.initiator == Initiator::Beacon => Answer::Unreadable(ResponseType::Opaque),
        Tainting::Opaque => Answer::Unreadable(ResponseType::Opaque),
        Tainting::Basic => readable(ResponseType::Basic, response, |_| true),
        Tainting::Cors => {
            let exposed = extract_list(response.headers(), ACCESS_CONTROL_EXPOSE_HEADERS);
            let exposed = exposed.ok().flatten().unwrap_or_default();
            let any = !request.has_credentials() && exposed.iter().any(|name| name == b"*");
            readable(ResponseType::Cors, response, |name| {
                any || is_safelisted_response_header(name.as_str())
                    || exposed
                        .iter()
                        .any(|exposed| exposed.eq_ignore_ascii_case(name.as_str().as_bytes()))
            })
        }
    }
}

fn readable<B>(
    kind: ResponseType,
    mut response: Response<B>,
    is_exposed: impl Fn(&HeaderName) -> bool,
) -> Answer<B> {
    let all = std::mem::take(response.headers_mut());
    let mut hidden = Vec::new();
    for (name, value) in &all {
        if is_forbidden_response_header(name.as_str()) {
            continue;
        }
        if is_exposed(name) {
            response.headers_mut().append(name, value.clone());
        } else if !hidden.contains(name) && !is_about_the_response(name) {
            hidden.push(name.clone());
        }
    }
    Answer::Readable {
        kind,
        response,
        hidden,
    }
}

/// Whether no page has a use for a header.
fn is_about_the_response(name: &HeaderName) -> bool {
    name.as_str().starts_with("access-control-") || name == http::header::VARY
}
