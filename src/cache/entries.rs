//! The entries of the cache, and which of them are evicted.

use std::hash::{Hash, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::{Equivalent, Lifecycle, UnitWeighter, sync::Cache};

use crate::clock::Instant;
use crate::policy::Policy;
use crate::scope::Scope;
use crate::telemetry;

/// How long browsers keep an answer without Max-Age: <https://fetch.spec.whatwg.org/#cors-preflight-fetch>.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(5);

/// The result of a lookup for an origin in a scope.
pub(crate) enum Found {
    /// A policy that allows the origin.
    Allowed(Policy),
    /// No policy that allows the origin.
    Rejected {
        /// Set if requests from the service's own origin are not blocked.
        trusts_same_origin: bool,
    },
}

/// An entry of the cache: the result for an origin in a scope.
#[derive(Clone)]
pub(crate) enum Entry {
    Allowed {
        policy: Policy,
        /// Until then the server uses the entry without another lookup.
        fresh_until: Instant,
        /// Until then the server and browsers together may use the entry: the end of its Max-Age.
        expires: Instant,
    },
    Rejected {
        trusts_same_origin: bool,
        expires: Instant,
    },
}

impl Entry {
    /// The answer to a lookup that started at `started`.
    pub(super) fn new(found: Found, started: Instant, negative_ttl: Duration) -> Self {
        // An overflow keeps nothing.
        let after = |duration| started.checked_add(duration).unwrap_or(started);
        match found {
            Found::Allowed(policy) => {
                let max_age = policy.compiled().max_age_or(DEFAULT_MAX_AGE);
                Self::Allowed {
                    policy,
                    fresh_until: after(max_age / 2),
                    expires: after(max_age),
                }
            }
            // Browsers do not cache a rejection.
            Found::Rejected { trusts_same_origin } => Self::Rejected {
                trusts_same_origin,
                expires: after(negative_ttl),
            },
        }
    }

    #[inline]
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        match self {
            Self::Allowed { fresh_until, .. } => now < *fresh_until,
            Self::Rejected { expires, .. } => now < *expires,
        }
    }

    /// Returns the same decision, fresh for an eighth of its Max-Age while a lookup refreshes it, or `None` if it is a
    /// rejection or has expired.
    ///
    /// Until then, other requests are served without the lock, and no other lookup starts if this one fails. A source that
    /// fails is asked four times in the second half of Max-Age.
    pub(super) fn while_refreshing(self, now: Instant) -> Option<Self> {
        match self {
            Self::Allowed {
                policy, expires, ..
            } if now < expires => {
                let pause = policy.compiled().max_age_or(DEFAULT_MAX_AGE) / 8;
                let fresh_until = now.checked_add(pause).unwrap_or(expires);
                Some(Self::Allowed {
                    policy,
                    fresh_until: fresh_until.min(expires),
                    expires,
                })
            }
            _ => None,
        }
    }

    /// Returns how long ago the lookup of this decision started.
    pub(super) fn age(&self, now: Instant, negative_ttl: Duration) -> Duration {
        let (expires, lifetime) = match self {
            Self::Allowed {
                policy, expires, ..
            } => (expires, policy.compiled().max_age_or(DEFAULT_MAX_AGE)),
            Self::Rejected { expires, .. } => (expires, negative_ttl),
        };
        lifetime.saturating_sub(expires.saturating_duration_since(now))
    }

    /// Returns until when a lookup that starts now can find a permission, if its Max-Age is the same as this one's.
    pub(super) fn next_expires(&self, now: Instant) -> Instant {
        let max_age = match self {
            Self::Allowed { policy, .. } => policy.compiled().max_age_or(DEFAULT_MAX_AGE),
            Self::Rejected { .. } => Duration::ZERO,
        };
        now.checked_add(max_age).unwrap_or(now)
    }

    pub(super) fn is_expired(&self, now: Instant) -> bool {
        let (Self::Allowed { expires, .. } | Self::Rejected { expires, .. }) = self;
        now >= *expires
    }
}

/// How many allowed origins are kept for one rejected one.
const ALLOWED_TO_REJECTED: usize = 10;

type Storage = Cache<Key, Entry, UnitWeighter, RandomState, CountEvictions>;

/// The entries of a cache.
///
/// Clients can invent any number of origins, each of which is rejected. So rejections have storage of their own:
/// eviction by frequency would keep repeated ones instead of allowed origins.
pub(super) struct Entries {
    allowed: Storage,
    rejected: Storage,
    evictions: Arc<AtomicU64>,
}

impl Entries {
    pub(super) fn new(capacity: usize) -> Self {
        let evictions = Arc::new(AtomicU64::new(0));
        let storage = |entries: usize| {
            Storage::with(
                entries,
                entries as u64,
                UnitWeighter,
                RandomState::new(),
                CountEvictions(Arc::clone(&evictions)),
            )
        };
        Self {
            allowed: storage(capacity),
            rejected: storage((capacity / ALLOWED_TO_REJECTED).max(1)),
            evictions,
        }
    }

    #[inline]
    pub(super) fn get(&self, key: &KeyRef<'_>) -> Option<Entry> {
        self.allowed.get(key).or_else(|| self.rejected.get(key))
    }

    /// Returns the entry of an allowed origin, without counting it as a use.
    pub(super) fn allowed(&self, key: &Key) -> Option<Entry> {
        self.allowed.peek(key)
    }

    /// Keeps an entry instead of an earlier one.
    pub(super) fn insert(&self, key: Key, entry: Entry) {
        let (storage, other) = match entry {
            Entry::Allowed { .. } => (&self.allowed, &self.rejected),
            Entry::Rejected { .. } => (&self.rejected, &self.allowed),
        };
        other.remove(&key);
        storage.insert(key, entry);
    }

    /// Replaces the entry of an allowed origin, without counting it as a use. Does nothing if it was evicted.
    pub(super) fn replace(&self, key: Key, entry: Entry) {
        let _evicted = self.allowed.replace(key, entry, true);
    }

    pub(super) fn remove(&self, key: &Key) {
        self.allowed.remove(key);
        self.rejected.remove(key);
    }

    pub(super) fn invalidate(&self, is_invalid: impl Fn(&Key) -> bool) {
        for storage in [&self.allowed, &self.rejected] {
            storage.retain(|key, _| !is_invalid(key));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.allowed.len() + self.rejected.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) source: u64,
    pub(super) origin: Box<[u8]>,
    pub(super) scope: Scope,
}

/// A borrowed [`Key`].
pub(super) struct KeyRef<'a> {
    pub(super) source: u64,
    pub(super) origin: &'a [u8],
    pub(super) scope: &'a Scope,
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Few sources share a cache, and most have one scope: hashing what is equal in all keys gains nothing.
        state.write(self.origin);
        let scope = self.scope.as_str();
        if !scope.is_empty() {
            scope.hash(state);
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            source,
            origin,
            scope,
        } = self;
        KeyRef {
            source: *source,
            origin,
            scope,
        }
        .hash(state);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.source == key.source && *self.origin == *key.origin && *self.scope == key.scope
    }
}

#[derive(Clone)]
struct CountEvictions(Arc<AtomicU64>);

impl Lifecycle<Key, Entry> for CountEvictions {
    type RequestState = ();

    /// Unlike `on_evict`, it is not called if an entry is replaced with a newer one of its key.
    fn before_evict(&self, (): &mut (), _: &Key, _: &mut Entry) {
        self.0.fetch_add(1, Ordering::Relaxed);
        telemetry::count_cache("eviction");
    }
}
