//! Messages of consoles: those that engines print, and their meaning.

mod cause;
mod diagnosis;
mod engine;
mod message;
mod printed;

pub use cause::Cause;
pub use diagnosis::Diagnosis;
pub use engine::Engine;
pub use message::Message;
