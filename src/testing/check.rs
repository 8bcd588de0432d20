//! The CORS check, and the check of a preflight's response.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, StatusCode};

use super::blocked::{Blocked, CorsCheck, Failure};
use super::header_value::{extract_list, get, trim};
use super::profile::{Deviation, Profile};
use super::safelist::{is_non_wildcard_request_header, is_safelisted_method};
use crate::escaped::EscapedAnswer;

/// Checks whether a page of this origin may read a response: <https://fetch.spec.whatwg.org/#concept-cors-check>
///
/// The failure names all that is missing, not only what fails first.
pub(super) fn cors_check(
    origin: &str,
    with_credentials: bool,
    status: StatusCode,
    headers: &HeaderMap,
    blocked: fn(CorsCheck) -> Blocked,
) -> Result<(), Failure> {
    let allowed = get(headers, ACCESS_CONTROL_ALLOW_ORIGIN);
    let reason = match allowed.as_deref() {
        Some(b"*") if !with_credentials => return Ok(()),
        Some(value) if value == origin.as_bytes() => None,
        None => Some(CorsCheck::AllowOriginMissing),
        Some(value) => {
            let lines = headers.get_all(ACCESS_CONTROL_ALLOW_ORIGIN);
            Some(if lines.iter().nth(1).is_some() || value.contains(&b',') {
                CorsCheck::AllowOriginRepeated
            } else if value == b"*" {
                CorsCheck::AllowOriginWildcard
            } else {
                CorsCheck::AllowOriginDiffers
            })
        }
    };
    let mut failures = Vec::new();
    if let Some(reason) = reason {
        let value = allowed.as_deref();
        let failure = allow_origin_failure(origin, with_credentials, value, reason, blocked);
        failures.push(if is_unanswered(status, headers) {
            let advice = no_layer(status);
            Failure { advice, ..failure }
        } else {
            failure
        });
    }
    // If there is no CORS header at all, those that are missing too say nothing new.
    if with_credentials && reason != Some(CorsCheck::AllowOriginMissing) {
        failures.extend(credentials_failure(headers, blocked));
    }
    one_of(failures)
}

/// Returns the first failure, which names the others.
fn one_of(failures: Vec<Failure>) -> Result<(), Failure> {
    let mut failures = failures.into_iter();
    let Some(mut first) = failures.next() else {
        return Ok(());
    };
    first.also.extend(failures);
    Err(first)
}

/// Returns whether no CORS layer took part in a response: it is an error, and says nothing of CORS.
///
/// A layer that rejects an origin says at least `Vary: Origin`.
pub(super) fn is_unanswered(status: StatusCode, headers: &HeaderMap) -> bool {
    (status.is_client_error() || status.is_server_error())
        && !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN)
        && !varies_on_origin(headers)
}

/// Returns whether `Vary` names `Origin`.
pub(super) fn varies_on_origin(headers: &HeaderMap) -> bool {
    let value = get(headers, VARY).unwrap_or_default();
    value
        .split(|&byte| byte == b',')
        .map(trim)
        .any(|name| name == b"*" || name.eq_ignore_ascii_case(b"origin"))
}

fn no_layer(status: StatusCode) -> String {
    let answered_by = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "authentication",
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "the router",
        _ => "everything else",
    };
    format!(
        "no CORS layer took part in this response, which has the status {} and neither a CORS header nor `Vary: Origin`; \
         put the CORS layer outside {answered_by}, so that it sees all requests, also OPTIONS, and all responses, also \
         errors; if the service has no CORS layer, add one",
        status.as_u16()
    )
}

fn credentials_failure(headers: &HeaderMap, blocked: fn(CorsCheck) -> Blocked) -> Option<Failure> {
    let credentials = get(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS);
    if credentials.as_deref() == Some(b"true") {
        return None;
    }
    Some(Failure {
        blocked: blocked(match credentials {
            None => CorsCheck::AllowCredentialsMissing,
            Some(_) => CorsCheck::AllowCredentialsNotTrue,
        }),
        subject: "Access-Control-Allow-Credentials",
        was: shown(credentials.as_deref()),
        expected: "`true`, once and in lower case, for the request is sent with credentials".to_owned(),
        advice: "if pages of this origin may act as their users, let the service say so; with tower-cors \
                 `.allow_credentials(true)`; otherwise send the request without credentials"
            .to_owned(),
        also: Vec::new(),
    })
}

fn allow_origin_failure(
    origin: &str,
    with_credentials: bool,
    value: Option<&[u8]>,
    reason: CorsCheck,
    blocked: fn(CorsCheck) -> Blocked,
) -> Failure {
    let allow = if origin == "null" {
        "let the page have an origin of its own, or let the service allow the opaque one; with tower-cors \
         `.allow_null_origin(true)`"
            .to_owned()
    } else {
        format!(
            "let the service allow the origin; with tower-cors `.allow_origins([\"{origin}\"])`"
        )
    };
    Failure {
        blocked: blocked(reason),
        subject: "Access-Control-Allow-Origin",
        was: shown(value),
        expected: if with_credentials {
            format!("`{origin}` (`*` does not do for a request with credentials)")
        } else {
            format!("`{origin}` or `*`")
        },
        advice: match reason {
            CorsCheck::AllowOriginRepeated => {
                "send one value: look for a second CORS layer, a handler or a proxy that adds its own".to_owned()
            }
            CorsCheck::AllowOriginWildcard => format!(
                "list the origins that may use credentials; with tower-cors `.allow_origins([\"{origin}\"])` and \
                 `.allow_credentials(true)`; or send the request without credentials"
            ),
            _ => allow,
        },
        also: Vec::new(),
    }
}

/// A request that a preflight asks for.
pub(super) struct Asked<'a> {
    pub(super) origin: &'a str,
    pub(super) with_credentials: bool,
    pub(super) use_cors_preflight: bool,
    pub(super) method: &'a str,
    pub(super) unsafe_names: &'a [String],
}

/// What the response to a preflight allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Allowed {
    pub(super) methods: Vec<Vec<u8>>,
    pub(super) headers: Vec<Vec<u8>>,
}

/// What a preflight's response says, before it is held against the request:
/// <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, up to the lists.
pub(super) fn read_preflight(
    asked: &Asked<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    profile: &Profile,
) -> Result<Allowed, Failure> {
    let blocked = Blocked::PreflightCorsCheck;
    let checked = cors_check(
        asked.origin,
        asked.with_credentials,
        status,
        headers,
        blocked,
    );
    let mut failures = Vec::from_iter(checked.err());
    let is_silent = !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN);
    if !status.is_success() && !is_silent {
        failures.push(Failure {
            blocked: Blocked::PreflightStatus,
            subject: "the status of the preflight",
            was: status.to_string(),
            expected: "200 to 299; redirects are not followed".to_owned(),
            advice:
                "let the CORS layer answer preflights itself, outside authentication and redirects"
                    .to_owned(),
            also: Vec::new(),
        });
    }
    let allowed = read_lists(asked, headers, profile);
    if failures.is_empty() {
        return allowed;
    }
    // If there is no CORS header at all, those that are missing too say nothing new.
    if !is_silent {
        let lists = allowed.and_then(|allowed| check_preflight(asked, &allowed, profile));
        if let Err(mut failure) = lists {
            let others = std::mem::take(&mut failure.also);
            failures.push(failure);
            failures.extend(others);
        }
    }
    one_of(failures).and_then(|()| read_lists(asked, headers, profile))
}

fn read_lists(
    asked: &Asked<'_>,
    headers: &HeaderMap,
    profile: &Profile,
) -> Result<Allowed, Failure> {
    let list = |name: HeaderName, blocked, subject| {
        extract_list(headers, name).map_err(|element| Failure {
            blocked,
            subject,
            was: format!("a list with the element {}", shown(Some(&element))),
            expected: "names separated by commas; one wrong element spoils the list".to_owned(),
            advice: String::new(),
            also: Vec::new(),
        })
    };
    let methods = list(
        ACCESS_CONTROL_ALLOW_METHODS,
        Blocked::PreflightMethodsMalformed,
        "Access-Control-Allow-Methods",
    )?;
    let headers = list(
        ACCESS_CONTROL_ALLOW_HEADERS,
        Blocked::PreflightHeadersMalformed,
        "Access-Control-Allow-Headers",
    )?;
    let methods = match methods {
        None if asked.use_cors_preflight && !profile.has(Deviation::UploadMethodsMustBeListed) => {
            vec![asked.method.as_bytes().to_vec()]
        }
        listed => listed.unwrap_or_default(),
    };
    Ok(Allowed {
        methods,
        headers: headers.unwrap_or_default(),
    })
}

/// Whether what is allowed is what was asked for: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, from the lists on.
pub(super) fn check_preflight(
    asked: &Asked<'_>,
    allowed: &Allowed,
    profile: &Profile,
) -> Result<(), Failure> {
    let failures = [
        method_failure(asked, allowed),
        headers_failure(asked, allowed, profile),
    ];
    one_of(failures.into_iter().flatten().collect())
}

fn has_wildcard(asked: &Asked<'_>, list: &[Vec<u8>]) -> bool {
    !asked.with_credentials && list.iter().any(|item| item == b"*")
}

fn method_failure(asked: &Asked<'_>, allowed: &Allowed) -> Option<Failure> {
    let method = asked.method;
    if allowed.methods.iter().any(|item| item == method.as_bytes())
        || is_safelisted_method(method)
        || has_wildcard(asked, &allowed.methods)
    {
        return None;
    }
    let near = allowed
        .methods
        .iter()
        .find(|item| item.eq_ignore_ascii_case(method.as_bytes()));
    Some(Failure {
        blocked: Blocked::PreflightMethodNotAllowed,
        subject: "Access-Control-Allow-Methods",
        was: shown_list(&allowed.methods),
        expected: format!(
            "a list with `{method}`{}",
            literal_wildcard(asked, &allowed.methods)
        ),
        advice: match near {
            Some(near) => format!(
                "methods are case-sensitive, and `fetch()` corrects only the most common: let the page write {}",
                shown(Some(near))
            ),
            None => format!(
                "let the service allow the method; with tower-cors `.allow_methods([\"{method}\"])`"
            ),
        },
        also: Vec::new(),
    })
}

/// Names all headers that are not allowed.
fn headers_failure(asked: &Asked<'_>, allowed: &Allowed, profile: &Profile) -> Option<Failure> {
    let any_header = has_wildcard(asked, &allowed.headers);
    let covered_by_wildcard = |name: &str| {
        any_header
            && (!is_non_wildcard_request_header(name)
                || profile.has(Deviation::WildcardCoversAuthorization))
    };
    let mut rejected: Vec<&str> = Vec::new();
    for name in asked.unsafe_names.iter().map(String::as_str) {
        let is_listed = allowed
            .headers
            .iter()
            .any(|item| item.eq_ignore_ascii_case(name.as_bytes()));
        if !is_listed && !covered_by_wildcard(name) && !rejected.contains(&name) {
            rejected.push(name);
        }
    }
    if rejected.is_empty() {
        return None;
    }
    let names = format!("`{}`", rejected.join("`, `"));
    Some(Failure {
        blocked: Blocked::PreflightHeaderNotAllowed,
        subject: "Access-Control-Allow-Headers",
        was: shown_list(&allowed.headers),
        expected: if any_header {
            format!("a list with {names}, which `*` does not cover")
        } else {
            format!(
                "a list with {names}{}",
                literal_wildcard(asked, &allowed.headers)
            )
        },
        advice: format!(
            "let the service allow {}; with tower-cors `.allow_headers([\"{}\"])`",
            if rejected.len() == 1 {
                "the header"
            } else {
                "the headers"
            },
            rejected.join("\", \"")
        ),
        also: Vec::new(),
    })
}

fn literal_wildcard(asked: &Asked<'_>, list: &[Vec<u8>]) -> &'static str {
    if asked.with_credentials && list.iter().any(|item| item == b"*") {
        "; for a request with credentials `*` is a name like any other"
    } else {
        ""
    }
}

fn shown(value: Option<&[u8]>) -> String {
    match value {
        Some(value) => format!("`{}`", EscapedAnswer(value)),
        None => "missing".to_owned(),
    }
}

fn shown_list(list: &[Vec<u8>]) -> String {
    if list.is_empty() {
        "missing or empty".to_owned()
    } else {
        shown(Some(&list.join(b", ".as_slice())))
    }
}
