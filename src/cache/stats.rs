//! The counters of a cache.

/// The counters of a [`PolicyCache`](crate::PolicyCache), since it was created.
///
/// With the feature `metrics`, they are also metrics:
///
/// | metric | labels | what it counts |
/// |---|---|---|
/// | `cors_cache_events_total` | `event`: `hit`, `miss`, `refresh`, `coalesced`, `failure`, `eviction`, `invalidation` | the counters below |
/// | `cors_cache_entries` | | the entries now |
/// | `cors_decision_age_seconds` | | a histogram of the age of cached decisions when a request uses them |
/// | `cors_lookups_in_flight` | | the lookups that have started and not ended |
/// | `cors_lookup_duration_seconds` | `outcome`: `allowed`, `rejected`, `failed`, `abandoned` | a histogram of the time that lookups take |
///
/// A lookup is abandoned if all requests that wait for it are dropped before it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests whose decision was cached.
    pub hits: u64,
    /// Requests that started a lookup.
    pub misses: u64,
    /// Of `misses`, lookups that refreshed a decision that was still valid.
    pub refreshes: u64,
    /// Requests that waited for a lookup that another request had started.
    pub coalesced: u64,
    /// Lookups that failed or panicked.
    pub failures: u64,
    /// Entries that were removed because the cache was full.
    pub evictions: u64,
    /// Calls of [`invalidate`](crate::PolicyCache::invalidate) and its siblings.
    pub invalidations: u64,
    /// Entries in the cache now: permissions and rejections.
    pub entries: usize,
}
