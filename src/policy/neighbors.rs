//! Neighbors of an origin: invented names that resemble it and that a third party could register.
//!
//! A predicate that compares a prefix, a suffix or a part of an origin accepts some of them too.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::origin::Origin;
use crate::public_suffix::{self, Registrable};

/// What is inserted into names. No list contains them, but predicates that compare only a part accept them.
const ODD_LETTERS: &str = "fdcabefd";
const ODD_DIGITS: &str = "7406153";

/// The most runs of letters and digits at each end of a label that are changed. A longer label has more runs in its middle.
const RUNS: usize = 8;

/// The shortest part of a label of which another one with the same length is invented. A list can contain all shorter ones.
const SHORTEST_REPLACED: usize = 6;

/// The longest host, and what a name that ends elsewhere ends with.
const LONGEST: usize = 253;
const ELSEWHERE: &str = ".neighbor.invalid";

/// Returns neighbors of an origin of the web. Each has the origin's scheme and port.
///
/// - A name that ends elsewhere: `https://shop.example.com.neighbor.invalid`. Predicates without an end accept it.
/// - Names whose registrable label is changed, so that they have another owner. `shop.example.com` becomes
///   `shop.fdcabefdexample.com`, and `myapp-7.vercel.app` becomes `myapp-77406153.vercel.app`. Every part of the label is
///   changed once, because a predicate can compare what precedes and what follows it.
/// - Names with another character for a dot: `shop_example.com`.
/// - The name at a top-level domain that does not exist: `shop.example.zzz`.
///
/// Of a name that would be too long, labels before the changed one are left out.
///
/// With `suffixes`, third parties may own such names, and only the first of the two remains.
pub(super) fn neighbors(origin: &Origin, suffixes: bool) -> impl Iterator<Item = Origin> {
    let web = origin
        .scheme()
        .zip(origin.host())
        .filter(|(scheme, _)| matches!(*scheme, "http" | "https"));
    let port = origin
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    web.into_iter()
        .flat_map(move |(scheme, host)| hosts(host, suffixes).map(move |host| (scheme, host)))
        .filter_map(move |(scheme, host)| format!("{scheme}://{host}{port}").parse().ok())
}

fn hosts(host: &str, suffixes: bool) -> impl Iterator<Item = String> {
    let name = host.trim_end_matches('.');
    let elsewhere = (!host.starts_with('[')).then(|| {
        // Of a long name, the beginning is what a prefix can be compared with.
        let kept = name.get(..LONGEST - ELSEWHERE.len()).unwrap_or(name);
        format!("{}{ELSEWHERE}", kept.trim_end_matches('.'))
    });
    let renamed = public_suffix::registrable(host)
        .filter(|_| !suffixes)
        .into_iter()
        .flat_map(
            |Registrable {
                 before,
                 label,
                 after,
             }| {
                changes(label).map(move |changed| {
                    shortened(before, changed.len() + after.len()) + &changed + after
                })
            },
        );
    let others = public_suffix::registrable(host)
        .filter(|_| !suffixes)
        .into_iter()
        .flat_map(move |Registrable { before, .. }| {
            joined(name, before.len()).chain(at_another_top(name))
        });
    elsewhere.into_iter().chain(renamed).chain(others)
}

/// Returns the labels before a part of so many bytes, without their middle if the name would be too long. A client chooses them,
/// so that a name without space for a change must not be one without neighbors.
fn shortened(before: &str, others: usize) -> String {
    let space = LONGEST.saturating_sub(others);
    let Some(over) = before.len().checked_sub(space).filter(|over| *over > 0) else {
        return before.to_owned();
    };
    // One more, because the ends are joined without a dot.
    let first = (space / 2).saturating_sub(1);
    let (start, end) = (before.get(..first), before.get(first + over + 1..));
    let (start, end) = (start.unwrap_or_default(), end.unwrap_or_default());
    format!(
        "{}{}",
        start.trim_end_matches('.'),
        match start {
            "" => end.trim_start_matches('.'),
            _ => end,
        }
    )
}

/// Returns names with another character in the place of a dot, for each dot next to the registrable label and in the public suffix:
/// a dot of a regular expression stands for any. No registry accepts the character, so no list contains it by chance.
fn joined(name: &str, label_start: usize) -> impl Iterator<Item = String> {
    let last = name.rfind('.').unwrap_or_default();
    let dots = name.match_indices('.').map(|(dot, _)| dot);
    dots.filter(move |dot| dot + 1 >= label_start && *dot < last)
        .filter_map(move |dot| Some(format!("{}_{}", name.get(..dot)?, name.get(dot + 1..)?)))
}

/// Returns the name at a top-level domain that does not exist and has the same length.
fn at_another_top(name: &str) -> Option<String> {
    let (rest, top) = name.rsplit_once('.')?;
    let other = "z".repeat(top.len());
    (other != top).then(|| format!("{rest}.{other}"))
}

/// Returns changed forms of a label. Each differs in one part: a run of letters or of digits, or what is between two hyphens.
fn changes(label: &str) -> impl Iterator<Item = String> {
    let odd = |byte: u8| match byte.is_ascii_digit() {
        true => ODD_DIGITS,
        false => ODD_LETTERS,
    };
    let bytes = label.as_bytes();
    let first = bytes.first().map(|byte| (0, odd(*byte)));
    // The positions after each run, from both ends. The same position twice does no harm.
    let ends = move || {
        let is_run = |byte: u8| byte.is_ascii_alphanumeric();
        (1..=bytes.len()).filter_map(move |end| {
            let last = bytes[end - 1];
            let goes_on = bytes.get(end).is_some_and(|next| {
                is_run(*next) && next.is_ascii_digit() == last.is_ascii_digit()
            });
            (is_run(last) && !goes_on).then(|| (end, odd(last)))
        })
    };
    let runs = first.into_iter().chain(ends().take(RUNS)).chain(
        ends()
            .skip(RUNS)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .take(RUNS),
    );
    let inserted = runs.filter_map(move |(position, odd)| {
        let (before, after) = label.split_at_checked(position)?;
        Some(format!("{before}{odd}{after}"))
    });
    let mut start = 0;
    let replaced = label.split('-').take(2 * RUNS).filter_map(move |part| {
        let (before, after) = (label.get(..start)?, label.get(start + part.len()..)?);
        start += part.len() + 1;
        let other: String = part.chars().map(other_of_its_kind).collect();
        (part.len() >= SHORTEST_REPLACED).then(|| format!("{before}{other}{after}"))
    });
    inserted.chain(replaced)
}

/// Returns another character that hexadecimal, decimal or alphabetic parts can have where they have this one.
fn other_of_its_kind(c: char) -> char {
    match c {
        '0'..='6' => char::from(c as u8 + 3),
        '7'..='9' => char::from(c as u8 - 7),
        'a'..='c' => char::from(c as u8 + 3),
        'd'..='f' => char::from(c as u8 - 3),
        'g'..='s' => char::from(c as u8 + 7),
        't'..='z' => char::from(c as u8 - 13),
        other => other,
    }
}

/// The most origins that are remembered.
const REMEMBERED: usize = 64;

/// Origins whose neighbors a predicate did not accept, so that it is not asked again with each request.
///
/// It has a fixed size. Only origins that the predicate accepts, and none of whose neighbors it accepts, get into it.
pub(crate) struct Checked {
    /// Hashes with a key that clients do not know. 0 is nothing.
    seen: Box<[AtomicU64]>,
    key: RandomState,
}

impl Checked {
    pub(super) fn new() -> Self {
        Self {
            seen: (0..REMEMBERED).map(|_| AtomicU64::new(0)).collect(),
            key: RandomState::new(),
        }
    }

    /// Returns whether `has_no_neighbor` returned `true` for the origin, now or earlier.
    pub(super) fn check(&self, origin: &Origin, has_no_neighbor: impl FnOnce() -> bool) -> bool {
        let hash = self.key.hash_one(origin.as_str()).max(1);
        let [.., last] = hash.to_le_bytes();
        let Some(place) = self.seen.get(usize::from(last) % REMEMBERED) else {
            return has_no_neighbor();
        };
        if place.load(Ordering::Relaxed) == hash {
            return true;
        }
        let passes = has_no_neighbor();
        if passes {
            place.store(hash, Ordering::Relaxed);
        }
        passes
    }
}
