//! What a search asks for.

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, Request};
use url::Url;

use super::profile::Profile;
use super::request::{Fetch, Mode, page_headers};
use super::safelist::{is_safelisted_method, normalize_method, unsafe_request_header_names};

/// The request of a search.
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) method: String,
    pub(super) headers: HeaderMap,
}

impl Target {
    /// # Panics
    ///
    /// If it is no request, or its URL has no scheme and host.
    #[track_caller]
    pub(super) fn of<B>(fetch: Fetch<B>) -> Self {
        let (parts, _) = match fetch.request {
            Ok(request) => request.into_parts(),
            Err(error) => panic!("the request to send is not a request: {error}"),
        };
        let text = fetch.url.unwrap_or_else(|| parts.uri.to_string());
        let url = match Url::parse(&text) {
            Ok(url) => url,
            Err(error) => {
                panic!("`{text}` is not a URL: {error}; write it with scheme and host")
            }
        };
        Self {
            url,
            method: normalize_method(parts.method.as_str()),
            headers: parts.headers,
        }
    }

    /// What a page asks for: not for the headers that only browsers set, such as a session's `Cookie`.
    pub(super) fn unsafe_names(&self) -> Vec<String> {
        let profile = Profile::standard();
        let headers = page_headers(&self.headers, Mode::Cors, &profile);
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()));
        unsafe_request_header_names(headers, &profile)
    }

    /// Whether pages need permission to send it.
    pub(super) fn is_preflighted(&self) -> bool {
        !is_safelisted_method(&self.method) || !self.unsafe_names().is_empty()
    }

    /// The headers that browsers add by themselves to requests of any page: cookies, and what a user entered into the
    /// browser's own dialog.
    pub(super) fn ambient_headers(&self) -> HeaderMap {
        let headers = self.headers.iter().filter(|(name, value)| {
            let is_of_the_browser = value.as_bytes().split(|&byte| byte == b' ').next();
            *name == COOKIE
                || *name == AUTHORIZATION
                    && is_of_the_browser.is_some_and(|scheme| {
                        [b"basic".as_slice(), b"digest", b"negotiate", b"ntlm"]
                            .iter()
                            .any(|known| scheme.eq_ignore_ascii_case(known))
                    })
        });
        headers
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// The request with the headers that a page can set without a secret.
    pub(super) fn of_a_stranger<B: Default>(&self, url: &str) -> http::Result<Request<B>> {
        self.request(url, |name| *name != AUTHORIZATION && *name != COOKIE)
    }

    /// The request with all its headers.
    pub(super) fn request<B: Default>(
        &self,
        url: &str,
        is_sent: impl Fn(&http::HeaderName) -> bool,
    ) -> http::Result<Request<B>> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(url)
            .body(B::default())?;
        let headers = self.headers.iter().filter(|(name, _)| is_sent(name));
        for (name, value) in headers {
            request.headers_mut().append(name, value.clone());
        }
        Ok(request)
    }
}
