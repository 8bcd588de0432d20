//! All mistakes of a policy.

use std::fmt;

use super::PolicyError;
use crate::escaped::EscapedText;

/// The most mistakes that a message shows.
const SHOWN: usize = 64;

/// All mistakes of a policy, returned by [`PolicyBuilder::build`](super::PolicyBuilder::build).
///
/// `Display` and `Debug` both print the list, so `?` in `main` and `unwrap` in a test show all mistakes. Of more than 64 they
/// print the first 64 and the number of the others. Of a text of more than 256 bytes they print the beginning. Two lists
/// are equal if their mistakes are, whether they come from code or from a file.
///
/// ```
/// use tower_cors::{Policy, PolicyError};
///
/// let errors = Policy::builder()
///     .allow_origins(["https://app.example.com/", "http://shop.example.com"])
///     .allow_credentials(true)
///     .build()
///     .unwrap_err();
/// assert_eq!(errors.iter().count(), 2);
/// assert!(errors.to_string().contains("write `https://app.example.com`"));
/// let last = errors.iter().last();
/// assert!(matches!(last, Some(PolicyError::InsecureOriginWithCredentials(_))));
/// ```
#[derive(Clone)]
pub struct PolicyErrors {
    errors: Vec<PolicyError>,
    /// Set if each mistake is shown behind the key of a `PolicyConfig`.
    by_key: bool,
}

impl PolicyErrors {
    /// Returns an error if there are mistakes.
    pub(crate) fn check(errors: Vec<PolicyError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self::new(errors))
        }
    }

    /// Creates a list of mistakes, of which there is at least one.
    pub(super) fn new(errors: Vec<PolicyError>) -> Self {
        Self {
            errors,
            by_key: false,
        }
    }

    /// Returns whether all mistakes are harmless: see [`PolicyError::is_harmless`].
    pub fn is_harmless(&self) -> bool {
        self.errors.iter().all(PolicyError::is_harmless)
    }

    /// Shows each mistake behind its key of a `PolicyConfig`.
    #[cfg(feature = "serde")]
    pub(crate) fn by_key(self) -> Self {
        Self {
            by_key: true,
            ..self
        }
    }

    /// Returns the mistakes, at least one: first those of texts that could not be parsed, in the order of the calls.
    pub fn iter(&self) -> std::slice::Iter<'_, PolicyError> {
        self.errors.iter()
    }
}

impl PartialEq for PolicyErrors {
    fn eq(&self, other: &Self) -> bool {
        self.errors == other.errors
    }
}

impl Eq for PolicyErrors {}

impl IntoIterator for PolicyErrors {
    type Item = PolicyError;
    type IntoIter = std::vec::IntoIter<PolicyError>;

    fn into_iter(self) -> Self::IntoIter {
        self.errors.into_iter()
    }
}

impl<'a> IntoIterator for &'a PolicyErrors {
    type Item = &'a PolicyError;
    type IntoIter = std::slice::Iter<'a, PolicyError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.as_slice() {
            [_] => f.write_str("the CORS policy has a mistake: ")?,
            all => write!(f, "the CORS policy has {} mistakes:", all.len())?,
        }
        for error in self.errors.iter().take(SHOWN) {
            if self.errors.len() > 1 {
                f.write_str("\n- ")?;
            }
            if self.by_key {
                write!(f, "{}: {}", EscapedText(error.key()), error.in_config())?;
            } else {
                error.fmt(f)?;
            }
        }
        match self.errors.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            others => write!(f, "\n- and {others} more"),
        }
    }
}

impl fmt::Debug for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PolicyErrors {}
