//! The decision about a request, generic over who observes it.

use http::{HeaderMap, Method, Request, Response, StatusCode};

use crate::decision::{Decision, Rejection};
use crate::enforce::Enforcement;
use crate::evaluate::{Evaluation, PolicySet, VaryOn};
use crate::fetch_metadata;
use crate::observe::Observer;
use crate::protection::{OtherHost, Protections};
use crate::request::{self, RequestOrigin};
use crate::response::{self, ResponseHeaders};

/// The layer's action on a request.
pub(crate) enum Action<'a> {
    /// It calls the inner service, whose response gets these headers.
    Forward(ResponseHeaders),
    /// It responds itself.
    Respond(Answer<'a>),
}

/// The layer's own answer to a request.
pub(crate) enum Answer<'a> {
    /// To a preflight, whose method and headers have not been read yet. If it was sent to another host and that is only
    /// reported, with the reason.
    Preflight(PolicySet<'a>, Evaluation<'a>, Option<Rejection>),
    /// To an actual request that enforcement stops.
    Blocked(Rejection, VaryOn, Option<Decision>),
}

/// Decides about a request: every request, of every source, whether somebody observes or not.
///
/// `origin` returns the request's origin. It is called only if the response depends on it.
#[inline(always)]
pub(crate) fn decide<'a, 'r, B>(
    policies: PolicySet<'a>,
    protections: Protections<'_>,
    observer: &impl Observer,
    request: &'r Request<B>,
    origin: impl Fn() -> RequestOrigin<'r>,
) -> Action<'a> {
    let (method, headers) = (request.method(), request.headers());
    // Before everything else, because under DNS rebinding nothing that the browser reports can be trusted.
    let other_host = protections.check_host(request.uri(), headers);
    if let Some(OtherHost {
        rejection,
        is_blocked: true,
    }) = other_host
    {
        return Action::Respond(block(rejection, VaryOn::Origin, observer, method, headers));
    }
    if let Some(origin) = request::preflight_origin(method, headers, &origin) {
        let evaluation = policies.evaluate(|| false, || origin);
        let reported = other_host.map(|other| other.rejection);
        return Action::Respond(Answer::Preflight(policies, evaluation, reported));
    }
    let enforcement = protections.enforcement;
    let writes = || enforcement != Enforcement::Off && request::is_unsafe(method, headers);
    let evaluation = policies.evaluate(writes, origin);
    let mut decision = evaluation.decision();
    let mut response = ResponseHeaders::of(evaluation);
    let mut enforced = Enforcement::Off;
    if enforcement != Enforcement::Off || observer.is_observing() {
        decision = match other_host {
            Some(other) => Decision::Rejected(other.rejection),
            None => attribute(decision, &policies, protections, request, writes),
        };
        let is_let_pass = enforcement == Enforcement::BlockUnsafe && !writes();
        if let (Decision::Rejected(rejection), false) = (decision, is_let_pass) {
            enforced = enforcement;
            if enforced >= Enforcement::BlockUnsafe {
                let vary_on = response.vary_on;
                return Action::Respond(block(rejection, vary_on, observer, method, headers));
            }
        }
        // If other origins are blocked, even a response without CORS headers depends on the origin.
        let others_are_blocked = enforcement >= Enforcement::BlockUnsafe && !decision.is_allowed();
        if others_are_blocked && response.vary_on == VaryOn::Nothing {
            response.vary_on = VaryOn::Origin;
        }
    }
    response.debug = observer.on_decision(method, headers, None, decision, enforced);
    Action::Forward(response)
}

/// Attributes a request to the service's own pages or to those of other origins, where the policies' decision about its
/// origin does not say it.
#[inline]
fn attribute<B>(
    decision: Decision,
    policies: &PolicySet<'_>,
    protections: Protections<'_>,
    request: &Request<B>,
    writes: impl Fn() -> bool + Copy,
) -> Decision {
    let (uri, method, headers) = (request.uri(), request.method(), request.headers());
    match decision {
        Decision::Rejected(_)
            if protections.trusts_same_origin && fetch_metadata::is_same_origin(uri, headers) =>
        {
            Decision::SameOrigin
        }
        Decision::NotCors if protections.enforcement != Enforcement::Off => {
            match fetch_metadata::rejection_without_origin(method, headers) {
                Some(rejection) if !policies.allows_any_origin(writes) => {
                    Decision::Rejected(rejection)
                }
                _ => decision,
            }
        }
        decision => decision,
    }
}

/// Rejects a request before it reaches the service.
#[cold]
fn block<'a>(
    rejection: Rejection,
    vary_on: VaryOn,
    observer: &impl Observer,
    method: &Method,
    headers: &HeaderMap,
) -> Answer<'a> {
    let (decision, blocked) = (Decision::Rejected(rejection), Enforcement::Block);
    let debug = observer.on_decision(method, headers, None, decision, blocked);
    Answer::Blocked(rejection, vary_on, debug)
}

impl<'a> Answer<'a> {
    /// The answer to a request that is rejected because of its host, whatever a lookup finds.
    #[cfg(feature = "cache")]
    pub(crate) fn to_other_host<B>(
        protections: Protections<'_>,
        observer: &impl Observer,
        request: &Request<B>,
    ) -> Option<Self> {
        let (method, headers) = (request.method(), request.headers());
        let other = protections.check_host(request.uri(), headers);
        let rejected = other.filter(|other| other.is_blocked)?;
        let vary_on = VaryOn::Origin;
        Some(block(
            rejected.rejection,
            vary_on,
            observer,
            method,
            headers,
        ))
    }

    /// The answer to a preflight.
    #[cfg(feature = "cache")]
    pub(crate) fn to_preflight<B>(
        policies: PolicySet<'a>,
        protections: Protections<'_>,
        observer: &impl Observer,
        request: &Request<B>,
    ) -> Self {
        let (method, headers) = (request.method(), request.headers());
        let other_host = protections.check_host(request.uri(), headers);
        match other_host {
            Some(OtherHost {
                rejection,
                is_blocked: true,
            }) => block(rejection, VaryOn::Origin, observer, method, headers),
            reported => {
                let evaluation = policies.evaluate(|| false, || RequestOrigin::of(headers));
                let reported = reported.map(|other| other.rejection);
                Self::Preflight(policies, evaluation, reported)
            }
        }
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
            Self::Preflight(policies, evaluation, reported) => {
                answer_preflight(policies, evaluation, reported, observer, &mut headers)
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

/// Answers a preflight instead of the inner service. `reported` is why it would be rejected if its host were enforced.
#[inline(always)]
fn answer_preflight(
    policies: PolicySet<'_>,
    evaluation: Evaluation<'_>,
    reported: Option<Rejection>,
    observer: &impl Observer,
    headers: &mut HeaderMap,
) -> StatusCode {
    let vary_on = evaluation.vary_on;
    let observe = |headers: &HeaderMap, policy, decision| match reported {
        Some(other_host) => {
            let decision = Decision::Rejected(other_host);
            observer.on_decision(
                &Method::OPTIONS,
                headers,
                None,
                decision,
                Enforcement::Report,
            )
        }
        None => observer.on_decision(
            &Method::OPTIONS,
            headers,
            policy,
            decision,
            Enforcement::Off,
        ),
    };
    let (policy, rejection) = match evaluation.allowed {
        Ok((policy, allow_origin)) => match &policy.echo(headers) {
            Ok(echo) => {
                let debug = observe(headers, Some(policy), Decision::Allowed);
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
    let debug = observe(headers, policy, Decision::Rejected(rejection));
    response::write_rejected(headers, policy, rejection, vary_on, debug)
}
