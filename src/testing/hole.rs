//! The holes that a service can have.

use std::fmt;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName};

use super::outcome::Exchange;
use crate::escaped::EscapedAnswer;

/// Something that a service allows and should not, or sends and should not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Hole {
    /// Pages of any origin may act as their users: the request's origin is repeated, with credentials.
    AnyOriginWithCredentials,
    /// An origin is allowed that should not be.
    StrangerAllowed,
    /// An origin is allowed that only resembles one that should be.
    LookAlikeAllowed,
    /// The opaque origin `null` is allowed, which any page can have.
    NullAllowed,
    /// The opaque origin `null` is allowed with credentials: any page may act as its users. It is reported even if `null`
    /// should be allowed.
    NullWithCredentials,
    /// A sibling of an allowed name is allowed under a suffix where anyone can have a name, such as
    /// `https://myapp-evil.vercel.app`.
    SiblingAllowed,
    /// The `http` twin of an allowed `https` origin is allowed: a network attacker can be its page.
    InsecureTwinAllowed,
    /// A value that no browser sends as `Origin` is allowed. Such a loose comparison may also allow other origins.
    MalformedAllowed,
    /// One of two `Origin` header fields is allowed: another server on the path may have read the other. No browser sends two, so
    /// it is a [`Severity::Note`].
    RepeatedAllowed,
    /// `Access-Control-Allow-Origin` is `*` although only some origins should be allowed.
    WildcardAllowed,
    /// `Access-Control-Allow-Origin: *` comes with `Access-Control-Allow-Credentials`, which browsers reject.
    WildcardWithCredentials,
    /// There is more than one value of `Access-Control-Allow-Origin`, which browsers reject.
    AllowOriginRepeated,
    /// The response depends on `Origin`, and `Vary` does not name it: a cache serves one page's answer to another.
    VaryMissing,
    /// An origin is rejected that should be allowed, so the search proves little.
    AllowedOriginRejected,
    /// No CORS layer took part in the response to an allowed origin: it is an error without a CORS header and without
    /// `Vary: Origin`, such as the 401 of authentication outside the layer.
    NoCorsLayer,
    /// A page of an allowed origin cannot send the request: the answer to its preflight lacks the method or a header.
    RequestNotAllowed,
    /// An origin that should read with credentials can only read without.
    CredentialsNotAllowed,
    /// An origin that should read without credentials can read with them.
    CredentialsAllowed,
    /// The service failed instead of answering.
    ServiceFailed,
    /// A page whose name has got the address of the service reaches it, and reads it: DNS rebinding.
    RebindingReaches,
    /// An image of a page that must not send requests reaches the service.
    ImageReaches,
    /// A script or style sheet of a page that must not send requests reaches the service.
    ScriptReaches,
    /// A page that must not send requests shows the service in a frame.
    FrameReaches,
    /// A form of a page that must not send requests reaches the service.
    FormReaches,
    /// `fetch()` of a page that must not send requests reaches the service, although the page may not read the response.
    FetchReaches,
    /// A beacon of a page that must not send requests reaches the service.
    BeaconReaches,
    /// An `EventSource` of a page that must not send requests reaches the service.
    EventSourceReaches,
    /// The handshake of a WebSocket of a page that must not send requests reaches the service. The page reads what comes.
    WebSocketReaches,
}

/// The severity of a [`Finding`].
///
/// [`assert_safe`](super::assert_safe) passes if there are only notes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// No browser can send the request that shows it.
    Note,
    /// Pages do not get what they are meant to get, or a cache gives them the response of others.
    Mistake,
    /// Pages get what they are not meant to get.
    Hole,
}

impl Hole {
    /// Returns how bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::RepeatedAllowed => Severity::Note,
            Self::WildcardWithCredentials
            | Self::AllowOriginRepeated
            | Self::VaryMissing
            | Self::AllowedOriginRejected
            | Self::NoCorsLayer
            | Self::RequestNotAllowed
            | Self::CredentialsNotAllowed
            | Self::ServiceFailed => Severity::Mistake,
            _ => Severity::Hole,
        }
    }

    /// Whether a request reached the service, which is more than a response that was read.
    fn is_about_requests(self) -> bool {
        matches!(
            self,
            Self::RebindingReaches
                | Self::ImageReaches
                | Self::ScriptReaches
                | Self::FrameReaches
                | Self::FormReaches
                | Self::FetchReaches
                | Self::BeaconReaches
                | Self::EventSourceReaches
                | Self::WebSocketReaches
        )
    }

    /// What to do about it.
    fn advice(self) -> &'static str {
        match self {
            Self::AnyOriginWithCredentials | Self::StrangerAllowed | Self::WildcardAllowed => {
                "list the origins that may read this"
            }
            Self::LookAlikeAllowed => {
                "compare whole origins, or whole labels of them, never by prefix, suffix or expression without anchors"
            }
            Self::NullAllowed | Self::NullWithCredentials => {
                "never take `null` for someone; give the page an origin of its own"
            }
            Self::MalformedAllowed => "reject what is not a serialized origin before comparing it",
            Self::RepeatedAllowed => "reject requests with more than one `Origin`",
            Self::WildcardWithCredentials => "list the origins, or do without credentials",
            Self::AllowOriginRepeated => {
                "send one value: look for a second CORS layer, a handler or a proxy"
            }
            Self::VaryMissing => {
                "send `Vary: Origin` on every response of the resource, also without `Origin`"
            }
            Self::AllowedOriginRejected => {
                "name the origins that the service allows, and a URL that it serves"
            }
            Self::ServiceFailed => "answer whatever `Origin` is sent",
            Self::SiblingAllowed => {
                "list each name: under this suffix anyone can have one, whatever it begins or ends with"
            }
            Self::InsecureTwinAllowed => "compare the scheme too, and allow `https` alone",
            Self::NoCorsLayer => {
                "put the CORS layer outside authentication, the router and all else that answers, so that it sees all \
                 requests, also OPTIONS, and all responses, also errors"
            }
            Self::RequestNotAllowed => {
                "allow the method and the headers; with tower-cors `.allow_methods([…])` and `.allow_headers([…])`"
            }
            Self::CredentialsNotAllowed => {
                "send `Access-Control-Allow-Credentials: true` to this origin; with tower-cors `.allow_credentials(true)`"
            }
            Self::CredentialsAllowed => {
                "send `Access-Control-Allow-Credentials` only to those who may read with credentials; with tower-cors a \
                 list of policies, the one with credentials first"
            }
            Self::RebindingReaches => {
                "reject requests whose `Host` is no name of the service, before all else; with tower-cors \
                 `.enforce(Enforcement::Block)` and `.hosts([…])`, or `.local_hosts()` on the user's machine"
            }
            Self::ImageReaches | Self::ScriptReaches | Self::FrameReaches => {
                "reject requests with `Sec-Fetch-Site: cross-site` or `same-site`, except links with `Sec-Fetch-Dest: \
                 document`; with tower-cors `.enforce(Enforcement::Block)`; over `http` to another machine browsers send \
                 nothing to tell them by, so use TLS"
            }
            Self::FetchReaches | Self::EventSourceReaches => {
                "reject requests whose `Origin` is not allowed before they run, and those without `Origin` but with \
                 `Sec-Fetch-Site: cross-site` or `same-site`; with tower-cors `.enforce(Enforcement::Block)`"
            }
            Self::FormReaches | Self::BeaconReaches => {
                "reject requests whose `Origin` is present and not allowed before they run, also `null`, or demand a token \
                 or a `Content-Type` that forms cannot send; with tower-cors `.enforce(Enforcement::BlockUnsafe)` or `Block`"
            }
            Self::WebSocketReaches => {
                "compare the `Origin` of the handshake, for CORS does not apply to WebSockets; with tower-cors \
                 `.enforce(Enforcement::BlockUnsafe)` or `Block` around the route of the upgrade"
            }
        }
    }
}

/// A [`Hole`], and the request and response that show it.
#[derive(Clone, Debug)]
pub struct Finding {
    pub(super) hole: Hole,
    pub(super) what: String,
    /// What else shows it, without the exchanges.
    pub(super) also: Vec<String>,
    pub(super) exchange: Exchange,
}

impl Finding {
    /// What it is.
    pub fn hole(&self) -> Hole {
        self.hole
    }

    /// The request that shows it, in a few words.
    pub(super) fn in_short(&self) -> String {
        let kind = if self.exchange.is_preflight {
            "a preflight"
        } else {
            self.exchange.method.as_str()
        };
        format!(
            "{kind} with {} ({})",
            lines(&self.exchange.request_headers, ORIGIN),
            self.what
        )
    }

    /// Returns how bad it is.
    pub fn severity(&self) -> Severity {
        self.hole.severity()
    }

    /// The request and response that show it.
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            hole,
            what,
            also,
            exchange,
        } = self;
        let kind = if exchange.is_preflight {
            "a preflight"
        } else {
            exchange.method.as_str()
        };
        if hole.is_about_requests() {
            let status = exchange
                .status()
                .map_or("an error".to_owned(), |status| status.to_string());
            let names = [HOST, ORIGIN, HeaderName::from_static("sec-fetch-site")];
            let sent = names
                .map(|name| lines(&exchange.request_headers, name))
                .join(", ");
            write!(
                f,
                "{hole:?}: {what} reached the service: {kind} {} with {sent} ",
                exchange.url
            )?;
            writeln!(f, "was answered with {status}")?;
            if !also.is_empty() {
                writeln!(f, "  so did {}", also.join("; "))?;
            }
            return write!(f, "  help: {}", hole.advice());
        }
        write!(
            f,
            "{hole:?}: {kind} with {}",
            lines(&exchange.request_headers, ORIGIN)
        )?;
        writeln!(f, " ({what}) was answered {}", answer(exchange))?;
        write!(f, "  help: {}", hole.advice())
    }
}

fn answer(exchange: &Exchange) -> String {
    match &exchange.response {
        Err(error) => format!("with an error: {error}"),
        Ok((status, headers)) => {
            let names = [
                ACCESS_CONTROL_ALLOW_ORIGIN,
                ACCESS_CONTROL_ALLOW_CREDENTIALS,
                VARY,
            ];
            let said: Vec<String> = names.into_iter().map(|name| lines(headers, name)).collect();
            format!("{} with {}", status.as_u16(), said.join(", "))
        }
    }
}

/// `Name: value`, or that there is none.
fn lines(headers: &HeaderMap, name: HeaderName) -> String {
    let lines: Vec<String> = headers
        .get_all(&name)
        .iter()
        .map(|line| format!("`{name}: {}`", EscapedAnswer(line.as_bytes())))
        .collect();
    if lines.is_empty() {
        format!("no `{name}`")
    } else {
        lines.join(" and ")
    }
}
