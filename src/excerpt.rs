//! What a client sent, fit to be shown.

use std::fmt;

/// The most that is shown, in bytes.
const SHOWN: usize = 256;

/// Bytes of a client, escaped and cut, so that no log line or terminal is written by a stranger.
pub(crate) struct Excerpt<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.0[..self.0.len().min(SHOWN)];
        write!(f, "{}", shown.escape_ascii())?;
        if shown.len() < self.0.len() {
            write!(f, "… ({} bytes)", self.0.len())?;
        }
        Ok(())
    }
}
