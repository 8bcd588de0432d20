//! A router from path patterns to values.

use matchit::{InsertError, Router};

mod error;
mod pattern;

pub use error::{PathError, PathErrorKind, PathErrors};

/// A value for each pattern of paths.
pub(super) struct Paths<T>(Router<T>);

impl<T> Paths<T> {
    /// Creates a router, or returns every mistake in the patterns.
    pub(super) fn new(entries: impl IntoIterator<Item = (String, T)>) -> Result<Self, PathErrors> {
        let mut router = Router::new();
        let mut errors = Vec::new();
        let mut is_empty = true;
        for (pattern, value) in entries {
            is_empty = false;
            if let Err(error) = pattern::check(&pattern) {
                errors.push(error);
                continue;
            }
            match router.insert(&pattern, value) {
                Ok(()) => {}
                Err(InsertError::Conflict { with }) => {
                    errors.push(PathError::collision(pattern, with));
                }
                Err(_) => errors.push(PathError::new(PathErrorKind::Malformed, pattern)),
            }
        }
        if is_empty {
            errors.push(PathError::new(PathErrorKind::NoPatterns, String::new()));
        }
        PathErrors::check(errors)?;
        Ok(Self(router))
    }

    /// Returns the value of the pattern that matches a path.
    pub(super) fn at(&self, path: &str) -> Option<&T> {
        self.0.at(path).ok().map(|found| found.value)
    }
}
