//! The mistakes in path patterns, with the text to write instead.

use std::fmt;

use crate::escaped::EscapedText;

/// All mistakes in the patterns of `PathPolicies`.
///
/// `Display` and `Debug` both print the list, so that `?` in `main` and `unwrap` in a test show it whole.
///
/// ```
/// use tower_cors::{PathErrorKind, PathPolicies, Policy};
///
/// let everyone = Policy::builder().allow_any_origin().build()?;
/// let patterns = ["account", "/files/**"].map(|pattern| (pattern, everyone.clone()));
/// let errors = PathPolicies::new(patterns).unwrap_err();
/// assert!(errors.to_string().contains("help: write `/account`"));
/// for error in &errors {
///     assert_ne!(error.kind(), PathErrorKind::Malformed);
/// }
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PathErrors(Vec<PathError>);

impl PathErrors {
    /// Returns `Err` with the mistakes, or `Ok` if there are none.
    pub(super) fn check(errors: Vec<PathError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self(errors))
        }
    }

    /// Returns the mistakes in the order of the patterns. There is at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, PathError> {
        self.0.iter()
    }
}

impl IntoIterator for PathErrors {
    type Item = PathError;
    type IntoIter = std::vec::IntoIter<PathError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a PathErrors {
    type Item = &'a PathError;
    type IntoIter = std::slice::Iter<'a, PathError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for PathErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "the CORS paths have a mistake: {only}"),
            all => {
                write!(f, "the CORS paths have {} mistakes:", all.len())?;
                all.iter().try_for_each(|error| write!(f, "\n- {error}"))
            }
        }
    }
}

impl fmt::Debug for PathErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PathErrors {}

/// A mistake in a path pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathError {
    kind: PathErrorKind,
    pattern: String,
    collides_with: Option<String>,
    suggestion: Option<String>,
}

/// The kind of a mistake in a path pattern.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// The list has no patterns, so that every request would be rejected.
    NoPatterns,
    /// The pattern does not have the syntax of Axum's routes: `/a/{`, `/{*rest}/a`, `/{id}.json`.
    Malformed,
    /// The pattern matches the same paths as an earlier one: `/a/{name}` after `/a/{id}`.
    Collision,
    /// The pattern does not start with `/`: `a`, an empty text, `https://api.example.com/a`.
    NoLeadingSlash,
    /// The pattern has a parameter or a wildcard in the syntax of another router: `/a/:id`, `/a/*`, `/a/<id>`,
    /// `/a/{id:[0-9]+}`.
    OtherSyntax,
    /// The pattern has a query or a fragment, which are not part of a path: `/a?b`, `/a#b`.
    QueryOrFragment,
    /// The pattern has a `.` or `..` segment, which clients resolve before they send a request: `/a/../b`, `/a/%2e`.
    DotSegment,
    /// The pattern has a character that is never sent in a path, because URLs have it percent-encoded: `/a b`, `/é`.
    Unencoded,
}

impl PathError {
    pub(super) fn new(kind: PathErrorKind, pattern: String) -> Self {
        Self {
            kind,
            pattern,
            collides_with: None,
            suggestion: None,
        }
    }

    pub(super) fn collision(pattern: String, with: String) -> Self {
        Self {
            collides_with: Some(with),
            ..Self::new(PathErrorKind::Collision, pattern)
        }
    }

    pub(super) fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    /// Returns the kind of the mistake. If a pattern has several, it is the first of them.
    pub fn kind(&self) -> PathErrorKind {
        self.kind
    }

    /// Returns the pattern. It is empty if the list is.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Returns the earlier pattern that matches the same paths, if that is the mistake.
    pub fn collides_with(&self) -> Option<&str> {
        self.collides_with.as_deref()
    }

    /// Returns the pattern to write instead, if there is one.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != PathErrorKind::NoPatterns {
            write!(f, "the path `{}` ", EscapedText(&self.pattern))?;
        }
        f.write_str(match self.kind {
            PathErrorKind::NoPatterns => {
                "no path is listed, so that every request would be rejected"
            }
            PathErrorKind::Malformed => "is malformed",
            PathErrorKind::Collision => "collides with ",
            PathErrorKind::NoLeadingSlash => "does not start with `/`, so no request matches it",
            PathErrorKind::OtherSyntax => "has the syntax of another router",
            PathErrorKind::QueryOrFragment => {
                "has a query or a fragment, which are not part of a path, so no request matches it"
            }
            PathErrorKind::DotSegment => {
                "has a `.` or `..` segment, which clients resolve, so no request matches it"
            }
            PathErrorKind::Unencoded => {
                "has a character that URLs percent-encode, so no request matches it"
            }
        })?;
        if let Some(other) = &self.collides_with {
            write!(f, "`{}`", EscapedText(other))?;
        }
        f.write_str("; help: ")?;
        match (&self.suggestion, self.kind) {
            (Some(suggestion), _) if suggestion.len() <= 256 => write!(f, "write `{suggestion}`"),
            (_, PathErrorKind::NoPatterns) => f.write_str(
                "list at least one, `PathPolicies::new([(\"/api/{*rest}\", policy)])`, or leave the layer out",
            ),
            (_, PathErrorKind::Collision) => f.write_str("keep one of them"),
            (_, _) => f.write_str(
                "write `{name}` for a parameter, at the end of a segment, and `{*name}` for the rest of the path",
            ),
        }
    }
}

impl std::error::Error for PathError {}
