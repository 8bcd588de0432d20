//! A fleet of servers behind a load balancer, with browsers in front and a database behind, in virtual time.
//!
//! The cache, the policies and the decisions are those of the crate: each replica has a [`CorsLayer`](tower_cors::CorsLayer)
//! with [`DynamicPolicies`](tower_cors::DynamicPolicies), and every request goes through it. Simulated are the browsers,
//! the load balancer, the announcements, the database and the clock. Equal settings give equal figures, except for the few
//! that depend on evictions, whose hash has a random key.

mod browser;
mod fleet;
pub mod plan;
mod random;
mod replica;
mod report;
mod source;
mod time;

pub use browser::Pages;
pub use fleet::{Affinity, Announcements, Fault, Restart, Settings, simulate};
pub use random::Random;
pub use report::{Delays, Report};
pub use source::{Behavior, SourceSettings};
