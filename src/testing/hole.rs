//! What can be wrong with what a service grants.

use std::fmt;

use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN, VARY};
use http::{HeaderMap, HeaderName};

use super::outcome::Exchange;
use crate::escaped::EscapedAnswer;

/// Something that a service grants and should not, or says and should not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Hole {
    /// Pages of any origin may act as their users: the request's origin is repeated, with credentials.
    AnyOriginWithCredentials,
    /// An origin that was not meant is allowed.
    StrangerAllowed,
    /// An origin is allowed that only resembles one that was meant.
    LookAlikeAllowed,
    /// The opaque origin `null` is allowed, which any page can have.
    NullAllowed,
    /// The opaque origin `null` is allowed with credentials: any page may act as its users. Reported also where `null` was
    /// meant to be allowed.
    NullWithCredentials,
    /// What no browser sends as `Origin` is allowed. Whoever compares so loosely can be led astray.
    MalformedAllowed,
    /// One of two `Origin` lines is allowed: another server on the way may have looked at the other.
    RepeatedAllowed,
    /// `Access-Control-Allow-Origin` is `*` where only some origins were meant.
    WildcardAllowed,
    /// `Access-Control-Allow-Origin: *` comes with `Access-Control-Allow-Credentials`, which browsers reject.
    WildcardWithCredentials,
    /// There is more than one value of `Access-Control-Allow-Origin`, which browsers reject.
    AllowOriginRepeated,
    /// The response depends on `Origin` and does not say so with `Vary`: a cache serves one page's answer to another.
    VaryMissing,
    /// An origin that was meant to be allowed is not, so that the search proves little.
    AllowedOriginRejected,
    /// The service failed instead of answering.
    ServiceFailed,
}

impl Hole {
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
        }
    }
}

/// A [`Hole`], and the request and response that show it.
#[derive(Clone, Debug)]
pub struct Finding {
    pub(super) hole: Hole,
    pub(super) what: &'static str,
    pub(super) exchange: Exchange,
}

impl Finding {
    /// What it is.
    pub fn hole(&self) -> Hole {
        self.hole
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
            exchange,
        } = self;
        let kind = if exchange.is_preflight {
            "a preflight"
        } else {
            exchange.method.as_str()
        };
        write!(
            f,
            "{hole:?}: {kind} with {}",
            lines(&exchange.request_headers, ORIGIN)
        )?;
        writeln!(f, " ({what}) was answered {}", answer(exchange))?;
        write!(f, "  to mend it: {}", hole.advice())
    }
}

fn answer(exchange: &Exchange) -> String {
    match &exchange.response {
        Err(error) => format!("with an error: {}", EscapedAnswer(error.as_bytes())),
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
