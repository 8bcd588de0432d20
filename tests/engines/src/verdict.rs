//! What came of a request.

use std::collections::BTreeSet;
use std::fmt;

/// What came of a script's request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// What the script sees; nothing where it gets a `TypeError`.
    pub seen: Option<Seen>,
    /// What its preflight asked for, if there was one: the method, and the names of the headers.
    pub preflight: Option<String>,
    /// Whether the request came to the service behind the layer.
    pub reached: bool,
}

/// What a script sees of a response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Its status.
    pub status: u16,
    /// The names of its headers, of those that the service sets.
    pub headers: BTreeSet<String>,
    /// Its body.
    pub body: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.preflight {
            None => f.write_str("no preflight; ")?,
            Some(asked) => write!(f, "a preflight for {asked}; ")?,
        }
        let reached = if self.reached { "sent" } else { "not sent" };
        match &self.seen {
            None => write!(f, "{reached}, blocked"),
            Some(Seen {
                status,
                headers,
                body,
            }) => {
                let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
                let headers = headers.join(" ");
                write!(
                    f,
                    "{reached}, readable with status {status}, {headers} and `{body}`"
                )
            }
        }
    }
}
