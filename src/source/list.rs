//! Several policies, of which the first that allows an origin answers.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::handle::PolicyHandle;
#[cfg(feature = "cache")]
use crate::cache::Found;
#[cfg(feature = "cache")]
use crate::origin::Origin;
use crate::policy::Policy;
use crate::protection::Protection;

/// A list of policies. The first one that allows the request's origin answers.
///
/// A list has at least one policy, because an empty one would reject every request. Each of its items is a [`Policy`] or
/// a [`PolicyHandle`], so that one of them can be replaced while requests run.
///
/// ```
/// use tower_cors::{CorsLayer, Policy, PolicyHandle, PolicyList};
///
/// // Our pages, from a file that is read again when it changes. Then everyone, without credentials.
/// let ours = PolicyHandle::new(
///     Policy::builder()
///         .allow_origins(["https://app.example.com"])
///         .allow_credentials(true)
///         .build()?,
/// );
/// let everyone = Policy::builder().allow_any_origin().build()?;
/// let layer = CorsLayer::new(PolicyList::new(ours.clone()).then(everyone));
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
///
/// Each request is answered wholly by one policy: the first that allows the origin, of those that stood when the request
/// came. If none allows it, the request is rejected.
///
/// A list that is made while the program runs is converted from a vector, which can be empty:
///
/// ```
/// use tower_cors::{EmptyPolicyList, Policy, PolicyList};
///
/// assert_eq!(PolicyList::try_from(Vec::<Policy>::new()).unwrap_err(), EmptyPolicyList);
/// ```
///
/// # Cost
///
/// The origin is checked against one policy after the other, and nothing is allocated. For each handle in the list, a
/// request also reads the policy that stands. The first request after a replacement allocates the list again.
///
/// Cloning a list increments one reference count for each policy. Cloning a layer that has one increments one in all.
#[derive(Clone)]
#[must_use]
pub struct PolicyList(Vec<ListedPolicy>);

impl PolicyList {
    /// Creates a list of one policy.
    pub fn new(first: impl Into<ListedPolicy>) -> Self {
        Self(vec![first.into()])
    }

    /// Adds a policy that answers if none before it allows the origin.
    pub fn then(mut self, next: impl Into<ListedPolicy>) -> Self {
        self.0.push(next.into());
        self
    }

    /// Finds the first policy that allows an origin.
    #[cfg(feature = "cache")]
    pub(super) fn find(&self, origin: &Origin) -> Found {
        let mut trusts_same_origin = true;
        for policy in self.0.iter().map(ListedPolicy::current) {
            if policy.allows(origin) {
                return Found::Allowed(policy);
            }
            trusts_same_origin &= policy.trusts_same_origin();
        }
        Found::Rejected { trusts_same_origin }
    }

    /// Returns the strictest protection of the policies that stand.
    #[cfg(feature = "cache")]
    pub(super) fn protection(&self) -> Protection {
        ProtectedPolicies::new(self.current()).protection
    }

    fn current(&self) -> Vec<Policy> {
        self.0.iter().map(ListedPolicy::current).collect()
    }

    /// Returns the policies if none of them can be replaced.
    pub(super) fn constant(&self) -> Option<Vec<Policy>> {
        let constant = |listed: &ListedPolicy| match &listed.0 {
            Listed::Policy(policy) => Some(policy.clone()),
            Listed::Handle(_) => None,
        };
        self.0.iter().map(constant).collect()
    }
}

impl From<Policy> for PolicyList {
    fn from(policy: Policy) -> Self {
        Self::new(policy)
    }
}

impl<const N: usize> From<[Policy; N]> for PolicyList {
    /// Converts an array, whose length is checked when the program is compiled.
    ///
    /// ```compile_fail,E0080
    /// let list = tower_cors::PolicyList::from([]);
    /// ```
    fn from(policies: [Policy; N]) -> Self {
        const {
            assert!(
                N > 0,
                "a list of no policies rejects every request; write at least one, such as `Policy::nobody()`, or leave the layer out"
            );
        }
        Self(policies.into_iter().map(ListedPolicy::from).collect())
    }
}

impl<T: Into<ListedPolicy>> TryFrom<Vec<T>> for PolicyList {
    type Error = EmptyPolicyList;

    fn try_from(policies: Vec<T>) -> Result<Self, EmptyPolicyList> {
        if policies.is_empty() {
            return Err(EmptyPolicyList);
        }
        Ok(Self(policies.into_iter().map(Into::into).collect()))
    }
}

impl fmt::Debug for PolicyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyList ")?;
        f.debug_list().entries(&self.0).finish()
    }
}

/// An item of a [`PolicyList`]: a [`Policy`], or a [`PolicyHandle`].
///
/// ```
/// use tower_cors::{ListedPolicy, Policy, PolicyHandle, PolicyList};
///
/// # fn list(policy: Policy, handle: PolicyHandle) -> Result<PolicyList, tower_cors::EmptyPolicyList> {
/// let items: Vec<ListedPolicy> = vec![handle.into(), policy.into()];
/// PolicyList::try_from(items)
/// # }
/// ```
#[derive(Clone)]
pub struct ListedPolicy(Listed);

#[derive(Clone)]
enum Listed {
    Policy(Policy),
    Handle(PolicyHandle),
}

impl ListedPolicy {
    fn current(&self) -> Policy {
        match &self.0 {
            Listed::Policy(policy) => policy.clone(),
            Listed::Handle(handle) => handle.current(),
        }
    }

    /// Returns whether this is the policy that stands.
    fn is(&self, policy: &Policy) -> bool {
        match &self.0 {
            Listed::Policy(_) => true,
            Listed::Handle(handle) => std::ptr::eq(handle.load().compiled(), policy.compiled()),
        }
    }
}

impl From<Policy> for ListedPolicy {
    fn from(policy: Policy) -> Self {
        Self(Listed::Policy(policy))
    }
}

impl From<PolicyHandle> for ListedPolicy {
    fn from(handle: PolicyHandle) -> Self {
        Self(Listed::Handle(handle))
    }
}

impl fmt::Debug for ListedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Listed::Policy(policy) => policy.fmt(f),
            Listed::Handle(handle) => handle.fmt(f),
        }
    }
}

/// The error of a [`PolicyList`] that would have no policy.
///
/// ```
/// assert_eq!(
///     tower_cors::EmptyPolicyList.to_string(),
///     "a list of no policies rejects every request; \
///      help: start with a policy that always applies, `PolicyList::new(policy)`, or write `Policy::nobody()`"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EmptyPolicyList;

impl fmt::Display for EmptyPolicyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a list of no policies rejects every request; \
             help: start with a policy that always applies, `PolicyList::new(policy)`, or write `Policy::nobody()`",
        )
    }
}

impl std::error::Error for EmptyPolicyList {}

/// Policies, the first of which that allows an origin answers, and the strictest of their protections.
#[derive(Debug)]
pub(crate) struct ProtectedPolicies {
    pub(super) policies: Box<[Policy]>,
    pub(super) protection: Protection,
}

impl ProtectedPolicies {
    pub(super) fn new(policies: Vec<Policy>) -> Self {
        let all = policies.iter().map(|policy| &policy.compiled().protection);
        Self {
            protection: Protection::strictest(all),
            policies: policies.into(),
        }
    }
}

/// A list some of whose policies can be replaced.
pub(super) struct ReplaceableList {
    listed: PolicyList,
    /// The policies that stood when a request last found that one had been replaced. Requests share them, so that they
    /// allocate nothing and touch no reference count that all threads share.
    current: ArcSwap<ProtectedPolicies>,
}

/// The policies of a list that are in use.
pub(super) type LoadedList = Guard<Arc<ProtectedPolicies>>;

impl ReplaceableList {
    pub(super) fn new(listed: PolicyList) -> Self {
        let current = ArcSwap::from_pointee(ProtectedPolicies::new(listed.current()));
        Self { listed, current }
    }

    /// Returns the policies that stand.
    pub(super) fn load(&self) -> LoadedList {
        let current = self.current.load();
        let mut pairs = self.listed.0.iter().zip(&current.policies);
        if pairs.all(|(listed, policy)| listed.is(policy)) {
            return current;
        }
        let current = Arc::new(ProtectedPolicies::new(self.listed.current()));
        // A slower thread may store older policies over these. The next request finds it and reads again.
        self.current.store(Arc::clone(&current));
        Guard::from_inner(current)
    }
}

impl fmt::Debug for ReplaceableList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.listed.fmt(f)
    }
}
