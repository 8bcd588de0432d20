//! What is allowed: validated, compiled, immutable.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
#[cfg(feature = "cache")]
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::decision::{Decision, Rejection};
use crate::origin::{self, Origin, OriginSet};
use crate::request::{self, RequestOrigin};

mod builder;
#[cfg(feature = "serde")]
mod config;
mod error;
mod preset;

pub use builder::PolicyBuilder;
#[cfg(feature = "serde")]
pub use config::PolicyConfig;
pub use error::{PolicyError, PolicyErrors};

/// What pages of other origins may do: which origins, methods and headers, and whether with credentials.
///
/// A policy is made by [`Policy::builder`] or a preset, which find every mistake before the first request. It never
/// changes; replace it to change what is allowed.
///
/// ```
/// use std::time::Duration;
/// use http::{Method, header};
/// use tower_cors::Policy;
///
/// let policy = Policy::builder()
///     .allow_origins(["https://app.example.com", "https://*.example.com", "http://localhost:*"])
///     .allow_methods([Method::PUT, Method::DELETE])
///     .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
///     .expose_headers([header::ETAG])
///     .allow_credentials(true)
///     .max_age(Duration::from_secs(600))
///     .build()?;
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
///
/// # Cost
///
/// Cloning is one reference count, whatever the policy's size.
#[derive(Clone)]
pub struct Policy(Arc<Compiled>);

/// A policy as its answers need it.
pub(crate) struct Compiled {
    pub(crate) origins: AllowedOrigins,
    pub(crate) credentials: bool,
    pub(crate) methods: AllowList<Method>,
    pub(crate) headers: AllowList<HeaderName>,
    /// What is said of actual responses beyond their origin and credentials, where anything is.
    pub(crate) extra: Option<ExtraHeaders>,
    pub(crate) max_age: Option<MaxAge>,
    pub(crate) preflight_status: StatusCode,
    /// The `Vary` of preflights whose answer depends on more of the request than its origin.
    pub(crate) preflight_vary: Option<HeaderValue>,
    pub(crate) private_network: bool,
    pub(crate) trust_same_origin: bool,
}

/// What a policy says of actual responses that most do not.
pub(crate) struct ExtraHeaders {
    pub(crate) exposed: Option<HeaderValue>,
    pub(crate) timing: bool,
}

/// How long browsers may keep the answer to a preflight.
pub(crate) struct MaxAge {
    pub(crate) seconds: u64,
    pub(crate) value: HeaderValue,
}

/// Which origins a policy allows.
pub(crate) enum AllowedOrigins {
    Any,
    Some {
        set: OriginSet,
        predicate: Option<Predicate>,
        null: bool,
    },
}

/// Whether an origin is allowed, asked of the user.
pub(crate) type Predicate = Arc<dyn Fn(&Origin) -> bool + Send + Sync>;

/// Which methods or headers a preflight is answered with.
pub(crate) enum AllowList<T> {
    /// The same value for everyone: a list, or a wildcard. `None` where nothing is listed.
    Constant {
        value: Option<HeaderValue>,
        listed: Box<[T]>,
        any: bool,
    },
    /// What was asked: any, with credentials, where a wildcard would be taken for a name.
    Echo,
}

/// What of the answer to a preflight was the client's, and has been checked.
pub(crate) struct Echo {
    pub(crate) methods: Option<HeaderValue>,
    pub(crate) headers: Option<HeaderValue>,
    pub(crate) private_network: bool,
}

impl<T> AllowList<T> {
    /// The list that everyone is answered with, if there is one.
    #[inline(always)]
    pub(crate) fn constant(&self) -> Option<&HeaderValue> {
        match self {
            Self::Constant { value, .. } => value.as_ref(),
            Self::Echo => None,
        }
    }
}

impl Policy {
    /// What the layer does with a request of this method and these headers.
    ///
    /// For a preflight it decides over the origin. The methods and headers are listed whole to every allowed origin, and
    /// the *browser* rejects what is not among them; [`Policy::explain`] tells what it will say. Only where they are
    /// mirrored (any method or header, with credentials) is a malformed or oversized request rejected here.
    ///
    /// ```
    /// use http::{HeaderMap, HeaderValue, Method, header};
    /// use tower_cors::{Decision, Policy, Rejection};
    ///
    /// let policy = Policy::builder().allow_origins(["https://app.example.com"]).build()?;
    /// let mut headers = HeaderMap::new();
    /// assert_eq!(policy.decide(&Method::GET, &headers), Decision::NotCors);
    /// headers.insert(header::ORIGIN, HeaderValue::from_static("https://app.example.com"));
    /// assert_eq!(policy.decide(&Method::GET, &headers), Decision::Allowed);
    /// headers.insert(header::ORIGIN, HeaderValue::from_static("https://evil.example"));
    /// assert_eq!(policy.decide(&Method::GET, &headers), Decision::Rejected(Rejection::OriginNotAllowed));
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Cost
    ///
    /// One hash probe for a listed origin; linear in the length of the origin for patterns and rejections. It allocates
    /// nothing, except to mirror a list of headers that no browser would have written so.
    pub fn decide(&self, method: &Method, headers: &HeaderMap) -> Decision {
        let origin = RequestOrigin::of(headers);
        let checked = self.check_origin(origin).and_then(|_| {
            if request::is_preflight(method, headers) {
                self.echo(headers).map(|_| ())
            } else {
                Ok(())
            }
        });
        origin.specify(match checked {
            Ok(()) => Decision::Allowed,
            Err(rejection) => Decision::Rejected(rejection),
        })
    }

    /// Returns the value of `Access-Control-Allow-Origin` for an origin. The rejection does not say why the value is no
    /// allowed origin: see [`RequestOrigin::specify`].
    #[inline(always)]
    pub(crate) fn check_origin<'o>(
        &self,
        origin: RequestOrigin<'o>,
    ) -> Result<AllowOrigin<'o>, Rejection> {
        let AllowedOrigins::Some {
            set,
            predicate,
            null,
        } = &self.0.origins
        else {
            return Ok(AllowOrigin::Any);
        };
        let RequestOrigin::Line(line) = origin else {
            return Err(Rejection::OriginNotAllowed);
        };
        if set.contains_exactly(line.as_bytes()) || (*null && line == "null") {
            return Ok(AllowOrigin::Same(line));
        }
        if !set.has_patterns() && predicate.is_none() {
            return Err(Rejection::OriginNotAllowed);
        }
        check_parsed(set, predicate.as_ref(), line).map(|()| AllowOrigin::Same(line))
    }

    /// Returns what the answer to a preflight echoes, if the policy echoes anything.
    #[inline(always)]
    pub(crate) fn echo(&self, headers: &HeaderMap) -> Result<Option<Echo>, Rejection> {
        let echoes = self.0.preflight_vary.is_some();
        echoes.then(|| self.read_echo(headers)).transpose()
    }

    /// It is a call because few policies need it.
    #[inline(never)]
    fn read_echo(&self, headers: &HeaderMap) -> Result<Echo, Rejection> {
        Ok(Echo {
            methods: match self.0.methods {
                AllowList::Constant { .. } => None,
                AllowList::Echo => Some(request::requested_method(headers)?.clone()),
            },
            headers: match self.0.headers {
                AllowList::Constant { .. } => None,
                AllowList::Echo => request::echoed_headers(headers)?,
            },
            private_network: self.0.private_network && request::asks_for_private_network(headers),
        })
    }

    /// Returns whether the policy allows `origin`.
    ///
    /// It is for code that checks an origin by hand, such as a WebSocket handshake or the target of a redirect.
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder().allow_origins(["https://*.example.com"]).build()?;
    /// assert!(policy.allows(&"https://app.example.com".parse()?));
    /// assert!(!policy.allows(&"https://example.com".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Cost
    ///
    /// As for a request: see [`Policy::decide`].
    pub fn allows(&self, origin: &Origin) -> bool {
        self.check_origin(RequestOrigin::Line(origin.value()))
            .is_ok()
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.0
    }
}

/// The value of `Access-Control-Allow-Origin`: one, and never a `*` that a request chose.
#[derive(Clone, Copy)]
pub(crate) enum AllowOrigin<'a> {
    /// `*`: whoever asks.
    Any,
    /// The request's own origin.
    Same(&'a HeaderValue),
}

/// Checks an origin that is not listed against the patterns and the predicate.
fn check_parsed(
    set: &OriginSet,
    predicate: Option<&Predicate>,
    line: &HeaderValue,
) -> Result<(), Rejection> {
    let Ok(Some(parts)) = origin::parse(line.as_bytes()) else {
        return Err(Rejection::OriginNotAllowed);
    };
    if set.contains_generalized(line.as_bytes(), parts) {
        return Ok(());
    }
    predicate.map_or(Err(Rejection::OriginNotAllowed), |predicate| {
        ask(predicate, line, parts)
    })
}

/// Asks the user's predicate. Its panic rejects the origin: a client must not bring the connection down.
fn ask(predicate: &Predicate, line: &HeaderValue, parts: origin::Parts) -> Result<(), Rejection> {
    let origin = Origin::of_parts(line, parts);
    match catch_unwind(AssertUnwindSafe(|| predicate(&origin))) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Rejection::OriginNotAllowed),
        Err(_) => Err(Rejection::PredicatePanicked),
    }
}

impl Compiled {
    pub(crate) fn allows_any_origin(&self) -> bool {
        matches!(self.origins, AllowedOrigins::Any)
    }

    /// The Max-Age, or what stands for it where the policy names none.
    #[cfg(feature = "cache")]
    pub(crate) fn max_age_or(&self, default: Duration) -> Duration {
        self.max_age
            .as_ref()
            .map_or(default, |max_age| Duration::from_secs(max_age.seconds))
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compiled {
            origins,
            credentials,
            methods,
            headers,
            extra,
            max_age,
            preflight_status,
            ..
        } = &*self.0;
        f.debug_struct("Policy")
            .field("origins", origins)
            .field("methods", methods)
            .field("headers", headers)
            .field(
                "exposed",
                &extra.as_ref().and_then(|extra| extra.exposed.as_ref()),
            )
            .field("credentials", credentials)
            .field("max_age", &max_age.as_ref().map(|max_age| max_age.seconds))
            .field("preflight_status", preflight_status)
            .field("private_network", &self.0.private_network)
            .field("timing", &extra.as_ref().is_some_and(|extra| extra.timing))
            .finish()
    }
}

impl fmt::Debug for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Some {
                set,
                predicate,
                null,
            } => {
                write!(f, "{set:?}")?;
                if predicate.is_some() {
                    f.write_str(" or by predicate")?;
                }
                if *null {
                    f.write_str(" or null")?;
                }
                Ok(())
            }
        }
    }
}

impl<T> fmt::Debug for AllowList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant {
                value: Some(value), ..
            } => value.fmt(f),
            Self::Constant { value: None, .. } => f.write_str("none"),
            Self::Echo => f.write_str("any, echoed"),
        }
    }
}
