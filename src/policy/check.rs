//! The mistakes that settings can have.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::{HeaderName, Method, header};

use super::settings::Settings;
use super::{PolicyError, Predicate};
use crate::enforce::Enforcement;
use crate::origin::{Origin, OriginPattern};
use crate::public_suffix::{self, Relation};

/// The longest Max-Age that a browser keeps, in seconds: Firefox's day.
const MAX_MAX_AGE: u64 = 86_400;

/// Parses the name of a method.
pub(super) fn method(text: &str) -> Result<Method, PolicyError> {
    text.parse()
        .map_err(|_| PolicyError::MalformedMethod(text.to_owned()))
}

/// Parses the name of a request header.
pub(super) fn request_header(text: &str) -> Result<HeaderName, PolicyError> {
    text.parse()
        .map_err(|_| PolicyError::MalformedRequestHeader(text.to_owned()))
}

/// Parses the name of an exposed header.
pub(super) fn exposed_header(text: &str) -> Result<HeaderName, PolicyError> {
    text.parse()
        .map_err(|_| PolicyError::MalformedExposedHeader(text.to_owned()))
}

/// Adds the mistakes of all settings except which origins are allowed.
pub(super) fn check(settings: &Settings, errors: &mut Vec<PolicyError>) {
    if settings.credentials {
        check_credentials(settings, errors);
    }
    errors.extend(settings.methods.iter().filter_map(method_mistake));
    errors.extend(settings.headers.iter().filter_map(request_header_mistake));
    errors.extend(settings.exposed.iter().filter_map(exposed_header_mistake));
    errors.extend(
        settings
            .max_age
            .map(|max_age| max_age.as_secs())
            .filter(|seconds| *seconds > MAX_MAX_AGE)
            .map(PolicyError::MaxAgeTooLong),
    );
    check_protection(settings, errors);
    if !settings.preflight_status.is_success() {
        errors.push(PolicyError::PreflightStatus(settings.preflight_status));
    }
}

fn check_protection(settings: &Settings, errors: &mut Vec<PolicyError>) {
    let is_off = settings.enforcement == Enforcement::Off;
    let malformed = errors
        .iter()
        .any(|error| matches!(error, PolicyError::MalformedHost(_)));
    match &settings.hosts {
        None if settings.requires_hosts => errors.push(PolicyError::NoHosts),
        Some(hosts) if hosts.is_empty() && !malformed => errors.push(PolicyError::NoHosts),
        Some(_) if is_off => errors.push(PolicyError::HostsWithoutEnforcement),
        Some(_) | None => {}
    }
    if settings.read_only && is_off {
        errors.push(PolicyError::ReadOnlyWithoutEnforcement);
    }
}

/// Checks that the settings allow some origins.
pub(super) fn check_origins(settings: &Settings, errors: &mut Vec<PolicyError>) {
    let listed = !settings.origins.is_empty() || settings.predicate.is_some();
    let malformed = errors
        .iter()
        .any(|error| matches!(error, PolicyError::MalformedPattern(_)));
    if settings.any_origin && listed {
        errors.push(PolicyError::AnyOriginBesideOthers);
    }
    let nobody = settings.null_origin || settings.file_origin;
    if !settings.any_origin && !listed && !nobody && !malformed {
        errors.push(PolicyError::NoOrigins);
    }
}

/// Checks that the settings allow no origin, because an asynchronous predicate does.
#[cfg(feature = "cache")]
pub(super) fn check_no_origins(settings: &Settings, errors: &mut Vec<PolicyError>) {
    let is_malformed = |error: &PolicyError| matches!(error, PolicyError::MalformedPattern(_));
    if settings.any_origin
        || settings.null_origin
        || settings.file_origin
        || settings.predicate.is_some()
        || !settings.origins.is_empty()
        || errors.iter().any(is_malformed)
    {
        errors.push(PolicyError::OriginsBesideLookup);
    }
}

/// Checks what is harmless in a public response, but exposes users if responses depend on their credentials.
fn check_credentials(settings: &Settings, errors: &mut Vec<PolicyError>) {
    if settings.any_origin {
        errors.push(PolicyError::AnyOriginWithCredentials);
    }
    if settings.null_origin {
        errors.push(PolicyError::NullOriginWithCredentials);
    }
    if settings.file_origin && !settings.file_origin_with_credentials {
        errors.push(PolicyError::FileOriginWithCredentials);
    }
    if !settings.insecure_origins {
        let insecure = settings
            .origins
            .iter()
            .filter(|pattern| pattern.is_insecure())
            .cloned();
        errors.extend(insecure.map(PolicyError::InsecureOriginWithCredentials));
    }
    if !settings.public_suffixes {
        errors.extend(settings.origins.iter().filter_map(public_suffix_mistake));
    }
    errors.extend(settings.predicate.as_ref().and_then(predicate_mistake));
    if settings.expose_any {
        errors.push(PolicyError::AnyExposedHeaderWithCredentials);
    }
}

/// The methods that RFC 9110 and RFC 5789 define and pages can send, in the case that the standard gives them.
const STANDARD_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
/// <https://fetch.spec.whatwg.org/#forbidden-method>
const FORBIDDEN_METHODS: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

fn method_mistake(method: &Method) -> Option<PolicyError> {
    let name = method.as_str();
    if name == "*" {
        return Some(PolicyError::WildcardMethod);
    }
    if FORBIDDEN_METHODS
        .iter()
        .any(|forbidden| forbidden.eq_ignore_ascii_case(name))
    {
        return Some(PolicyError::ForbiddenMethod(method.clone()));
    }
    let standard = STANDARD_METHODS
        .into_iter()
        .find(|standard| standard.eq_ignore_ascii_case(name))?;
    (standard != name).then(|| PolicyError::MethodCase {
        given: method.clone(),
        standard,
    })
}

/// <https://fetch.spec.whatwg.org/#forbidden-request-header>, without those that have a prefix.
const FORBIDDEN_REQUEST_HEADERS: [HeaderName; 18] = [
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    HeaderName::from_static("cookie2"),
    header::DATE,
    header::DNT,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::ORIGIN,
    header::REFERER,
    header::SET_COOKIE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

fn request_header_mistake(name: &HeaderName) -> Option<PolicyError> {
    let text = name.as_str();
    let forbidden = FORBIDDEN_REQUEST_HEADERS.contains(name)
        || name == header::VIA
        || ["proxy-", "sec-", "access-control-"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
    match text {
        "*" => Some(PolicyError::WildcardRequestHeader),
        _ => forbidden.then(|| PolicyError::ForbiddenRequestHeader(name.clone())),
    }
}

/// The headers that pages can never read (<https://fetch.spec.whatwg.org/#forbidden-response-header-name>), and those
/// that only requests have.
const NEVER_EXPOSED: [HeaderName; 15] = [
    header::SET_COOKIE,
    HeaderName::from_static("set-cookie2"),
    header::COOKIE,
    HeaderName::from_static("cookie2"),
    header::DNT,
    header::EXPECT,
    header::HOST,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::ORIGIN,
    header::REFERER,
    header::TE,
];

fn exposed_header_mistake(name: &HeaderName) -> Option<PolicyError> {
    match name.as_str() {
        "*" => Some(PolicyError::WildcardExposedHeader),
        text => (NEVER_EXPOSED.contains(name) || text.starts_with("access-control-"))
            .then(|| PolicyError::ForbiddenExposedHeader(name.clone())),
    }
}

/// Origins that nobody owns (<https://www.rfc-editor.org/rfc/rfc6761#section-6.4>). A predicate that accepts one of them
/// accepts anyone.
const STRANGERS: [&str; 4] = [
    "https://tower-cors-asks-for-a-stranger.invalid",
    "https://app.tower-cors-asks-for-a-stranger.invalid:8443",
    "http://tower-cors-asks-for-a-stranger.invalid",
    "https://203.0.113.177",
];

fn predicate_mistake(predicate: &Predicate) -> Option<PolicyError> {
    STRANGERS.iter().find_map(|stranger| {
        let origin: Origin = stranger.parse().ok()?;
        match catch_unwind(AssertUnwindSafe(|| predicate(&origin))) {
            Ok(accepted) => {
                accepted.then(|| PolicyError::PredicateAcceptsStrangers((*stranger).to_owned()))
            }
            Err(_) => Some(PolicyError::PredicatePanics((*stranger).to_owned())),
        }
    })
}

fn public_suffix_mistake(pattern: &OriginPattern) -> Option<PolicyError> {
    let below = match public_suffix::relation(pattern.base_domain()?) {
        Relation::Is => false,
        Relation::LiesBelow => true,
        Relation::None => return None,
    };
    Some(PolicyError::PublicSuffixWithCredentials {
        pattern: pattern.clone(),
        below,
    })
}
