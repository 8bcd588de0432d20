//! Text of clients and of configurations, escaped for people and logs.

use std::fmt;

/// The most that is shown of what a client sent, in bytes.
const SHOWN: usize = 256;
/// The most that is shown of what a service answered, in bytes: more than a list of methods or headers that a developer
/// wrote, so that the missing one can be found.
#[cfg(feature = "testing")]
const SHOWN_OF_ANSWER: usize = 4096;

/// Bytes of a client, escaped and cut, so that no client can forge log lines or control a terminal.
pub(crate) struct Escaped<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cut(f, self.0, SHOWN)
    }
}

/// Text of a configuration, escaped and cut in the same way. A text of a megabyte is not what a message is about.
pub(crate) struct EscapedText<'a>(pub(crate) &'a str);

impl fmt::Display for EscapedText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        let ends = text.char_indices().map(|(end, _)| end);
        let end = match text.len() > SHOWN {
            true => ends.take_while(|end| *end <= SHOWN).last(),
            false => None,
        };
        let shown = end.and_then(|end| text.get(..end)).unwrap_or(text);
        write!(f, "{}", shown.escape_debug())?;
        if shown.len() < text.len() {
            write!(f, "… ({} bytes)", text.len())?;
        }
        Ok(())
    }
}

/// Bytes of a service under test, in the same way.
#[cfg(feature = "testing")]
pub(crate) struct EscapedAnswer<'a>(pub(crate) &'a [u8]);

#[cfg(feature = "testing")]
impl fmt::Display for EscapedAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cut(f, self.0, SHOWN_OF_ANSWER)
    }
}

fn write_cut(f: &mut fmt::Formatter<'_>, bytes: &[u8], most: usize) -> fmt::Result {
    let shown = &bytes[..bytes.len().min(most)];
    write!(f, "{}", shown.escape_ascii())?;
    if shown.len() < bytes.len() {
        write!(f, "… ({} bytes)", bytes.len())?;
    }
    Ok(())
}
