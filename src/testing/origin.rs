//! Where a page is from, and what is its own.

use std::fmt;

use psl::Psl;
use url::Url;

/// The origin of a page, and the pages around it: <https://html.spec.whatwg.org/#concept-origin>
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PageOrigin {
    /// The address of the page, if it has one.
    url: Option<Url>,
    serialized: String,
    /// Whether the page is of no origin that others can be of.
    is_opaque: bool,
    /// The page of the tab, if this one is in a frame.
    top: Option<Url>,
}

impl PageOrigin {
    pub(super) fn of(page: &str) -> Result<Self, InvalidPage> {
        let invalid = |reason: String, help| InvalidPage {
            page: page.to_owned(),
            reason,
            help,
        };
        let parse = |text: &str| {
            Url::parse(text)
                .map_err(|error| invalid(error.to_string(), "write it with scheme and host"))
        };
        let url = parse(page)?;
        let origin = url.origin();
        if origin.is_tuple() {
            let serialized = origin.ascii_serialization();
            // The page of a `blob:` URL is of the origin that made it.
            let url = if url.scheme() == "blob" {
                parse(&serialized)?
            } else {
                url
            };
            if ["ws", "wss", "ftp"].contains(&url.scheme()) {
                let reason = "no page has its scheme".to_owned();
                return Err(invalid(reason, "write `https` or `http`"));
            }
            if let Some(reason) = unreachable_on_the_web(&url) {
                return Err(invalid(
                    reason.to_owned(),
                    "write the address that the browser shows",
                ));
            }
            return Ok(Self {
                url: Some(url),
                serialized,
                is_opaque: false,
                top: None,
            });
        }
        let is_opaque = ["file", "data", "blob", "about", "javascript"].contains(&url.scheme());
        if url.has_authority() && !is_opaque {
            // A page of an extension or an app shell has the origin of its scheme and host. The URL standard does not define
            // it. Engines send the host in lower case.
            let host = url.host_str().unwrap_or_default();
            if host.contains(['*', ',']) || host.len() > 253 || url.port() == Some(0) {
                let reason =
                    "its host has a `*` or a comma or more than 253 bytes, or its port is 0";
                return Err(invalid(
                    reason.to_owned(),
                    "write the address that the browser shows",
                ));
            }
            return Ok(Self {
                serialized: serialize(&url).to_ascii_lowercase(),
                url: Some(url),
                is_opaque: false,
                top: None,
            });
        }
        let url = Some(url).filter(|url| !url.cannot_be_a_base());
        Ok(Self {
            url,
            ..Self::opaque()
        })
    }

    pub(super) fn opaque() -> Self {
        Self {
            url: None,
            serialized: "null".to_owned(),
            is_opaque: true,
            top: None,
        }
    }

    /// Returns the same page with an opaque origin, as a sandboxed frame has it.
    pub(super) fn sandboxed(self) -> Self {
        Self {
            serialized: "null".to_owned(),
            is_opaque: true,
            ..self
        }
    }

    /// Returns the same page in a frame of another. Without an address of its own, it has that of the other: `srcdoc`.
    pub(super) fn embedded_in(self, page: Self) -> Self {
        Self {
            url: self.url.or_else(|| page.url.clone()),
            top: page.top.or(page.url),
            ..self
        }
    }

    /// Returns a worker of the page with a script at this URL.
    /// <https://html.spec.whatwg.org/#set-up-a-worker-environment-settings-object>
    pub(super) fn in_worker(self, script: &str) -> Result<Self, InvalidPage> {
        let url = Url::options().base_url(self.url()).parse(script);
        let url = url.map_or(script.to_owned(), String::from);
        let worker = Self::of(&url)?;
        let is_data = url.starts_with("data:");
        if !is_data && worker.serialized != self.serialized {
            return Err(InvalidPage {
                page: url,
                reason: format!("no worker of a page at {} has its origin", self.serialized),
                help: "write a script of the page's own origin",
            });
        }
        Ok(Self {
            top: self.top.or(self.url),
            ..worker
        })
    }

    /// <https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>
    pub(super) fn serialized(&self) -> &str {
        &self.serialized
    }

    /// Returns the URL that relative ones are relative to.
    pub(super) fn url(&self) -> Option<&Url> {
        self.url.as_ref()
    }

    /// Returns whether the page or the one of the tab came over TLS.
    /// <https://w3c.github.io/webappsec-mixed-content/#categorize-settings-object>
    pub(super) fn is_secure(&self) -> bool {
        let mut pages = self.url.iter().chain(&self.top);
        pages.any(|page| page.scheme() == "https")
    }

    /// <https://html.spec.whatwg.org/#same-origin>
    pub(super) fn is_same_origin(&self, url: &Url) -> bool {
        let page = self.url.as_ref().filter(|_| !self.is_opaque);
        page.is_some_and(|page| page.origin() == url.origin())
    }

    /// <https://html.spec.whatwg.org/#same-site>
    pub(super) fn is_same_site(&self, url: &Url) -> bool {
        let page = self.url.as_ref().filter(|_| !self.is_opaque);
        page.is_some_and(|page| is_same_site(page, url))
    }

    /// Returns whether the page and the one of the tab are of the site of a URL, so that `SameSite` cookies are sent.
    /// <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-same-site-and-cross-site-re>
    pub(super) fn is_same_site_for_cookies(&self, url: &Url, ignores_scheme: bool) -> bool {
        let is_same = |page: &Url| match ignores_scheme {
            true => site(page).is_some() && site(page) == site(url),
            false => is_same_site(page, url),
        };
        let page = self.url.as_ref().filter(|_| !self.is_opaque);
        page.is_some_and(is_same) && self.top.as_ref().is_none_or(is_same)
    }

    /// Returns the site of the tab, by which engines partition their caches. It is empty if it has none.
    /// <https://fetch.spec.whatwg.org/#network-partition-keys>
    pub(super) fn partition(&self) -> String {
        let site = |top: &Url| format!("{}://{}", top.scheme(), site(top).unwrap_or_default());
        let top = self.top.as_ref().or(self.url());
        top.map(site).unwrap_or_default()
    }
}

/// Why a text is not the address of a page.
///
/// ```
/// use tower_cors::testing::Browser;
///
/// let error = Browser::try_at("app.example.com").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`app.example.com` is not the URL of a page: relative URL without a base; help: write it with scheme and host"
/// );
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidPage {
    page: String,
    reason: String,
    help: &'static str,
}

impl fmt::Display for InvalidPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { page, reason, help } = self;
        write!(
            f,
            "`{page}` is not the URL of a page: {reason}; help: {help}"
        )
    }
}

impl std::error::Error for InvalidPage {}

/// Returns why no page has the host and port of a URL of the web, if none does. Engines load some of them from a proxy.
fn unreachable_on_the_web(url: &Url) -> Option<&'static str> {
    if url.port() == Some(0) {
        return Some("no server has port 0");
    }
    let url::Host::Domain(name) = url.host()? else {
        return None;
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.split('.').any(str::is_empty) {
        Some("a label of its host is empty")
    } else if name.len() > 253 {
        Some("its host is longer than 253 bytes")
    } else if name.contains(['*', ',']) {
        Some("its host has a `*` or a comma")
    } else {
        None
    }
}

fn is_same_site(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme() && site(one).is_some() && site(one) == site(other)
}

/// The registrable domain, or the host where there is none:
/// <https://html.spec.whatwg.org/#obtain-a-site>
fn site(url: &Url) -> Option<&str> {
    match url.host()? {
        url::Host::Domain(domain) => registrable_domain(domain).or(Some(domain)),
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => url.host_str(),
    }
}

/// The public suffix of a domain and one label more; none if there is no label more.
fn registrable_domain(domain: &str) -> Option<&str> {
    let length = psl::List.domain(domain.as_bytes())?.as_bytes().len();
    domain.get(domain.len() - length..)
}

/// Whether anyone can register names below it: <https://publicsuffix.org/>
pub(super) fn is_public_suffix(domain: &str) -> bool {
    psl::List
        .suffix(domain.as_bytes())
        .is_some_and(|suffix| suffix.as_bytes() == domain.as_bytes())
}

/// Whether nobody on the network can read or change it:
/// <https://w3c.github.io/webappsec-secure-contexts/#potentially-trustworthy-url>
pub(super) fn is_potentially_trustworthy(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(url::Host::Domain(domain)) => {
            let domain = domain.strip_suffix('.').unwrap_or(domain);
            domain == "localhost" || domain.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    loopback || ["https", "wss", "file", "data"].contains(&url.scheme())
}

/// Serializes the origin of a URL of any scheme: <https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>
pub(super) fn serialize(url: &Url) -> String {
    let (scheme, host) = (url.scheme(), url.host_str().unwrap_or_default());
    match url.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// Returns whether a URL has a user name or a password: <https://url.spec.whatwg.org/#include-credentials>
pub(super) fn includes_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}
