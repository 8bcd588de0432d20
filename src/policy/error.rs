//! What is wrong with a policy, and what to write instead.

use std::fmt;

use http::{HeaderName, Method, StatusCode};

use crate::origin::{OriginPattern, PatternError};

/// Every mistake of a policy, found at once by [`PolicyBuilder::build`](super::PolicyBuilder::build).
///
/// `Display` and `Debug` both print the list, so that `?` in `main` and `unwrap` in a test show it whole.
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
/// assert!(matches!(errors.iter().last(), Some(PolicyError::InsecureOriginWithCredentials(_))));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyErrors {
    errors: Vec<PolicyError>,
    /// Whether each is shown behind the key of a `PolicyConfig`.
    by_key: bool,
}

impl PolicyErrors {
    /// `Err` with the errors, `Ok` if there are none.
    pub(crate) fn check(errors: Vec<PolicyError>) -> Result<(), Self> {
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Self {
                errors,
                by_key: false,
            })
        }
    }

    /// The same, each shown behind its key.
    #[cfg(feature = "serde")]
    pub(crate) fn by_key(self) -> Self {
        Self {
            by_key: true,
            ..self
        }
    }

    /// The mistakes, at least one, in the order in which the builder reads its settings.
    pub fn iter(&self) -> std::slice::Iter<'_, PolicyError> {
        self.errors.iter()
    }
}

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
        for error in &self.errors {
            if self.errors.len() > 1 {
                f.write_str("\n- ")?;
            }
            if self.by_key {
                write!(f, "{}: ", error.key())?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PolicyErrors {}

/// One mistake of a policy. Its `Display` names the value and says what to write.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PolicyError {
    /// Nothing says which origins are allowed.
    NoOrigins,
    /// A text in the list of origins is not an origin pattern.
    MalformedPattern(PatternError),
    /// Any origin is allowed, and some are listed as if they were the only ones.
    AnyOriginBesideOthers,
    /// Any origin with credentials: every site could act as the user.
    AnyOriginWithCredentials,
    /// The `null` origin with credentials: every site can send it, from a sandboxed frame.
    NullOriginWithCredentials,
    /// An origin without TLS, with credentials: whoever sits on the network is that origin.
    InsecureOriginWithCredentials(OriginPattern),
    /// A pattern with credentials whose subdomains belong to strangers.
    PublicSuffixWithCredentials {
        /// The pattern.
        pattern: OriginPattern,
        /// Whether the suffix lies below the pattern's base domain rather than being it.
        below: bool,
    },
    /// A predicate with credentials that accepts an origin which it cannot know.
    PredicateAcceptsStrangers(String),
    /// A predicate that panicked when it was asked of an origin.
    PredicatePanics(String),
    /// A method that browsers never send: CONNECT, TRACE, TRACK.
    ForbiddenMethod(Method),
    /// A method that differs from a standard one in case only.
    MethodCase {
        /// The method as given.
        given: Method,
        /// The standard one.
        standard: &'static str,
    },
    /// `*` as the name of a method.
    WildcardMethod,
    /// A request header that a page cannot set, so that allowing it means nothing.
    ForbiddenRequestHeader(HeaderName),
    /// `*` as the name of a request header.
    WildcardRequestHeader,
    /// A header that a page can never read, or that no response has.
    ForbiddenExposedHeader(HeaderName),
    /// `*` as the name of an exposed header.
    WildcardExposedHeader,
    /// Every header exposed, with credentials: there browsers read the wildcard as a name.
    AnyExposedHeaderWithCredentials,
    /// A Max-Age over a day, in seconds: no browser keeps a preflight longer.
    MaxAgeTooLong(u64),
    /// A status that is not 2xx: browsers refuse a preflight answered with it.
    PreflightStatus(StatusCode),
}

impl PolicyError {
    /// The key of a `PolicyConfig` where the mistake stands.
    pub fn key(&self) -> &'static str {
        match self {
            Self::NoOrigins
            | Self::MalformedPattern(_)
            | Self::AnyOriginBesideOthers
            | Self::InsecureOriginWithCredentials(_)
            | Self::PublicSuffixWithCredentials { .. }
            | Self::PredicateAcceptsStrangers(_)
            | Self::PredicatePanics(_)
            | Self::AnyOriginWithCredentials => "origins",
            Self::NullOriginWithCredentials => "null_origin",
            Self::ForbiddenMethod(_) | Self::MethodCase { .. } | Self::WildcardMethod => "methods",
            Self::ForbiddenRequestHeader(_) | Self::WildcardRequestHeader => "headers",
            Self::ForbiddenExposedHeader(_)
            | Self::WildcardExposedHeader
            | Self::AnyExposedHeaderWithCredentials => "expose",
            Self::MaxAgeTooLong(_) => "max_age",
            Self::PreflightStatus(_) => "preflight_status",
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOrigins => f.write_str(
                "no origin is allowed; list them with `allow_origins`, or allow all with `allow_any_origin`",
            ),
            Self::MalformedPattern(error) => error.fmt(f),
            Self::AnyOriginBesideOthers => f.write_str(
                "any origin is allowed, so the listed origins and the predicate mean nothing; \
                 remove them, or `allow_any_origin`",
            ),
            Self::AnyOriginWithCredentials => f.write_str(
                "any origin with credentials would let every site act as your users; \
                 list the origins with `allow_origins`, or leave `allow_credentials` out",
            ),
            Self::NullOriginWithCredentials => f.write_str(
                "the origin `null` with credentials would let every site act as your users, for any page can send it \
                 from a sandboxed frame; leave `allow_null_origin` or `allow_credentials` out",
            ),
            Self::InsecureOriginWithCredentials(pattern) => write!(
                f,
                "`{pattern}` with credentials would let whoever sits on the network act as your users; \
                 use TLS there, or call `dangerously_allow_insecure_origins`",
            ),
            Self::PublicSuffixWithCredentials { pattern, below } => {
                let base = pattern.base_domain().unwrap_or_default();
                if *below {
                    write!(f, "there are public suffixes below `{base}`, so subdomains that `{pattern}` allows")?;
                } else {
                    write!(f, "`{base}` is a public suffix, so the subdomains that `{pattern}` allows")?;
                }
                f.write_str(
                    " belong to strangers, who could act as your users; name your own domain, such as ",
                )?;
                write!(f, "`{}://*.yours.{base}`", pattern.scheme())?;
                f.write_str(", or call `dangerously_allow_public_suffixes`")
            }
            Self::PredicateAcceptsStrangers(origin) => write!(
                f,
                "the predicate accepts `{origin}`, which nobody owns, so with credentials every site could act as \
                 your users; accept only origins that you know, or leave `allow_credentials` out",
            ),
            Self::PredicatePanics(origin) => {
                write!(f, "the predicate panics when asked of `{origin}`; return `false` for what it does not know")
            }
            Self::ForbiddenMethod(method) => {
                write!(f, "no page can send {}; remove it", method.as_str().escape_debug())
            }
            Self::MethodCase { given, standard } => {
                write!(f, "methods are case-sensitive and `{given}` is not `{standard}`; write `{standard}`")
            }
            Self::WildcardMethod => f.write_str("`*` is no method to list; use `allow_any_method`"),
            Self::ForbiddenRequestHeader(name) => match name.as_str().strip_prefix("access-control-") {
                Some(_) => write!(
                    f,
                    "`{name}` belongs to the CORS protocol and is no request header of a page; remove it",
                ),
                None => write!(f, "no page can set `{name}`, browsers do; remove it"),
            },
            Self::WildcardRequestHeader => f.write_str("`*` is no header to list; use `allow_any_header`"),
            Self::ForbiddenExposedHeader(name) => write!(f, "no page can read `{name}` of a response; remove it"),
            Self::WildcardExposedHeader => f.write_str("`*` is no header to list; use `expose_any_header`"),
            Self::AnyExposedHeaderWithCredentials => f.write_str(
                "with credentials browsers take the wildcard for a header's name and expose nothing; \
                 list the headers with `expose_headers`",
            ),
            Self::MaxAgeTooLong(seconds) => write!(
                f,
                "a Max-Age of {seconds} s is longer than the day (86400 s) that the most patient browser keeps; \
                 write at most 86400 s, or 7200 s, which is what Chromium keeps",
            ),
            Self::PreflightStatus(status) => write!(
                f,
                "browsers refuse a preflight that is answered with {}; use a status from 200 to 299, such as 204",
                status.as_u16(),
            ),
        }
    }
}

impl std::error::Error for PolicyError {}
