//! The decisions that are kept, and which make room for others.

use std::hash::{Hash, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::{Equivalent, Lifecycle, UnitWeighter, sync::Cache};

use super::Decided;
use crate::source::Scope;
use crate::telemetry;

/// How many grants there is room for, to one rejection.
const GRANTS_TO_A_REJECTION: usize = 10;

type Room = Cache<Key, Decided, UnitWeighter, RandomState, CountEvictions>;

/// The decisions that are kept.
///
/// Clients invent origins as they like, and each is rejected. So rejections have room of their own: eviction by frequency
/// would keep those that come again, in the place of grants.
pub(super) struct Decisions {
    granted: Room,
    rejected: Room,
    evictions: Arc<AtomicU64>,
}

impl Decisions {
    pub(super) fn new(grants: usize) -> Self {
        let evictions = Arc::new(AtomicU64::new(0));
        let room = |decisions: usize| {
            Room::with(
                decisions,
                decisions as u64,
                UnitWeighter,
                RandomState::new(),
                CountEvictions(Arc::clone(&evictions)),
            )
        };
        Self {
            granted: room(grants),
            rejected: room((grants / GRANTS_TO_A_REJECTION).max(1)),
            evictions,
        }
    }

    #[inline]
    pub(super) fn get(&self, key: &KeyRef<'_>) -> Option<Decided> {
        self.granted.get(key).or_else(|| self.rejected.get(key))
    }

    /// The grant of a key, without a word on how often it is used.
    pub(super) fn granted(&self, key: &Key) -> Option<Decided> {
        self.granted.peek(key)
    }

    /// Keeps a decision, in the place of an earlier one.
    pub(super) fn insert(&self, key: Key, decided: Decided) {
        let (room, other) = match decided.policy {
            Some(_) => (&self.granted, &self.rejected),
            None => (&self.rejected, &self.granted),
        };
        other.remove(&key);
        room.insert(key, decided);
    }

    pub(super) fn remove(&self, key: &Key) {
        self.granted.remove(key);
        self.rejected.remove(key);
    }

    pub(super) fn forget(&self, forgotten: impl Fn(&Key) -> bool) {
        for room in [&self.granted, &self.rejected] {
            room.retain(|key, _| !forgotten(key));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.granted.len() + self.rejected.len()
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

/// A key that is looked up without being made.
pub(super) struct KeyRef<'a> {
    pub(super) source: u64,
    pub(super) origin: &'a [u8],
    pub(super) scope: &'a Scope,
}

impl Hash for KeyRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Sources that share a cache are few, and most have one scope: what is equal in all is not worth the hashing.
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

impl Lifecycle<Key, Decided> for CountEvictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Key, _: Decided) {
        self.0.fetch_add(1, Ordering::Relaxed);
        telemetry::count_cache("eviction");
    }
}
