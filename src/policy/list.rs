//! Lists as people write them in configuration files, in the environment and on the command line.

use std::net::Ipv6Addr;

#[cfg(feature = "serde")]
use serde::ser::{Serialize, Serializer};

/// The length of the longest IPv6 address as text, with an IPv4 address in it.
const LONGEST_ADDRESS: usize = 45;

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
        let items: Vec<String> = texts.into_iter().flat_map(items).collect();
        match items.as_slice() {
            [first, rest @ ..] if first == "*" && rest.iter().all(|item| item == "*") => Self::Any,
            _ => Self::Only(items),
        }
    }

    /// Returns the list of the names, which is empty if it is `none`.
    pub(super) fn of_names(self) -> Self {
        match self {
            Self::Only(names) if names == ["none"] => Self::Only(Vec::new()),
            list => list,
        }
    }
}

#[cfg(feature = "serde")]
impl Serialize for List {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("*"),
            Self::Only(texts) => texts.serialize(serializer),
        }
    }
}

/// Returns the items of a text. Each item is a text that has only itself as an item, so what is written is read back equal.
fn items(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut rest = vec![text];
    while let Some(mut text) = rest.pop() {
        loop {
            let inner = without_brackets(unquoted(text));
            if inner.len() == text.len() {
                break;
            }
            text = inner;
        }
        match split(text).as_slice() {
            [""] => {}
            [item] => items.push((*item).to_owned()),
            several => rest.extend(several.iter().rev()),
        }
    }
    items
}

/// Returns a text without the spaces around it, and without the quotes that shells remove, but some container runtimes
/// keep.
pub(super) fn unquoted(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let inner = ['"', '\''].into_iter().find_map(|quote| {
            let inner = text.strip_prefix(quote)?.strip_suffix(quote)?.trim();
            // Otherwise the quotes are those of several items.
            let is_list = || {
                let first = inner.strip_prefix('[').map(str::trim_start);
                inner.ends_with(']') && first.is_some_and(|first| first.starts_with(['"', '\'']))
            };
            (!inner.contains(quote) || is_list()).then_some(inner)
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
    // A bounded look, because brackets can be nested in brackets.
    let mut start = inner.bytes().take(LONGEST_ADDRESS + 1);
    let end = start.position(|byte| byte == b']').unwrap_or(inner.len());
    if inner[..end].parse::<Ipv6Addr>().is_ok() {
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
