//! Why a snapshot was not taken.

use std::fmt;
use std::time::Duration;

use crate::policy::PolicyError;

/// The reason why origins were not taken as the snapshot of [`SnapshotPolicies`](super::SnapshotPolicies).
///
/// The earlier snapshot stays in use until it is as old as its Max-Age.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The loader returned this error.
    Failed(String),
    /// The loader panicked.
    Panicked,
    /// The load was given up after this time: see [`SnapshotPolicies::timeout`](super::SnapshotPolicies::timeout).
    TimedOut(Duration),
    /// There is no origin among what was loaded. An empty table is taken for a mistake.
    NoOrigins {
        /// The number of entries that are mistakes.
        skipped: usize,
        /// The first of these mistakes.
        first: Option<PolicyError>,
    },
    /// More entries are mistakes than origins, so the loader probably read something else.
    TooManyMistakes {
        /// The number of entries that are mistakes.
        skipped: usize,
        /// The number of entries that are origins.
        taken: usize,
        /// The first mistake.
        first: PolicyError,
    },
    /// The origins are at least as old as the Max-Age.
    Expired {
        /// Their age.
        age: Duration,
        /// The Max-Age of the base policy.
        max_age: Duration,
    },
    /// Origins that were read later are in use already.
    Outdated,
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "the loader failed: {error}"),
            Self::Panicked => f.write_str("the loader panicked"),
            Self::TimedOut(timeout) => write!(
                f,
                "the loader did not return after {timeout:?}; help: load faster, or set a longer Max-Age or `timeout`"
            ),
            Self::NoOrigins {
                first: Some(first),
                skipped,
            } => {
                write!(
                    f,
                    "none of the {skipped} loaded entries is an origin; the first mistake: {first}"
                )
            }
            Self::NoOrigins { first: None, .. } => {
                f.write_str("no origins were loaded, which is taken for a mistake")
            }
            Self::TooManyMistakes {
                skipped,
                taken,
                first,
            } => write!(
                f,
                "{skipped} loaded entries are no origins, and only {taken} are; the first mistake: {first}"
            ),
            Self::Expired { age, max_age } => write!(
                f,
                "the origins are {age:?} old, and may be used for a Max-Age of {max_age:?}; \
                 help: load faster, or set a longer Max-Age"
            ),
            Self::Outdated => f.write_str("origins that were read later are in use already"),
        }
    }
}

impl std::error::Error for SnapshotError {}
