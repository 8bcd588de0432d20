//! Response headers: of actual responses, and of the layer's own answers.

mod actual;
mod answer;
mod debug_header;
mod vary;

pub(crate) use actual::ResponseHeaders;
pub(crate) use answer::{write_allowed, write_rejected};
