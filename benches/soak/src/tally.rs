//! What was sent, what was cut, and what came.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

/// How many mistakes are printed.
const SHOWN: usize = 10;

#[derive(Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    events: BTreeMap<&'static str, usize>,
    mistakes: Vec<String>,
    mistaken: usize,
}

impl Tally {
    pub(crate) fn count(&self, event: &'static str) {
        *self.counts().events.entry(event).or_default() += 1;
    }

    pub(crate) fn mistake(&self, what: String) {
        let mut counts = self.counts();
        counts.mistaken += 1;
        if counts.mistakes.len() < SHOWN {
            counts.mistakes.push(what);
        }
    }

    pub(crate) fn failed(&self) -> bool {
        self.counts().mistaken > 0
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        for (event, count) in &counts.events {
            writeln!(f, "{event}: {count}")?;
        }
        writeln!(f, "wrong or lost answers: {}", counts.mistaken)?;
        for mistake in &counts.mistakes {
            writeln!(f, "  {mistake}")?;
        }
        Ok(())
    }
}
