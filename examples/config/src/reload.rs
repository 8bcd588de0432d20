//! Reading the configuration again, and when.

pub mod at_change;
#[cfg(unix)]
pub mod at_hangup;
mod policy;

pub use policy::reload;
