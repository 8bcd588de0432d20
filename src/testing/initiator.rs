//! What in a page sends requests, besides `fetch()`: images, scripts, frames, links, forms, sockets.

use std::fmt;

use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};

use super::blocked::{Blocked, Failure};
use super::destination::{Destination, Initiator, ReferrerPolicy};
use super::header_value::get;
use super::request::{Cache, Credentials, Fetch, Mode, Redirect};
use super::safelist;
use crate::escaped::EscapedAnswer;

/// Requests of elements and of interfaces other than `fetch()`.
///
/// Each is what engines send: method, mode, destination, credentials and headers. URLs are as pages write them:
/// see [`url`](Self::url). Requests without a body need the type of the service's bodies, as in `Fetch::<Body>::image(url)`.
///
/// ```
/// use axum::{Router, body::Body, routing::{get, post}};
/// use http::StatusCode;
/// use tower_cors::testing::{Browser, Fetch};
/// use tower_cors::{CorsLayer, Enforcement, Policy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_cors::PolicyErrors> {
/// let policy = Policy::builder()
///     .allow_origins(["https://app.example.com"])
///     .enforce(Enforcement::Block)
///     .build()?;
/// let mut app = Router::new()
///     .route("/pixel", get(async || "counted"))
///     .route("/transfer", post(async || "done"))
///     .layer(CorsLayer::new(policy));
///
/// let mut page = Browser::at("https://attacker.example");
/// let image = Fetch::<Body>::image("https://api.example.com/pixel");
/// let outcome = page.fetch(&mut app, image).await;
/// assert_eq!(outcome.actual().unwrap().status(), Some(StatusCode::FORBIDDEN));
///
/// let form = Fetch::form("https://api.example.com/transfer", Body::from("to=attacker"));
/// let outcome = page.fetch(&mut app, form).await;
/// assert_eq!(outcome.actual().unwrap().status(), Some(StatusCode::FORBIDDEN));
/// # Ok(())
/// # }
/// ```
impl<B: Default> Fetch<B> {
    /// Requests an image, as `<img src>` does. <https://html.spec.whatwg.org/#the-img-element>
    pub fn image(url: impl fmt::Display) -> Self {
        Self::element(url, Destination::Image)
    }

    /// Requests a script, as `<script src>` does. <https://html.spec.whatwg.org/#the-script-element>
    ///
    /// The page runs what it gets. A script with `type="module"` has [`crossorigin`](Self::crossorigin) with
    /// [`Credentials::SameOrigin`].
    pub fn script(url: impl fmt::Display) -> Self {
        Self::element(url, Destination::Script)
    }

    /// Requests a style sheet, as `<link rel="stylesheet">` does. <https://html.spec.whatwg.org/#link-type-stylesheet>
    pub fn style(url: impl fmt::Display) -> Self {
        Self::element(url, Destination::Style)
    }

    fn element(url: impl fmt::Display, destination: Destination) -> Self {
        Self::get(url)
            .mode(Mode::NoCors)
            .credentials(Credentials::Include)
            .destination(destination)
    }

    /// Opens a frame, as `<iframe src>` does. <https://html.spec.whatwg.org/#the-iframe-element>
    ///
    /// `X-Frame-Options` and `frame-ancestors` are not applied.
    pub fn frame(url: impl fmt::Display) -> Self {
        Self::navigation(url)
            .destination(Destination::Iframe)
            .user_activation(false)
    }

    /// Follows a link, or submits a form with `method="get"`. <https://html.spec.whatwg.org/#following-hyperlinks-2>
    ///
    /// A page that sets `location` needs no user: call [`user_activation(false)`](Self::user_activation).
    pub fn navigation(url: impl fmt::Display) -> Self {
        Self::get(url).mode(Mode::Navigate)
    }

    /// Opens a page from the address bar or a bookmark. No other page has part in it.
    pub fn address_bar(url: impl fmt::Display) -> Self {
        Self {
            initiator: Initiator::User,
            ..Self::navigation(url)
        }
    }

    /// Sends the handshake of a WebSocket, as `new WebSocket(url)` does. <https://websockets.spec.whatwg.org/#concept-websocket-establish>
    ///
    /// The URL begins with `ws`, `wss`, `http` or `https`. The page gets
    /// [`ResponseType::WebSocket`](super::ResponseType::WebSocket) if the service answers with 101 and the right
    /// `Sec-WebSocket-Accept`, whatever its CORS headers are. The key is the example of
    /// [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455#section-1.3). A framework that needs a real connection for an
    /// upgrade answers with an error instead, such as 426.
    pub fn web_socket(url: impl fmt::Display) -> Self {
        Self::get(url)
            .mode(Mode::WebSocket)
            .credentials(Credentials::Include)
            .redirect(Redirect::Error)
    }

    /// Opens a stream of events, as `new EventSource(url)` does. <https://html.spec.whatwg.org/#the-eventsource-interface>
    ///
    /// With `withCredentials` it has [`Credentials::Include`].
    pub fn event_source(url: impl fmt::Display) -> Self {
        let request = Request::get("/")
            .header(ACCEPT, "text/event-stream")
            .body(B::default());
        Self {
            initiator: Initiator::EventSource,
            ..Self::from(request).url(url).cache(Cache::NoStore)
        }
    }
}

impl<B> Fetch<B> {
    /// Submits a form with `method="post"`. <https://html.spec.whatwg.org/#form-submission-algorithm>
    ///
    /// Its type is `application/x-www-form-urlencoded` unless [`content_type`](Self::content_type) says another. A form
    /// that a script sends has no [`user_activation`](Self::user_activation); one with a `target` that is a frame has
    /// [`Destination::Iframe`]. Under `Referrer-Policy: no-referrer` forms send `Origin: null`: call
    /// [`referrer_policy`](Self::referrer_policy).
    pub fn form(url: impl fmt::Display, body: B) -> Self {
        Self::from(Request::post("/").body(body))
            .url(url)
            .mode(Mode::Navigate)
            .content_type("application/x-www-form-urlencoded")
    }

    /// Sends a beacon, as `navigator.sendBeacon(url, text)` does. <https://w3c.github.io/beacon/#sec-processing-model>
    ///
    /// Its type is that of a text unless [`content_type`](Self::content_type) says another, as a `Blob` does, or
    /// [`bytes`](Self::bytes) makes it an `ArrayBuffer`, which has none. With a type
    /// that forms cannot send, such as `application/json`, it is preflighted. The page learns nothing of the response.
    pub fn beacon(url: impl fmt::Display, body: B) -> Self {
        Self {
            initiator: Initiator::Beacon,
            body_type: Some("text/plain;charset=UTF-8"),
            ..Self::from(Request::post("/").body(body))
                .url(url)
                .credentials(Credentials::Include)
        }
    }

    /// Sets the attribute `crossorigin` of an element: the response must allow the page to use it.
    /// <https://html.spec.whatwg.org/#cors-settings-attributes>
    ///
    /// `anonymous` is [`Credentials::SameOrigin`], `use-credentials` is [`Credentials::Include`].
    #[must_use]
    pub fn crossorigin(self, credentials: Credentials) -> Self {
        self.mode(Mode::Cors).credentials(credentials)
    }

    /// Sets the destination. By default it is [`Destination::Document`] for [`Mode::Navigate`], otherwise
    /// [`Destination::Empty`].
    #[must_use]
    pub fn destination(self, destination: Destination) -> Self {
        Self {
            destination: Some(destination),
            ..self
        }
    }

    /// Sets the `Content-Type` of the body: the `enctype` of a form, or the type of a `Blob`.
    ///
    /// An invalid value is reported when the request is fetched.
    #[must_use]
    pub fn content_type(mut self, value: &str) -> Self {
        let value = HeaderValue::try_from(value);
        self.request = match (self.request, value) {
            (Ok(mut request), Ok(value)) => {
                request.headers_mut().insert(CONTENT_TYPE, value);
                Ok(request)
            }
            (Ok(_), Err(error)) => Err(error.to_string()),
            (Err(error), _) => Err(error),
        };
        self
    }

    /// Sets the referrer policy of the page or the element.
    #[must_use]
    pub fn referrer_policy(self, policy: ReferrerPolicy) -> Self {
        Self {
            referrer_policy: policy,
            ..self
        }
    }

    /// Sets whether a user began a navigation, with a click or a key. Browsers send it as `Sec-Fetch-User`.
    ///
    /// Links and forms have it by default, frames do not.
    #[must_use]
    pub fn user_activation(self, activated: bool) -> Self {
        Self {
            user_activation: activated,
            ..self
        }
    }
}

/// Returns the mode of a beacon: `cors` if its type needs permission.
/// <https://w3c.github.io/beacon/#sec-processing-model>
pub(super) fn beacon_mode(headers: &HeaderMap) -> Mode {
    match get(headers, CONTENT_TYPE) {
        Some(value)
            if !safelist::is_no_cors_safelisted_request_header(CONTENT_TYPE.as_str(), &value) =>
        {
            Mode::Cors
        }
        _ => Mode::NoCors,
    }
}

/// The key of a handshake, and what a server makes of it: <https://www.rfc-editor.org/rfc/rfc6455#section-1.3>
const WEB_SOCKET_KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const WEB_SOCKET_ACCEPT: &str = "s3pPLBmTxaQ9kYGzzhZRbK+xOo0=";

/// The headers of a handshake: <https://websockets.spec.whatwg.org/#concept-websocket-establish>
pub(super) fn web_socket_headers(headers: &mut HeaderMap) {
    let fields = [
        (UPGRADE, "websocket"),
        (CONNECTION, "Upgrade"),
        (HeaderName::from_static("sec-websocket-key"), WEB_SOCKET_KEY),
        (HeaderName::from_static("sec-websocket-version"), "13"),
        (
            HeaderName::from_static("sec-websocket-extensions"),
            "permessage-deflate",
        ),
    ];
    for (name, value) in fields {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Checks the answer to a handshake: <https://www.rfc-editor.org/rfc/rfc6455#section-4.1>
pub(super) fn check_web_socket(status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let fail = |subject, was: String, expected: &str| {
        Err(Failure {
            blocked: Blocked::WebSocketRejected,
            subject,
            was,
            expected: expected.to_owned(),
            advice: String::new(),
            also: Vec::new(),
        })
    };
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return fail("the status", status.to_string(), "101");
    }
    let is = |name, expected: &str| {
        get(headers, name).is_some_and(|value| {
            value.split(|&byte| byte == b',').any(|element| {
                element
                    .trim_ascii()
                    .eq_ignore_ascii_case(expected.as_bytes())
            })
        })
    };
    if !is(UPGRADE, "websocket") || !is(CONNECTION, "upgrade") {
        let was = "others".to_owned();
        return fail("Upgrade and Connection", was, "`websocket` and `upgrade`");
    }
    let accept = get(headers, HeaderName::from_static("sec-websocket-accept")).unwrap_or_default();
    if accept != WEB_SOCKET_ACCEPT.as_bytes() {
        let was = format!("`{}`", EscapedAnswer(&accept));
        let expected = format!("`{WEB_SOCKET_ACCEPT}`");
        return fail("Sec-WebSocket-Accept", was, &expected);
    }
    Ok(())
}

/// Checks whether a response is a stream of events: <https://html.spec.whatwg.org/#sse-processing-model>
pub(super) fn check_event_stream(status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    let content_type = get(headers, CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(|&byte| byte == b';').next();
    let is_stream = essence.is_some_and(|essence| {
        essence
            .trim_ascii()
            .eq_ignore_ascii_case(b"text/event-stream")
    });
    if status == StatusCode::OK && is_stream {
        return Ok(());
    }
    Err(Failure {
        blocked: Blocked::NotEventStream,
        subject: "the status and Content-Type",
        was: format!("{} and `{}`", status.as_u16(), EscapedAnswer(&content_type)),
        expected: "200 and `text/event-stream`".to_owned(),
        advice: String::new(),
        also: Vec::new(),
    })
}
