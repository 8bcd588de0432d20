//! A policy that can be replaced while requests run.

use std::fmt;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use crate::policy::Policy;

/// A policy that can be replaced while requests run.
///
/// Each request is answered wholly by the policy that stood when it came. What a browser keeps of an earlier preflight it
/// keeps for that answer's Max-Age.
///
/// ```
/// use tower_cors::{CorsLayer, Policy, PolicyHandle};
///
/// let handle = PolicyHandle::new(Policy::builder().allow_origins(["https://old.example.com"]).build()?);
/// let layer = CorsLayer::new(handle.clone());
/// // Later, from anywhere:
/// handle.replace(Policy::builder().allow_origins(["https://new.example.com"]).build()?);
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
///
/// # Cost
///
/// Reading never waits, neither for a replacement nor for other readers. Cloning is one reference count.
#[derive(Clone)]
pub struct PolicyHandle(Arc<ArcSwap<Policy>>);

/// A policy that is in use.
pub(crate) type Loaded = Guard<Arc<Policy>>;

impl PolicyHandle {
    /// A handle on a policy.
    pub fn new(policy: Policy) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    /// Replaces the policy for every request that comes after this call, and returns the one that stood.
    pub fn replace(&self, policy: Policy) -> Policy {
        Policy::clone(&self.0.swap(Arc::new(policy)))
    }

    /// The policy that stands.
    pub fn current(&self) -> Policy {
        Policy::clone(&self.0.load())
    }

    pub(crate) fn load(&self) -> Loaded {
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
