//! The cache of the decisions that lookups made.

mod entries;
mod in_flight;
mod stats;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::abortable;

use entries::{Entries, Key, KeyRef};
pub(crate) use entries::{Entry, Found};
use in_flight::{Background, InFlight};
pub(crate) use in_flight::{InFlightLookup, LookupFailed, LookupResult};
pub use stats::CacheStats;

use crate::clock::Instant;
use crate::origin::Origin;
use crate::scope::Scope;
use crate::telemetry;

/// The longest scope that is cached, in bytes. Clients may choose scopes, so this bounds the memory of an entry.
const MAX_SCOPE: usize = 512;

/// How many lookups may be in flight if another one is to run in the background. It bounds the memory of those that hang.
/// Requests wait for more.
const MAX_BACKGROUND: usize = 1_024;

/// A lookup that runs in the background.
type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A cache of the decisions that lookups made, for [`DynamicPolicies`](crate::DynamicPolicies).
///
/// It is in the server, and serves every request: preflights and actual requests. The browser's preflight cache is another
/// one. No server can remove an entry from that, but this cache bounds how long its entries last.
///
/// An entry is the policy that a lookup returned for an origin in a [`Scope`], or a rejection. Failed lookups are not
/// cached.
///
/// # Max-Age is a budget
///
/// The server and the browser share one Max-Age, which starts when the lookup starts:
///
/// - The server uses a decision for half of the Max-Age. The next request after that starts a new lookup and waits for it.
///   Other requests are served with the old decision meanwhile. With [`spawn`](PolicyCacheBuilder::spawn), no request
///   waits.
/// - A preflight gets what is left of the Max-Age, in whole seconds, rounded down.
/// - If the new lookup fails, the old decision serves until its Max-Age ends. The next attempt starts after an eighth of the
///   Max-Age, so a source that fails is asked four times for each decision.
///
/// With a Max-Age of 600 s, a lookup that starts at 0 s, and a preflight that is answered at 200 s:
///
/// ```text
///   0 s       200 s     300 s                         600 s
///   |---------|---------|-----------------------------|
///   | server: fresh     | server: until a refresh ends|
///             | browser: Access-Control-Max-Age: 400  |
/// lookup   preflight  refresh                     Max-Age ends
/// starts              starts
/// ```
///
/// So no page uses a permission later than one Max-Age after it was revoked at the source, by the server's
/// [clock](#clocks), and a browser keeps a
/// permission for at least half of the Max-Age, unless lookups fail or are slow. A policy without Max-Age has the 5 seconds that
/// browsers assume. A policy with a Max-Age of 0 is not cached.
///
/// # Clocks
///
/// The server measures the budget by its monotonic clock, and a browser counts from the arrival of the answer. So the bound
/// is Max-Age × (1 + drift) + transit, if a second of the server's clock lasts 1 + drift seconds, and an answer travels for
/// transit. The time of day does not matter, so machines need not agree on it.
///
/// On Linux, [`std::time::Instant`] stands still while the machine is suspended. Call
/// [`invalidate_all`](Self::invalidate_all) when it resumes.
///
/// # Invalidation
///
/// Call [`invalidate`](Self::invalidate) to end a permission earlier, for example when a message bus reports that it was
/// revoked. Every clone is the same cache:
///
/// ```
/// use tower_cors::{CorsLayer, DynamicPolicies, Policy, PolicyCache};
///
/// let cache = PolicyCache::builder().capacity(50_000).build();
/// let policies = DynamicPolicies::from_predicate(Policy::builder(), |origin, _| async move {
///     Ok::<_, std::io::Error>(origin.as_str() == "https://app.example.com")
/// })?
/// .cache(cache.clone());
/// let layer = CorsLayer::new(policies);
/// // Later, from any thread:
/// cache.invalidate(&"https://app.example.com".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
///
/// A cached permission takes one hash probe, a cached rejection two. Cloning increments one reference count.
///
/// Memory is bounded by the [capacity](PolicyCacheBuilder::capacity). Clients can invent any number of origins, so
/// rejections have a capacity of their own and never evict a permission. If the source allows origins that clients can
/// invent, such as all subdomains of a domain, then origins that come once do not evict those in use. A flood that repeats
/// its origins does.
#[doc(alias = "PreflightCache")]
#[derive(Clone)]
pub struct PolicyCache(Arc<Inner>);

struct Inner {
    entries: Entries,
    /// Entries are inserted and removed under this lock, so that a lookup that was invalidated cannot insert its entry.
    in_flight: Mutex<InFlight>,
    negative_ttl: Duration,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    spawn: Option<Box<dyn Fn(Task) + Send + Sync>>,
    next_lookup: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    refreshes: AtomicU64,
    coalesced: AtomicU64,
    failures: AtomicU64,
    invalidations: AtomicU64,
}

/// The entry of a key, or the lookup that will return it.
pub(crate) enum Cached {
    Entry(Entry),
    InFlight(InFlightLookup),
}

impl PolicyCache {
    /// Returns a builder of a cache of 10,000 permissions, which keeps rejections for 5 seconds.
    pub fn builder() -> PolicyCacheBuilder {
        PolicyCacheBuilder::default()
    }

    /// Removes the decisions about `origin` in every scope.
    ///
    /// Every request that comes after this call is decided by a lookup that starts after it, even if another lookup is in
    /// flight. Browsers keep the answers to earlier preflights until their Max-Age ends.
    ///
    /// # Cost
    ///
    /// Linear in the number of entries, as for the other `invalidate` functions.
    #[doc(alias = "revoke")]
    #[doc(alias = "remove")]
    pub fn invalidate(&self, origin: &Origin) {
        self.invalidate_where(|key| *key.origin == *origin.as_str().as_bytes());
    }

    /// Removes the decisions in `scope` about every origin. See [`invalidate`](Self::invalidate).
    pub fn invalidate_scope(&self, scope: &Scope) {
        self.invalidate_where(|key| key.scope == *scope);
    }

    /// Removes all decisions. See [`invalidate`](Self::invalidate).
    #[doc(alias = "clear")]
    pub fn invalidate_all(&self) {
        self.invalidate_where(|_| true);
    }

    /// Returns what the cache did since it was created.
    pub fn stats(&self) -> CacheStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheStats {
            hits: read(&self.0.hits),
            misses: read(&self.0.misses),
            refreshes: read(&self.0.refreshes),
            coalesced: read(&self.0.coalesced),
            failures: read(&self.0.failures),
            invalidations: read(&self.0.invalidations),
            evictions: self.0.entries.evictions(),
            entries: self.0.entries.len(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        (self.0.clock)()
    }

    fn invalidate_where(&self, is_invalid: impl Fn(&Key) -> bool) {
        self.0.count(&self.0.invalidations, "invalidation");
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
        self.0.count_hit(&entry, now);
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
        F: Future<Output = Result<Found, LookupFailed>> + Send + 'static,
    {
        let key = Key {
            source,
            origin: origin.as_str().as_bytes().into(),
            scope: scope.clone(),
        };
        let mut in_flight = self.0.in_flight();
        // Another lookup may have started or ended since the entry was missed.
        if let Some(entry) = self.get(source, &key.origin, scope, now) {
            return Cached::Entry(entry);
        }
        let old = self.0.entries.allowed(&key);
        let old = old.and_then(|entry| entry.while_refreshing(now));
        if let Some(old) = &old {
            self.0.entries.replace(key.clone(), old.clone());
        }
        match (in_flight.get(&key, now), old) {
            (Some(_), Some(old)) => {
                self.0.count_hit(&old, now);
                Cached::Entry(old)
            }
            (Some(lookup), None) => {
                self.0.count(&self.0.coalesced, "coalesced");
                Cached::InFlight(lookup)
            }
            (None, old) => {
                self.0.count(&self.0.misses, "miss");
                if old.is_some() {
                    self.0.count(&self.0.refreshes, "refresh");
                }
                let id = self.0.next_lookup.fetch_add(1, Ordering::Relaxed);
                let guard = InFlightGuard {
                    cache: self.clone(),
                    key: key.clone(),
                    id,
                    started: now,
                    outcome: "abandoned",
                    is_counted: telemetry::lookup_started(),
                };
                let lookup = lookup();
                let lookup = async move { guard.finish(lookup.await) }.boxed().shared();
                let is_full = in_flight.len() >= MAX_BACKGROUND;
                let (Some(spawn), Some(old), false) = (&self.0.spawn, old, is_full) else {
                    in_flight.insert(key, id, &lookup, None);
                    return Cached::InFlight(lookup);
                };
                let (task, handle) = abortable(lookup.clone().map(drop));
                let until = old.next_expires(now);
                in_flight.insert(key, id, &lookup, Some(Background { handle, until }));
                // What is the user's runs without the lock.
                drop(in_flight);
                spawn(task.map(drop).boxed());
                Cached::Entry(old)
            }
        }
    }
}

impl Inner {
    fn count(&self, counter: &AtomicU64, event: &'static str) {
        counter.fetch_add(1, Ordering::Relaxed);
        telemetry::count_cache(event);
    }

    fn count_hit(&self, entry: &Entry, now: Instant) {
        self.count(&self.hits, "hit");
        telemetry::record_age(|| entry.age(now, self.negative_ttl));
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
    started: Instant,
    outcome: &'static str,
    is_counted: bool,
}

impl InFlightGuard {
    fn finish(mut self, found: Result<Found, LookupFailed>) -> LookupResult {
        self.outcome = match &found {
            Ok(Found::Allowed(_)) => "allowed",
            Ok(Found::Rejected { .. }) => "rejected",
            Err(_) => "failed",
        };
        let inner = &self.cache.0;
        let found = match found {
            Ok(found) => found,
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
        let entry = Entry::new(found, self.started, inner.negative_ttl);
        let in_flight = inner.in_flight();
        if in_flight.has(&self.key, self.id) && self.key.scope.as_str().len() <= MAX_SCOPE {
            if entry.is_expired(self.started) {
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
        if self.is_counted {
            let duration = self.cache.now().saturating_duration_since(self.started);
            telemetry::lookup_ended(self.outcome, duration);
        }
    }
}

/// A builder of a [`PolicyCache`].
///
/// ```
/// use std::time::Duration;
/// use tower_cors::PolicyCache;
///
/// let cache = PolicyCache::builder()
///     .capacity(50_000)
///     .negative_ttl(Duration::from_secs(30))
///     .build();
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct PolicyCacheBuilder {
    capacity: usize,
    negative_ttl: Duration,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
    spawn: Option<Box<dyn Fn(Task) + Send + Sync>>,
}

impl Default for PolicyCacheBuilder {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            negative_ttl: Duration::from_secs(5),
            clock: Box::new(Instant::now),
            spawn: None,
        }
    }
}

impl PolicyCacheBuilder {
    /// Sets how many permissions are cached. The default is 10,000, and the minimum 1.
    ///
    /// One entry takes about 154 bytes if its origin has 30 bytes and its scope is the default one. In addition, the cache
    /// holds a tenth as many rejections.
    pub fn capacity(mut self, permissions: usize) -> Self {
        self.capacity = permissions.max(1);
        self
    }

    /// Sets how long a rejection is cached. The default is 5 seconds, and zero caches none.
    ///
    /// A newly allowed origin is rejected for at most this time, because browsers do not cache rejections.
    #[doc(alias = "time_to_live")]
    pub fn negative_ttl(mut self, duration: Duration) -> Self {
        self.negative_ttl = duration;
        self
    }

    /// Sets the clock, so that a test can let decisions expire without waiting. The clock must not go back.
    ///
    /// `Instant` is that of the standard library. On `wasm32-unknown-unknown`, where that one panics, it is that of the crate
    /// `web-time`, which asks `performance.now()`.
    pub fn clock(mut self, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Sets what runs lookups in the background, such as `tokio::spawn`. By default nothing does.
    ///
    /// When half of the Max-Age has passed, a lookup refreshes the decision. With this, no request waits for it: all are
    /// served from the cache meanwhile. Without it, the request that starts the lookup waits for it, because the cache has
    /// no runtime of its own.
    ///
    /// ```
    /// use tower_cors::PolicyCache;
    ///
    /// let cache = PolicyCache::builder().spawn(tokio::spawn).build();
    /// ```
    ///
    /// `spawn` is called while a request is handled. The future that it gets must be polled until it ends. If it is
    /// dropped instead, the next attempt to refresh the decision starts after an eighth of the Max-Age.
    ///
    /// At most 1,024 lookups run in the background at once. Requests wait for more. A lookup of an origin that has no
    /// valid decision is not run in the background, because its requests wait for it anyway.
    #[doc(alias = "stale_while_revalidate")]
    #[doc(alias = "executor")]
    pub fn spawn<T>(
        mut self,
        spawn: impl Fn(Pin<Box<dyn Future<Output = ()> + Send>>) -> T + Send + Sync + 'static,
    ) -> Self {
        self.spawn = Some(Box::new(move |task| drop(spawn(task))));
        self
    }

    /// Creates the cache.
    pub fn build(self) -> PolicyCache {
        PolicyCache(Arc::new(Inner {
            entries: Entries::new(self.capacity),
            in_flight: Mutex::default(),
            negative_ttl: self.negative_ttl,
            clock: self.clock,
            spawn: self.spawn,
            next_lookup: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            refreshes: AtomicU64::new(0),
            coalesced: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            invalidations: AtomicU64::new(0),
        }))
    }
}

impl Default for PolicyCache {
    /// Creates a cache of 10,000 permissions, which keeps rejections for 5 seconds.
    fn default() -> Self {
        Self::builder().build()
    }
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
        type Lookup = futures_util::future::BoxFuture<'static, Result<Found, LookupFailed>>;
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
