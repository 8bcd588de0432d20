//! The policy in TOML, as the page edits it: what is wrong at which line, and the same in Rust.

use std::fmt;

use serde::Serialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use tower_cors::{Policy, PolicyConfig, PolicyError};

use crate::rust;

/// The policy at the start: one page, with cookies.
pub(crate) fn start(page: &str) -> String {
    format!(
        r#"origins = ["{page}"]
methods = ["PUT"]
headers = ["authorization", "content-type"]
expose = ["x-request-id"]
credentials = true
max_age = 600   # seconds
"#
    )
}

/// A policy without mistakes.
pub(crate) struct Read {
    pub(crate) policy: Policy,
    /// The code that builds it.
    pub(crate) rust: String,
}

/// What is wrong with a policy, line by line.
#[derive(Debug, Serialize)]
pub(crate) struct Mistakes(Vec<Mistake>);

#[derive(Debug, Serialize)]
struct Mistake {
    /// From 1 on.
    line: usize,
    text: String,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mistakes = self.0.iter();
        mistakes.try_for_each(|Mistake { line, text }| writeln!(f, "line {line}: {text}"))
    }
}

impl std::error::Error for Mistakes {}

/// Reads a policy as `toml::from_str` would for a service's configuration, and finds the lines of its mistakes.
pub(crate) fn read(text: &str) -> Result<Read, Mistakes> {
    let of_toml = |error: toml::de::Error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        Mistakes(vec![Mistake {
            line,
            text: error.message().to_owned(),
        }])
    };
    let table = DeTable::parse(text).map_err(of_toml)?;
    let config: PolicyConfig = toml::from_str(text).map_err(of_toml)?;
    let rust = rust::builder(&config);
    match config.build() {
        Ok(policy) => Ok(Read { policy, rust }),
        Err(errors) => Err(Mistakes(
            errors
                .iter()
                .map(|error| Mistake {
                    line: line_of(text, table.get_ref(), error),
                    text: error.in_config().to_string(),
                })
                .collect(),
        )),
    }
}

/// The line of the value that the mistake names, or else of its key.
fn line_of(text: &str, table: &DeTable<'_>, error: &PolicyError) -> usize {
    let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == error.key()) else {
        return 1;
    };
    let message = error.to_string();
    // The value stands before what to write instead, which may be another of the list.
    let named_at = |item: &Spanned<DeValue<'_>>| {
        let text = item.get_ref().as_str()?;
        message.find(&format!("`{text}`"))
    };
    let items = value.get_ref().as_array().into_iter().flatten();
    let named = items
        .filter_map(|item| Some((named_at(item)?, item)))
        .min_by_key(|(at, _)| *at)
        .map(|(_, item)| item);
    line_at(
        text,
        named.map_or(key.span().start, |item| item.span().start),
    )
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}
