//! What the layer writes into responses.

mod actual;
mod answer;
mod debug_header;
mod vary;

pub(crate) use actual::ResponseHeaders;
pub(crate) use answer::{write_allowed, write_rejected};
