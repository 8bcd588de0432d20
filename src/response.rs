//! What the layer writes into responses.

mod actual;
mod debug_header;
mod preflight;
mod vary;

pub(crate) use actual::ResponseHeaders;
pub(crate) use preflight::{empty_response, write_allowed, write_rejected};
