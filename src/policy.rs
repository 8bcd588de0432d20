//! Policies: validated, compiled, immutable.

use std::sync::Arc;
#[cfg(feature = "cache")]
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::decision::{Decision, Rejection};
use crate::origin::{self, Origin, OriginSet};
use crate::protection::Protection;
use crate::request::{self, RequestOrigin};

mod builder;
mod check;
mod compile;
#[cfg(feature = "serde")]
mod config;
mod error;
mod errors;
mod inspect;
mod keys;
mod list;
mod neighbors;
mod predicate;
mod preset;
mod settings;
mod texts;

pub use builder::PolicyBuilder;
#[cfg(feature = "cache")]
pub(crate) use builder::SnapshotBase;
#[cfg(feature = "serde")]
pub use config::PolicyConfig;
pub use error::PolicyError;
pub use errors::PolicyErrors;
pub use inspect::Allowed;
use predicate::Predicate;
pub use texts::{Name, Names, OriginText, OriginTexts};

/// A CORS policy: the origins, methods and headers that it allows, and whether with credentials.
///
/// Build a policy with [`Policy::builder`] or with a preset of [`PolicyBuilder`]. [`build`](PolicyBuilder::build)
/// reports all mistakes, so no request can fail because of one. A policy never changes; replace it to change what is
/// allowed.
///
/// ```
/// use std::time::Duration;
/// use tower_cors::Policy;
///
/// let policy = Policy::builder()
///     .allow_origins(["https://app.example.com", "https://*.example.com"])
///     .allow_origin("http://localhost:*")
///     .allow_methods(["PUT", "DELETE"])
///     .allow_headers(["authorization", "content-type"])
///     .expose_headers(["etag"])
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

/// A policy as its responses need it.
pub(crate) struct Compiled {
    pub(crate) origins: AllowedOrigins,
    pub(crate) credentials: bool,
    pub(crate) methods: AllowList<Method>,
    pub(crate) headers: AllowList<HeaderName>,
    /// Set if requested headers of the Model Context Protocol are added to a list of headers.
    pub(crate) mcp_parameters: bool,
    /// The headers of actual responses beyond origin and credentials, if there are any.
    pub(crate) extra: Option<ExtraHeaders>,
    pub(crate) exposed: AllowList<HeaderName>,
    pub(crate) max_age: Option<MaxAge>,
    pub(crate) preflight_status: StatusCode,
    /// The `Vary` of preflights whose answer depends on request headers other than `Origin`.
    pub(crate) preflight_vary: Option<PreflightVary>,
    pub(crate) private_network: bool,
    pub(crate) protection: Protection,
    /// Set if enforcement lets the allowed origins use safe methods only.
    pub(crate) read_only: bool,
}

/// The headers of actual responses that few policies add. The default adds none.
#[derive(PartialEq, Eq, Default)]
pub(crate) struct ExtraHeaders {
    pub(crate) exposed: Option<HeaderValue>,
    pub(crate) timing: bool,
}

/// The `Vary` of a policy's preflights.
pub(crate) struct PreflightVary {
    /// The request headers other than `Origin`.
    pub(crate) others: HeaderValue,
    /// `Origin` and the others.
    pub(crate) origin_and_others: HeaderValue,
}

/// How long browsers may cache the answer to a preflight.
pub(crate) struct MaxAge {
    pub(crate) seconds: u64,
    pub(crate) value: HeaderValue,
}

/// The origins that a policy allows.
pub(crate) enum AllowedOrigins {
    Any,
    Some {
        set: OriginSet,
        predicate: Option<Box<Predicate>>,
        null: bool,
        file: bool,
        local_network: bool,
    },
}

/// The methods or headers of a response.
pub(crate) enum AllowList<T> {
    /// The same value for everyone: a list or a wildcard, or `None` if nothing is listed.
    Constant {
        value: Option<HeaderValue>,
        listed: Box<[T]>,
        any: bool,
    },
    /// The requested names: any with credentials, because browsers then treat a wildcard literally.
    Echo,
}

/// The part of the answer to a preflight that echoes the request. It has been checked.
pub(crate) struct Echo {
    pub(crate) methods: Option<HeaderValue>,
    /// The whole list, which replaces the constant one if there is one.
    pub(crate) headers: Option<HeaderValue>,
    pub(crate) private_network: bool,
}

impl<T> AllowList<T> {
    /// Returns the value that everyone gets, if there is one.
    #[inline(always)]
    pub(crate) fn constant(&self) -> Option<&HeaderValue> {
        match self {
            Self::Constant { value, .. } => value.as_ref(),
            Self::Echo => None,
        }
    }
}

impl Policy {
    /// Returns what the layer decides about a request with this method and these headers.
    ///
    /// For a preflight, it decides about the origin only. Every allowed origin gets the complete lists of methods and
    /// headers, and the *browser* rejects what they do not contain. [`Policy::explain`] includes what the browser does.
    /// A malformed or oversized list of headers is rejected here only if it would be echoed: if any header is allowed,
    /// with credentials, or if the names are [parameters of MCP](PolicyBuilder::allow_mcp_parameters). The same holds for
    /// the method.
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
    /// let rejected = Decision::Rejected(Rejection::OriginNotAllowed);
    /// assert_eq!(policy.decide(&Method::GET, &headers), rejected);
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    ///
    /// # Cost
    ///
    /// One hash probe for a listed origin; linear in the length of the origin for patterns and rejections. It allocates
    /// nothing, except to echo parameters of MCP,
    /// or a list of headers in a form that no browser sends.
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

    /// Returns the value of `Access-Control-Allow-Origin` for an origin. [`RequestOrigin::specify`] adds the
    /// reason to the rejection.
    #[inline(always)]
    pub(crate) fn check_origin<'o>(
        &self,
        origin: RequestOrigin<'o>,
    ) -> Result<AllowOrigin<'o>, Rejection> {
        let AllowedOrigins::Some {
            set,
            predicate,
            null,
            file,
            local_network,
        } = &self.0.origins
        else {
            return Ok(AllowOrigin::Any);
        };
        let RequestOrigin::Line(line) = origin else {
            return Err(Rejection::OriginNotAllowed);
        };
        if set.contains_exactly(line.as_bytes())
            || (*null && line == "null")
            || (*file && line == "file://")
        {
            return Ok(AllowOrigin::Same(line));
        }
        if !set.has_patterns() && predicate.is_none() && !local_network {
            return Err(Rejection::OriginNotAllowed);
        }
        check_parsed(set, *local_network, predicate.as_deref(), line)
            .map(|()| AllowOrigin::Same(line))
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
            headers: match &self.0.headers {
                AllowList::Constant { value, .. } if self.0.mcp_parameters => {
                    request::with_mcp_parameters(value.as_ref(), headers)?
                }
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
    /// The same as of [`Policy::decide`].
    pub fn allows(&self, origin: &Origin) -> bool {
        self.check_origin(RequestOrigin::Line(origin.value()))
            .is_ok()
    }

    /// Returns an invented neighbor of `origin` that the predicate accepts too, if it is checked for that.
    pub(crate) fn accepted_neighbor(&self, origin: &Origin) -> Option<Origin> {
        match &self.0.origins {
            AllowedOrigins::Some { predicate, .. } => predicate.as_ref()?.accepted_neighbor(origin),
            AllowedOrigins::Any => None,
        }
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.0
    }
}

/// The value of `Access-Control-Allow-Origin`: one, and never a `*` that a request chose.
#[derive(Clone, Copy)]
pub(crate) enum AllowOrigin<'a> {
    /// `*`, whatever the request's origin is.
    Any,
    /// The request's own origin.
    Same(&'a HeaderValue),
}

/// Checks an origin that is not listed against the patterns and the predicate.
fn check_parsed(
    set: &OriginSet,
    local_network: bool,
    predicate: Option<&Predicate>,
    line: &HeaderValue,
) -> Result<(), Rejection> {
    let Ok(Some(parts)) = origin::parse(line.as_bytes()) else {
        return Err(Rejection::OriginNotAllowed);
    };
    if set.contains_generalized(line.as_bytes(), parts)
        || local_network && Origin::of_parts(line, parts).is_of_local_network()
    {
        return Ok(());
    }
    match predicate {
        // No pattern allows it, and no predicate is asked.
        Some(predicate) if !parts.is_file() => predicate.check(&Origin::of_parts(line, parts)),
        _ => Err(Rejection::OriginNotAllowed),
    }
}

impl Compiled {
    /// Returns the Max-Age, or `default` if the policy sets none.
    #[cfg(feature = "cache")]
    pub(crate) fn max_age_or(&self, default: Duration) -> Duration {
        self.max_age
            .as_ref()
            .map_or(default, |max_age| Duration::from_secs(max_age.seconds))
    }
}
