//! The way of a request.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, Method, Request, Response, StatusCode};
use tower_service::Service;

use crate::decision::{Decision, Refusal};
use crate::enforce::{Enforcement, is_same_origin};
use crate::future::ResponseFuture;
use crate::headers::{self, Grant};
use crate::layer::Shared;
use crate::request::is_preflight;
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
        let verdict = match self.shared.source.resolve(request.uri()) {
            Resolved::Policies(policies) => {
                self.shared.decide(Candidates::of(policies), &mut request)
            }
            Resolved::Handle(policy) => self.shared.decide(
                Candidates::of(std::slice::from_ref(&**policy)),
                &mut request,
            ),
            #[cfg(feature = "path")]
            Resolved::Nothing => self
                .shared
                .decide(Candidates::none(Refusal::PathNotEnabled), &mut request),
            #[cfg(feature = "cache")]
            Resolved::Dynamic(dynamic) => match dynamic.ask(&request) {
                Ask::Answered(answered) => self.shared.decide(answered.candidates(), &mut request),
                Ask::Lookup(lookup) => return self.look_up(lookup, request),
            },
        };
        match verdict {
            Verdict::Serve(grant) => ResponseFuture::serving(self.inner.call(request), grant),
            Verdict::Answer(status, headers) => ResponseFuture::answered(status, headers),
        }
    }
}

#[cfg(feature = "cache")]
impl<S> Cors<S> {
    /// Waits for a lookup: beside the inner service if the request runs whatever it says, before it if not.
    #[cold]
    fn look_up<B, R>(&mut self, lookup: Lookup, request: Request<B>) -> ResponseFuture<S, B>
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
            ResponseFuture::waiting(lookup, inner, request, shared)
        } else {
            let mut head = Request::new(());
            *head.method_mut() = request.method().clone();
            *head.uri_mut() = request.uri().clone();
            *head.headers_mut() = request.headers().clone();
            ResponseFuture::beside(lookup, self.inner.call(request), head, shared)
        }
    }
}

/// What becomes of a request.
pub(crate) enum Verdict {
    /// The inner service runs, and its response is given this.
    Serve(Grant),
    /// The layer answers.
    Answer(StatusCode, HeaderMap),
}

impl Shared {
    /// Decides over a request. The headers of one that is answered here are taken for the answer.
    pub(crate) fn decide<B>(
        &self,
        candidates: Candidates<'_>,
        request: &mut Request<B>,
    ) -> Verdict {
        if is_preflight(request.method(), request.headers()) {
            return self.answer(candidates, request);
        }
        let (mut grant, decision) = candidates.grant(request.headers());
        let enforced = self.enforcement != Enforcement::Off
            && matches!(decision, Decision::Refused(_))
            && !(candidates.trust_same_origin()
                && is_same_origin(request.uri(), request.headers()));
        let enforcement = if enforced {
            self.enforcement
        } else {
            Enforcement::Off
        };
        telemetry::count(request.method(), request.headers(), decision, enforcement);
        if self.is_observed() {
            grant.note = self.observe(
                candidates,
                request.method(),
                request.headers(),
                decision,
                enforcement,
            );
        }
        match (enforcement, decision) {
            (Enforcement::Block, Decision::Refused(refusal)) => {
                let note = grant.note;
                refuse(refusal, None, note, request.headers_mut())
            }
            _ => {
                // Where others are blocked, even a response without a grant depends on the origin.
                grant.varies_on_origin |=
                    self.enforcement == Enforcement::Block && !decision.is_allowed();
                Verdict::Serve(grant)
            }
        }
    }

    /// Answers a preflight in the place of the inner service.
    fn answer<B>(&self, candidates: Candidates<'_>, request: &mut Request<B>) -> Verdict {
        let permitted = candidates.permit(request.headers());
        let decision = match &permitted {
            Ok(_) => Decision::Allowed,
            Err((refusal, _)) => Decision::Refused(*refusal),
        };
        telemetry::count(
            request.method(),
            request.headers(),
            decision,
            Enforcement::Off,
        );
        let note = if self.is_observed() {
            self.observe(
                candidates,
                request.method(),
                request.headers(),
                decision,
                Enforcement::Off,
            )
        } else {
            None
        };
        match permitted {
            Ok(permission) => {
                let status = permission.policy.compiled().preflight_status;
                let headers = request.headers_mut();
                permission.write(headers);
                answer(status, note, headers)
            }
            Err((refusal, judged)) => refuse(refusal, judged, note, request.headers_mut()),
        }
    }

    /// Whether anyone wants to know what is decided.
    fn is_observed(&self) -> bool {
        self.explain_in_response || telemetry::listens()
    }

    /// Tells those who listen, and returns what the response is to tell.
    #[cold]
    fn observe(
        &self,
        candidates: Candidates<'_>,
        method: &Method,
        headers: &HeaderMap,
        decision: Decision,
        enforcement: Enforcement,
    ) -> Option<Decision> {
        let decision = candidates.foresee(method, headers, decision);
        telemetry::decided(method, headers, decision, enforcement);
        self.explain_in_response.then_some(decision)
    }
}

fn refuse(
    refusal: Refusal,
    judged: Option<&crate::Policy>,
    note: Option<Decision>,
    headers: &mut HeaderMap,
) -> Verdict {
    headers::write_refusal(headers, judged, refusal);
    let status = if refusal == Refusal::LookupFailed {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::FORBIDDEN
    };
    answer(status, note, headers)
}

fn answer(status: StatusCode, note: Option<Decision>, headers: &mut HeaderMap) -> Verdict {
    if let Some(decision) = note {
        headers::write_note(headers, decision);
    }
    Verdict::Answer(status, std::mem::take(headers))
}

impl<S: fmt::Debug> fmt::Debug for Cors<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cors")
            .field("inner", &self.inner)
            .field("source", &self.shared.source)
            .finish()
    }
}
