//! Policies whose origins are loaded as a whole, again and again.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard};
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use futures_util::task::AtomicWaker;

mod error;
mod report;
mod schedule;

pub use error::SnapshotError;
use schedule::{Pause, Schedule, random_share};

use crate::clock::Instant;
use crate::decision::Rejection;
use crate::evaluate::PolicySet;
use crate::origin::OriginSet;
use crate::policy::{Policy, PolicyBuilder, PolicyErrors, SnapshotBase};
use crate::protection::Protection;

type Building = Pin<Box<dyn Future<Output = Result<Built, SnapshotError>> + Send>>;
type Load = dyn Fn(Arc<SnapshotBase>) -> Building + Send + Sync;

/// How many origins are parsed before other tasks get their turn.
const PARSED_AT_ONCE: usize = 1_024;

/// The most origins for which memory is reserved before they are read, because an iterator may promise too many.
const MOST_RESERVED: usize = 1 << 22;

/// One policy whose origins are loaded from a source, all at once, again and again.
///
/// No request waits for the source: each is answered from memory, by the origins that were loaded last. A base policy says
/// what allowed origins may do. The loader returns the origins, as [`PolicyBuilder::allow_origins`] takes them:
///
/// ```
/// use std::time::Duration;
/// use tower_cors::{CorsLayer, Policy, PolicyErrors, SnapshotPolicies};
///
/// # #[derive(Clone)]
/// # pub struct Database;
/// # impl Database {
/// #     pub async fn origins(&self) -> Result<Vec<String>, std::io::Error> { Ok(Vec::new()) }
/// # }
/// pub fn layer(database: Database) -> Result<CorsLayer, PolicyErrors> {
///     let base = Policy::builder()
///         .allow_methods([http::Method::PUT])
///         .max_age(Duration::from_secs(600));
///     let snapshot = SnapshotPolicies::new(base, move || {
///         let database = database.clone();
///         async move { database.origins().await }
///     })?;
///     tokio::spawn(snapshot.keep_fresh(tokio::time::sleep));
///     Ok(CorsLayer::new(snapshot))
/// }
/// ```
///
/// Use [`DynamicPolicies`](crate::DynamicPolicies) instead if the origins are too many to hold, if tenants have different
/// rights, or if a new origin must be allowed at once.
///
/// # Max-Age is a budget
///
/// A snapshot and the browsers share one Max-Age, which starts when the load starts:
///
/// - [`keep_fresh`](Self::keep_fresh) loads again after half of the Max-Age.
/// - A preflight gets what is left of the Max-Age, in whole seconds, rounded down.
/// - If loads fail, the last snapshot serves until its Max-Age ends. From then on, and before the first load, a preflight
///   gets 503, and other responses get no CORS headers.
///
/// So no page uses a permission later than one Max-Age after it was removed from the source. The bound is that of the
/// server's monotonic clock: see [`PolicyCache`](crate::PolicyCache#clocks).
///
/// # What is not taken
///
/// - *A load that fails, panics, or takes too long* changes nothing. The next attempt starts after about a second, and after
///   twice the time for each further failure, up to 30 seconds or an eighth of the Max-Age.
/// - *A load without origins* is a failure, because an empty table is a mistake more often than an intention. So is a load with
///   more mistakes than origins.
/// - *A load that started before the one in use* changes nothing, whichever ends first.
/// - *Entries that are mistakes* are left out, and an event at `warn` has their number and the first of them. They are those
///   that [`PolicyBuilder::build`] reports, such as an `http` origin with credentials. So one malformed row does not stop
///   the other origins.
///
/// Each failure is a `tracing` event at `error`.
///
/// # Cost
///
/// A request costs what it costs with a [`PolicyHandle`](crate::PolicyHandle), and reads the clock. A million origins of 34
/// bytes take about 70 MB, and twice as much while they are replaced. They are parsed in the task that loads, which lets other tasks run
/// after each 1,024 of them.
///
/// Cloning increments a few reference counts. All clones share the snapshot.
#[derive(Clone)]
#[doc(alias = "reload")]
#[doc(alias = "poll")]
pub struct SnapshotPolicies {
    load: Arc<Load>,
    base: Arc<SnapshotBase>,
    protection: Arc<Protection>,
    schedule: Schedule,
    clock: Option<Arc<dyn Fn() -> Instant + Send + Sync>>,
    shared: Arc<Shared>,
}

/// What the clones share.
#[derive(Default)]
struct Shared {
    current: ArcSwapOption<Snapshot>,
    /// Held while a snapshot is compared with the current one and replaces it.
    replacing: Mutex<()>,
    is_announced: AtomicBool,
    announced: AtomicWaker,
    loads: AtomicU64,
    failures: AtomicU64,
    failures_in_a_row: AtomicU64,
    last_error: Mutex<Option<SnapshotError>>,
}

struct Snapshot {
    policy: Policy,
    /// The end of its Max-Age, which started when the load started.
    expires: Instant,
    skipped: usize,
}

/// A policy of loaded origins.
struct Built {
    policy: Policy,
    origins: usize,
    skipped: usize,
}

/// What a snapshot allows at one moment.
pub(crate) struct Loaded {
    snapshot: Guard<Option<Arc<Snapshot>>>,
    remaining: Option<Duration>,
}

impl SnapshotPolicies {
    /// Creates policies without a snapshot, which allow nothing yet.
    ///
    /// `base` says what allowed origins may do, and its Max-Age is the budget of each snapshot. It must not allow origins itself.
    /// Its enforcement and hosts hold before the first load, too.
    ///
    /// `load` returns the origins. Whatever it reads must be read after it was called, and not be kept from an earlier call,
    /// because the Max-Age starts then. Nothing is loaded until [`keep_fresh`](Self::keep_fresh) or [`refresh`](Self::refresh) runs.
    ///
    /// If tenants write the entries themselves, check that each is an [`Origin`](crate::Origin), because `https://*.example.com`
    /// is an entry, too.
    ///
    /// # Errors
    ///
    /// All mistakes in `base` at once, as from [`PolicyBuilder::build`],
    /// [`OriginsBesideLookup`](crate::PolicyError::OriginsBesideLookup) if it allows origins itself, and
    /// [`SnapshotWithoutMaxAge`](crate::PolicyError::SnapshotWithoutMaxAge) if it has no Max-Age.
    pub fn new<L, F, O, E>(base: PolicyBuilder, load: L) -> Result<Self, PolicyErrors>
    where
        L: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<O, E>> + Send + 'static,
        O: IntoIterator<IntoIter: Send, Item: AsRef<str>> + Send,
        E: fmt::Display,
    {
        let (base, max_age) = base.into_snapshot_base()?;
        let load = Arc::new(load);
        Ok(Self {
            load: Arc::new(move |base| {
                let load = Arc::clone(&load);
                async move {
                    let loaded = load().await;
                    let origins =
                        loaded.map_err(|error| SnapshotError::Failed(error.to_string()))?;
                    build(&base, origins).await
                }
                .boxed()
            }),
            protection: Arc::new(base.protection()),
            base: Arc::new(base),
            schedule: Schedule::new(max_age),
            clock: None,
            shared: Arc::default(),
        })
    }

    /// Sets how long after the start of a load the next one starts. The default, and the most, is half of the Max-Age.
    ///
    /// Each load starts up to a tenth of it earlier, so that replicas that started together do not load together for ever.
    /// After a load that took longer, the source rests as long as it worked, and for at least a second or an eighth of the
    /// Max-Age, if that is shorter.
    #[must_use]
    #[doc(alias = "interval")]
    pub fn every(mut self, interval: Duration) -> Self {
        self.schedule.every = interval.min(self.schedule.max_age / 2);
        self
    }

    /// Sets the time after which a load is given up. The default is a quarter of the Max-Age, and the most is the whole.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.schedule.timeout = timeout.min(self.schedule.max_age);
        self
    }

    /// Sets the clock, so that a test can let snapshots expire without waiting. The clock must not go back.
    ///
    /// Set it before the first load, and before the policies are cloned. See [`PolicyCacheBuilder::clock`](crate::PolicyCacheBuilder::clock).
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Loads again and again, for ever. Run it once, on your runtime.
    ///
    /// `sleep` returns a future that ends after a time, such as `tokio::time::sleep`, because the crate has no runtime of
    /// its own. If the future that this function returns is dropped, the snapshot grows old and expires.
    ///
    /// The first load starts at once. If there is a snapshot already, it starts within a sixteenth of the Max-Age, so that the
    /// replicas of a restarted fleet do not load together.
    pub fn keep_fresh<S, T>(&self, sleep: S) -> impl Future<Output = Infallible> + Send + use<S, T>
    where
        S: Fn(Duration) -> T + Send + Sync,
        T: Future + Send,
    {
        let this = self.clone();
        async move {
            let mut pause = this.schedule.first(this.is_ready(), random_share());
            let mut replaced = None;
            loop {
                this.wait(&sleep, pause, replaced).await;
                (pause, replaced) = this.load_once(&sleep).await;
            }
        }
    }

    /// Loads once, and uses what was loaded from then on.
    ///
    /// Call it before the service starts to listen if it must not start without a snapshot. Nothing gives up the load: wrap it
    /// in a timeout.
    ///
    /// # Errors
    ///
    /// The [reason](SnapshotError) why nothing was taken. It has been reported and counted.
    pub async fn refresh(&self) -> Result<(), SnapshotError> {
        let started = self.now();
        let built = self.build_once().await;
        let replaced = self.finish(started, built)?;
        free(replaced).await;
        Ok(())
    }

    /// Lets [`keep_fresh`](Self::keep_fresh) load now, for example when a message bus reports that an origin was revoked.
    ///
    /// A load that is under way is followed by another one, because it may have read too early. The source rests between
    /// two loads for as long as the earlier took, and for at least a second. After a failure, the next attempt takes its time.
    #[doc(alias = "invalidate")]
    pub fn refresh_soon(&self) {
        self.shared.is_announced.store(true, Ordering::SeqCst);
        self.shared.announced.wake();
    }

    /// Uses origins that were read `age` ago, such as those of a file that an earlier process wrote.
    ///
    /// They are checked as if they were loaded, and serve for what is left of their Max-Age. Never understate the age: it is
    /// the time since the read from the source started.
    ///
    /// # Errors
    ///
    /// The [reason](SnapshotError) why they were not taken.
    pub async fn seed<O>(&self, origins: O, age: Duration) -> Result<(), SnapshotError>
    where
        O: IntoIterator<IntoIter: Send, Item: AsRef<str>> + Send,
    {
        let started = self.now();
        let max_age = self.schedule.max_age;
        let Some(left) = max_age.checked_sub(age).filter(|left| !left.is_zero()) else {
            return Err(SnapshotError::Expired { age, max_age });
        };
        let built = build(&self.base, origins).await?;
        let expires = started.checked_add(left).unwrap_or(started);
        free(self.replace(expires, built)?).await;
        Ok(())
    }

    /// Returns whether there is a snapshot that is younger than its Max-Age, for the health check of a service that starts.
    ///
    /// Use it to start replicas, and not to stop them: if the source fails for a whole Max-Age, no replica is ready, although all
    /// still serve requests that are not cross-origin.
    #[doc(alias = "health")]
    pub fn is_ready(&self) -> bool {
        self.load().remaining.is_some()
    }

    /// Returns the policy that answers requests now, to test or print it, or `None` if there is none.
    pub fn current(&self) -> Option<Policy> {
        let Loaded {
            snapshot,
            remaining,
        } = self.load();
        let snapshot = snapshot.as_ref()?;
        remaining.map(|_| snapshot.policy.clone())
    }

    /// Returns what became of the loads.
    #[doc(alias = "metrics")]
    pub fn status(&self) -> SnapshotStatus {
        let shared = &*self.shared;
        let now = self.now();
        let snapshot = shared.current.load();
        let snapshot = snapshot.as_ref();
        let origins = snapshot.and_then(|snapshot| snapshot.policy.origins());
        SnapshotStatus {
            age: snapshot.map(|snapshot| self.age(snapshot.expires, now)),
            max_age: self.schedule.max_age,
            origins: origins.map_or(0, OriginSet::len),
            skipped: snapshot.map_or(0, |snapshot| snapshot.skipped),
            loads: shared.loads.load(Ordering::Relaxed),
            failures: shared.failures.load(Ordering::Relaxed),
            failures_in_a_row: shared.failures_in_a_row.load(Ordering::Relaxed),
            last_error: shared.last_error().clone(),
        }
    }

    pub(super) fn load(&self) -> Loaded {
        let snapshot = self.shared.current.load();
        let remaining = snapshot.as_ref().and_then(|snapshot| {
            let remaining = snapshot.expires.saturating_duration_since(self.now());
            (!remaining.is_zero()).then_some(remaining)
        });
        Loaded {
            snapshot,
            remaining,
        }
    }

    pub(super) fn protection(&self) -> &Protection {
        &self.protection
    }

    fn now(&self) -> Instant {
        self.clock
            .as_ref()
            .map_or_else(Instant::now, |clock| clock())
    }

    /// Returns the age of a snapshot that expires then. It can exceed the Max-Age.
    fn age(&self, expires: Instant, now: Instant) -> Duration {
        let left = expires.saturating_duration_since(now);
        let over = now.saturating_duration_since(expires);
        self.schedule.max_age.saturating_sub(left) + over
    }

    /// Loads once, and gives up after the timeout. Returns the pause before the next load, and the snapshot that was replaced.
    async fn load_once<S, T>(&self, sleep: &S) -> (Pause, Option<Arc<Snapshot>>)
    where
        S: Fn(Duration) -> T + Sync,
        T: Future + Send,
    {
        // An announcement from now on may be about what this load reads too early.
        self.shared.is_announced.store(false, Ordering::SeqCst);
        let started = self.now();
        let timeout = self.schedule.timeout;
        let built = match select(pin!(self.build_once()), pin!(sleep(timeout))).await {
            Either::Left((built, _)) => built,
            Either::Right(_) => Err(SnapshotError::TimedOut(timeout)),
        };
        let taken = self.finish(started, built);
        let failures = self.shared.failures_in_a_row.load(Ordering::Relaxed);
        let pause = if taken.is_ok() || failures == 0 {
            let took = self.now().saturating_duration_since(started);
            self.schedule.after_success(took, random_share())
        } else {
            self.schedule.after_failure(failures, random_share())
        };
        (pause, taken.unwrap_or_default())
    }

    /// Waits before a load. An announcement ends the wait.
    async fn wait<S, T>(
        &self,
        sleep: &S,
        Pause { least, total }: Pause,
        replaced: Option<Arc<Snapshot>>,
    ) where
        S: Fn(Duration) -> T + Sync,
        T: Future + Send,
    {
        if !least.is_zero() {
            sleep(least).await;
        }
        // A request that reads it has ended by now, so that it does not have to free a million origins.
        free(replaced).await;
        let rest = total.saturating_sub(least);
        if !rest.is_zero() {
            select(pin!(self.shared.announcement()), pin!(sleep(rest))).await;
        }
    }

    async fn build_once(&self) -> Result<Built, SnapshotError> {
        let load = async { (self.load)(Arc::clone(&self.base)).await };
        let built = AssertUnwindSafe(load).catch_unwind().await;
        built.unwrap_or(Err(SnapshotError::Panicked))
    }

    /// Uses what a load that started then returned.
    fn finish(
        &self,
        started: Instant,
        built: Result<Built, SnapshotError>,
    ) -> Result<Option<Arc<Snapshot>>, SnapshotError> {
        let shared = &*self.shared;
        shared.loads.fetch_add(1, Ordering::Relaxed);
        // An overflow keeps nothing.
        let expires = started
            .checked_add(self.schedule.max_age)
            .unwrap_or(started);
        let taken = built.and_then(|built| self.replace(expires, built));
        match &taken {
            Ok(_) => {
                shared.failures_in_a_row.store(0, Ordering::Relaxed);
                *shared.last_error() = None;
            }
            Err(error) => {
                let mut in_a_row = shared.failures_in_a_row.load(Ordering::Relaxed);
                // Then the source is in order.
                if *error != SnapshotError::Outdated {
                    shared.failures.fetch_add(1, Ordering::Relaxed);
                    in_a_row = shared.failures_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
                    *shared.last_error() = Some(error.clone());
                }
                report::failed(error, in_a_row, self.load().remaining);
            }
        }
        taken
    }

    /// Uses a policy until then, unless one is used that expires later. Returns the snapshot that was used before.
    fn replace(
        &self,
        expires: Instant,
        built: Built,
    ) -> Result<Option<Arc<Snapshot>>, SnapshotError> {
        let Built {
            policy,
            origins,
            skipped,
        } = built;
        let now = self.now();
        let age = self.age(expires, now);
        let snapshot = Arc::new(Snapshot {
            policy,
            expires,
            skipped,
        });
        if expires <= now {
            let max_age = self.schedule.max_age;
            return Err(SnapshotError::Expired { age, max_age });
        }
        let replacing = self.shared.replacing();
        let current = self.shared.current.load();
        if current
            .as_ref()
            .is_some_and(|current| current.expires > expires)
        {
            return Err(SnapshotError::Outdated);
        }
        drop(current);
        let replaced = self.shared.current.swap(Some(snapshot));
        drop(replacing);
        report::taken(origins, skipped, age);
        Ok(replaced)
    }
}

impl Shared {
    fn replacing(&self) -> MutexGuard<'_, ()> {
        self.replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn last_error(&self) -> MutexGuard<'_, Option<SnapshotError>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when a load is announced.
    async fn announcement(&self) {
        poll_fn(|context| {
            self.announced.register(context.waker());
            if self.is_announced.load(Ordering::SeqCst) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

impl Loaded {
    pub(super) fn policies(&self) -> PolicySet<'_> {
        match (&*self.snapshot, self.remaining) {
            (Some(snapshot), Some(remaining)) => PolicySet::Aging {
                policy: &snapshot.policy,
                remaining_seconds: remaining.as_secs(),
            },
            _ => PolicySet::None(Rejection::NoSnapshot),
        }
    }
}

/// Builds the policy of loaded origins, and lets other tasks run meanwhile.
async fn build<O>(base: &SnapshotBase, origins: O) -> Result<Built, SnapshotError>
where
    O: IntoIterator<IntoIter: Send, Item: AsRef<str>> + Send,
{
    let mut origins = origins.into_iter();
    let mut set = OriginSet::default();
    set.reserve(origins.size_hint().0.min(MOST_RESERVED));
    let (mut taken, mut skipped, mut first) = (0, 0, None);
    loop {
        let mut parsed = 0;
        for text in origins.by_ref().take(PARSED_AT_ONCE) {
            parsed += 1;
            match base.parse(text.as_ref()) {
                Ok(pattern) => {
                    taken += 1;
                    set.extend([pattern]);
                }
                Err(mistake) => {
                    skipped += 1;
                    first.get_or_insert(mistake);
                }
            }
        }
        if parsed < PARSED_AT_ONCE {
            break;
        }
        yield_now().await;
    }
    if set.is_empty() {
        return Err(SnapshotError::NoOrigins { skipped, first });
    }
    if let Some(first) = first {
        if skipped > taken {
            return Err(SnapshotError::TooManyMistakes {
                skipped,
                taken,
                first,
            });
        }
        report::skipped(skipped, &first);
    }
    Ok(Built {
        origins: set.len(),
        policy: base.policy(set),
        skipped,
    })
}

/// Frees a snapshot that nobody reads any more, and lets other tasks run meanwhile.
async fn free(snapshot: Option<Arc<Snapshot>>) {
    let Some(snapshot) = snapshot.and_then(Arc::into_inner) else {
        return;
    };
    let mut origins = snapshot.policy.into_origins().into_iter().flatten();
    while origins.by_ref().take(PARSED_AT_ONCE).count() == PARSED_AT_ONCE {
        yield_now().await;
    }
}

/// Lets other tasks run.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What became of the loads of [`SnapshotPolicies`].
///
/// With the feature `metrics`, it is also metrics: `cors_snapshot_loads_total`, by the outcome `taken`, `failed` or `outdated`,
/// `cors_snapshot_read_timestamp_seconds`, `cors_snapshot_origins` and `cors_snapshot_skipped`. The age is the time since the
/// timestamp, so that it grows although nothing is loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SnapshotStatus {
    /// The time since the load of the snapshot started, also if it has expired, or `None` if nothing was loaded.
    pub age: Option<Duration>,
    /// The age at which the snapshot expires.
    pub max_age: Duration,
    /// The number of origins in the snapshot.
    pub origins: usize,
    /// The number of entries that were left out of the snapshot.
    pub skipped: usize,
    /// Loads that ended.
    pub loads: u64,
    /// Loads that failed.
    pub failures: u64,
    /// Loads that failed since the last one that did not.
    pub failures_in_a_row: u64,
    /// The error of the last load, if it failed.
    pub last_error: Option<SnapshotError>,
}

impl fmt::Debug for SnapshotPolicies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotPolicies")
            .field("policy", &self.current())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
