//! The lookups in flight.

use crate::clock::Instant;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use futures_util::future::{AbortHandle, Shared, WeakShared};

use super::entries::{Entry, Key};

/// How a lookup ended: an entry, or a failure.
pub(crate) type LookupResult = Result<Entry, LookupFailed>;

/// A lookup failed or panicked.
#[derive(Clone)]
pub(crate) struct LookupFailed;

/// A lookup that all requests with its key wait for. Each of them drives it; it ends when all have dropped it.
pub(crate) type InFlightLookup = Shared<Pin<Box<dyn Future<Output = LookupResult> + Send>>>;

/// A capacity that is not worth returning.
const KEPT: usize = 1_024;

/// The lookups in flight by key. It keeps none of them alive.
#[derive(Default)]
pub(super) struct InFlight(HashMap<Key, Pending>);

struct Pending {
    id: u64,
    lookup: WeakShared<Pin<Box<dyn Future<Output = LookupResult> + Send>>>,
    background: Option<Background>,
}

/// What runs a lookup in the background. It stops when the lookup leaves the list.
pub(super) struct Background {
    pub(super) handle: AbortHandle,
    /// From then on, the lookup can find nothing valid, so nobody waits for it.
    pub(super) until: Instant,
}

impl Drop for Background {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl InFlight {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, key: &Key, now: Instant) -> Option<InFlightLookup> {
        let pending = self.0.get(key)?;
        let is_useless = |background: &Background| background.until <= now;
        if pending.background.as_ref().is_some_and(is_useless) {
            return None;
        }
        pending.lookup.upgrade()
    }

    pub(super) fn insert(
        &mut self,
        key: Key,
        id: u64,
        lookup: &InFlightLookup,
        background: Option<Background>,
    ) {
        if let Some(lookup) = lookup.downgrade() {
            let pending = Pending {
                id,
                lookup,
                background,
            };
            self.0.insert(key, pending);
        }
    }

    /// Returns whether this lookup of the key is in the list, rather than a later one.
    pub(super) fn has(&self, key: &Key, id: u64) -> bool {
        self.0.get(key).is_some_and(|pending| pending.id == id)
    }

    pub(super) fn remove(&mut self, key: &Key, id: u64) {
        if self.has(key, id) {
            self.0.remove(key);
            self.shrink();
        }
    }

    pub(super) fn invalidate(&mut self, is_invalid: impl Fn(&Key) -> bool) {
        self.0.retain(|key, _| !is_invalid(key));
        self.shrink();
    }

    /// Returns the memory of a burst: a map keeps its capacity, so one hanging source would cost it forever. The map at
    /// least halves between two calls, so that a removal costs the same on average.
    fn shrink(&mut self) {
        if self.0.capacity() > KEPT && self.0.len() < self.0.capacity() / 8 {
            self.0.shrink_to(self.0.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::scope::Scope;

    fn key(number: u64) -> Key {
        Key {
            source: 0,
            origin: format!("https://n{number}.example").into_bytes().into(),
            scope: Scope::default(),
        }
    }

    #[test]
    fn lookups_that_end_return_their_memory() {
        let mut in_flight = InFlight::default();
        let lookup: InFlightLookup = std::future::pending().boxed().shared();
        for number in 0..100_000 {
            in_flight.insert(key(number), number, &lookup, None);
        }
        for number in 0..99_000 {
            in_flight.remove(&key(number), number);
        }
        assert_eq!(in_flight.0.len(), 1_000);
        assert!(
            in_flight.0.capacity() <= 8_000,
            "{}",
            in_flight.0.capacity()
        );
        let now = Instant::now();
        for number in 99_000..100_000 {
            assert!(in_flight.get(&key(number), now).is_some());
        }
        in_flight.invalidate(|_| true);
        assert!(in_flight.0.capacity() <= KEPT, "{}", in_flight.0.capacity());
    }

    #[test]
    fn a_later_lookup_of_a_key_is_not_removed_by_an_earlier_one() {
        let mut in_flight = InFlight::default();
        let lookup: InFlightLookup = std::future::pending().boxed().shared();
        in_flight.insert(key(0), 1, &lookup, None);
        in_flight.insert(key(0), 2, &lookup, None);
        in_flight.remove(&key(0), 1);
        assert!(in_flight.has(&key(0), 2) && !in_flight.has(&key(0), 1));
        in_flight.remove(&key(0), 2);
        assert!(in_flight.get(&key(0), Instant::now()).is_none());
    }
}
