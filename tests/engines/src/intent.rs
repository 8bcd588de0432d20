//! What a policy is meant to say of a request, from its plain description and the script's own words.
//!
//! No header of a response is looked at here, and no code of the crate is used.

use crate::description::{Described, Description, Names, Origins, Scheme};
use crate::site::{self, RESPONSE_HEADERS};
use crate::{Case, CredentialsMode, PageOrigin, ScriptRequest, Seen, Verdict};

/// What a page can read of every response that it may read: <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
const ALWAYS_READABLE: [&str; 7] = [
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
];

/// What is meant to come of a case.
pub fn of(case: &Case) -> Verdict {
    let Case {
        service,
        page,
        request,
        ..
    } = case;
    if *page == PageOrigin::service(service.scheme) {
        return Verdict {
            seen: Some(seen(case, Names::Every)),
            preflight: None,
            reached: true,
        };
    }
    let policy = policy_of(service, *page);
    let is_granted = policy.is_some_and(|policy| grants(&policy, request));
    let preflight = needs_preflight(request).then(|| asked(request));
    Verdict {
        seen: policy
            .filter(|_| is_granted)
            .map(|policy| seen(case, policy.exposed)),
        reached: is_granted || preflight.is_none(),
        preflight,
    }
}

fn grants(policy: &Description, request: &ScriptRequest) -> bool {
    let has_credentials = request.credentials == CredentialsMode::Include;
    (policy.credentials || !has_credentials)
        && (needs_no_permission(request) || is_among(policy.methods, &method(request)))
        && request
            .unsafe_names
            .iter()
            .all(|name| is_among(policy.headers, name))
}

/// What a preflight asks for: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>
fn asked(request: &ScriptRequest) -> String {
    format!("{} {}", method(request), request.unsafe_names.join(","))
}

fn seen(case: &Case, exposed: Names) -> Seen {
    let is_visible = |name: &&str| {
        *name != "set-cookie" && (ALWAYS_READABLE.contains(name) || is_among(exposed, name))
    };
    Seen {
        status: site::status(case.number),
        headers: RESPONSE_HEADERS
            .iter()
            .map(|(name, _)| *name)
            .filter(is_visible)
            .map(str::to_owned)
            .collect(),
        body: match &*method(&case.request) {
            "HEAD" => String::new(),
            _ => site::BODY.to_owned(),
        },
    }
}

fn policy_of(service: &Described, page: PageOrigin) -> Option<Description> {
    let means = |policy: &&Description| {
        policy
            .origins
            .iter()
            .any(|origins| is_meant(*origins, service.scheme, page))
    };
    service.policies.iter().find(means).copied()
}

fn is_meant(origins: Origins, scheme: Scheme, page: PageOrigin) -> bool {
    let (of, host, port) = match page {
        PageOrigin::Opaque => return matches!(origins, Origins::Every | Origins::Opaque),
        PageOrigin::Tuple(host, port) => (Scheme::Http, host, port),
        PageOrigin::Secure(host, port) => (Scheme::Https, host, port),
    };
    let is_of_scheme = of == scheme;
    let authority = || port.map_or(host.to_owned(), |port| format!("{host}:{port}"));
    match origins {
        Origins::Every => true,
        Origins::Exactly(meant) => is_of_scheme && meant == authority(),
        Origins::OtherScheme(meant) => !is_of_scheme && meant == authority(),
        Origins::EveryPortOf(meant) => is_of_scheme && meant == host,
        Origins::Below(domain) if is_of_scheme && port.is_none() => {
            let mut labels = host.rsplit('.');
            domain.rsplit('.').all(|label| labels.next() == Some(label)) && labels.next().is_some()
        }
        _ => false,
    }
}

fn is_among(names: Names, name: &str) -> bool {
    match names {
        Names::Listed(listed) => listed.contains(&name),
        Names::Every => true,
    }
}

/// The method as it is sent: <https://fetch.spec.whatwg.org/#concept-method-normalize>
fn method(request: &ScriptRequest) -> String {
    let upper = request.method.to_ascii_uppercase();
    match &*upper {
        "DELETE" | "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" => upper,
        _ => request.method.to_owned(),
    }
}

fn needs_no_permission(request: &ScriptRequest) -> bool {
    ["GET", "HEAD", "POST"].contains(&&*method(request))
}

fn needs_preflight(request: &ScriptRequest) -> bool {
    !needs_no_permission(request) || !request.unsafe_names.is_empty()
}
