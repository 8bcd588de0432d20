//! Policies in plain words: what is meant, from which layers are configured, and against which they are judged.

/// The scheme of a service, and of the pages that its policies mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// As it stands in a URL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Http => Self::Https,
            Self::Https => Self::Http,
        }
    }
}

/// Which pages are meant. Their scheme is that of the service.
#[derive(Clone, Copy, Debug)]
pub enum Origins {
    /// The page of this host.
    Exactly(&'static str),
    /// The page of this host with the other scheme.
    OtherScheme(&'static str),
    /// Every page below this domain, at the default port.
    Below(&'static str),
    /// The pages of this host, at every port.
    EveryPortOf(&'static str),
    /// Opaque origins.
    Opaque,
    /// All.
    Every,
}

/// Which methods or headers are meant.
#[derive(Clone, Copy, Debug)]
pub enum Names {
    /// These.
    Listed(&'static [&'static str]),
    /// All.
    Every,
}

/// How the layer is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// Origins by list and pattern.
    Listed,
    /// Origins by a function.
    ByPredicate,
    /// A policy that is looked up for each origin.
    ByLookup,
}

/// What is meant by one policy.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The pages that may read.
    pub origins: &'static [Origins],
    /// The methods that they may use, beside GET, HEAD and POST.
    pub methods: Names,
    /// The headers that they may send, beside those that need no permission; in lower case.
    pub headers: Names,
    /// The headers that they may read, beside those that can always be read; in lower case.
    pub exposed: Names,
    /// Whether they may include credentials.
    pub credentials: bool,
}

/// A service of the matrix: the first policy that means a page's origin is the one that counts.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// Its path.
    pub name: &'static str,
    /// Its scheme.
    pub scheme: Scheme,
    /// How the layer is told.
    pub told: Told,
    /// Its policies.
    pub policies: &'static [Description],
}

use Names::Listed;
use Origins::{Below, Every, EveryPortOf, Exactly, Opaque, OtherScheme};

const APP: Origins = Exactly("app.shop.test");
const NONE: Names = Listed(&[]);
const LISTED_WITH_CREDENTIALS: Description = Description {
    origins: &[
        APP,
        Exactly("admin.shop.test"),
        Exactly("xn--mnster-3ya.test"),
        // Their pages of another scheme and another port are not meant.
        OtherScheme("stranger.test"),
        Exactly("localhost:3001"),
    ],
    methods: Listed(&["PUT", "DELETE", "PATCH"]),
    headers: Listed(&["authorization", "content-type", "x-custom"]),
    exposed: Listed(&["etag", "x-request-id"]),
    credentials: true,
};
const BELOW: Description = Description {
    origins: &[Below("shop.test")],
    methods: Listed(&["PUT", "CHICKEN"]),
    headers: Listed(&["x-custom", "x-second", "range"]),
    exposed: Listed(&["x-request-id"]),
    credentials: false,
};
const PUBLIC: Description = Description {
    origins: &[Every],
    methods: Names::Every,
    headers: Names::Every,
    exposed: Names::Every,
    credentials: false,
};

/// The services of the matrix.
pub const ALL: [Described; 12] = [
    described(
        "one-origin",
        &[Description {
            origins: &[APP],
            methods: NONE,
            headers: NONE,
            exposed: NONE,
            credentials: false,
        }],
    ),
    described("listed-with-credentials", &[LISTED_WITH_CREDENTIALS]),
    described("below", &[BELOW]),
    described(
        "below-anything-with-credentials",
        &[Description {
            origins: &[Below("shop.test")],
            methods: Names::Every,
            headers: Names::Every,
            exposed: Listed(&["x-request-id"]),
            credentials: true,
        }],
    ),
    described(
        "every-port",
        &[Description {
            origins: &[EveryPortOf("app.shop.test"), EveryPortOf("localhost")],
            methods: Listed(&["PUT", "OPTIONS"]),
            headers: Listed(&["content-type"]),
            exposed: NONE,
            credentials: false,
        }],
    ),
    described("public", &[PUBLIC]),
    described(
        "public-listed",
        &[Description {
            origins: &[Every],
            methods: Listed(&["DELETE", "HEAD"]),
            headers: Listed(&["authorization", "accept"]),
            exposed: Listed(&["etag"]),
            credentials: false,
        }],
    ),
    described(
        "opaque",
        &[Description {
            origins: &[Opaque, APP],
            methods: Listed(&["PUT"]),
            headers: Listed(&["x-custom"]),
            exposed: Names::Every,
            credentials: false,
        }],
    ),
    described(
        "own-machine",
        &[Description {
            origins: &[EveryPortOf("localhost"), EveryPortOf("127.0.0.1")],
            methods: Names::Every,
            headers: Names::Every,
            exposed: NONE,
            credentials: true,
        }],
    ),
    described("own-pages-and-everyone", &[LISTED_WITH_CREDENTIALS, PUBLIC]),
    Described {
        told: Told::ByPredicate,
        ..described("predicate", &[BELOW])
    },
    Described {
        told: Told::ByLookup,
        ..described("lookup", &[LISTED_WITH_CREDENTIALS])
    },
];

const fn described(name: &'static str, policies: &'static [Description]) -> Described {
    Described {
        name,
        scheme: Scheme::Http,
        told: Told::Listed,
        policies,
    }
}
