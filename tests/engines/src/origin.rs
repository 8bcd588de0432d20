//! Where pages are from.

use std::fmt;

/// The origin of a page. All of them are `http`: the network of the tests is one HTTP proxy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageOrigin {
    /// A host, and a port if it is not 80.
    Tuple(&'static str, Option<u16>),
    /// A sandboxed frame.
    Opaque,
}

/// The service that every page calls.
pub(crate) const SERVICE: PageOrigin = PageOrigin::Tuple("api.shop.test", None);

impl PageOrigin {
    /// Pages that policies mean, pages that look like them, and the service's own.
    pub const ALL: [Self; 14] = [
        Self::Tuple("app.shop.test", None),
        Self::Tuple("admin.shop.test", None),
        Self::Tuple("deep.app.shop.test", None),
        Self::Tuple("shop.test", None),
        Self::Tuple("evilshop.test", None),
        Self::Tuple("app.shop.test.evil.test", None),
        Self::Tuple("app-shop.test", None),
        Self::Tuple("app.shop.test", Some(8080)),
        Self::Tuple("xn--mnster-3ya.test", None),
        Self::Tuple("localhost", Some(3000)),
        Self::Tuple("127.0.0.1", Some(3000)),
        Self::Tuple("stranger.test", None),
        Self::Opaque,
        SERVICE,
    ];

    /// The URL of its page number `visit`.
    pub(crate) fn page(self, visit: u64) -> String {
        match self {
            Self::Tuple(..) => format!("{self}/page?visit={visit}"),
            Self::Opaque => format!("http://stranger.test/page?visit={visit}&sandboxed=true"),
        }
    }

    /// Whether a cookie of the service that is `SameSite=Lax` goes with the requests of the page, if it includes them.
    pub fn is_same_site(self) -> bool {
        match self {
            Self::Tuple(host, _) => host == "shop.test" || host.ends_with(".shop.test"),
            Self::Opaque => false,
        }
    }
}

impl fmt::Display for PageOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tuple(host, None) => write!(f, "http://{host}"),
            Self::Tuple(host, Some(port)) => write!(f, "http://{host}:{port}"),
            Self::Opaque => f.write_str("null"),
        }
    }
}
