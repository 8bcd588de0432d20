//! The decision about a request, generic over who observes it.

use http::{HeaderMap, Method, Request, Response, StatusCode};

use crate::decision::{Decision, Rejection};
use crate::enforce::{Enforcement, is_same_origin};
use crate::evaluate::{Evaluation, PolicySet, VaryOn};
use crate::observe::Observer;
use crate::request::{self, RequestOrigin};
use crate::response::{self, ResponseHeaders};

/// What the layer does with a request.
pub(crate) enum Action<'a> {
    /// It calls the inner service, whose response gets these headers.
    Forward(ResponseHeaders),
    /// It responds itself.
    Respond(Answer<'a>),
}

/// The layer's own answer to a request.
pub(crate) enum Answer<'a> {
    /// To a preflight, whose method and headers have not been read yet.
    Preflight(PolicySet<'a>, Evaluation<'a>),
    /// To an actual request that enforcement stops.
    Blocked(Rejection, VaryOn, Option<Decision>),
}

/// Decides about a request: every request, of every source, whether somebody observes or not.
///
/// `origin` returns the request's origin. It is called only if the response depends on it.
#[inline(always)]
pub(crate) fn decide<'a, 'r, B>(
    policies: PolicySet<'a>,
    enforcement: Enforcement,
    observer: &impl Observer,
    request: &'r Request<B>,
    origin: impl Fn() -> RequestOrigin<'r>,
) -> Action<'a> {
    let (method, headers) = (request.method(), request.headers());
    if let Some(origin) = request::preflight_origin(method, headers, &origin) {
        return Action::Respond(Answer::Preflight(policies, policies.evaluate(|| origin)));
    }
    let evaluation = policies.evaluate(origin);
    let (policy, decision) = (evaluation.policy(), evaluation.decision());
    let mut response = ResponseHeaders::of(evaluation);
    let enforced = match decision {
        Decision::Rejected(_) if enforcement != Enforcement::Off => {
            if policies.trusts_same_origin() && is_same_origin(request.uri(), headers) {
                Enforcement::Off
            } else {
                enforcement
            }
        }
        _ => Enforcement::Off,
    };
    response.debug = observer.on_decision(method, headers, policy, decision, enforced);
    match decision {
        Decision::Rejected(rejection) if enforced == Enforcement::Block => {
            let (vary_on, debug) = (response.vary_on, response.debug);
            Action::Respond(Answer::Blocked(rejection, vary_on, debug))
        }
        _ => {
            // If other origins are blocked, even a response without CORS headers depends on the origin.
            let others_are_blocked = enforcement == Enforcement::Block && !decision.is_allowed();
            if others_are_blocked && response.vary_on == VaryOn::Nothing {
                response.vary_on = VaryOn::Origin;
            }
            Action::Forward(response)
        }
    }
}

impl<'a> Answer<'a> {
    /// The answer to a preflight with these headers.
    #[cfg(feature = "cache")]
    pub(crate) fn to_preflight(policies: PolicySet<'a>, headers: &HeaderMap) -> Self {
        Self::Preflight(policies, policies.evaluate(|| RequestOrigin::of(headers)))
    }

    /// Returns the response. It takes over the request's header map, so that it allocates nothing.
    #[inline(always)]
    pub(crate) fn into_response<B, R: Default>(
        self,
        observer: &impl Observer,
        request: Request<B>,
    ) -> Response<R> {
        let (parts, _body) = request.into_parts();
        let mut headers = parts.headers;
        let status = match self {
            Self::Preflight(policies, evaluation) => {
                answer_preflight(policies, evaluation, observer, &mut headers)
            }
            Self::Blocked(rejection, vary_on, debug) => {
                response::write_rejected(&mut headers, None, rejection, vary_on, debug)
            }
        };
        let mut response = Response::new(R::default());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// Answers a preflight instead of the inner service.
#[inline(always)]
fn answer_preflight(
    policies: PolicySet<'_>,
    evaluation: Evaluation<'_>,
    observer: &impl Observer,
    headers: &mut HeaderMap,
) -> StatusCode {
    let vary_on = evaluation.vary_on;
    let off = Enforcement::Off;
    let (policy, rejection) = match evaluation.allowed {
        Ok((policy, allow_origin)) => match &policy.echo(headers) {
            Ok(echo) => {
                let allowed = Decision::Allowed;
                return response::write_allowed(
                    headers,
                    policy,
                    allow_origin,
                    vary_on,
                    echo.as_ref(),
                    policies.remaining_seconds(),
                    observer.on_decision(&Method::OPTIONS, headers, Some(policy), allowed, off),
                );
            }
            Err(rejection) => (Some(policy), *rejection),
        },
        Err(Decision::Rejected(rejection)) => (None, rejection),
        // Without an origin it would be no preflight.
        Err(_) => (None, Rejection::OriginNotAllowed),
    };
    let decision = Decision::Rejected(rejection);
    let debug = observer.on_decision(&Method::OPTIONS, headers, policy, decision, off);
    response::write_rejected(headers, policy, rejection, vary_on, debug)
}
