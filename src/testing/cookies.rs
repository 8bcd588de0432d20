//! The cookies of a browser, as far as they matter to CORS.

use std::time::Duration;

use http::HeaderMap;
use http::header::SET_COOKIE;
use url::{Host, Url};

use super::origin::{is_potentially_trustworthy, is_public_suffix};

/// Cookies by host: <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis>
///
/// Modelled: `Domain`, `Path`, `Secure`, `SameSite` (missing means `Lax`) and `Max-Age`. Not modelled: `Expires`,
/// `Partitioned`, name prefixes, and engines that block the cookies of other sites altogether.
#[derive(Clone, Default, Debug)]
pub(super) struct CookieJar {
    cookies: Vec<Cookie>,
}

#[derive(Clone, Debug)]
struct Cookie {
    name: String,
    value: String,
    host: String,
    with_subdomains: bool,
    path: String,
    secure: bool,
    same_site: SameSite,
    expires: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SameSite {
    None,
    Lax,
    Strict,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// Whether the page is of the site that the request goes to.
    pub(super) is_same_site: bool,
    /// Whether the response takes the place of the page.
    pub(super) is_navigation: bool,
}

impl CookieJar {
    /// The value of the `Cookie` header, if there are cookies to send.
    pub(super) fn header(
        &self,
        url: &Url,
        method: &str,
        asker: Asker,
        now: Duration,
    ) -> Option<String> {
        let is_safe_navigation =
            asker.is_navigation && ["GET", "HEAD", "OPTIONS"].contains(&method);
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .filter(|cookie| {
                cookie.is_for(url)
                    && cookie.expires.is_none_or(|expires| now < expires)
                    && match cookie.same_site {
                        SameSite::None => true,
                        SameSite::Lax => asker.is_same_site || is_safe_navigation,
                        SameSite::Strict => asker.is_same_site,
                    }
            })
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Stores what a response sets. From another site a page can set only `SameSite=None`.
    pub(super) fn store_response(
        &mut self,
        url: &Url,
        headers: &HeaderMap,
        asker: Asker,
        now: Duration,
    ) {
        for line in headers.get_all(SET_COOKIE) {
            let Some(cookie) = line
                .to_str()
                .ok()
                .and_then(|line| Cookie::parse(line, url, now))
            else {
                continue;
            };
            if cookie.same_site == SameSite::None || asker.is_same_site || asker.is_navigation {
                self.store(cookie);
            }
        }
    }

    /// Stores a cookie as if the host had set it in a page of its own; false if no browser would.
    pub(super) fn set(&mut self, url: &Url, line: &str, now: Duration) -> bool {
        let cookie = Cookie::parse(line, url, now);
        cookie.map(|cookie| self.store(cookie)).is_some()
    }

    fn store(&mut self, cookie: Cookie) {
        self.cookies.retain(|other| {
            (&other.name, &other.host, &other.path) != (&cookie.name, &cookie.host, &cookie.path)
        });
        self.cookies.push(cookie);
    }
}

impl Cookie {
    fn parse(line: &str, url: &Url, now: Duration) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let host = url.host_str()?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            host: host.to_owned(),
            with_subdomains: false,
            path: default_path(url.path()).to_owned(),
            secure: false,
            same_site: SameSite::Lax,
            expires: None,
        };
        for part in parts {
            let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match attribute.trim().to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "domain" => {
                    let domain = value.trim_start_matches('.').to_ascii_lowercase();
                    if !is_domain_of(&domain, url) {
                        return None;
                    }
                    cookie.with_subdomains = true;
                    cookie.host = domain;
                }
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "max-age" => {
                    if let Ok(seconds) = value.parse::<i64>() {
                        cookie.expires =
                            Some(now.saturating_add(Duration::from_secs(
                                seconds.try_into().unwrap_or(0),
                            )));
                    }
                }
                "samesite" => {
                    cookie.same_site = match value.to_ascii_lowercase().as_str() {
                        "none" => SameSite::None,
                        "strict" => SameSite::Strict,
                        _ => SameSite::Lax,
                    }
                }
                _ => {}
            }
        }
        let is_insecure = cookie.secure && !is_potentially_trustworthy(url);
        let needs_secure = cookie.same_site == SameSite::None && !cookie.secure;
        (!is_insecure && !needs_secure && !cookie.name.is_empty()).then_some(cookie)
    }

    fn is_for(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let is_host = host == self.host || self.with_subdomains && is_subdomain(host, &self.host);
        let path = url.path();
        let is_path = path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        });
        is_host && is_path && (!self.secure || is_potentially_trustworthy(url))
    }
}

/// Whether a host may set a cookie for `domain` and its subdomains.
fn is_domain_of(domain: &str, url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(host)) => {
            host == domain || is_subdomain(host, domain) && !is_public_suffix(domain)
        }
        _ => url.host_str() == Some(domain),
    }
}

fn is_subdomain(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// The path up to its last slash.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(last) => &path[..last],
    }
}
