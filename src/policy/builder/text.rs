//! The settings of the builder as an operator writes them, on the command line or in the environment.

use super::PolicyBuilder;
use crate::policy::list::List;

/// What an operator writes in one text: `*`, a list, or nothing or `none`.
impl PolicyBuilder {
    /// Allows the origins that an operator writes in one text, on the command line or in an environment variable.
    ///
    /// | text | the same as |
    /// |---|---|
    /// | `*` | [`allow_any_origin`](Self::allow_any_origin) |
    /// | `https://app.example.com, http://localhost:*` | [`allow_origins`](Self::allow_origins) |
    /// | nothing, or `none` | [`allow_no_origin`](Self::allow_no_origin) |
    ///
    /// Commas, semicolons, spaces and newlines separate entries. Blank entries are left out, and so are quotes that a container
    /// runtime keeps. A JSON array is read as a list. A `*` among others is a mistake, because it contradicts them.
    /// The mistakes are those of the builder. To start a service in spite of the harmless ones, use
    /// [`build_skipping_harmless`](Self::build_skipping_harmless).
    ///
    /// ```
    /// use tower_cors::{Policy, PolicyBuilder};
    ///
    /// /// Returns the policy for `--cors-origins`, or for the variable `CORS_ORIGINS`.
    /// fn policy(origins: Option<&str>) -> Result<Policy, tower_cors::PolicyErrors> {
    ///     Policy::builder().allow_origins_text(origins.unwrap_or_default()).build()
    /// }
    ///
    /// assert!(policy(Some("*"))?.allows_any_origin());
    /// let listed = policy(Some("https://app.example.com,"))?;
    /// assert_eq!(listed.origins().map(|origins| origins.len()), Some(1));
    /// assert_eq!(policy(None)?.origins().map(|origins| origins.len()), Some(0));
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn allow_origins_text(self, text: &str) -> Self {
        match List::of_text(text) {
            List::Only(origins) if origins.is_empty() => self.allow_no_origin(),
            origins => self.allow_origin_list(origins),
        }
    }

    /// Allows the origins of a list: any, `none`, or those that it names. A `*` among others contradicts them.
    pub(in crate::policy) fn allow_origin_list(self, list: List) -> Self {
        let mut origins = match list {
            List::Any => return self.allow_any_origin(),
            List::Only(origins) if origins == ["none"] => return self.allow_no_origin(),
            List::Only(origins) => origins,
        };
        let listed = origins.len();
        origins.retain(|origin| origin != "*");
        if origins.len() < listed {
            return self.allow_any_origin().allow_origins(origins);
        }
        self.allow_origins(origins)
    }

    /// Allows the methods that an operator writes in one text: `*`, a list, or nothing or `none`.
    ///
    /// ```
    /// use tower_cors::{Allowed, Policy};
    ///
    /// let policy = Policy::builder().allow_any_origin().allow_methods_text("*").build()?;
    /// assert_eq!(policy.methods(), Allowed::Any);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn allow_methods_text(self, text: &str) -> Self {
        match List::of_text(text).of_names() {
            List::Any => self.allow_any_method(),
            List::Only(entries) => self.allow_methods(entries),
        }
    }

    /// Allows the request headers that an operator writes in one text: `*`, a list, or nothing or `none`.
    pub fn allow_headers_text(self, text: &str) -> Self {
        match List::of_text(text).of_names() {
            List::Any => self.allow_any_header(),
            List::Only(entries) => self.allow_headers(entries),
        }
    }

    /// Lets pages read the response headers that an operator writes in one text: `*`, a list, or nothing or `none`.
    pub fn expose_headers_text(self, text: &str) -> Self {
        match List::of_text(text).of_names() {
            List::Any => self.expose_any_header(),
            List::Only(entries) => self.expose_headers(entries),
        }
    }
}
