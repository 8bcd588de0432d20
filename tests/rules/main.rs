//! The rules of the design, each with a test of its name.

mod actual;
mod classify;
mod configuration;
mod explaining;
mod flaws;
mod origins;
mod preflight;
mod presets;
mod saying_why;
mod support;
mod types;
