//! Where the policy for a request comes from.

#[cfg(not(feature = "cache"))]
use std::future::Future;
#[cfg(not(feature = "cache"))]
use std::pin::Pin;
use std::sync::Arc;
#[cfg(not(feature = "cache"))]
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Method, Uri};

use crate::decision::{Decision, Rejection};
use crate::explain::browser_verdict;
use crate::headers::{self, VaryOn};
use crate::policy::{AllowOrigin, Policy};
use crate::request::RequestOrigin;

#[cfg(feature = "cache")]
mod dynamic;
mod handle;
#[cfg(feature = "path")]
mod path;

#[cfg(feature = "cache")]
pub(crate) use dynamic::{Ask, Found, Lookup};
#[cfg(feature = "cache")]
pub use dynamic::{DynamicPolicies, PolicyLookup, RequestHead, Scope};
pub use handle::PolicyHandle;
#[cfg(feature = "path")]
pub use path::{PathError, PathErrors, PathPolicies};

/// Where the policy for a request comes from: what [`CorsLayer::new`](crate::CorsLayer::new) is given.
///
/// | given | meaning |
/// |---|---|
/// | [`Policy`] | one policy |
/// | `[Policy; N]`, `Vec<Policy>` | the first that allows the request's origin answers |
/// | `PathPolicies` | a source for each pattern of paths (feature `path`) |
/// | [`PolicyHandle`] | a policy that can be replaced while requests run |
/// | `DynamicPolicies` | an asynchronous lookup behind a cache (feature `cache`) |
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
    Handle(PolicyHandle),
    #[cfg(feature = "path")]
    Paths(PathPolicies),
    #[cfg(feature = "cache")]
    Dynamic(DynamicPolicies),
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

impl From<PolicyHandle> for PolicySource {
    fn from(handle: PolicyHandle) -> Self {
        Self(Source::Handle(handle))
    }
}

#[cfg(feature = "path")]
impl From<PathPolicies> for PolicySource {
    fn from(paths: PathPolicies) -> Self {
        Self(Source::Paths(paths))
    }
}

#[cfg(feature = "cache")]
impl From<DynamicPolicies> for PolicySource {
    fn from(dynamic: DynamicPolicies) -> Self {
        Self(Source::Dynamic(dynamic))
    }
}

impl PolicySource {
    /// Puts a cache before the predicates of policies that stand alone or in a list.
    #[cfg(feature = "cache")]
    pub(crate) fn with_cached_predicates(self, cache: crate::cache::PolicyCache) -> Self {
        let policies: Arc<[Policy]> = match &self.0 {
            Source::One(policy) => Arc::new([policy.clone()]),
            Source::FirstOf(policies) => Arc::clone(policies),
            _ => return self,
        };
        if policies.iter().any(Policy::has_predicate) {
            DynamicPolicies::of_policies(policies).cache(cache).into()
        } else {
            self
        }
    }

    /// The policy that answers all requests, if it is one that stays.
    #[inline(always)]
    pub(crate) fn only(&self) -> Option<&Policy> {
        match &self.0 {
            Source::One(policy) => Some(policy),
            _ => None,
        }
    }

    /// What answers requests to `uri`.
    #[inline(always)]
    #[cfg_attr(
        not(feature = "path"),
        expect(unused_variables, reason = "for paths only")
    )]
    pub(crate) fn resolve(&self, uri: &Uri) -> Resolved<'_> {
        match &self.0 {
            Source::One(policy) => Resolved::FirstOf(std::slice::from_ref(policy)),
            Source::FirstOf(policies) => Resolved::FirstOf(policies),
            Source::Handle(handle) => Resolved::Handle(handle.load()),
            #[cfg(feature = "path")]
            Source::Paths(paths) => paths
                .at(uri)
                .map_or(Resolved::Nothing, |source| source.resolve(uri)),
            #[cfg(feature = "cache")]
            Source::Dynamic(dynamic) => Resolved::Dynamic(dynamic),
        }
    }
}

/// What answers a request.
pub(crate) enum Resolved<'a> {
    /// The first of these that allows the origin.
    FirstOf(&'a [Policy]),
    /// One that may have been replaced by the next request.
    Handle(handle::Loaded),
    /// Nothing: this path is not CORS-enabled.
    #[cfg(feature = "path")]
    Nothing,
    /// A lookup has to be made.
    #[cfg(feature = "cache")]
    Dynamic(&'a DynamicPolicies),
}

/// There is nothing to look up without the feature `cache`.
#[cfg(not(feature = "cache"))]
pub(crate) enum Lookup {}

#[cfg(not(feature = "cache"))]
impl Lookup {
    pub(crate) fn candidates(&self) -> Candidates<'_> {
        match *self {}
    }
}

#[cfg(not(feature = "cache"))]
impl Future for Lookup {
    type Output = Self;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self> {
        match *self {}
    }
}

/// What is said of a request's origin.
pub(crate) struct Judgement<'a> {
    /// The policy that allows it, and the value of `Access-Control-Allow-Origin`: one, and never a `*` that a request
    /// chose.
    pub(crate) allowed: Result<(&'a Policy, HeaderValue), Decision>,
    pub(crate) varies: VaryOn,
}

impl Judgement<'_> {
    /// What is decided over an actual request.
    #[inline(always)]
    pub(crate) fn decision(&self) -> Decision {
        match &self.allowed {
            Ok(_) => Decision::Allowed,
            Err(decision) => *decision,
        }
    }
}

/// What may answer a request.
#[derive(Clone, Copy)]
pub(crate) enum Candidates<'a> {
    /// The first of these that allows the origin.
    FirstOf(&'a [Policy]),
    /// What a lookup said of this request's origin: its policy was asked of the origin then.
    #[cfg(feature = "cache")]
    LookedUp(Result<&'a Found, Rejection>),
    /// Nothing, whoever asks.
    #[cfg(feature = "path")]
    PathNotEnabled,
}

impl<'a> Candidates<'a> {
    /// What is said of a request's origin, which is asked for where it is not known.
    #[inline(always)]
    pub(crate) fn judge<'o>(&self, origin: impl FnOnce() -> RequestOrigin<'o>) -> Judgement<'a> {
        let mut varies = self.varies();
        let allowed = match self {
            // The same for every request, whether it has an origin or not: that is what lets caches share it.
            Self::FirstOf([policy, ..]) if varies == VaryOn::Not => Ok((policy, headers::any())),
            _ => match origin() {
                RequestOrigin::Absent => Err(Decision::NotCors),
                origin => match self.select(origin) {
                    Ok((policy, AllowOrigin::Same(line))) => Ok((policy, line.clone())),
                    other => {
                        // What is allowed by name is an origin, which no cache takes for another.
                        if varies == VaryOn::OnOrigin && origin.is_ambiguous() {
                            varies = VaryOn::OnEverything;
                        }
                        let allowed = other.map(|(policy, _)| (policy, headers::any()));
                        allowed.map_err(Decision::Rejected)
                    }
                },
            },
        };
        Judgement { allowed, varies }
    }

    /// What is left of the decision's Max-Age in seconds, where a lookup made it.
    #[inline(always)]
    pub(crate) fn remaining(&self) -> Option<u64> {
        match self {
            #[cfg(feature = "cache")]
            Self::LookedUp(Ok(found)) => Some(found.remaining.seconds()),
            _ => None,
        }
    }

    /// What becomes in all of a request of which the layer decided `decision`: a browser may still reject the method or
    /// the headers of an allowed preflight.
    pub(crate) fn browser_verdict(
        &self,
        method: &Method,
        headers: &HeaderMap,
        decision: Decision,
    ) -> Decision {
        match self.select(RequestOrigin::of(headers)) {
            Ok((policy, _)) => browser_verdict(policy, method, headers, decision),
            Err(_) => decision,
        }
    }

    /// Whether the policy that answers, or would if it allowed the origin, takes a request whose origin is the service's
    /// own for allowed.
    pub(crate) fn trust_same_origin(&self) -> bool {
        match self {
            Self::FirstOf(policies) => policies
                .iter()
                .all(|policy| policy.compiled().trust_same_origin),
            #[cfg(feature = "cache")]
            // A lookup that rejects an origin has no policy that would say otherwise.
            Self::LookedUp(found) => {
                found.map_or(true, |found| found.policy.compiled().trust_same_origin)
            }
            #[cfg(feature = "path")]
            Self::PathNotEnabled => true,
        }
    }

    /// The policy that answers a request of this origin, and with what.
    #[inline(always)]
    fn select<'o>(
        &self,
        origin: RequestOrigin<'o>,
    ) -> Result<(&'a Policy, AllowOrigin<'o>), Rejection> {
        match self {
            Self::FirstOf(policies) => {
                let mut rejection = Rejection::OriginNotAllowed;
                for policy in *policies {
                    match policy.check_origin(origin) {
                        Ok(allow_origin) => return Ok((policy, allow_origin)),
                        Err(reason) => rejection = reason,
                    }
                }
                Err(rejection)
            }
            #[cfg(feature = "cache")]
            Self::LookedUp(found) => found.and_then(|Found { policy, .. }| match origin {
                _ if policy.compiled().allows_any_origin() => Ok((policy, AllowOrigin::Any)),
                RequestOrigin::Line(line) => Ok((policy, AllowOrigin::Same(line))),
                _ => Err(Rejection::OriginNotAllowed),
            }),
            #[cfg(feature = "path")]
            Self::PathNotEnabled => Err(Rejection::PathNotEnabled),
        }
    }

    /// Whether two origins may get different answers.
    #[inline(always)]
    fn varies(&self) -> VaryOn {
        match self {
            Self::FirstOf([only]) if only.compiled().allows_any_origin() => VaryOn::Not,
            #[cfg(feature = "path")]
            Self::PathNotEnabled => VaryOn::Not,
            _ => VaryOn::OnOrigin,
        }
    }
}
