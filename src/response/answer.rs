//! The layer's own answers: to preflights, and to requests that enforcement stops.
//!
//! They are written into the request's header map, which has enough capacity, so that an answer allocates nothing.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{debug_header, vary};
use crate::decision::{Decision, Rejection};
use crate::evaluate::VaryOn;
use crate::policy::{Echo, Policy};

const ACCESS_CONTROL_ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");
const TRUE: HeaderValue = HeaderValue::from_static("true");
/// Browsers ignore it on a preflight. It stops a shared cache from adding a lifetime of its own.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Replaces the headers of an allowed preflight with those of its answer, and returns the status. `remaining_seconds` is
/// what is left of the decision's Max-Age, if a lookup made it.
#[inline(always)]
pub(crate) fn write_allowed(
    headers: &mut HeaderMap,
    policy: &Policy,
    allow_origin: HeaderValue,
    vary_on: VaryOn,
    echo: Option<&Echo>,
    remaining_seconds: Option<u64>,
    debug: Option<Decision>,
) -> StatusCode {
    headers.clear();
    headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, allow_origin);
    write_vary(headers, policy, vary_on);
    write_permission(headers, policy, remaining_seconds);
    if let Some(echo) = echo {
        write_echo(headers, echo);
    }
    debug_header::write(headers, debug);
    policy.compiled().preflight_status
}

#[inline(always)]
fn write_vary(headers: &mut HeaderMap, policy: &Policy, vary_on: VaryOn) {
    match (vary_on, &policy.compiled().preflight_vary) {
        (VaryOn::Nothing, None) => false,
        (VaryOn::Nothing, Some(vary)) => headers.append(VARY, vary.others.clone()),
        (VaryOn::Origin, None) => headers.append(VARY, vary::ORIGIN),
        (VaryOn::Origin, Some(vary)) => headers.append(VARY, vary.origin_and_others.clone()),
        (VaryOn::Everything, _) => headers.append(VARY, vary::ANY),
    };
}

/// Writes what the policy allows to every origin that it allows.
#[inline(always)]
fn write_permission(headers: &mut HeaderMap, policy: &Policy, remaining_seconds: Option<u64>) {
    let policy = policy.compiled();
    if let Some(methods) = policy.methods.constant() {
        headers.append(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    }
    if let Some(names) = policy.headers.constant() {
        headers.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    if policy.credentials {
        headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    }
    match (remaining_seconds, &policy.max_age) {
        (Some(seconds), _) => {
            // It is never left out, because browsers would assume 5 seconds.
            headers.append(ACCESS_CONTROL_MAX_AGE, seconds.into());
            headers.append(CACHE_CONTROL, NO_STORE);
        }
        (None, Some(max_age)) => {
            headers.append(ACCESS_CONTROL_MAX_AGE, max_age.value.clone());
        }
        (None, None) => {}
    }
}

/// It is a call because few policies need it.
#[inline(never)]
fn write_echo(headers: &mut HeaderMap, echo: &Echo) {
    if let Some(methods) = &echo.methods {
        headers.append(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    }
    if let Some(names) = &echo.headers {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    if echo.private_network {
        headers.append(ACCESS_CONTROL_ALLOW_PRIVATE_NETWORK, TRUE);
    }
}

/// Replaces the headers of a rejected request with those of its answer, and returns the status. `policy` is the policy
/// that allows the origin, if it rejects what a preflight asks for.
pub(crate) fn write_rejected(
    headers: &mut HeaderMap,
    policy: Option<&Policy>,
    rejection: Rejection,
    vary_on: VaryOn,
    debug: Option<Decision>,
) -> StatusCode {
    headers.clear();
    let names = match policy {
        _ if vary_on == VaryOn::Everything => Some(vary::ANY),
        Some(policy) => {
            let vary = policy.compiled().preflight_vary.as_ref();
            vary.map(|vary| vary.origin_and_others.clone())
        }
        None => None,
    };
    headers.append(VARY, names.unwrap_or(vary::ORIGIN));
    if rejection.is_uncacheable() {
        headers.append(CACHE_CONTROL, NO_STORE);
    }
    debug_header::write(headers, debug);
    rejection.status()
}
