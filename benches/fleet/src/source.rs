//! The source that is looked up: a database with latency, throughput and failures, in virtual time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tower_cors::{Origin, Policy};

use crate::random::Random;
use crate::time::{Nanos, VirtualTime, seconds};

/// How long a lookup waits for a connection at most, in seconds.
const PATIENCE: f64 = 60.0;

/// How the source behaves.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Behavior {
    /// It answers after about this time in seconds.
    Answers(f64),
    /// Every lookup fails after about this time in seconds.
    Fails(f64),
    /// It never answers.
    Hangs,
}

/// The settings of the source.
#[derive(Clone, PartialEq, Debug)]
pub struct SourceSettings {
    /// Its behavior from each of these times on, in seconds. The first is from the beginning on.
    pub behavior: Vec<(f64, Behavior)>,
    /// How many lookups it answers in a second. More wait in a queue, and are answered also if nobody waits any more.
    pub throughput: f64,
    /// The timeout of the lookup, in seconds.
    pub timeout: f64,
    /// Whether the timeout includes the time until a connection is free. Otherwise that takes at most a minute.
    pub timeout_includes_wait: bool,
    /// How many lookups of a replica the source works on at once. More wait in the replica, as for a pool of connections.
    pub connections: usize,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            behavior: vec![(0.0, Behavior::Answers(0.002))],
            throughput: f64::INFINITY,
            timeout: 1.0,
            timeout_includes_wait: false,
            connections: usize::MAX,
        }
    }
}

/// The source. Clones are the same source.
#[derive(Clone)]
pub(crate) struct Source(Arc<Mutex<State>>);

struct State {
    settings: SourceSettings,
    time: VirtualTime,
    random: Random,
    policy: Policy,
    /// When each origin was revoked and when it was allowed again.
    revoked: Vec<(Nanos, Nanos)>,
    busy_until: Nanos,
    next: u64,
    running: HashMap<u64, Running>,
    pools: Vec<Pool>,
    ends: BinaryHeap<Reverse<(Nanos, u64)>>,
    /// Lookups that started in each second.
    started: Vec<u64>,
}

/// The connections of a replica.
struct Pool {
    free: usize,
    /// Lookups that wait for a connection, or did.
    queue: VecDeque<u64>,
}

struct Running {
    replica: usize,
    /// When it ends.
    due: Nanos,
    /// How it ends then, if it has a connection.
    outcome: Option<Answer>,
    /// Its answer, if it has ended.
    answer: Option<Answer>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy)]
enum Answer {
    /// The policy as it stood then.
    ReadAt(Nanos),
    Failed,
}

/// The lookup failed.
#[derive(Debug)]
pub(crate) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source failed")
    }
}

impl Source {
    pub(crate) fn new(
        settings: SourceSettings,
        time: VirtualTime,
        random: Random,
        policy: Policy,
        origins: usize,
        replicas: usize,
    ) -> Self {
        let pool = || Pool {
            free: settings.connections,
            queue: VecDeque::new(),
        };
        let pools = (0..replicas).map(|_| pool()).collect();
        Self(Arc::new(Mutex::new(State {
            settings,
            time,
            random,
            policy,
            revoked: vec![(Nanos::MAX, Nanos::MAX); origins],
            busy_until: 0,
            next: 0,
            running: HashMap::new(),
            pools,
            ends: BinaryHeap::new(),
            started: Vec::new(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks up an origin of [`origin_text`]. The lookup starts when it is polled.
    pub(crate) fn lookup(&self, origin: &Origin, replica: usize) -> Lookup {
        Lookup {
            source: self.clone(),
            replica,
            origin: number(origin.as_str()),
            id: None,
        }
    }

    pub(crate) fn revoke(&self, origin: usize, from: Nanos, until: Nanos) {
        self.state().revoked[origin] = (from, until);
    }

    /// Returns when the origin was revoked, if it is.
    pub(crate) fn revoked_at(&self, origin: usize, now: Nanos) -> Option<Nanos> {
        self.state().revoked_at(origin, now)
    }

    /// Returns when the next lookup ends.
    pub(crate) fn next_end(&self) -> Option<Nanos> {
        self.state().ends.peek().map(|Reverse((end, _))| *end)
    }

    /// Ends the next lookup, and wakes what waits for it.
    pub(crate) fn end_next(&self) {
        let mut state = self.state();
        let waker = state.end_next();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Returns how many lookups started in each second.
    pub(crate) fn started(&self) -> Vec<u64> {
        self.state().started.clone()
    }
}

impl State {
    fn revoked_at(&self, origin: usize, now: Nanos) -> Option<Nanos> {
        let (from, until) = self.revoked[origin];
        (from <= now && now < until).then_some(from)
    }

    fn start(&mut self, replica: usize) -> u64 {
        let now = self.time.now();
        let second = (now / seconds(1.0)) as usize;
        if self.started.len() <= second {
            self.started.resize(second + 1, 0);
        }
        self.started[second] += 1;
        let id = self.next;
        self.next += 1;
        let patience = if self.settings.timeout_includes_wait {
            self.settings.timeout
        } else {
            PATIENCE
        };
        let due = now + seconds(patience);
        let running = Running {
            replica,
            due,
            outcome: None,
            answer: None,
            waker: None,
        };
        self.running.insert(id, running);
        let pool = &mut self.pools[replica];
        if pool.free > 0 {
            pool.free -= 1;
            self.connect(id);
        } else {
            pool.queue.push_back(id);
            self.ends.push(Reverse((due, id)));
        }
        id
    }

    /// The source begins to work on a lookup.
    fn connect(&mut self, id: u64) {
        let now = self.time.now();
        let due = |(from, _): &&(f64, Behavior)| seconds(*from) <= now;
        let behavior = self.settings.behavior.iter().rev().find(due);
        let behavior = behavior.map_or(Behavior::Hangs, |(_, behavior)| *behavior);
        let mut random = |mean: f64| seconds(mean * (0.5 + self.random.fraction()));
        let end = match behavior {
            Behavior::Answers(mean) => {
                let service = seconds(1.0 / self.settings.throughput);
                self.busy_until = self.busy_until.max(now) + service;
                let read_at = self.busy_until + random(mean / 2.0);
                (read_at + random(mean / 2.0), Answer::ReadAt(read_at))
            }
            Behavior::Fails(mean) => (now + random(mean), Answer::Failed),
            Behavior::Hangs => (Nanos::MAX, Answer::Failed),
        };
        if let Some(running) = self.running.get_mut(&id) {
            let timeout = if self.settings.timeout_includes_wait {
                running.due
            } else {
                now + seconds(self.settings.timeout)
            };
            let (end, outcome) = if end.0 > timeout {
                (timeout, Answer::Failed)
            } else {
                end
            };
            running.due = end;
            running.outcome = Some(outcome);
            self.ends.push(Reverse((end, id)));
        }
    }

    fn end_next(&mut self) -> Option<Waker> {
        let Reverse((now, id)) = self.ends.pop()?;
        let running = self.running.get_mut(&id)?;
        if running.answer.is_some() || running.due != now {
            return None;
        }
        running.answer = Some(running.outcome.unwrap_or(Answer::Failed));
        let waker = running.waker.take();
        let (replica, was_connected) = (running.replica, running.outcome.is_some());
        if was_connected {
            self.release(replica);
        }
        waker
    }

    /// A connection is free, for the next lookup that still waits for it.
    fn release(&mut self, replica: usize) {
        while let Some(id) = self.pools[replica].queue.pop_front() {
            let running = self.running.get(&id);
            if running.is_some_and(|running| running.answer.is_none()) {
                return self.connect(id);
            }
        }
        self.pools[replica].free += 1;
    }
}

/// A lookup. It ends if it is dropped.
pub(crate) struct Lookup {
    source: Source,
    replica: usize,
    origin: usize,
    id: Option<u64>,
}

impl Future for Lookup {
    type Output = Result<Option<Policy>, Failed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let state = &mut *this.source.state();
        let id = *this.id.get_or_insert_with(|| state.start(this.replica));
        let Some(running) = state.running.get_mut(&id) else {
            unreachable!("a lookup is polled until it ends");
        };
        match running.answer {
            Some(Answer::ReadAt(read_at)) => {
                let is_revoked = state.revoked_at(this.origin, read_at).is_some();
                Poll::Ready(Ok((!is_revoked).then(|| state.policy.clone())))
            }
            Some(Answer::Failed) => Poll::Ready(Err(Failed)),
            None => {
                running.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let mut state = self.source.state();
        let removed = state.running.remove(&id);
        let holds = |running: &Running| running.answer.is_none() && running.outcome.is_some();
        if let Some(running) = removed.filter(holds) {
            state.release(running.replica);
        }
    }
}

/// Returns an origin. Its length is that of a usual one.
pub(crate) fn origin_text(number: usize) -> String {
    format!("https://n{number:07}.tenant.example")
}

fn number(text: &str) -> usize {
    let digits = text
        .strip_prefix("https://n")
        .and_then(|rest| rest.get(..7));
    let number = digits.and_then(|digits| digits.parse().ok());
    number.unwrap_or_else(|| unreachable!("only origins of `origin_text` are looked up"))
}
