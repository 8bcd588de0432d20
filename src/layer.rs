//! The layer that a user adds to a service.

use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use crate::bounds::PolicySources;
use crate::config::LayerConfig;
use crate::enforce::Enforcement;
use crate::host::HostSet;
use crate::policy::Policy;
use crate::service::Cors;

/// A layer that adds CORS to a service: it answers preflights, and adds the headers that tell browsers which origins may
/// read the response.
///
/// ```
/// use axum::{Router, routing::post};
/// use tower_cors::{CorsLayer, Policy};
///
/// let policy = Policy::builder().allow_origin("https://app.example.com").build()?;
/// let app: Router = Router::new()
///     .route("/monsters", post(async || "created"))
///     .layer(CorsLayer::new(policy));
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
///
/// # Where to put it
///
/// Put it outside everything whose responses a page must be able to read, errors included. Authentication, rate limits and
/// panic handlers belong inside. Otherwise a page sees their responses as a CORS error, and authentication rejects
/// preflights, which never have credentials.
///
/// With Axum, call `Router::layer` last:
///
/// - Routes that are added later are not covered.
/// - `route_layer` leaves a 404 without CORS headers.
/// - A layer on one method of a path does not see the preflights of the others. Add it to the whole `MethodRouter`.
///
/// If two CORS layers are nested, the outer one overrides the inner one. A `Timing-Allow-Origin` that the application sets
/// is kept.
///
/// # Requirements
///
/// The service must be `Clone`, and its response body `Default`: see [`CloneService`](crate::CloneService) and
/// [`EmptyBody`](crate::EmptyBody) for the ways out.
///
/// # Cost
///
/// Cloning it and adding it to a service increment one reference count each, whatever the size of the policy.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is added to a service"]
pub struct CorsLayer {
    config: Arc<LayerConfig>,
}

impl CorsLayer {
    /// Creates a layer with a policy, or with another [`PolicySource`](crate::PolicySource).
    pub fn new(source: impl PolicySources) -> Self {
        Self {
            config: Arc::new(LayerConfig::new(source.into())),
        }
    }

    /// Creates a layer that lets everyone read: any origin, method and header, without credentials.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_cors::CorsLayer;
    ///
    /// let app: Router = Router::new()
    ///     .route("/news", get(async || "news"))
    ///     .layer(CorsLayer::permissive());
    /// ```
    ///
    /// To change a part of it, build a policy that starts with [`PolicyBuilder::public`](crate::PolicyBuilder::public).
    /// There is no layer that allows any origin with credentials, because every site could then impersonate your users. While
    /// you develop, use [`PolicyBuilder::localhost`](crate::PolicyBuilder::localhost).
    #[doc(alias = "very_permissive")]
    #[doc(alias = "public")]
    pub fn permissive() -> Self {
        Self::new(Policy::permissive())
    }

    fn map(self, update: impl FnOnce(LayerConfig) -> LayerConfig) -> Self {
        Self {
            config: Arc::new(update(Arc::unwrap_or_clone(self.config))),
        }
    }

    /// Adds the header `X-CORS-Decision` to every response, with the decision and its reason, such as
    /// `rejected; origin-not-allowed`. Developers read it in the browser's network panel. The default is `false`. Use it
    /// during development only.
    pub fn explain_in_response(self, explain: bool) -> Self {
        self.map(|config| config.with_debug_header(explain))
    }

    /// Sets what happens to requests that pages of other origins must not send, for everything behind the layer: see
    /// [`Enforcement`]. The default is [`Off`](Enforcement::Off).
    ///
    /// A policy can enforce more for its requests: see [`PolicyBuilder::enforce`](crate::PolicyBuilder::enforce). The
    /// strictest setting counts.
    ///
    /// If a policy allows any origin and is not [read-only](crate::PolicyBuilder::read_only), every request comes from an
    /// allowed origin, and only [hosts](Self::hosts) reject something. If there are none, that is an event at `warn`.
    ///
    /// ```
    /// use tower_cors::{CorsLayer, Enforcement, Policy};
    ///
    /// let policy = Policy::builder().allow_origins(["https://app.example.com"]).build()?;
    /// let layer = CorsLayer::new(policy).enforce(Enforcement::Block);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn enforce(self, enforcement: Enforcement) -> Self {
        self.map(|config| config.with_enforcement(enforcement))
    }

    /// Rejects requests that were sent to another host than these, for everything behind the layer. It stops DNS
    /// rebinding: see [`PolicyBuilder::hosts`](crate::PolicyBuilder::hosts).
    ///
    /// It also holds where requests are not [enforced](Self::enforce) otherwise. If the layer enforces
    /// [`Enforcement::Report`] and nothing is stricter, they are only reported. A policy that reports does not change that
    /// they are rejected. If a policy lists hosts too, the host must be in both sets.
    ///
    /// ```
    /// use tower_cors::{CorsLayer, HostSet};
    ///
    /// let layer = CorsLayer::permissive().hosts(HostSet::local());
    /// ```
    pub fn hosts(self, hosts: HostSet) -> Self {
        self.map(|config| config.with_hosts(hosts))
    }
}

impl<S> Layer<S> for CorsLayer {
    type Service = Cors<S>;

    fn layer(&self, inner: S) -> Cors<S> {
        self.config.report_mistakes();
        Cors::with_config(inner, Arc::clone(&self.config))
    }
}

impl fmt::Debug for CorsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt_fields(&mut f.debug_struct("CorsLayer"))
    }
}
