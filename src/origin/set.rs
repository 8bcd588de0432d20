//! A set of origin patterns. The time of a lookup does not depend on their number.

use std::collections::HashSet;
use std::fmt;

use rustc_hash::FxBuildHasher;

use super::parse::{self, MAX_HOST, MAX_ORIGIN, Parts};
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
#[derive(Clone, Default)]
pub struct OriginSet {
    /// The origins, as browsers serialize them.
    ///
    /// The hashes have no key. This is safe because only configuration fills the tables: a client can choose the origin
    /// that is looked up, but not the origins that it collides with.
    origins: HashSet<Box<[u8]>, FxBuildHasher>,
    /// The texts of the patterns. One allows an origin if it is a text that generalizes the origin's: with `*` for its
    /// port, or `*` for its first labels, or both.
    patterns: HashSet<Box<[u8]>, FxBuildHasher>,
    any_port: bool,
    subdomains: Lengths,
    subdomains_at_any_port: Lengths,
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

    fn contains_joined<const N: usize>(&self, pieces: [&[u8]; N]) -> bool {
        let mut buffer = [0; MAX_ORIGIN + "*:*".len()];
        let mut length = 0;
        for piece in pieces {
            let Some(room) = buffer.get_mut(length..length + piece.len()) else {
                return false;
            };
            room.copy_from_slice(piece);
            length += piece.len();
        }
        self.patterns.contains(&buffer[..length])
    }
}

impl Extend<OriginPattern> for OriginSet {
    fn extend<I: IntoIterator<Item = OriginPattern>>(&mut self, patterns: I) {
        for pattern in patterns {
            match pattern.base_domain() {
                Some(base) => {
                    let suffix = base.len() + ".".len();
                    let lengths = if pattern.any_port() {
                        &mut self.subdomains_at_any_port
                    } else {
                        &mut self.subdomains
                    };
                    lengths.insert(suffix);
                }
                None => self.any_port |= pattern.any_port(),
            }
            let texts = if pattern.has_wildcard() {
                &mut self.patterns
            } else {
                &mut self.origins
            };
            texts.insert(pattern.into_bytes());
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

/// A set of lengths of host suffixes.
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

    fn is_empty(&self) -> bool {
        self.0 == Self::default().0
    }
}
