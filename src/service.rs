//! The way of a request.

use std::fmt;
#[cfg(feature = "cache")]
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use tower_service::Service;

use crate::decision::{Decision, Refusal};
use crate::enforce::{Enforcement, is_same_origin};
#[cfg(feature = "cache")]
use crate::future::LookingUp;
use crate::future::{ResponseFuture, answer};
use crate::headers::{self, Grant, Varies};
use crate::layer::Shared;
use crate::policy::Policy;
#[cfg(feature = "cache")]
use crate::request::is_preflight;
use crate::request::{RequestOrigin, preflight_origin};
#[cfg(feature = "cache")]
use crate::source::{Ask, Lookup};
use crate::source::{Candidates, Resolved};
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

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let shared = &*self.shared;
        let verdict = match shared.source.resolve(request.uri()) {
            // What most services have is decided in line.
            Resolved::Policy(policy) => shared.decide(
                Candidates::FirstOf(std::slice::from_ref(policy)),
                &mut request,
            ),
            Resolved::FirstOf(policies) => {
                shared.decide_among(Candidates::FirstOf(policies), &mut request)
            }
            Resolved::Handle(policy) => shared.decide_among(
                Candidates::FirstOf(std::slice::from_ref(&**policy)),
                &mut request,
            ),
            #[cfg(feature = "path")]
            Resolved::Nothing => shared.decide_among(Candidates::PathNotEnabled, &mut request),
            #[cfg(feature = "cache")]
            Resolved::Dynamic(dynamic) => match dynamic.ask(&request) {
                Ask::Answered(answered) => shared.decide_among(answered.candidates(), &mut request),
                Ask::Lookup(lookup) => {
                    return ResponseFuture::looking_up(self.look_up(lookup, request));
                }
            },
        };
        match verdict {
            Verdict::Serve(grant) => ResponseFuture::serving(self.inner.call(request), grant),
            Verdict::Answer(status) => {
                ResponseFuture::answered(answer(status, std::mem::take(request.headers_mut())))
            }
        }
    }
}

#[cfg(feature = "cache")]
impl<S> Cors<S> {
    /// Waits for a lookup: beside the inner service if the request runs whatever it says, before it if not.
    #[cold]
    fn look_up<B, R>(&mut self, lookup: Lookup, request: Request<B>) -> Pin<Box<LookingUp<S, B>>>
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
    /// Decides over a request.
    #[inline(always)]
    fn decide<B>(&self, candidates: Candidates<'_>, request: &mut Request<B>) -> Verdict {
        if request.method() == Method::OPTIONS {
            if let Some(status) = self.answer_preflight(candidates, request.headers_mut()) {
                return Verdict::Answer(status);
            }
        }
        let (grant, decision) = candidates.grant(request.headers());
        if self.enforcement == Enforcement::Off && !self.is_observed() {
            return Verdict::Serve(grant);
        }
        self.enforce(candidates, request, grant, decision)
    }

    /// [`decide`](Self::decide), as a call.
    #[inline(never)]
    pub(crate) fn decide_among<B>(
        &self,
        candidates: Candidates<'_>,
        request: &mut Request<B>,
    ) -> Verdict {
        self.decide(candidates, request)
    }

    /// Tells of the decision over an actual request, and does what is to be done where it is refused.
    fn enforce<B>(
        &self,
        candidates: Candidates<'_>,
        request: &mut Request<B>,
        mut grant: Grant,
        decision: Decision,
    ) -> Verdict {
        let enforced = self.enforcement != Enforcement::Off
            && matches!(decision, Decision::Refused(_))
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
            (Enforcement::Block, Decision::Refused(refusal)) => {
                let headers = request.headers_mut();
                Verdict::Answer(refuse(refusal, None, grant.varies, note, headers))
            }
            _ => {
                grant.note = note;
                // Where others are blocked, even a response without a grant depends on the origin.
                if self.enforcement == Enforcement::Block
                    && !decision.is_allowed()
                    && grant.varies == Varies::Not
                {
                    grant.varies = Varies::OnOrigin;
                }
                Verdict::Serve(grant)
            }
        }
    }

    /// Answers a preflight in the place of the inner service, with the headers that were the request's; `None` if these
    /// are no preflight's.
    fn answer_preflight(
        &self,
        candidates: Candidates<'_>,
        headers: &mut HeaderMap,
    ) -> Option<StatusCode> {
        let permitted = candidates.permit(preflight_origin(headers)?, headers);
        let mut note = None;
        if self.is_observed() {
            let decision = match &permitted {
                Ok(_) => Decision::Allowed,
                Err((refusal, ..)) => Decision::Refused(*refusal),
            };
            note = self.observe(
                candidates,
                &Method::OPTIONS,
                headers,
                decision,
                Enforcement::Off,
            );
        }
        Some(match permitted {
            Ok(permission) => {
                let status = permission.policy.compiled().preflight_status;
                permission.write(headers);
                note_in(headers, note);
                status
            }
            Err((refusal, judged, varies)) => refuse(refusal, judged, varies, note, headers),
        })
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
        let decision = RequestOrigin::of(headers).judge(decision);
        telemetry::count(method, headers, decision, enforcement);
        if !(self.explain_in_response || telemetry::listens()) {
            return None;
        }
        let decision = candidates.foresee(method, headers, decision);
        telemetry::decided(method, headers, decision, enforcement);
        self.explain_in_response.then_some(decision)
    }
}

fn refuse(
    refusal: Refusal,
    judged: Option<&Policy>,
    varies: Varies,
    note: Option<Decision>,
    headers: &mut HeaderMap,
) -> StatusCode {
    headers::write_refusal(headers, judged, refusal, varies);
    note_in(headers, note);
    if refusal == Refusal::LookupFailed {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::FORBIDDEN
    }
}

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
