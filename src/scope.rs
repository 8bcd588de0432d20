//! Scopes: the part of a request, besides its origin, that a lookup depends on.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Request, Uri};

use crate::request;

/// A part of a request, besides its origin, that a lookup depends on, such as a tenant.
///
/// It is text, and part of the key under which decisions are cached. Empty text is the default scope, in which all requests
/// are if [`DynamicPolicies::scope`](crate::DynamicPolicies::scope) is not called.
///
/// ```
/// use tower_cors::Scope;
///
/// let tenant = Scope::from("shop.example.com");
/// assert_eq!(tenant, "shop.example.com");
/// assert_eq!(Scope::from(None::<String>), Scope::default());
/// ```
///
/// A type of your own becomes a scope with `impl From<Tenant> for Scope`.
///
/// # Cost
///
/// Creating one allocates its text once; the default scope has none. Cloning increments one reference count.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Scope(Option<Arc<str>>);

impl Scope {
    /// Returns the scope as text, which is empty for the default scope.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Returns whether this is the default scope.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

macro_rules! from_texts {
    ($($text:ty),*) => {
        $(
            impl From<$text> for Scope {
                fn from(text: $text) -> Self {
                    Self((!text.is_empty()).then(|| text.into()))
                }
            }
        )*
    };
}

from_texts!(&str, String, Box<str>, Arc<str>, Cow<'_, str>);

impl From<&String> for Scope {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&Scope> for Scope {
    fn from(scope: &Scope) -> Self {
        scope.clone()
    }
}

impl<T> From<Option<T>> for Scope
where
    Scope: From<T>,
{
    /// `None` is the default scope.
    fn from(scope: Option<T>) -> Self {
        scope.map_or_else(Self::default, Self::from)
    }
}

impl PartialEq<str> for Scope {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Scope {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<Scope> for str {
    fn eq(&self, other: &Scope) -> bool {
        other == self
    }
}

impl PartialEq<Scope> for &str {
    fn eq(&self, other: &Scope) -> bool {
        other == self
    }
}

impl AsRef<str> for Scope {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The head of a request, from which a [`Scope`] is read.
///
/// A preflight must have the same scope as the request that it asks for. So the head has no method, and a scope must not be
/// read from headers that pages set, because preflights do not have them.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl<'a> RequestHead<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            uri: request.uri(),
            headers: request.headers(),
        }
    }

    /// Returns the host that the request was sent to, in lower case and without the port. It is taken from
    /// `:authority`, or otherwise from `Host`.
    pub fn host(&self) -> Option<String> {
        request::authority(self.uri, self.headers)
            .map(|authority| authority.host().to_ascii_lowercase())
    }

    /// Returns the path as it was received: not decoded, and with no segment resolved.
    pub fn path(&self) -> &'a str {
        self.uri.path()
    }

    /// Returns the URI as it was received.
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Returns the headers. A preflight has none of those that the page sets, and no credentials.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }
}
