//! The CORS check, and the check of a preflight's response.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
};
use http::{HeaderMap, HeaderName, StatusCode};

use super::blocked::{Blocked, CorsCheck, Failure};
use super::header_value::{extract_list, get};
use super::profile::{Deviation, Profile};
use super::safelist::{is_non_wildcard_request_header, is_safelisted_method};
use crate::escaped::EscapedAnswer;

/// <https://fetch.spec.whatwg.org/#concept-cors-check>
pub(super) fn cors_check(
    origin: &str,
    with_credentials: bool,
    headers: &HeaderMap,
    blocked: fn(CorsCheck) -> Blocked,
) -> Result<(), Failure> {
    let allowed = get(headers, ACCESS_CONTROL_ALLOW_ORIGIN);
    let fail = |reason| {
        Err(allow_origin_failure(
            origin,
            with_credentials,
            allowed.as_deref(),
            reason,
            blocked,
        ))
    };
    let Some(value) = allowed.as_deref() else {
        return fail(CorsCheck::AllowOriginMissing);
    };
    if !with_credentials && value == b"*" {
        return Ok(());
    }
    if value != origin.as_bytes() {
        return fail(
            if headers
                .get_all(ACCESS_CONTROL_ALLOW_ORIGIN)
                .iter()
                .nth(1)
                .is_some()
                || value.contains(&b',')
            {
                CorsCheck::AllowOriginRepeated
            } else if value == b"*" {
                CorsCheck::AllowOriginWildcard
            } else {
                CorsCheck::AllowOriginDiffers
            },
        );
    }
    if !with_credentials {
        return Ok(());
    }
    let credentials = get(headers, ACCESS_CONTROL_ALLOW_CREDENTIALS);
    if credentials.as_deref() == Some(b"true") {
        return Ok(());
    }
    Err(Failure {
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
    cors_check(asked.origin, asked.with_credentials, headers, Blocked::PreflightCorsCheck).map_err(|failure| {
        if status == StatusCode::METHOD_NOT_ALLOWED || status == StatusCode::NOT_FOUND {
            let advice = format!(
                "the service answered the preflight with {status}: put the CORS layer outside everything else, so that \
                 it sees OPTIONS requests; {}",
                failure.advice
            );
            Failure { advice, ..failure }
        } else {
            failure
        }
    })?;
    if !status.is_success() {
        return Err(Failure {
            blocked: Blocked::PreflightStatus,
            subject: "the status of the preflight",
            was: status.to_string(),
            expected: "200 to 299; redirects are not followed".to_owned(),
            advice:
                "let the CORS layer answer preflights itself, outside authentication and redirects"
                    .to_owned(),
        });
    }
    let list = |name: HeaderName, blocked, subject| {
        extract_list(headers, name).map_err(|element| Failure {
            blocked,
            subject,
            was: format!("a list with the element {}", shown(Some(&element))),
            expected: "names separated by commas; one wrong element spoils the list".to_owned(),
            advice: String::new(),
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
    let has_wildcard =
        |list: &[Vec<u8>]| !asked.with_credentials && list.iter().any(|item| item == b"*");
    let any_method = has_wildcard(&allowed.methods);
    let any_header = has_wildcard(&allowed.headers);
    let method = asked.method;
    if !allowed.methods.iter().any(|item| item == method.as_bytes())
        && !is_safelisted_method(method)
        && !any_method
    {
        let near = allowed
            .methods
            .iter()
            .find(|item| item.eq_ignore_ascii_case(method.as_bytes()));
        return Err(Failure {
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
        });
    }
    let covered_by_wildcard = |name: &str| {
        any_header
            && (!is_non_wildcard_request_header(name)
                || profile.has(Deviation::WildcardCoversAuthorization))
    };
    let rejected = asked.unsafe_names.iter().find(|name| {
        !allowed
            .headers
            .iter()
            .any(|item| item.eq_ignore_ascii_case(name.as_bytes()))
            && !covered_by_wildcard(name)
    });
    let Some(name) = rejected else {
        return Ok(());
    };
    Err(Failure {
        blocked: Blocked::PreflightHeaderNotAllowed,
        subject: "Access-Control-Allow-Headers",
        was: shown_list(&allowed.headers),
        expected: if any_header {
            format!("a list with `{name}`, which `*` does not cover")
        } else {
            format!(
                "a list with `{name}`{}",
                literal_wildcard(asked, &allowed.headers)
            )
        },
        advice: format!(
            "let the service allow the header; with tower-cors `.allow_headers([\"{name}\"])`"
        ),
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
