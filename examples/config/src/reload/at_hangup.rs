//! At SIGHUP, as daemons do: `kill -HUP PID`, `systemctl reload`.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tower_cors::PolicyHandle;

use crate::reload::reload;

/// Reloads the policy at each SIGHUP. Without this, the signal ends the process.
pub fn at_hangup(file: String, handle: PolicyHandle) -> io::Result<()> {
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            reload(&file, &handle);
        }
    });
    Ok(())
}
