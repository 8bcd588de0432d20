//! What pages of several origins get of one service through a cache that they share.
//!
//! A real caching proxy stands between them: Varnish, or nginx. Pages ask, in many orders and ways, for what the proxy may
//! have kept of the others; an oracle that knows what each origin may read judges every answer.

mod client;
mod meant;
mod oracle;
mod pages;
mod proxy;
mod service;
mod tally;

pub use client::{Answer, Connection};
pub use meant::{Grant, SERVICES, Service};
pub use oracle::judge;
pub use pages::{Asked, Chance, ORIGINS, Preflight};
pub use proxy::{Kind, Proxy};
pub use service::{MANNERS, Manner, Running, Vary};
pub use tally::Tally;
