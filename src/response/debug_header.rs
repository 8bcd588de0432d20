//! `X-CORS-Decision`, for a developer who reads it in the browser's network panel.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::decision::Decision;

pub(super) const X_CORS_DECISION: HeaderName = HeaderName::from_static("x-cors-decision");

/// Writes the decision into a response, if it is to be shown.
#[inline(always)]
pub(super) fn write(headers: &mut HeaderMap, decision: Option<Decision>) {
    if let Some(decision) = decision {
        write_decision(headers, decision);
    }
}

#[cold]
fn write_decision(headers: &mut HeaderMap, decision: Decision) {
    // Codes are lower-case words with hyphens, so they are always a value.
    if let Ok(value) = HeaderValue::try_from(decision.to_string()) {
        headers.insert(X_CORS_DECISION, value);
    }
}
