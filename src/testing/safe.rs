//! A search for what a service grants and should not.

use std::error::Error;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Response};
use tower_service::Service;
use url::Url;

use super::allowed::AllowedOrigins;
use super::header_value::{get, trim};
use super::hole::{Finding, Hole};
use super::origin::serialize;
use super::outcome::Exchange;
use super::probe::{Kind, Probe, STRANGER, probes};
use super::profile::Profile;
use super::request::{Fetch, Mode, page_headers};
use super::safelist::{is_safelisted_method, normalize_method, unsafe_request_header_names};
use super::wire::{Network, Wire, host, value};

/// Asserts that a service allows only these origins: no look-alikes, not `null`, nothing malformed, and nobody's cookies
/// for everyone.
///
/// `request` says what is asked for, with the headers that the service needs to answer; of a [`Fetch`] only the request is
/// used. It is sent with an empty body, about a hundred times for an allowed origin, and as often a preflight for it: ask
/// for something that may be done as often. `allowed` are all origins that are meant to be allowed:
/// `https://app.example.com`, `https://*.example.com`, `http://localhost:*`, `null`, or `*` for any. From them it makes
/// what should be rejected.
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
/// If there are [`findings`], with all of them; or if an allowed origin is no origin, or the request is none.
pub async fn assert_safe<S, RequestBody, ResponseBody>(
    service: &mut S,
    request: impl Into<Fetch<RequestBody>>,
    allowed: impl IntoIterator<Item: AsRef<str>>,
) where
    S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    RequestBody: Default,
{
    let findings = findings(service, request, allowed).await;
    let told: Vec<String> = findings
        .iter()
        .map(|finding| format!("- {finding}"))
        .collect();
    assert!(
        findings.is_empty(),
        "{} findings about CORS:\n{}",
        findings.len(),
        told.join("\n")
    );
}

/// What [`assert_safe`] finds, without panicking about it.
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
    allowed: impl IntoIterator<Item: AsRef<str>>,
) -> Vec<Finding>
where
    S: Service<http::Request<RequestBody>, Response = Response<ResponseBody>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    RequestBody: Default,
{
    let (parts, _) = match request.into().request {
        Ok(request) => request.into_parts(),
        Err(error) => panic!("the request to send is not a request: {error}"),
    };
    let allowed = match AllowedOrigins::parse(allowed) {
        Ok(allowed) => allowed,
        Err(error) => panic!("{error}"),
    };
    let url = match Url::parse(&parts.uri.to_string()) {
        Ok(url) => url,
        Err(error) => panic!(
            "`{}` is not a URL: {error}; write it with scheme and host",
            parts.uri
        ),
    };
    let target = Target {
        url,
        method: normalize_method(parts.method.as_str()),
        headers: parts.headers,
    };
    let mut search = Search {
        wire: Wire {
            network: service,
            exchanges: Vec::new(),
        },
        target,
        findings: Vec::new(),
    };
    search.check_allowed(&allowed).await;
    for probe in probes(&allowed) {
        search.check(&probe, &allowed).await;
    }
    search.findings
}

/// What is asked for.
struct Target {
    url: Url,
    method: String,
    headers: HeaderMap,
}

impl Target {
    /// What a page asks for: not for the headers that only browsers set, such as a session's `Cookie`.
    fn unsafe_names(&self) -> Vec<String> {
        let profile = Profile::standard();
        let headers = page_headers(&self.headers, Mode::Cors, &profile);
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        unsafe_request_header_names(headers, &profile)
    }

    /// Whether pages need permission to send it.
    fn is_preflighted(&self) -> bool {
        !is_safelisted_method(&self.method) || !self.unsafe_names().is_empty()
    }
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

    fn report(&mut self, hole: Hole, what: &'static str, exchange: &Exchange) {
        self.findings.push(Finding {
            hole,
            what,
            exchange: exchange.clone(),
        });
    }

    /// Whether those who are meant to be allowed are, and whether the answers say what they depend on.
    async fn check_allowed<RequestBody>(&mut self, allowed: &AllowedOrigins)
    where
        N: Network<RequestBody>,
        RequestBody: Default,
    {
        let mut answers = vec![
            ("a request without `Origin`", self.ask(&[], false).await),
            ("a stranger", self.ask(&[STRANGER.into()], false).await),
        ];
        let examples = allowed
            .examples()
            .map(|origin| serialize(origin).into_bytes());
        let null = allowed.null.then(|| b"null".to_vec());
        let any = allowed.any.then(|| STRANGER.into());
        for origin in examples.chain(null).chain(any).collect::<Vec<_>>() {
            for is_preflight in [false, true] {
                let exchange = self.ask(std::slice::from_ref(&origin), is_preflight).await;
                let grant = Grant::of(&exchange);
                let is_needed = !is_preflight || self.target.is_preflighted();
                if is_needed && !grant.is_to(&origin) && !grant.is_wildcard() {
                    self.report(
                        Hole::AllowedOriginRejected,
                        "meant to be allowed",
                        &exchange,
                    );
                }
                if origin == b"null" && grant.is_to(&origin) && grant.credentials {
                    self.report(Hole::NullWithCredentials, "the opaque origin", &exchange);
                }
                self.check_grant(&grant, "meant to be allowed", &exchange);
                if !is_preflight {
                    answers.push(("meant to be allowed", exchange));
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

    /// Whether one who should get nothing does.
    async fn check<RequestBody>(&mut self, probe: &Probe, allowed: &AllowedOrigins)
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
                if !allowed.any && probe.kind == Kind::MadeUp {
                    self.report(Hole::WildcardAllowed, probe.what, &exchange);
                }
            } else if probe.lines.iter().any(|line| grant.is_to(line)) {
                // A service that says the same whoever asks compares nothing.
                if probe.kind == Kind::Repeated {
                    let to_stranger = self.ask(&[STRANGER.into()], is_preflight).await;
                    if Grant::of(&to_stranger).origin == grant.origin {
                        continue;
                    }
                }
                if let Some(hole) = hole(probe.kind, grant.credentials, allowed.any) {
                    self.report(hole, probe.what, &exchange);
                }
            }
        }
    }

    /// What is wrong whoever asks.
    fn check_grant(&mut self, grant: &Grant, what: &'static str, exchange: &Exchange) {
        if grant.is_wildcard() && grant.credentials {
            self.report(Hole::WildcardWithCredentials, what, exchange);
        }
        if grant.values > 1 {
            self.report(Hole::AllowOriginRepeated, what, exchange);
        }
    }
}

/// What it is that a probe is allowed, if it is something.
fn hole(kind: Kind, with_credentials: bool, any_is_meant: bool) -> Option<Hole> {
    match kind {
        Kind::MadeUp if with_credentials => Some(Hole::AnyOriginWithCredentials),
        Kind::Null if with_credentials => Some(Hole::NullWithCredentials),
        _ if any_is_meant && !with_credentials => None,
        Kind::MadeUp | Kind::Stranger => Some(Hole::StrangerAllowed),
        Kind::Null => Some(Hole::NullAllowed),
        Kind::LookAlike => Some(Hole::LookAlikeAllowed),
        Kind::Malformed => Some(Hole::MalformedAllowed),
        Kind::Repeated => Some(Hole::RepeatedAllowed),
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
    let Ok((_, headers)) = &exchange.response else {
        return true;
    };
    let value = get(headers, VARY).unwrap_or_default();
    value
        .split(|&byte| byte == b',')
        .map(trim)
        .any(|name| name == b"*" || name.eq_ignore_ascii_case(b"origin"))
}
