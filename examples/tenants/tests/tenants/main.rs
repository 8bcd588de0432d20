//! The example as a user runs it: a process, or two, over real sockets.

#[path = "../../../../tests/support/mod.rs"]
mod support;

mod announcements;
mod fleet;
mod postgresql;
mod proxy;
mod redis;
mod replica;
mod server;
mod sqlite;
mod supervised;
