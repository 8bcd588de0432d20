//! What was asked, where the answers came from, and what was wrong with them.

use std::collections::BTreeMap;
use std::fmt;

use crate::client::Answer;

/// Counts of answers, and those that were wrong.
#[derive(Default, Debug)]
pub struct Tally {
    answers: BTreeMap<String, usize>,
    /// What was wrong, one after the other.
    pub wrong: Vec<String>,
}

impl Tally {
    /// Counts an answer of a kind, and keeps what is wrong with it.
    pub fn add(&mut self, kind: &str, answer: &Answer, judged: Result<(), String>) {
        self.count("all");
        self.count(kind);
        self.count(&format!("{kind} {}", answer.cache()));
        self.count(&format!(
            "status {} {}",
            answer.status.as_u16(),
            answer.cache()
        ));
        if answer.headers.contains_key("age") && answer.lines("age") != ["0"] {
            self.count("of age");
        }
        self.wrong
            .extend(judged.err().map(|wrong| format!("{kind}: {wrong}")));
    }

    fn count(&mut self, what: &str) {
        *self.answers.entry(what.trim_end().to_owned()).or_default() += 1;
    }

    /// How many answers were counted as this.
    pub fn of(&self, what: &str) -> usize {
        self.answers.get(what).copied().unwrap_or_default()
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: Self) {
        for (what, count) in other.answers {
            *self.answers.entry(what).or_default() += count;
        }
        self.wrong.extend(other.wrong);
    }

    /// # Panics
    ///
    /// If an answer was wrong, with the first of them.
    pub fn assert_nothing_wrong(&self) {
        let first: Vec<&str> = self.wrong.iter().take(8).map(String::as_str).collect();
        assert!(
            self.wrong.is_empty(),
            "{} of {} answers are wrong:\n{}",
            self.wrong.len(),
            self.of("all"),
            first.join("\n")
        );
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in &self.answers {
            writeln!(f, "{count:8} {what}")?;
        }
        writeln!(f, "{:8} wrong", self.wrong.len())
    }
}
