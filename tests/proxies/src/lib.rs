//! Caches that many visitors share, as judges: Varnish and nginx between pages of several origins and one service.
//!
//! A [`Proxy`] is started before a service that listens on a Unix socket of its own, so that no port is needed and nothing
//! leaves the machine. A [`Visitor`] is a random sequence of requests through it; each answer is judged by what the policy
//! of its path is meant to say to the page that asked ([`Meant`]), whoever's answer the cache had kept.
//!
//! A test that cannot have its proxy fails and says what to install; it never passes by skipping.

mod meant;
mod proxy;
mod service;
mod visitor;

pub use meant::{Case, Meant, ORIGINS, cases};
pub use proxy::Proxy;
pub use service::{Layered, Service};
pub use visitor::{Tally, Visitor};
