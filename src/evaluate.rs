//! The evaluation of policies for a request's origin.

use http::HeaderValue;

use crate::decision::{Decision, Rejection};
use crate::policy::{AllowOrigin, Policy};
use crate::request::RequestOrigin;

/// The part of `Vary` that comes from a request's origin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum VaryOn {
    /// Nothing: every origin gets the same response.
    Nothing,
    Origin,
    /// `*`: a cache could [mistake the origin](RequestOrigin::is_ambiguous) for another one.
    Everything,
}

/// The evaluation of policies for a request's origin.
pub(crate) struct Evaluation<'a> {
    /// The policy that allows the origin and the value of `Access-Control-Allow-Origin`, or the decision.
    ///
    /// The value is never a `*` that a request chose.
    pub(crate) allowed: Result<(&'a Policy, HeaderValue), Decision>,
    pub(crate) vary_on: VaryOn,
}

impl Evaluation<'_> {
    /// Returns the decision for an actual request.
    #[inline(always)]
    pub(crate) fn decision(&self) -> Decision {
        match &self.allowed {
            Ok(_) => Decision::Allowed,
            Err(decision) => *decision,
        }
    }
}

/// The policy that a lookup found for an origin. It allows the origin: it was asked when the lookup ended.
#[cfg(feature = "cache")]
pub(crate) struct LookedUp {
    pub(crate) policy: Policy,
    /// The rest of the decision's Max-Age.
    pub(crate) remaining: std::time::Duration,
}

/// The policies that may answer a request.
#[derive(Clone, Copy)]
pub(crate) enum PolicySet<'a> {
    /// The first of these that allows the origin.
    FirstOf(&'a [Policy]),
    /// One that a snapshot holds.
    #[cfg(feature = "cache")]
    Aging {
        policy: &'a Policy,
        /// The rest of its Max-Age, rounded down.
        remaining_seconds: u64,
    },
    /// The one that a lookup found for the request's origin.
    #[cfg(feature = "cache")]
    LookedUp(&'a LookedUp),
    /// None, for this reason.
    #[cfg_attr(
        not(any(feature = "cache", feature = "path")),
        expect(dead_code, reason = "needs paths or lookups")
    )]
    None(Rejection),
}

impl<'a> PolicySet<'a> {
    /// Evaluates the policies for an origin, which is read only if the response depends on it. If the request `writes`,
    /// policies that are read-only do not allow it.
    #[inline(always)]
    pub(crate) fn evaluate<'o>(
        &self,
        writes: impl Fn() -> bool + Copy,
        origin: impl FnOnce() -> RequestOrigin<'o>,
    ) -> Evaluation<'a> {
        let mut vary_on = self.vary_on();
        let allowed = match self {
            // Every request gets this response, with or without an origin, so that caches can share it.
            Self::FirstOf([policy, ..])
                if vary_on == VaryOn::Nothing && !excludes(policy, writes) =>
            {
                Ok((policy, any_origin()))
            }
            _ => match origin() {
                RequestOrigin::Absent => Err(Decision::NotCors),
                origin => match self.select(origin, writes) {
                    Ok((policy, AllowOrigin::Same(line))) => Ok((policy, line.clone())),
                    other => {
                        // An origin that is allowed by name is never ambiguous.
                        if vary_on == VaryOn::Origin && origin.is_ambiguous() {
                            vary_on = VaryOn::Everything;
                        }
                        let allowed = other.map(|(policy, _)| (policy, any_origin()));
                        allowed.map_err(Decision::Rejected)
                    }
                },
            },
        };
        Evaluation { allowed, vary_on }
    }

    /// Returns what is left of the decision's Max-Age in seconds, rounded down, if a lookup or a snapshot made it.
    #[inline(always)]
    pub(crate) fn remaining_seconds(&self) -> Option<u64> {
        match self {
            #[cfg(feature = "cache")]
            Self::LookedUp(found) => Some(found.remaining.as_secs()),
            #[cfg(feature = "cache")]
            Self::Aging {
                remaining_seconds, ..
            } => Some(*remaining_seconds),
            _ => None,
        }
    }

    /// Returns whether a policy allows every origin, so that it does not matter which page sent the request.
    pub(crate) fn allows_any_origin(&self, writes: impl Fn() -> bool + Copy) -> bool {
        let allows = |policy: &Policy| policy.allows_any_origin() && !excludes(policy, writes);
        match self {
            Self::FirstOf(policies) => policies.iter().any(allows),
            #[cfg(feature = "cache")]
            Self::LookedUp(found) => allows(&found.policy),
            #[cfg(feature = "cache")]
            Self::Aging { policy, .. } => allows(policy),
            Self::None(_) => false,
        }
    }

    /// Selects the policy that allows an origin.
    #[inline(always)]
    fn select<'o>(
        &self,
        origin: RequestOrigin<'o>,
        writes: impl Fn() -> bool + Copy,
    ) -> Result<(&'a Policy, AllowOrigin<'o>), Rejection> {
        match self {
            Self::FirstOf(policies) => {
                let mut rejection = Rejection::OriginNotAllowed;
                for policy in *policies {
                    match policy.check_origin(origin) {
                        Ok(_) if excludes(policy, writes) => rejection = Rejection::ReadOnly,
                        Ok(allow_origin) => return Ok((policy, allow_origin)),
                        Err(reason) => rejection = reason,
                    }
                }
                Err(rejection)
            }
            #[cfg(feature = "cache")]
            Self::LookedUp(LookedUp { policy, .. }) => match origin {
                _ if excludes(policy, writes) => Err(Rejection::ReadOnly),
                _ if policy.allows_any_origin() => Ok((policy, AllowOrigin::Any)),
                RequestOrigin::Line(line) => Ok((policy, AllowOrigin::Same(line))),
                _ => Err(Rejection::OriginNotAllowed),
            },
            #[cfg(feature = "cache")]
            Self::Aging { policy, .. } => match policy.check_origin(origin) {
                Ok(_) if excludes(policy, writes) => Err(Rejection::ReadOnly),
                result => result.map(|allow_origin| (*policy, allow_origin)),
            },
            Self::None(rejection) => Err(*rejection),
        }
    }

    #[inline(always)]
    fn vary_on(&self) -> VaryOn {
        match self {
            Self::FirstOf([only]) if only.allows_any_origin() => VaryOn::Nothing,
            Self::None(rejection) if !rejection.depends_on_origin() => VaryOn::Nothing,
            _ => VaryOn::Origin,
        }
    }
}

/// Returns whether a policy lets its origins only read, and the request does more.
#[inline(always)]
fn excludes(policy: &Policy, writes: impl Fn() -> bool) -> bool {
    policy.compiled().read_only && writes()
}

/// Returns `*`. A new value costs less than a copy of a constant.
#[inline(always)]
fn any_origin() -> HeaderValue {
    HeaderValue::from_static("*")
}
