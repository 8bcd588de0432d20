//! The cache crates that were looked at, under the same flood: what a decision costs to find and to keep, and how many of
//! those in use are still there.
//!
//! ```sh
//! cargo run --release -p tower-cors-flood --bin choice
//! ```

use std::hash::RandomState;
use std::hint::black_box;
use std::num::NonZero;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

const CAPACITY: usize = 10_000;
const IN_USE: usize = 1_000;
const INVENTED: usize = 2_000_000;

/// As large as what is kept of a decision.
type Kept = [u64; 5];

trait Cache {
    fn of(capacity: usize) -> Self;
    fn contains(&self, key: &str) -> bool;
    fn insert(&self, key: String);
    fn entries(&self) -> usize;
}

impl Cache for quick_cache::sync::Cache<Box<str>, Kept, quick_cache::UnitWeighter, RandomState> {
    fn of(capacity: usize) -> Self {
        let hasher = RandomState::new();
        let weighter = quick_cache::UnitWeighter;
        Self::with(
            capacity,
            capacity as u64,
            weighter,
            hasher,
            Default::default(),
        )
    }

    fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn insert(&self, key: String) {
        self.insert(key.into(), Kept::default());
    }

    fn entries(&self) -> usize {
        self.len()
    }
}

impl Cache for moka::sync::Cache<Box<str>, Kept> {
    fn of(capacity: usize) -> Self {
        Self::new(capacity as u64)
    }

    fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn insert(&self, key: String) {
        self.insert(key.into(), Kept::default());
    }

    fn entries(&self) -> usize {
        self.run_pending_tasks();
        usize::try_from(self.entry_count()).unwrap_or_default()
    }
}

impl Cache for Mutex<lru::LruCache<Box<str>, Kept, RandomState>> {
    fn of(capacity: usize) -> Self {
        let capacity = NonZero::new(capacity).unwrap_or(NonZero::<usize>::MIN);
        Self::new(lru::LruCache::with_hasher(capacity, RandomState::new()))
    }

    fn contains(&self, key: &str) -> bool {
        let mut cache = self.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(key).is_some()
    }

    fn insert(&self, key: String) {
        let mut cache = self.lock().unwrap_or_else(PoisonError::into_inner);
        cache.put(key.into(), Kept::default());
    }

    fn entries(&self) -> usize {
        self.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn in_use(number: usize) -> String {
    format!("https://n{}.tenant.example", number % IN_USE)
}

fn invented(number: usize) -> String {
    format!("https://n{number:08}.evil.example")
}

/// Looks for a key, enters it if it is not there, and says whether it was.
fn ask(cache: &impl Cache, key: String) -> bool {
    let found = cache.contains(&key);
    if !found {
        cache.insert(key);
    }
    found
}

/// The share of requests of keys in use that are found, where `between` of them follow each `burst` of requests of invented
/// ones, which come `times` each.
fn found<C: Cache>(times: usize, burst: usize, between: usize) -> f64 {
    let cache = C::of(CAPACITY);
    for number in 0..2 * IN_USE {
        ask(&cache, in_use(number));
    }
    cache.entries();
    let (mut asked, mut found) = (0, 0);
    for number in 0..INVENTED {
        ask(&cache, invented(number / times));
        if (number + 1) % burst == 0 {
            for _ in 0..between {
                found += usize::from(ask(&cache, in_use(asked)));
                asked += 1;
            }
        }
    }
    100.0 * found as f64 / asked as f64
}

fn measure<C: Cache>(name: &str) {
    const ENTRIES: usize = 200_000;
    let before = tower_cors_flood::resident();
    let cache = C::of(ENTRIES);
    (0..ENTRIES).for_each(|number| cache.insert(invented(number)));
    let bytes = (tower_cors_flood::resident() - before) * 1024 / cache.entries();
    drop(cache);

    let cache = C::of(CAPACITY);
    let keys: Vec<String> = (0..IN_USE).map(in_use).collect();
    keys.iter().for_each(|key| cache.insert(key.clone()));
    cache.entries();
    let round = || {
        let start = Instant::now();
        for key in keys.iter().cycle().take(100 * IN_USE) {
            black_box(cache.contains(key));
        }
        start.elapsed().as_nanos() / (100 * IN_USE as u128)
    };
    let nanoseconds = (0..20).map(|_| round()).min().unwrap_or_default();
    println!(
        "| {name} | {nanoseconds} | {bytes} | {:.2} % | {:.2} % | {:.2} % |",
        found::<C>(1, 10, 1),
        found::<C>(1, 100_000, IN_USE),
        found::<C>(2, 20, 1)
    );
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("quick_cache") => {
            measure::<quick_cache::sync::Cache<_, _, _, _>>("quick_cache 0.7");
        }
        Some("moka") => measure::<moka::sync::Cache<_, _>>("moka 0.12"),
        Some("lru") => measure::<Mutex<lru::LruCache<_, _, _>>>("a plain LRU (lru 0.16)"),
        _ => {
            println!(
                "| | get, ns | bytes an entry | found in a steady flood | between bursts | where each comes twice |"
            );
            println!("|---|---:|---:|---:|---:|---:|");
            // A process each, for what one allocator keeps would be another's room.
            for name in ["quick_cache", "moka", "lru"] {
                let itself = std::env::current_exe().expect("this program");
                let status = Command::new(itself).arg(name).status();
                assert!(status.is_ok_and(|status| status.success()), "{name}");
            }
        }
    }
}
