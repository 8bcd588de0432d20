//! Where the policy for a request comes from.

use std::sync::Arc;

use http::header::ORIGIN;
use http::{HeaderMap, Method};

use crate::decision::{Decision, Refusal};
use crate::explain::foresee;
use crate::headers::{AllowOrigin, Grant, Permission};
use crate::policy::Policy;
use crate::request::{self, RequestOrigin};

/// Where the policy for a request comes from: one policy, or the first of several that allows the request's origin.
///
/// ```
/// use tower_cors::{CorsLayer, Policy};
///
/// // Cookies for our own pages, anonymous reading for everyone else's.
/// let ours = Policy::builder().allow_origins(["https://app.example.com"]).allow_credentials(true).build()?;
/// let everyone = Policy::public().build()?;
/// let layer = CorsLayer::new([ours, everyone]);
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct PolicySource(Source);

#[derive(Clone, Debug)]
enum Source {
    One(Policy),
    FirstOf(Arc<[Policy]>),
}

impl From<Policy> for PolicySource {
    fn from(policy: Policy) -> Self {
        Self(Source::One(policy))
    }
}

impl From<Vec<Policy>> for PolicySource {
    /// The first policy that allows the request's origin answers; none of no policies does.
    fn from(mut policies: Vec<Policy>) -> Self {
        match policies.pop() {
            Some(only) if policies.is_empty() => only.into(),
            last => {
                policies.extend(last);
                Self(Source::FirstOf(policies.into()))
            }
        }
    }
}

impl<const N: usize> From<[Policy; N]> for PolicySource {
    /// The first policy that allows the request's origin answers; none of no policies does.
    fn from(policies: [Policy; N]) -> Self {
        Vec::from(policies).into()
    }
}

impl PolicySource {
    /// What an actual request's response is given, and why.
    pub(crate) fn grant(&self, headers: &HeaderMap) -> (Grant, Decision) {
        let varies = self.varies_on_origin();
        if let (Source::One(policy), false) = (&self.0, varies) {
            // The same for every request, whether it has an origin or not: that is what lets caches share it.
            return (
                Grant::of(policy, AllowOrigin::Any, varies),
                Decision::Allowed,
            );
        }
        match RequestOrigin::of(headers) {
            RequestOrigin::Absent => (Grant::nothing(varies), Decision::NotCors),
            origin => match self.select(origin) {
                Ok(policy) => (
                    Grant::of(policy, allow_origin(policy, origin), varies),
                    Decision::Allowed,
                ),
                Err(refusal) => (Grant::nothing(varies), Decision::Refused(refusal)),
            },
        }
    }

    /// What a preflight is permitted. A refusal names the policy that spoke it, if one allowed the origin.
    pub(crate) fn permit(
        &self,
        headers: &HeaderMap,
    ) -> Result<Permission<'_>, (Refusal, Option<&Policy>)> {
        let origin = RequestOrigin::of(headers);
        let policy = self.select(origin).map_err(|refusal| (refusal, None))?;
        let [methods, names] = policy
            .grants(headers)
            .map_err(|refusal| (refusal, Some(policy)))?;
        Ok(Permission {
            policy,
            allow_origin: allow_origin(policy, origin),
            methods,
            headers: names,
            private_network: policy.compiled().private_network
                && request::asks_for_private_network(headers),
            varies_on_origin: self.varies_on_origin(),
        })
    }

    /// The policy that answers a request of this origin.
    fn select(&self, origin: RequestOrigin<'_>) -> Result<&Policy, Refusal> {
        match &self.0 {
            Source::One(policy) => policy.check_origin(origin).map(|()| policy),
            Source::FirstOf(policies) => {
                let mut refusal = Refusal::OriginNotAllowed;
                for policy in policies.iter() {
                    match policy.check_origin(origin) {
                        Ok(()) => return Ok(policy),
                        Err(reason) => refusal = reason,
                    }
                }
                Err(refusal)
            }
        }
    }

    /// What becomes in all of a request of which the layer decided `decision`: a browser may still refuse the method or
    /// the headers of an allowed preflight.
    pub(crate) fn foresee(
        &self,
        method: &Method,
        headers: &HeaderMap,
        decision: Decision,
    ) -> Decision {
        match self.select(RequestOrigin::of(headers)) {
            _ if !headers.contains_key(ORIGIN) => Decision::NotCors,
            Ok(policy) => foresee(policy, method, headers, decision),
            Err(_) => decision,
        }
    }

    /// Whether two origins may get different answers.
    fn varies_on_origin(&self) -> bool {
        match &self.0 {
            Source::One(policy) => !policy.compiled().allows_any_origin(),
            Source::FirstOf(_) => true,
        }
    }
}

fn allow_origin(policy: &Policy, origin: RequestOrigin<'_>) -> AllowOrigin {
    match origin {
        _ if policy.compiled().allows_any_origin() => AllowOrigin::Any,
        RequestOrigin::Line(line) => AllowOrigin::This(line.clone()),
        RequestOrigin::Absent | RequestOrigin::Repeated => AllowOrigin::Nothing,
    }
}
