//! When a snapshot is loaded again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The longest pause after a failure.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);

/// The pauses between loads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Schedule {
    pub(super) max_age: Duration,
    /// The time from the start of a load to the start of the next.
    pub(super) every: Duration,
    /// The time after which a load is given up.
    pub(super) timeout: Duration,
}

/// The pause before the next load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pause {
    /// An announcement does not shorten the pause below this.
    pub(super) least: Duration,
    pub(super) total: Duration,
}

impl Schedule {
    pub(super) fn new(max_age: Duration) -> Self {
        Self {
            max_age,
            every: max_age / 2,
            timeout: max_age / 4,
        }
    }

    /// Returns the pause before the first load. `share` is a random number from 0 to 1.
    ///
    /// If an earlier snapshot is in use, the replicas of a restarted fleet must not all load at once.
    pub(super) fn first(&self, is_ready: bool, share: f64) -> Pause {
        let total = if is_ready {
            (self.every / 8).mul_f64(share)
        } else {
            Duration::ZERO
        };
        Pause {
            least: Duration::ZERO,
            total,
        }
    }

    /// Returns the pause after a load that took so long and succeeded.
    ///
    /// The next load starts up to a tenth earlier than set, so that replicas that started together drift apart.
    pub(super) fn after_success(&self, took: Duration, share: f64) -> Pause {
        let total = self.every.mul_f64(1.0 - share / 10.0);
        // The source rests as long as it worked, also if that is longer than the interval, unless the snapshot would expire.
        let left = self.max_age.saturating_sub(took.saturating_mul(2));
        let least = took.min(left).max(self.shortest());
        let total = total.saturating_sub(took).max(least);
        Pause { least, total }
    }

    /// Returns the pause after so many failures in a row: about a second, then twice as long each time.
    pub(super) fn after_failure(&self, failures: u64, share: f64) -> Pause {
        let longest = (self.max_age / 8).min(LONGEST_BACK_OFF);
        let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        let total = self.shortest().saturating_mul(factor).min(longest);
        let total = total.mul_f64(1.0 - share / 2.0);
        Pause {
            least: total,
            total,
        }
    }

    fn shortest(&self) -> Duration {
        Duration::from_secs(1).min(self.max_age / 8)
    }
}

/// Returns a random number from 0 to 1.
pub(super) fn random_share() -> f64 {
    // Each state has other keys.
    let bits = RandomState::new().hash_one(()) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let share = bits as f64 / (1_u64 << 53) as f64;
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: fn(u64) -> Schedule = |max_age| Schedule::new(Duration::from_secs(max_age));

    #[test]
    fn pauses_are_within_their_bounds_for_every_max_age() {
        for max_age in [1, 5, 60, 600, 86_400] {
            let schedule = SCHEDULE(max_age);
            for share in [0.0, 0.5, 1.0] {
                for failures in [1, 2, 3, 10, 64, u64::MAX] {
                    let Pause { least, total } = schedule.after_failure(failures, share);
                    assert!(least == total && total <= LONGEST_BACK_OFF);
                    assert!(total <= schedule.max_age / 8 && total >= schedule.shortest() / 2);
                }
                for took in [0, 1, max_age] {
                    let took = Duration::from_secs(took);
                    let Pause { least, total } = schedule.after_success(took, share);
                    assert!(least <= total && took + total <= schedule.every.max(took + least));
                }
                assert!(schedule.first(true, share).total <= schedule.every / 8);
                assert_eq!(schedule.first(false, share).total, Duration::ZERO);
            }
        }
    }

    #[test]
    fn the_source_rests_although_a_load_took_longer_than_the_interval() {
        for (every, took, rest) in [
            (0, 0, 1),
            (60, 60, 60),
            (60, 100, 100),
            (60, 280, 40),
            (60, 600, 1),
        ] {
            let schedule = Schedule {
                every: Duration::from_secs(every),
                ..SCHEDULE(600)
            };
            for share in [0.0, 0.5, 1.0] {
                let pause = schedule.after_success(Duration::from_secs(took), share);
                let rest = Duration::from_secs(rest);
                assert_eq!((pause.least, pause.total), (rest, rest), "{every} {took}");
            }
        }
    }

    #[test]
    fn the_pause_after_a_failure_doubles() {
        let pauses = [1, 2, 3, 6, 7].map(|failures| SCHEDULE(600).after_failure(failures, 0.0));
        let seconds = pauses.map(|pause| pause.total.as_secs());
        assert_eq!(seconds, [1, 2, 4, 30, 30]);
    }

    #[test]
    fn replicas_that_start_together_drift_apart() {
        let shares: Vec<f64> = (0..1_000).map(|_| random_share()).collect();
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        for tenth in 0..10 {
            let tenth = f64::from(tenth) / 10.0;
            let within = shares
                .iter()
                .filter(|share| (tenth..tenth + 0.1).contains(*share));
            assert!(within.count() > 50, "{tenth}");
        }
    }
}
