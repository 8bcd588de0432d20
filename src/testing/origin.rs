//! Where a page is from, and what is its own.

use psl::Psl;
use url::Url;

/// The origin of a page: <https://html.spec.whatwg.org/#concept-origin>
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PageOrigin {
    /// The URL of the page; none if its origin is opaque.
    url: Option<Url>,
    serialized: String,
}

impl PageOrigin {
    pub(super) fn of(page: &str) -> Result<Self, String> {
        let told = |error| format!("`{page}` is not the URL of a page: {error}");
        let url = Url::parse(page).map_err(told)?;
        let origin = url.origin();
        if origin.is_tuple() {
            let serialized = origin.ascii_serialization();
            // The page of a `blob:` URL is of the origin that made it.
            let url = if url.scheme() == "blob" {
                Url::parse(&serialized).map_err(told)?
            } else {
                url
            };
            if ["ws", "wss", "ftp"].contains(&url.scheme()) {
                return Err(format!(
                    "`{page}` is not the URL of a page: no page has its scheme"
                ));
            }
            if let Some(reason) = unreachable_on_the_web(&url) {
                return Err(format!("`{page}` is not the URL of a page: {reason}"));
            }
            return Ok(Self {
                url: Some(url),
                serialized,
            });
        }
        let is_opaque = ["file", "data", "blob", "about", "javascript"].contains(&url.scheme());
        if url.has_authority() && !is_opaque {
            // A page of an extension or an app shell has the origin of its scheme and host, of which the URL standard knows
            // nothing. Engines send the host in lower case.
            let host = url.host_str().unwrap_or_default();
            if host.contains(['*', ',']) || host.len() > 253 || url.port() == Some(0) {
                return Err(format!(
                    "`{page}` is not the URL of a page: its host has a `*` or a comma or more than 253 bytes, or its \
                     port is 0"
                ));
            }
            return Ok(Self {
                serialized: serialize(&url).to_ascii_lowercase(),
                url: Some(url),
            });
        }
        Ok(Self::opaque())
    }

    pub(super) fn opaque() -> Self {
        Self {
            url: None,
            serialized: "null".to_owned(),
        }
    }

    /// <https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>
    pub(super) fn serialized(&self) -> &str {
        &self.serialized
    }

    pub(super) fn url(&self) -> Option<&Url> {
        self.url.as_ref()
    }

    /// <https://html.spec.whatwg.org/#same-origin>
    pub(super) fn is_same_origin(&self, url: &Url) -> bool {
        self.url
            .as_ref()
            .is_some_and(|page| page.origin() == url.origin())
    }

    /// <https://html.spec.whatwg.org/#same-site>
    pub(super) fn is_same_site(&self, url: &Url) -> bool {
        self.url
            .as_ref()
            .is_some_and(|page| is_same_site(page, url))
    }
}

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
    loopback || ["https", "wss", "file"].contains(&url.scheme())
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
