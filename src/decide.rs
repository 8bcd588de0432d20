//! The decision about a request.

use http::{HeaderMap, Method, Request, StatusCode};

use crate::config::LayerConfig;
use crate::decision::{Decision, Rejection};
use crate::enforce::{Enforcement, is_same_origin};
use crate::evaluate::{PolicySet, VaryOn};
use crate::observe::{self, Observed, Observer, Silent};
use crate::request::{self, RequestOrigin};
use crate::response::{self, ResponseHeaders};
use crate::source::{Lookup, Resolved};

/// What the layer does with a request.
pub(crate) enum Action {
    /// It calls the inner service, whose response gets these headers.
    Forward(ResponseHeaders),
    /// It responds itself. The request's headers have become those of the response.
    Respond(StatusCode),
}

impl LayerConfig {
    /// Decides about a request, or returns the lookup that has to end before.
    #[inline(always)]
    pub(crate) fn decide<B>(&self, request: &mut Request<B>) -> Result<Action, Lookup> {
        match self.sole_policy() {
            Some(policy) if !observe::is_enabled() => {
                let policies = PolicySet::FirstOf(std::slice::from_ref(policy));
                Ok(decide(policies, Enforcement::Off, request, &Silent))
            }
            _ => self.decide_by_source(request),
        }
    }

    /// It is a call so that the code of the usual case stays small.
    #[inline(never)]
    fn decide_by_source<B>(&self, request: &mut Request<B>) -> Result<Action, Lookup> {
        Ok(match self.source().resolve(request) {
            Resolved::Policies(policies) => self.decide_among(policies, request),
            Resolved::Loaded(loaded) => self.decide_among(loaded.policies(), request),
            #[cfg(feature = "cache")]
            Resolved::Lookup(answer) => self.decide_among(answer?.policies(), request),
        })
    }

    /// Decides about a request that these policies may answer.
    #[inline(never)]
    pub(crate) fn decide_among<B>(
        &self,
        policies: PolicySet<'_>,
        request: &mut Request<B>,
    ) -> Action {
        match self.observed() {
            Some(observed) => decide(policies, self.enforcement(), request, &observed),
            None => decide(policies, self.enforcement(), request, &Silent),
        }
    }

    /// Answers a preflight by these policies, and returns the status.
    #[cfg(feature = "cache")]
    pub(crate) fn answer_preflight_among(
        &self,
        policies: PolicySet<'_>,
        headers: &mut HeaderMap,
    ) -> StatusCode {
        match self.observed() {
            Some(observed) => answer_preflight(policies, headers, &observed),
            None => answer_preflight(policies, headers, &Silent),
        }
    }

    fn observed(&self) -> Option<Observed> {
        let debug_header = self.debug_header();
        (debug_header || observe::is_enabled()).then_some(Observed { debug_header })
    }
}

/// Decides about a request: every request, of every source, whether somebody observes or not.
#[inline(always)]
fn decide<B>(
    policies: PolicySet<'_>,
    enforcement: Enforcement,
    request: &mut Request<B>,
    observer: &impl Observer,
) -> Action {
    let headers = request.headers();
    if request::is_preflight(request.method(), headers) {
        let headers = request.headers_mut();
        return Action::Respond(answer_preflight(policies, headers, observer));
    }
    let evaluation = policies.evaluate(|| RequestOrigin::of(headers));
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
    response.debug = observer.on_decision(request.method(), headers, policy, decision, enforced);
    match decision {
        Decision::Rejected(rejection) if enforced == Enforcement::Block => {
            Action::Respond(response::write_rejected(
                request.headers_mut(),
                None,
                rejection,
                response.vary_on,
                response.debug,
            ))
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

/// Answers a preflight instead of the inner service.
#[inline(always)]
fn answer_preflight(
    policies: PolicySet<'_>,
    headers: &mut HeaderMap,
    observer: &impl Observer,
) -> StatusCode {
    let evaluation = policies.evaluate(|| RequestOrigin::of(headers));
    let vary_on = evaluation.vary_on;
    let (policy, rejection) = match evaluation.allowed {
        Ok((policy, allow_origin)) => match &policy.echo(headers) {
            Ok(echo) => {
                let debug = observer.on_decision(
                    &Method::OPTIONS,
                    headers,
                    Some(policy),
                    Decision::Allowed,
                    Enforcement::Off,
                );
                return response::write_allowed(
                    headers,
                    policy,
                    allow_origin,
                    vary_on,
                    echo.as_ref(),
                    policies.remaining_seconds(),
                    debug,
                );
            }
            Err(rejection) => (Some(policy), *rejection),
        },
        Err(Decision::Rejected(rejection)) => (None, rejection),
        // Without an origin it would be no preflight.
        Err(_) => (None, Rejection::OriginNotAllowed),
    };
    let debug = observer.on_decision(
        &Method::OPTIONS,
        headers,
        policy,
        Decision::Rejected(rejection),
        Enforcement::Off,
    );
    response::write_rejected(headers, policy, rejection, vary_on, debug)
}
