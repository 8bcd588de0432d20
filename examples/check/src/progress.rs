//! What is going on, for a user who waits.

use std::cell::RefCell;
use std::future::Future;
use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, interval_at};

use crate::text::printable;

/// How long the program is silent.
const SILENCE: Duration = Duration::from_secs(1);

/// The current request. Clones share it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Progress {
    state: Rc<RefCell<State>>,
}

#[derive(Clone, Default, Debug)]
struct State {
    count: usize,
    all: Option<usize>,
    what: String,
}

impl Progress {
    /// Sets the number of requests, if it is known.
    pub(crate) fn expect(&self, all: usize) {
        self.state.borrow_mut().all = Some(all);
    }

    /// Sets the current request.
    pub(crate) fn doing(&self, count: usize, what: &str) {
        let mut state = self.state.borrow_mut();
        state.count = count;
        state.what = what.to_owned();
    }

    fn line(&self, waited: Duration) -> String {
        let State { count, all, what } = self.state.borrow().clone();
        let seconds = waited.as_secs();
        printable(&match all {
            Some(all) => format!("{seconds} s: request {count} of about {all}"),
            None if what.is_empty() => format!("{seconds} s"),
            None => format!("{seconds} s: waiting for {what}"),
        })
    }

    /// Runs a future, and writes a line to standard error each second after the first: in a terminal over the last one, otherwise
    /// only if it says something else.
    pub(crate) async fn during<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let started = Instant::now();
        let mut ticks = interval_at(started + SILENCE, SILENCE);
        let is_terminal = std::io::stderr().is_terminal();
        let mut written = None;
        loop {
            tokio::select! {
                output = &mut future => {
                    if is_terminal && written.is_some() {
                        write("\r\x1b[K");
                    }
                    return output;
                }
                _ = ticks.tick() => {
                    let what = self.state.borrow().what.clone();
                    let line = self.line(started.elapsed());
                    if is_terminal {
                        write(&format!("\r\x1b[K{line}"));
                    } else if written.as_ref() != Some(&what) {
                        write(&format!("{line}\n"));
                    }
                    written = Some(what);
                }
            }
        }
    }
}

fn write(text: &str) {
    // Nothing depends on it.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
