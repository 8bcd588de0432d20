//! Policies by path.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use matchit::{InsertError, Router};

use super::PolicySource;

/// A policy, or another source, for each pattern of paths, in the syntax of Axum's routes: `/users/{id}`,
/// `/files/{*path}`.
///
/// A path that no pattern matches is not CORS-enabled: its preflights are rejected, and its responses say nothing of CORS.
///
/// ```
/// use tower_cors::{CorsLayer, PathPolicies, Policy};
///
/// let ours = Policy::builder().allow_origins(["https://app.example.com"]).allow_credentials(true).build()?;
/// let layer = CorsLayer::new(PathPolicies::new([
///     ("/account/{*rest}", ours),
///     ("/public/{*rest}", Policy::permissive()),
/// ])?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The path is taken as it came: not decoded, no `..` or `//` resolved. That is how Axum's router reads it, so a request
/// gets the policy of the route that serves it. Behind a router that rewrites paths before it chooses, use a layer for
/// each route instead.
///
/// # Cost
///
/// One walk along the path, whatever the number of patterns. Cloning is one reference count.
#[derive(Clone)]
pub struct PathPolicies(Arc<Router<PolicySource>>);

impl PathPolicies {
    /// Policies by path pattern.
    ///
    /// # Errors
    ///
    /// Every pattern that is malformed, or that matches the same paths as an earlier one.
    pub fn new<P, S>(policies: impl IntoIterator<Item = (P, S)>) -> Result<Self, PathErrors>
    where
        P: Into<String>,
        S: Into<PolicySource>,
    {
        let mut router = Router::new();
        let mut errors = Vec::new();
        for (pattern, source) in policies {
            let pattern = pattern.into();
            if let Err(error) = router.insert(&pattern, source.into()) {
                errors.push(PathError::new(pattern, error));
            }
        }
        if errors.is_empty() {
            Ok(Self(Arc::new(router)))
        } else {
            Err(PathErrors(errors))
        }
    }

    pub(crate) fn at(&self, uri: &Uri) -> Option<&PolicySource> {
        self.0.at(uri.path()).ok().map(|found| found.value)
    }
}

impl fmt::Debug for PathPolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathPolicies").finish_non_exhaustive()
    }
}

/// Every mistake in a list of path patterns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathErrors(Vec<PathError>);

impl PathErrors {
    /// The mistakes, at least one, in the order of the patterns.
    pub fn iter(&self) -> std::slice::Iter<'_, PathError> {
        self.0.iter()
    }
}

impl fmt::Display for PathErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            write!(f, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for PathErrors {}

/// A mistake in a path pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathError {
    pattern: String,
    collides_with: Option<String>,
}

impl PathError {
    fn new(pattern: String, error: InsertError) -> Self {
        let collides_with = match error {
            InsertError::Conflict { with } => Some(with),
            _ => None,
        };
        Self {
            pattern,
            collides_with,
        }
    }

    /// The pattern.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The earlier pattern that matches the same paths, if that is the mistake.
    pub fn collides_with(&self) -> Option<&str> {
        self.collides_with.as_deref()
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = self.pattern.escape_debug();
        match &self.collides_with {
            Some(other) => write!(
                f,
                "the path `{pattern}` collides with `{other}`; keep one of them"
            ),
            None => write!(
                f,
                "the path `{pattern}` is malformed; write parameters as `{{name}}`, each a whole segment, and \
                 `{{*name}}` only at the end",
            ),
        }
    }
}

impl std::error::Error for PathError {}
