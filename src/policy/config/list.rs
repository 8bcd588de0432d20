//! The lists of a configuration file.

use std::net::Ipv6Addr;

use serde::ser::{Serialize, Serializer};

/// `"*"`, or a list of texts, which the builder parses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum List {
    Any,
    /// The texts can have a `*` among others.
    Only(Vec<String>),
}

impl List {
    /// Reads the items of one text, such as the value of an environment variable.
    pub(super) fn of_text(text: &str) -> Self {
        Self::of_items([text])
    }

    /// Reads texts, each of which can hold several items.
    pub(super) fn of_items<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut items = Vec::new();
        for text in texts {
            let text = without_brackets(unquoted(text));
            let inner = split(text).into_iter().map(unquoted);
            items.extend(inner.filter(|item| !item.is_empty()).map(str::to_owned));
        }
        match items.as_slice() {
            [first, rest @ ..] if first == "*" && rest.iter().all(|item| item == "*") => Self::Any,
            _ => Self::Only(items),
        }
    }
}

impl Serialize for List {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("*"),
            Self::Only(texts) => texts.serialize(serializer),
        }
    }
}

/// Returns a text without the spaces around it, and without the quotes that shells remove, but some container runtimes
/// keep.
pub(super) fn unquoted(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let inner = ['"', '\''].into_iter().find_map(|quote| {
            let inner = text.strip_prefix(quote)?.strip_suffix(quote)?.trim();
            // Otherwise the quotes are those of several items.
            (inner.starts_with('[') || !inner.contains(quote)).then_some(inner)
        });
        match inner {
            Some(inner) => text = inner,
            None => return text,
        }
    }
}

/// Returns what is between the brackets of a list in JSON or YAML. The brackets of an IPv6 address stay.
fn without_brackets(text: &str) -> &str {
    let Some(inner) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    else {
        return text;
    };
    let first = inner.split(']').next().unwrap_or_default();
    if first.parse::<Ipv6Addr>().is_ok() {
        text
    } else {
        inner
    }
}

/// Splits a text at commas, semicolons and white space, which no item contains, except between braces.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (c == ',' || c == ';' || c.is_whitespace())
    })
    .collect()
}
