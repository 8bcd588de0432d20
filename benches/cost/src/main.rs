//! What a request costs: instructions, allocations and nanoseconds, of this crate beside tower-http's layer and a minimum
//! written by hand, over the same service with a layer that does nothing.
//!
//! `benches/run` builds this program, runs it under callgrind, and prints the table. A second argument measures only the
//! scenarios whose names contain one of its parts between `|`, a third only such variants. Under callgrind each call of
//! [`measured`] is one dump, in the order in which this program prints its labels.

mod connection;
mod empty;
mod hand;
mod threads;
mod turns;

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::FutureExt;
use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, COOKIE, ETAG,
    HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::{HeaderMap, Method, Request, Response};
use tower::{Layer, Service};
use tower_cors::{
    CorsLayer, DynamicPolicies, Enforcement, Origin, OriginSet, Policy, PolicyBuilder,
    PolicyHandle, PolicyList, Scope,
};
use tower_http::cors as peer;

use crate::empty::Empty;
use crate::hand::Hand;
use crate::turns::Turns;

const APP: &str = "https://app.example.com";
const REJECTED: &str = "https://evil.example.net";
const MAX_AGE: Duration = Duration::from_secs(600);
/// The headers of a response with a body: `Content-Type` and `Content-Length`.
const BODY: usize = 2;
/// Requests of one measurement.
const REQUESTS: usize = 200;
/// Of which so many go ahead, where time is measured.
const WARM_UP: usize = 20;

/// Runs `act` for each of the inputs. Under callgrind, what happens in here is what is counted.
#[inline(never)]
fn measured<T, R>(inputs: Vec<T>, mut act: impl FnMut(T) -> R) {
    for input in inputs {
        drop(black_box(act(input)));
    }
}

/// How the program was told to measure.
#[derive(PartialEq)]
enum Figure {
    /// Under callgrind: print the label of each dump.
    Instructions,
    Allocations,
    Nanoseconds,
}

struct Meter {
    figure: Figure,
    /// The variants of a scenario whose nanoseconds are to be measured together.
    turns: RefCell<Turns>,
}

impl Meter {
    fn of(figure: Figure) -> Self {
        let turns = RefCell::default();
        Self { figure, turns }
    }

    /// Measures `act` and prints `scenario | variant | figure`, by one input.
    fn measure<T, R>(
        &self,
        scenario: &str,
        variant: &'static str,
        input: impl Fn() -> T + 'static,
        act: impl FnMut(T) -> R + 'static,
    ) {
        self.measure_times(REQUESTS, scenario, variant, input, act);
    }

    fn measure_times<T, R>(
        &self,
        times: usize,
        scenario: &str,
        variant: &'static str,
        input: impl Fn() -> T + 'static,
        mut act: impl FnMut(T) -> R + 'static,
    ) {
        let is_left_out = |nth, name: &str| {
            std::env::args()
                .nth(nth)
                .is_some_and(|only| !only.split('|').any(|part| name.contains(part)))
        };
        if is_left_out(2, scenario) || is_left_out(3, variant) {
            return;
        }
        let inputs = move || (0..times).map(|_| input()).collect::<Vec<T>>();
        // Lazily made things are made before.
        for input in inputs() {
            drop(act(input));
        }
        match self.figure {
            Figure::Instructions => {
                let inputs = inputs();
                println!("{scenario}|{variant}|{times}");
                measured(inputs, &mut act);
            }
            Figure::Allocations => {
                let inputs = inputs();
                // The vector of inputs itself is freed within, which is no allocation.
                let counted = allocation_counter::measure(|| measured(inputs, &mut act));
                let each = |count: u64| count as f64 / times as f64;
                println!(
                    "{scenario}|{variant}|{:.1}|{:.0}",
                    each(counted.count_total),
                    each(counted.bytes_total)
                );
            }
            Figure::Nanoseconds => self.turns.borrow_mut().add(scenario, variant, move || {
                // The variant before may have left the processor's caches full of its own.
                inputs()
                    .into_iter()
                    .take(WARM_UP)
                    .for_each(|input| drop(act(input)));
                let inputs = inputs();
                let start = Instant::now();
                measured(inputs, &mut act);
                start.elapsed().as_nanos() as f64 / times as f64
            }),
        }
    }

    /// Measures requests through an Axum router with this layer, cloned for each request as `axum::serve` does.
    fn through_axum<L>(
        &self,
        scenario: &str,
        variant: &'static str,
        layer: L,
        request: fn() -> Request<Body>,
    ) where
        L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    {
        let app = Router::new()
            .route("/", get(|| ready("served")))
            .layer(layer)
            .with_state::<()>(());
        self.measure(scenario, variant, request, move |request| {
            app.clone()
                .call(request)
                .now_or_never()
                .expect("nothing waits")
        });
    }

    /// Measures requests through this layer around an Axum router, which needs no boxes for it.
    fn around_axum<L>(
        &self,
        scenario: &str,
        variant: &'static str,
        layer: &L,
        request: fn() -> Request<Body>,
    ) where
        L: Layer<Router>,
        L::Service:
            Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + 'static,
    {
        let app = Router::new().route("/", get(|| ready("served")));
        let service = layer.layer(app.with_state(()));
        self.measure(scenario, variant, request, move |request| {
            service
                .clone()
                .call(request)
                .now_or_never()
                .expect("nothing waits")
        });
    }

    /// Measures requests to a bare service with this layer, cloned for each request as Hyper's adapter does.
    fn bare<L>(
        &self,
        scenario: &str,
        variant: &'static str,
        layer: &L,
        request: fn() -> Request<Body>,
        headers: usize,
    ) where
        L: Layer<Bare>,
        L::Service:
            Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + 'static,
    {
        let service = layer.layer(Bare { headers });
        self.measure(scenario, variant, request, move |request| {
            service
                .clone()
                .call(request)
                .now_or_never()
                .expect("nothing waits")
        });
    }
}

/// A service that answers at once, with so many headers; with four and more one is a `Vary`.
#[derive(Clone)]
struct Bare {
    headers: usize,
}

const SET: [(HeaderName, HeaderValue); 8] = [
    (CONTENT_TYPE, HeaderValue::from_static("text/plain")),
    (http::header::CONTENT_LENGTH, HeaderValue::from_static("6")),
    (VARY, HeaderValue::from_static("Accept-Encoding")),
    (ETAG, HeaderValue::from_static("\"1\"")),
    (
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache"),
    ),
    (http::header::SERVER, HeaderValue::from_static("bare")),
    (
        http::header::DATE,
        HeaderValue::from_static("Mon, 23 Nov 2026 00:00:00 GMT"),
    ),
    (
        http::header::LAST_MODIFIED,
        HeaderValue::from_static("Mon, 23 Nov 2026 00:00:00 GMT"),
    ),
];

impl Service<Request<Body>> for Bare {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        for (name, value) in SET.iter().take(self.headers) {
            response.headers_mut().insert(name, value.clone());
        }
        ready(Ok(response))
    }
}

/// What Chromium sends beside the headers of CORS.
const OTHERS: [(HeaderName, &str); 11] = [
    (http::header::HOST, "api.example.com"),
    (http::header::CONNECTION, "keep-alive"),
    (http::header::ACCEPT, "*/*"),
    (
        http::header::USER_AGENT,
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    ),
    (HeaderName::from_static("sec-fetch-mode"), "cors"),
    (HeaderName::from_static("sec-fetch-site"), "same-site"),
    (HeaderName::from_static("sec-fetch-dest"), "empty"),
    (http::header::REFERER, "https://app.example.com/"),
    (http::header::ACCEPT_ENCODING, "gzip, deflate, br, zstd"),
    (http::header::ACCEPT_LANGUAGE, "en-GB,en;q=0.9"),
    (COOKIE, "session=0123456789abcdef"),
];

fn request(method: Method, headers: &[(HeaderName, &'static str)]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    for (name, value) in OTHERS.iter().chain(headers) {
        request
            .headers_mut()
            .insert(name, value_of_hyper(HeaderValue::from_static(value)));
    }
    request
}

/// Hyper's values share the buffer that they were read into, so that cloning one is a reference count.
fn value_of_hyper(value: HeaderValue) -> HeaderValue {
    let owned = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
    // The first clone makes the bytes shared.
    drop(owned.clone());
    owned
}

fn get_without_origin() -> Request<Body> {
    request(Method::GET, &[])
}

fn get_allowed() -> Request<Body> {
    request(Method::GET, &[(ORIGIN, APP)])
}

/// As HTTP/2 sends cookies.
fn get_with_crumbs() -> Request<Body> {
    let mut request = get_allowed();
    let crumb = value_of_hyper(HeaderValue::from_static("theme=dark"));
    request.headers_mut().append(COOKIE, crumb);
    request
}

fn get_rejected() -> Request<Body> {
    request(Method::GET, &[(ORIGIN, REJECTED)])
}

/// An `Origin` that no browser sends, as long as it fits a request.
fn get_long_origin() -> Request<Body> {
    let mut request = get_rejected();
    let origin = format!("https://{}.example.com", "a.".repeat(32 * 1024));
    request
        .headers_mut()
        .insert(ORIGIN, HeaderValue::try_from(origin).expect("a value"));
    request
}

fn preflight(origin: &'static str, headers: String) -> Request<Body> {
    let mut request = request(
        Method::OPTIONS,
        &[(ORIGIN, origin), (ACCESS_CONTROL_REQUEST_METHOD, "PUT")],
    );
    request.headers_mut().insert(
        ACCESS_CONTROL_REQUEST_HEADERS,
        HeaderValue::try_from(headers).expect("a value"),
    );
    request
}

fn preflight_allowed() -> Request<Body> {
    preflight(APP, "content-type".to_owned())
}

fn preflight_rejected() -> Request<Body> {
    preflight(REJECTED, "content-type".to_owned())
}

fn preflight_commas() -> Request<Body> {
    preflight(APP, ",".repeat(8192))
}

fn preflight_names() -> Request<Body> {
    preflight(APP, "x-abcde,".repeat(8192))
}

/// The app's origin and others.
fn origins(count: usize) -> impl Iterator<Item = String> {
    (1..count)
        .map(|number| format!("https://app{number}.example.com"))
        .chain([APP.to_owned()])
}

fn ours(builder: PolicyBuilder) -> Policy {
    let lists = builder
        .allow_methods([Method::PUT])
        .allow_headers([CONTENT_TYPE])
        .max_age(MAX_AGE);
    lists.build().expect("no mistake")
}

fn ours_of(count: usize) -> CorsLayer {
    CorsLayer::new(ours(Policy::builder().allow_origins(origins(count))))
}

fn theirs() -> peer::CorsLayer {
    peer::CorsLayer::new()
        .allow_methods([Method::PUT])
        .allow_headers([CONTENT_TYPE])
        .max_age(MAX_AGE)
}

fn theirs_of(count: usize) -> peer::CorsLayer {
    let origins: Vec<HeaderValue> = origins(count)
        .map(|origin| origin.try_into().expect("a value"))
        .collect();
    theirs().allow_origin(origins)
}

/// Measures a scenario of listed origins through Axum and bare, in all variants.
fn listed(meter: &Meter, what: &str, count: usize, request: fn() -> Request<Body>) {
    let (ours, hand) = (ours_of(count), Hand::new(origins(count)));
    let name = format!("Axum, {what}, {count} origins");
    meter.through_axum(&name, "floor", Empty, request);
    meter.through_axum(&name, "ours", ours.clone(), request);
    meter.through_axum(&name, "hand", hand.clone(), request);
    let configured = Hand::configured(origins(count));
    let is_preflight = request().method() == Method::OPTIONS;
    if is_preflight {
        meter.through_axum(&name, "hand, configured", configured.clone(), request);
    }
    let theirs = (count <= 100_000).then(|| theirs_of(count));
    if let Some(theirs) = &theirs {
        meter.through_axum(&name, "tower-http", theirs.clone(), request);
    }
    let name = format!("bare, {what}, {count} origins");
    meter.bare(&name, "floor", &Empty, request, BODY);
    meter.bare(&name, "ours", &ours, request, BODY);
    meter.bare(&name, "hand", &hand, request, BODY);
    if is_preflight {
        meter.bare(&name, "hand, configured", &configured, request, BODY);
    }
    if let Some(theirs) = &theirs {
        meter.bare(&name, "tower-http", theirs, request, BODY);
    }
}

/// Measures another policy, bare, over the same service without it.
fn other(
    meter: &Meter,
    name: &str,
    layer: Policy,
    theirs: Option<peer::CorsLayer>,
    request: fn() -> Request<Body>,
) {
    source(meter, name, &CorsLayer::new(layer), theirs, request);
}

fn source(
    meter: &Meter,
    name: &str,
    layer: &CorsLayer,
    theirs: Option<peer::CorsLayer>,
    request: fn() -> Request<Body>,
) {
    let name = format!("bare, {name}");
    meter.bare(&name, "floor", &Empty, request, BODY);
    meter.bare(&name, "ours", layer, request, BODY);
    if let Some(theirs) = theirs {
        meter.bare(&name, "tower-http", &theirs, request, BODY);
    }
}

fn main() {
    let figure = match std::env::args().nth(1).as_deref() {
        Some("instructions") => Figure::Instructions,
        Some("allocations") => Figure::Allocations,
        Some("nanoseconds") => Figure::Nanoseconds,
        Some("build") => return build_times(),
        Some("sizes") => return sizes(),
        Some("threads") => return threads::threads(),
        _ => {
            eprintln!(
                "say what to measure: instructions, allocations, nanoseconds, build, sizes or threads"
            );
            std::process::exit(2);
        }
    };
    let meter = &Meter::of(figure);
    for count in [1, 10, 1_000, 100_000, 1_000_000] {
        // Callgrind would build the million for minutes; the instructions of a lookup are those of 100,000.
        if count <= 100_000 || meter.figure != Figure::Instructions {
            listed(meter, "GET allowed", count, get_allowed);
        }
    }
    for count in [1, 100_000] {
        listed(meter, "GET without Origin", count, get_without_origin);
        listed(meter, "GET rejected", count, get_rejected);
        listed(meter, "preflight rejected", count, preflight_rejected);
    }
    for count in [1, 10, 100_000] {
        listed(meter, "preflight allowed", count, preflight_allowed);
    }
    listed(meter, "GET with cookies in two lines", 1, get_with_crumbs);
    listed(meter, "GET with 64 KiB of Origin", 1, get_long_origin);
    listed(meter, "preflight with 8 KiB of commas", 1, preflight_commas);
    listed(meter, "preflight with 64 KiB of names", 1, preflight_names);
    around(meter, "GET allowed", get_allowed);
    around(meter, "GET without Origin", get_without_origin);
    around(meter, "preflight allowed", preflight_allowed);
    policies(meter);
    protections(meter);
    sources(meter);
    responses(meter);
    parts(meter);
    connection::connections(meter);
    meter.turns.borrow_mut().take();
}

/// Measures a scenario of one listed origin with the layer around the router instead of in it.
fn around(meter: &Meter, what: &str, request: fn() -> Request<Body>) {
    let name = format!("around Axum, {what}, 1 origins");
    meter.around_axum(&name, "floor", &Empty, request);
    meter.around_axum(&name, "ours", &ours_of(1), request);
    meter.around_axum(&name, "hand", &Hand::new(origins(1)), request);
    if request().method() == Method::OPTIONS {
        let configured = Hand::configured(origins(1));
        meter.around_axum(&name, "hand, configured", &configured, request);
    }
    meter.around_axum(&name, "tower-http", &theirs_of(1), request);
}

fn policies(meter: &Meter) {
    let any = || Policy::builder().allow_any_origin();
    other(
        meter,
        "GET, any origin",
        ours(any()),
        Some(theirs().allow_origin(peer::Any)),
        get_allowed,
    );
    for count in [1, 100_000] {
        let patterns = (1..count).map(|number| format!("https://*.tenant{number}.example.org"));
        let patterns = patterns.chain(["https://*.example.com".to_owned()]);
        let policy = ours(Policy::builder().allow_origins(patterns));
        other(
            meter,
            &format!("GET of a subdomain, {count} patterns"),
            policy,
            None,
            get_allowed,
        );
    }
    let by_predicate = ours(Policy::builder().allow_origins_where(|origin| origin.as_str() == APP));
    let their_predicate = theirs().allow_origin(peer::AllowOrigin::predicate(|origin, _| {
        origin.as_bytes() == APP.as_bytes()
    }));
    other(
        meter,
        "GET, predicate",
        by_predicate,
        Some(their_predicate),
        get_allowed,
    );
    let credentials = Policy::builder()
        .allow_origins([APP])
        .allow_credentials(true)
        .expose_headers([ETAG]);
    let their_credentials = theirs_of(1).allow_credentials(true).expose_headers([ETAG]);
    other(
        meter,
        "GET, credentials and exposed headers",
        ours(credentials),
        Some(their_credentials),
        get_allowed,
    );
    let mirror = || {
        let any = Policy::builder()
            .allow_origins([APP])
            .allow_any_method()
            .allow_any_header();
        any.allow_credentials(true)
            .max_age(MAX_AGE)
            .build()
            .expect("no mistake")
    };
    let their_mirror = || {
        let request = peer::AllowHeaders::mirror_request();
        theirs_of(1)
            .allow_credentials(true)
            .allow_headers(request)
            .allow_methods(peer::AllowMethods::mirror_request())
    };
    other(
        meter,
        "preflight, mirrored",
        mirror(),
        Some(their_mirror()),
        preflight_allowed,
    );
    other(
        meter,
        "preflight, mirrored, 8 KiB of commas",
        mirror(),
        Some(their_mirror()),
        preflight_commas,
    );
    other(
        meter,
        "preflight, mirrored, 64 KiB of names",
        mirror(),
        Some(their_mirror()),
        preflight_names,
    );
}

/// Measures policies that block requests, without and with a check of the host.
fn protections(meter: &Meter) {
    let blocking = || {
        let policy = Policy::builder().allow_origins([APP]);
        policy.enforce(Enforcement::Block)
    };
    let get = |name: &str, builder| other(meter, name, ours(builder), None, get_allowed);
    get("GET, blocking", blocking());
    get("GET with hosts", blocking().hosts(["api.example.com"]));
    let hosts = (1..100).map(|number| format!("{number}.example.com"));
    let hosts = hosts.chain(["api.example.com".to_owned()]);
    get("GET with 100 hosts", blocking().hosts(hosts));
    let subdomains = blocking().hosts(["*.example.com"]);
    get("GET with hosts, subdomain", subdomains);
}

fn sources(meter: &Meter) {
    let policy = || ours(Policy::builder().allow_origins([APP]));
    source(
        meter,
        "GET, policy handle",
        &CorsLayer::new(PolicyHandle::new(policy())),
        None,
        get_allowed,
    );
    source(
        meter,
        "GET, first of two",
        &CorsLayer::new([policy(), policy()]),
        None,
        get_allowed,
    );
    source(
        meter,
        "GET, first of two, one a handle",
        &CorsLayer::new(PolicyList::new(PolicyHandle::new(policy())).then(policy())),
        None,
        get_allowed,
    );
    let found = policy();
    let lookup = move |_: Origin, _: Scope| ready(Ok::<_, Infallible>(Some(found.clone())));
    let dynamic = CorsLayer::new(DynamicPolicies::new(lookup));
    let async_predicate =
        theirs().allow_origin(peer::AllowOrigin::async_predicate(|_, _| ready(true)));
    source(
        meter,
        "GET, lookup, cached",
        &dynamic,
        Some(async_predicate.clone()),
        get_allowed,
    );
    source(
        meter,
        "preflight, lookup, cached",
        &dynamic,
        Some(async_predicate),
        preflight_allowed,
    );
    let forgetful = |_: Origin, _: Scope| {
        let policy = Policy::builder()
            .allow_origins([APP])
            .max_age(Duration::ZERO)
            .build();
        ready(policy.map(Some).map_err(|error| error.to_string()))
    };
    source(
        meter,
        "GET, lookup, not cached",
        &CorsLayer::new(DynamicPolicies::new(forgetful)),
        None,
        get_allowed,
    );
}

fn responses(meter: &Meter) {
    let (ours, hand, theirs) = (ours_of(1), Hand::new(origins(1)), theirs_of(1));
    for headers in [0, 2, 4, 8] {
        let name = format!("bare, GET allowed, the response has {headers} headers");
        meter.bare(&name, "floor", &Empty, get_allowed, headers);
        meter.bare(&name, "ours", &ours, get_allowed, headers);
        meter.bare(&name, "hand", &hand, get_allowed, headers);
        meter.bare(&name, "tower-http", &theirs, get_allowed, headers);
    }
}

/// Parts that are called alone, without a floor.
fn parts(meter: &Meter) {
    let layer = ours_of(1_000);
    meter.measure(
        "clone of the layer, 1000 origins",
        "ours",
        || (),
        move |()| layer.clone(),
    );
    let theirs = theirs_of(1_000);
    meter.measure(
        "clone of the layer, 1000 origins",
        "tower-http",
        || (),
        move |()| theirs.clone(),
    );
    let policy = ours(Policy::builder().allow_origins([APP]));
    let mut headers = HeaderMap::new();
    headers.insert(ORIGIN, HeaderValue::from_static(APP));
    meter.measure(
        "Policy::decide",
        "ours",
        || (),
        move |()| policy.decide(&Method::GET, &headers),
    );
    let header = HeaderValue::from_static(APP);
    meter.measure(
        "parsing an origin",
        "ours",
        || (),
        move |()| Origin::try_from(&header),
    );
    for count in [1, 1_000, 100_000, 1_000_000] {
        if count > 100_000 && meter.figure == Figure::Instructions {
            continue;
        }
        let set: OriginSet = origins(count)
            .map(|origin| origin.parse().expect("an origin"))
            .collect::<Vec<_>>()
            .into_iter()
            .collect();
        // Drawn from all over the table, so that the processor's caches count.
        let asked: Vec<Origin> = (0..REQUESTS)
            .map(|draw| {
                if count == 1 {
                    APP.to_owned()
                } else {
                    format!("https://app{}.example.com", 1 + draw * 7919 % (count - 1))
                }
            })
            .map(|origin| origin.parse().expect("an origin"))
            .collect();
        let mut next = 0;
        meter.measure(
            &format!("OriginSet::contains, {count} origins"),
            "ours",
            || (),
            move |()| {
                next = (next + 1) % asked.len();
                set.contains(&asked[next])
            },
        );
    }
}

fn build_times() {
    let time = |what: &str, origins: &[String]| {
        let start = Instant::now();
        let policy = ours(Policy::builder().allow_origins(origins));
        println!(
            "building a policy of {what}: {:.2} s",
            start.elapsed().as_secs_f64()
        );
        drop(policy);
    };
    time("1,000,000 origins", &origins(1_000_000).collect::<Vec<_>>());
    time(
        "100,000 patterns",
        &(0..100_000)
            .map(|n| format!("https://*.tenant{n}.example.org"))
            .collect::<Vec<_>>(),
    );
}

fn sizes() {
    fn future_of<S: Service<Request<Body>>>(_: &S) -> usize {
        size_of::<S::Future>()
    }
    let inner = future_of(&Bare { headers: 0 });
    let layered = [
        ("ours", future_of(&ours_of(1).layer(Bare { headers: 0 }))),
        (
            "tower-http",
            future_of(&theirs_of(1).layer(Bare { headers: 0 })),
        ),
        (
            "hand",
            future_of(&Hand::new(origins(1)).layer(Bare { headers: 0 })),
        ),
    ];
    println!("future of the inner service: {inner} bytes");
    for (variant, size) in layered {
        println!(
            "future, {variant}: {} bytes more",
            size as isize - inner as isize
        );
    }
    println!(
        "layer, ours: {} bytes, tower-http: {} bytes",
        size_of::<CorsLayer>(),
        size_of::<peer::CorsLayer>()
    );
}
