//! K1 to K12: what is promised of lookups and of the preflight cache.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::header::ORIGIN;
use http::{HeaderValue, Method, Request, Response};
use proptest::prelude::*;
use tokio::sync::Semaphore;
use tower::{Layer, Service, service_fn};
use tower_cors::{
    CorsLayer, DynamicPolicies, Enforcement, Origin, Policy, PolicyBuilder, PolicyCache,
    PolicyCacheBuilder, PolicyError, PolicyHandle, PolicyList, PolicyLookup, Scope,
};

use crate::support::{APP, EVIL, app_only, built, get, preflight, request, send_through};

const MAX_AGE: Duration = Duration::from_secs(600);

/// A clock that stands still until it is moved.
#[derive(Clone)]
struct Clock {
    start: Instant,
    millis: Arc<AtomicU64>,
}

impl Clock {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            millis: Arc::default(),
        }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn advance(&self, duration: Duration) {
        self.millis
            .fetch_add(duration.as_millis() as u64, Ordering::SeqCst);
    }
}

/// A source whose answers, failures and delays are the test's.
#[derive(Clone)]
struct Source {
    policies: Arc<Mutex<HashMap<String, Policy>>>,
    asked: Arc<AtomicUsize>,
    behaviour: Arc<Mutex<Behaviour>>,
    /// A lookup ends when it gets a permit.
    gate: Arc<Semaphore>,
    clock: Clock,
    cache: PolicyCache,
}

#[derive(Clone, Copy, PartialEq)]
enum Behaviour {
    Answer,
    Fail,
    Panic,
}

impl Source {
    fn new(policy: PolicyBuilder) -> Self {
        Self::with_cache(policy, PolicyCache::builder())
    }

    fn with_cache(policy: PolicyBuilder, cache: PolicyCacheBuilder) -> Self {
        let clock = Clock::new();
        let moved = clock.clone();
        Self {
            policies: Arc::new(Mutex::new(HashMap::from([(APP.to_owned(), built(policy))]))),
            asked: Arc::default(),
            behaviour: Arc::new(Mutex::new(Behaviour::Answer)),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            clock,
            cache: cache.clock(move || moved.now()).build(),
        }
    }

    fn gated(self) -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            ..self
        }
    }

    /// From now on, each lookup waits for a permit.
    fn hanging(self) -> Self {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
        self
    }

    fn policies(&self) -> DynamicPolicies {
        let source = self.clone();
        let lookup = move |origin: Origin, _: Scope| {
            let source = source.clone();
            async move {
                source.asked.fetch_add(1, Ordering::SeqCst);
                // What is found is what stands when the lookup starts, however long it takes.
                let found = source
                    .policies
                    .lock()
                    .unwrap()
                    .get(origin.as_str())
                    .cloned();
                source.gate.acquire().await.unwrap().forget();
                let behaviour = *source.behaviour.lock().unwrap();
                match behaviour {
                    Behaviour::Answer => Ok(found),
                    Behaviour::Fail => Err("the database is away"),
                    Behaviour::Panic => panic!("a mistake of the user"),
                }
            }
        };
        DynamicPolicies::new(lookup).cache(self.cache.clone())
    }

    fn layer(&self) -> CorsLayer {
        CorsLayer::new(self.policies())
    }

    fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    fn revoke(&self, origin: &str) {
        self.policies.lock().unwrap().remove(origin);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn six_hundred() -> PolicyBuilder {
    app_only().allow_methods([Method::PUT]).max_age(MAX_AGE)
}

/// The Max-Age of a preflight's answer.
fn max_age(layer: &CorsLayer) -> Option<u64> {
    let answer = send_through(layer, &[], preflight(APP, "PUT", ""));
    Some(answer.header("access-control-max-age")?.parse().unwrap())
}

fn origin(text: &str) -> Origin {
    text.parse().unwrap()
}

type Answering =
    std::pin::Pin<Box<dyn Future<Output = Result<Response<&'static str>, Infallible>> + Send>>;

/// A request that is under way.
fn start(layer: &CorsLayer, request: Request<()>) -> Answering {
    let app = service_fn(|_: Request<()>| ready(Ok::<_, Infallible>(Response::new("served"))));
    Box::pin(layer.layer(app).call(request))
}

fn poll(answering: &mut Answering) -> Poll<Response<&'static str>> {
    let mut context = Context::from_waker(Waker::noop());
    answering
        .as_mut()
        .poll(&mut context)
        .map(|result| result.unwrap_or_else(|never| match never {}))
}

#[test]
fn k1_a_decision_serves_for_half_of_its_max_age() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    for (advance, asked) in [(0, 1), (299_999, 1), (1, 2), (299_999, 2), (1, 3)] {
        source.clock.advance(Duration::from_millis(advance));
        assert_eq!(
            send_through(&layer, &[], get(APP)).header("access-control-allow-origin"),
            Some(APP)
        );
        assert_eq!(source.asked(), asked);
    }
}

#[test]
fn k1_preflights_are_answered_with_what_is_left_rounded_down() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    for (advance, left) in [
        (0, 600),
        (1, 599),
        (999, 599),
        (1, 598),
        (298_998, 300),
        (1, 600),
    ] {
        source.clock.advance(Duration::from_millis(advance));
        assert_eq!(max_age(&layer), Some(left));
    }
}

#[test]
fn k1_the_decision_is_of_the_moment_when_its_lookup_started_also_for_those_who_waited() {
    let source = Source::new(six_hundred()).gated();
    let layer = source.layer();
    let mut first = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut first).is_pending());
    source.clock.advance(Duration::from_secs(7));
    let mut second = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut second).is_pending());
    source.clock.advance(Duration::from_secs(3));
    source.gate.add_permits(1);
    for waiting in [&mut first, &mut second] {
        let Poll::Ready(answer) = poll(waiting) else {
            panic!("the lookup has ended")
        };
        assert_eq!(answer.headers()["access-control-max-age"], "590");
    }
    assert_eq!(source.asked(), 1);
}

#[test]
fn k1_a_policy_without_max_age_has_the_five_seconds_of_browsers() {
    let source = Source::new(app_only());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(5));
    source.clock.advance(Duration::from_millis(2499));
    assert_eq!((max_age(&layer), source.asked()), (Some(2), 1));
    source.clock.advance(Duration::from_millis(1));
    assert_eq!((max_age(&layer), source.asked()), (Some(5), 2));
}

#[test]
fn k2_the_old_decision_serves_a_failing_source_until_the_budget_ends() {
    for failure in [Behaviour::Fail, Behaviour::Panic] {
        let source = Source::new(six_hundred());
        let layer = source.layer();
        assert_eq!(max_age(&layer), Some(600));
        source.behave(failure);
        source.clock.advance(Duration::from_secs(400));
        assert_eq!((max_age(&layer), source.asked()), (Some(200), 2));
        source.clock.advance(Duration::from_millis(199_500));
        assert_eq!(
            (max_age(&layer), source.asked()),
            (Some(0), 3),
            "0 is said, not left out"
        );
        source.clock.advance(Duration::from_millis(500));
        assert_eq!(
            send_through(&layer, &[], preflight(APP, "PUT", "")).status,
            503
        );
        assert_eq!(send_through(&layer, &[], get(APP)).cors_headers(), [""; 0]);
    }
}

/// Each decision is kept when the source hangs: one request waits for the refresh, all others are served.
#[test]
fn k2_one_request_refreshes_a_decision_and_the_others_are_served_meanwhile() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(600));
    let source = source.hanging();
    source.clock.advance(Duration::from_secs(300));
    let mut refreshing = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut refreshing).is_pending());
    for second in 0..299 {
        assert_eq!(max_age(&layer), Some(300 - second), "served at once");
        assert_eq!(allowed_of(&layer, APP).as_deref(), Some(APP));
        source.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(source.asked(), 2);
    // Nothing is left of the decision, so a request waits for the same lookup.
    source.clock.advance(Duration::from_secs(1));
    let mut waiting = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut waiting).is_pending());
    source.gate.add_permits(1);
    for answering in [&mut refreshing, &mut waiting] {
        let Poll::Ready(answer) = poll(answering) else {
            panic!("the lookup has ended")
        };
        assert_eq!(answer.headers()["access-control-max-age"], "300");
    }
    source.gate.add_permits(1);
    assert_eq!((max_age(&layer), source.asked()), (Some(600), 3));
}

#[test]
fn k2_a_failed_refresh_is_repeated_after_an_eighth_of_max_age() {
    for failure in [Behaviour::Fail, Behaviour::Panic] {
        let source = Source::new(six_hundred());
        let layer = source.layer();
        assert_eq!(max_age(&layer), Some(600));
        source.behave(failure);
        let mut attempts = Vec::new();
        for second in 1..600 {
            source.clock.advance(Duration::from_secs(1));
            let asked = source.asked();
            assert_eq!(max_age(&layer), Some(600 - second));
            if source.asked() > asked {
                attempts.push(second);
            }
        }
        assert_eq!(attempts, [300, 375, 450, 525]);
    }
}

#[test]
fn k2_a_refresh_that_its_request_drops_is_repeated_after_an_eighth_of_max_age() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(600));
    let source = source.hanging();
    source.clock.advance(Duration::from_secs(300));
    let mut refreshing = start(&layer, get(APP));
    assert!(poll(&mut refreshing).is_pending());
    drop(refreshing);
    source.clock.advance(Duration::from_millis(74_999));
    assert_eq!((max_age(&layer), source.asked()), (Some(225), 2));
    source.gate.add_permits(1);
    source.clock.advance(Duration::from_millis(1));
    assert_eq!((max_age(&layer), source.asked()), (Some(600), 3));
}

#[test]
fn k2_a_refresh_after_the_budget_ended_blocks_nobody_with_the_old_decision() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(600));
    source.revoke(APP);
    let source = source.hanging();
    source.clock.advance(Duration::from_millis(599_999));
    let mut refreshing = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut refreshing).is_pending());
    assert_eq!(max_age(&layer), Some(0));
    source.clock.advance(Duration::from_millis(1));
    let mut late = start(&layer, get(APP));
    assert!(poll(&mut late).is_pending(), "the old decision has expired");
    source.gate.add_permits(1);
    assert!(matches!(poll(&mut refreshing), Poll::Ready(answer) if answer.status() == 403));
    assert!(
        matches!(poll(&mut late), Poll::Ready(answer) if !answer.headers().contains_key("access-control-allow-origin"))
    );
}

/// Lookups that a cache gave away, to be run in the background.
#[derive(Clone, Default)]
struct Background(Arc<Mutex<Vec<Lookup>>>);

type Lookup = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl Background {
    fn cache(&self) -> PolicyCacheBuilder {
        let background = self.clone();
        PolicyCache::builder().spawn(move |lookup| background.0.lock().unwrap().push(lookup))
    }

    /// Polls each lookup, and returns how many are left.
    fn poll(&self) -> usize {
        let mut lookups = std::mem::take(&mut *self.0.lock().unwrap());
        let mut context = Context::from_waker(Waker::noop());
        lookups.retain_mut(|lookup| lookup.as_mut().poll(&mut context).is_pending());
        let left = lookups.len();
        self.0.lock().unwrap().append(&mut lookups);
        left
    }
}

#[test]
fn k2_with_an_executor_no_request_waits_for_a_refresh() {
    let background = Background::default();
    let source = Source::with_cache(six_hundred(), background.cache());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(600));
    assert_eq!(
        background.poll(),
        0,
        "nothing could serve meanwhile, so the request waited"
    );
    let source = source.hanging();
    source.clock.advance(Duration::from_secs(300));
    assert_eq!(max_age(&layer), Some(300));
    assert_eq!((background.poll(), source.asked()), (1, 2));
    assert_eq!(max_age(&layer), Some(300));
    source.gate.add_permits(1);
    assert_eq!(background.poll(), 0);
    assert_eq!((max_age(&layer), source.asked()), (Some(600), 2));
}

#[test]
fn k2_a_background_lookup_ends_when_it_is_invalidated() {
    let background = Background::default();
    let source = Source::with_cache(six_hundred(), background.cache());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(600));
    let source = source.hanging();
    source.clock.advance(Duration::from_secs(300));
    assert_eq!(max_age(&layer), Some(300));
    assert_eq!(background.poll(), 1);
    source.cache.invalidate_all();
    assert_eq!(background.poll(), 0);
    let mut after = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut after).is_pending(), "nothing serves meanwhile");
    source.gate.add_permits(1);
    assert!(matches!(poll(&mut after), Poll::Ready(answer) if answer.status() == 204));
}

#[test]
fn k2_a_background_lookup_that_hangs_is_replaced_when_it_can_find_nothing_valid_any_more() {
    let background = Background::default();
    let source = Source::with_cache(six_hundred(), background.cache());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(600));
    let source = source.hanging();
    source.clock.advance(Duration::from_secs(300));
    assert_eq!(max_age(&layer), Some(300));
    assert_eq!(background.poll(), 1);
    source.clock.advance(Duration::from_millis(599_999));
    let mut joining = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut joining).is_pending());
    assert_eq!(source.asked(), 2);
    source.clock.advance(Duration::from_millis(1));
    let mut replacing = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut replacing).is_pending());
    assert_eq!((background.poll(), source.asked()), (0, 3));
}

#[test]
fn k5_background_lookups_are_bounded() {
    const MOST: usize = 1_024;
    let background = Background::default();
    let cache = background.cache().capacity(2 * MOST);
    let source = Source::with_cache(six_hundred(), cache);
    let layer = source.layer();
    let found = built(Policy::builder().allow_any_origin().max_age(MAX_AGE));
    let all: Vec<String> = (0..MOST + 100)
        .map(|n| format!("https://n{n}.example"))
        .collect();
    for origin in &all {
        source
            .policies
            .lock()
            .unwrap()
            .insert(origin.clone(), found.clone());
        send_through(&layer, &[], get(origin));
    }
    let source = source.hanging();
    source.clock.advance(Duration::from_secs(300));
    let mut waiting: Vec<Answering> = all
        .iter()
        .map(|origin| start(&layer, get(origin)))
        .collect();
    let waits = waiting
        .iter_mut()
        .filter_map(|answering| poll(answering).is_pending().then_some(()));
    assert_eq!(waits.count(), 100);
    assert_eq!(background.poll(), MOST);
}

#[test]
fn k9_a_refreshed_decision_is_no_eviction() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    for _ in 0..3 {
        assert_eq!(max_age(&layer), Some(600));
        source.clock.advance(Duration::from_secs(300));
    }
    let statistics = source.cache.stats();
    assert_eq!((statistics.misses, statistics.evictions), (3, 0));
}

#[test]
fn k3_max_age_zero_is_not_cached() {
    let source = Source::new(app_only().max_age(Duration::ZERO));
    let layer = source.layer();
    for asked in 1..4 {
        assert_eq!((max_age(&layer), source.asked()), (Some(0), asked));
    }
    assert_eq!(source.cache.stats().entries, 0);
}

#[test]
fn k3_max_age_zero_ends_what_was_cached() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(600));
    let zero = built(six_hundred().max_age(Duration::ZERO));
    source.policies.lock().unwrap().insert(APP.to_owned(), zero);
    source.clock.advance(Duration::from_secs(300));
    assert_eq!(max_age(&layer), Some(0));
    assert_eq!(source.cache.stats().entries, 0);
    source.behave(Behaviour::Fail);
    assert_eq!(max_age(&layer), None, "the old decision is gone");
}

#[test]
fn k3_rejections_are_cached_for_a_time_of_their_own() {
    let source = Source::with_cache(
        six_hundred(),
        PolicyCache::builder().negative_ttl(Duration::from_secs(2)),
    );
    let layer = source.layer();
    for (advance, asked) in [(0, 1), (1999, 1), (1, 2)] {
        source.clock.advance(Duration::from_millis(advance));
        let answer = send_through(&layer, &[], preflight(EVIL, "PUT", ""));
        assert_eq!((answer.status.as_u16(), source.asked()), (403, asked));
        assert_eq!(answer.cors_headers(), [""; 0]);
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[test]
fn k3_errors_are_never_cached_and_never_a_500() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    for (behaviour, asked) in [(Behaviour::Fail, 1), (Behaviour::Panic, 2)] {
        source.behave(behaviour);
        let answer = send_through(&layer, &[], preflight(APP, "PUT", ""));
        assert_eq!((answer.status.as_u16(), source.asked()), (503, asked));
        assert_eq!(answer.cors_headers(), [""; 0]);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let answer = send_through(&layer, &[], get(APP));
    assert!(answer.reached_the_service);
    assert_eq!(
        (answer.status.as_u16(), answer.cors_headers().len()),
        (200, 0)
    );
    source.behave(Behaviour::Answer);
    assert_eq!(max_age(&layer), Some(600));
}

#[test]
fn k4_a_thousand_waiters_share_one_lookup() {
    let source = Source::new(six_hundred()).gated();
    let layer = source.layer();
    let mut waiting: Vec<Answering> = (0..1000)
        .map(|_| start(&layer, preflight(APP, "PUT", "")))
        .collect();
    assert!(
        waiting
            .iter_mut()
            .all(|answering| poll(answering).is_pending())
    );
    source.gate.add_permits(1);
    assert!(
        waiting.iter_mut().all(
            |answering| matches!(poll(answering), Poll::Ready(answer) if answer.status() == 204)
        )
    );
    assert_eq!(source.asked(), 1);
    let statistics = source.cache.stats();
    assert_eq!((statistics.misses, statistics.coalesced), (1, 999));
}

#[test]
fn k4_whoever_is_dropped_strands_nobody() {
    // Each of the first three is dropped before or after its first poll, and the fourth is answered all the same.
    for dropped in 0..1 << 3 {
        for polled in 0..1 << 3 {
            let source = Source::new(six_hundred()).gated();
            let layer = source.layer();
            let mut waiting: Vec<Option<Answering>> = (0..4)
                .map(|_| Some(start(&layer, preflight(APP, "PUT", ""))))
                .collect();
            for (index, slot) in waiting.iter_mut().enumerate().take(3) {
                if polled & (1 << index) != 0 {
                    assert!(poll(slot.as_mut().unwrap()).is_pending());
                }
                if dropped & (1 << index) != 0 {
                    *slot = None;
                }
            }
            assert!(poll(waiting[3].as_mut().unwrap()).is_pending());
            source.gate.add_permits(1);
            for answering in waiting.iter_mut().flatten() {
                let Poll::Ready(answer) = poll(answering) else {
                    panic!("stranded: {dropped:b}, {polled:b}")
                };
                assert_eq!(answer.status(), 204);
            }
            assert_eq!(source.asked(), 1);
        }
    }
}

#[test]
fn k4_a_lookup_that_all_have_dropped_ends_and_the_next_starts_anew() {
    let source = Source::new(six_hundred()).gated();
    let layer = source.layer();
    for asked in 1..100 {
        let mut answering = start(&layer, preflight(APP, "PUT", ""));
        assert!(poll(&mut answering).is_pending());
        assert_eq!(source.asked(), asked);
    }
    source.gate.add_permits(1);
    assert_eq!(max_age(&layer), Some(600));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k4_one_lookup_at_a_time_under_contention() {
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (counted, greatest) = (Arc::clone(&running), Arc::clone(&most));
    let policies = DynamicPolicies::new(move |_, _| {
        let (running, most) = (Arc::clone(&counted), Arc::clone(&greatest));
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Some(built(app_only().max_age(Duration::ZERO))))
        }
    });
    let layer = CorsLayer::new(policies);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let layer = layer.clone();
            tokio::spawn(async move {
                for _ in 0..500 {
                    assert_eq!(
                        start(&layer, preflight(APP, "PUT", ""))
                            .await
                            .unwrap()
                            .status(),
                        204
                    );
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[test]
fn k5_an_origin_that_is_rejected_after_it_was_allowed_is_kept_once() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    let readable = || {
        let answer = send_through(&layer, &[], get(APP));
        answer.header("access-control-allow-origin").is_some()
    };
    assert!(readable());
    source.clock.advance(MAX_AGE / 2);
    source.revoke(APP);
    assert!(!readable());
    assert_eq!(source.cache.stats().entries, 1);
    source.clock.advance(Duration::from_secs(5));
    let policy = built(six_hundred());
    source
        .policies
        .lock()
        .unwrap()
        .insert(APP.to_owned(), policy);
    assert!(readable());
    assert_eq!(source.cache.stats().entries, 1);
}

#[test]
fn k5_malformed_origins_never_reach_the_cache() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    for text in ["nonsense", "", "https://a/", "https://*.example.com"] {
        assert_eq!(
            send_through(&layer, &[], preflight(text, "PUT", "")).status,
            403
        );
    }
    let mut repeated = get(APP);
    repeated
        .headers_mut()
        .append(ORIGIN, HeaderValue::from_static(APP));
    assert_eq!(send_through(&layer, &[], repeated).cors_headers(), [""; 0]);
    assert_eq!(
        send_through(&layer, &[], request(Method::GET, &[])).cors_headers(),
        [""; 0]
    );
    let statistics = source.cache.stats();
    assert_eq!(
        (statistics.misses, statistics.entries, source.asked()),
        (0, 0, 0)
    );
}

#[test]
fn k5_a_scope_of_any_length_bounds_an_entry() {
    let found = built(six_hundred());
    let cache = PolicyCache::builder().build();
    let layer = CorsLayer::new(
        DynamicPolicies::new(move |_, _| ready(Ok::<_, Infallible>(Some(found.clone()))))
            .scope(|head| head.path().to_owned())
            .cache(cache.clone()),
    );
    let to = |path: &str| {
        let mut request = get(APP);
        *request.uri_mut() = path.parse().unwrap();
        request
    };
    send_through(&layer, &[], to(&format!("/{}", "x".repeat(10_000))));
    assert_eq!(cache.stats().entries, 0);
    send_through(&layer, &[], to("/short"));
    assert_eq!(cache.stats().entries, 1);
}

#[test]
fn k6_what_was_invalidated_is_looked_up_again() {
    type Invalidate = fn(&PolicyCache);
    let calls: [Invalidate; 3] = [
        |cache| cache.invalidate(&origin(APP)),
        |cache| cache.invalidate_scope(&Scope::default()),
        |cache| cache.invalidate_all(),
    ];
    for invalidate in calls {
        let source = Source::new(six_hundred());
        let layer = source.layer();
        assert_eq!(max_age(&layer), Some(600));
        source.revoke(APP);
        assert_eq!(max_age(&layer), Some(600));
        invalidate(&source.cache.clone());
        assert_eq!(max_age(&layer), None);
    }
}

#[test]
fn k6_what_was_not_invalidated_stays() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    max_age(&layer);
    source.cache.invalidate(&origin(EVIL));
    source.cache.invalidate_scope(&"another".into());
    max_age(&layer);
    assert_eq!(source.asked(), 1);
}

#[test]
fn k6_a_lookup_that_was_under_way_serves_no_request_that_came_after() {
    let source = Source::new(six_hundred()).gated();
    let layer = source.layer();
    let mut before = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut before).is_pending());
    source.revoke(APP);
    source.cache.invalidate(&origin(APP));
    let mut after = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut after).is_pending());
    source.gate.add_permits(2);
    assert!(
        matches!(poll(&mut before), Poll::Ready(answer) if answer.status() == 204),
        "it came before"
    );
    assert!(matches!(poll(&mut after), Poll::Ready(answer) if answer.status() == 403));
    assert_eq!(max_age(&layer), None, "what was found before is not kept");
    assert_eq!(source.asked(), 2);
}

#[test]
fn k6_what_a_lookup_under_way_finds_after_an_invalidation_is_not_kept() {
    let source = Source::new(six_hundred()).gated();
    let layer = source.layer();
    let mut before = start(&layer, preflight(APP, "PUT", ""));
    assert!(poll(&mut before).is_pending());
    source.revoke(APP);
    source.cache.invalidate(&origin(APP));
    source.gate.add_permits(2);
    assert!(poll(&mut before).is_ready());
    assert_eq!(max_age(&layer), None);
    assert_eq!(source.asked(), 2);
}

/// On threads, and at every distance from each other that the end of the lookup and the invalidation can have.
#[test]
fn k6_a_lookup_that_ends_as_it_is_invalidated_leaves_nothing_behind() {
    const ROUNDS: u64 = 3_000;
    let version = Arc::new(AtomicU64::new(0));
    let current = Arc::clone(&version);
    let policies: Vec<Policy> = (0..=ROUNDS)
        .map(|version| {
            let exposed = http::HeaderName::try_from(format!("x-{version}")).unwrap();
            built(app_only().expose_headers([exposed]).max_age(MAX_AGE))
        })
        .collect();
    let cache = PolicyCache::builder().build();
    let source = DynamicPolicies::new(move |_, _| {
        let found = policies[current.load(Ordering::SeqCst) as usize].clone();
        ready(Ok::<_, Infallible>(Some(found)))
    });
    let layer = CorsLayer::new(source.cache(cache.clone()));
    let seen = || {
        let answer = send_through(&layer, &[], get(APP));
        let exposed = answer.header("access-control-expose-headers");
        exposed.map(str::to_owned)
    };
    // A panic here fails the test. Below, it would leave the other thread waiting.
    assert_eq!(seen().as_deref(), Some("x-0"));
    cache.invalidate_all();
    let turn = std::sync::Barrier::new(2);
    let mut stale = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                turn.wait();
                for _ in 0..round % 60 * 20 {
                    std::hint::spin_loop();
                }
                version.fetch_add(1, Ordering::SeqCst);
                cache.invalidate(&origin(APP));
                turn.wait();
            }
        });
        for _ in 0..ROUNDS {
            turn.wait();
            seen();
            turn.wait();
            let expected = format!("x-{}", version.load(Ordering::SeqCst));
            let found = seen();
            if found.as_ref() != Some(&expected) {
                stale.push((found, expected));
            }
            cache.invalidate_all();
        }
    });
    assert!(
        stale.is_empty(),
        "{} times: {:?}",
        stale.len(),
        stale.first()
    );
}

#[test]
fn k6_an_invalidated_decision_does_not_serve_a_failing_source() {
    let source = Source::new(six_hundred());
    let layer = source.layer();
    assert_eq!(max_age(&layer), Some(600));
    source.behave(Behaviour::Fail);
    source.cache.invalidate_all();
    assert_eq!(
        send_through(&layer, &[], preflight(APP, "PUT", "")).status,
        503
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn k6_no_update_is_lost_between_lookups_and_invalidations() {
    // The source counts up; after each invalidation, nobody may see less than what it then was.
    let version = Arc::new(AtomicU64::new(0));
    let current = Arc::clone(&version);
    let cache = PolicyCache::builder().build();
    let policies = DynamicPolicies::new(move |_, _| {
        let current = Arc::clone(&current);
        async move {
            let found = current.load(Ordering::SeqCst);
            tokio::task::yield_now().await;
            let exposed = http::HeaderName::try_from(format!("x-{found}")).unwrap();
            Ok::<_, Infallible>(Some(built(
                app_only().expose_headers([exposed]).max_age(MAX_AGE),
            )))
        }
    });
    let layer = CorsLayer::new(policies.cache(cache.clone()));
    let seen = |response: Response<&'static str>| -> u64 {
        response.headers()["access-control-expose-headers"]
            .to_str()
            .unwrap()[2..]
            .parse()
            .unwrap()
    };
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (layer, version) = (layer.clone(), Arc::clone(&version));
            tokio::spawn(async move {
                loop {
                    // What was invalidated before this request starts must not be seen by it.
                    let least = version.load(Ordering::SeqCst).saturating_sub(1);
                    let found = seen(start(&layer, get(APP)).await.unwrap());
                    assert!(found >= least, "{found} after {least}");
                    if found >= 2_000 {
                        return;
                    }
                }
            })
        })
        .collect();
    while version.load(Ordering::SeqCst) <= 2_000 {
        version.fetch_add(1, Ordering::SeqCst);
        cache.invalidate_all();
        tokio::task::yield_now().await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[test]
fn k7_a_lookup_is_given_what_its_answer_is_kept_under() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let found = built(six_hundred());
    let policies = DynamicPolicies::new(move |origin, tenant| {
        seen.lock().unwrap().push(format!("{origin} {tenant}"));
        ready(Ok::<_, Infallible>(
            (tenant.as_str() == "a.example").then(|| found.clone()),
        ))
    })
    .scope(|head| head.host().unwrap_or_default());
    let layer = CorsLayer::new(policies);
    let to = |host: &str| request(Method::GET, &[(ORIGIN, APP), (http::header::HOST, host)]);
    for (host, allowed) in [
        ("a.example", true),
        ("B.example:8080", false),
        ("A.EXAMPLE", true),
        ("b.example", false),
    ] {
        let answer = send_through(&layer, &[], to(host));
        assert_eq!(
            answer.header("access-control-allow-origin").is_some(),
            allowed,
            "{host}"
        );
    }
    assert_eq!(
        *asked.lock().unwrap(),
        [format!("{APP} a.example"), format!("{APP} b.example")]
    );
}

#[test]
fn k7_a_scope_is_taken_of_the_head_of_a_request() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let policies = DynamicPolicies::new(move |_, scope| {
        seen.lock().unwrap().push(scope.as_ref().to_owned());
        ready(Ok::<_, Infallible>(None))
    })
    .scope(|head| {
        let tenant = head.headers().get("x-tenant").unwrap().to_str().unwrap();
        format!("{tenant} {} {:?}", head.path(), head.uri().query())
    });
    let name = http::HeaderName::from_static("x-tenant");
    let mut request = request(Method::GET, &[(ORIGIN, APP), (name, "a")]);
    *request.uri_mut() = "/b?c".parse().unwrap();
    send_through(&CorsLayer::new(policies), &[], request);
    assert_eq!(*asked.lock().unwrap(), ["a /b Some(\"c\")"]);
}

#[test]
fn k7_the_longest_origin_is_looked_up_and_none_longer() {
    let origin = |host: usize| format!("{}://{}:65535", "s".repeat(63), "a".repeat(host));
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let layer = CorsLayer::new(DynamicPolicies::new(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        ready(Ok::<_, Infallible>(None))
    }));
    for (host, lookups) in [(254, 0), (253, 1)] {
        send_through(&layer, &[], get(&origin(host)));
        assert_eq!(asked.load(Ordering::SeqCst), lookups);
    }
}

#[test]
fn k7_two_sources_may_share_a_cache_and_not_their_decisions() {
    let (first, second) = (Source::new(six_hundred()), Source::new(six_hundred()));
    second.revoke(APP);
    let layers = [&first, &second]
        .map(|source| CorsLayer::new(source.policies().cache(first.cache.clone())));
    assert_eq!(max_age(&layers[0]), Some(600));
    assert_eq!(max_age(&layers[1]), None);
}

#[test]
fn k7_a_policy_that_does_not_allow_the_origin_grants_nothing() {
    let source = Source::new(six_hundred());
    source
        .policies
        .lock()
        .unwrap()
        .insert(EVIL.to_owned(), built(six_hundred()));
    assert_eq!(
        send_through(&source.layer(), &[], get(EVIL)).cors_headers(),
        [""; 0]
    );
    assert_eq!(
        send_through(&source.layer(), &[], preflight(EVIL, "PUT", "")).status,
        403
    );
}

#[tokio::test(start_paused = true)]
async fn k8_the_lookup_runs_beside_the_service() {
    let second = Duration::from_secs(1);
    let policies = DynamicPolicies::new(move |_, _| async move {
        tokio::time::sleep(second).await;
        Ok::<_, Infallible>(Some(built(six_hundred())))
    });
    let slow = service_fn(move |_: Request<()>| async move {
        tokio::time::sleep(second).await;
        Ok::<_, Infallible>(Response::new("served"))
    });
    let layer = CorsLayer::new(policies);
    let began = tokio::time::Instant::now();
    let response = layer.layer(slow).call(get(APP)).await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], APP);
    assert_eq!(began.elapsed(), second);

    let other = CorsLayer::new(layer_policies(second)).enforce(Enforcement::Block);
    let began = tokio::time::Instant::now();
    other.layer(slow).call(get(APP)).await.unwrap();
    assert_eq!(began.elapsed(), 2 * second, "what may be blocked waits");
}

fn layer_policies(delay: Duration) -> DynamicPolicies {
    DynamicPolicies::new(move |_, _| async move {
        tokio::time::sleep(delay).await;
        Ok::<_, Infallible>(Some(built(six_hundred())))
    })
}

#[test]
fn k8_an_error_of_the_service_does_not_wait_for_the_lookup() {
    let source = Source::new(six_hundred()).gated();
    let broken = service_fn(|_: Request<()>| ready(Err::<Response<()>, _>("broken")));
    let result = source.layer().layer(broken).call(get(APP)).now_or_never();
    assert_eq!(result.unwrap().unwrap_err(), "broken");
}

#[test]
fn k9_the_cache_counts_what_it_does() {
    let source = Source::with_cache(six_hundred(), PolicyCache::builder().capacity(1));
    let layer = source.layer();
    max_age(&layer);
    max_age(&layer);
    let statistics = source.cache.stats();
    assert_eq!(statistics.evictions, 0);
    assert_eq!(
        (
            statistics.hits,
            statistics.misses,
            statistics.coalesced,
            statistics.entries
        ),
        (1, 1, 0, 1)
    );
    source.behave(Behaviour::Fail);
    send_through(&layer, &[], get(EVIL));
    assert_eq!(source.cache.stats().failures, 1);
    source.behave(Behaviour::Answer);
    for number in 0..10 {
        send_through(&layer, &[], get(&format!("https://{number}.example")));
    }
    assert!(source.cache.stats().evictions > 0);
    assert!(format!("{:?}", source.cache).contains("hits: 1"));
}

#[test]
fn k10_preflight_answers_of_a_lookup_are_not_stored() {
    let source = Source::new(six_hundred());
    let answer = send_through(&source.layer(), &[], preflight(APP, "PUT", ""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert_eq!(
        send_through(&source.layer(), &[], get(APP)).header("cache-control"),
        None
    );
}

#[test]
fn k12_a_cache_before_a_predicate_asks_it_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let policy = built(six_hundred().allow_origins_where(move |origin| {
        counted.fetch_add(1, Ordering::SeqCst);
        origin.host() == Some("known.example")
    }));
    let clock = Clock::new();
    let moved = clock.clone();
    let cache = PolicyCache::builder().clock(move || moved.now()).build();
    let layer = CorsLayer::new(DynamicPolicies::cached([policy]).cache(cache));
    for (advance, count, left) in [(0, 1, "600"), (1000, 1, "599"), (300_000, 2, "600")] {
        clock.advance(Duration::from_millis(advance));
        let answer = send_through(&layer, &[], preflight("https://known.example", "PUT", ""));
        assert_eq!(answer.header("access-control-max-age"), Some(left));
        assert_eq!(
            send_through(&layer, &[], get("https://known.example"))
                .cors_headers()
                .len(),
            1
        );
        assert_eq!(asked.load(Ordering::SeqCst), count);
    }
    assert_eq!(send_through(&layer, &[], get(EVIL)).cors_headers(), [""; 0]);
}

#[test]
fn k12_a_cache_before_a_list_of_policies_asks_their_predicates_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let known = built(six_hundred().allow_origins_where(move |origin| {
        counted.fetch_add(1, Ordering::SeqCst);
        origin.host() == Some("known.example")
    }));
    let layer = CorsLayer::new(DynamicPolicies::cached([built(app_only()), known]));
    for _ in 0..3 {
        let answer = send_through(&layer, &[], get("https://known.example"));
        assert_eq!(answer.cors_headers().len(), 1);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn k12_a_slow_predicate_holds_up_no_other_origin() {
    // Ends when another origin was asked of. The deadline is for what is broken alone.
    const DEADLINE: Duration = Duration::from_secs(20);
    let (begin, begun) = std::sync::mpsc::channel();
    let (ask, asked) = std::sync::mpsc::channel();
    let channels = Mutex::new((begin, ask));
    let asked = Mutex::new(asked);
    let policy = built(six_hundred().allow_origins_where(move |origin| {
        let (begin, ask) = channels.lock().unwrap().clone();
        if origin.as_str() == "https://slow.example" {
            begin.send(()).unwrap();
            asked.lock().unwrap().recv_timeout(DEADLINE).is_ok()
        } else {
            ask.send(()).is_ok()
        }
    }));
    let layer = CorsLayer::new(DynamicPolicies::cached([policy]));
    let slow = layer.clone();
    let waiting = std::thread::spawn(move || send_through(&slow, &[], get("https://slow.example")));
    begun.recv_timeout(DEADLINE).unwrap();
    send_through(&layer, &[], get(EVIL));
    let answer = waiting.join().unwrap();
    let allowed = answer.header("access-control-allow-origin");
    assert_eq!(allowed, Some("https://slow.example"));
}

#[test]
fn where_others_are_blocked_a_failed_lookup_is_503() {
    let source = Source::new(six_hundred());
    let layer = source.layer().enforce(Enforcement::Block);
    let answer = send_through(&layer, &[], get(APP));
    assert!(answer.reached_the_service);
    let answer = send_through(&layer, &[], get(EVIL));
    assert_eq!(
        (answer.reached_the_service, answer.status.as_u16()),
        (false, 403)
    );
    source.behave(Behaviour::Fail);
    source.cache.invalidate_all();
    let answer = send_through(&layer, &[], get(APP));
    assert_eq!(
        (answer.reached_the_service, answer.status.as_u16()),
        (false, 503)
    );
}

#[test]
fn where_others_are_blocked_the_service_does_not_begin_before_the_lookup_ends() {
    let source = Source::new(six_hundred()).gated();
    let began = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&began);
    let app = service_fn(move |_: Request<()>| {
        counted.fetch_add(1, Ordering::SeqCst);
        ready(Ok::<_, Infallible>(Response::new("served")))
    });
    let layer = source.layer().enforce(Enforcement::Block);
    let mut answering = pin!(layer.layer(app).call(get(EVIL)));
    let mut context = Context::from_waker(Waker::noop());
    assert!(answering.as_mut().poll(&mut context).is_pending());
    assert_eq!(began.load(Ordering::SeqCst), 0);
    source.gate.add_permits(1);
    assert!(
        matches!(answering.as_mut().poll(&mut context), Poll::Ready(Ok(answer)) if answer.status() == 403)
    );
    assert_eq!(began.load(Ordering::SeqCst), 0);
}

#[test]
fn every_response_of_a_lookup_varies_on_origin() {
    let source = Source::new(six_hundred());
    source
        .policies
        .lock()
        .unwrap()
        .insert(EVIL.to_owned(), built(PolicyBuilder::public()));
    for request in [
        get(APP),
        get(EVIL),
        get("https://other.example"),
        get("nonsense"),
        request(Method::GET, &[]),
    ] {
        assert_eq!(
            send_through(&source.layer(), &[], request).vary(),
            ["origin"]
        );
    }
}

#[test]
fn a_looked_up_policy_of_any_origin_answers_with_a_wildcard() {
    let source = Source::new(PolicyBuilder::public());
    for request in [get(APP), preflight(APP, "PUT", "x-token")] {
        let answer = send_through(&source.layer(), &[], request);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
}

fn allowed_of(layer: &CorsLayer, origin: &str) -> Option<String> {
    let answer = send_through(layer, &[], get(origin));
    answer
        .header("access-control-allow-origin")
        .map(str::to_owned)
}

/// A cache in which no time passes.
fn standing_cache() -> PolicyCache {
    let now = Instant::now();
    PolicyCache::builder().clock(move || now).build()
}

/// Rules for allowed origins, with a predicate that allows every origin and counts its calls.
fn allowing_all(base: PolicyBuilder) -> (CorsLayer, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let policies = DynamicPolicies::from_predicate(base, move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        ready(Ok::<_, Infallible>(true))
    });
    (CorsLayer::new(policies.unwrap()), asked)
}

#[test]
fn a_predicate_decides_about_the_origin_and_its_base_about_the_rest() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let base = Policy::builder()
        .allow_methods([Method::PUT])
        .expose_headers([http::header::ETAG])
        .allow_credentials(true)
        .max_age(MAX_AGE);
    let policies = DynamicPolicies::from_predicate(base, move |origin, tenant| {
        seen.lock().unwrap().push(format!("{origin} {tenant}"));
        async move { Ok::<_, Infallible>(origin.as_str() == APP && tenant == "shop.example") }
    })
    .unwrap()
    .scope(|head| head.host())
    .cache(standing_cache());
    let layer = CorsLayer::new(policies);
    let to = |host: &str, mut request: Request<()>| {
        let host = HeaderValue::try_from(host).unwrap();
        request.headers_mut().insert(http::header::HOST, host);
        send_through(&layer, &[], request)
    };
    let answer = to("shop.example", preflight(APP, "PUT", ""));
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(answer.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(answer.header("access-control-max-age"), Some("600"));
    let answer = to("shop.example", get(APP));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(answer.header("access-control-expose-headers"), Some("etag"));
    for (host, origin) in [("shop.example", EVIL), ("other.example", APP)] {
        assert_eq!(to(host, get(origin)).cors_headers(), [""; 0]);
        assert_eq!(to(host, preflight(origin, "PUT", "")).status, 403);
    }
    assert_eq!(
        *asked.lock().unwrap(),
        [
            format!("{APP} shop.example"),
            format!("{EVIL} shop.example"),
            format!("{APP} other.example"),
        ]
    );
}

#[test]
fn a_predicate_is_never_asked_about_the_opaque_origin() {
    for credentials in [true, false] {
        let (layer, asked) = allowing_all(Policy::builder().allow_credentials(credentials));
        assert_eq!(allowed_of(&layer, "null"), None);
        assert_eq!(
            send_through(&layer, &[], preflight("null", "PUT", "")).status,
            403
        );
        assert_eq!(asked.load(Ordering::SeqCst), 0);
        assert_eq!(allowed_of(&layer, EVIL).as_deref(), Some(EVIL));
    }
}

#[test]
fn an_insecure_origin_that_a_predicate_allows_is_rejected_with_credentials() {
    let insecure = "http://app.example.com";
    let loopback = [
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://[::1]:8080",
    ];
    let (layer, _) = allowing_all(Policy::builder().allow_credentials(true));
    assert_eq!(allowed_of(&layer, insecure), None);
    assert_eq!(
        send_through(&layer, &[], preflight(insecure, "PUT", "")).status,
        403
    );
    for origin in loopback {
        assert_eq!(allowed_of(&layer, origin).as_deref(), Some(origin));
    }
    for base in [
        Policy::builder(),
        Policy::builder()
            .allow_credentials(true)
            .dangerously_allow_insecure_origins(),
    ] {
        let (layer, _) = allowing_all(base);
        assert_eq!(allowed_of(&layer, insecure).as_deref(), Some(insecure));
    }
}

#[test]
fn a_base_that_allows_origins_itself_is_an_error() {
    let bases = [
        app_only(),
        Policy::builder().allow_any_origin(),
        Policy::builder().allow_null_origin(true),
        Policy::builder().allow_file_origin(true),
        Policy::builder().allow_origins_where(|_| false),
        Policy::builder().allow_origins(["no origin"]),
    ];
    for base in bases {
        let errors = DynamicPolicies::from_predicate(base, |_, _| ready(Ok::<_, Infallible>(true)))
            .unwrap_err();
        let is_it = |error: &PolicyError| *error == PolicyError::OriginsBesideLookup;
        assert!(errors.iter().any(is_it), "{errors}");
    }
}

#[test]
fn all_mistakes_of_a_base_are_errors_at_once() {
    let base = app_only()
        .allow_methods([Method::TRACE])
        .allow_headers([http::header::COOKIE])
        .expose_headers([http::header::SET_COOKIE])
        .expose_any_header()
        .allow_credentials(true)
        .max_age(Duration::from_secs(86_401))
        .preflight_status(http::StatusCode::FORBIDDEN);
    let errors =
        DynamicPolicies::from_predicate(base, |_, _| ready(Ok::<_, Infallible>(true))).unwrap_err();
    assert_eq!(errors.iter().count(), 8, "{errors}");
}

#[test]
fn a_predicate_that_fails_or_panics_allows_nothing() {
    for panics in [true, false] {
        let policies = DynamicPolicies::from_predicate(Policy::builder(), move |_, _| async move {
            assert!(!panics, "a mistake of the user");
            Err("the database is away")
        });
        let layer = CorsLayer::new(policies.unwrap());
        assert_eq!(
            send_through(&layer, &[], preflight(APP, "PUT", "")).status,
            503
        );
        let answer = send_through(&layer, &[], get(APP));
        assert!(answer.reached_the_service);
        assert_eq!(answer.cors_headers(), [""; 0]);
    }
}

#[test]
fn a_predicate_has_the_max_age_of_its_base_as_its_budget() {
    let clock = Clock::new();
    let moved = clock.clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let base = Policy::builder().max_age(MAX_AGE);
    let policies = DynamicPolicies::from_predicate(base, move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        ready(Ok::<_, Infallible>(true))
    });
    let cache = PolicyCache::builder().clock(move || moved.now()).build();
    let layer = CorsLayer::new(policies.unwrap().cache(cache));
    for (advance, left, lookups) in [(0, 600, 1), (1, 599, 1), (298, 301, 1), (1, 600, 2)] {
        clock.advance(Duration::from_secs(advance));
        assert_eq!(max_age(&layer), Some(left));
        assert_eq!(asked.load(Ordering::SeqCst), lookups);
    }
}

#[test]
fn a_type_that_looks_up_policies_is_a_source() {
    struct OfApp(Policy);

    impl PolicyLookup for OfApp {
        type Error = Infallible;

        async fn lookup(&self, origin: Origin, _: Scope) -> Result<Option<Policy>, Infallible> {
            Ok((origin.as_str() == APP).then(|| self.0.clone()))
        }
    }

    let layer = CorsLayer::new(DynamicPolicies::from_lookup(OfApp(built(six_hundred()))));
    assert_eq!(allowed_of(&layer, APP).as_deref(), Some(APP));
    assert_eq!(allowed_of(&layer, EVIL), None);
}

#[test]
fn a_replaced_handle_in_a_cached_list_holds_after_an_invalidation() {
    let handle = PolicyHandle::new(built(six_hundred()));
    let cache = PolicyCache::builder().build();
    let list = PolicyList::new(handle.clone());
    let layer = CorsLayer::new(DynamicPolicies::cached(list).cache(cache.clone()));
    assert_eq!(allowed_of(&layer, APP).as_deref(), Some(APP));
    handle.replace(built(Policy::builder().allow_origins([EVIL])));
    assert_eq!(allowed_of(&layer, APP).as_deref(), Some(APP));
    cache.invalidate_all();
    assert_eq!(allowed_of(&layer, APP), None);
    assert_eq!(allowed_of(&layer, EVIL).as_deref(), Some(EVIL));
}

/// The status of a request of the service's own page, which no policy allows, where others are blocked.
fn status_of_own_page(policies: DynamicPolicies) -> u16 {
    let headers = [
        (ORIGIN, "https://own.example"),
        (http::header::HOST, "own.example"),
    ];
    let layer = CorsLayer::new(policies).enforce(Enforcement::Block);
    send_through(&layer, &[], request(Method::GET, &headers))
        .status
        .as_u16()
}

#[test]
fn own_pages_are_blocked_too_if_what_was_looked_up_does_not_trust_them() {
    let blocking = || app_only().enforce(Enforcement::Block);
    let trusting = |trusts| blocking().trust_same_origin(trusts);
    let returning = |policy: Option<Policy>| {
        DynamicPolicies::new(move |_, _| ready(Ok::<_, Infallible>(policy.clone())))
            .enforce(Enforcement::Block)
    };
    let with_base = |trusts, answer: Result<bool, &'static str>| {
        let base = Policy::builder().enforce(Enforcement::Block);
        let base = base.trust_same_origin(trusts);
        DynamicPolicies::from_predicate(base, move |_, _| ready(answer)).unwrap()
    };
    let failing = || DynamicPolicies::new(|_, _| ready(Err("the database is away")));
    let cached = |trusts| DynamicPolicies::cached([built(app_only()), built(trusting(trusts))]);
    for (policies, status) in [
        (returning(Some(built(trusting(true)))), 200),
        (returning(Some(built(trusting(false)))), 403),
        (
            returning(Some(built(trusting(true)))).trust_same_origin(false),
            403,
        ),
        (returning(None), 200),
        (returning(None).trust_same_origin(false), 403),
        (failing(), 200),
        (failing().trust_same_origin(false), 503),
        (with_base(true, Ok(false)), 200),
        (with_base(false, Ok(false)), 403),
        (with_base(true, Err("away")), 200),
        (with_base(false, Err("away")), 503),
        (cached(true), 200),
        (cached(false), 403),
    ] {
        // The second time the rejection is cached, unless the lookup failed.
        for _ in 0..2 {
            assert_eq!(status_of_own_page(policies.clone()), status);
        }
    }
}

#[cfg(feature = "tracing")]
mod reports {
    use super::*;
    use crate::events::recorded::{Events, subscribed};
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt;

    /// The events of this level that are no decision.
    fn reported(level: tracing::Level, send: impl FnOnce()) -> Vec<String> {
        let events = Events::default();
        let subscriber = tracing_subscriber::registry()
            .with(LevelFilter::from_level(level))
            .with(events.clone());
        subscribed(subscriber, send);
        let mut events = events.taken();
        events.retain(|event| !event.contains("decision="));
        events
    }

    #[test]
    fn a_looked_up_policy_that_does_not_allow_the_origin_is_reported_once_with_the_fix() {
        let policy = built(app_only());
        let policies =
            DynamicPolicies::new(move |_, _| ready(Ok::<_, Infallible>(Some(policy.clone()))));
        let layer = CorsLayer::new(policies.scope(|_| "shop"));
        let events = reported(tracing::Level::DEBUG, || {
            for _ in 0..3 {
                assert_eq!(allowed_of(&layer, EVIL), None);
                assert_eq!(allowed_of(&layer, APP).as_deref(), Some(APP));
            }
        });
        let [event] = &*events else {
            panic!("{events:?}")
        };
        assert!(event.starts_with("DEBUG tower_cors "), "{event}");
        for words in [
            "origin=https://evil.example scope=shop",
            "the policy that the lookup returned does not allow it",
            "help: list the origin in that policy",
        ] {
            assert!(event.contains(words), "{event}");
        }
    }

    #[test]
    fn an_insecure_origin_that_a_predicate_allows_is_reported_once_with_the_reason() {
        let (layer, _) = allowing_all(Policy::builder().allow_credentials(true));
        let events = reported(tracing::Level::WARN, || {
            for _ in 0..3 {
                assert_eq!(allowed_of(&layer, "http://app.example.com"), None);
                assert_eq!(
                    allowed_of(&layer, "https://app.example.com").as_deref(),
                    Some(APP)
                );
                assert_eq!(allowed_of(&layer, "null"), None);
            }
        });
        let [event] = &*events else {
            panic!("{events:?}")
        };
        assert!(event.starts_with("WARN tower_cors "), "{event}");
        assert!(
            event.contains(" origin=http://app.example.com scope="),
            "{event}"
        );
        assert!(
            event.contains("with credentials a network attacker"),
            "{event}"
        );
        assert!(
            event.contains("dangerously_allow_insecure_origin"),
            "{event}"
        );
    }

    #[test]
    fn a_predicate_that_says_no_is_not_reported() {
        let base = Policy::builder().allow_credentials(true);
        let policies =
            DynamicPolicies::from_predicate(base, |_, _| ready(Ok::<_, Infallible>(false)));
        let layer = CorsLayer::new(policies.unwrap());
        let events = reported(tracing::Level::DEBUG, || {
            for origin in ["http://app.example.com", EVIL] {
                assert_eq!(allowed_of(&layer, origin), None);
            }
        });
        assert_eq!(events, [""; 0]);
    }
}

#[test]
fn a_scope_is_text_and_no_text_is_the_default() {
    let shop = Scope::from("shop");
    for scope in [
        "shop".to_owned().into(),
        (&"shop".to_owned()).into(),
        Box::<str>::from("shop").into(),
        Arc::<str>::from("shop").into(),
        std::borrow::Cow::from("shop").into(),
        Some("shop").into(),
        Some("shop".to_owned()).into(),
        (&shop).into(),
        Some(&shop).into(),
    ] {
        let scope: Scope = scope;
        assert_eq!(scope, shop);
        assert_eq!(scope, "shop");
        assert_eq!(scope, *"shop");
        assert_eq!("shop", scope);
        assert_ne!(scope, "other");
        assert_eq!(scope.to_string(), "shop");
        assert!(!scope.is_empty());
    }
    for none in [
        Scope::from(""),
        None::<String>.into(),
        Some("").into(),
        Scope::default(),
    ] {
        assert_eq!(none, Scope::default());
        assert_eq!(none, "");
        assert!(none.is_empty());
    }
}

#[test]
fn a_scope_is_taken_of_an_optional_host() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let policies = DynamicPolicies::new(move |_, tenant| {
        seen.lock().unwrap().push(tenant);
        ready(Ok::<_, Infallible>(None))
    });
    let layer = CorsLayer::new(policies.scope(|head| head.host()));
    send_through(&layer, &[], get(APP));
    let with_host = request(
        Method::GET,
        &[(ORIGIN, APP), (http::header::HOST, "Shop.Example")],
    );
    send_through(&layer, &[], with_host);
    assert_eq!(
        *asked.lock().unwrap(),
        [Scope::default(), "shop.example".into()]
    );
}

/// What happens to a permission, in the order of time.
#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    Revoke,
    Allow,
    Fail(bool),
    Invalidate,
    /// A page in this browser sends a PUT, with a preflight if it keeps no permission.
    Put(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1_u64..4_000).prop_map(Event::Pass),
        1 => Just(Event::Revoke),
        1 => Just(Event::Allow),
        1 => any::<bool>().prop_map(Event::Fail),
        1 => Just(Event::Invalidate),
        6 => (0_usize..3).prop_map(Event::Put),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn k1_no_page_uses_a_permission_later_than_its_revocation_plus_max_age(
        seconds in 1_u64..12,
        events in prop::collection::vec(event(), 1..80),
    ) {
        let max_age = Duration::from_secs(seconds);
        let policy = built(app_only().allow_methods([Method::PUT]).max_age(max_age));
        let source = Source::new(app_only().max_age(max_age));
        source.policies.lock().unwrap().insert(APP.to_owned(), policy.clone());
        let layer = source.layer();
        let mut revoked_at: Option<Instant> = None;
        // Until when each browser keeps its permission.
        let mut browsers: [Option<Instant>; 3] = [None; 3];
        for event in events {
            let now = source.clock.now();
            match event {
                Event::Pass(millis) => source.clock.advance(Duration::from_millis(millis)),
                Event::Revoke => {
                    source.revoke(APP);
                    revoked_at = revoked_at.or(Some(now));
                }
                Event::Allow => {
                    source.policies.lock().unwrap().insert(APP.to_owned(), policy.clone());
                    revoked_at = None;
                }
                Event::Fail(fails) => source.behave(if fails { Behaviour::Fail } else { Behaviour::Answer }),
                Event::Invalidate => source.cache.invalidate_all(),
                Event::Put(browser) => {
                    if browsers[browser].is_none_or(|until| until <= now) {
                        let answer = send_through(&layer, &[], preflight(APP, "PUT", ""));
                        if answer.status != 204 {
                            browsers[browser] = None;
                            continue;
                        }
                        let left = answer.header("access-control-max-age").unwrap().parse().unwrap();
                        browsers[browser] = Some(now + Duration::from_secs(left));
                    }
                    // The PUT is sent.
                    if let Some(revoked) = revoked_at {
                        prop_assert!(now <= revoked + max_age, "{:?} after the revocation", now - revoked);
                    }
                }
            }
        }
    }
}
