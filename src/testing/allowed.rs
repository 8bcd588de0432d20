//! The origins that a user means to allow, and what they may do.

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use url::Url;

use super::origin::serialize;

/// The origins that are meant to read responses, for [`assert_safe`](super::assert_safe).
///
/// A list of origins stands for readers with or without credentials, except `*`, which stands for any origin without them.
/// If it matters who reads with credentials, say so:
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::Request;
/// use tower_cors::testing::{Readers, assert_safe};
/// use tower_cors::{CorsLayer, Policy, PolicyBuilder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_cors::PolicyErrors> {
/// let ours = Policy::builder().allow_origins(["https://app.example.com"]).allow_credentials(true).build()?;
/// let everyone = PolicyBuilder::public().build()?;
/// let mut app = Router::new().route("/", get(async || "hello")).layer(CorsLayer::new([ours, everyone]));
///
/// let readers = Readers::new()
///     .with_credentials(["https://app.example.com"])
///     .without_credentials(["*"]);
/// assert_safe(&mut app, Request::get("https://api.example.com/").body(Body::empty()), readers).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Readers {
    /// With credentials or without.
    either: Vec<String>,
    with_credentials: Vec<String>,
    without_credentials: Vec<String>,
}

impl Readers {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds origins that must be able to read with credentials. It cannot be `*`.
    #[must_use]
    pub fn with_credentials(mut self, origins: impl IntoIterator<Item: AsRef<str>>) -> Self {
        self.with_credentials.extend(texts(origins));
        self
    }

    /// Adds origins that must be able to read without credentials, and unless they are added otherwise too, must not read
    /// with them.
    #[must_use]
    pub fn without_credentials(mut self, origins: impl IntoIterator<Item: AsRef<str>>) -> Self {
        self.without_credentials.extend(texts(origins));
        self
    }

    /// Checks the origins, for those that a user wrote: [`findings`](super::findings) panics if one is none.
    ///
    /// ```
    /// use tower_cors::testing::Readers;
    ///
    /// assert!(Readers::from(["https://app.example.com", "https://*.example.com"]).check().is_ok());
    /// assert!(Readers::from(["https://app.example.com/"]).check().is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// If one is neither an origin nor a pattern, or if `*` is meant to read with credentials.
    pub fn check(&self) -> Result<(), InvalidReaders> {
        match self.parse() {
            Ok(_) => Ok(()),
            Err(reason) => Err(InvalidReaders { reason }),
        }
    }

    pub(super) fn parse(&self) -> Result<AllowedReaders, String> {
        if self.with_credentials.iter().any(|origin| origin == "*") {
            return Err("`*` cannot read with credentials: browsers reject it".to_owned());
        }
        let is_any = |origin: &&String| *origin == "*";
        let either = || self.either.iter().filter(|origin| !is_any(origin));
        Ok(AllowedReaders {
            required: AllowedOrigins::parse(&self.with_credentials)?,
            with_credentials: AllowedOrigins::parse(self.with_credentials.iter().chain(either()))?,
            without_credentials: AllowedOrigins::parse(
                self.without_credentials.iter().chain(&self.either),
            )?,
        })
    }
}

/// Why [`Readers`] cannot be searched for.
///
/// ```
/// use tower_cors::testing::Readers;
///
/// let error = Readers::new().with_credentials(["*"]).check().unwrap_err();
/// assert_eq!(error.to_string(), "`*` cannot read with credentials: browsers reject it");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidReaders {
    reason: String,
}

impl fmt::Display for InvalidReaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for InvalidReaders {}

fn texts(origins: impl IntoIterator<Item: AsRef<str>>) -> impl Iterator<Item = String> {
    origins.into_iter().map(|origin| origin.as_ref().to_owned())
}

impl<I: IntoIterator<Item: AsRef<str>>> From<I> for Readers {
    /// Readers with or without credentials.
    fn from(origins: I) -> Self {
        Self {
            either: texts(origins).collect(),
            ..Self::default()
        }
    }
}

/// [`Readers`], parsed.
#[derive(Debug)]
pub(super) struct AllowedReaders {
    /// Those who must read with credentials.
    required: AllowedOrigins,
    /// Those who may, which are more.
    with_credentials: AllowedOrigins,
    without_credentials: AllowedOrigins,
}

impl AllowedReaders {
    /// Returns whether any origin may read, without credentials.
    pub(super) fn any(&self) -> bool {
        self.without_credentials.any
    }

    pub(super) fn allows(&self, origin: &[u8]) -> bool {
        self.allows_with_credentials(origin) || self.without_credentials.allows(origin)
    }

    pub(super) fn allows_with_credentials(&self, origin: &[u8]) -> bool {
        self.with_credentials.allows(origin)
    }

    pub(super) fn requires_credentials(&self, origin: &[u8]) -> bool {
        self.required.allows(origin)
    }

    /// An origin of each pattern.
    pub(super) fn examples(&self) -> Vec<&Url> {
        let mut examples: Vec<&Url> = Vec::new();
        let lists = [&self.with_credentials, &self.without_credentials];
        for example in lists.into_iter().flat_map(AllowedOrigins::examples) {
            if !examples.contains(&example) {
                examples.push(example);
            }
        }
        examples
    }

    /// The origins to try that must be able to read.
    pub(super) fn origins(&self, stranger: &str) -> Vec<Vec<u8>> {
        let mut origins: Vec<String> = self.examples().into_iter().map(serialize).collect();
        let lists = [&self.with_credentials, &self.without_credentials];
        if lists.iter().any(|list| list.null) {
            origins.push("null".to_owned());
        }
        if self.any() {
            origins.push(stranger.to_owned());
        }
        origins.into_iter().map(String::into_bytes).collect()
    }
}

/// The origins that should be allowed. It has its own matching, so that it does not repeat a fault of the layer.
#[derive(Debug, Default)]
pub(super) struct AllowedOrigins {
    pub(super) any: bool,
    pub(super) null: bool,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    /// `https://app.example.com`, an origin that the pattern stands for.
    example: Url,
    subdomains: bool,
    /// What is around a `*` inside a label.
    around: Option<(String, String)>,
    any_host: bool,
    ports: Ports,
}

/// The ports that a pattern stands for.
#[derive(Debug)]
enum Ports {
    /// The port of the example.
    One,
    List(Vec<u16>),
    Range(RangeInclusive<u16>),
    Any,
}

impl AllowedOrigins {
    /// Origins, `https://*.example.com`, `https://pr-*.example.com`, `http://localhost:*`, lists and ranges of ports,
    /// `moz-extension://*`, `null`, and `*` for any.
    pub(super) fn parse<T: AsRef<str>>(
        origins: impl IntoIterator<Item = T>,
    ) -> Result<Self, String> {
        let mut allowed = Self::default();
        for origin in origins {
            match origin.as_ref() {
                "*" => allowed.any = true,
                "null" => allowed.null = true,
                text => allowed.patterns.push(Pattern::parse(text)?),
            }
        }
        Ok(allowed)
    }

    /// An origin of each pattern.
    pub(super) fn examples(&self) -> impl Iterator<Item = &Url> {
        self.patterns.iter().map(|pattern| &pattern.example)
    }

    /// Whether a page of this origin is meant to be allowed.
    pub(super) fn allows(&self, origin: &[u8]) -> bool {
        if origin == b"null" {
            return self.any || self.null;
        }
        let parsed = std::str::from_utf8(origin).ok().and_then(parse_origin);
        parsed.is_some_and(|url| {
            self.any || self.patterns.iter().any(|pattern| pattern.matches(&url))
        })
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        // A scheme of the web is not allowed whole.
        let is_web = |scheme: &&str| ["http", "https", "ws", "wss", "ftp", "file"].contains(scheme);
        let scheme = text.strip_suffix("://*").filter(|scheme| !is_web(scheme));
        let (rest, ports) = match scheme {
            Some(scheme) => (format!("{scheme}://host"), Ports::Any),
            None => split_ports(text),
        };
        let subdomains = rest.contains("://*.");
        let mut example = rest.replacen("://*.", "://sub.", 1);
        let around = around_wildcard(&example).filter(|_| !subdomains);
        if around.is_some() {
            example = example.replacen('*', "sub", 1);
        }
        match parse_origin(&example).filter(|_| !example.contains('*')) {
            Some(example) => Ok(Self {
                example,
                subdomains,
                around,
                any_host: scheme.is_some(),
                ports,
            }),
            None => Err(format!(
                "`{text}` is not an origin that browsers send, such as `https://app.example.com`, nor a pattern such as \
                 `https://*.example.com`, `https://pr-*.example.com`, `http://localhost:*`, `http://localhost:3000-3999` or \
                 `moz-extension://*`, nor `null` or `*`"
            )),
        }
    }

    fn matches(&self, origin: &Url) -> bool {
        if self.any_host {
            return origin.scheme() == self.example.scheme();
        }
        let (Some(host), Some(example)) = (origin.host_str(), self.example.host_str()) else {
            return false;
        };
        let port = origin.port_or_known_default();
        let is_port = match &self.ports {
            Ports::One => origin.port() == self.example.port(),
            Ports::List(ports) => port.is_some_and(|port| ports.contains(&port)),
            Ports::Range(ports) => port.is_some_and(|port| ports.contains(&port)),
            Ports::Any => true,
        };
        let is_host = if let Some((before, after)) = &self.around {
            host.strip_prefix(before.as_str())
                .and_then(|rest| rest.strip_suffix(after.as_str()))
                .is_some_and(|middle| !middle.is_empty() && !middle.contains('.'))
        } else if self.subdomains {
            let domain = example.strip_prefix("sub").unwrap_or(example);
            host.strip_suffix(domain)
                .is_some_and(|labels| !labels.is_empty())
        } else {
            host == example
        };
        is_host && origin.scheme() == self.example.scheme() && is_port
    }
}

/// An origin of each host of a pattern, and the ports that it stands for. What is no list or range stays.
fn split_ports(text: &str) -> (String, Ports) {
    let same = || (text.to_owned(), Ports::One);
    if let Some(rest) = text.strip_suffix(":*") {
        return (rest.to_owned(), Ports::Any);
    }
    let Some((rest, last)) = text.rsplit_once(':') else {
        return same();
    };
    let list = last
        .strip_prefix('{')
        .and_then(|list| list.strip_suffix('}'));
    let ports = if let Some(list) = list {
        let ports: Result<Vec<u16>, _> = list.split(',').map(str::parse).collect();
        ports
            .ok()
            .map(|ports| (ports.first().copied(), Ports::List(ports)))
    } else {
        last.split_once('-').and_then(|(first, last)| {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            Some((Some(first), Ports::Range(first..=last)))
        })
    };
    let Some((Some(first), ports)) = ports else {
        return same();
    };
    let is_default = match rest.split_once("://") {
        Some(("http", _)) => first == 80,
        Some(("https", _)) => first == 443,
        _ => false,
    };
    let origin = if is_default {
        rest.to_owned()
    } else {
        format!("{rest}:{first}")
    };
    (origin, ports)
}

/// What is around the `*` of a host, if it is a part of a label of a domain that is no wildcard otherwise.
fn around_wildcard(origin: &str) -> Option<(String, String)> {
    let (_, authority) = origin.split_once("://")?;
    let host = authority.split(':').next()?;
    let (before, after) = host.split_once('*')?;
    let is_whole_label = before.is_empty() || before.ends_with('.');
    let is_part = !is_whole_label || !(after.is_empty() || after.starts_with('.'));
    (is_part && after.contains('.')).then(|| (before.to_owned(), after.to_owned()))
}

/// The URL of an origin, if it is serialized as browsers do.
fn parse_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (serialize(&url) == text && url.has_host()).then_some(url)
}
