//! Policies that are looked up by origin and scope, behind a cache.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use http::Request;

mod answer;
mod invalid;
mod policy_lookup;

pub(crate) use answer::{Lookup, LookupAnswer};
use invalid::InvalidPolicies;
pub use policy_lookup::PolicyLookup;

use super::list::PolicyList;
use crate::cache::{Cached, Found, LookupFailed, PolicyCache};
use crate::enforce::Enforcement;
use crate::host::HostSet;
use crate::origin::{self, Origin, OriginPattern, OriginSet};
use crate::policy::{Policy, PolicyBuilder, PolicyErrors};
use crate::protection::Protection;
use crate::request::RequestOrigin;
use crate::scope::{RequestHead, Scope};
use crate::telemetry;

/// A lookup whose policy, if any, has been checked against the origin.
type LookingUp = Pin<Box<dyn Future<Output = Result<Found, Failure>> + Send>>;
type LookupFn = dyn Fn(Origin, Scope) -> LookingUp + Send + Sync;
type TakeScope = dyn Fn(&RequestHead<'_>) -> Scope + Send + Sync;

/// Policies that are looked up for each origin and [`Scope`], and cached in a [`PolicyCache`].
///
/// If all allowed origins have the same rights, the lookup only has to answer yes or no:
///
/// ```
/// use tower_cors::{CorsLayer, DynamicPolicies, Policy};
///
/// # #[derive(Clone)]
/// # struct Database;
/// # impl Database {
/// #     async fn allows(&self, _: &str, _: &str) -> Result<bool, std::io::Error> { Ok(true) }
/// # }
/// # fn layer(database: Database) -> Result<CorsLayer, tower_cors::PolicyErrors> {
/// let base = Policy::builder().allow_credentials(true);
/// let policies = DynamicPolicies::from_predicate(base, move |origin, tenant| {
///     let database = database.clone();
///     async move { database.allows(tenant.as_str(), origin.as_str()).await }
/// })?
/// .scope(|head| head.host());
/// # Ok(CorsLayer::new(policies))
/// # }
/// ```
///
/// | constructor | the lookup returns |
/// |---|---|
/// | [`from_predicate`](Self::from_predicate) | yes or no; all allowed origins share one policy |
/// | [`new`](Self::new) | a policy, from a closure |
/// | [`from_lookup`](Self::from_lookup) | a policy, from a type that implements [`PolicyLookup`] |
/// | [`cached`](Self::cached) | a policy of a list, whose predicates are slow |
///
/// # Guarantees
///
/// - A permission ends at the latest its Max-Age after the lookup started, in every browser. See [`PolicyCache`].
/// - A lookup that fails or panics allows nothing. A preflight gets 503. An actual request reaches the service, and its
///   response gets no CORS headers.
/// - Failures are `tracing` events at `error`, once for each lookup. If the error is the
///   [`PolicyErrors`] of a policy that does not build, itself or in a `Box<dyn Error + Send + Sync>`, the event has all
///   mistakes, and the same mistakes are not reported again for the same origin and scope, as long as they are among the last 256
///   reports.
/// - If a lookup returns a policy that does not allow the origin, that is an event at `debug`.
/// - Malformed and repeated `Origin` headers, and requests without one, start no lookup.
/// - A request to another [host](Self::hosts) than those of the service and of its layer waits for no lookup.
///
/// Set a timeout in the lookup, because requests wait for it as long as it takes. If a client disconnects before it has
/// sent its whole body, Hyper does not notice until the lookup ends.
///
/// # Cost
///
/// One hash probe if the decision is cached. Otherwise the lookup runs concurrently with the service. It runs before the
/// service only if requests can be [blocked](crate::Enforcement::Block).
///
/// Cloning increments three reference counts. Clones share the cache.
#[derive(Clone)]
#[doc(alias = "async_predicate")]
pub struct DynamicPolicies {
    lookup: Arc<LookupFn>,
    scope: Option<Arc<TakeScope>>,
    cache: PolicyCache,
    /// The protection of every request, also if no policy is found.
    protection: Protection,
    /// The enforcement that was set on the source itself.
    own_enforcement: Enforcement,
    /// Set if hosts were set on the source itself.
    has_own_hosts: bool,
    /// Set if a looked-up policy can add to `protection`. Otherwise that contains the protection of every policy.
    adds_protection: bool,
    /// The list of policies, if some of them can be replaced.
    replaceable: Option<Arc<PolicyList>>,
    /// Tells this source's decisions from those of others in the same cache.
    id: u64,
}

impl DynamicPolicies {
    /// Creates policies that a closure looks up, with a [`PolicyCache`] of its default size.
    ///
    /// The closure is a [`PolicyLookup::lookup`]: it must return a policy that allows the origin, or `None`.
    ///
    /// ```
    /// use tower_cors::{CorsLayer, DynamicPolicies, Policy, PolicyErrors};
    ///
    /// let policies = DynamicPolicies::new(|origin, tenant| async move {
    ///     // Ask the database here. This tenant also lets its origins send PUT.
    ///     let policy = Policy::builder().allow_origins([origin.as_str()]);
    ///     match tenant.as_str() {
    ///         "shop.example.com" => policy.allow_methods([http::Method::PUT]).build().map(Some),
    ///         _ => Ok::<_, PolicyErrors>(None),
    ///     }
    /// })
    /// .scope(|head| head.host());
    /// let layer = CorsLayer::new(policies);
    /// ```
    pub fn new<L, F, E>(lookup: L) -> Self
    where
        L: Fn(Origin, Scope) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<Policy>, E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let invalid = InvalidPolicies::default();
        Self::with_lookup((lookup, invalid), |lookup, origin, scope| async move {
            let (lookup, invalid) = &*lookup;
            let found = lookup(origin.clone(), scope.clone()).await;
            checked(found, &origin, &scope, invalid)
        })
    }

    /// Creates policies that a type looks up, with a [`PolicyCache`] of its default size.
    pub fn from_lookup(lookup: impl PolicyLookup) -> Self {
        let invalid = InvalidPolicies::default();
        Self::with_lookup((lookup, invalid), |lookup, origin, scope| async move {
            let (lookup, invalid) = &*lookup;
            let found = lookup.lookup(origin.clone(), scope.clone()).await;
            checked(found, &origin, &scope, invalid)
        })
    }

    /// Creates policies from an asynchronous predicate, which returns whether an origin is allowed.
    ///
    /// `base` says what allowed origins may do. It must not allow origins itself, because the predicate decides about
    /// them. Its Max-Age is the budget of each decision: see [`PolicyCache`].
    ///
    /// The predicate is called with well-formed origins only, and never with `null` or `file://`, which identify nobody.
    /// With credentials, it must return `true` only for origins that you know, because each of them can impersonate your users.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_cors::{CorsLayer, DynamicPolicies, Policy};
    ///
    /// let base = Policy::builder()
    ///     .allow_methods([http::Method::PUT])
    ///     .allow_credentials(true)
    ///     .max_age(Duration::from_secs(600));
    /// let policies = DynamicPolicies::from_predicate(base, |origin, _| async move {
    ///     // Ask the database here.
    ///     Ok::<_, std::io::Error>(origin.as_str() == "https://app.example.com")
    /// })?;
    /// let layer = CorsLayer::new(policies);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Insecure origins
    ///
    /// With credentials, an `http` origin is rejected although the predicate allows it, because a network attacker could
    /// impersonate your users. Loopback origins are exempt. The rejection is a `tracing` event at `warn`, once for each
    /// lookup. To let the predicate allow one of them, call
    /// [`dangerously_allow_insecure_origin`](PolicyBuilder::dangerously_allow_insecure_origin) on `base`.
    ///
    /// # Errors
    ///
    /// All mistakes in `base` at once, as from [`PolicyBuilder::build`], and
    /// [`OriginsBesideLookup`](crate::PolicyError::OriginsBesideLookup) if it allows origins itself.
    pub fn from_predicate<P, F, E>(base: PolicyBuilder, predicate: P) -> Result<Self, PolicyErrors>
    where
        P: Fn(Origin, Scope) -> F + Send + Sync + 'static,
        F: Future<Output = Result<bool, E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let allowed_insecure = base.allowed_insecure_origins();
        let policy = base.build_for_lookup()?;
        let protection = policy.compiled().protection.clone();
        let lookup = (predicate, policy, allowed_insecure);
        let policies = Self::with_lookup(lookup, move |lookup, origin, scope| async move {
            let (predicate, policy, allowed_insecure) = &*lookup;
            let rejected = Found::Rejected {
                trusts_same_origin: true,
            };
            if origin.is_opaque() || origin.is_file() {
                return Ok(rejected);
            }
            let is_allowed = predicate(origin.clone(), scope.clone())
                .await
                .map_err(|error| Failure::new(&error))?;
            let is_rejected =
                |allowed: &OriginSet| is_insecure(&origin) && !allowed.contains(&origin);
            if is_allowed && allowed_insecure.as_ref().is_some_and(is_rejected) {
                telemetry::insecure_origin_rejected(&origin, &scope);
                return Ok(rejected);
            }
            Ok(if is_allowed {
                Found::Allowed(policy.clone())
            } else {
                rejected
            })
        });
        Ok(Self {
            protection,
            adds_protection: false,
            ..policies
        })
    }

    /// Creates policies from a list of policies whose predicates are slow. It caches which of them is the first that
    /// allows an origin.
    ///
    /// Policies without a [predicate](PolicyBuilder::allow_origins_where) gain nothing from it, because finding a listed
    /// origin costs no more than finding a cached decision.
    ///
    /// If a [`PolicyHandle`](crate::PolicyHandle) in the list is replaced, decisions that are cached stay until they
    /// expire. Call [`PolicyCache::invalidate_all`] after the replacement to forget them.
    ///
    /// ```
    /// use tower_cors::{CorsLayer, DynamicPolicies, Policy, PolicyCache};
    ///
    /// # fn is_partner(_: &str) -> bool { true }
    /// let partners = Policy::builder()
    ///     .allow_origins_where(|origin| origin.host().is_some_and(is_partner))
    ///     .build()?;
    /// let cache = PolicyCache::builder().build();
    /// let layer = CorsLayer::new(DynamicPolicies::cached([partners]).cache(cache.clone()));
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn cached(policies: impl Into<PolicyList>) -> Self {
        let list: PolicyList = policies.into();
        let replaceable = list.constant().is_none().then(|| Arc::new(list.clone()));
        // That of a list that can be replaced is read with every request.
        let constant = replaceable.is_none().then(|| list.protection());
        Self {
            protection: constant.unwrap_or(Protection::OFF),
            adds_protection: false,
            replaceable,
            ..Self::with_lookup(
                list,
                |list, origin, _| async move { Ok(list.find(&origin)) },
            )
        }
    }

    /// `look_up` must do nothing before its future is polled, because the cache calls it under a lock.
    fn with_lookup<L, F>(
        lookup: L,
        look_up: impl Fn(Arc<L>, Origin, Scope) -> F + Send + Sync + 'static,
    ) -> Self
    where
        L: Send + Sync + 'static,
        F: Future<Output = Result<Found, Failure>> + Send + 'static,
    {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let lookup = Arc::new(lookup);
        Self {
            lookup: Arc::new(move |origin, scope| {
                look_up(Arc::clone(&lookup), origin, scope).boxed()
            }),
            scope: None,
            cache: PolicyCache::default(),
            protection: Protection::OFF,
            own_enforcement: Enforcement::Off,
            has_own_hosts: false,
            adds_protection: true,
            replaceable: None,
            id: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Sets how the scope of a request is read from its head, such as the tenant. By default all requests have one scope.
    ///
    /// `take` returns a [`Scope`], owned text, or an `Option` of either. `None` and empty text are the default scope.
    /// Borrowed text is converted with [`Scope::from`].
    ///
    /// ```
    /// # use tower_cors::{DynamicPolicies, Policy, Scope};
    /// # fn scoped(policies: DynamicPolicies) -> DynamicPolicies {
    /// policies.scope(|head| Scope::from(head.path().split('/').nth(1)))
    /// # }
    /// ```
    ///
    /// The scope may be read from what the client sends. A scope of more than 512 bytes is looked up and not cached.
    #[must_use]
    #[doc(alias = "tenant")]
    pub fn scope<F, T>(mut self, take: F) -> Self
    where
        F: Fn(&RequestHead<'_>) -> T + Send + Sync + 'static,
        T: Into<Scope>,
    {
        self.scope = Some(Arc::new(move |head| take(head).into()));
        self
    }

    /// Sets the cache. Keep a clone of it to [invalidate](PolicyCache::invalidate) decisions.
    ///
    /// Sources can share a cache. Each has decisions of its own in it.
    #[must_use]
    pub fn cache(mut self, cache: PolicyCache) -> Self {
        self.cache = cache;
        self
    }

    /// Sets what happens to requests that pages of other origins must not send: see [`Enforcement`].
    ///
    /// It also applies if the lookup fails or returns no policy, and to requests without `Origin`, which start no lookup.
    /// The base of [`from_predicate`](Self::from_predicate) and the policies of [`cached`](Self::cached) can enforce more:
    /// the strictest setting counts.
    ///
    /// A policy that the lookup returns must not enforce more than this, because it is found too late for requests
    /// without `Origin`. If it does, the lookup fails, and an event at `error` has the line to write.
    ///
    /// ```
    /// use tower_cors::{DynamicPolicies, Enforcement, HostSet, Policy};
    ///
    /// # fn with(policies: DynamicPolicies) -> Result<DynamicPolicies, tower_cors::HostError> {
    /// Ok(policies.enforce(Enforcement::Block).hosts(HostSet::new(["*.example.com"])?))
    /// # }
    /// ```
    #[must_use]
    pub fn enforce(mut self, enforcement: Enforcement) -> Self {
        self.protection.enforcement = enforcement.max(self.protection.enforcement);
        self.own_enforcement = enforcement.max(self.own_enforcement);
        self.updated()
    }

    /// Keeps rejecting other hosts if only a policy reports, and not the source itself.
    fn updated(mut self) -> Self {
        if self.has_own_hosts {
            self.protection.always_blocks_hosts = self.own_enforcement != Enforcement::Report;
        }
        self
    }

    /// Rejects requests that were sent to another host than these: see
    /// [`PolicyBuilder::hosts`]. A looked-up policy can list fewer hosts.
    ///
    /// It also holds where requests are not [enforced](Self::enforce) otherwise. If the source itself enforces
    /// [`Enforcement::Report`] and nothing is stricter, they are only reported.
    ///
    /// It replaces the hosts of earlier calls, of the base of [`from_predicate`](Self::from_predicate), and of the policies of
    /// [`cached`](Self::cached).
    #[must_use]
    pub fn hosts(mut self, hosts: HostSet) -> Self {
        self.protection.hosts = Some(hosts);
        self.has_own_hosts = true;
        self.updated()
    }

    /// Sets whether requests of the service's own pages pass where others are [blocked](crate::Enforcement::Block) although
    /// no policy allows their origin. The default is `true`, or the setting of the base of
    /// [`from_predicate`](Self::from_predicate).
    ///
    /// It also applies if the lookup fails or returns no policy. If the lookup returns a policy that does not allow the
    /// origin, that policy can say `false` as well. See [`PolicyBuilder::trust_same_origin`].
    #[must_use]
    pub fn trust_same_origin(mut self, trust: bool) -> Self {
        self.protection.trusts_same_origin = trust;
        self
    }

    /// Returns the protection that holds whatever the lookup finds.
    pub(super) fn protection(&self) -> Cow<'_, Protection> {
        match &self.replaceable {
            None => Cow::Borrowed(&self.protection),
            Some(list) => {
                let current = list.protection();
                Cow::Owned(Protection {
                    enforcement: current.enforcement.max(self.protection.enforcement),
                    always_blocks_hosts: match self.protection.hosts {
                        Some(_) => self.protection.always_blocks_hosts,
                        None => current.always_blocks_hosts,
                    },
                    hosts: self.protection.hosts.clone().or(current.hosts),
                    trusts_same_origin: current.trusts_same_origin
                        && self.protection.trusts_same_origin,
                })
            }
        }
    }

    #[cfg(feature = "path")]
    pub(super) fn is_replaceable(&self) -> bool {
        self.replaceable.is_some()
    }

    /// Returns the cached answer for a request, or the lookup that will give it.
    pub(crate) fn lookup<B>(
        &self,
        request: &Request<B>,
        origin: RequestOrigin<'_>,
    ) -> Result<LookupAnswer, Lookup> {
        let RequestOrigin::Line(line) = origin else {
            return Ok(LookupAnswer::not_allowed());
        };
        if origin::is_too_long(line.as_bytes()) {
            return Ok(LookupAnswer::not_allowed());
        }
        let scope = self
            .scope
            .as_ref()
            .map_or_else(Scope::default, |scope| scope(&RequestHead::of(request)));
        let now = self.cache.now();
        if let Some(entry) = self.cache.get(self.id, line.as_bytes(), &scope, now) {
            return Ok(LookupAnswer::new(entry, now, self.adds_protection));
        }
        let Ok(origin) = Origin::try_from(line) else {
            return Ok(LookupAnswer::not_allowed());
        };
        let lookup = || {
            let lookup = (self.lookup)(origin.clone(), scope.clone());
            let covered = covered(lookup, self.protection().into_owned());
            report_failure(covered, origin.clone(), scope.clone())
        };
        match self
            .cache
            .get_or_lookup(self.id, &origin, &scope, now, lookup)
        {
            Cached::Entry(entry) => Ok(LookupAnswer::new(entry, now, self.adds_protection)),
            Cached::InFlight(lookup) => Err(Lookup::new(
                lookup,
                self.cache.clone(),
                self.adds_protection,
            )),
        }
    }
}

/// Checks that the policy, if any, allows the origin.
fn checked<E: fmt::Display + 'static>(
    found: Result<Option<Policy>, E>,
    origin: &Origin,
    scope: &Scope,
    invalid: &InvalidPolicies,
) -> Result<Found, Failure> {
    let found = match found {
        Ok(found) => {
            invalid.forget(origin, scope);
            found
        }
        Err(error) if invalid::has_policy_errors(&error) => {
            let error = Failure::new(&error);
            return Err(if invalid.is_new(origin, scope, &error.error) {
                error
            } else {
                Failure {
                    is_reported: true,
                    ..error
                }
            });
        }
        Err(error) => return Err(Failure::new(&error)),
    };
    Ok(match found {
        Some(policy) if policy.allows(origin) => Found::Allowed(policy),
        Some(policy) => {
            telemetry::looked_up_policy_rejects(origin, scope);
            Found::Rejected {
                trusts_same_origin: policy.trusts_same_origin(),
            }
        }
        None => Found::Rejected {
            trusts_same_origin: true,
        },
    })
}

/// Fails if the lookup returns a policy that stops requests which the source has let pass already.
async fn covered(
    lookup: impl Future<Output = Result<Found, Failure>> + Send,
    source: Protection,
) -> Result<Found, Failure> {
    match lookup.await {
        Ok(Found::Allowed(policy)) if !source.covers(&policy.compiled().protection) => {
            Err(Failure::new(
                &"the policy that the lookup returned enforces more than its source, which is too late for requests without \
             `Origin`; help: call `enforce` and `hosts` on `DynamicPolicies` as well",
            ))
        }
        found => found,
    }
}

fn is_insecure(origin: &Origin) -> bool {
    // Every origin is a pattern. If one were not, it would be rejected.
    let pattern: Result<OriginPattern, _> = origin.as_str().parse();
    pattern.map_or(true, |pattern| pattern.is_insecure())
}

/// Runs a lookup. Its failure or panic is reported once, however many requests wait for it.
async fn report_failure(
    lookup: impl Future<Output = Result<Found, Failure>> + Send,
    origin: Origin,
    scope: Scope,
) -> Result<Found, LookupFailed> {
    let failure = match AssertUnwindSafe(lookup).catch_unwind().await {
        Ok(Ok(found)) => return Ok(found),
        Ok(Err(failure)) => failure,
        Err(_) => Failure::new(&"the lookup panicked"),
    };
    if !failure.is_reported {
        telemetry::lookup_failed(&origin, &scope, &failure.error);
    }
    Err(LookupFailed)
}

/// Why a lookup failed.
struct Failure {
    error: String,
    /// Set if an event has reported the same failure already.
    is_reported: bool,
}

impl Failure {
    fn new(error: &dyn fmt::Display) -> Self {
        Self {
            error: error.to_string(),
            is_reported: false,
        }
    }
}

impl fmt::Debug for DynamicPolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicPolicies")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
