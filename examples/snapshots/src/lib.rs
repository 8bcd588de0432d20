//! A service that holds all its allowed origins in memory.
//!
//! They are loaded from a database again and again, at once when PostgreSQL announces a change, and kept in a file for the
//! next start.

mod announcements;
mod database;
mod file;
mod policies;
mod web;

pub use announcements::follow;
pub use database::Database;
pub use file::LastKnownGood;
pub use policies::{policies, seed};
pub use web::{api, health};
