//! The settings of a policy, to print or to test.

use std::fmt;
use std::time::Duration;

use http::{HeaderName, Method, StatusCode};

use super::{AllowList, AllowedOrigins, Compiled, Policy};
use crate::enforce::Enforcement;
use crate::host::HostSet;
use crate::origin::OriginSet;

/// The methods or headers that a policy allows.
///
/// ```
/// use http::Method;
/// use tower_cors::{Allowed, Policy};
///
/// let policy = Policy::builder()
///     .allow_any_origin()
///     .allow_method("PUT")
///     .allow_any_header()
///     .build()?;
/// assert_eq!(policy.methods(), Allowed::Only(&[Method::PUT]));
/// assert!(!policy.methods().contains(&Method::DELETE));
/// assert_eq!(policy.headers(), Allowed::Any);
/// # Ok::<(), tower_cors::PolicyErrors>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Allowed<'a, T> {
    /// Any.
    Any,
    /// Only these, and those that need no permission in the protocol.
    Only(&'a [T]),
}

impl<T: PartialEq> Allowed<'_, T> {
    /// Returns whether `item` is allowed by name or because any is.
    pub fn contains(&self, item: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Only(listed) => listed.contains(item),
        }
    }
}

/// The settings of the policy, to print or to test.
impl Policy {
    /// Returns whether every origin is allowed.
    ///
    /// ```
    /// use tower_cors::{Policy, PolicyBuilder};
    ///
    /// assert!(Policy::permissive().allows_any_origin());
    /// assert!(!PolicyBuilder::localhost().build()?.allows_any_origin());
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    #[inline]
    pub fn allows_any_origin(&self) -> bool {
        matches!(self.compiled().origins, AllowedOrigins::Any)
    }

    /// Returns the listed origins and patterns, or `None` if every origin is allowed.
    ///
    /// Others may be allowed too: see [`has_predicate`](Self::has_predicate),
    /// [`allows_null_origin`](Self::allows_null_origin) and [`allows_file_origin`](Self::allows_file_origin).
    ///
    /// ```
    /// use tower_cors::Policy;
    ///
    /// let policy = Policy::builder()
    ///     .allow_origins(["https://app.example.com", "http://localhost:*"])
    ///     .build()?;
    /// let origins = policy.origins().expect("not every origin is allowed");
    /// assert_eq!(origins.len(), 2);
    /// for pattern in origins.iter() {
    ///     println!("{pattern}");
    /// }
    /// # Ok::<(), tower_cors::PolicyErrors>(())
    /// ```
    pub fn origins(&self) -> Option<&OriginSet> {
        match &self.compiled().origins {
            AllowedOrigins::Any => None,
            AllowedOrigins::Some { set, .. } => Some(set),
        }
    }

    /// Returns whether the policy calls a [predicate](super::PolicyBuilder::allow_origins_where) for origins that are
    /// not listed.
    pub fn has_predicate(&self) -> bool {
        match &self.compiled().origins {
            AllowedOrigins::Any => false,
            AllowedOrigins::Some { predicate, .. } => predicate.is_some(),
        }
    }

    /// Returns whether the opaque origin, `null`, is allowed.
    pub fn allows_null_origin(&self) -> bool {
        match &self.compiled().origins {
            AllowedOrigins::Any => true,
            AllowedOrigins::Some { null, .. } => *null,
        }
    }

    /// Returns whether pages of the local network are allowed.
    pub fn allows_local_network(&self) -> bool {
        match &self.compiled().origins {
            AllowedOrigins::Any => true,
            AllowedOrigins::Some { local_network, .. } => *local_network,
        }
    }

    /// Returns whether `file://`, the origin of local files in some browsers, is allowed.
    pub fn allows_file_origin(&self) -> bool {
        match &self.compiled().origins {
            AllowedOrigins::Any => true,
            AllowedOrigins::Some { file, .. } => *file,
        }
    }

    /// Returns the methods that are allowed. GET, HEAD and POST are always allowed, listed or not.
    pub fn methods(&self) -> Allowed<'_, Method> {
        self.compiled().methods.allowed()
    }

    /// Returns the request headers that are allowed. Those of [`allows_mcp_parameters`](Self::allows_mcp_parameters) are
    /// not among them.
    pub fn headers(&self) -> Allowed<'_, HeaderName> {
        self.compiled().headers.allowed()
    }

    /// Returns whether requested headers `Mcp-Param-*` are allowed, besides the listed [`headers`](Self::headers).
    ///
    /// A policy that allows any header does not need it, so it returns `false`.
    pub fn allows_mcp_parameters(&self) -> bool {
        self.compiled().mcp_parameters
    }

    /// Returns the response headers that pages may read.
    pub fn exposed_headers(&self) -> Allowed<'_, HeaderName> {
        self.compiled().exposed.allowed()
    }

    /// Returns whether pages may send credentials.
    pub fn allows_credentials(&self) -> bool {
        self.compiled().credentials
    }

    /// Returns how long browsers may cache the answer to a preflight, in whole seconds, or `None` if the
    /// policy does not set it.
    pub fn max_age(&self) -> Option<Duration> {
        let max_age = self.compiled().max_age.as_ref()?;
        Some(Duration::from_secs(max_age.seconds))
    }

    /// Returns the status of the answer to an allowed preflight.
    pub fn preflight_status(&self) -> StatusCode {
        self.compiled().preflight_status
    }

    /// Returns whether preflights that ask for it get `Access-Control-Allow-Private-Network`.
    pub fn allows_private_network(&self) -> bool {
        self.compiled().private_network
    }

    /// Returns whether pages may read the timing of responses.
    pub fn allows_timing(&self) -> bool {
        let extra = self.compiled().extra.as_ref();
        extra.is_some_and(|extra| extra.timing)
    }

    /// Returns what happens to requests that pages of other origins must not send.
    pub fn enforcement(&self) -> Enforcement {
        self.compiled().protection.enforcement
    }

    /// Returns the hosts by which the service is reached, or `None` if the policy does not check the host.
    pub fn hosts(&self) -> Option<&HostSet> {
        self.compiled().protection.hosts.as_ref()
    }

    /// Returns whether [`Enforcement`] lets the allowed origins use safe methods only.
    pub fn is_read_only(&self) -> bool {
        self.compiled().read_only
    }

    /// Returns whether [`Enforcement`] lets requests of the service's own pages pass.
    pub fn trusts_same_origin(&self) -> bool {
        self.compiled().protection.trusts_same_origin
    }
}

impl<T> AllowList<T> {
    fn allowed(&self) -> Allowed<'_, T> {
        match self {
            Self::Echo | Self::Constant { any: true, .. } => Allowed::Any,
            Self::Constant { listed, .. } => Allowed::Only(listed),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Compiled {
            origins,
            methods,
            headers,
            exposed,
            ..
        } = self.compiled();
        f.debug_struct("Policy")
            .field("origins", origins)
            .field("methods", methods)
            .field("headers", headers)
            .field("mcp_parameters", &self.allows_mcp_parameters())
            .field("exposed_headers", exposed)
            .field("credentials", &self.allows_credentials())
            .field("max_age", &self.max_age().map(|max_age| max_age.as_secs()))
            .field("preflight_status", &self.preflight_status())
            .field("private_network", &self.allows_private_network())
            .field("timing", &self.allows_timing())
            .field("enforcement", &self.enforcement())
            .field("hosts", &self.hosts())
            .field("read_only", &self.is_read_only())
            .field("trust_same_origin", &self.trusts_same_origin())
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
                file,
                local_network,
            } => {
                write!(f, "{set:?}")?;
                if predicate.is_some() {
                    f.write_str(" or by predicate")?;
                }
                if *null {
                    f.write_str(" or null")?;
                }
                if *file {
                    f.write_str(" or file://")?;
                }
                if *local_network {
                    f.write_str(" or of the local network")?;
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
