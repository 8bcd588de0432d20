//! A set of origin patterns. The time of a lookup does not depend on their number.

use std::collections::{HashMap, HashSet};
use std::fmt;

use rustc_hash::FxBuildHasher;

use super::parse::{self, MAX_HOST, MAX_ORIGIN, Parts};
use super::pattern::{self, Hosts, Ports};
use super::{Origin, OriginPattern};

/// A set of [`OriginPattern`]s.
///
/// ```
/// use tower_cors::{Origin, OriginPattern, OriginSet};
///
/// let set: OriginSet = ["https://app.example.com", "https://*.example.org"]
///     .into_iter()
///     .map(|text| text.parse::<OriginPattern>())
///     .collect::<Result<_, _>>()?;
/// assert!(set.contains(&"https://a.b.example.org".parse().unwrap()));
/// assert!(!set.contains(&"https://example.org".parse().unwrap()));
/// # Ok::<(), tower_cors::PatternError>(())
/// ```
///
/// # Cost
///
/// A lookup is one hash probe for the origin itself, and one for each distinct length of a configured base domain that
/// ends the host at a label boundary: the same for one pattern and for a million. It allocates nothing.
///
/// Patterns with a `*` inside a label add a probe for each distinct length of what follows their `*`. Where that is found,
/// they add one for each distinct length of what precedes it. Ranges of ports add a binary search where their host is found.
///
/// A list of ports becomes one pattern for each port.
#[derive(Clone, Default)]
pub struct OriginSet {
    /// The origins, as browsers serialize them.
    ///
    /// The hashes have no key. This is safe where only configuration fills the tables: a client can choose the origin
    /// that is looked up, but not the origins that it collides with. Whoever writes many entries of a snapshot could let them
    /// collide.
    origins: HashSet<Box<[u8]>, FxBuildHasher>,
    /// The texts of the patterns. One allows an origin if it is a text that generalizes the origin's: with `*` for its
    /// port, or `*` for its first labels, or both.
    patterns: HashSet<Box<[u8]>, FxBuildHasher>,
    any_port: bool,
    subdomains: Lengths,
    subdomains_at_any_port: Lengths,
    /// What few sets have, so that others do not pay for it.
    rare: Option<Box<Rare>>,
}

impl OriginSet {
    /// Returns whether a pattern of the set allows `origin`. The opaque origin is in no set.
    pub fn contains(&self, origin: &Origin) -> bool {
        let text = origin.value.as_bytes();
        self.contains_exactly(text)
            || origin
                .parts
                .is_some_and(|parts| self.contains_generalized(text, parts))
    }

    /// Returns the patterns as text, in no particular order.
    ///
    /// ```
    /// use tower_cors::{OriginPattern, OriginSet};
    ///
    /// let set = OriginSet::from_iter(["https://*.example.com".parse::<OriginPattern>()?]);
    /// assert_eq!(set.iter().collect::<Vec<_>>(), ["https://*.example.com"]);
    /// # Ok::<(), tower_cors::PatternError>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.patterns
            .iter()
            .chain(&self.origins)
            // Only ASCII passes the parser, so the default is never taken.
            .map(|text| std::str::from_utf8(text).unwrap_or_default())
    }

    /// Returns the number of distinct patterns.
    pub fn len(&self) -> usize {
        self.origins.len() + self.patterns.len()
    }

    /// Returns whether the set has no pattern.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty() && self.patterns.is_empty()
    }

    /// Returns whether `text` is one of the origins listed without a wildcard.
    ///
    /// It need not have been parsed: what equals a valid origin is one.
    #[inline]
    pub(crate) fn contains_exactly(&self, text: &[u8]) -> bool {
        // Hashing is linear in what a client sends.
        !parse::is_too_long(text) && self.origins.contains(text)
    }

    #[inline]
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// Returns whether a pattern with a wildcard allows the origin with this text.
    pub(crate) fn contains_generalized(&self, text: &[u8], parts: Parts) -> bool {
        self.contains_usual(text, parts)
            || self
                .rare
                .as_ref()
                .is_some_and(|rare| self.contains_rare(rare, text, parts))
    }

    #[inline(always)]
    fn contains_usual(&self, text: &[u8], parts: Parts) -> bool {
        let (start, end) = (usize::from(parts.host_start), usize::from(parts.host_end));
        let (scheme, host, port) = (&text[..start], &text[start..end], &text[end..]);
        if self.any_port && self.contains_joined([scheme, host, b":*"]) {
            return true;
        }
        if self.subdomains.is_empty() && self.subdomains_at_any_port.is_empty() || !parts.is_plain()
        {
            return false;
        }
        let boundaries = host
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'.')
            .map(|(dot, _)| &host[dot..]);
        boundaries.into_iter().any(|suffix| {
            (self.subdomains.contains(suffix.len())
                && self.contains_joined([scheme, b"*", suffix, port]))
                || (self.subdomains_at_any_port.contains(suffix.len())
                    && self.contains_joined([scheme, b"*", suffix, b":*"]))
        })
    }

    #[cold]
    #[inline(never)]
    fn contains_rare(&self, rare: &Rare, text: &[u8], parts: Parts) -> bool {
        let (start, end) = (usize::from(parts.host_start), usize::from(parts.host_end));
        let (scheme, host, port) = (&text[..start], &text[start..end], &text[end..]);
        if rare.whole_schemes && !parts.is_file() && self.contains_joined([scheme, b"*"]) {
            return true;
        }
        let number = || match port.split_first() {
            Some((_colon, digits)) => std::str::from_utf8(digits).ok()?.parse().ok(),
            None => parse::default_port(&scheme[..start - "://".len()]),
        };
        let ranged = if rare.ranges.is_empty() {
            None
        } else {
            number()
        };
        let in_range = |pieces: [&[u8]; 4]| {
            ranged.is_some_and(|port| {
                let ranges = with_joined(pieces, |text| rare.ranges.get(text));
                ranges.flatten().is_some_and(|ranges| ranges.contains(port))
            })
        };
        if in_range([scheme, host, b"", b""]) {
            return true;
        }
        if !parts.is_plain() {
            return false;
        }
        let in_range_of_subdomains = || {
            rare.subdomains_in_ranges.within(host.len()).any(|length| {
                let suffix = &host[host.len() - length..];
                suffix.starts_with(b".") && in_range([scheme, b"*", suffix, b""])
            })
        };
        let in_label = || {
            rare.after.within(host.len()).any(|after_length| {
                let (rest, after) = host.split_at(host.len() - after_length);
                let befores = with_joined([scheme, b"*", after], |text| rare.before.get(text));
                let befores = befores.flatten().copied().unwrap_or_default();
                befores.within(rest.len()).any(|before_length| {
                    let before = &rest[..before_length];
                    pattern::is_around(host, before_length, after_length)
                        && (self.contains_joined([scheme, before, b"*", after, port])
                            || self.contains_joined([scheme, before, b"*", after, b":*"])
                            || with_joined([before, b"*", after], |host| {
                                in_range([scheme, host, b"", b""])
                            })
                            .unwrap_or_default())
                })
            })
        };
        in_range_of_subdomains() || in_label()
    }

    fn contains_joined<const N: usize>(&self, pieces: [&[u8]; N]) -> bool {
        with_joined(pieces, |text| self.patterns.contains(text)).unwrap_or_default()
    }

    /// Reserves memory for so many origins more.
    #[cfg(feature = "cache")]
    pub(crate) fn reserve(&mut self, origins: usize) {
        self.origins.reserve(origins);
    }

    /// Returns the texts of the patterns, in no particular order.
    #[cfg(feature = "cache")]
    pub(crate) fn into_texts(self) -> impl Iterator<Item = Box<[u8]>> + Send {
        self.patterns.into_iter().chain(self.origins)
    }

    fn insert(&mut self, pattern: OriginPattern) {
        if let Ports::List(ports) = pattern.ports() {
            let one = |port: &str| {
                let scheme = pattern.scheme().as_bytes();
                let is_default = port.parse().ok() == parse::default_port(scheme);
                let port = if is_default { "" } else { port };
                let colon = if is_default { "" } else { ":" };
                format!("{}{colon}{port}", pattern.without_port())
                    .parse()
                    .ok()
            };
            let each: Vec<OriginPattern> = ports.split(',').filter_map(one).collect();
            self.extend(each);
            return;
        }
        let (hosts, ports) = (pattern.hosts(), pattern.ports());
        let is_listed = matches!((hosts, ports), (Hosts::One(_), Ports::One(_)));
        let suffix = |base: &str| base.len() + ".".len();
        match (hosts, ports) {
            (Hosts::One(_), Ports::Any) => self.any_port = true,
            (Hosts::Subdomains(base), Ports::Any) => {
                self.subdomains_at_any_port.insert(suffix(base));
            }
            (Hosts::Subdomains(base), Ports::One(_)) => self.subdomains.insert(suffix(base)),
            (Hosts::One(_), Ports::One(_)) => {}
            _ => self.rare.get_or_insert_default().insert(&pattern),
        }
        let texts = if is_listed {
            &mut self.origins
        } else {
            &mut self.patterns
        };
        texts.insert(pattern.into_bytes());
    }
}

impl Extend<OriginPattern> for OriginSet {
    fn extend<I: IntoIterator<Item = OriginPattern>>(&mut self, patterns: I) {
        for pattern in patterns {
            self.insert(pattern);
        }
    }
}

impl FromIterator<OriginPattern> for OriginSet {
    fn from_iter<I: IntoIterator<Item = OriginPattern>>(patterns: I) -> Self {
        let mut set = Self::default();
        set.extend(patterns);
        set
    }
}

impl fmt::Debug for OriginSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The most patterns that are printed, because a log line must stay short.
        const SHOWN: usize = 16;
        f.debug_set().entries(self.iter().take(SHOWN)).finish()?;
        match self.len().checked_sub(SHOWN) {
            None | Some(0) => Ok(()),
            Some(hidden) => write!(f, " and {hidden} more"),
        }
    }
}

/// Calls `then` with the pieces as one text, unless it is longer than any pattern that an origin can match.
#[inline(always)]
fn with_joined<const N: usize, T>(pieces: [&[u8]; N], then: impl FnOnce(&[u8]) -> T) -> Option<T> {
    let mut buffer = [0; MAX_ORIGIN + "*:*".len()];
    let mut length = 0;
    for piece in pieces {
        buffer
            .get_mut(length..length + piece.len())?
            .copy_from_slice(piece);
        length += piece.len();
    }
    Some(then(&buffer[..length]))
}

/// How to look up the patterns that few sets have.
#[derive(Clone, Default)]
struct Rare {
    whole_schemes: bool,
    /// The ports of patterns that have ranges, without their ports.
    ranges: HashMap<Box<[u8]>, Ranges, FxBuildHasher>,
    subdomains_in_ranges: Lengths,
    /// The lengths of what follows a `*` inside a label, to the end of the host.
    after: Lengths,
    /// The lengths of what precedes a `*` inside a label, from the start of the host, for each scheme and what follows.
    before: HashMap<Box<[u8]>, Lengths, FxBuildHasher>,
}

impl Rare {
    fn insert(&mut self, pattern: &OriginPattern) {
        if let Ports::Range(first, last) = pattern.ports() {
            let host = pattern.without_port().as_bytes();
            let ranges = self.ranges.entry(host.into()).or_default();
            ranges.insert(first, last);
        }
        match (pattern.hosts(), pattern.ports()) {
            (Hosts::Any, _) => self.whole_schemes = true,
            (Hosts::Subdomains(base), Ports::Range(..)) => {
                self.subdomains_in_ranges.insert(base.len() + ".".len());
            }
            (Hosts::PartOfLabel { before, after }, _) => {
                self.after.insert(after.len());
                let key = format!("{}://*{after}", pattern.scheme());
                let lengths = self.before.entry(key.into_bytes().into()).or_default();
                lengths.insert(before.len());
            }
            _ => {}
        }
    }
}

/// Ranges of ports that neither overlap nor touch, in their order.
#[derive(Clone, Default)]
struct Ranges(Vec<(u16, u16)>);

impl Ranges {
    fn insert(&mut self, mut first: u16, mut last: u16) {
        self.0.retain(|&(start, end)| {
            let touches = start <= last.saturating_add(1) && first <= end.saturating_add(1);
            if touches {
                first = first.min(start);
                last = last.max(end);
            }
            !touches
        });
        let place = self.0.partition_point(|(start, _)| *start < first);
        self.0.insert(place, (first, last));
    }

    fn contains(&self, port: u16) -> bool {
        let place = self.0.partition_point(|(start, _)| *start <= port);
        place
            .checked_sub(1)
            .and_then(|before| self.0.get(before))
            .is_some_and(|(_, end)| port <= *end)
    }
}

/// A set of lengths of parts of hosts.
#[derive(Clone, Copy, Default)]
struct Lengths([u64; (MAX_HOST + 1).div_ceil(64) + 1]);

impl Lengths {
    fn insert(&mut self, length: usize) {
        if let Some(word) = self.0.get_mut(length / 64) {
            *word |= 1 << (length % 64);
        }
    }

    fn contains(&self, length: usize) -> bool {
        self.0
            .get(length / 64)
            .is_some_and(|word| word & (1 << (length % 64)) != 0)
    }

    /// Returns the lengths of less than `length`, in their order.
    fn within(self, length: usize) -> impl Iterator<Item = usize> {
        let ones = |(index, mut word): (usize, u64)| {
            std::iter::from_fn(move || {
                let one = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(index * 64 + one)
            })
        };
        let all = self.0.into_iter().enumerate().flat_map(ones);
        all.take_while(move |one| *one < length)
    }

    fn is_empty(&self) -> bool {
        self.0 == Self::default().0
    }
}
