//! Where pages are from.

use std::fmt;

use crate::Engine;
use crate::description::Scheme;

/// The origin of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageOrigin {
    /// A host of `http`, and a port if it is not 80.
    Tuple(&'static str, Option<u16>),
    /// A host of `https`, and a port if it is not 443.
    Secure(&'static str, Option<u16>),
    /// A sandboxed frame.
    Opaque,
}

/// The host of the service that every page calls.
const SERVICE: &str = "api.shop.test";

impl PageOrigin {
    /// Pages that policies mean, pages that look like them, and the service's own.
    pub const ALL: [Self; 11] = [
        Self::Tuple("app.shop.test", None),
        Self::Tuple("shop.test", None),
        Self::Tuple("evilshop.test", None),
        Self::Tuple("app.shop.test.evil.test", None),
        Self::Tuple("app-shop.test", None),
        Self::Tuple("app.shop.test", Some(8080)),
        Self::Tuple("localhost", Some(3000)),
        Self::Tuple("127.0.0.1", Some(3000)),
        Self::Tuple("stranger.test", None),
        Self::Opaque,
        Self::Tuple(SERVICE, None),
    ];

    /// The pages over TLS: more that policies mean, and the twin of the listed page without TLS.
    pub const OVER_TLS: [Self; 12] = [
        Self::Secure("app.shop.test", None),
        Self::Secure("admin.shop.test", None),
        Self::Secure("deep.app.shop.test", None),
        Self::Secure("shop.test", None),
        Self::Secure("evilshop.test", None),
        Self::Secure("app.shop.test", Some(8443)),
        Self::Secure("xn--mnster-3ya.test", None),
        Self::Secure("localhost", Some(3000)),
        Self::Secure("stranger.test", None),
        Self::Tuple("app.shop.test", None),
        Self::Opaque,
        Self::Secure(SERVICE, None),
    ];

    /// The pages of the service itself.
    pub fn service(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => Self::Tuple(SERVICE, None),
            Scheme::Https => Self::Secure(SERVICE, None),
        }
    }

    /// The URL of its page number `visit`.
    pub(crate) fn page(self, visit: u64) -> String {
        match self {
            Self::Tuple(..) | Self::Secure(..) => format!("{self}/page?visit={visit}"),
            Self::Opaque => format!("http://stranger.test/page?visit={visit}&sandboxed=true"),
        }
    }

    /// Whether a cookie of the service that is `SameSite=Lax` goes with the requests of the page, if it includes them.
    ///
    /// By the standard and in Chromium, the scheme is a part of the site: <https://html.spec.whatwg.org/#same-site>. In Firefox
    /// and WebKit it is not.
    pub fn is_same_site(self, scheme: Scheme, engine: Engine) -> bool {
        let (of, host) = match self {
            Self::Tuple(host, _) => (Scheme::Http, host),
            Self::Secure(host, _) => (Scheme::Https, host),
            Self::Opaque => return false,
        };
        let is_of_site = host == "shop.test" || host.ends_with(".shop.test");
        is_of_site && (of == scheme || engine != Engine::Chromium)
    }
}

impl fmt::Display for PageOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tuple(host, None) => write!(f, "http://{host}"),
            Self::Tuple(host, Some(port)) => write!(f, "http://{host}:{port}"),
            Self::Secure(host, None) => write!(f, "https://{host}"),
            Self::Secure(host, Some(port)) => write!(f, "https://{host}:{port}"),
            Self::Opaque => f.write_str("null"),
        }
    }
}
