//! The policies that a source found, for as long as their Max-Age allows.

mod entries;
mod in_flight;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;

pub(crate) use entries::Entry;
use entries::{Entries, Key, KeyRef};
use in_flight::InFlight;
pub(crate) use in_flight::{InFlightLookup, LookupFailed, LookupResult};

use crate::origin::Origin;
use crate::policy::Policy;
use crate::scope::Scope;
use crate::telemetry;

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
    entries: Entries,
    /// Entries are inserted and removed under this lock, so that a lookup that was invalidated cannot insert its entry.
    in_flight: Mutex<InFlight>,
    negative_ttl: Duration,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    next_lookup: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    coalesced: AtomicU64,
    failures: AtomicU64,
}

/// What is known of a key, or the lookup that will tell.
pub(crate) enum Cached {
    Entry(Entry),
    InFlight(InFlightLookup),
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
        self.invalidate_where(|key| *key.origin == *origin.as_str().as_bytes());
    }

    /// Forgets what was decided in `scope`, of every origin. See [`invalidate`](Self::invalidate).
    pub fn invalidate_scope(&self, scope: &Scope) {
        self.invalidate_where(|key| key.scope == *scope);
    }

    /// Forgets everything. See [`invalidate`](Self::invalidate).
    pub fn invalidate_all(&self) {
        self.invalidate_where(|_| true);
    }

    /// What happened since the cache was made.
    pub fn stats(&self) -> CacheStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheStats {
            hits: read(&self.0.hits),
            misses: read(&self.0.misses),
            coalesced: read(&self.0.coalesced),
            failures: read(&self.0.failures),
            evictions: self.0.entries.evictions(),
            entries: self.0.entries.len(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        (self.0.clock)()
    }

    fn invalidate_where(&self, is_invalid: impl Fn(&Key) -> bool) {
        let mut in_flight = self.0.in_flight();
        in_flight.invalidate(&is_invalid);
        self.0.entries.invalidate(is_invalid);
        telemetry::gauge_cache(self.0.entries.len());
    }

    /// Returns the entry of an origin in a scope, if it is fresh.
    ///
    /// The origin need not have been parsed: a text that equals a valid origin is one.
    #[inline]
    pub(crate) fn get(
        &self,
        source: u64,
        origin: &[u8],
        scope: &Scope,
        now: Instant,
    ) -> Option<Entry> {
        let key = KeyRef {
            source,
            origin,
            scope,
        };
        let entry = self.0.entries.get(&key)?;
        if !entry.is_fresh(now) {
            return None;
        }
        self.0.count(&self.0.hits, "hit");
        Some(entry)
    }

    /// Returns the lookup that is in flight, or a new one, unless there is a fresh entry by now.
    pub(crate) fn get_or_lookup<F>(
        &self,
        source: u64,
        origin: &Origin,
        scope: &Scope,
        now: Instant,
        lookup: impl FnOnce() -> F,
    ) -> Cached
    where
        F: Future<Output = Result<Option<Policy>, LookupFailed>> + Send + 'static,
    {
        let key = Key {
            source,
            origin: origin.as_str().as_bytes().into(),
            scope: scope.clone(),
        };
        let mut in_flight = self.0.in_flight();
        if let Some(lookup) = in_flight.get(&key) {
            self.0.count(&self.0.coalesced, "coalesced");
            return Cached::InFlight(lookup);
        }
        // Another lookup may have ended since the entry was missed.
        if let Some(entry) = self.get(source, &key.origin, scope, now) {
            return Cached::Entry(entry);
        }
        self.0.count(&self.0.misses, "miss");
        let id = self.0.next_lookup.fetch_add(1, Ordering::Relaxed);
        let guard = InFlightGuard {
            cache: self.clone(),
            key: key.clone(),
            id,
        };
        let lookup = lookup();
        let lookup = async move { guard.finish(now, lookup.await) }
            .boxed()
            .shared();
        in_flight.insert(key, id, &lookup);
        Cached::InFlight(lookup)
    }
}

impl Inner {
    fn count(&self, counter: &AtomicU64, event: &'static str) {
        counter.fetch_add(1, Ordering::Relaxed);
        telemetry::count_cache(event);
    }

    fn in_flight(&self) -> MutexGuard<'_, InFlight> {
        // Nothing that can panic runs under the lock.
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Inserts the entry of a lookup when it ends, and removes the lookup from the list, also if all requests dropped it.
struct InFlightGuard {
    cache: PolicyCache,
    key: Key,
    id: u64,
}

impl InFlightGuard {
    fn finish(self, started: Instant, found: Result<Option<Policy>, LookupFailed>) -> LookupResult {
        let inner = &self.cache.0;
        let policy = match found {
            Ok(policy) => policy,
            Err(failed) => {
                inner.count(&inner.failures, "failure");
                let now = self.cache.now();
                // The old entry serves until its Max-Age ends, unless it was invalidated meanwhile.
                return match inner.entries.allowed(&self.key) {
                    Some(old) if !old.is_expired(now) => Ok(old),
                    _ => Err(failed),
                };
            }
        };
        let entry = Entry::new(policy, started, inner.negative_ttl);
        let in_flight = inner.in_flight();
        if in_flight.has(&self.key, self.id) && self.key.scope.as_str().len() <= MAX_SCOPE {
            if entry.is_expired(started) {
                inner.entries.remove(&self.key);
            } else {
                inner.entries.insert(self.key.clone(), entry.clone());
            }
            telemetry::gauge_cache(inner.entries.len());
        }
        drop(in_flight);
        Ok(entry)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.cache.0.in_flight().remove(&self.key, self.id);
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
            entries: Entries::new(self.capacity),
            in_flight: Mutex::default(),
            negative_ttl: self.negative_ttl,
            clock: self.clock,
            next_lookup: AtomicU64::new(0),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_leaves_the_list_when_it_ends_and_when_all_requests_dropped_it() {
        let cache = PolicyCache::builder().build();
        let origin = "https://app.example.com".parse().unwrap();
        let ask = |lookup: Lookup| {
            let now = Instant::now();
            match cache.get_or_lookup(0, &origin, &Scope::default(), now, || lookup) {
                Cached::InFlight(lookup) => lookup,
                Cached::Entry(_) => panic!("nothing is known"),
            }
        };
        type Lookup =
            futures_util::future::BoxFuture<'static, Result<Option<Policy>, LookupFailed>>;
        for (lookup, ends) in [
            (std::future::pending().boxed(), false),
            (std::future::ready(Err(LookupFailed)).boxed(), true),
        ] {
            let lookup = ask(lookup);
            assert_eq!(cache.0.in_flight().len(), 1);
            assert_eq!(lookup.now_or_never().is_some(), ends);
            assert_eq!(cache.0.in_flight().len(), 0);
        }
    }
}
