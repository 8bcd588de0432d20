//! The headers that the response to an actual request gets.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG,
    LAST_MODIFIED, SERVER, SET_COOKIE, TRANSFER_ENCODING, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response};

use super::debug_header::{self, X_CORS_DECISION};
use super::vary;
use crate::decision::Decision;
use crate::evaluate::{Evaluation, VaryOn};
use crate::policy::{ExtraHeaders, Policy};
use crate::telemetry;

const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

/// The headers that the response to an actual request gets.
pub(crate) struct ResponseHeaders {
    allow_origin: Option<HeaderValue>,
    allow_credentials: bool,
    /// The policy, if it adds more than the origin and the credentials. Other policies are not kept, so that their
    /// requests touch no reference count that all threads share.
    policy: Option<Policy>,
    pub(crate) vary_on: VaryOn,
    /// The value of the debug header.
    pub(crate) debug: Option<Decision>,
}

impl ResponseHeaders {
    /// The headers for an origin of which policies say this.
    #[inline(always)]
    pub(crate) fn of(evaluation: Evaluation<'_>) -> Self {
        let vary_on = evaluation.vary_on;
        let (policy, allow_origin) = match evaluation.allowed {
            Ok((policy, allow_origin)) => (Some(policy), Some(allow_origin)),
            Err(_) => (None, None),
        };
        let has_extra = policy.filter(|policy| policy.compiled().extra.is_some());
        Self {
            allow_origin,
            allow_credentials: policy.is_some_and(|policy| policy.compiled().credentials),
            policy: has_extra.cloned(),
            vary_on,
            debug: None,
        }
    }

    /// No CORS headers, for an origin that might have got some.
    #[cfg(feature = "cache")]
    pub(crate) fn none() -> Self {
        Self {
            allow_origin: None,
            allow_credentials: false,
            policy: None,
            vary_on: VaryOn::Origin,
            debug: None,
        }
    }

    /// Polls the inner service's future, and writes the headers into its response.
    #[inline(always)]
    pub(crate) fn poll<F, R, E>(
        &mut self,
        response: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<R>, E>>
    where
        F: Future<Output = Result<Response<R>, E>>,
    {
        // In place, because a response is expensive to move.
        let mut polled = response.poll(cx);
        if let Poll::Ready(Ok(response)) = &mut polled {
            self.write(response.headers_mut());
        }
        polled
    }

    /// Writes the headers into the response. Only the layer decides about CORS: headers that an inner service set are
    /// removed first.
    #[inline(always)]
    pub(crate) fn write(&mut self, headers: &mut HeaderMap) {
        let has_vary =
            !headers.keys().all(|name| COMMON.contains(name)) && strip_cors_headers(headers);
        let extra = self
            .policy
            .as_ref()
            .and_then(|policy| policy.compiled().extra.as_ref());
        if let (Some(ExtraHeaders { exposed, timing }), Some(origin)) = (extra, &self.allow_origin)
        {
            if let Some(exposed) = exposed {
                headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
            }
            if *timing {
                headers.insert(TIMING_ALLOW_ORIGIN, origin.clone());
            }
        }
        if let Some(origin) = self.allow_origin.take() {
            headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            if self.allow_credentials {
                headers.append(
                    ACCESS_CONTROL_ALLOW_CREDENTIALS,
                    HeaderValue::from_static("true"),
                );
            }
        }
        match self.vary_on {
            VaryOn::Nothing => {}
            VaryOn::Origin if has_vary => vary::merge_origin(headers),
            VaryOn::Origin => {
                headers.append(VARY, vary::ORIGIN);
            }
            VaryOn::Everything => {
                headers.insert(VARY, vary::ANY);
            }
        }
        debug_header::write(headers, self.debug);
    }
}

/// The headers that most responses have. They are told from ours by one byte each; other names have to be read.
const COMMON: [HeaderName; 11] = [
    CACHE_CONTROL,
    CONNECTION,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    DATE,
    ETAG,
    LAST_MODIFIED,
    SERVER,
    SET_COOKIE,
    TRANSFER_ENCODING,
];

/// Removes the inner service's CORS headers. Returns whether a `Vary` header is present.
///
/// It is a call because few responses need it.
#[inline(never)]
fn strip_cors_headers(headers: &mut HeaderMap) -> bool {
    let (mut has_cors_headers, mut has_vary) = (false, false);
    for name in headers.keys().filter(|name| !COMMON.contains(name)) {
        if name == VARY {
            has_vary = true;
        } else {
            has_cors_headers |= is_ours(name);
        }
    }
    if has_cors_headers {
        remove_cors_headers(headers);
    }
    has_vary
}

/// Returns whether only the layer may set a header: any of the CORS protocol, known or future, and the debug header.
#[inline(always)]
fn is_ours(name: &HeaderName) -> bool {
    name.as_str().as_bytes().starts_with(b"access-control-") || name == X_CORS_DECISION
}

#[cold]
fn remove_cors_headers(headers: &mut HeaderMap) {
    if telemetry::is_tracing() {
        telemetry::inner_headers_removed(headers.iter().filter(|(name, _)| is_ours(name)));
    }
    while let Some(name) = headers.keys().find(|name| is_ours(name)).cloned() {
        headers.remove(name);
    }
}
