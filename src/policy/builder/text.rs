//! The settings of the builder as an operator writes them, on the command line or in the environment.

use super::PolicyBuilder;

/// What a text says of a list.
enum Entries<'a> {
    Any,
    Nothing,
    Only(Vec<&'a str>),
}

impl<'a> Entries<'a> {
    fn of(text: &'a str) -> Self {
        let mut depth = 0_u32;
        let entries: Vec<&str> = text
            .split(|c| {
                match c {
                    // A list of ports has commas of its own.
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && c == ','
            })
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .collect();
        match entries.as_slice() {
            [] | ["none"] => Self::Nothing,
            ["*"] => Self::Any,
            _ => Self::Only(entries),
        }
    }
}

/// What an operator writes in one text: `*`, a list with commas, or nothing.
impl PolicyBuilder {
    /// Allows the origins that an operator writes in one text, on the command line or in an environment variable.
    ///
    /// | text | the same as |
    /// |---|---|
    /// | `*` | [`allow_any_origin`](Self::allow_any_origin) |
    /// | `https://app.example.com, http://localhost:*` | [`allow_origins`](Self::allow_origins) |
    /// | nothing, or `none` | [`allow_no_origin`](Self::allow_no_origin) |
    ///
    /// Spaces around entries and blank entries are left out. A `*` among others is a mistake, because it contradicts them.
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
        match Entries::of(text) {
            Entries::Any => self.allow_any_origin(),
            Entries::Nothing => self.allow_no_origin(),
            Entries::Only(origins) => self.allow_origins(origins),
        }
    }

    /// Allows the methods that an operator writes in one text: `*`, a list with commas, or nothing.
    ///
    /// ```
    /// use tower_cors::{Allowed, Policy};
    ///
    /// let policy = Policy::builder().allow_any_origin().allow_methods_text("*").build()?;
    /// assert_eq!(policy.methods(), Allowed::Any);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn allow_methods_text(self, text: &str) -> Self {
        match Entries::of(text) {
            Entries::Any => self.allow_any_method(),
            Entries::Nothing => self.allow_methods([""; 0]),
            Entries::Only(methods) => self.allow_methods(methods),
        }
    }

    /// Allows the request headers that an operator writes in one text: `*`, a list with commas, or nothing.
    pub fn allow_headers_text(self, text: &str) -> Self {
        match Entries::of(text) {
            Entries::Any => self.allow_any_header(),
            Entries::Nothing => self.allow_headers([""; 0]),
            Entries::Only(headers) => self.allow_headers(headers),
        }
    }

    /// Lets pages read the response headers that an operator writes in one text: `*`, a list with commas, or nothing.
    pub fn expose_headers_text(self, text: &str) -> Self {
        match Entries::of(text) {
            Entries::Any => self.expose_any_header(),
            Entries::Nothing => self.expose_headers([""; 0]),
            Entries::Only(headers) => self.expose_headers(headers),
        }
    }
}
