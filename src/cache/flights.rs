//! The lookups under way.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use futures_util::future::{Shared, WeakShared};

use super::Outcome;
use super::decisions::Key;

/// A lookup that every request of its key waits for. The one who polls it drives it; dropped by all, it ends.
pub(crate) type Flight = Shared<Pin<Box<dyn Future<Output = Outcome> + Send>>>;

/// Room for fewer than these is not worth giving back.
const KEPT: usize = 1_024;

/// The lookups under way, by their key. It keeps none of them alive.
#[derive(Default)]
pub(super) struct Flights(HashMap<Key, UnderWay>);

struct UnderWay {
    id: u64,
    flight: WeakShared<Pin<Box<dyn Future<Output = Outcome> + Send>>>,
}

impl Flights {
    pub(super) fn get(&self, key: &Key) -> Option<Flight> {
        self.0.get(key)?.flight.upgrade()
    }

    pub(super) fn insert(&mut self, key: Key, id: u64, flight: &Flight) {
        if let Some(flight) = flight.downgrade() {
            self.0.insert(key, UnderWay { id, flight });
        }
    }

    /// Whether this lookup of the key is on the list, and no later one.
    pub(super) fn has(&self, key: &Key, id: u64) -> bool {
        self.0.get(key).is_some_and(|under_way| under_way.id == id)
    }

    pub(super) fn remove(&mut self, key: &Key, id: u64) {
        if self.has(key, id) {
            self.0.remove(key);
            self.give_room_back();
        }
    }

    pub(super) fn forget(&mut self, forgotten: impl Fn(&Key) -> bool) {
        self.0.retain(|key, _| !forgotten(key));
        self.give_room_back();
    }

    /// Gives back what a burst took, or a source that hung once would cost its memory for good. The map is halved at least
    /// before it comes here again, so that a removal costs the same on average.
    fn give_room_back(&mut self) {
        if self.0.capacity() > KEPT && self.0.len() < self.0.capacity() / 8 {
            self.0.shrink_to(self.0.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::source::Scope;

    fn key(number: u64) -> Key {
        Key {
            source: 0,
            origin: format!("https://n{number}.example").into_bytes().into(),
            scope: Scope::default(),
        }
    }

    #[test]
    fn lookups_that_end_give_their_room_back() {
        let mut flights = Flights::default();
        let flight: Flight = std::future::pending().boxed().shared();
        for number in 0..100_000 {
            flights.insert(key(number), number, &flight);
        }
        for number in 0..99_000 {
            flights.remove(&key(number), number);
        }
        assert_eq!(flights.0.len(), 1_000);
        assert!(flights.0.capacity() <= 8_000, "{}", flights.0.capacity());
        for number in 99_000..100_000 {
            assert!(flights.get(&key(number)).is_some());
        }
        flights.forget(|_| true);
        assert!(flights.0.capacity() <= KEPT, "{}", flights.0.capacity());
    }

    #[test]
    fn a_lookup_is_struck_off_the_list_when_it_ends_and_when_all_have_dropped_it() {
        let cache = crate::PolicyCache::builder().build();
        let origin = "https://app.example.com".parse().unwrap();
        let ask = |lookup: Lookup| {
            let now = std::time::Instant::now();
            match cache.ask(0, &origin, &Scope::default(), now, || lookup) {
                super::super::Asked::Flight(flight) => flight,
                super::super::Asked::Known(_) => panic!("nothing is known"),
            }
        };
        type Lookup = futures_util::future::BoxFuture<'static, Result<Option<crate::Policy>, ()>>;
        for (lookup, ends) in [
            (std::future::pending().boxed(), false),
            (std::future::ready(Err(())).boxed(), true),
        ] {
            let flight = ask(lookup);
            assert_eq!(cache.0.flights().0.len(), 1);
            assert_eq!(flight.now_or_never().is_some(), ends);
            assert_eq!(cache.0.flights().0.len(), 0);
        }
    }

    #[test]
    fn a_later_lookup_of_a_key_is_not_struck_off_by_an_earlier() {
        let mut flights = Flights::default();
        let flight: Flight = std::future::pending().boxed().shared();
        flights.insert(key(0), 1, &flight);
        flights.insert(key(0), 2, &flight);
        flights.remove(&key(0), 1);
        assert!(flights.has(&key(0), 2) && !flights.has(&key(0), 1));
        flights.remove(&key(0), 2);
        assert!(flights.get(&key(0)).is_none());
    }
}
