//! The way of a request.

use std::fmt;
#[cfg(feature = "cache")]
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use tower_service::Service;

use crate::decision::{Decision, Rejection};
use crate::enforce::{Enforcement, is_same_origin};
#[cfg(feature = "cache")]
use crate::future::LookingUp;
use crate::future::ResponseFuture;
use crate::headers::{self, Grant, VaryOn};
use crate::layer::Shared;
use crate::policy::Policy;
use crate::request::RequestOrigin;
#[cfg(feature = "cache")]
use crate::request::is_preflight;
#[cfg(feature = "cache")]
use crate::source::Ask;
use crate::source::{Candidates, Judgement, Lookup, Resolved};
use crate::telemetry;

/// A service with CORS, made by a [`CorsLayer`](crate::CorsLayer).
#[derive(Clone)]
pub struct Cors<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Cors<S> {
    pub(crate) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Cors<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let shared = &*self.shared;
        // What most services have is decided in line, and by nothing that keeps the request's address, so that it need
        // not be moved before it is passed on.
        if let Some(policy) = shared.decides_alone(request.headers()) {
            let one = Candidates::FirstOf(std::slice::from_ref(policy));
            if request.method() != Method::OPTIONS {
                let judgement = one.judge(|| RequestOrigin::of_distinct(request.headers()));
                let grant = Grant::of(judgement);
                return ResponseFuture::serving(self.inner.call(request), grant);
            }
            let origin = RequestOrigin::of_distinct(request.headers());
            if origin.asks_for_permission(request.headers()) {
                let judgement = one.judge(|| origin);
                let (parts, _body) = request.into_parts();
                let mut headers = parts.headers;
                let status = answer_preflight(one, judgement, &mut headers, |_, _| None);
                return ResponseFuture::answered(status, headers);
            }
        }
        let mut request = request;
        match shared.decide(&mut request) {
            Ok(Verdict::Serve(grant)) => ResponseFuture::serving(self.inner.call(request), grant),
            Ok(Verdict::Answer(status)) => {
                ResponseFuture::answered(status, std::mem::take(request.headers_mut()))
            }
            #[cfg(feature = "cache")]
            Err(lookup) => ResponseFuture::looking_up(self.lookup(lookup, request)),
        }
    }
}

#[cfg(feature = "cache")]
impl<S> Cors<S> {
    /// Waits for a lookup: beside the inner service if the request runs whatever it says, before it if not.
    #[cold]
    fn lookup<B, R>(&mut self, lookup: Lookup, request: Request<B>) -> Pin<Box<LookingUp<S, B>>>
    where
        S: Service<Request<B>, Response = Response<R>> + Clone,
    {
        let shared = Arc::clone(&self.shared);
        let must_wait = shared.enforcement == Enforcement::Block
            || is_preflight(request.method(), request.headers());
        if must_wait {
            // The clone is left behind and the service that is ready is taken.
            let clone = self.inner.clone();
            let inner = std::mem::replace(&mut self.inner, clone);
            Box::pin(LookingUp::waiting(lookup, inner, request, shared))
        } else {
            let mut head = Request::new(());
            *head.method_mut() = request.method().clone();
            *head.uri_mut() = request.uri().clone();
            *head.headers_mut() = request.headers().clone();
            let response = self.inner.call(request);
            Box::pin(LookingUp::beside(lookup, response, head, shared))
        }
    }
}

/// What becomes of a request.
pub(crate) enum Verdict {
    /// The inner service runs, and its response is given this.
    Serve(Grant),
    /// The layer answers: the headers of the request have become those of the answer.
    Answer(StatusCode),
}

impl Shared {
    /// The policy that decides alone over a request with these headers: nothing is to be looked up, enforced or told, and
    /// no header has more than one line.
    #[inline(always)]
    fn decides_alone(&self, headers: &HeaderMap) -> Option<&Policy> {
        self.alone.as_ref().filter(|_| {
            !telemetry::listens() && !telemetry::counts() && headers.len() == headers.keys_len()
        })
    }

    /// Decides over any request, unless a lookup has to be made before.
    #[inline(never)]
    fn decide<B>(&self, request: &mut Request<B>) -> Result<Verdict, Lookup> {
        Ok(match self.source.resolve(request.uri()) {
            Resolved::FirstOf(policies) => {
                self.decide_among(Candidates::FirstOf(policies), request)
            }
            Resolved::Handle(policy) => {
                let policies = std::slice::from_ref(&**policy);
                self.decide_among(Candidates::FirstOf(policies), request)
            }
            #[cfg(feature = "path")]
            Resolved::Nothing => self.decide_among(Candidates::PathNotEnabled, request),
            #[cfg(feature = "cache")]
            Resolved::Dynamic(dynamic) => {
                let origin = RequestOrigin::of(request.headers());
                match dynamic.ask(request, origin) {
                    Ask::Lookup(lookup) => return Err(lookup),
                    // The origin has been read.
                    Ask::Answered(answered) if request.method() != Method::OPTIONS => {
                        let judgement = answered.candidates().judge(|| origin);
                        self.decide_actual(answered.candidates(), judgement, request)
                    }
                    Ask::Answered(answered) => self.decide_among(answered.candidates(), request),
                }
            }
        })
    }

    /// Decides over a request that these may answer.
    #[inline(never)]
    pub(crate) fn decide_among<B>(
        &self,
        candidates: Candidates<'_>,
        request: &mut Request<B>,
    ) -> Verdict {
        let headers = request.headers();
        if request.method() == Method::OPTIONS {
            let origin = RequestOrigin::of(headers);
            if origin.asks_for_permission(headers) {
                let judgement = candidates.judge(|| origin);
                let tell = |headers: &HeaderMap, decision| {
                    self.observe(
                        candidates,
                        &Method::OPTIONS,
                        headers,
                        decision,
                        Enforcement::Off,
                    )
                };
                let status = answer_preflight(candidates, judgement, request.headers_mut(), tell);
                return Verdict::Answer(status);
            }
        }
        let judgement = candidates.judge(|| RequestOrigin::of(headers));
        self.decide_actual(candidates, judgement, request)
    }

    /// Decides over an actual request, of whose origin this is said.
    #[inline(always)]
    fn decide_actual<B>(
        &self,
        candidates: Candidates<'_>,
        judgement: Judgement<'_>,
        request: &mut Request<B>,
    ) -> Verdict {
        let decision = judgement.decision();
        let grant = Grant::of(judgement);
        if self.enforcement == Enforcement::Off && !self.is_observed() {
            return Verdict::Serve(grant);
        }
        self.enforce(candidates, request, grant, decision)
    }

    /// Tells of the decision over an actual request, and does what is to be done where it is rejected.
    fn enforce<B>(
        &self,
        candidates: Candidates<'_>,
        request: &mut Request<B>,
        mut grant: Grant,
        decision: Decision,
    ) -> Verdict {
        let enforced = self.enforcement != Enforcement::Off
            && matches!(decision, Decision::Rejected(_))
            && !(candidates.trust_same_origin()
                && is_same_origin(request.uri(), request.headers()));
        let enforcement = if enforced {
            self.enforcement
        } else {
            Enforcement::Off
        };
        let (method, headers) = (request.method(), request.headers());
        let note = self.observe(candidates, method, headers, decision, enforcement);
        match (enforcement, decision) {
            (Enforcement::Block, Decision::Rejected(rejection)) => {
                let headers = request.headers_mut();
                Verdict::Answer(reject(rejection, None, grant.varies, note, headers))
            }
            _ => {
                grant.note = note;
                // Where others are blocked, even a response without a grant depends on the origin.
                if self.enforcement == Enforcement::Block
                    && !decision.is_allowed()
                    && grant.varies == VaryOn::Not
                {
                    grant.varies = VaryOn::OnOrigin;
                }
                Verdict::Serve(grant)
            }
        }
    }

    /// Whether anyone wants to know what is decided.
    #[inline]
    fn is_observed(&self) -> bool {
        self.explain_in_response || telemetry::listens() || telemetry::counts()
    }

    /// Tells those who listen, and returns what the response is to tell.
    fn observe(
        &self,
        candidates: Candidates<'_>,
        method: &Method,
        headers: &HeaderMap,
        decision: Decision,
        enforcement: Enforcement,
    ) -> Option<Decision> {
        if !self.is_observed() {
            return None;
        }
        let decision = RequestOrigin::of(headers).judge(decision);
        telemetry::count(method, headers, decision, enforcement);
        if !(self.explain_in_response || telemetry::listens()) {
            return None;
        }
        let decision = candidates.browser_verdict(method, headers, decision);
        telemetry::decided(method, headers, decision, enforcement);
        self.explain_in_response.then_some(decision)
    }
}

/// Answers a preflight in the place of the inner service, with the map of headers that was the request's, and tells of
/// the decision.
#[inline(always)]
fn answer_preflight(
    candidates: Candidates<'_>,
    judgement: Judgement<'_>,
    headers: &mut HeaderMap,
    tell: impl FnOnce(&HeaderMap, Decision) -> Option<Decision>,
) -> StatusCode {
    let varies = judgement.varies;
    let (judged, rejection) = match judgement.allowed {
        Ok((policy, allow_origin)) => match &policy.mirror(headers) {
            Ok(mirrored) => {
                let note = tell(headers, Decision::Allowed);
                headers::write_permission(
                    headers,
                    policy,
                    allow_origin,
                    varies,
                    mirrored.as_ref(),
                    candidates.remaining(),
                );
                note_in(headers, note);
                return policy.compiled().preflight_status;
            }
            Err(rejection) => (Some(policy), *rejection),
        },
        Err(Decision::Rejected(rejection)) => (None, rejection),
        // Without an origin it would be no preflight.
        Err(_) => (None, Rejection::OriginNotAllowed),
    };
    let note = tell(headers, Decision::Rejected(rejection));
    reject(rejection, judged, varies, note, headers)
}

fn reject(
    rejection: Rejection,
    judged: Option<&Policy>,
    varies: VaryOn,
    note: Option<Decision>,
    headers: &mut HeaderMap,
) -> StatusCode {
    headers::write_rejection(headers, judged, rejection, varies);
    note_in(headers, note);
    if rejection == Rejection::LookupFailed {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::FORBIDDEN
    }
}

#[inline(always)]
fn note_in(headers: &mut HeaderMap, note: Option<Decision>) {
    if let Some(decision) = note {
        headers::write_note(headers, decision);
    }
}

impl<S: fmt::Debug> fmt::Debug for Cors<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cors")
            .field("inner", &self.inner)
            .field("source", &self.shared.source)
            .finish()
    }
}
