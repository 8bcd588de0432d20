//! The engines of browsers, as judges: Chromium, Firefox and WebKit on one machine, and what they make of a CORS layer.
//!
//! An [`Engine`] is started with one server on the loopback for its network, a [`Network`], which is its HTTP
//! proxy: every host name and port leads there, and nothing leaves the machine. Its one [`Page`] asks that server what to
//! do, does it, and says what came of it, so that no driver is needed and the same script runs in every engine.
//!
//! A [`Matrix`] of policies, pages and requests is then judged three times: by what the policy is meant to say
//! ([`intent`]), by the crate's test browser ([`simulation`]), and by the engine.
//!
//! A test that cannot have its engine fails and says what to install; it never passes by skipping.

pub mod attack;
mod console;
pub mod description;
mod engine;
mod hand_written;
pub mod intent;
pub mod layers;
mod matrix;
mod network;
mod origin;
mod page;
mod process;
pub mod recorder;
mod request;
pub mod simulation;
mod site;
mod sources;
mod summary;
mod timeline;
mod tls;
mod verdict;

pub use console::Console;
pub use engine::{Engine, Session};
pub use hand_written::Mistake;
pub use matrix::{Case, Matrix};
pub use network::Network;
pub use origin::PageOrigin;
pub use page::Page;
pub use request::{CredentialsMode, ScriptRequest, requests};
pub use site::{Log, Site};
pub use sources::{Level, Protected, services};
pub use summary::{Difference, Summary};
pub use timeline::{Arrival, Timeline};
pub use verdict::{Seen, Verdict};
