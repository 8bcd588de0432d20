//! A policy that can be replaced while requests run.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::policy::Policy;

/// A policy that can be replaced while requests run.
///
/// Each request is answered wholly by the policy that stood when it came. Browsers keep the answer to an earlier
/// preflight until its Max-Age ends.
///
/// ```
/// use tower_cors::{CorsLayer, Policy, PolicyHandle};
///
/// let handle = PolicyHandle::new(
///     Policy::builder().allow_origins(["https://old.example.com"]).build()?,
/// );
/// let layer = CorsLayer::new(handle.clone());
/// // Later, from any thread:
/// handle.replace(Policy::builder().allow_origins(["https://new.example.com"]).build()?);
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
///
/// A handle can also stand in a [`PolicyList`](crate::PolicyList), and under a path of `PathPolicies`.
///
/// # Cost
///
/// A request reads the policy without waiting for replacements or for other requests, and allocates nothing. Cloning a
/// handle increments one reference count. Every clone is the same handle.
#[derive(Clone)]
pub struct PolicyHandle(Arc<ArcSwap<Policy>>);

/// A policy that is in use.
pub(super) type LoadedPolicy = Guard<Arc<Policy>>;

impl PolicyHandle {
    /// Creates a handle to a policy.
    pub fn new(policy: Policy) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    /// Replaces the policy for every request that comes after this call. Returns the earlier policy.
    pub fn replace(&self, policy: Policy) -> Policy {
        Policy::clone(&self.0.swap(Arc::new(policy)))
    }

    /// Returns the policy that stands, to test or print it.
    pub fn current(&self) -> Policy {
        Policy::clone(&self.0.load())
    }

    pub(super) fn load(&self) -> LoadedPolicy {
        self.0.load()
    }
}

impl fmt::Debug for PolicyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyHandle")
            .field(&self.current())
            .finish()
    }
}
