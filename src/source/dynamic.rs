//! Policies that are looked up: per origin and scope, asynchronously, behind the preflight cache.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::FutureExt;
use http::{HeaderMap, Request, Uri};

use super::Candidates;
use crate::cache::{Asked, Decided, Flight, Outcome, PolicyCache, Remaining};
use crate::decision::Rejection;
use crate::origin::{MAX_ORIGIN, Origin};
use crate::policy::Policy;
use crate::request::RequestOrigin;
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

/// What a lookup depends on beside the origin, such as a tenant: part of what its answer is cached under.
///
/// Cloning is one reference count.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Scope(Option<Arc<str>>);

impl Scope {
    /// The scope as text; empty where none was taken.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T: Into<Arc<str>>> From<T> for Scope {
    fn from(text: T) -> Self {
        Self(Some(text.into()).filter(|text| !text.is_empty()))
    }
}

impl AsRef<str> for Scope {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The head of a request, of which a scope is taken.
///
/// There is no method: a preflight must fall into the scope of the request that it asks for.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl<'a> RequestHead<'a> {
    /// Where the request was sent, in lower case and without the port; from `:authority`, or else `Host`.
    pub fn host(&self) -> Option<String> {
        crate::enforce::authority(self.uri, self.headers)
            .map(|authority| authority.host().to_ascii_lowercase())
    }

    /// The path as it came: not decoded, and nothing resolved.
    pub fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// The URI as it came.
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// The headers. A preflight has none of those that the page sets, and no credentials.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
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
    take_scope: Option<Arc<TakeScope>>,
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

    /// The first of these policies that allows an origin: where asking them is slow.
    pub(super) fn of_policies(policies: Arc<[Policy]>) -> Self {
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
            take_scope: None,
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
        self.take_scope = Some(Arc::new(move |head| take(head).into()));
        self
    }

    /// Keeps decisions in this cache; keep a clone to [invalidate](PolicyCache::invalidate) them.
    #[must_use]
    pub fn cache(mut self, cache: PolicyCache) -> Self {
        self.cache = cache;
        self
    }

    /// What is known of a request's origin, or the lookup that will tell.
    pub(crate) fn ask<B>(&self, request: &Request<B>, origin: RequestOrigin<'_>) -> Ask {
        let line = match origin {
            RequestOrigin::Line(line) => line,
            RequestOrigin::Absent => {
                return Ask::Answered(Answered(Err(Rejection::OriginNotAllowed)));
            }
            RequestOrigin::Repeated => {
                return Ask::Answered(Answered(Err(Rejection::OriginRepeated)));
            }
        };
        if line.len() > MAX_ORIGIN {
            return Ask::Answered(Answered(Err(Rejection::OriginMalformed)));
        }
        let head = RequestHead {
            uri: request.uri(),
            headers: request.headers(),
        };
        let scope = self
            .take_scope
            .as_ref()
            .map_or_else(Scope::default, |take| take(&head));
        let now = self.cache.now();
        if let Some(decided) = self.cache.known(self.id, line.as_bytes(), &scope, now) {
            return Ask::Answered(Answered::of(decided, now));
        }
        let Ok(origin) = Origin::try_from(line) else {
            return Ask::Answered(Answered(Err(Rejection::OriginMalformed)));
        };
        let lookup = || {
            let asked = (self.lookup)(origin.clone(), scope.clone());
            report_failure(asked, origin.clone(), scope.clone())
        };
        match self.cache.ask(self.id, &origin, &scope, now, lookup) {
            Asked::Known(decided) => Ask::Answered(Answered::of(decided, now)),
            Asked::Flight(flight) => Ask::Lookup(Lookup {
                flight,
                cache: self.cache.clone(),
            }),
        }
    }
}

/// Runs a lookup, and tells of its failure or panic once, however many wait for it.
async fn report_failure(
    lookup: impl Future<Output = Result<Option<Policy>, String>> + Send,
    origin: Origin,
    scope: Scope,
) -> Result<Option<Policy>, ()> {
    match std::panic::AssertUnwindSafe(lookup).catch_unwind().await {
        Ok(Ok(policy)) => Ok(policy),
        Ok(Err(error)) => {
            telemetry::lookup_failed(&origin, &scope, &error);
            Err(())
        }
        Err(_) => {
            telemetry::lookup_failed(&origin, &scope, "the lookup panicked");
            Err(())
        }
    }
}

/// What a source says of a request.
pub(crate) enum Ask {
    Answered(Answered),
    Lookup(Lookup),
}

/// What a lookup said, now or earlier.
pub(crate) struct Answered(Result<Found, Rejection>);

impl Answered {
    fn of(decided: Decided, now: Instant) -> Self {
        let remaining = decided.remaining(now);
        let found = decided.policy.map(|policy| Found { policy, remaining });
        Self(found.ok_or(Rejection::OriginNotAllowed))
    }

    pub(crate) fn candidates(&self) -> Candidates<'_> {
        Candidates::LookedUp(self.0.as_ref().map_err(|rejection| *rejection))
    }
}

/// The policy that a lookup found, which allows the origin.
pub(crate) struct Found {
    pub(crate) policy: Policy,
    pub(crate) remaining: Remaining,
}

/// A lookup under way.
pub(crate) struct Lookup {
    flight: Flight,
    cache: PolicyCache,
}

impl Future for Lookup {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        let outcome = std::task::ready!(self.flight.poll_unpin(cx));
        Poll::Ready(match outcome {
            Outcome::Decided(decided) => Answered::of(decided, self.cache.now()),
            Outcome::Failed => Answered(Err(Rejection::LookupFailed)),
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
