//! Virtual time, and the clocks of machines that show it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Nanoseconds since the simulation began.
pub(crate) type Nanos = u64;

/// Returns whole nanoseconds. A time that is too long is the longest.
pub(crate) fn seconds(seconds: f64) -> Nanos {
    (seconds * 1e9) as Nanos
}

/// The time of the simulation. Clones show the same time.
#[derive(Clone, Default, Debug)]
pub(crate) struct VirtualTime(Arc<AtomicU64>);

impl VirtualTime {
    pub(crate) fn now(&self) -> Nanos {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, now: Nanos) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// Returns a machine's clock, which shows another time by `offset`, and of which a second lasts `1 + slow` seconds.
    pub(crate) fn clock(&self, offset: Duration, slow: f64) -> impl Fn() -> Instant + use<> {
        let (time, start) = (self.clone(), Instant::now() + offset);
        move || {
            let now = time.now();
            let behind = (now as f64 * slow / (1.0 + slow)) as i64;
            start + Duration::from_nanos(now.saturating_add_signed(-behind))
        }
    }
}
