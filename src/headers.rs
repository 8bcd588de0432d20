//! How a decision becomes response headers.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG,
    LAST_MODIFIED, SERVER, SET_COOKIE, TRANSFER_ENCODING, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::decision::{Decision, Rejection};
use crate::policy::{ExtraHeaders, Mirrored, Policy};
use crate::source::Judgement;

const ACCESS_CONTROL_ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const X_CORS_DECISION: HeaderName = HeaderName::from_static("x-cors-decision");

const TRUE: HeaderValue = HeaderValue::from_static("true");
/// Browsers take no notice of it on a preflight, and no shared cache adds a lifetime of its own.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const VARY_ON_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
const VARY_ON_PRIVATE_NETWORK: HeaderValue =
    HeaderValue::from_static("Access-Control-Request-Private-Network");

/// `*`, made where it is wanted, which costs less than to copy a constant.
#[inline(always)]
pub(crate) const fn any() -> HeaderValue {
    HeaderValue::from_static("*")
}

/// What of the request's origin a response depends on, as caches are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum VaryOn {
    /// Nothing: it is the same for every origin.
    Not,
    OnOrigin,
    /// On more than a cache sees: the origin is one that caches [take for another](crate::request::RequestOrigin::is_ambiguous).
    OnEverything,
}

/// What the response to an actual request is given.
pub(crate) struct Grant {
    allow_origin: Option<HeaderValue>,
    credentials: bool,
    /// The policy, where it says more than the origin and the credentials. Others are not kept, so that a request of
    /// theirs touches no counter which all threads share.
    pub(crate) policy: Option<Policy>,
    pub(crate) varies: VaryOn,
    pub(crate) note: Option<Decision>,
}

impl Grant {
    /// What an origin is given of which this is said.
    #[inline(always)]
    pub(crate) fn of(judgement: Judgement<'_>) -> Self {
        let varies = judgement.varies;
        let (policy, allow_origin) = match judgement.allowed {
            Ok((policy, allow_origin)) => (Some(policy), Some(allow_origin)),
            Err(_) => (None, None),
        };
        let says_more = policy.filter(|policy| policy.compiled().more.is_some());
        Self {
            allow_origin,
            credentials: policy.is_some_and(|policy| policy.compiled().credentials),
            policy: says_more.cloned(),
            varies,
            note: None,
        }
    }

    /// Nothing, to an origin that might have got something.
    pub(crate) fn nothing() -> Self {
        Self {
            allow_origin: None,
            credentials: false,
            policy: None,
            varies: VaryOn::OnOrigin,
            note: None,
        }
    }

    /// Writes the headers of a response to an actual request. The layer alone speaks: what an inner service said of
    /// CORS is removed, so that what is appended stands alone.
    #[inline(always)]
    pub(crate) fn write(&mut self, headers: &mut HeaderMap) {
        let has_vary = !headers.keys().all(|name| COMMON.contains(name)) && silence(headers);
        let more = self
            .policy
            .as_ref()
            .and_then(|policy| policy.compiled().more.as_ref());
        if let (Some(ExtraHeaders { exposed, timing }), Some(origin)) = (more, &self.allow_origin) {
            if let Some(exposed) = exposed {
                headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
            }
            if *timing {
                headers.insert(TIMING_ALLOW_ORIGIN, origin.clone());
            }
        }
        if let Some(origin) = self.allow_origin.take() {
            headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if self.credentials {
                headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            }
        }
        if self.varies == VaryOn::OnOrigin {
            if has_vary {
                merge_vary(headers);
            } else {
                headers.append(VARY, VARY_ON_ORIGIN);
            }
        } else if self.varies == VaryOn::OnEverything {
            headers.insert(VARY, any());
        }
        if let Some(decision) = self.note {
            write_note(headers, decision);
        }
    }
}

/// Replaces the headers of an allowed preflight by those of its answer, for which their map has room, so that nothing is
/// allocated. `remaining` is what is left of the decision's Max-Age in seconds, where a lookup made it.
#[inline(always)]
pub(crate) fn write_permission(
    headers: &mut HeaderMap,
    policy: &Policy,
    allow_origin: HeaderValue,
    varies: VaryOn,
    mirrored: Option<&Mirrored>,
    remaining: Option<u64>,
) {
    let policy = policy.compiled();
    headers.clear();
    headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, allow_origin);
    match (varies, &policy.preflight_vary) {
        (VaryOn::Not, _) if !policy.private_network => false,
        (VaryOn::Not, _) => headers.append(VARY, VARY_ON_PRIVATE_NETWORK),
        // A constant is appended without being copied.
        (VaryOn::OnOrigin, None) => headers.append(VARY, VARY_ON_ORIGIN),
        (VaryOn::OnOrigin, Some(vary)) => headers.append(VARY, vary.clone()),
        (VaryOn::OnEverything, _) => headers.append(VARY, any()),
    };
    if let Some(methods) = policy.methods.constant() {
        headers.append(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    }
    if let Some(names) = policy.headers.constant() {
        headers.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    if policy.credentials {
        headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
    }
    match (remaining, &policy.max_age) {
        (Some(seconds), _) => {
            // Never left out: a browser that is told nothing takes 5 seconds.
            headers.append(ACCESS_CONTROL_MAX_AGE, seconds.into());
            headers.append(CACHE_CONTROL, NO_STORE);
        }
        (None, Some(max_age)) => {
            headers.append(ACCESS_CONTROL_MAX_AGE, max_age.value.clone());
        }
        (None, None) => {}
    }
    if let Some(mirrored) = mirrored {
        write_mirrored(headers, mirrored);
    }
}

/// Adds what of the answer is the client's. A call, for most policies do not need it.
#[inline(never)]
fn write_mirrored(headers: &mut HeaderMap, mirrored: &Mirrored) {
    if let Some(methods) = &mirrored.methods {
        headers.append(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
    }
    if let Some(names) = &mirrored.headers {
        headers.append(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    if mirrored.private_network {
        headers.append(ACCESS_CONTROL_ALLOW_PRIVATE_NETWORK, TRUE);
    }
}

/// Replaces the headers of the request by those of a rejection; `judged` is the policy whose lists a preflight was held
/// against, if it came so far.
pub(crate) fn write_rejection(
    headers: &mut HeaderMap,
    judged: Option<&Policy>,
    rejection: Rejection,
    varies: VaryOn,
) {
    headers.clear();
    let vary = match judged {
        _ if varies == VaryOn::OnEverything => Some(any()),
        Some(policy) => policy.compiled().preflight_vary.clone(),
        None => None,
    };
    headers.insert(VARY, vary.unwrap_or(VARY_ON_ORIGIN));
    if rejection == Rejection::LookupFailed {
        headers.insert(CACHE_CONTROL, NO_STORE);
    }
}

/// Says what was decided, for the eyes of a developer.
pub(crate) fn write_note(headers: &mut HeaderMap, decision: Decision) {
    let note = match decision {
        Decision::Rejected(rejection) => {
            HeaderValue::try_from(format!("rejected; {}", rejection.code()))
        }
        Decision::Allowed | Decision::NotCors => HeaderValue::try_from(decision.code()),
    };
    // Codes are lower-case words with hyphens.
    if let Ok(note) = note {
        headers.insert(X_CORS_DECISION, note);
    }
}

/// What the answer to a preflight depends on, where that is more than its origin.
pub(crate) fn preflight_vary(
    methods: bool,
    headers: bool,
    private_network: bool,
) -> Option<HeaderValue> {
    let names = [
        (methods, "Access-Control-Request-Method"),
        (headers, "Access-Control-Request-Headers"),
        (private_network, "Access-Control-Request-Private-Network"),
    ];
    let mut vary = String::from("Origin");
    for (_, name) in names.iter().filter(|(depends, _)| *depends) {
        vary.push_str(", ");
        vary.push_str(name);
    }
    (vary != "Origin").then(|| HeaderValue::try_from(vary).unwrap_or(any()))
}

/// Adds `Origin` to what the application varies on, unless it is there or the application varies on everything. One line
/// is left, for there are caches that read only the first and others that read only the last; and one `*`, for there are
/// caches that know it only where it stands alone.
///
/// <https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5>
fn merge_vary(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY);
    let names = lines
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii);
    let (mut names_origin, mut names_all) = (false, false);
    for name in names {
        names_origin |= name.eq_ignore_ascii_case(b"origin");
        names_all |= name == b"*";
    }
    if names_all {
        headers.insert(VARY, any());
        return;
    }
    if names_origin && lines.iter().nth(1).is_none() {
        return;
    }
    // Of the length it needs, for what has room to spare is allocated twice.
    let ours = (!names_origin).then_some(b"Origin".as_slice());
    let parts = || {
        lines
            .iter()
            .map(|line| line.as_bytes().trim_ascii())
            .filter(|names| !names.is_empty())
            .chain(ours)
    };
    let joined: usize = parts().map(|names| names.len() + ", ".len()).sum();
    let length = joined.saturating_sub(", ".len());
    let mut merged = Vec::with_capacity(length);
    for names in parts() {
        if !merged.is_empty() {
            merged.extend_from_slice(b", ");
        }
        merged.extend_from_slice(names);
    }
    match HeaderValue::try_from(merged) {
        Ok(merged) => headers.insert(VARY, merged).is_some(),
        // Joined values are a value; were they not, a second line says the same.
        Err(_) => headers.append(VARY, VARY_ON_ORIGIN),
    };
}

/// What most responses have: told from ours by a byte each, where other names have to be read.
const COMMON: [HeaderName; 11] = [
    CACHE_CONTROL,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    DATE,
    ETAG,
    LAST_MODIFIED,
    SERVER,
    SET_COOKIE,
    TRANSFER_ENCODING,
];

/// Removes what an inner service said of CORS, and tells whether it varies on something. A call, for most responses do
/// not need it.
#[inline(never)]
fn silence(headers: &mut HeaderMap) -> bool {
    let (mut speaks_of_cors, mut has_vary) = (false, false);
    for name in headers.keys() {
        speaks_of_cors |= is_ours(name);
        has_vary |= name == VARY;
    }
    if speaks_of_cors {
        remove_cors_headers(headers);
    }
    has_vary
}

/// Whether a header is one that the layer alone speaks: the protocol's, known or not yet, and our own note.
#[inline(always)]
fn is_ours(name: &HeaderName) -> bool {
    name.as_str().as_bytes().starts_with(b"access-control-") || name == X_CORS_DECISION
}

#[cold]
fn remove_cors_headers(headers: &mut HeaderMap) {
    while let Some(name) = headers.keys().find(|name| is_ours(name)).cloned() {
        headers.remove(name);
    }
}
