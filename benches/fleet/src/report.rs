//! What a simulation measures.

/// Times, of which quantiles can be asked.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Delays(Vec<f64>);

impl Delays {
    pub(crate) fn new(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        Self(seconds)
    }

    /// Returns how many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Returns the time in seconds that this share of them does not exceed, or 0 if there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let index = (last as f64 * share).ceil() as usize;
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// The figures of a simulation.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Report {
    /// Requests that reached a replica.
    pub requests: u64,
    /// Preflights among them.
    pub preflights: u64,
    /// Lookups that started in each second.
    pub lookups: Vec<u64>,
    /// The second from which the figures of a warm fleet are taken.
    pub warm: usize,
    /// Requests after the warm-up, and those among them whose decision was cached.
    pub warm_requests: u64,
    /// Those among them whose decision was cached.
    pub warm_hits: u64,
    /// The entries of the fullest cache.
    pub entries: usize,
    /// The entries of the fullest cache when the first Max-Age ended: how many origins a replica meets in that time.
    pub entries_in_max_age: usize,
    /// Entries that were removed because a cache was full.
    pub evictions: u64,
    /// Requests that waited for a lookup, and how long.
    pub waits: Delays,
    /// The time from each revocation to the last use by a page.
    pub last_uses: Delays,
    /// Preflights that were answered with 503.
    pub unavailable: u64,
    /// Responses of allowed origins that their pages could not read.
    pub unreadable: u64,
    /// Uses of a permission later than Max-Age after its revocation.
    pub violations: u64,
    /// Lookups that failed.
    pub failures: u64,
}

impl Report {
    /// Returns the mean of lookups a second when the fleet was warm.
    pub fn mean_lookups(&self) -> f64 {
        let warm = self.lookups.get(self.warm..).unwrap_or_default();
        warm.iter().sum::<u64>() as f64 / warm.len().max(1) as f64
    }

    /// Returns the most lookups in a second from this second on, and before another.
    pub fn peak_lookups(&self, from: usize, until: usize) -> u64 {
        let until = until.min(self.lookups.len());
        let seconds = self.lookups.get(from..until).unwrap_or_default();
        seconds.iter().copied().max().unwrap_or_default()
    }

    /// Returns the share of requests whose decision was cached when the fleet was warm.
    pub fn hit_rate(&self) -> f64 {
        self.warm_hits as f64 / self.warm_requests.max(1) as f64
    }
}
