//! The preflight cache: what a source decided, for as long as its Max-Age allows.

mod decisions;
mod flights;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use decisions::{Decisions, Key, KeyRef};
pub(crate) use flights::Flight;
use flights::Flights;

use crate::origin::Origin;
use crate::policy::Policy;
use crate::source::Scope;
use crate::telemetry;

/// What browsers keep an answer that names no Max-Age: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>.
const BROWSERS_DEFAULT: Duration = Duration::from_secs(5);
/// The longest scope that is cached, in bytes. It may be taken from what a client sends, and bounds what an entry costs.
const MAX_SCOPE: usize = 512;

/// The decisions of a source, kept for as long as their Max-Age allows.
///
/// # Max-Age is a budget
///
/// A policy's Max-Age counts from the moment its lookup *started*, and is spent once: the server keeps a decision for at
/// most half of it, and tells browsers what is left. So a browser always gets at least half, and no page uses a permission
/// later than Max-Age after it was revoked at the source. After half, the next request looks up again; if that fails, the
/// old decision serves until the budget ends. A policy that names no Max-Age has the 5 seconds that browsers take for it,
/// and one of 0 is not kept.
///
/// # Invalidation
///
/// Cloning is one reference count, and every clone is the same cache, so that a message bus can drive it:
///
/// ```
/// use tower_cors::PolicyCache;
///
/// let cache = PolicyCache::builder().capacity(10_000).build();
/// let listener = cache.clone();
/// // When the bus says that the origin was revoked:
/// listener.invalidate(&"https://app.example.com".parse()?);
/// # Ok::<(), tower_cors::OriginError>(())
/// ```
///
/// # Cost
///
/// One hash probe for a grant that is kept, two for a rejection. Memory is bounded by the capacity. Rejections have room of
/// their own, so that invented origins evict no grant, in whatever number and however often they come. Where the source
/// grants what a client can invent, such as any subdomain, those in use are kept against origins that come once each, and
/// not against a flood that repeats them.
#[derive(Clone)]
pub struct PolicyCache(Arc<Inner>);

struct Inner {
    decisions: Decisions,
    /// The lookups under way. Whoever changes it holds its lock, and decisions are entered and taken out under it, so
    /// that a lookup which was invalidated cannot enter what it found.
    flights: Mutex<Flights>,
    negative_ttl: Duration,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    next_flight: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    coalesced: AtomicU64,
    failures: AtomicU64,
}

/// What came of a lookup.
#[derive(Clone)]
pub(crate) enum Outcome {
    Decided(Decided),
    Failed,
}

/// What is known of a key, or the lookup that will tell.
pub(crate) enum Asked {
    Known(Decided),
    Flight(Flight),
}

/// What a source said of an origin in a scope.
#[derive(Clone)]
pub(crate) struct Decided {
    pub(crate) policy: Option<Policy>,
    /// Until when the server serves it without asking again.
    fresh_until: Instant,
    /// When its Max-Age ends, in the server and in browsers together.
    ends: Instant,
}

impl Decided {
    fn of(policy: Option<Policy>, at: Instant, negative_ttl: Duration) -> Self {
        let (budget, share) = match &policy {
            Some(policy) => {
                let max_age = policy.compiled().max_age_or(BROWSERS_DEFAULT);
                (max_age, max_age / 2)
            }
            // A browser is told nothing that it could keep of a rejection.
            None => (negative_ttl, negative_ttl),
        };
        // No clock is so near its end; one that was would keep nothing.
        let after = |duration| at.checked_add(duration).unwrap_or(at);
        Self {
            policy,
            fresh_until: after(share),
            ends: after(budget),
        }
    }

    pub(crate) fn remaining(&self, now: Instant) -> Remaining {
        Remaining {
            ends: self.ends,
            now,
        }
    }
}

/// What is left of a decision's Max-Age.
#[derive(Clone, Copy)]
pub(crate) struct Remaining {
    ends: Instant,
    now: Instant,
}

impl Remaining {
    /// In whole seconds, rounded down.
    pub(crate) fn seconds(self) -> u64 {
        self.ends.saturating_duration_since(self.now).as_secs()
    }
}

impl PolicyCache {
    /// A cache of 10,000 grants that keeps rejections for 5 seconds, to go on with.
    pub fn builder() -> PolicyCacheBuilder {
        PolicyCacheBuilder::default()
    }

    /// Forgets what was decided of `origin`, in every scope.
    ///
    /// It holds for every request that starts after this call returns, also against a lookup that is under way. Browsers
    /// keep what they were told until its Max-Age ends: nothing can recall it.
    ///
    /// # Cost
    ///
    /// Linear in the number of decisions kept, as for each of these calls.
    pub fn invalidate(&self, origin: &Origin) {
        self.forget(|key| *key.origin == *origin.as_str().as_bytes());
    }

    /// Forgets what was decided in `scope`, of every origin. See [`invalidate`](Self::invalidate).
    pub fn invalidate_scope(&self, scope: &Scope) {
        self.forget(|key| key.scope == *scope);
    }

    /// Forgets everything. See [`invalidate`](Self::invalidate).
    pub fn invalidate_all(&self) {
        self.forget(|_| true);
    }

    /// What happened since the cache was made.
    pub fn stats(&self) -> CacheStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheStats {
            hits: read(&self.0.hits),
            misses: read(&self.0.misses),
            coalesced: read(&self.0.coalesced),
            failures: read(&self.0.failures),
            evictions: self.0.decisions.evictions(),
            entries: self.0.decisions.len(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        (self.0.clock)()
    }

    fn forget(&self, forgotten: impl Fn(&Key) -> bool) {
        let mut flights = self.0.flights();
        flights.forget(&forgotten);
        self.0.decisions.forget(forgotten);
        telemetry::gauge_cache(self.0.decisions.len());
    }

    /// What is known of an origin in a scope.
    ///
    /// The origin need not have been parsed: what equals one that was is one.
    #[inline]
    pub(crate) fn known(
        &self,
        source: u64,
        origin: &[u8],
        scope: &Scope,
        now: Instant,
    ) -> Option<Decided> {
        let key = KeyRef {
            source,
            origin,
            scope,
        };
        let decided = self.0.decisions.get(&key)?;
        if now >= decided.fresh_until {
            return None;
        }
        self.0.count(&self.0.hits, "hit");
        Some(decided)
    }

    /// The lookup that will tell what is not [known](Self::known): the one under way, or a new one.
    pub(crate) fn ask<F>(
        &self,
        source: u64,
        origin: &Origin,
        scope: &Scope,
        now: Instant,
        lookup: impl FnOnce() -> F,
    ) -> Asked
    where
        F: Future<Output = Result<Option<Policy>, ()>> + Send + 'static,
    {
        let key = Key {
            source,
            origin: origin.as_str().as_bytes().into(),
            scope: scope.clone(),
        };
        let mut flights = self.0.flights();
        if let Some(flight) = flights.get(&key) {
            self.0.count(&self.0.coalesced, "coalesced");
            return Asked::Flight(flight);
        }
        // Another may have finished since the first look.
        if let Some(decided) = self.known(source, &key.origin, scope, now) {
            return Asked::Known(decided);
        }
        self.0.count(&self.0.misses, "miss");
        let id = self.0.next_flight.fetch_add(1, Ordering::Relaxed);
        let landing = Landing {
            cache: self.clone(),
            key: key.clone(),
            id,
        };
        let lookup = lookup();
        let flight = async move { landing.land(now, lookup.await) }
            .boxed()
            .shared();
        flights.insert(key, id, &flight);
        Asked::Flight(flight)
    }
}

impl Inner {
    fn count(&self, counter: &AtomicU64, event: &'static str) {
        counter.fetch_add(1, Ordering::Relaxed);
        telemetry::count_cache(event);
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        // Nothing that can panic runs under the lock.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a flight: what it found is entered, and it is struck off the list, also when all have dropped it.
struct Landing {
    cache: PolicyCache,
    key: Key,
    id: u64,
}

impl Landing {
    fn land(self, started: Instant, found: Result<Option<Policy>, ()>) -> Outcome {
        let inner = &self.cache.0;
        let Ok(policy) = found else {
            inner.count(&inner.failures, "failure");
            let now = self.cache.now();
            // The old decision serves until its budget ends, unless it was invalidated meanwhile.
            return match inner.decisions.granted(&self.key) {
                Some(old) if now < old.ends => Outcome::Decided(old),
                _ => Outcome::Failed,
            };
        };
        let decided = Decided::of(policy, started, inner.negative_ttl);
        let flights = inner.flights();
        if flights.has(&self.key, self.id) && self.key.scope.as_str().len() <= MAX_SCOPE {
            if decided.ends <= started {
                inner.decisions.remove(&self.key);
            } else {
                inner.decisions.insert(self.key.clone(), decided.clone());
            }
            telemetry::gauge_cache(inner.decisions.len());
        }
        drop(flights);
        Outcome::Decided(decided)
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.cache.0.flights().remove(&self.key, self.id);
    }
}

/// Makes a [`PolicyCache`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct PolicyCacheBuilder {
    capacity: usize,
    negative_ttl: Duration,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
}

impl Default for PolicyCacheBuilder {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            negative_ttl: Duration::from_secs(5),
            clock: Box::new(Instant::now),
        }
    }
}

impl PolicyCacheBuilder {
    /// How many grants are kept: 10,000 by default, at least 1. Beside them there is room for a tenth as many rejections.
    pub fn capacity(mut self, decisions: usize) -> Self {
        self.capacity = decisions.max(1);
        self
    }

    /// How long a rejection is kept: 5 seconds by default; zero keeps none.
    pub fn negative_ttl(mut self, duration: Duration) -> Self {
        self.negative_ttl = duration;
        self
    }

    /// Takes the time from `clock`, which must not go back: for tests that let decisions expire without waiting.
    pub fn clock(mut self, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The cache.
    pub fn build(self) -> PolicyCache {
        PolicyCache(Arc::new(Inner {
            decisions: Decisions::new(self.capacity),
            flights: Mutex::default(),
            negative_ttl: self.negative_ttl,
            clock: self.clock,
            next_flight: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            coalesced: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }))
    }
}

/// What a [`PolicyCache`] did since it was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests whose decision was kept.
    pub hits: u64,
    /// Requests that started a lookup.
    pub misses: u64,
    /// Requests that waited for another's lookup.
    pub coalesced: u64,
    /// Lookups that failed or panicked.
    pub failures: u64,
    /// Decisions that made room for others.
    pub evictions: u64,
    /// Decisions that are kept now.
    pub entries: usize,
}

impl fmt::Debug for PolicyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyCache").field(&self.stats()).finish()
    }
}

impl fmt::Debug for PolicyCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyCacheBuilder")
            .field("capacity", &self.capacity)
            .field("negative_ttl", &self.negative_ttl)
            .finish_non_exhaustive()
    }
}
