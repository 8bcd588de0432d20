//! Which invalid policies of a lookup have been reported.

use std::any::Any;
use std::collections::VecDeque;
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::origin::Origin;
use crate::policy::PolicyErrors;
use crate::scope::Scope;

/// The most reports that are remembered, because clients choose the origins.
const REMEMBERED: usize = 256;

/// The invalid policies that have been reported. A lookup that fails is repeated with every request, and its policy stays
/// invalid until somebody changes it.
#[derive(Default)]
pub(super) struct InvalidPolicies {
    hasher: RandomState,
    reported: Mutex<VecDeque<Report>>,
}

struct Report {
    key: u64,
    mistakes: u64,
}

impl InvalidPolicies {
    /// Returns whether these mistakes have not been reported for the origin and scope, and remembers them.
    pub(super) fn is_new(&self, origin: &Origin, scope: &Scope, mistakes: &str) -> bool {
        let report = Report {
            key: self.key(origin, scope),
            mistakes: self.hasher.hash_one(mistakes),
        };
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |old: &Report| old.key == report.key && old.mistakes == report.mistakes;
        if reported.iter().any(is_same) {
            return false;
        }
        reported.retain(|old| old.key != report.key);
        if reported.len() == REMEMBERED {
            reported.pop_front();
        }
        reported.push_back(report);
        true
    }

    /// Forgets what was reported for an origin and scope, because the lookup returned a policy again.
    pub(super) fn forget(&self, origin: &Origin, scope: &Scope) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if !reported.is_empty() {
            let key = self.key(origin, scope);
            reported.retain(|old| old.key != key);
        }
    }

    fn key(&self, origin: &Origin, scope: &Scope) -> u64 {
        self.hasher.hash_one((origin.as_str(), scope.as_str()))
    }
}

/// Returns whether an error consists of the mistakes of a policy.
pub(super) fn has_policy_errors<E: 'static>(error: &E) -> bool {
    let error: &dyn Any = error;
    error.is::<PolicyErrors>()
        || error
            .downcast_ref::<Box<dyn Error + Send + Sync>>()
            .is_some_and(|error| error.is::<PolicyErrors>())
}
