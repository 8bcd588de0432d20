//! The layer that a user adds to a service.

use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

#[cfg(feature = "cache")]
use crate::cache::PolicyCache;
use crate::enforce::Enforcement;
use crate::policy::Policy;
use crate::service::Cors;
use crate::source::PolicySource;

/// Adds CORS to a service: answers preflights, and says on every response who may read it.
///
/// ```
/// use axum::{Router, routing::post};
/// use tower_cors::{CorsLayer, Policy};
///
/// let policy = Policy::builder().allow_origins(["https://app.example.com"]).build()?;
/// let app: Router = Router::new().route("/monsters", post(|| async { "created" })).layer(CorsLayer::new(policy));
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
///
/// # Where to put it
///
/// Outside everything whose responses a page should be able to read, errors included: authentication, rate limits and
/// panic handlers belong inside, or the page sees their answers as a CORS error, and authentication rejects preflights,
/// which never have credentials. With two layers the outer one's word stands. A `Timing-Allow-Origin` that the
/// application sets is its own affair and is left.
///
/// With Axum that is `Router::layer`, called last: routes added later are not covered, `route_layer` leaves 404 without a
/// grant, and a layer on one method of a path does not see the preflight of another; layer the whole `MethodRouter`.
///
/// The service is to be `Clone`, as Axum, Hyper's adapter and Tonic want it too (`tower::util::BoxCloneService` boxes
/// one that is), and its response body `Default`, for preflights are answered with an empty one.
///
/// # Cost
///
/// Cloning it and adding it to a service are one reference count each, whatever the size of the policy.
#[derive(Clone)]
pub struct CorsLayer {
    shared: Arc<Shared>,
}

/// What all services of one layer share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) source: PolicySource,
    pub(crate) explain_in_response: bool,
    pub(crate) enforcement: Enforcement,
    /// The policy of all requests, where no decision is enforced or told in the response: what most services have, found
    /// out before the first request.
    pub(crate) alone: Option<Policy>,
}

impl CorsLayer {
    /// A layer with a policy, or the first of several that allows a request's origin: see [`PolicySource`].
    pub fn new(source: impl Into<PolicySource>) -> Self {
        let source = source.into();
        Self {
            shared: Arc::new(Shared {
                alone: source.only().cloned(),
                source,
                explain_in_response: false,
                enforcement: Enforcement::Off,
            }),
        }
    }

    /// The layer with something set, and with what follows from all that is set found out anew.
    fn with(mut self, set: impl FnOnce(&mut Shared)) -> Self {
        let shared = Arc::make_mut(&mut self.shared);
        set(shared);
        let is_silent = shared.enforcement == Enforcement::Off && !shared.explain_in_response;
        shared.alone = shared.source.only().filter(|_| is_silent).cloned();
        self
    }

    /// Adds the header `X-CORS-Decision` to every response, with what was decided and why, for a developer to read in
    /// the browser's network panel: `X-CORS-Decision: rejected; origin-not-allowed`. Off by default; meant for
    /// development.
    #[must_use]
    pub fn explain_in_response(self, explain: bool) -> Self {
        self.with(|shared| shared.explain_in_response = explain)
    }

    /// Puts a cache before the predicates of the layer's policies, where those are slow: a regular expression, a call into
    /// another library.
    ///
    /// Decisions are then kept as those of a lookup are: see [`PolicyCache`]. Policies without a predicate have nothing
    /// to gain, for they were compiled when they were built, and are left as they are; so are a `PolicyHandle`,
    /// `PathPolicies`, and `DynamicPolicies`, which has a cache of its own.
    #[cfg(feature = "cache")]
    #[must_use]
    pub fn cache(self, cache: PolicyCache) -> Self {
        self.with(|shared| shared.source = shared.source.clone().with_cached_predicates(cache))
    }

    /// What is done with actual requests of rejected origins: see [`Enforcement`]. They are served by default.
    ///
    /// ```
    /// use tower_cors::{CorsLayer, Enforcement, Policy};
    ///
    /// let policy = Policy::mcp().allow_origins(["https://inspector.example.com"]).build()?;
    /// let layer = CorsLayer::new(policy).enforce(Enforcement::Block);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    #[must_use]
    pub fn enforce(self, enforcement: Enforcement) -> Self {
        self.with(|shared| shared.enforcement = enforcement)
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    fn layer(&self, inner: S) -> Cors<S> {
        Cors::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for CorsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CorsLayer")
            .field("source", &self.shared.source)
            .field("explain_in_response", &self.shared.explain_in_response)
            .field("enforcement", &self.shared.enforcement)
            .finish()
    }
}
