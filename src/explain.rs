//! The decision about a request, explained in a sentence.

use std::fmt::{self, Write};

use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::decision::{Decision, Rejection};
use crate::enforce::Enforcement;
use crate::escaped::Escaped;
use crate::fetch_metadata;
use crate::origin::{Origin, OriginError, OriginErrorKind, OriginSet};
use crate::policy::{Allowed, Policy};
use crate::protection::{Protection, Protections};
use crate::request::{self, Kind, RequestOrigin};

/// The explanation of a decision, returned by [`Policy::explain`]. Its `Display` is the sentence.
///
/// Values that the client sent are escaped and cut, so that the sentence can be logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    decision: Decision,
    sentence: String,
}

impl Policy {
    /// Explains in one sentence what happens to a request of this method with these headers.
    ///
    /// Unlike [`Policy::decide`], it also checks the method and the headers that a preflight asks for, as a browser
    /// checks the answer, and names every line to change. It also applies what the policy
    /// [enforces](crate::PolicyBuilder::enforce), and recognizes pages of the service's own origin.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, Method, header};
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder().allow_origins(["https://app.example.com"]).build()?;
    /// let mut preflight = HeaderMap::new();
    /// preflight.insert(header::ORIGIN, HeaderValue::from_static("https://app.example.com"));
    /// preflight.insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT"));
    /// let explanation = policy.explain(&Method::OPTIONS, &preflight);
    /// assert_eq!(explanation.code(), "method-not-allowed");
    /// assert!(explanation.to_string().contains(r#"`.allow_methods(["PUT"])`"#));
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Cost
    ///
    /// Linear in the size of what the request asks for. It allocates, so call it for people, not for every request. Of headers
    /// that are not allowed it names at most 32.
    pub fn explain(&self, method: &Method, headers: &HeaderMap) -> Explanation {
        Explanation::of(self, method, headers)
    }
}

impl Explanation {
    /// Returns the decision, by the layer or by the browser.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Returns the [code](Decision::code) of the decision.
    pub fn code(&self) -> &'static str {
        self.decision.code()
    }

    fn of(policy: &Policy, method: &Method, headers: &HeaderMap) -> Self {
        let decision = protected(policy, method, headers, policy.decide(method, headers));
        let decision = browser_verdict(policy, method, headers, decision);
        let mut sentence = String::new();
        // Writing to a string does not fail.
        let _ = write!(
            sentence,
            "{}",
            Sentence {
                policy,
                method,
                headers,
                decision
            }
        );
        Self { decision, sentence }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

/// Returns what the layer decides about a request for which the policy decided `decision`, if only this policy protects the
/// service. The target of the request is not known, only its `Host`.
fn protected(
    policy: &Policy,
    method: &Method,
    headers: &HeaderMap,
    decision: Decision,
) -> Decision {
    let protections = Protections::of(&policy.compiled().protection, [&Protection::OFF; 2]);
    let is_enforced = protections.enforcement != Enforcement::Off;
    let writes = is_enforced && request::is_unsafe(method, headers);
    let target = Uri::default();
    if let Some(other) = protections.check_host(&target, headers) {
        return Decision::Rejected(other.rejection);
    }
    if request::is_preflight(method, headers) {
        return decision;
    }
    let decision = match decision {
        Decision::Allowed if writes && policy.is_read_only() => {
            Decision::Rejected(Rejection::ReadOnly)
        }
        decision => decision,
    };
    match decision {
        Decision::Rejected(_)
            if policy.trusts_same_origin() && fetch_metadata::is_same_origin(&target, headers) =>
        {
            Decision::SameOrigin
        }
        Decision::NotCors
            if is_enforced
                && (!policy.allows_any_origin() || (writes && policy.is_read_only())) =>
        {
            let rejection = fetch_metadata::rejection_without_origin(method, headers);
            rejection.map_or(decision, Decision::Rejected)
        }
        decision => decision,
    }
}

/// Returns what a browser makes of the answer to a request for which the layer decided `decision`: it may reject the
/// method or a header of an allowed preflight.
pub(crate) fn browser_verdict(
    policy: &Policy,
    method: &Method,
    headers: &HeaderMap,
    decision: Decision,
) -> Decision {
    if decision != Decision::Allowed || !request::is_preflight(method, headers) {
        return decision;
    }
    if unlisted_method(policy, headers).is_some() {
        return Decision::Rejected(Rejection::MethodNotAllowed);
    }
    match unlisted_headers(policy, headers).next() {
        Some(_) => Decision::Rejected(Rejection::HeaderNotAllowed),
        None => decision,
    }
}

/// Returns the requested method if it is not allowed.
fn unlisted_method<'a>(policy: &Policy, headers: &'a HeaderMap) -> Option<&'a [u8]> {
    headers
        .get(ACCESS_CONTROL_REQUEST_METHOD)
        .filter(|asked| !allows_method(policy.methods(), asked))
        .map(HeaderValue::as_bytes)
}

/// <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, the steps on the method.
fn allows_method(methods: Allowed<'_, Method>, asked: &HeaderValue) -> bool {
    // They need no permission: https://fetch.spec.whatwg.org/#cors-safelisted-method
    let safelisted = [Method::GET, Method::HEAD, Method::POST];
    match methods {
        Allowed::Any => true,
        Allowed::Only(listed) => safelisted
            .iter()
            .chain(listed)
            .any(|method| method.as_str().as_bytes() == asked.as_bytes()),
    }
}

/// Returns the requested headers that are not listed: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>, the steps on
/// the headers.
fn unlisted_headers<'a>(
    policy: &'a Policy,
    headers: &'a HeaderMap,
) -> impl Iterator<Item = &'a [u8]> {
    let listed = match policy.headers() {
        Allowed::Any => None,
        Allowed::Only(listed) => Some(listed),
    };
    let parameters = policy.allows_mcp_parameters();
    request::requested_headers(headers).filter(move |asked| {
        let is_parameter = parameters && request::is_mcp_parameter(asked);
        let is_listed = |listed: &[HeaderName]| {
            let mut names = listed.iter().map(|name| name.as_str().as_bytes());
            names.any(|name| name.eq_ignore_ascii_case(asked))
        };
        listed.is_some_and(|listed| !is_parameter && !is_listed(listed))
    })
}

/// The most names that an explanation lists.
const LISTED_NAMES: usize = 32;

/// The sentence of an explanation.
struct Sentence<'a> {
    policy: &'a Policy,
    method: &'a Method,
    headers: &'a HeaderMap,
    decision: Decision,
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = Escaped(RequestOrigin::shown(self.headers));
        match self.decision {
            Decision::NotCors => f.write_str(
                "not a CORS request: it has no `Origin` header, so no page of another origin waits for the response",
            ),
            Decision::SameOrigin => write!(
                f,
                "same-origin: no policy allows `{origin}`, but it is the service's own, whose pages need no CORS header",
            ),
            Decision::Allowed => self.allowed(f, &origin),
            Decision::Rejected(rejection) => self.rejected(f, &origin, rejection),
        }
    }
}

impl Sentence<'_> {
    fn allowed(&self, f: &mut fmt::Formatter<'_>, origin: &Escaped<'_>) -> fmt::Result {
        let credentials = if self.policy.allows_credentials() {
            "with or without credentials"
        } else {
            "without credentials"
        };
        match Kind::of(self.method, self.headers) {
            Kind::Preflight => {
                let method = self
                    .headers
                    .get(ACCESS_CONTROL_REQUEST_METHOD)
                    .map_or(b"".as_slice(), HeaderValue::as_bytes);
                write!(
                    f,
                    "allowed: a page at `{origin}` may send {} {credentials}",
                    Escaped(method)
                )
            }
            Kind::Actual | Kind::NotCors => {
                write!(
                    f,
                    "allowed: a page at `{origin}` may read the response of a request {credentials}"
                )
            }
        }
    }

    fn rejected(
        &self,
        f: &mut fmt::Formatter<'_>,
        origin: &Escaped<'_>,
        rejection: Rejection,
    ) -> fmt::Result {
        match rejection {
            Rejection::OriginNotAllowed => {
                write!(f, "rejected: the origin `{origin}` is not allowed")?;
                self.near_miss(f)?;
                write!(f, "; if its pages may read this, add `.allow_origins([\"{origin}\"])`")?;
                self.also_lacking(f)
            }
            Rejection::NullOriginNotAllowed => {
                f.write_str(
                    "rejected: the page has the opaque origin `null` (a sandboxed frame, a `file:` or `data:` page, or a \
                     redirect between origins); serve it from an origin of its own, or add `.allow_null_origin(true)`",
                )?;
                self.also_lacking(f)
            }
            Rejection::FileOriginNotAllowed => {
                f.write_str(
                    "rejected: the page is a local file, whose origin is `file://` in this browser or app shell and \
                     `null` in others; serve it from an origin of its own, or add `.allow_file_origin(true)`",
                )?;
                self.also_lacking(f)
            }
            Rejection::OriginMalformed => {
                write!(f, "rejected: `Origin: {origin}` is not an origin")?;
                let line = self.line();
                // Qt WebEngine sends a scheme alone, such as `app:`, for schemes of the syntax `Path`.
                let ends_with_scheme = |error: &OriginError| {
                    let rest = line.and_then(|line| line.as_bytes().get(error.position()..));
                    error.kind() == OriginErrorKind::Scheme && rest == Some(b":".as_slice())
                };
                match line.map(Origin::try_from) {
                    Some(Err(error))
                        if error.kind().is_never_sent() && !ends_with_scheme(&error) =>
                    {
                        write!(f, ", so no browser sent it ({error})")
                    }
                    Some(Err(error)) => write!(f, " that can be allowed ({error})"),
                    _ => Ok(()),
                }
            }
            Rejection::OriginRepeated => f.write_str(
                "rejected: the request has more than one `Origin` header, which no browser sends; look for a proxy \
                 that adds one",
            ),
            Rejection::HostNotAllowed => {
                let host = Escaped(self.headers.get(HOST).map_or(b"", HeaderValue::as_bytes));
                write!(f, "rejected: the service is not reached by the host `{host}`, so this may be DNS rebinding; ")?;
                write!(f, "if it is reached by it, add `.hosts([\"{host}\"])`")
            }
            Rejection::HostMalformed => f.write_str(
                "rejected: the request has no `Host`, more than one, or one that is no host; look for a proxy that \
                 changes it",
            ),
            Rejection::CrossSiteRequest => f.write_str(
                "rejected: a page of another origin sent the request without `Origin`, as an image, a script or a frame; \
                 if such pages may embed this, call `.enforce(Enforcement::BlockUnsafe)`, or let the page send `Origin` \
                 with the attribute `crossorigin`",
            ),
            Rejection::WebSocketWithoutOrigin => f.write_str(
                "rejected: a WebSocket over HTTP/2 has no `Origin`, as Firefox behind a proxy opens it, so its page is unknown; \
                 do not enable the extended CONNECT protocol in the server, so that browsers open WebSockets over HTTP/1.1",
            ),
            Rejection::ReadOnly => {
                write!(f, "rejected: a page at `{origin}` may only read; ")?;
                write!(f, "if its pages may write, add a policy with `.allow_origins([\"{origin}\"])` before this one")
            }
            // A policy alone knows of neither.
            Rejection::PathNotEnabled | Rejection::LookupFailed | Rejection::NoSnapshot => write!(f, "rejected: {rejection}"),
            Rejection::PredicatePanicked => {
                write!(f, "rejected: the predicate of `allow_origins_where` panicked when it was asked of `{origin}`")
            }
            Rejection::InsecureOriginNotAllowed => {
                write!(f, "rejected: the predicate allows `{origin}`, but with credentials a network attacker could ")?;
                f.write_str("impersonate your users over `http`; use `https` there, or add ")?;
                write!(f, "`.dangerously_allow_insecure_origin(\"{origin}\")`")
            }
            Rejection::PredicateAcceptsStrangers => self.accepts_strangers(f, origin),
            Rejection::MethodNotAllowed => {
                f.write_str("rejected by the browser: ")?;
                self.method_not_allowed(f)?;
                self.headers_not_allowed(f, "; ")
            }
            Rejection::HeaderNotAllowed => {
                f.write_str("rejected by the browser: ")?;
                self.headers_not_allowed(f, "")
            }
            Rejection::RequestMethodMalformed | Rejection::RequestHeadersMalformed | Rejection::RequestHeadersTooLong => {
                write!(f, "rejected: {rejection}, so it is not echoed; ")?;
                f.write_str("list what you allow with `allow_methods` and `allow_headers`")
            }
        }
    }

    /// Writes what else the predicate accepts, and how to allow only this origin.
    fn accepts_strangers(&self, f: &mut fmt::Formatter<'_>, origin: &Escaped<'_>) -> fmt::Result {
        write!(
            f,
            "rejected: the predicate allows `{origin}`, but it also accepts "
        )?;
        let line = self.line().and_then(|line| Origin::try_from(line).ok());
        match line.and_then(|origin| self.policy.accepted_neighbor(&origin)) {
            Some(neighbor) => write!(
                f,
                "the invented `{}`",
                Escaped(neighbor.as_str().as_bytes())
            )?,
            None => f.write_str("invented names")?,
        }
        f.write_str(
            ", so with credentials the owners of such names could impersonate your users; compare whole names in the \
             predicate, serve the pages below a domain of your own, ",
        )?;
        write!(f, "or add `.allow_origins([\"{origin}\"])`")
    }

    /// Writes what the policy lacks if the origin of a preflight were allowed.
    fn also_lacking(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !request::is_preflight(self.method, self.headers) {
            return Ok(());
        }
        if unlisted_method(self.policy, self.headers).is_some() {
            f.write_str("; ")?;
            self.method_not_allowed(f)?;
        }
        self.headers_not_allowed(f, "; ")
    }

    /// Writes all requested headers that are not allowed, if there are some.
    fn headers_not_allowed(&self, f: &mut fmt::Formatter<'_>, separator: &str) -> fmt::Result {
        let mut names: Vec<&[u8]> = Vec::new();
        let mut others = 0;
        for name in unlisted_headers(self.policy, self.headers) {
            if names.iter().any(|listed| listed.eq_ignore_ascii_case(name)) {
                continue;
            }
            if names.len() < LISTED_NAMES {
                names.push(name);
            } else {
                others += 1;
            }
        }
        let Some((last, rest)) = names.split_last() else {
            return Ok(());
        };
        let is_one = rest.is_empty();
        let (noun, verb) = if is_one {
            ("header", "is")
        } else {
            ("headers", "are")
        };
        write!(f, "{separator}the request {noun} ")?;
        for name in rest {
            write!(f, "`{}`, ", Escaped(name))?;
        }
        write!(f, "`{}` ", Escaped(last))?;
        if others > 0 {
            write!(f, "and {others} more ")?;
        }
        write!(f, "{verb} not allowed; add `.allow_headers([")?;
        for name in rest {
            write!(f, "\"{}\", ", Escaped(name))?;
        }
        write!(f, "\"{}\"])`", Escaped(last))?;
        if names.iter().any(|name| request::is_mcp_parameter(name)) {
            f.write_str(", or `.allow_mcp_parameters(true)` for all parameters of tools")?;
        }
        Ok(())
    }

    fn method_not_allowed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = unlisted_method(self.policy, self.headers).unwrap_or_default();
        let method = Escaped(asked);
        write!(f, "the method {method} is not allowed; ")?;
        let listed = match self.policy.methods() {
            Allowed::Only(listed) => listed,
            Allowed::Any => &[],
        };
        let standard = [Method::PATCH];
        match listed
            .iter()
            .chain(&standard)
            .find(|known| known.as_str().as_bytes().eq_ignore_ascii_case(asked))
        {
            Some(known) if known.as_str().as_bytes() != asked => {
                write!(
                    f,
                    "methods are case-sensitive, so the page must write {known}"
                )?;
                if listed.contains(known) {
                    Ok(())
                } else {
                    write!(f, ", and the policy needs `.allow_methods([\"{known}\"])`")
                }
            }
            _ => write!(f, "add `.allow_methods([\"{method}\"])`"),
        }
    }

    /// Writes the allowed origin that the rejected one was probably meant to be.
    fn near_miss(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(set) = self.policy.origins() else {
            return Ok(());
        };
        let Some(Ok(origin)) = self.line().map(Origin::try_from) else {
            return Ok(());
        };
        let (Some(scheme), Some(host)) = (origin.scheme(), origin.host()) else {
            return Ok(());
        };
        let port = origin
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let other_scheme = if scheme == "https" { "http" } else { "https" };
        let twin = host
            .strip_suffix('.')
            .map_or_else(|| format!("{host}."), str::to_owned);
        if let Some(allowed) = allowed_of(set, format!("{scheme}://{twin}{port}")) {
            write!(
                f,
                ", though `{allowed}` is, which differs in the dot at the end"
            )
        } else if let Some(allowed) = allowed_of(set, format!("{other_scheme}://{host}{port}")) {
            write!(f, ", though `{allowed}` is")
        } else if let Some(allowed) = allowed_of(set, format!("{scheme}://{host}")) {
            write!(f, ", though `{allowed}` is, without the port")
        } else if allowed_of(set, format!("{scheme}://_.{host}{port}")).is_some() {
            // No `*` inside a label stands for this one.
            f.write_str(
                ", though its subdomains are, because `*.` does not match the domain itself",
            )
        } else {
            Ok(())
        }
    }

    fn line(&self) -> Option<&HeaderValue> {
        match RequestOrigin::of(self.headers) {
            RequestOrigin::Line(line) => Some(line),
            RequestOrigin::Absent | RequestOrigin::Repeated => None,
        }
    }
}

fn allowed_of(set: &OriginSet, text: String) -> Option<String> {
    let origin: Origin = text.parse().ok()?;
    set.contains(&origin).then_some(text)
}
