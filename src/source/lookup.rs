//! Policies that are looked up by origin and scope, behind a cache.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::FutureExt;
use http::Request;

use crate::cache::{Cached, Entry, InFlightLookup, LookupFailed, PolicyCache};
use crate::decision::Rejection;
use crate::evaluate::{LookedUp, PolicySet};
use crate::origin::{self, Origin};
use crate::policy::Policy;
use crate::request::RequestOrigin;
use crate::scope::{RequestHead, Scope};
use crate::telemetry;

/// Where policies are looked up: a database, a configuration service, a file.
///
/// Any `Fn(Origin, Scope) -> impl Future<Output = Result<Option<Policy>, E>>` is one.
pub trait PolicyLookup: Send + Sync + 'static {
    /// Why a lookup failed. It is told to `tracing`, never to the client.
    type Error: fmt::Display + Send + 'static;

    /// The policy for `origin` in `scope`, or `None` to reject it.
    ///
    /// It is given only what its answer is cached under. The policy must itself allow the origin, or the origin is
    /// rejected: a lookup cannot reflect by accident. An error rejects this request and is not cached.
    fn lookup(
        &self,
        origin: Origin,
        scope: Scope,
    ) -> impl Future<Output = Result<Option<Policy>, Self::Error>> + Send;
}

impl<L, F, E> PolicyLookup for L
where
    L: Fn(Origin, Scope) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Option<Policy>, E>> + Send + 'static,
    E: fmt::Display + Send + 'static,
{
    type Error = E;

    fn lookup(
        &self,
        origin: Origin,
        scope: Scope,
    ) -> impl Future<Output = Result<Option<Policy>, E>> + Send {
        self(origin, scope)
    }
}

/// A lookup whose policy, if any, allows the origin that was asked of.
type LookingUp = Pin<Box<dyn Future<Output = Result<Option<Policy>, String>> + Send>>;
type LookupFn = dyn Fn(Origin, Scope) -> LookingUp + Send + Sync;
type TakeScope = dyn Fn(&RequestHead<'_>) -> Scope + Send + Sync;

/// Policies that are looked up, per origin and [`Scope`], behind a [`PolicyCache`].
///
/// ```
/// use std::convert::Infallible;
/// use tower_cors::{CorsLayer, DynamicPolicies, Origin, Policy, Scope};
///
/// let policies = DynamicPolicies::new(|origin: Origin, tenant: Scope| async move {
///     // Ask the database which policy `tenant` has for `origin`.
///     let policy = Policy::builder().allow_origins([origin.as_str()]).build();
///     Ok::<_, Infallible>(policy.ok().filter(|_| tenant.as_str() == "shop.example.com"))
/// })
/// .scope(|head| head.host().unwrap_or_default());
/// let layer = CorsLayer::new(policies);
/// ```
///
/// # What is promised
///
/// A permission ends at the latest its policy's Max-Age after the lookup that gave it started, in every browser: see
/// [`PolicyCache`]. A lookup that fails or panics grants nothing: a preflight is answered with 503, an actual request
/// is served without a grant.
///
/// Give the lookup a timeout of its own: whoever asks waits for it as long as it takes. The connection of a client that left
/// in the middle of its body stays as long, for Hyper does not look for its end then.
///
/// # Cost
///
/// A hash probe where the decision is cached. Where it is not, the lookup runs beside the service, not before it, unless
/// requests are [blocked](crate::Enforcement::Block).
#[derive(Clone)]
pub struct DynamicPolicies {
    lookup: Arc<LookupFn>,
    scope: Option<Arc<TakeScope>>,
    cache: PolicyCache,
    /// Sets this source's decisions apart from those of others in the same cache.
    id: u64,
}

impl DynamicPolicies {
    /// Policies from a lookup, with a [`PolicyCache`] of its default size.
    pub fn new(lookup: impl PolicyLookup) -> Self {
        let lookup = Arc::new(lookup);
        Self::from_lookup(move |origin, scope| {
            let lookup = Arc::clone(&lookup);
            let asked = async move {
                let found = lookup
                    .lookup(origin.clone(), scope)
                    .await
                    .map_err(|error| error.to_string())?;
                Ok(found.filter(|policy| policy.allows(&origin)))
            };
            asked.boxed()
        })
    }

    /// Creates a source of static policies whose predicates are slow: it caches which of them is the first that allows an
    /// origin.
    ///
    /// Policies without a predicate gain nothing from it, because they are compiled when they are built.
    pub fn of_policies(policies: impl IntoIterator<Item = Policy>) -> Self {
        let policies: Arc<[Policy]> = policies.into_iter().collect();
        Self::from_lookup(move |origin, _| {
            let policies = Arc::clone(&policies);
            // Not before it is polled: the lookup is begun under the lock of the cache.
            let asked = async move {
                let mut policies = policies.iter();
                Ok(policies.find(|policy| policy.allows(&origin)).cloned())
            };
            asked.boxed()
        })
    }

    fn from_lookup(lookup: impl Fn(Origin, Scope) -> LookingUp + Send + Sync + 'static) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            lookup: Arc::new(lookup),
            scope: None,
            cache: PolicyCache::builder().build(),
            id: NEXT.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Takes the scope of a request from its head. Without this there is one scope for all.
    #[must_use]
    pub fn scope<F, T>(mut self, take: F) -> Self
    where
        F: Fn(&RequestHead<'_>) -> T + Send + Sync + 'static,
        T: Into<Scope>,
    {
        self.scope = Some(Arc::new(move |head| take(head).into()));
        self
    }

    /// Keeps decisions in this cache; keep a clone to [invalidate](PolicyCache::invalidate) them.
    #[must_use]
    pub fn cache(mut self, cache: PolicyCache) -> Self {
        self.cache = cache;
        self
    }

    /// Returns what the cache has for a request, or the lookup that will tell.
    pub(crate) fn lookup<B>(&self, request: &Request<B>) -> Result<LookupAnswer, Lookup> {
        let RequestOrigin::Line(line) = RequestOrigin::of(request.headers()) else {
            return Ok(LookupAnswer(Err(Rejection::OriginNotAllowed)));
        };
        if origin::is_too_long(line.as_bytes()) {
            return Ok(LookupAnswer(Err(Rejection::OriginNotAllowed)));
        }
        let scope = self
            .scope
            .as_ref()
            .map_or_else(Scope::default, |scope| scope(&RequestHead::of(request)));
        let now = self.cache.now();
        if let Some(entry) = self.cache.get(self.id, line.as_bytes(), &scope, now) {
            return Ok(LookupAnswer::new(entry, now));
        }
        let Ok(origin) = Origin::try_from(line) else {
            return Ok(LookupAnswer(Err(Rejection::OriginNotAllowed)));
        };
        let lookup = || {
            let lookup = (self.lookup)(origin.clone(), scope.clone());
            report_failure(lookup, origin.clone(), scope.clone())
        };
        match self
            .cache
            .get_or_lookup(self.id, &origin, &scope, now, lookup)
        {
            Cached::Entry(entry) => Ok(LookupAnswer::new(entry, now)),
            Cached::InFlight(lookup) => Err(Lookup {
                lookup,
                cache: self.cache.clone(),
            }),
        }
    }
}

/// Runs a lookup. Its failure or panic is reported once, however many requests wait for it.
async fn report_failure(
    lookup: impl Future<Output = Result<Option<Policy>, String>> + Send,
    origin: Origin,
    scope: Scope,
) -> Result<Option<Policy>, LookupFailed> {
    let error = match AssertUnwindSafe(lookup).catch_unwind().await {
        Ok(Ok(policy)) => return Ok(policy),
        Ok(Err(error)) => error,
        Err(_) => "the lookup panicked".to_owned(),
    };
    telemetry::lookup_failed(&origin, &scope, &error);
    Err(LookupFailed)
}

/// What a lookup answered, now or earlier.
pub(crate) struct LookupAnswer(Result<LookedUp, Rejection>);

impl LookupAnswer {
    fn new(entry: Entry, now: Instant) -> Self {
        let remaining = entry.remaining(now);
        let found = entry.policy.map(|policy| LookedUp { policy, remaining });
        Self(found.ok_or(Rejection::OriginNotAllowed))
    }

    pub(crate) fn policies(&self) -> PolicySet<'_> {
        match &self.0 {
            Ok(found) => PolicySet::LookedUp(found),
            Err(rejection) => PolicySet::None(*rejection),
        }
    }
}

/// A lookup in flight.
#[derive(Clone)]
pub(crate) struct Lookup {
    lookup: InFlightLookup,
    cache: PolicyCache,
}

impl Future for Lookup {
    type Output = LookupAnswer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<LookupAnswer> {
        let result = std::task::ready!(self.lookup.poll_unpin(cx));
        Poll::Ready(match result {
            Ok(entry) => LookupAnswer::new(entry, self.cache.now()),
            Err(LookupFailed) => LookupAnswer(Err(Rejection::LookupFailed)),
        })
    }
}

impl fmt::Debug for DynamicPolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicPolicies")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
