//! What engines print of a fetch.

use http::HeaderMap;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, LOCATION,
};
use url::Url;

use super::engine::Engine;
use super::message::{Way, text};
use crate::testing::blocked::{Blocked, CorsCheck, Failure};
use crate::testing::destination::{Destination, Initiator};
use crate::testing::header_value::{extract_list, get};
use crate::testing::outcome::{Exchange, Outcome};
use crate::testing::redirect::is_redirect;

impl<B> Outcome<B> {
    /// Returns the messages that an engine prints in its console, one a line. Empty if it prints none.
    ///
    /// The page's uncaught error, such as "TypeError: Failed to fetch", is not among them unless it is all that there is:
    /// `fetch()` rejected its arguments. Nor is what an engine prints of every failed request ("Failed to load resource:
    /// net::ERR_FAILED"), or of an error of the network, whose name the browser does not know. A line that an engine prints twice
    /// is there once.
    ///
    /// Tests compare the messages with those of Chromium 156, Firefox ESR 153.8 and WebKitGTK 2.50.6. Where engines differ from
    /// the standard, the reason depends on the [`Profile`](crate::testing::Profile) that the browser has. If several headers are
    /// not allowed, the first by name is in the message; WebKit prints the first that the page set.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use http::{Request, Response};
    /// # use futures_util::FutureExt;
    /// use tower_cors::testing::{Browser, Engine};
    ///
    /// # let work = async {
    /// // An API without CORS.
    /// let mut api = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
    /// let mut page = Browser::at("https://app.example.com");
    /// let outcome = page.fetch(&mut api, Request::get("https://api.example.com/").body(String::new())).await;
    /// assert_eq!(
    ///     outcome.console(Engine::Firefox),
    ///     ["Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at \
    ///       https://api.example.com/. (Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200."]
    /// );
    /// # };
    /// # work.now_or_never().unwrap();
    /// ```
    pub fn console(&self, engine: Engine) -> Vec<String> {
        let Err(failure) = &self.answer else {
            return Vec::new();
        };
        let scene = Scene::of(self, failure);
        match engine {
            Engine::Chromium => scene.chromium(),
            Engine::Firefox => scene.firefox(),
            Engine::WebKit => scene.webkit(),
        }
    }
}

/// What a message is about.
struct Scene<'a> {
    failure: &'a Failure,
    page: &'a str,
    /// The origin that the last request was sent with.
    origin: String,
    method: &'a str,
    /// The URL that failed, and the one that the page asked for.
    url: &'a str,
    first_url: &'a str,
    destination: Destination,
    initiator: Initiator,
    exchange: Option<&'a Exchange>,
}

impl<'a> Scene<'a> {
    fn of<B>(outcome: &'a Outcome<B>, failure: &'a Failure) -> Self {
        let exchange = outcome.exchanges.last();
        let sent = exchange.and_then(|exchange| exchange.request_headers.get("origin"));
        Self {
            failure,
            page: &outcome.page,
            origin: match sent.map(|value| value.to_str()) {
                Some(Ok(origin)) => origin.to_owned(),
                _ => outcome.page.clone(),
            },
            method: &outcome.method,
            url: &outcome.url,
            first_url: &outcome.asked,
            destination: outcome.destination,
            initiator: outcome.initiator,
            exchange,
        }
    }

    /// Returns which message the reason has, if any.
    fn way(&self) -> Option<Way> {
        let status = self.failure.blocked;
        Some(match status {
            Blocked::CorsCheck(check) | Blocked::PreflightCorsCheck(check) => match check {
                CorsCheck::AllowOriginMissing => Way::AllowOriginMissing,
                CorsCheck::AllowOriginRepeated => Way::AllowOriginRepeated,
                CorsCheck::AllowOriginWildcard => Way::AllowOriginWildcard,
                CorsCheck::AllowOriginDiffers if self.allows_no_origin() => Way::AllowOriginInvalid,
                CorsCheck::AllowOriginDiffers => Way::AllowOriginDiffers,
                CorsCheck::AllowCredentialsMissing | CorsCheck::AllowCredentialsNotTrue => {
                    Way::AllowCredentials
                }
            },
            Blocked::PreflightStatus if self.is_redirected() => Way::PreflightRedirected,
            Blocked::PreflightStatus => Way::PreflightStatus,
            Blocked::PreflightMethodsMalformed => Way::MethodsMalformed,
            Blocked::PreflightHeadersMalformed => Way::HeadersMalformed,
            Blocked::PreflightMethodNotAllowed => Way::MethodNotAllowed,
            Blocked::PreflightHeaderNotAllowed => Way::HeaderNotAllowed,
            Blocked::RedirectNotAllowed => Way::RedirectUnwanted,
            Blocked::RedirectLocationMalformed => Way::RedirectMalformed,
            Blocked::RedirectNotHttp => match self.location_scheme().as_deref() {
                Some("ftp") => Way::RedirectToFtp,
                Some("data") => Way::RedirectToData,
                _ => Way::RedirectNotHttp,
            },
            Blocked::RedirectWithCredentials => Way::RedirectWithCredentials,
            Blocked::TooManyRedirects => Way::RedirectTooMany,
            Blocked::NotSameOrigin => Way::NotSameOrigin,
            Blocked::NotHttp => Way::NotHttp,
            Blocked::NoCorsRedirectMode => Way::NoCorsRedirectMode,
            Blocked::MixedContent => Way::MixedContent,
            Blocked::NetworkError => Way::NoResponse,
            Blocked::WebSocketRejected => match self.status() {
                Some(101) => Way::WebSocketAccept,
                _ => Way::WebSocketStatus,
            },
            Blocked::NotEventStream => match self.status() {
                Some(200) => Way::EventStreamType,
                _ => Way::EventStreamStatus,
            },
            Blocked::InvalidRequest => return self.invalid(),
            _ => return None,
        })
    }

    /// Returns the message of arguments that `fetch()` rejects, for the usual ones.
    fn invalid(&self) -> Option<Way> {
        match self.failure.subject {
            "the method" if ["CONNECT", "TRACE", "TRACK"].contains(&self.method) => {
                Some(Way::ForbiddenMethod)
            }
            "the method" if ["GET", "HEAD"].contains(&self.method) => Some(Way::BodyOfGet),
            "the method" => Some(Way::NoCorsMethod),
            "the URL" if Url::parse(self.url).is_ok() => Some(Way::UrlWithCredentials),
            "the URL" => Some(Way::UrlMalformed),
            _ => None,
        }
    }

    fn headers(&self) -> Option<&HeaderMap> {
        let response = self.exchange?.response.as_ref().ok()?;
        Some(&response.1)
    }

    fn status(&self) -> Option<u16> {
        let response = self.exchange?.response.as_ref().ok()?;
        Some(response.0.as_u16())
    }

    fn header(&self, name: http::HeaderName) -> String {
        let value = self.headers().and_then(|headers| get(headers, name));
        String::from_utf8_lossy(&value.unwrap_or_default()).into_owned()
    }

    /// Returns whether the response is a redirect that could be followed.
    fn is_redirected(&self) -> bool {
        let is_redirect = self
            .exchange
            .and_then(Exchange::status)
            .is_some_and(is_redirect);
        is_redirect
            && self
                .headers()
                .is_some_and(|headers| headers.contains_key(LOCATION))
    }

    /// Returns where the response leads, without a password.
    fn target(&self) -> String {
        let base = Url::parse(self.url);
        let target = base.and_then(|base| base.join(&self.header(LOCATION)));
        match target {
            Ok(mut target) => {
                // URLs that cannot have a password have none.
                let _ = target.set_username("");
                let _ = target.set_password(None);
                target.into()
            }
            Err(_) => self.header(LOCATION),
        }
    }

    fn location_scheme(&self) -> Option<String> {
        let base = Url::parse(self.url).ok()?;
        let target = base.join(&self.header(LOCATION)).ok()?;
        Some(target.scheme().to_owned())
    }

    /// Returns whether the origin that the response allows is no URL.
    fn allows_no_origin(&self) -> bool {
        let allowed = self.header(ACCESS_CONTROL_ALLOW_ORIGIN);
        allowed != "null" && Url::parse(&allowed).is_err()
    }

    fn is_preflight(&self) -> bool {
        self.exchange.is_some_and(|exchange| exchange.is_preflight)
    }

    /// Returns the first header that the preflight's response does not list, in the order in which they were asked for.
    fn missing_header(&self) -> String {
        let failure = self.failure;
        let names = failure.expected.split('`').skip(1).step_by(2);
        names.map(str::to_owned).next().unwrap_or_default()
    }

    /// Returns the first element of a list that is no name.
    fn wrong_element(&self, name: http::HeaderName) -> String {
        let element = self
            .headers()
            .and_then(|headers| extract_list(headers, name).err());
        String::from_utf8_lossy(&element.unwrap_or_default()).into_owned()
    }

    fn fill(&self, engine: Engine, way: Way) -> String {
        let value = match way {
            Way::AllowOriginMissing
            | Way::AllowOriginRepeated
            | Way::AllowOriginDiffers
            | Way::AllowOriginInvalid => self.header(ACCESS_CONTROL_ALLOW_ORIGIN),
            Way::AllowCredentials => self.header(ACCESS_CONTROL_ALLOW_CREDENTIALS),
            Way::MethodsMalformed if engine == Engine::WebKit => {
                self.header(ACCESS_CONTROL_ALLOW_METHODS)
            }
            Way::HeadersMalformed if engine == Engine::WebKit => {
                self.header(ACCESS_CONTROL_ALLOW_HEADERS)
            }
            Way::MethodsMalformed => self.wrong_element(ACCESS_CONTROL_ALLOW_METHODS),
            Way::HeadersMalformed => self.wrong_element(ACCESS_CONTROL_ALLOW_HEADERS),
            Way::RedirectNotHttp if engine == Engine::Chromium => SCHEMES.to_owned(),
            Way::RedirectNotHttp
            | Way::RedirectToData
            | Way::RedirectMalformed
            | Way::RedirectWithCredentials => self.header(LOCATION),
            Way::RedirectRejected => self.target(),
            Way::NotHttp => match Url::parse(self.url) {
                Ok(url) => url.scheme().to_owned(),
                Err(_) => String::new(),
            },
            // The address of the page. Its origin is known.
            Way::NotSameOrigin | Way::MixedContent => format!("{}/", self.page),
            Way::EventStreamType => {
                let value = self.header(http::header::CONTENT_TYPE);
                let essence = value.split(';').next().unwrap_or_default();
                essence.trim().to_owned()
            }
            _ => String::new(),
        };
        let status = self.status().map(|status| status.to_string());
        let header = match engine {
            Engine::WebKit => webkit_spelling(&self.missing_header()),
            _ => self.missing_header(),
        };
        let origin = match engine {
            Engine::Chromium => self.page,
            _ => &self.origin,
        };
        let url = match way {
            Way::WebSocketAccept | Way::WebSocketStatus => self.url.replacen("http", "ws", 1),
            Way::RedirectWithCredentials => self.target(),
            _ => self.url.to_owned(),
        };
        substitute(
            text(way, engine),
            &[
                ("url", &url),
                ("origin", origin),
                ("method", self.method),
                ("header", &header),
                ("status", status.as_deref().unwrap_or("(null)")),
                ("value", &value),
            ],
        )
    }

    fn chromium(&self) -> Vec<String> {
        let fill = |way| self.fill(Engine::Chromium, way);
        let Some(mut way) = self.way() else {
            return Vec::new();
        };
        // It looks for redirects before it looks at the headers.
        if self.is_preflight() && self.is_redirected() {
            way = Way::PreflightRedirected;
        }
        let reason = match way {
            Way::RedirectToFtp => Way::RedirectNotHttp,
            way => way,
        };
        match reason {
            Way::MethodsMalformed
            | Way::HeadersMalformed
            | Way::MethodNotAllowed
            | Way::HeaderNotAllowed => vec![self.access_blocked("", &fill(reason))],
            Way::AllowOriginMissing
            | Way::AllowOriginRepeated
            | Way::AllowOriginWildcard
            | Way::AllowOriginDiffers
            | Way::AllowOriginInvalid
            | Way::AllowCredentials
            | Way::PreflightStatus
            | Way::PreflightRedirected
            | Way::RedirectWithCredentials
            | Way::RedirectNotHttp => {
                let check = if self.is_preflight() {
                    "Response to preflight request doesn't pass access control check: "
                } else {
                    ""
                };
                vec![self.access_blocked(check, &fill(reason))]
            }
            Way::NoResponse | Way::RedirectUnwanted | Way::EventStreamStatus => Vec::new(),
            Way::RedirectTooMany | Way::RedirectToData | Way::RedirectMalformed => {
                vec![format!("Failed to load resource: {}", fill(way))]
            }
            Way::ForbiddenMethod
            | Way::NoCorsMethod
            | Way::UrlWithCredentials
            | Way::UrlMalformed
            | Way::BodyOfGet => vec![format!("Uncaught (in promise) TypeError: {}", fill(way))],
            _ => vec![fill(way)],
        }
    }

    /// The sentence around Chromium's reasons.
    fn access_blocked(&self, check: &str, reason: &str) -> String {
        let what = match (self.initiator, self.destination) {
            (Initiator::Page, Destination::Empty) => "fetch",
            (_, Destination::Image) => "image",
            (_, Destination::Script) => "script",
            (_, Destination::Style) => "CSS stylesheet",
            (_, Destination::Font) => "font",
            (_, Destination::Video) => "video",
            (_, Destination::Audio) => "audio",
            _ => "resource",
        };
        // A URL that was not asked for because of its scheme is in the message all the same.
        let url = match self.failure.blocked {
            Blocked::RedirectNotHttp => self.target(),
            _ => self.url.to_owned(),
        };
        let from = if url == self.first_url {
            String::new()
        } else {
            format!("(redirected from '{}') ", self.first_url)
        };
        let page = self.page;
        format!(
            "Access to {what} at '{url}' {from}from origin '{page}' has been blocked by CORS policy: {check}{reason}"
        )
    }

    fn firefox(&self) -> Vec<String> {
        let fill = |way| self.fill(Engine::Firefox, way);
        let Some(way) = self.way() else {
            return Vec::new();
        };
        let blocked = |url: &str, reason: &str, status: &str| {
            format!(
                "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. \
                 (Reason: {reason}).{status}"
            )
        };
        let status = format!(" Status code: {}.", self.status().unwrap_or_default());
        let did_not_succeed = || {
            let reason = text(Way::NoResponse, Engine::Firefox);
            blocked(self.first_url, reason, " Status code: (null).")
        };
        let mut lines = Vec::new();
        match way {
            Way::AllowOriginMissing => lines.push(blocked(self.url, &fill(way), &status)),
            Way::PreflightStatus => lines.push(blocked(self.url, &fill(way), &status)),
            Way::PreflightRedirected => {
                lines.push(blocked(self.url, &fill(way), ""));
                lines.push(blocked(self.url, &fill(Way::PreflightStatus), &status));
            }
            Way::AllowOriginWildcard => {
                lines.push(blocked(&format!("‘{}’", self.url), &fill(way), ""));
            }
            Way::AllowOriginRepeated
            | Way::AllowOriginDiffers
            | Way::AllowOriginInvalid
            | Way::AllowCredentials
            | Way::MethodsMalformed
            | Way::HeadersMalformed
            | Way::MethodNotAllowed
            | Way::HeaderNotAllowed
            | Way::NotHttp => lines.push(blocked(self.url, &fill(way), "")),
            Way::RedirectToFtp | Way::RedirectNotHttp => {
                let reason = fill(Way::RedirectNotHttp);
                lines.push(blocked(&self.header(LOCATION), &reason, ""));
                lines.push(did_not_succeed());
            }
            Way::RedirectToData => {
                lines.push(fill(way));
                lines.push(did_not_succeed());
            }
            Way::RedirectMalformed
            | Way::RedirectWithCredentials
            | Way::RedirectTooMany
            | Way::NoResponse => lines.push(did_not_succeed()),
            Way::RedirectUnwanted | Way::NoCorsRedirectMode => {}
            Way::ForbiddenMethod
            | Way::NoCorsMethod
            | Way::UrlWithCredentials
            | Way::UrlMalformed
            | Way::BodyOfGet => {
                lines.push(format!("Uncaught (in promise) TypeError: {}", fill(way)));
            }
            _ => lines.push(fill(way)),
        }
        // The request that did not follow its preflight, or its redirect.
        let stopped =
            self.is_preflight() || (self.is_redirected() && way == Way::AllowOriginMissing);
        if stopped && way != Way::NoResponse {
            lines.push(did_not_succeed());
        }
        if self.destination == Destination::Script {
            lines.push(fill(Way::ScriptFailed));
        }
        if self.initiator == Initiator::EventSource
            && way != Way::EventStreamType
            && way != Way::EventStreamStatus
        {
            lines.push(fill(Way::EventStreamStatus));
        }
        lines
    }

    fn webkit(&self) -> Vec<String> {
        let fill = |way| self.fill(Engine::WebKit, way);
        let Some(mut way) = self.way() else {
            return Vec::new();
        };
        let status = self.exchange.and_then(Exchange::status);
        // It looks at the status before it looks at the headers.
        if self.is_preflight() && status.is_some_and(|status| !status.is_success()) {
            way = Way::PreflightStatus;
        } else if self.is_redirected() && matches!(self.failure.blocked, Blocked::CorsCheck(_)) {
            way = Way::RedirectRejected;
        }
        let reason = match way {
            Way::ForbiddenMethod
            | Way::NoCorsMethod
            | Way::UrlWithCredentials
            | Way::UrlMalformed
            | Way::BodyOfGet => {
                return vec![format!(
                    "Unhandled Promise Rejection: TypeError: {}",
                    fill(way)
                )];
            }
            Way::NotSameOrigin => return vec![fill(Way::LoadFailed)],
            Way::NoResponse if !self.is_preflight() => return Vec::new(),
            Way::WebSocketStatus
            | Way::WebSocketAccept
            | Way::EventStreamType
            | Way::EventStreamStatus => {
                let line = fill(way);
                return if line.is_empty() {
                    Vec::new()
                } else {
                    vec![line]
                };
            }
            way => fill(way),
        };
        let mut lines = Vec::new();
        if !reason.is_empty() {
            lines.push(reason.clone());
        }
        if matches!(way, Way::NoCorsRedirectMode | Way::MixedContent) {
            lines.push("Not allowed to request resource".to_owned());
        }
        let what = match (self.initiator, self.destination) {
            (Initiator::Beacon, _) => {
                lines.push(format!("Beacon API cannot load {}. {reason}", self.url));
                return lines;
            }
            (Initiator::EventSource, _) => "EventSource",
            (_, Destination::Empty) => "Fetch API",
            (_, Destination::Image) => {
                let url = self.url;
                lines.push(format!(
                    "Cannot load image {url} due to access control checks."
                ));
                return lines;
            }
            (_, Destination::Script) => {
                lines.push(fill(Way::ScriptFailed));
                return lines;
            }
            _ => return lines,
        };
        let failed = text(Way::Failed, Engine::WebKit);
        lines.push(substitute(failed, &[("value", what), ("url", self.url)]));
        lines
    }
}

/// The schemes that Chromium names.
const SCHEMES: &str = "chrome, chrome-experimental-site-token-provider, chrome-extension, chrome-untrusted, data, http, https, isolated-app";

/// Replaces placeholders, once each. What is put in is not looked at again.
fn substitute(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        filled.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// WebKit writes well-known names in their usual case, and others as the page wrote them.
fn webkit_spelling(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    words.collect::<Vec<_>>().join("-")
}
