//! The counters of a cache.

/// The counters of a [`PolicyCache`](crate::PolicyCache), since it was created.
///
/// With the feature `metrics`, they are also metrics: `cors_cache_events_total` and `cors_cache_entries`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests whose decision was cached.
    pub hits: u64,
    /// Requests that started a lookup.
    pub misses: u64,
    /// Requests that waited for a lookup that another request had started.
    pub coalesced: u64,
    /// Lookups that failed or panicked.
    pub failures: u64,
    /// Entries that were removed because the cache was full.
    pub evictions: u64,
    /// Entries in the cache now: permissions and rejections.
    pub entries: usize,
}
