//! A search for what a service allows and should not.

use std::error::Error;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Response};
use tower_service::Service;

use super::allowed::{AllowedReaders, Readers};
use super::check::{self, Asked};
use super::header_value::get;
use super::hole::{Finding, Hole, Severity};
use super::outcome::Exchange;
use super::probe::{Kind, Probe, STRANGER, probes};
use super::profile::{Deviation, Profile};
use super::request::Fetch;
use super::target::Target;
use super::wire::{Network, Wire, host, value};

/// Asserts that a service allows only these origins: no look-alikes, not `null`, nothing malformed, and nobody's cookies
/// for everyone.
///
/// `request` says what is asked for, with the headers that the service needs to answer; of a [`Fetch`] only the request is
/// used. It is sent with an empty body, about a hundred times for an allowed origin, and as often a preflight for it: ask
/// for something that may be done as often. `allowed` are all origins that are meant to be allowed:
/// `https://app.example.com`, `https://*.example.com`, `https://pr-*.example.com` (one `*` inside a label),
/// `http://localhost:*`, `null`, or `*` for any. From them it makes what should be rejected.
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::Request;
/// use tower_cors::testing::assert_safe;
/// use tower_cors::{CorsLayer, Policy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_cors::PolicyErrors> {
/// let policy = Policy::builder().allow_origins(["https://*.example.com"]).allow_credentials(true).build()?;
/// let mut app = Router::new().route("/", get(async || "hello")).layer(CorsLayer::new(policy));
///
/// assert_safe(&mut app, Request::get("https://api.example.com/").body(Body::empty()), ["https://*.example.com"]).await;
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// If there are [`findings`] that are more than notes, with all of them; or if an allowed origin is no origin, or the request
/// is none.
pub async fn assert_safe<S, RequestBody, ResponseBody>(
    service: &mut S,
    request: impl Into<Fetch<RequestBody>>,
    readers: impl Into<Readers>,
) where
    S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    RequestBody: Default,
{
    let findings = findings(service, request, readers).await;
    report(&findings, "about CORS");
}

/// Panics with all findings, unless they are only notes. One mistake shows in many requests, so they are grouped by hole.
pub(super) fn report(findings: &[Finding], subject: &str) {
    let are_notes = findings
        .iter()
        .all(|finding| finding.severity() == Severity::Note);
    let mut told = String::new();
    let mut seen: Vec<Hole> = Vec::new();
    for finding in findings {
        if seen.contains(&finding.hole) {
            continue;
        }
        seen.push(finding.hole);
        told += &format!("- {finding}\n");
        let same = findings.iter().filter(|other| other.hole == finding.hole);
        let others: Vec<String> = same.skip(1).map(Finding::in_short).collect();
        if !others.is_empty() {
            told += &format!("  the same with {}\n", others.join(", "));
        }
    }
    let count = findings.len();
    assert!(are_notes, "{count} findings {subject}:\n{told}");
}

/// Returns what [`assert_safe`] finds, without panicking about it.
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::{HeaderValue, Request};
/// use tower_cors::testing::{Hole, findings};
/// use tower_http::cors::{AllowOrigin, CorsLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // The classic mistake: the origin ends with the domain.
/// let cors = CorsLayer::new()
///     .allow_origin(AllowOrigin::predicate(|origin, _| origin.as_bytes().ends_with(b"example.com")));
/// let mut app = Router::new().route("/", get(async || "hello")).layer(cors);
///
/// let request = Request::get("https://api.example.com/").body(Body::empty());
/// let findings = findings(&mut app, request, ["https://app.example.com"]).await;
/// let evil = findings.iter().find(|finding| {
///     finding.exchange().request_headers()["origin"] == "https://strangerexample.com"
/// });
/// assert_eq!(evil.unwrap().hole(), Hole::LookAlikeAllowed);
/// # }
/// ```
///
/// # Panics
///
/// If an allowed origin is no origin, or the request is none.
pub async fn findings<S, RequestBody, ResponseBody>(
    service: &mut S,
    request: impl Into<Fetch<RequestBody>>,
    readers: impl Into<Readers>,
) -> Vec<Finding>
where
    S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    RequestBody: Default,
{
    let target = Target::of(request.into());
    let readers = match readers.into().parse() {
        Ok(readers) => readers,
        Err(error) => panic!("{error}"),
    };
    let mut search = Search {
        wire: Wire {
            network: service,
            exchanges: Vec::new(),
        },
        target,
        findings: Vec::new(),
    };
    search.check_allowed(&readers).await;
    for probe in probes(&readers) {
        search.check(&probe, &readers).await;
    }
    search.findings
}

struct Search<'a, N> {
    wire: Wire<'a, N>,
    target: Target,
    findings: Vec<Finding>,
}

impl<N> Search<'_, N> {
    /// Sends the request or its preflight with these lines of `Origin`.
    async fn ask<RequestBody>(&mut self, lines: &[Vec<u8>], is_preflight: bool) -> Exchange
    where
        N: Network<RequestBody>,
        RequestBody: Default,
    {
        let Target {
            url,
            method,
            headers,
        } = &self.target;
        let mut sent = if is_preflight {
            HeaderMap::new()
        } else {
            headers.clone()
        };
        sent.insert(HOST, value(host(url)));
        sent.remove(ORIGIN);
        for line in lines {
            if let Ok(line) = HeaderValue::from_bytes(line) {
                sent.append(ORIGIN, line);
            }
        }
        if is_preflight {
            sent.insert(ACCESS_CONTROL_REQUEST_METHOD, value(method));
            let names = self.target.unsafe_names();
            if !names.is_empty() {
                sent.insert(ACCESS_CONTROL_REQUEST_HEADERS, value(&names.join(",")));
            }
        }
        let method = if is_preflight { "OPTIONS" } else { method };
        // What came of it stands in the exchange.
        let _ = self
            .wire
            .send(url, method, sent, RequestBody::default(), is_preflight)
            .await;
        self.wire.exchanges.remove(0)
    }

    fn report(&mut self, hole: Hole, what: &str, exchange: &Exchange) {
        self.findings.push(Finding {
            hole,
            what: what.to_owned(),
            also: Vec::new(),
            exchange: exchange.clone(),
        });
    }

    /// Whether those who are meant to be allowed are, and whether the answers say what they depend on.
    async fn check_allowed<RequestBody>(&mut self, readers: &AllowedReaders)
    where
        N: Network<RequestBody>,
        RequestBody: Default,
    {
        let mut answers = vec![
            ("a request without `Origin`", self.ask(&[], false).await),
            ("a stranger", self.ask(&[STRANGER.into()], false).await),
        ];
        for origin in readers.origins(STRANGER) {
            for is_preflight in [false, true] {
                let exchange = self.ask(std::slice::from_ref(&origin), is_preflight).await;
                let is_needed = !is_preflight || self.target.is_preflighted();
                self.check_reader(readers, &origin, is_needed, &exchange);
                if !is_preflight {
                    answers.push((ALLOWED, exchange));
                }
            }
        }
        let said: Vec<Vec<(&str, &[u8])>> = answers
            .iter()
            .map(|(_, exchange)| cors_headers(exchange))
            .collect();
        if said.windows(2).any(|pair| pair[0] != pair[1]) {
            for (what, exchange) in answers
                .iter()
                .filter(|(_, exchange)| !varies_on_origin(exchange))
            {
                self.report(Hole::VaryMissing, what, exchange);
            }
        }
    }

    /// Whether one who is meant to be allowed is. Nobody sends a preflight that is not needed.
    fn check_reader(
        &mut self,
        readers: &AllowedReaders,
        origin: &[u8],
        is_needed: bool,
        exchange: &Exchange,
    ) {
        let grant = Grant::of(exchange);
        let is_granted = grant.is_to(origin) || grant.is_wildcard();
        let requires_credentials = readers.requires_credentials(origin);
        if is_needed && !is_granted {
            let is_unanswered = match &exchange.response {
                Ok((status, headers)) => check::is_unanswered(*status, headers),
                Err(_) => false,
            };
            let hole = match is_unanswered {
                true => Hole::NoCorsLayer,
                false => Hole::AllowedOriginRejected,
            };
            self.report(hole, ALLOWED, exchange);
        } else if is_needed && requires_credentials && !(grant.is_to(origin) && grant.credentials) {
            let what = "meant to read with credentials";
            self.report(Hole::CredentialsNotAllowed, what, exchange);
        } else if is_needed && exchange.is_preflight {
            self.check_permission(origin, requires_credentials, exchange);
        }
        if grant.is_to(origin) && grant.credentials {
            let hole = if origin == b"null" {
                Some(Hole::NullWithCredentials)
            } else if readers.allows_with_credentials(origin) {
                None
            } else if origin == STRANGER.as_bytes() {
                Some(Hole::AnyOriginWithCredentials)
            } else {
                Some(Hole::CredentialsAllowed)
            };
            if let Some(hole) = hole {
                self.report(hole, "meant to read without credentials", exchange);
            }
        }
        self.check_grant(&grant, ALLOWED, exchange);
    }

    /// Whether the answer to a preflight allows the request.
    fn check_permission(&mut self, origin: &[u8], with_credentials: bool, exchange: &Exchange) {
        let Ok((status, headers)) = &exchange.response else {
            return;
        };
        let unsafe_names = self.target.unsafe_names();
        let asked = Asked {
            origin: &String::from_utf8_lossy(origin),
            with_credentials,
            use_cors_preflight: false,
            method: &self.target.method,
            unsafe_names: &unsafe_names,
        };
        // All engines have it, so that the standard's rule prevents nobody.
        let profile = Profile::standard().with(Deviation::WildcardCoversAuthorization);
        let permission = check::read_preflight(&asked, *status, headers, &profile)
            .and_then(|allowed| check::check_preflight(&asked, &allowed, &profile));
        if let Err(failure) = permission {
            let what = format!("{ALLOWED}, and cannot send it; {}", failure.in_short());
            self.report(Hole::RequestNotAllowed, &what, exchange);
        }
    }

    /// Whether one who should get nothing does.
    async fn check<RequestBody>(&mut self, probe: &Probe, readers: &AllowedReaders)
    where
        N: Network<RequestBody>,
        RequestBody: Default,
    {
        for is_preflight in [false, true] {
            let exchange = self.ask(&probe.lines, is_preflight).await;
            let grant = Grant::of(&exchange);
            self.check_grant(&grant, probe.what, &exchange);
            if exchange.response.is_err() {
                self.report(Hole::ServiceFailed, probe.what, &exchange);
            } else if grant.is_wildcard() {
                if !readers.any() && probe.kind == Kind::MadeUp {
                    self.report(Hole::WildcardAllowed, probe.what, &exchange);
                }
            } else if let Some(line) = probe.lines.iter().find(|line| grant.is_to(line)) {
                // A service that allows every origin alike compares nothing.
                if probe.kind == Kind::Repeated {
                    let to_stranger = self.ask(&[STRANGER.into()], is_preflight).await;
                    if Grant::of(&to_stranger).origin == grant.origin {
                        continue;
                    }
                }
                let may_read = readers.any() || readers.allows(line);
                if let Some(hole) = hole(probe.kind, grant.credentials, may_read) {
                    self.report(hole, probe.what, &exchange);
                }
            }
        }
    }

    /// Reports what is wrong for every origin.
    fn check_grant(&mut self, grant: &Grant, what: &'static str, exchange: &Exchange) {
        if grant.is_wildcard() && grant.credentials {
            self.report(Hole::WildcardWithCredentials, what, exchange);
        }
        if grant.values > 1 {
            self.report(Hole::AllowOriginRepeated, what, exchange);
        }
    }
}

const ALLOWED: &str = "meant to be allowed";

/// What it is that a probe is allowed, if it is something. `may_read` is whether it is meant to read without credentials.
fn hole(kind: Kind, with_credentials: bool, may_read: bool) -> Option<Hole> {
    match kind {
        Kind::MadeUp if with_credentials => Some(Hole::AnyOriginWithCredentials),
        Kind::Null if with_credentials => Some(Hole::NullWithCredentials),
        Kind::Repeated => Some(Hole::RepeatedAllowed),
        _ if may_read && !with_credentials => None,
        Kind::MadeUp | Kind::Stranger => Some(Hole::StrangerAllowed),
        Kind::Null => Some(Hole::NullAllowed),
        Kind::LookAlike => Some(Hole::LookAlikeAllowed),
        Kind::Sibling => Some(Hole::SiblingAllowed),
        Kind::InsecureTwin => Some(Hole::InsecureTwinAllowed),
        Kind::Malformed => Some(Hole::MalformedAllowed),
    }
}

/// Whom a response allows to read it.
struct Grant {
    origin: Option<Vec<u8>>,
    values: usize,
    credentials: bool,
}

impl Grant {
    fn of(exchange: &Exchange) -> Self {
        let headers = match &exchange.response {
            Ok((_, headers)) => headers.clone(),
            Err(_) => HeaderMap::new(),
        };
        Self {
            origin: get(&headers, ACCESS_CONTROL_ALLOW_ORIGIN),
            values: headers.get_all(ACCESS_CONTROL_ALLOW_ORIGIN).iter().count(),
            credentials: get(&headers, ACCESS_CONTROL_ALLOW_CREDENTIALS).as_deref()
                == Some(b"true"),
        }
    }

    fn is_to(&self, origin: &[u8]) -> bool {
        self.origin.as_deref() == Some(origin)
    }

    fn is_wildcard(&self) -> bool {
        self.is_to(b"*")
    }
}

/// All that a response says of CORS, sorted.
fn cors_headers(exchange: &Exchange) -> Vec<(&str, &[u8])> {
    let Ok((_, headers)) = &exchange.response else {
        return Vec::new();
    };
    let mut said: Vec<(&str, &[u8])> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control-"))
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    said.sort_unstable();
    said
}

fn varies_on_origin(exchange: &Exchange) -> bool {
    match &exchange.response {
        Ok((_, headers)) => check::varies_on_origin(headers),
        Err(_) => true,
    }
}
