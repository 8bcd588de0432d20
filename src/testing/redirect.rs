//! Where a redirect leads, and what it takes along.

use http::{HeaderMap, StatusCode};

use super::blocked::{Blocked, Failure};
use super::header_value::trim;
use super::origin::includes_credentials;
use super::profile::{Deviation, Profile};
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
    profile: &Profile,
) -> Result<bool, Failure> {
    let lines: Vec<&[u8]> = headers
        .get_all(http::header::LOCATION)
        .iter()
        .map(|line| trim(line.as_bytes()))
        .collect();
    let Some(&first) = lines.first() else {
        return Ok(false);
    };
    let location = lines.join(b", ".as_slice());
    let failure = |blocked, expected: &str| Failure {
        blocked,
        subject: "Location",
        was: format!("`{}`", EscapedAnswer(&location)),
        expected: expected.to_owned(),
        advice: String::new(),
        also: Vec::new(),
    };
    let malformed = |expected| Err(failure(Blocked::RedirectLocationMalformed, expected));
    let are_equal = lines.iter().all(|line| *line == first);
    let read = if lines.len() == 1 || are_equal && profile.has(Deviation::EqualLocationsAreOne) {
        first
    } else if profile.has(Deviation::LocationsAreJoined) {
        location.as_slice()
    } else {
        return malformed("one URL, for the response has several lines");
    };
    if read.is_empty() && profile.has(Deviation::EmptyLocationIsNone) {
        return Ok(false);
    }
    if read.is_empty() && profile.has(Deviation::EmptyLocationIsMalformed) {
        return malformed("a URL");
    }
    let Ok(mut target) = request.url.join(&decode(read, profile)) else {
        return malformed("a URL");
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
        request.became_get = true;
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

/// Reads a `Location`. Bytes that are no UTF-8 are percent-encoded, as Chromium and Firefox do; the standard says nothing of them.
fn decode(location: &[u8], profile: &Profile) -> String {
    if profile.has(Deviation::LocationIsLatin1) {
        let text = String::from_utf8_lossy(location);
        return text.bytes().map(char::from).collect();
    }
    match std::str::from_utf8(location) {
        Ok(text) => text.to_owned(),
        Err(_) => location
            .iter()
            .map(|&byte| match byte.is_ascii() {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            })
            .collect(),
    }
}

/// Returns whether an engine takes a redirect that is not followed for an error.
pub(super) fn check_manual(
    request: &Request,
    headers: &HeaderMap,
    profile: &Profile,
) -> Result<(), Failure> {
    let location = headers
        .get(http::header::LOCATION)
        .map(|line| decode(line.as_bytes(), profile));
    match location {
        Some(location)
            if profile.has(Deviation::ManualNeedsLocation)
                && request.url.join(&location).is_err() =>
        {
            Err(Failure {
                blocked: Blocked::RedirectLocationMalformed,
                subject: "Location",
                was: format!("`{}`", EscapedAnswer(location.as_bytes())),
                expected: "a URL".to_owned(),
                advice: String::new(),
                also: Vec::new(),
            })
        }
        _ => Ok(()),
    }
}
