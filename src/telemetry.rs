//! What is told of a decision to those who listen.

use http::{HeaderMap, Method};

use crate::decision::Decision;

/// Whether anyone listens to events of this crate.
#[cfg(feature = "tracing")]
pub(crate) fn listens() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn listens() -> bool {
    false
}

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_cors";

/// One event for a decision: refusals at `debug`, all else at `trace`.
#[cfg(feature = "tracing")]
pub(crate) fn decided(method: &Method, headers: &HeaderMap, decision: Decision) {
    use crate::excerpt::Excerpt;
    use crate::request::{Kind, RequestOrigin};

    macro_rules! event {
        ($level:ident, $decision:literal) => {
            tracing::event!(
                target: TARGET,
                tracing::Level::$level,
                kind = Kind::of(method, headers).name(),
                origin = %Excerpt(RequestOrigin::shown(headers)),
                method = %Excerpt(method.as_str().as_bytes()),
                decision = $decision,
                reason = decision.code(),
            )
        };
    }
    match decision {
        Decision::Refused(_) => event!(DEBUG, "refused"),
        Decision::Allowed => event!(TRACE, "allowed"),
        Decision::NotCors => event!(TRACE, "not-cors"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn decided(_: &Method, _: &HeaderMap, _: Decision) {}
