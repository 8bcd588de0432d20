//! One request of a page.

use std::error::Error;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use tower_cors::testing::{Browser, Credentials, Fetch, Outcome};
use tower_service::Service;
use url::Url;

use crate::args;
use crate::engine::Engine;

/// A page and its request.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) address: args::Page,
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) data: Option<String>,
    pub(crate) credentials: bool,
    pub(crate) cookies: Vec<String>,
}

impl Page {
    pub(crate) fn new(asked: &args::Asked, url: &Url) -> Self {
        Self {
            address: asked.page.clone(),
            method: asked.method.clone(),
            url: url.clone(),
            headers: asked.headers.clone(),
            data: asked.data.clone(),
            credentials: asked.credentials,
            cookies: asked.cookies.clone(),
        }
    }

    /// The page's origin, as browsers send it.
    pub(crate) fn origin(&self) -> String {
        match &self.address {
            args::Page::Opaque => "null".to_owned(),
            args::Page::Url(url) if url.origin().is_tuple() => url.origin().ascii_serialization(),
            args::Page::Url(url) if ["about", "data", "file"].contains(&url.scheme()) => {
                "null".to_owned()
            }
            args::Page::Url(url) => match (url.host_str(), url.port()) {
                (Some(host), None) => format!("{}://{host}", url.scheme()).to_ascii_lowercase(),
                (Some(host), Some(port)) => {
                    format!("{}://{host}:{port}", url.scheme()).to_ascii_lowercase()
                }
                (None, _) => "null".to_owned(),
            },
        }
    }

    /// The URL without a password, because reports are passed on.
    pub(crate) fn shown_url(&self) -> Url {
        let mut url = self.url.clone();
        // Only URLs that have none fail.
        let _ = url.set_password(None);
        url
    }

    pub(crate) fn is_same_origin(&self) -> bool {
        matches!(&self.address, args::Page::Url(url) if url.origin() == self.url.origin())
    }

    /// # Errors
    ///
    /// If no page has this address, or no browser would store a cookie.
    pub(crate) fn browser(&self) -> Result<Browser, String> {
        let mut browser = match &self.address {
            args::Page::Opaque => Browser::opaque(),
            args::Page::Url(url) => {
                Browser::try_at(url.as_str()).map_err(|error| error.to_string())?
            }
        };
        for cookie in &self.cookies {
            // From another site a cookie is sent only with the last two.
            let cookie = match cookie.contains(';') {
                true => cookie.clone(),
                false => format!("{cookie}; Path=/; Secure; SameSite=None"),
            };
            let stored = browser.try_set_cookie(self.url.as_str(), &cookie);
            stored.map_err(|error| error.to_string())?;
        }
        Ok(browser)
    }

    /// The request, as the page asks for it.
    pub(crate) fn fetch(&self) -> Fetch<Bytes> {
        let mut request = Request::new(Bytes::new());
        if let Ok(method) = Method::from_bytes(self.method.as_bytes()) {
            *request.method_mut() = method;
        }
        *request.headers_mut() = self.headers.clone();
        let fetch = Fetch::from(request).url(&self.url);
        let fetch = match &self.data {
            Some(data) => fetch.text(data),
            None => fetch.without_body(),
        };
        match self.credentials {
            true => fetch.credentials(Credentials::Include),
            false => fetch,
        }
    }
}

/// Does what an engine does for the page. The page's address must have been checked.
pub(crate) async fn page_fetches<S>(page: &Page, engine: Engine, service: &mut S) -> Outcome<()>
where
    S: Service<Request<Bytes>, Response = Response<()>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let browser = page.browser().unwrap_or_else(|_| Browser::opaque());
    browser
        .like(engine.profile())
        .fetch(service, page.fetch())
        .await
}
