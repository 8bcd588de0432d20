//! Where the policy for a request comes from.

use std::sync::Arc;

use http::Request;

#[cfg(feature = "path")]
use crate::decision::Rejection;
use crate::evaluate::PolicySet;
use crate::policy::Policy;

mod handle;
#[cfg(feature = "cache")]
mod lookup;
#[cfg(feature = "path")]
mod path;

pub use handle::PolicyHandle;
#[cfg(feature = "cache")]
pub use lookup::{DynamicPolicies, PolicyLookup};
#[cfg(feature = "cache")]
pub(crate) use lookup::{Lookup, LookupAnswer};
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
/// let everyone = Policy::permissive();
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
    /// Returns the policy that answers all requests, if it is one that never changes.
    #[inline(always)]
    pub(crate) fn sole_policy(&self) -> Option<&Policy> {
        match &self.0 {
            Source::One(policy) => Some(policy),
            _ => None,
        }
    }

    /// Finds the policies that may answer a request.
    #[cfg_attr(
        not(any(feature = "cache", feature = "path")),
        expect(unused_variables, reason = "only paths and lookups read the request")
    )]
    pub(crate) fn resolve<B>(&self, request: &Request<B>) -> Resolved<'_> {
        match &self.0 {
            Source::One(policy) => {
                Resolved::Policies(PolicySet::FirstOf(std::slice::from_ref(policy)))
            }
            Source::FirstOf(policies) => Resolved::Policies(PolicySet::FirstOf(policies)),
            Source::Handle(handle) => Resolved::Handle(handle.load()),
            #[cfg(feature = "path")]
            Source::Paths(paths) => match paths.at(request.uri()) {
                Some(source) => source.resolve(request),
                None => Resolved::Policies(PolicySet::None(Rejection::PathNotEnabled)),
            },
            #[cfg(feature = "cache")]
            Source::Dynamic(dynamic) => Resolved::Lookup(dynamic.lookup(request)),
        }
    }
}

/// What may answer a request.
pub(crate) enum Resolved<'a> {
    Policies(PolicySet<'a>),
    /// A policy that may be replaced before the next request.
    Handle(handle::Loaded),
    /// What a lookup answered earlier, or the lookup that will.
    #[cfg(feature = "cache")]
    Lookup(Result<LookupAnswer, Lookup>),
}

impl Resolved<'_> {
    /// Returns the policies that may answer the request, or the lookup that has to end before.
    #[cfg_attr(
        not(feature = "cache"),
        expect(clippy::unnecessary_wraps, reason = "only lookups have to end")
    )]
    pub(crate) fn policies(&self) -> Result<PolicySet<'_>, Lookup> {
        Ok(match self {
            Self::Policies(policies) => *policies,
            Self::Handle(policy) => PolicySet::FirstOf(std::slice::from_ref(&***policy)),
            #[cfg(feature = "cache")]
            Self::Lookup(Ok(answer)) => answer.policies(),
            #[cfg(feature = "cache")]
            Self::Lookup(Err(lookup)) => return Err(lookup.clone()),
        })
    }
}

/// Without the feature `cache` nothing is looked up.
#[cfg(not(feature = "cache"))]
pub(crate) type Lookup = std::convert::Infallible;
