//! The example as a user runs it: a process, or two, over real sockets.

#[path = "../../../../tests/support/mod.rs"]
mod support;

mod announcements;
mod fleet;
mod operations;
mod postgresql;
mod prometheus;
mod proxy;
mod redis;
mod replica;
mod runbook;
mod server;
mod sqlite;
mod supervised;
