//! Where a redirect leads, and what it takes along.

use http::{HeaderMap, StatusCode};

use super::blocked::{Blocked, Failure};
use super::header_value::get;
use super::origin::includes_credentials;
use super::request::{HasBody, Mode, Request, Tainting};
use super::safelist::REQUEST_BODY_HEADERS;
use crate::escaped::EscapedAnswer;

/// <https://fetch.spec.whatwg.org/#redirect-status>
pub(super) fn is_redirect(status: StatusCode) -> bool {
    [301, 302, 303, 307, 308].contains(&status.as_u16())
}

/// Changes the request to the one that a redirect asks for. Returns false if the response is not a redirect after all, because
/// it has no `Location`. <https://fetch.spec.whatwg.org/#http-redirect-fetch>
pub(super) fn follow(
    request: &mut Request,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<bool, Failure> {
    let Some(location) = get(headers, http::header::LOCATION) else {
        return Ok(false);
    };
    let failure = |blocked, expected: &str| Failure {
        blocked,
        subject: "Location",
        was: format!("`{}`", EscapedAnswer(&location)),
        expected: expected.to_owned(),
        advice: String::new(),
        also: Vec::new(),
    };
    let target = std::str::from_utf8(&location)
        .ok()
        .and_then(|text| request.url.join(text).ok());
    let Some(mut target) = target else {
        return Err(failure(Blocked::RedirectLocationMalformed, "a URL"));
    };
    // https://fetch.spec.whatwg.org/#concept-response-location-url
    if target.fragment().is_none() {
        target.set_fragment(request.url.fragment());
    }
    if !["http", "https"].contains(&target.scheme()) {
        return Err(failure(
            Blocked::RedirectNotHttp,
            "an `http` or `https` URL",
        ));
    }
    if request.previous_urls.len() == 20 {
        return Err(failure(Blocked::TooManyRedirects, "at most 20 redirects"));
    }
    let is_other_origins = request.mode == Mode::Cors && !request.origin.is_same_origin(&target);
    if includes_credentials(&target) && (is_other_origins || request.tainting == Tainting::Cors) {
        return Err(failure(
            Blocked::RedirectWithCredentials,
            "a URL without user name and password",
        ));
    }
    if status != StatusCode::SEE_OTHER && request.has_body == HasBody::Stream {
        return Err(failure(
            Blocked::RedirectOfStream,
            "missing, for the streamed body cannot be sent again",
        ));
    }
    let becomes_get = match status.as_u16() {
        301 | 302 => request.method == "POST",
        303 => request.method != "GET" && request.method != "HEAD",
        _ => false,
    };
    if becomes_get {
        request.method = "GET".to_owned();
        request.has_body = HasBody::No;
        for name in REQUEST_BODY_HEADERS {
            request.headers.remove(name);
        }
    }
    if request.url.origin() != target.origin()
        && request
            .headers
            .remove(http::header::AUTHORIZATION)
            .is_some()
    {
        request.dropped_authorization = true;
    }
    let previous = std::mem::replace(&mut request.url, target);
    request.previous_urls.push(previous);
    Ok(true)
}
