//! The trait of types that look up policies.

use std::fmt;
use std::future::Future;

use crate::origin::Origin;
use crate::policy::Policy;
use crate::scope::Scope;

/// A type that looks up policies, such as a client of a database or of a configuration service.
///
/// [`DynamicPolicies::from_lookup`](crate::DynamicPolicies::from_lookup) takes it. A closure needs no type: see [`DynamicPolicies::new`](crate::DynamicPolicies::new).
///
/// ```
/// use tower_cors::{CorsLayer, DynamicPolicies, Origin, Policy, PolicyErrors, PolicyLookup, Scope};
///
/// struct Partners {
///     origins: Vec<Origin>,
/// }
///
/// impl PolicyLookup for Partners {
///     type Error = PolicyErrors;
///
///     async fn lookup(&self, origin: Origin, _: Scope) -> Result<Option<Policy>, PolicyErrors> {
///         if !self.origins.contains(&origin) {
///             return Ok(None);
///         }
///         Policy::builder().allow_origins([origin.as_str()]).build().map(Some)
///     }
/// }
///
/// let partners = Partners { origins: vec!["https://partner.example".parse()?] };
/// let layer = CorsLayer::new(DynamicPolicies::from_lookup(partners));
/// # Ok::<(), tower_cors::OriginError>(())
/// ```
pub trait PolicyLookup: Send + Sync + 'static {
    /// The error of a lookup that failed. It is sent to `tracing`, never to the client.
    type Error: fmt::Display + Send + 'static;

    /// Returns the policy for `origin` in `scope`, or `None` to reject the origin.
    ///
    /// The arguments are the key under which the answer is cached, so the answer must depend on nothing else of the
    /// request. The policy must itself allow the origin. Otherwise the origin is rejected, so that a lookup cannot allow
    /// every origin by accident.
    ///
    /// # Errors
    ///
    /// An error rejects the requests that wait for this lookup. It is not cached.
    fn lookup(
        &self,
        origin: Origin,
        scope: Scope,
    ) -> impl Future<Output = Result<Option<Policy>, Self::Error>> + Send;
}
