//! The configuration lines for each server.

use http::HeaderMap;

mod lines;

/// A server, or what it is programmed with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Server {
    Nginx,
    Caddy,
    Express,
    FastApi,
    Spring,
    Cloudflare,
    S3,
    TowerCors,
}

/// The permissions that the server lacks for the request.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Need {
    /// The origins that are meant to be allowed, for lines that name some.
    pub(crate) meant: Vec<String>,
    /// The method of the request, for lines that must name one.
    pub(crate) method: String,
    /// The origin that must be allowed.
    pub(crate) origin: Option<String>,
    pub(crate) credentials: bool,
    /// The methods that must be listed: those that are, and the missing one.
    pub(crate) methods: Vec<String>,
    /// The headers that must be listed: those that are, and the missing ones.
    pub(crate) headers: Vec<String>,
    /// Preflights must be answered before authentication, routes and redirects.
    pub(crate) preflight: bool,
    /// Errors must have the headers too.
    pub(crate) errors: bool,
    /// `Access-Control-Allow-Origin` must be sent once.
    pub(crate) once: bool,
    /// Caches must be told that the response depends on the origin.
    pub(crate) vary: bool,
    /// The origin must be compared as a whole.
    pub(crate) exact: bool,
}

impl Need {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { meant, method, .. } = self;
        *self
            == Self {
                meant: meant.clone(),
                method: method.clone(),
                ..Self::default()
            }
    }
}

impl Server {
    pub(crate) const ALL: [Self; 8] = [
        Self::Nginx,
        Self::Caddy,
        Self::Express,
        Self::FastApi,
        Self::Spring,
        Self::Cloudflare,
        Self::S3,
        Self::TowerCors,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Express => "express",
            Self::FastApi => "fastapi",
            Self::Spring => "spring",
            Self::Cloudflare => "cloudflare",
            Self::S3 => "s3",
            Self::TowerCors => "tower-cors",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::Express => "Express",
            Self::FastApi => "FastAPI",
            Self::Spring => "Spring",
            Self::Cloudflare => "Cloudflare",
            Self::S3 => "Amazon S3",
            Self::TowerCors => "tower-cors",
        }
    }

    /// Returns whether another server may have written the response that this one passes on.
    pub(crate) fn is_proxy(self) -> bool {
        matches!(self, Self::Nginx | Self::Caddy | Self::Cloudflare)
    }

    /// Returns the servers that an answer names.
    pub(crate) fn named(headers: &HeaderMap) -> Vec<Self> {
        let has = |name: &str, part: &str| {
            let lines = headers.get_all(name).iter();
            let part = part.as_bytes();
            lines.into_iter().any(|line| {
                let line = line.as_bytes().to_ascii_lowercase();
                line.windows(part.len().max(1)).any(|window| window == part)
            })
        };
        let named = |server| match server {
            Self::Nginx => has("server", "nginx") || has("server", "openresty"),
            Self::Caddy => has("server", "caddy") || has("via", "caddy"),
            Self::Express => has("x-powered-by", "express"),
            Self::FastApi => has("server", "uvicorn") || has("server", "hypercorn"),
            Self::Spring => headers.contains_key("x-application-context"),
            Self::Cloudflare => has("server", "cloudflare") || headers.contains_key("cf-ray"),
            Self::S3 => has("server", "amazons3"),
            Self::TowerCors => headers.contains_key("x-cors-decision"),
        };
        Self::ALL
            .into_iter()
            .filter(|&server| named(server))
            .collect()
    }

    /// Returns the lines to write, with a comment that says where.
    pub(crate) fn lines(self, need: &Need) -> Vec<String> {
        match self {
            Self::Nginx => lines::nginx(need),
            Self::Caddy => lines::caddy(need),
            Self::Express => lines::express(need),
            Self::FastApi => lines::fastapi(need),
            Self::Spring => lines::spring(need),
            Self::Cloudflare => lines::cloudflare(need),
            Self::S3 => lines::s3(need),
            Self::TowerCors => lines::tower_cors(need),
        }
    }
}
