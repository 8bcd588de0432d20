//! A flood of invented origins against the preflight cache, with the origins in use in between.
//!
//! ```sh
//! cargo run --release -p tower-cors-flood [requests]
//! ```
//!
//! It prints what memory the process has before and after, how many requests of the origins in use found their decision in
//! the cache, and what an entry costs; and fails where a promise is broken. By default there are 10,000,000 requests, and
//! at most 2 GB of memory are taken.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, header};
use tower::{Layer, Service, service_fn};
use tower_cors::{CorsLayer, DynamicPolicies, Origin, Policy, PolicyCache, Scope};
use tower_cors_flood::resident;

const CAPACITY: usize = 10_000;
const IN_USE: usize = 1_000;
/// Longer than any run, so that no decision expires.
const MAX_AGE: Duration = Duration::from_secs(86_400);

/// A service behind the layer, whose lookups of origins in use are counted.
struct Flooded {
    layer: CorsLayer,
    cache: PolicyCache,
    looked_up: Arc<AtomicUsize>,
}

impl Flooded {
    fn new(capacity: usize) -> Self {
        let looked_up = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&looked_up);
        let policy = Policy::builder()
            .allow_origins(["https://*.tenant.example"])
            .max_age(MAX_AGE)
            .build()
            .expect("no mistake");
        let lookup = move |origin: Origin, _: Scope| {
            let in_use = origin
                .host()
                .is_some_and(|host| host.ends_with(".tenant.example"));
            counter.fetch_add(usize::from(in_use), Ordering::Relaxed);
            ready(Ok::<_, Infallible>(in_use.then(|| policy.clone())))
        };
        let cache = PolicyCache::builder()
            .capacity(capacity)
            .negative_ttl(MAX_AGE)
            .build();
        Self {
            layer: CorsLayer::new(DynamicPolicies::new(lookup).cache(cache.clone())),
            cache,
            looked_up,
        }
    }

    /// Sends a GET, and says whether its page may read the response.
    fn get(&self, origin: String) -> bool {
        let response = self
            .layer
            .layer(service_fn(answer))
            .call(get(origin))
            .now_or_never();
        let Some(Ok(response)) = response else {
            unreachable!("nothing waits and nothing fails");
        };
        let headers = response.headers();
        headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    }

    fn in_use(&self, number: usize) {
        assert!(self.get(format!("https://n{number}.tenant.example")));
    }

    fn invented(&self, number: usize) {
        assert!(!self.get(invented(number)));
    }
}

fn invented(number: usize) -> String {
    format!("https://n{number:08}.evil.example")
}

fn get(origin: String) -> Request<()> {
    let mut request = Request::new(());
    let origin = HeaderValue::try_from(origin).expect("a value");
    request.headers_mut().insert(header::ORIGIN, origin);
    request
}

fn answer(_: Request<()>) -> Ready<Result<Response<()>, Infallible>> {
    ready(Ok(Response::new(())))
}

/// Sends `requests` of invented origins, `times` of each in a row, and after each `burst` of requests `between` of those in
/// use. Says whether what is promised was kept.
fn flood(name: &str, requests: usize, times: usize, burst: usize, between: usize) -> bool {
    let flooded = Flooded::new(CAPACITY);
    let before = resident();
    for _ in 0..2 {
        (0..IN_USE).for_each(|number| flooded.in_use(number));
    }
    (0..CAPACITY).for_each(|number| flooded.invented(number));
    let warm = resident();
    let known = flooded.looked_up.load(Ordering::Relaxed);
    let start = Instant::now();
    let mut asked = 0;
    for number in 0..requests {
        flooded.invented(CAPACITY + number / times);
        if (number + 1) % burst == 0 {
            for _ in 0..between {
                flooded.in_use(asked % IN_USE);
                asked += 1;
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let after = resident();
    let missed = flooded.looked_up.load(Ordering::Relaxed) - known;
    let hits = 100.0 * (1.0 - missed as f64 / asked as f64);
    println!(
        "{name}: {} invented origins, {times} requests of each, {asked} requests of {IN_USE} in use: {hits:.3} % of these found in the cache; \
         {} entries; resident {before} KiB before, {warm} KiB when full, {after} KiB after; {seconds:.1} s",
        requests / times,
        flooded.cache.stats().entries
    );
    // Two MiB are what an allocator may keep of its own; ten million entries would be two thousand.
    hits > 99.0 && after <= warm + 2048 && flooded.cache.stats().entries <= CAPACITY
}

/// What an entry costs, of an origin of usual length.
fn entry() {
    const ENTRIES: usize = 1_000_000;
    let before = resident();
    let flooded = Flooded::new(ENTRIES);
    (0..ENTRIES).for_each(|number| flooded.in_use(number));
    let entries = flooded.cache.stats().entries;
    let bytes = (resident() - before) * 1024 / entries;
    println!("an entry: {bytes} bytes, of {entries} granted origins of 25 to 30 bytes");
}

/// Requests that wait for a source which never answers, and are dropped.
fn hanging() -> bool {
    let source = |_: Origin, _: Scope| std::future::pending::<Result<Option<Policy>, Infallible>>();
    let layer = CorsLayer::new(DynamicPolicies::new(source));
    let send = |number: usize| {
        let waiting = layer.layer(service_fn(answer)).call(get(invented(number)));
        assert!(waiting.now_or_never().is_none(), "it waits");
    };
    (0..CAPACITY).for_each(send);
    let warm = resident();
    (CAPACITY..1_000_000).for_each(send);
    let after = resident();
    println!(
        "1000000 requests that a hanging source made wait, each dropped: resident {warm} KiB after {CAPACITY}, {after} KiB after all"
    );
    after <= warm + 2048
}

/// Requests that wait at once for a source which never answers and are dropped, twice: the second round finds the room
/// that the first had. Resident memory says no more, for an allocator keeps what it was given back.
fn hanging_at_once(requests: usize) -> bool {
    let source = |_: Origin, _: Scope| std::future::pending::<Result<Option<Policy>, Infallible>>();
    let layer = CorsLayer::new(DynamicPolicies::new(source));
    let round = |from: usize| {
        let send = |number: usize| {
            let request = get(invented(number));
            let mut waiting = Box::pin(layer.layer(service_fn(answer)).call(request));
            assert!(waiting.as_mut().now_or_never().is_none(), "it waits");
            waiting
        };
        let waiting: Vec<_> = (from..from + requests).map(send).collect();
        let all = resident();
        drop(waiting);
        all
    };
    let (before, first, second) = (resident(), round(0), round(requests));
    println!(
        "{requests} requests that wait at once for a hanging source: resident {before} KiB before, {first} KiB with all, \
         {second} KiB with as many others after these were dropped"
    );
    second <= first + 2048
}

fn main() -> ExitCode {
    let requests = std::env::args()
        .nth(1)
        .map_or(Ok(10_000_000), |requests| requests.parse());
    let Ok(requests) = requests else {
        eprintln!("say how many requests: a number");
        return ExitCode::FAILURE;
    };
    // First, for the others leave room to the allocator.
    entry();
    let kept = [
        flood("steady", requests, 1, 10, 1),
        flood("bursts", requests, 1, 100_000.min(requests), IN_USE),
        flood("repeated", requests, 2, 20, 1),
        hanging(),
        hanging_at_once(requests / 10),
    ];
    if kept.contains(&false) {
        eprintln!("a promise was broken");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
