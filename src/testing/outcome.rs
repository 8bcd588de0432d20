//! What came of a fetch, in the words of a browser's console.

use std::error::Error;
use std::fmt;

use http::{HeaderMap, HeaderName, Response, StatusCode};

use super::blocked::{Blocked, Failure};
use super::destination::{Destination, Initiator};
use super::wire::ServiceError;
use crate::escaped::EscapedAnswer;

/// What a page gets: <https://fetch.spec.whatwg.org/#concept-response-type>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ResponseType {
    /// A response of the page's own origin: all but its cookies can be read.
    Basic,
    /// A response of another origin that the page may read: status, body, and the exposed headers.
    Cors,
    /// Of the response to a `no-cors` request, or to a beacon, the page learns nothing. Elements use it: an image is shown, a
    /// script runs.
    Opaque,
    /// Of a redirect that is not followed the page learns that there was one.
    OpaqueRedirect,
    /// The response took the place of the page, or of a frame.
    Navigation,
    /// The connection is open: the page sends and receives messages.
    WebSocket,
    /// The page gets a `TypeError`, as if the network had failed.
    Error,
}

/// What came of a [`fetch`](super::Browser::fetch): what went over the wire, and what the page gets of it.
///
/// Shown with `{}` it reads like a browser's console and its network panel; so does an assertion that fails.
///
/// ```
/// # use std::convert::Infallible;
/// # use http::{Request, Response};
/// # use futures_util::FutureExt;
/// use tower_cors::testing::{Blocked, Browser, CorsCheck};
///
/// # let work = async {
/// // An API without CORS.
/// let mut api = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
/// let mut page = Browser::at("https://app.example.com");
/// let outcome = page.fetch(&mut api, Request::get("https://api.example.com/").body(String::new())).await;
/// outcome.assert_blocked_because(Blocked::CorsCheck(CorsCheck::AllowOriginMissing));
/// assert_eq!(
///     outcome.to_string(),
///     "blocked: GET https://api.example.com/ of a page at https://app.example.com
///   reason: allow-origin-missing
///   step: the CORS check of the response, https://fetch.spec.whatwg.org/#concept-cors-check
///   Access-Control-Allow-Origin: was missing; should be `https://app.example.com` or `*`
///   help: let the service allow the origin; with tower-cors `.allow_origins([\"https://app.example.com\"])`
///
/// > GET https://api.example.com/
/// > host: api.example.com
/// > accept: */*
/// > accept-language: en-US,en;q=0.9
/// > user-agent: Mozilla/5.0
/// > origin: https://app.example.com
/// > sec-fetch-site: same-site
/// > sec-fetch-mode: cors
/// > sec-fetch-dest: empty
/// < 200 OK
/// "
/// );
/// # };
/// # work.now_or_never().unwrap();
/// ```
#[derive(Debug)]
pub struct Outcome<B> {
    pub(super) page: String,
    pub(super) method: String,
    pub(super) first_url: String,
    /// The URL of the last request, without its fragment.
    pub(super) final_url: String,
    pub(super) redirected: bool,
    pub(super) destination: Destination,
    pub(super) initiator: Initiator,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) answer: Result<Answer<B>, Failure>,
}

/// What a page gets if it gets something.
#[derive(Debug)]
pub(super) enum Answer<B> {
    Readable {
        kind: ResponseType,
        response: Response<B>,
        hidden: Vec<HeaderName>,
    },
    /// The content of a `data:` URL.
    Data(Response<Vec<u8>>),
    Unreadable(ResponseType),
}

impl<B> Outcome<B> {
    /// What the page gets.
    pub fn response_type(&self) -> ResponseType {
        match &self.answer {
            Ok(Answer::Readable { kind, .. } | Answer::Unreadable(kind)) => *kind,
            Ok(Answer::Data(_)) => ResponseType::Basic,
            Err(_) => ResponseType::Error,
        }
    }

    /// The response that the page can read, with the headers that it can read; none if it can read nothing.
    pub fn response(&self) -> Option<&Response<B>> {
        match &self.answer {
            Ok(Answer::Readable { response, .. }) => Some(response),
            _ => None,
        }
    }

    /// The response that the page can read, to read its body.
    pub fn into_response(self) -> Option<Response<B>> {
        match self.answer {
            Ok(Answer::Readable { response, .. }) => Some(response),
            _ => None,
        }
    }

    /// Returns the response to a `data:` URL, which comes from no service.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use http::{Request, Response};
    /// # use futures_util::FutureExt;
    /// use tower_cors::testing::{Browser, Fetch};
    ///
    /// # let work = async {
    /// # let mut api = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
    /// let mut page = Browser::at("https://app.example.com");
    /// let outcome = page.fetch(&mut api, Fetch::get("data:text/plain;base64,aGVsbG8=")).await;
    /// assert_eq!(outcome.data().unwrap().body(), b"hello");
    /// # };
    /// # work.now_or_never().unwrap();
    /// ```
    pub fn data(&self) -> Option<&Response<Vec<u8>>> {
        match &self.answer {
            Ok(Answer::Data(response)) => Some(response),
            _ => None,
        }
    }

    /// Why the page gets nothing, if it was blocked.
    pub fn blocked(&self) -> Option<Blocked> {
        self.answer.as_ref().err().map(|failure| failure.blocked)
    }

    /// Returns the URL after all redirects, without its fragment. If the page can read the response, it reads it as
    /// `response.url`.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use http::{Request, Response};
    /// # use futures_util::FutureExt;
    /// use tower_cors::testing::{Browser, Fetch};
    ///
    /// # let work = async {
    /// let mut api = tower::service_fn(async |request: Request<String>| {
    ///     let response = Response::builder().header("access-control-allow-origin", "*");
    ///     Ok::<_, Infallible>(match request.uri().path() {
    ///         "/old" => response.status(302).header("location", "/new").body(String::new()).unwrap(),
    ///         _ => response.body(String::new()).unwrap(),
    ///     })
    /// });
    /// let mut page = Browser::at("https://app.example.com");
    /// let outcome = page.fetch(&mut api, Fetch::get("https://api.example.com/old")).await;
    /// assert_eq!(outcome.url(), "https://api.example.com/new");
    /// assert!(outcome.redirected());
    /// # };
    /// # work.now_or_never().unwrap();
    /// ```
    pub fn url(&self) -> &str {
        &self.final_url
    }

    /// Returns whether a redirect was followed. If the page can read the response, it reads it as `response.redirected`.
    pub fn redirected(&self) -> bool {
        self.redirected
    }

    /// What went over the wire, in order: preflights, requests, and those after redirects.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// The first preflight, if one was sent.
    pub fn preflight(&self) -> Option<&Exchange> {
        self.exchanges.iter().find(|exchange| exchange.is_preflight)
    }

    /// The last request that is no preflight, if one was sent.
    pub fn actual(&self) -> Option<&Exchange> {
        self.exchanges
            .iter()
            .rfind(|exchange| !exchange.is_preflight)
    }

    /// Returns the response if the page can read it.
    ///
    /// # Panics
    ///
    /// If it cannot, with all that went over the wire and why it was not enough.
    #[track_caller]
    pub fn assert_readable(&self) -> &Response<B> {
        match self.response() {
            Some(response) => response,
            None => panic!("the page cannot read the response\n{self}"),
        }
    }

    /// # Panics
    ///
    /// If the fetch was not blocked for this reason, with all that went over the wire.
    #[track_caller]
    pub fn assert_blocked_because(&self, reason: Blocked) {
        match self.blocked() {
            Some(blocked) if blocked == reason => {}
            Some(blocked) => {
                panic!("the fetch is blocked because of `{blocked}`, not of `{reason}`\n{self}")
            }
            None => panic!(
                "the fetch is not blocked because of `{reason}`; it is not blocked at all\n{self}"
            ),
        }
    }
}

impl<B> fmt::Display for Outcome<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            page,
            method,
            first_url: url,
            exchanges,
            answer,
            ..
        } = self;
        let verdict = match answer {
            Ok(Answer::Readable { .. } | Answer::Data(_)) => "readable",
            Ok(Answer::Unreadable(ResponseType::Navigation)) => "navigated",
            Ok(Answer::Unreadable(ResponseType::WebSocket)) => "connected",
            Ok(Answer::Unreadable(_)) => "sent, but not readable",
            Err(_) => "blocked",
        };
        let request = match method.is_empty() {
            true => "a request".to_owned(),
            false => format!("{method} {}", EscapedAnswer(url.as_bytes())),
        };
        writeln!(f, "{verdict}: {request} of a page at {page}")?;
        match answer {
            Ok(Answer::Readable { hidden, .. }) if !hidden.is_empty() => {
                let hidden: Vec<&str> = hidden.iter().map(HeaderName::as_str).collect();
                writeln!(f, "  hidden from the page: {}", hidden.join(", "))?;
                f.write_str("  to show a header: name it in Access-Control-Expose-Headers; ")?;
                f.write_str("with tower-cors `.expose_headers([…])`\n")?;
            }
            Ok(_) => {}
            Err(failure) => write!(f, "{failure}")?,
        }
        for exchange in exchanges {
            write!(f, "\n{exchange}")?;
        }
        Ok(())
    }
}

/// A request that went over the wire, and its response.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub(super) is_preflight: bool,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) request_headers: HeaderMap,
    pub(super) response: Result<(StatusCode, HeaderMap), ServiceError>,
}

impl Exchange {
    /// Whether the request is a preflight of the browser, and not the page's own.
    pub fn is_preflight(&self) -> bool {
        self.is_preflight
    }

    /// The request's method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The request's headers, those of the browser included.
    pub fn request_headers(&self) -> &HeaderMap {
        &self.request_headers
    }

    /// The response's status; none if the service failed.
    pub fn status(&self) -> Option<StatusCode> {
        self.response.as_ref().ok().map(|(status, _)| *status)
    }

    /// The response's headers, also those that the page cannot read; none if the service failed.
    pub fn response_headers(&self) -> Option<&HeaderMap> {
        self.response.as_ref().ok().map(|(_, headers)| headers)
    }

    /// Returns the error of the service, if it failed. Shown with `{}`, the exchange has the texts of all its causes.
    pub fn error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.response.as_ref().err().map(|error| &*error.0)
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let preflight = if self.is_preflight {
            " (preflight)"
        } else {
            ""
        };
        writeln!(f, "> {} {}{preflight}", self.method, self.url)?;
        write_headers(f, '>', &self.request_headers)?;
        match &self.response {
            Ok((status, headers)) => {
                writeln!(f, "< {status}")?;
                write_headers(f, '<', headers)
            }
            Err(error) => writeln!(f, "< no response: {error}"),
        }
    }
}

fn write_headers(f: &mut fmt::Formatter<'_>, direction: char, headers: &HeaderMap) -> fmt::Result {
    headers.iter().try_for_each(|(name, value)| {
        writeln!(f, "{direction} {name}: {}", EscapedAnswer(value.as_bytes()))
    })
}
