//! What a lookup depends on besides the origin.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Request, Uri};

use crate::request;

/// What a lookup depends on besides the origin, such as a tenant. It is part of the cache key.
///
/// Cloning increments one reference count.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Scope(Option<Arc<str>>);

impl Scope {
    /// Returns the scope as text; empty if none was taken.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
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
    /// Nothing is the empty scope.
    fn from(scope: Option<T>) -> Self {
        scope.map_or_else(Self::default, Self::from)
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

/// The head of a request, from which a [`Scope`] is taken.
///
/// It has no method, because a preflight must have the scope of the request that it asks for.
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
