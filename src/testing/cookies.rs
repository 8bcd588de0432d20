//! The cookies of a browser, as far as they matter to CORS.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use http::header::SET_COOKIE;
use url::{Host, Url};

use super::cookie_date;
use super::origin::{is_potentially_trustworthy, is_public_suffix};
use super::profile::{Deviation, Profile};

/// Cookies by host: <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis>
///
/// Modelled: `Domain`, `Path`, `Secure`, `HttpOnly`, `SameSite` (missing means `Lax`), `Max-Age`, `Expires` and the prefixes of
/// names. Not modelled: `Partitioned`, limits of number and size, and engines that partition the cookies of other sites.
#[derive(Clone, Default, Debug)]
pub(super) struct CookieJar {
    /// In the order of their creation.
    cookies: Vec<Cookie>,
}

/// A cookie that a [`Browser`](super::Browser) has: <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis>
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cookie {
    name: String,
    value: String,
    host: String,
    with_subdomains: bool,
    path: String,
    secure: bool,
    http_only: bool,
    same_site: SameSite,
    expires: Option<Duration>,
}

/// To which requests a browser adds a cookie:
/// <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-samesite-attribute-2>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SameSite {
    /// Requests of all sites.
    None,
    /// Requests of its site, and links of all sites. This is the default.
    Lax,
    /// Requests of its site.
    Strict,
}

impl Cookie {
    /// Returns its name. It is empty if the cookie has none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the host that it is sent to.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether it is also sent to the subdomains of its host.
    pub fn with_subdomains(&self) -> bool {
        self.with_subdomains
    }

    /// Returns the path with which the paths begin that it is sent to.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns whether it is only sent over TLS, or to the user's machine.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Returns whether scripts cannot read it.
    pub fn is_http_only(&self) -> bool {
        self.http_only
    }

    /// Returns to which requests it is added.
    pub fn same_site(&self) -> SameSite {
        self.same_site
    }
}

impl fmt::Display for Cookie {
    /// Writes the name and value, as `Cookie` has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => f.write_str(&self.value),
            name => write!(f, "{name}={}", self.value),
        }
    }
}

/// Why a browser does not store a cookie.
///
/// ```
/// use tower_cors::testing::Browser;
///
/// let mut page = Browser::at("https://app.example.com");
/// let error = page.try_set_cookie("https://api.example.com", "session=1; SameSite=None").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "no browser stores the cookie `session=1; SameSite=None` of `https://api.example.com`: `SameSite=None` needs `Secure`"
/// );
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InvalidCookie {
    url: String,
    cookie: String,
    reason: &'static str,
}

impl fmt::Display for InvalidCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            url,
            cookie,
            reason,
        } = self;
        write!(
            f,
            "no browser stores the cookie `{cookie}` of `{url}`: {reason}"
        )
    }
}

impl std::error::Error for InvalidCookie {}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    /// Whether the page is of the site that the request goes to.
    pub(super) is_same_site: bool,
    /// Whether the response takes the place of the page.
    pub(super) is_navigation: bool,
}

impl Asker {
    /// Returns whether an engine keeps all cookies from a request of a page of another site.
    fn is_blocked(self, profile: &Profile) -> bool {
        !self.is_same_site && !self.is_navigation && profile.has(Deviation::BlocksThirdPartyCookies)
    }
}

impl CookieJar {
    /// Returns the cookies that have not expired, in the order of their creation.
    pub(super) fn iter(&self, now: Duration) -> impl Iterator<Item = &Cookie> {
        self.cookies
            .iter()
            .filter(move |cookie| cookie.is_alive(now))
    }

    /// The value of the `Cookie` header, if there are cookies to send. Cookies with longer paths come first.
    pub(super) fn header(
        &self,
        url: &Url,
        method: &str,
        asker: Asker,
        now: Duration,
        profile: &Profile,
    ) -> Option<String> {
        if asker.is_blocked(profile) {
            return None;
        }

        let is_safe_navigation =
            asker.is_navigation && ["GET", "HEAD", "OPTIONS"].contains(&method);
        let mut cookies: Vec<&Cookie> = self
            .iter(now)
            .filter(|cookie| {
                cookie.is_for(url)
                    && match cookie.same_site {
                        SameSite::None => true,
                        SameSite::Lax => asker.is_same_site || is_safe_navigation,
                        SameSite::Strict => asker.is_same_site,
                    }
            })
            .collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = cookies.iter().map(|cookie| cookie.to_string()).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Stores what a response sets. From another site a page can set only `SameSite=None`.
    pub(super) fn store_response(
        &mut self,
        url: &Url,
        headers: &HeaderMap,
        asker: Asker,
        now: Duration,
        profile: &Profile,
    ) {
        if asker.is_blocked(profile) {
            return;
        }
        for line in headers.get_all(SET_COOKIE) {
            let Some(cookie) = line
                .to_str()
                .ok()
                .and_then(|line| Cookie::parse(line, url, now, profile).ok())
            else {
                continue;
            };
            if cookie.same_site == SameSite::None || asker.is_same_site || asker.is_navigation {
                let _ = self.store(cookie, url, now);
            }
        }
    }

    /// Stores a cookie as if the host had set it in a page of its own.
    pub(super) fn set(
        &mut self,
        url: &str,
        line: &str,
        now: Duration,
        profile: &Profile,
    ) -> Result<(), InvalidCookie> {
        let stored = Url::parse(url)
            .map_err(|_| "the URL is none")
            .and_then(|url| {
                let cookie = Cookie::parse(line, &url, now, profile)?;
                self.store(cookie, &url, now)
            });
        stored.map_err(|reason| InvalidCookie {
            url: url.to_owned(),
            cookie: line.to_owned(),
            reason,
        })
    }

    /// <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-storage-model>
    fn store(&mut self, cookie: Cookie, url: &Url, now: Duration) -> Result<(), &'static str> {
        self.cookies.retain(|other| other.is_alive(now));
        let is_secure_one_overlaid = !is_potentially_trustworthy(url)
            && self.cookies.iter().any(|other| {
                let is_related = |one: &Cookie, other: &Cookie| {
                    one.host == other.host || is_subdomain(&one.host, &other.host)
                };
                other.secure
                    && other.name == cookie.name
                    && (is_related(other, &cookie) || is_related(&cookie, other))
                    && is_path_of(&other.path, &cookie.path)
            });
        if is_secure_one_overlaid {
            return Err("a `Secure` cookie has its name");
        }
        let same = self.cookies.iter().position(|other| {
            (&other.name, &other.host, &other.path, other.with_subdomains)
                == (
                    &cookie.name,
                    &cookie.host,
                    &cookie.path,
                    cookie.with_subdomains,
                )
        });
        match same {
            // It keeps the time of its creation.
            Some(place) => self.cookies[place] = cookie,
            None => self.cookies.push(cookie),
        }
        self.cookies.retain(|other| other.is_alive(now));
        Ok(())
    }
}

impl Cookie {
    fn parse(
        line: &str,
        url: &Url,
        now: Duration,
        profile: &Profile,
    ) -> Result<Self, &'static str> {
        let mut parts = line.split(';').map(str::trim);
        let pair = parts.next().unwrap_or_default();
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let host = url.host_str().ok_or("the URL has no host")?;
        let unsaid = match profile.has(Deviation::UnsaidSameSiteIsNone) {
            true => SameSite::None,
            false => SameSite::Lax,
        };
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            host: host.to_owned(),
            with_subdomains: false,
            path: default_path(url.path()).to_owned(),
            secure: false,
            http_only: false,
            same_site: unsaid,
            expires: None,
        };
        let mut path = None;
        let mut has_max_age = false;
        let mut says_none = false;
        for part in parts {
            let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match attribute.trim().to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                "domain" => {
                    let domain = value
                        .strip_prefix('.')
                        .unwrap_or(value)
                        .to_ascii_lowercase();
                    if domain.is_empty() {
                        cookie.with_subdomains = false;
                        host.clone_into(&mut cookie.host);
                        continue;
                    }
                    if !is_domain_of(&domain, url) {
                        return Err("the `Domain` is no domain of the URL, or a public suffix");
                    }
                    cookie.with_subdomains = matches!(url.host(), Some(Host::Domain(_)));
                    cookie.host = domain;
                }
                "path" => path = Some(value).filter(|value| value.starts_with('/')),
                "max-age" => {
                    let digits = value.strip_prefix('-').unwrap_or(value);
                    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                        let is_past = value.starts_with('-');
                        let seconds = if is_past {
                            0
                        } else {
                            digits.parse().unwrap_or(u64::MAX)
                        };
                        cookie.expires = Some(now.saturating_add(Duration::from_secs(seconds)));
                        has_max_age = true;
                    }
                }
                "expires" if !has_max_age => {
                    if let Some(date) = cookie_date::parse(value) {
                        cookie.expires = Some(now.saturating_add(time_until(date)));
                    }
                }
                "samesite" => {
                    says_none = value.eq_ignore_ascii_case("none");
                    cookie.same_site = match value.to_ascii_lowercase().as_str() {
                        "none" => SameSite::None,
                        "strict" => SameSite::Strict,
                        "lax" => SameSite::Lax,
                        _ => unsaid,
                    }
                }
                _ => {}
            }
        }
        if let Some(path) = path {
            path.clone_into(&mut cookie.path);
        }
        cookie.check(url, path == Some("/"), says_none, profile)?;
        Ok(cookie)
    }

    /// Checks what the attributes of a cookie must be.
    fn check(
        &self,
        url: &Url,
        has_root_path: bool,
        says_none: bool,
        profile: &Profile,
    ) -> Result<(), &'static str> {
        // A cookie without a name could be sent as one with a prefix.
        let name = match self.name.as_str() {
            "" => self.value.as_str(),
            name => name,
        };
        let has_prefix = |prefix: &str| {
            name.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        if self.name.is_empty() && self.value.is_empty() {
            return Err("it has neither a name nor a value");
        }
        if line_has_control(&self.name) || line_has_control(&self.value) {
            return Err("it has a control character");
        }
        if self.secure && !is_potentially_trustworthy(url) {
            return Err("`Secure` needs TLS");
        }
        if says_none && !self.secure && !profile.has(Deviation::InsecureSameSiteNone) {
            return Err("`SameSite=None` needs `Secure`");
        }
        if (has_prefix("__Secure-") || has_prefix("__Host-"))
            && (!self.secure || self.name.is_empty())
        {
            return Err("its prefix needs `Secure`");
        }
        if has_prefix("__Host-") && (self.with_subdomains || !has_root_path) {
            return Err("the prefix `__Host-` needs `Path=/` and no `Domain`");
        }
        Ok(())
    }

    fn is_alive(&self, now: Duration) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn is_for(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let is_host = host == self.host || self.with_subdomains && is_subdomain(host, &self.host);
        is_host
            && is_path_of(&self.path, url.path())
            && (!self.secure || is_potentially_trustworthy(url))
    }
}

/// Returns how long it is until a date in seconds since 1970.
fn time_until(date: i64) -> Duration {
    // There is no clock on `wasm32-unknown-unknown`. Dates of the past are in the past anyway.
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    let now = Duration::from_secs(1_700_000_000);
    #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    let date = Duration::from_secs(date.try_into().unwrap_or(0));
    date.saturating_sub(now)
}

fn line_has_control(text: &str) -> bool {
    text.bytes()
        .any(|byte| byte.is_ascii_control() && byte != b'\t')
}

/// Returns whether a path is this one or below it:
/// <https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-paths-and-path-match>
fn is_path_of(parent: &str, path: &str) -> bool {
    path.strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || parent.ends_with('/'))
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
