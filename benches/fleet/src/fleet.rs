//! The simulation: what happens when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tower_cors::{CacheStats, Policy};

use crate::browser::Pages;
use crate::random::{Popularity, Random, mix};
use crate::replica::{Answering, Replica, Spawned, Task};
use crate::report::{Delays, Report};
use crate::source::{Source, SourceSettings, origin_text};
use crate::time::{Nanos, VirtualTime, seconds};

/// How the load balancer chooses a replica.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Affinity {
    /// Any replica serves any request.
    None,
    /// All requests of a browser have the same replica.
    Browser,
    /// All requests of an origin have the same replica.
    Origin,
}

/// How announcements of revocations reach the replicas. All times are in seconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Announcements {
    /// The mean delay. Each has its own, so they arrive out of order.
    pub delay: f64,
    /// The share that never arrives.
    pub lost: f64,
    /// The share that arrives twice.
    pub doubled: f64,
}

/// A restart of replicas, which empties their caches.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Restart {
    /// When the first is restarted, in seconds.
    pub at: f64,
    /// The time from the first to the last, in seconds: 0 restarts all at once.
    pub takes: f64,
}

/// A mistake that the simulation must find, so that its silence means something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The cache sends the whole Max-Age with each answer, whatever is left of it.
    ReplaysMaxAge,
}

/// The settings of a simulation. All times are in seconds.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// The seed of all random numbers.
    pub seed: u64,
    /// How long it lasts.
    pub duration: f64,
    /// From when on the fleet counts as warm.
    pub warm_up: f64,
    /// How many replicas there are.
    pub replicas: usize,
    /// How many origins there are.
    pub origins: usize,
    /// How many pages are open.
    pub pages: usize,
    /// How many requests pages want to send in a second, preflights not counted.
    pub rate: f64,
    /// The share of requests that need a preflight.
    pub unsafe_share: f64,
    /// The Max-Age of every policy.
    pub max_age: u64,
    /// How long each cache keeps a rejection, in seconds.
    pub negative_ttl: f64,
    /// The capacity of each cache.
    pub capacity: usize,
    /// How the load balancer chooses a replica.
    pub affinity: Affinity,
    /// Announcements, if there are any.
    pub announcements: Option<Announcements>,
    /// How many revocations there are in an hour.
    pub revocations: f64,
    /// The restart of the fleet, if there is one.
    pub restart: Option<Restart>,
    /// The source.
    pub source: SourceSettings,
    /// By how much the clocks of replicas differ.
    pub clock_offsets: f64,
    /// How much longer than a second a second of a replica's clock lasts at most, in seconds.
    pub clock_drift: f64,
    /// How long the answer to a preflight travels at most.
    pub transit: f64,
    /// Whether lookups that refresh a decision run in the background.
    pub background: bool,
    /// A mistake.
    pub fault: Option<Fault>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            duration: 2_400.0,
            warm_up: 1_200.0,
            replicas: 10,
            origins: 10_000,
            pages: 50_000,
            rate: 1_000.0,
            unsafe_share: 0.5,
            max_age: 600,
            negative_ttl: 5.0,
            capacity: 100_000,
            affinity: Affinity::None,
            announcements: None,
            revocations: 600.0,
            restart: None,
            source: SourceSettings::default(),
            clock_offsets: 0.0,
            clock_drift: 0.0,
            transit: 0.0,
            background: true,
            fault: None,
        }
    }
}

impl Settings {
    /// Returns the second from which peaks count: when something happens, or when the fleet is warm.
    pub fn observed_from(&self) -> usize {
        let changes = self.source.behavior.get(1).map(|(at, _)| *at);
        let restart = self.restart.map(|restart| restart.at);
        restart.or(changes).unwrap_or(self.warm_up) as usize
    }
}

/// Simulates a fleet.
pub fn simulate(settings: &Settings) -> Report {
    Fleet::new(settings).run()
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Restart(usize),
    Revoke,
    /// The origin was allowed again.
    Restored(u32),
    Announced {
        replica: u32,
        origin: u32,
    },
}

/// What waits for a lookup.
enum Waiting {
    Request {
        answering: Answering,
        since: Nanos,
        sent: Sent,
    },
    Background(Task),
}

#[derive(Clone, Copy)]
struct Sent {
    page: u32,
    origin: u32,
    /// By a preflight, or by the request that a preflight allowed.
    what: What,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Preflight,
    Put,
    Get,
}

/// Wakes a waiting request.
struct Wakes {
    index: usize,
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        woken.push(self.index);
    }
}

struct Fleet<'a> {
    settings: &'a Settings,
    time: VirtualTime,
    random: Random,
    popularity: Popularity,
    source: Source,
    replicas: Vec<Replica>,
    /// The `Origin` header of each origin.
    headers: Vec<HeaderValue>,
    /// The first page of each origin, and the end of the last.
    first_page: Vec<u32>,
    pages: Pages,
    events: BinaryHeap<Reverse<(Nanos, u64, Event)>>,
    next_event: u64,
    waiting: Vec<Option<Waiting>>,
    free: Vec<usize>,
    woken: Arc<Mutex<Vec<usize>>>,
    spawned: Spawned,
    /// The statistics of caches that are gone, and of all when the fleet was warm.
    retired: Stats,
    warm: Option<Stats>,
    /// The last use of each origin since it was revoked.
    last_use: Vec<Option<Nanos>>,
    /// How long a revoked permission may be used.
    bound: Nanos,
    waits: Vec<f64>,
    last_uses: Vec<f64>,
    report: Report,
}

#[derive(Clone, Copy, Default)]
struct Stats {
    hits: u64,
    asked: u64,
    evictions: u64,
    failures: u64,
}

impl Stats {
    fn add(&mut self, stats: &CacheStats) {
        self.hits += stats.hits;
        self.asked += stats.hits + stats.misses + stats.coalesced;
        self.evictions += stats.evictions;
        self.failures += stats.failures;
    }
}

impl<'a> Fleet<'a> {
    fn new(settings: &'a Settings) -> Self {
        let mut random = Random::new(settings.seed);
        let time = VirtualTime::default();
        let policy = Policy::builder()
            .allow_origins(["https://*.tenant.example"])
            .allow_methods([Method::PUT])
            .max_age(Duration::from_secs(settings.max_age))
            .build();
        let policy = policy.unwrap_or_else(|errors| unreachable!("{errors}"));
        let source = Source::new(
            settings.source.clone(),
            time.clone(),
            Random::new(random.bits()),
            policy,
            settings.origins,
            settings.replicas,
        );
        let popularity = Popularity::new(settings.origins);
        let mut first_page = vec![0];
        let mut pages = 0;
        for origin in 0..settings.origins {
            let share = popularity.share(origin) * settings.pages as f64;
            pages += share.round().max(1.0) as u32;
            first_page.push(pages);
        }
        let header = |origin| {
            let header = HeaderValue::try_from(origin_text(origin));
            header.unwrap_or_else(|error| unreachable!("{error}"))
        };
        let mut fleet = Self {
            settings,
            popularity,
            source,
            replicas: Vec::new(),
            headers: (0..settings.origins).map(header).collect(),
            first_page,
            pages: Pages::new(pages as usize),
            events: BinaryHeap::new(),
            next_event: 0,
            waiting: Vec::new(),
            free: Vec::new(),
            woken: Arc::default(),
            spawned: Spawned::default(),
            retired: Stats::default(),
            warm: None,
            last_use: vec![None; settings.origins],
            bound: seconds(
                settings.max_age as f64 * (1.0 + settings.clock_drift) + settings.transit,
            ),
            waits: Vec::new(),
            last_uses: Vec::new(),
            report: Report {
                warm: settings.warm_up as usize,
                ..Report::default()
            },
            time,
            random,
        };
        for index in 0..settings.replicas {
            let replica = fleet.start_replica(index);
            fleet.replicas.push(replica);
        }
        if let Some(restart) = settings.restart {
            for replica in 0..settings.replicas {
                let share = replica as f64 / settings.replicas as f64;
                let at = restart.at + restart.takes * share;
                fleet.schedule(seconds(at), Event::Restart(replica));
            }
        }
        fleet.schedule_revocation();
        fleet
    }

    fn start_replica(&mut self, index: usize) -> Replica {
        let settings = self.settings;
        let offset = Duration::from_secs_f64(settings.clock_offsets * self.random.fraction());
        let slow = settings.clock_drift * self.random.fraction();
        let (source, time) = (&self.source, &self.time);
        Replica::start(settings, source, time, offset, slow, index, &self.spawned)
    }

    fn schedule(&mut self, at: Nanos, event: Event) {
        self.next_event += 1;
        self.events.push(Reverse((at, self.next_event, event)));
    }

    fn schedule_revocation(&mut self) {
        if self.settings.revocations > 0.0 {
            let mean = 3_600.0 / self.settings.revocations;
            let at = self.time.now() + seconds(self.random.exponential(mean));
            self.schedule(at, Event::Revoke);
        }
    }

    fn run(mut self) -> Report {
        let end = seconds(self.settings.duration);
        let warm_up = seconds(self.settings.warm_up);
        let first_max_age = seconds(self.settings.max_age as f64);
        let mean = 1e9 / self.settings.rate;
        let mut next_request = self.random.exponential(mean);
        loop {
            let event = self.events.peek().map(|Reverse((at, ..))| *at);
            let lookup = self.source.next_end();
            let (event, lookup) = (event.unwrap_or(Nanos::MAX), lookup.unwrap_or(Nanos::MAX));
            let now = event.min(lookup).min(next_request as Nanos);
            if now >= end {
                break;
            }
            self.time.set(now);
            if self.warm.is_none() && now >= warm_up {
                self.warm = Some(self.stats());
            }
            if self.report.entries_in_max_age == 0 && now >= first_max_age {
                self.report.entries_in_max_age = self.most_entries();
            }
            if now == lookup {
                self.source.end_next();
                self.poll_woken();
            } else if now == event {
                if let Some(Reverse((_, _, event))) = self.events.pop() {
                    self.happen(event);
                }
            } else {
                self.send_from_page();
                next_request += self.random.exponential(mean);
            }
        }
        self.finish()
    }

    fn finish(mut self) -> Report {
        let stats = self.stats();
        let warm = self.warm.unwrap_or_default();
        for origin in 0..self.settings.origins {
            self.note_last_use(origin);
        }
        let mut lookups = self.source.started();
        lookups.resize(self.settings.duration as usize, 0);
        Report {
            lookups,
            warm_requests: stats.asked - warm.asked,
            warm_hits: stats.hits - warm.hits,
            entries: self.most_entries(),
            evictions: stats.evictions,
            failures: stats.failures,
            waits: Delays::new(self.waits),
            last_uses: Delays::new(self.last_uses),
            ..self.report
        }
    }

    /// Returns the entries of the fullest cache.
    fn most_entries(&self) -> usize {
        let entries = self.replicas.iter();
        let entries = entries.map(|replica| replica.cache.stats().entries);
        entries.max().unwrap_or_default()
    }

    fn stats(&self) -> Stats {
        let mut sum = self.retired;
        for replica in &self.replicas {
            sum.add(&replica.cache.stats());
        }
        sum
    }

    fn happen(&mut self, event: Event) {
        let now = self.time.now();
        match event {
            Event::Restart(replica) => {
                let started = self.start_replica(replica);
                let stopped = std::mem::replace(&mut self.replicas[replica], started);
                self.retired.add(&stopped.cache.stats());
            }
            Event::Revoke => {
                // Popular origins, because nobody sees whether another is still used.
                let origin = self.popularity.draw(&mut self.random);
                if self.source.revoked_at(origin, now).is_none() {
                    self.note_last_use(origin);
                    let until = now + 2 * self.bound;
                    self.source.revoke(origin, now, until);
                    self.last_use[origin] = Some(now);
                    self.announce(origin);
                    self.schedule(until, Event::Restored(origin as u32));
                }
                self.schedule_revocation();
            }
            Event::Restored(origin) => {
                self.note_last_use(origin as usize);
                self.announce(origin as usize);
            }
            Event::Announced { replica, origin } => {
                let origin = origin_text(origin as usize).parse();
                let origin = origin.unwrap_or_else(|error| unreachable!("{error}"));
                self.replicas[replica as usize].cache.invalidate(&origin);
            }
        }
    }

    fn announce(&mut self, origin: usize) {
        let Some(announcements) = self.settings.announcements else {
            return;
        };
        for replica in 0..self.replicas.len() as u32 {
            let times = 1 + usize::from(self.random.happens(announcements.doubled));
            for _ in 0..times {
                if self.random.happens(announcements.lost) {
                    continue;
                }
                let delay = seconds(self.random.exponential(announcements.delay));
                let origin = origin as u32;
                self.schedule(
                    self.time.now() + delay,
                    Event::Announced { replica, origin },
                );
            }
        }
    }

    /// Enters the time from the revocation to the last use, if there was one.
    fn note_last_use(&mut self, origin: usize) {
        if let Some(last_use) = self.last_use[origin].take() {
            let now = self.time.now().saturating_sub(1);
            if let Some(revoked_at) = self.source.revoked_at(origin, now) {
                let delay = Duration::from_nanos(last_use - revoked_at);
                self.last_uses.push(delay.as_secs_f64());
            }
        }
    }

    /// A page used a permission.
    fn used(&mut self, origin: usize) {
        if self.last_use[origin].is_none() {
            return;
        }
        let now = self.time.now();
        if let Some(revoked_at) = self.source.revoked_at(origin, now) {
            self.last_use[origin] = Some(now);
            if now - revoked_at > self.bound {
                self.report.violations += 1;
            }
        }
    }

    /// A page wants to send a request.
    fn send_from_page(&mut self) {
        let origin = self.popularity.draw(&mut self.random);
        let (first, end) = (self.first_page[origin], self.first_page[origin + 1]);
        let page = first + self.random.below((end - first) as usize) as u32;
        let is_unsafe = self.random.happens(self.settings.unsafe_share);
        let is_permitted = self.pages.is_permitted(page as usize, self.time.now());
        let what = match (is_unsafe, is_permitted) {
            (false, _) => What::Get,
            (true, true) => What::Put,
            (true, false) => What::Preflight,
        };
        self.send(page, origin as u32, what);
    }

    fn send(&mut self, page: u32, origin: u32, what: What) {
        let replicas = self.replicas.len();
        let replica = match self.settings.affinity {
            Affinity::None => self.random.below(replicas),
            Affinity::Browser => mix(u64::from(page)) as usize % replicas,
            Affinity::Origin => mix(u64::from(origin)) as usize % replicas,
        };
        self.report.requests += 1;
        let mut request = Request::new(());
        let origin_header = self.headers[origin as usize].clone();
        request.headers_mut().insert(ORIGIN, origin_header);
        *request.method_mut() = match what {
            What::Preflight => {
                self.report.preflights += 1;
                let put = HeaderValue::from_static("PUT");
                request
                    .headers_mut()
                    .insert(ACCESS_CONTROL_REQUEST_METHOD, put);
                Method::OPTIONS
            }
            What::Put => {
                self.used(origin as usize);
                Method::PUT
            }
            What::Get => Method::GET,
        };
        let sent = Sent { page, origin, what };
        let mut answering = self.replicas[replica].call(request);
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(&mut answering).poll(&mut context) {
            Poll::Ready(Ok(response)) => self.receive(sent, &response),
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => {
                let since = self.time.now();
                self.wait(Waiting::Request {
                    answering,
                    since,
                    sent,
                });
            }
        }
        if self.settings.background {
            for task in self.spawned.take() {
                self.wait(Waiting::Background(task));
            }
        }
    }

    fn wait(&mut self, waiting: Waiting) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.waiting.push(None);
            self.waiting.len() - 1
        });
        self.waiting[index] = Some(waiting);
        self.poll_waiting(index);
    }

    fn poll_woken(&mut self) {
        loop {
            let woken = {
                let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::take(&mut *woken)
            };
            if woken.is_empty() {
                return;
            }
            for index in woken {
                self.poll_waiting(index);
            }
        }
    }

    fn poll_waiting(&mut self, index: usize) {
        let Some(waiting) = &mut self.waiting[index] else {
            return;
        };
        let waker = Waker::from(Arc::new(Wakes {
            index,
            woken: Arc::clone(&self.woken),
        }));
        let mut context = Context::from_waker(&waker);
        match waiting {
            Waiting::Background(task) => {
                if task.as_mut().poll(&mut context).is_ready() {
                    self.waiting[index] = None;
                    self.free.push(index);
                }
            }
            Waiting::Request {
                answering,
                since,
                sent,
            } => {
                let Poll::Ready(response) = Pin::new(answering).poll(&mut context) else {
                    return;
                };
                let (since, sent) = (*since, *sent);
                self.waiting[index] = None;
                self.free.push(index);
                let waited = Duration::from_nanos(self.time.now() - since);
                self.waits.push(waited.as_secs_f64());
                match response {
                    Ok(response) => self.receive(sent, &response),
                    Err(never) => match never {},
                }
            }
        }
    }

    fn receive(&mut self, sent: Sent, response: &Response<()>) {
        let Sent { page, origin, .. } = sent;
        let headers = response.headers();
        match sent.what {
            What::Preflight if response.status() == StatusCode::NO_CONTENT => {
                let transit = self.random.fraction() * self.settings.transit;
                let arrives = self.time.now() + seconds(transit);
                self.pages.keep(page as usize, headers, arrives);
                self.send(page, origin, What::Put);
            }
            What::Preflight => {
                let is_unavailable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
                self.report.unavailable += u64::from(is_unavailable);
            }
            What::Put | What::Get => {
                if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
                    self.used(origin as usize);
                } else if self
                    .source
                    .revoked_at(origin as usize, self.time.now())
                    .is_none()
                {
                    self.report.unreadable += 1;
                }
            }
        }
    }
}
