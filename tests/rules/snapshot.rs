//! S1 to S6: what is promised of `SnapshotPolicies`.
//!
//! Time is virtual: a task is polled at each millisecond at which something can happen.

use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::{Method, StatusCode};
use proptest::prelude::*;
use tower_cors::{
    CorsLayer, Enforcement, Policy, PolicyBuilder, PolicyError, SnapshotError, SnapshotPolicies,
};

use crate::support::{APP, Answer, EVIL, get, preflight, request, send_through};

const MAX_AGE: u64 = 600_000;

/// Virtual time in milliseconds. Clones show the same time.
#[derive(Clone)]
struct Time {
    start: Instant,
    now: Arc<AtomicU64>,
}

impl Time {
    fn new() -> Self {
        Self {
            start: Instant::now() + Duration::from_secs(10 * 86_400),
            now: Arc::default(),
        }
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }

    fn clock(&self) -> impl Fn() -> Instant + use<> {
        let this = self.clone();
        move || this.start + Duration::from_millis(this.now())
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<> {
        let this = self.clone();
        let until = this.now() + u64::try_from(duration.as_millis()).unwrap();
        poll_fn(move |_| {
            if this.now() >= until {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Polls a task. Returns whether it has ended.
fn poll(task: &mut Task) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    task.as_mut().poll(&mut context).is_ready()
}

/// Polls the tasks at each 100 ms of this time.
fn run(time: &Time, tasks: &mut Vec<Task>, millis: u64) {
    let until = time.now() + millis;
    loop {
        // Twice, because a task may end another's wait.
        for _ in 0..2 {
            tasks.retain_mut(|task| !poll(task));
        }
        if time.now() >= until {
            return;
        }
        let next = (time.now() + 100).min(until);
        time.now.store(next, Ordering::SeqCst);
    }
}

fn keep_fresh(snapshot: &SnapshotPolicies, time: &Time) -> Task {
    let time = time.clone();
    let fresh = snapshot.keep_fresh(move |duration| time.sleep(duration));
    Box::pin(fresh.map(|never| match never {}))
}

fn base() -> PolicyBuilder {
    Policy::builder()
        .allow_methods([Method::PUT])
        .max_age(Duration::from_millis(MAX_AGE))
}

/// Policies whose loader returns these origins at once.
fn of(time: &Time, base: PolicyBuilder, origins: &'static [&'static str]) -> SnapshotPolicies {
    let load = move || ready(Ok::<_, String>(origins));
    SnapshotPolicies::new(base, load)
        .unwrap()
        .clock(time.clock())
}

fn asked(snapshot: &SnapshotPolicies, origin: &str) -> Answer {
    let layer = CorsLayer::new(snapshot.clone());
    send_through(&layer, &[], preflight(origin, "PUT", ""))
}

fn max_age(answer: &Answer) -> Option<u64> {
    answer
        .header("access-control-max-age")
        .map(|seconds| seconds.parse().unwrap())
}

fn reads(snapshot: &SnapshotPolicies, origin: &str) -> bool {
    let layer = CorsLayer::new(snapshot.clone());
    let answer = send_through(&layer, &[], get(origin));
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.vary(), ["origin"]);
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed.is_some(), !answer.cors_headers().is_empty());
    allowed.is_some_and(|allowed| allowed == origin)
}

/// A loader whose answers and delays are the test's.
#[derive(Clone)]
struct Source {
    time: Time,
    rows: Arc<Mutex<Vec<String>>>,
    behavior: Arc<Mutex<Behavior>>,
    calls: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Behavior {
    /// It reads after the first time, and returns after the second, in milliseconds.
    Answers(u64, u64),
    Fails(u64),
    Panics(u64),
    Hangs,
    Empty,
    Garbage,
}

impl Source {
    fn new(time: &Time, rows: &[&str]) -> Self {
        Self {
            time: time.clone(),
            rows: Arc::new(Mutex::new(rows.iter().map(ToString::to_string).collect())),
            behavior: Arc::new(Mutex::new(Behavior::Answers(0, 0))),
            calls: Arc::default(),
        }
    }

    fn behaves(&self, behavior: Behavior) {
        *self.behavior.lock().unwrap() = behavior;
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn load(self, loaded: impl Fn(u64, &[String])) -> Result<Vec<String>, &'static str> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let called = self.time.now();
        let behavior = *self.behavior.lock().unwrap();
        let sleep = |millis| self.time.sleep(Duration::from_millis(millis));
        match behavior {
            Behavior::Answers(reads, returns) => {
                sleep(reads).await;
                let rows = self.rows.lock().unwrap().clone();
                sleep(returns).await;
                loaded(called, &rows);
                Ok(rows)
            }
            Behavior::Fails(after) => {
                sleep(after).await;
                Err("the database is away")
            }
            Behavior::Panics(after) => {
                sleep(after).await;
                panic!("a mistake of the user");
            }
            Behavior::Hangs => std::future::pending().await,
            Behavior::Empty => Ok(Vec::new()),
            Behavior::Garbage => Ok(vec![String::from("\u{0}"), String::from("<html>")]),
        }
    }

    fn policies(&self) -> SnapshotPolicies {
        let this = self.clone();
        SnapshotPolicies::new(base(), move || this.clone().load(|_, _| ()))
            .unwrap()
            .clock(self.time.clock())
    }
}

#[test]
fn s1_a_preflight_gets_what_is_left_of_the_max_age_since_the_load_started() {
    let time = Time::new();
    let source = Source::new(&time, &[APP]);
    source.behaves(Behavior::Answers(0, 30_500));
    let snapshot = source.policies();
    assert_eq!(
        asked(&snapshot, APP).status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert!(!reads(&snapshot, APP) && !snapshot.is_ready());
    let load = {
        let snapshot = snapshot.clone();
        async move { snapshot.refresh().await.unwrap() }
    };
    run(&time, &mut vec![Box::pin(load)], 30_500);
    for (at, left) in [(30_500, 569), (31_000, 569), (31_001, 568), (599_999, 0)] {
        time.now.store(at, Ordering::SeqCst);
        let answer = asked(&snapshot, APP);
        assert_eq!(
            (answer.status, max_age(&answer)),
            (StatusCode::NO_CONTENT, Some(left))
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(reads(&snapshot, APP) && !reads(&snapshot, EVIL));
        let rejected = asked(&snapshot, EVIL);
        assert_eq!(
            (rejected.status, rejected.cors_headers().len()),
            (StatusCode::FORBIDDEN, 0)
        );
    }
    time.now.store(MAX_AGE, Ordering::SeqCst);
    let expired = asked(&snapshot, APP);
    assert_eq!(
        (expired.status, expired.cors_headers().len()),
        (StatusCode::SERVICE_UNAVAILABLE, 0)
    );
    assert_eq!(expired.header("cache-control"), Some("no-store"));
    assert!(!expired.reached_the_service && !reads(&snapshot, APP) && !snapshot.is_ready());
    assert!(snapshot.current().is_none());
}

#[test]
fn s1_a_base_without_max_age_or_with_origins_is_a_mistake() {
    let mistakes = |base: PolicyBuilder| {
        let snapshot = SnapshotPolicies::new(base, || ready(Ok::<_, String>([APP])));
        snapshot.unwrap_err().into_iter().collect::<Vec<_>>()
    };
    for base in [
        Policy::builder(),
        Policy::builder().max_age(Duration::ZERO),
        Policy::builder().max_age(Duration::from_millis(999)),
    ] {
        assert_eq!(mistakes(base), [PolicyError::SnapshotWithoutMaxAge]);
    }
    assert_eq!(
        mistakes(base().allow_origin(APP)),
        [PolicyError::OriginsBesideLookup]
    );
}

#[test]
fn s1_origins_of_a_file_serve_for_what_is_left_of_their_max_age() {
    let time = Time::new();
    let snapshot = of(&time, base(), &[EVIL]);
    let seed = |age| {
        let seed = snapshot.seed([APP], Duration::from_millis(age));
        seed.now_or_never().unwrap()
    };
    for age in [MAX_AGE, MAX_AGE + 1, u64::MAX] {
        assert!(matches!(seed(age), Err(SnapshotError::Expired { .. })));
        assert!(!snapshot.is_ready());
    }
    assert_eq!(seed(MAX_AGE - 10_000), Ok(()));
    assert_eq!(max_age(&asked(&snapshot, APP)), Some(10));
    // What is older never replaces what is newer.
    assert_eq!(seed(MAX_AGE - 9_000), Err(SnapshotError::Outdated));
    time.now.store(10_000, Ordering::SeqCst);
    assert!(!reads(&snapshot, APP));
    snapshot.refresh().now_or_never().unwrap().unwrap();
    assert!(reads(&snapshot, EVIL) && !reads(&snapshot, APP));
    assert_eq!(seed(1), Err(SnapshotError::Outdated));
    assert!(reads(&snapshot, EVIL));
}

#[test]
fn s2_a_load_that_fails_changes_nothing() {
    let time = Time::new();
    let source = Source::new(&time, &[APP]);
    let snapshot = source.policies();
    snapshot.refresh().now_or_never().unwrap().unwrap();
    time.now.store(5_000, Ordering::SeqCst);
    for (behavior, error) in [
        (
            Behavior::Fails(0),
            SnapshotError::Failed("the database is away".into()),
        ),
        (Behavior::Panics(0), SnapshotError::Panicked),
        (
            Behavior::Empty,
            SnapshotError::NoOrigins {
                skipped: 0,
                first: None,
            },
        ),
    ] {
        source.behaves(behavior);
        assert_eq!(snapshot.refresh().now_or_never().unwrap(), Err(error));
        assert!(reads(&snapshot, APP));
        assert_eq!(max_age(&asked(&snapshot, APP)), Some(595));
    }
    source.behaves(Behavior::Garbage);
    let error = snapshot.refresh().now_or_never().unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            SnapshotError::NoOrigins {
                skipped: 2,
                first: Some(_)
            }
        ),
        "{error}"
    );
    assert!(reads(&snapshot, APP));
    // Another column was read, and one of its values is an origin.
    for (entries, is_taken) in [
        (&[EVIL, "de", "en"][..], false),
        (&[EVIL, EVIL, "de", "en"][..], true),
    ] {
        let snapshot = of(&time, base(), entries);
        match snapshot.refresh().now_or_never().unwrap() {
            Ok(()) => assert!(is_taken),
            Err(SnapshotError::TooManyMistakes {
                skipped: 2,
                taken: 1,
                ..
            }) => assert!(!is_taken),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(reads(&snapshot, EVIL), is_taken);
    }
    // A loader that panics before it returns a future.
    let panics = SnapshotPolicies::new(
        base(),
        || -> std::future::Ready<Result<[&str; 1], String>> { panic!("a mistake of the user") },
    );
    let panics = panics.unwrap().refresh().now_or_never().unwrap();
    assert_eq!(panics, Err(SnapshotError::Panicked));
}

#[test]
fn s2_the_load_that_started_last_counts_whichever_ends_last() {
    let time = Time::new();
    let source = Source::new(&time, &[APP]);
    let snapshot = source.policies();
    let results: Arc<Mutex<Vec<Result<(), SnapshotError>>>> = Arc::default();
    let load = || -> Task {
        let (snapshot, results) = (snapshot.clone(), results.clone());
        Box::pin(async move {
            let result = snapshot.refresh().await;
            results.lock().unwrap().push(result);
        })
    };
    source.behaves(Behavior::Answers(0, 10_000));
    let mut tasks = vec![load()];
    run(&time, &mut tasks, 1_000);
    *source.rows.lock().unwrap() = vec![EVIL.into()];
    source.behaves(Behavior::Answers(0, 1_000));
    tasks.push(load());
    run(&time, &mut tasks, 20_000);
    assert_eq!(
        *results.lock().unwrap(),
        [Ok(()), Err(SnapshotError::Outdated)]
    );
    assert!(reads(&snapshot, EVIL) && !reads(&snapshot, APP));
    let status = snapshot.status();
    assert_eq!(
        (status.failures, status.failures_in_a_row, status.loads),
        (0, 0, 2)
    );
}

#[test]
fn s2_every_answer_is_wholly_of_one_snapshot_that_stood() {
    let latest = Arc::new(AtomicUsize::new(0));
    let next = Arc::clone(&latest);
    // Each load allows one more of a hundred origins, and always the one of its number.
    let snapshot = SnapshotPolicies::new(base(), move || {
        let number = next.load(Ordering::SeqCst) + 1;
        ready(Ok::<_, String>(vec![
            format!("https://n{number}.example"),
            String::from(APP),
        ]))
    });
    let snapshot = snapshot.unwrap();
    snapshot.refresh().now_or_never().unwrap().unwrap();
    latest.store(1, Ordering::SeqCst);
    let read = || {
        for _ in 0..2_000 {
            let (before, policy) = (latest.load(Ordering::SeqCst), snapshot.current().unwrap());
            let number = policy.origins().unwrap().iter().find_map(|origin| {
                let number = origin.strip_prefix("https://n")?.strip_suffix(".example")?;
                number.parse::<usize>().ok()
            });
            assert!(number.unwrap() >= before);
            assert!(reads(&snapshot, APP));
        }
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..4).map(|_| scope.spawn(read)).collect();
        while readers.iter().any(|reader| !reader.is_finished()) {
            snapshot.refresh().now_or_never().unwrap().unwrap();
            latest.fetch_add(1, Ordering::SeqCst);
        }
    });
}

#[test]
fn s3_a_snapshot_is_loaded_at_once_and_at_about_half_of_its_max_age() {
    let time = Time::new();
    let source = Source::new(&time, &[APP]);
    let snapshot = source.policies();
    let mut tasks = vec![keep_fresh(&snapshot, &time)];
    run(&time, &mut tasks, 0);
    assert!(reads(&snapshot, APP));
    for loads in 1..20 {
        assert_eq!(source.calls(), loads);
        // Each load starts up to a tenth early.
        let loaded_at = time.now();
        while source.calls() == loads {
            run(&time, &mut tasks, 100);
        }
        let pause = time.now() - loaded_at;
        assert!(
            (MAX_AGE * 9 / 20..=MAX_AGE / 2 + 200).contains(&pause),
            "{pause}"
        );
    }
}

#[test]
fn s3_a_load_that_hangs_is_given_up_and_repeated_with_growing_pauses() {
    let time = Time::new();
    let source = Source::new(&time, &[APP]);
    source.behaves(Behavior::Hangs);
    let snapshot = source.policies().timeout(Duration::from_secs(5));
    let mut tasks = vec![keep_fresh(&snapshot, &time)];
    run(&time, &mut tasks, 5_000);
    let error = snapshot.status().last_error;
    assert_eq!(error, Some(SnapshotError::TimedOut(Duration::from_secs(5))));
    // At most 1 s, 2 s, 4 s, …, 30 s, and at least half of it.
    for longest in [1, 2, 4, 8, 16, 30, 30, 30] {
        let (failures, failed_at) = (source.calls(), time.now());
        while source.calls() == failures {
            run(&time, &mut tasks, 100);
        }
        let pause = time.now() - failed_at;
        assert!(
            (longest * 500 - 100..=longest * 1_000 + 100).contains(&pause),
            "{pause}"
        );
        run(&time, &mut tasks, 5_000);
    }
    source.behaves(Behavior::Answers(0, 0));
    run(&time, &mut tasks, 31_000);
    assert!(reads(&snapshot, APP));
    let status = snapshot.status();
    assert_eq!((status.failures_in_a_row, status.last_error), (0, None));
}

#[test]
fn s3_an_announcement_starts_a_load_that_reads_after_it() {
    let time = Time::new();
    let source = Source::new(&time, &[APP, EVIL]);
    // It reads at once, and needs 3 s to return.
    source.behaves(Behavior::Answers(0, 3_000));
    let snapshot = source.policies();
    let mut tasks = vec![keep_fresh(&snapshot, &time)];
    run(&time, &mut tasks, 100_000);
    assert_eq!(source.calls(), 1);
    snapshot.refresh_soon();
    run(&time, &mut tasks, 1_000);
    assert_eq!(source.calls(), 2);
    // Revoked while that load runs, which has read already.
    source.rows.lock().unwrap().truncate(1);
    snapshot.refresh_soon();
    run(&time, &mut tasks, 2_500);
    assert!(reads(&snapshot, EVIL));
    // The source rests as long as the load took.
    run(&time, &mut tasks, 6_500);
    assert_eq!(source.calls(), 3);
    assert!(!reads(&snapshot, EVIL) && reads(&snapshot, APP));
    // A storm of announcements is one load in each 6 s.
    for _ in 0..60 {
        snapshot.refresh_soon();
        run(&time, &mut tasks, 1_000);
    }
    assert!(
        (9..=12).contains(&(source.calls() - 3)),
        "{}",
        source.calls()
    );
}

#[test]
fn s3_replicas_that_restart_with_a_file_do_not_load_together() {
    let mut loaded_at = Vec::new();
    for _ in 0..50 {
        let time = Time::new();
        let source = Source::new(&time, &[APP]);
        let snapshot = source.policies();
        let age = Duration::from_secs(10);
        snapshot.seed([APP], age).now_or_never().unwrap().unwrap();
        let mut tasks = vec![keep_fresh(&snapshot, &time)];
        while source.calls() == 0 {
            run(&time, &mut tasks, 100);
        }
        loaded_at.push(time.now());
    }
    assert!(loaded_at.iter().all(|millis| *millis <= MAX_AGE / 16 + 100));
    loaded_at.sort_unstable();
    loaded_at.dedup();
    assert!(loaded_at.len() > 25, "{loaded_at:?}");
}

#[test]
fn s3_an_interval_or_a_timeout_over_the_max_age_is_cut() {
    let time = Time::new();
    let source = Source::new(&time, &[APP]);
    let day = Duration::from_secs(86_400);
    let snapshot = source.policies().every(day).timeout(day);
    let mut tasks = vec![keep_fresh(&snapshot, &time)];
    run(&time, &mut tasks, MAX_AGE / 2 + 200);
    assert_eq!(source.calls(), 2);
    source.behaves(Behavior::Hangs);
    run(&time, &mut tasks, 2 * MAX_AGE);
    assert_eq!(
        snapshot.status().last_error,
        Some(SnapshotError::TimedOut(Duration::from_millis(MAX_AGE)))
    );
}

#[test]
fn s4_entries_that_are_mistakes_are_left_out() {
    let time = Time::new();
    let rows = &[
        "https://*.tenant.example:*",
        "",
        "https://App.example",
        "http://insecure.example",
        "http://known.example",
        "moz-extension://*",
        "https://*.co.uk",
        APP,
        APP,
        EVIL,
    ];
    let credentials = base()
        .allow_credentials(true)
        .dangerously_allow_insecure_origin("http://known.example");
    let snapshot = of(&time, credentials, rows);
    snapshot.refresh().now_or_never().unwrap().unwrap();
    for (origin, expected) in [
        (APP, true),
        ("https://a.tenant.example:8443", true),
        ("http://known.example", true),
        ("http://insecure.example", false),
        ("https://app.example", false),
        ("moz-extension://abc", false),
    ] {
        assert_eq!(reads(&snapshot, origin), expected, "{origin}");
    }
    let status = snapshot.status();
    // Without the feature, `co.uk` is not known as a domain below which anyone can register a name.
    let skipped = 4 + usize::from(cfg!(feature = "public-suffix"));
    assert_eq!(status.skipped, skipped);
    // One entry is there twice.
    assert_eq!(status.origins, rows.len() - skipped - 1);
    // An exception allows nothing by itself.
    let credentials = base()
        .allow_credentials(true)
        .dangerously_allow_insecure_origin("http://known.example");
    let snapshot = of(&time, credentials, &[APP]);
    snapshot.refresh().now_or_never().unwrap().unwrap();
    assert!(!reads(&snapshot, "http://known.example"));
}

#[test]
fn s4_an_entry_counts_exactly_if_a_policy_can_list_it() {
    let time = Time::new();
    for credentials in [false, true] {
        for entry in [
            APP,
            "http://a.example",
            "http://localhost:*",
            "https://*",
            "https://*.com",
            "https://*.example.com",
            "null",
            "*",
            "file://",
            "",
            " ",
            "app://*",
            "https://a.example/",
            "https://*.github.io",
            "http://[::1]:80",
            "https://a*b.example.com",
            "https://a.example:1-9",
            "http://192.168.0.1",
        ] {
            let built = base()
                .allow_credentials(credentials)
                .allow_origin(entry)
                .build();
            let entry: &'static [&'static str] = Box::leak(Box::new([entry]));
            let snapshot = of(&time, base().allow_credentials(credentials), entry);
            let loaded = snapshot.refresh().now_or_never().unwrap();
            match (built, loaded) {
                (Ok(_), Ok(())) => {}
                (
                    Err(errors),
                    Err(SnapshotError::NoOrigins {
                        first: Some(first), ..
                    }),
                ) => {
                    assert_eq!(errors.into_iter().next(), Some(first));
                }
                (built, loaded) => panic!("{entry:?}: {built:?}, {loaded:?}"),
            }
        }
    }
}

#[test]
fn s5_the_status_says_how_old_the_snapshot_is_and_what_became_of_the_loads() {
    let time = Time::new();
    let source = Source::new(&time, &[APP, EVIL]);
    let snapshot = source.policies();
    let status = snapshot.status();
    assert_eq!((status.age, status.origins, status.loads), (None, 0, 0));
    assert_eq!(status.max_age, Duration::from_millis(MAX_AGE));
    snapshot.refresh().now_or_never().unwrap().unwrap();
    time.now.store(MAX_AGE + 5_000, Ordering::SeqCst);
    source.behaves(Behavior::Fails(0));
    for _ in 0..3 {
        snapshot.refresh().now_or_never().unwrap().unwrap_err();
    }
    let status = snapshot.status();
    assert_eq!(status.age, Some(Duration::from_millis(MAX_AGE + 5_000)));
    assert_eq!((status.origins, status.skipped), (2, 0));
    assert_eq!(
        (status.loads, status.failures, status.failures_in_a_row),
        (4, 3, 3)
    );
    assert_eq!(
        status.last_error.unwrap().to_string(),
        "the loader failed: the database is away"
    );
    assert!(format!("{snapshot:?}").contains("failures_in_a_row: 3"));
}

#[cfg(feature = "tracing")]
#[test]
fn s5_failures_and_left_out_entries_are_events() {
    use crate::events::recorded::{Events, subscribed};
    use tracing_subscriber::layer::SubscriberExt;

    let time = Time::new();
    let source = Source::new(&time, &[APP, EVIL, "https://App.example\u{1b}[31m", "x"]);
    let snapshot = source.policies();
    let events = Events::default();
    let level = tracing_subscriber::filter::LevelFilter::INFO;
    let subscriber = tracing_subscriber::registry()
        .with(level)
        .with(events.clone());
    subscribed(subscriber, || {
        snapshot.refresh().now_or_never().unwrap().unwrap();
        source.behaves(Behavior::Fails(0));
        time.now.store(100_000, Ordering::SeqCst);
        for _ in 0..2 {
            snapshot.refresh().now_or_never().unwrap().unwrap_err();
        }
    });
    let events = events.taken();
    assert_eq!(events.len(), 3, "{events:?}");
    let skipped = "entries of a snapshot are left out";
    assert!(events[0].starts_with("WARN tower_cors ") && events[0].contains(skipped));
    assert!(events[0].contains("skipped=2") && !events[0].contains('\u{1b}'));
    for (event, failures) in events[1..].iter().zip(1..) {
        assert!(event.starts_with("ERROR tower_cors "), "{event}");
        for field in [
            "the load of a snapshot of origins failed",
            "error=the loader failed: the database is away",
            &format!("failures_in_a_row={failures}"),
            "expires_in_seconds=500",
        ] {
            assert!(event.contains(field), "{field} in {event}");
        }
    }
}

#[cfg(feature = "metrics")]
#[test]
fn s5_the_metrics_are_those_of_the_loads_and_of_the_snapshot() {
    let time = Time::new();
    let source = Source::new(&time, &[APP, EVIL, ""]);
    let snapshot = source.policies();
    let now = || {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
        now.unwrap().as_secs_f64()
    };
    let before = now();
    let counted = crate::metrics::recorded::counted(|| {
        snapshot.refresh().now_or_never().unwrap().unwrap();
        source.behaves(Behavior::Fails(0));
        for _ in 0..2 {
            snapshot.refresh().now_or_never().unwrap().unwrap_err();
        }
        let older = snapshot.seed([APP], Duration::from_secs(60));
        older.now_or_never().unwrap().unwrap_err();
    });
    let read_at = counted["cors_snapshot_read_timestamp_seconds{}"];
    assert!(before <= read_at && read_at <= now(), "{read_at}");
    for (name, value) in [
        ("cors_snapshot_loads_total{outcome=taken}", 1.0),
        ("cors_snapshot_loads_total{outcome=failed}", 2.0),
        ("cors_snapshot_origins{}", 2.0),
        ("cors_snapshot_skipped{}", 1.0),
    ] {
        assert_eq!(counted.get(name), Some(&value), "{name} in {counted:?}");
    }
    assert_eq!(counted.len(), 5, "{counted:?}");
}

#[test]
fn s6_the_protection_of_the_base_holds_without_a_snapshot() {
    let time = Time::new();
    let protected = base()
        .enforce(Enforcement::Block)
        .hosts(["service.example"]);
    let snapshot = of(&time, protected, &[APP]);
    let layer = CorsLayer::new(snapshot.clone());
    let send = |origin: Option<&str>, host: &str| {
        let mut request = origin.map_or_else(|| request(Method::GET, &[]), get);
        let host = http::HeaderValue::try_from(host).unwrap();
        request.headers_mut().insert(http::header::HOST, host);
        send_through(&layer, &[], request)
    };
    let check = |is_allowed| {
        for (origin, host, status) in [
            (None, "service.example", 200),
            (None, "rebound.example", 421),
            (Some(APP), "rebound.example", 421),
            (
                Some(APP),
                "service.example",
                if is_allowed { 200 } else { 503 },
            ),
            (
                Some(EVIL),
                "service.example",
                if is_allowed { 403 } else { 503 },
            ),
            (Some("https://service.example"), "service.example", 200),
        ] {
            let answer = send(origin, host);
            assert_eq!(answer.status, status, "{origin:?} {host} {is_allowed}");
            assert_eq!(answer.reached_the_service, status == 200);
        }
    };
    check(false);
    snapshot.refresh().now_or_never().unwrap().unwrap();
    check(true);
    time.now.store(MAX_AGE, Ordering::SeqCst);
    check(false);
}

#[cfg(feature = "path")]
#[test]
fn s6_a_snapshot_can_stand_under_a_path() {
    let time = Time::new();
    let snapshot = of(&time, base().enforce(Enforcement::Block), &[APP]);
    let paths = tower_cors::PathPolicies::new([("/api/{*rest}", snapshot.clone())]).unwrap();
    let layer = CorsLayer::new(paths);
    let at = |path: &'static str| {
        let mut request = get(APP);
        *request.uri_mut() = path.parse().unwrap();
        send_through(&layer, &[], request).status
    };
    assert_eq!((at("/api/x").as_u16(), at("/other").as_u16()), (503, 403));
    snapshot.refresh().now_or_never().unwrap().unwrap();
    assert_eq!((at("/api/x").as_u16(), at("/other").as_u16()), (200, 403));
}

/// One step of a random run.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    Behave(Behavior),
    Revoke(usize),
    Restore(usize),
    Announce,
    /// A load beside the others.
    Load,
    /// A new process, with a file that the last load left, or without one.
    Restart(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let delay = prop_oneof![Just(0), 0..5_000_u64, 0..700_000_u64];
    let behavior = prop_oneof![
        4 => (delay.clone(), delay.clone()).prop_map(|(reads, returns)| Behavior::Answers(reads, returns)),
        1 => delay.clone().prop_map(Behavior::Fails),
        1 => delay.prop_map(Behavior::Panics),
        1 => Just(Behavior::Hangs),
        1 => Just(Behavior::Empty),
        1 => Just(Behavior::Garbage),
    ];
    let step = prop_oneof![
        6 => prop_oneof![1..10_000_u64, 1..700_000_u64].prop_map(Step::Wait),
        3 => behavior.prop_map(Step::Behave),
        2 => (0..3_usize).prop_map(Step::Revoke),
        2 => (0..3_usize).prop_map(Step::Restore),
        1 => Just(Step::Announce),
        1 => Just(Step::Load),
        1 => any::<bool>().prop_map(Step::Restart),
    ];
    prop::collection::vec(step, 1..40)
}

const ORIGINS: [&str; 3] = [APP, EVIL, "https://third.example"];

/// Loads that have returned origins: when each was called, and what it returned.
type Loads = Arc<Mutex<Vec<(u64, Vec<String>)>>>;

struct Process {
    snapshot: SnapshotPolicies,
    loads: Loads,
    tasks: Vec<Task>,
}

fn start(source: &Source, file: Option<(u64, Vec<String>)>) -> Process {
    let loads: Loads = Arc::default();
    let (this, returned) = (source.clone(), Arc::clone(&loads));
    let load = move || {
        let returned = Arc::clone(&returned);
        this.clone().load(move |called, rows| {
            returned.lock().unwrap().push((called, rows.to_vec()));
        })
    };
    let snapshot = SnapshotPolicies::new(base(), load).unwrap();
    let snapshot = snapshot.clock(source.time.clock());
    if let Some((called, rows)) = file {
        let age = Duration::from_millis(source.time.now() - called);
        let _ = snapshot.seed(&rows, age).now_or_never().unwrap();
        loads.lock().unwrap().push((called, rows));
    }
    let tasks = vec![keep_fresh(&snapshot, &source.time)];
    Process {
        snapshot,
        loads,
        tasks,
    }
}

/// What the newest load allows, by the rule alone: the origins and what is left of their Max-Age, in milliseconds.
fn newest(loads: &Loads, now: u64) -> Option<(u64, Vec<String>)> {
    let loads = loads.lock().unwrap();
    let usable = loads.iter().filter(|(_, rows)| !rows.is_empty());
    let (called, rows) = usable.max_by_key(|(called, _)| *called)?;
    let left = (called + MAX_AGE)
        .checked_sub(now)
        .filter(|left| *left > 0)?;
    Some((left, rows.clone()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn s1_no_permission_outlives_its_max_age_whatever_the_loader_does(steps in steps()) {
        let time = Time::new();
        let source = Source::new(&time, &ORIGINS);
        let mut process = start(&source, None);
        // When each origin was revoked, and until when pages may use what they were allowed.
        let mut revoked_at = [None; 3];
        let mut used_until = [0_u64; 3];
        for step in steps {
            let mut wait = 0;
            match step {
                Step::Wait(millis) => wait = millis,
                Step::Behave(behavior) => source.behaves(behavior),
                Step::Revoke(origin) => {
                    revoked_at[origin].get_or_insert(time.now());
                    source.rows.lock().unwrap().retain(|row| row != ORIGINS[origin]);
                }
                Step::Restore(origin) => {
                    if let Some(at) = revoked_at[origin].take() {
                        prop_assert!(used_until[origin].min(time.now()) <= at + MAX_AGE);
                        source.rows.lock().unwrap().push(ORIGINS[origin].into());
                        used_until[origin] = 0;
                    }
                }
                Step::Announce => process.snapshot.refresh_soon(),
                Step::Load => {
                    let snapshot = process.snapshot.clone();
                    process.tasks.push(Box::pin(async move {
                        let _ = snapshot.refresh().await;
                    }));
                }
                Step::Restart(with_file) => {
                    let loads = process.loads.lock().unwrap();
                    let file = loads.iter().filter(|(_, rows)| !rows.is_empty());
                    let file = file.max_by_key(|(called, _)| *called).cloned();
                    drop(loads);
                    process = start(&source, file.filter(|_| with_file));
                }
            }
            let until = time.now() + wait;
            loop {
                let next = (time.now() + 10_000).min(until);
                let pause = next - time.now();
                time.now.store(next, Ordering::SeqCst);
                for _ in 0..3 {
                    process.tasks.retain_mut(|task| !poll(task));
                }
                let newest = newest(&process.loads, next);
                for (index, origin) in ORIGINS.iter().enumerate() {
                    let answer = asked(&process.snapshot, origin);
                    let (status, left) = match &newest {
                        None => (503, None),
                        Some((left, rows)) if rows.iter().any(|row| row == origin) => (204, Some(left / 1_000)),
                        Some(_) => (403, None),
                    };
                    prop_assert_eq!((answer.status.as_u16(), max_age(&answer)), (status, left));
                    let is_read = reads(&process.snapshot, origin);
                    prop_assert_eq!(is_read, status == 204);
                    if let Some(left) = max_age(&answer) {
                        used_until[index] = used_until[index].max(next + 1_000 * left);
                        if let Some(at) = revoked_at[index] {
                            prop_assert!(used_until[index] <= at + MAX_AGE);
                            prop_assert!(!is_read || next < at + MAX_AGE);
                        }
                    }
                }
                if pause == 0 {
                    break;
                }
            }
        }
    }
}
