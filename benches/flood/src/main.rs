//! A flood of invented origins against the preflight cache, with the origins in use in between.
//!
//! ```sh
//! cargo run --release -p tower-cors-flood [requests]
//! ```
//!
//! It prints what memory the process has before and after, how many requests of the origins in use found their decision in
//! the cache, and what an entry costs; and fails where a promise is broken.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, header};
use tower::{Layer, Service, service_fn};
use tower_cors::{CorsLayer, DynamicPolicies, Origin, Policy, PreflightCache, Scope};
use tower_cors_flood::resident;

const CAPACITY: usize = 10_000;
const IN_USE: usize = 1_000;
/// Longer than any run, so that no decision expires.
const MAX_AGE: Duration = Duration::from_secs(86_400);

/// A service behind the layer, whose lookups of origins in use are counted.
struct Flooded {
    layer: CorsLayer,
    cache: PreflightCache,
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
        let look_up = move |origin: Origin, _: Scope| {
            let in_use = origin
                .host()
                .is_some_and(|host| host.ends_with(".tenant.example"));
            counter.fetch_add(usize::from(in_use), Ordering::Relaxed);
            ready(Ok::<_, Infallible>(in_use.then(|| policy.clone())))
        };
        let cache = PreflightCache::builder()
            .capacity(capacity)
            .refusals_for(MAX_AGE)
            .build();
        Self {
            layer: CorsLayer::new(DynamicPolicies::new(look_up).cache(cache.clone())),
            cache,
            looked_up,
        }
    }

    /// Sends a GET, and says whether its page may read the response.
    fn get(&self, origin: String) -> bool {
        let mut request = Request::new(());
        let origin = HeaderValue::try_from(origin).expect("a value");
        request.headers_mut().insert(header::ORIGIN, origin);
        let response = self
            .layer
            .layer(service_fn(answer))
            .call(request)
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
        assert!(!self.get(format!("https://n{number:08}.evil.example")));
    }
}

fn answer(_: Request<()>) -> Ready<Result<Response<()>, Infallible>> {
    ready(Ok(Response::new(())))
}

/// Sends `requests` of invented origins, and after each `burst` of them `between` of those in use. Says whether what is
/// promised was kept.
fn flood(name: &str, requests: usize, burst: usize, between: usize) -> bool {
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
        flooded.invented(CAPACITY + number);
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
        "{name}: {requests} invented origins, {asked} requests of {IN_USE} in use: {hits:.3} % of these found in the cache; \
         {} entries; resident {before} KiB before, {warm} KiB when full, {after} KiB after; {seconds:.1} s",
        flooded.cache.statistics().entries
    );
    // Two MiB are what an allocator may keep of its own; ten million entries would be two thousand.
    hits > 99.0 && after <= warm + 2048 && flooded.cache.statistics().entries <= CAPACITY
}

/// What an entry costs, of an origin of usual length.
fn entry() {
    const ENTRIES: usize = 1_000_000;
    let before = resident();
    let flooded = Flooded::new(ENTRIES);
    (0..ENTRIES).for_each(|number| flooded.invented(number));
    let entries = flooded.cache.statistics().entries;
    let bytes = (resident() - before) * 1024 / entries;
    println!("an entry: {bytes} bytes, of {entries} refused origins of 28 bytes");
}

/// Requests that wait for a source which never answers, and are dropped.
fn hanging() -> bool {
    let source = |_: Origin, _: Scope| std::future::pending::<Result<Option<Policy>, Infallible>>();
    let layer = CorsLayer::new(DynamicPolicies::new(source));
    let send = |number: usize| {
        let mut request = Request::new(());
        let origin = format!("https://n{number:08}.evil.example");
        let origin = HeaderValue::try_from(origin).expect("a value");
        request.headers_mut().insert(header::ORIGIN, origin);
        let waiting = layer.layer(service_fn(answer)).call(request);
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

fn main() -> ExitCode {
    let requests = std::env::args()
        .nth(1)
        .map_or(Ok(10_000_000), |requests| requests.parse());
    let Ok(requests) = requests else {
        eprintln!("say how many requests: a number");
        return ExitCode::FAILURE;
    };
    let kept = [
        flood("steady", requests, 10, 1),
        flood("bursts", requests, 100_000.min(requests), IN_USE),
        hanging(),
    ];
    entry();
    if kept.contains(&false) {
        eprintln!("a promise was broken");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
