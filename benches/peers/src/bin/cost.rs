//! What a request costs with the CORS middleware of each framework, in instructions and allocations, and the same
//! request through the same application without it.
//!
//! `benches/peers/run` builds this program, runs it under callgrind, and prints the table. Under callgrind each call of
//! [`measured`] is one dump, in the order in which this program prints its labels.

use std::hint::black_box;

use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONNECTION, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN,
    REFERER, USER_AGENT,
};
use http::{Method, Request, Response};
use tower_cors_peers::{Middleware, Policy, Visitor};

const APP: &str = "https://app.example.com";
const REJECTED: &str = "https://evil.example.net";
/// Requests of one measurement; Actix keeps 128 for use again, so fewer than those.
const REQUESTS: usize = 100;

/// Runs `act` for each of the inputs. Under callgrind, what happens in here is what is counted.
#[inline(never)]
fn measured<Q, R>(inputs: Vec<Q>, act: impl Fn(Q) -> R) {
    for input in inputs {
        drop(black_box(act(input)));
    }
}

/// Measures one request and prints `scenario | variant | figures`.
struct Meter<'a> {
    allocations: bool,
    scenario: &'a str,
    variant: String,
    request: &'a Request<()>,
}

impl Visitor for Meter<'_> {
    fn visit<Q, R>(
        &mut self,
        ask: impl Fn(&Request<()>) -> Q,
        call: impl Fn(Q) -> R,
        _: impl Fn(R) -> Response<()>,
    ) {
        let inputs = || (0..REQUESTS).map(|_| ask(self.request)).collect::<Vec<Q>>();
        // Lazily made things are made before.
        for input in inputs() {
            drop(call(input));
        }
        let inputs = inputs();
        let Self {
            scenario, variant, ..
        } = self;
        if self.allocations {
            let counted = allocation_counter::measure(|| measured(inputs, call));
            let each = |count: u64| count as f64 / REQUESTS as f64;
            let (count, bytes) = (each(counted.count_total), each(counted.bytes_total));
            println!("{scenario}|{variant}|{count:.1}|{bytes:.0}");
        } else {
            println!("{scenario}|{variant}|{REQUESTS}");
            measured(inputs, call);
        }
    }
}

/// What Chromium sends beside the headers of CORS.
const OTHERS: [(HeaderName, &str); 11] = [
    (HOST, "api.example.com"),
    (CONNECTION, "keep-alive"),
    (ACCEPT, "*/*"),
    (
        USER_AGENT,
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    ),
    (HeaderName::from_static("sec-fetch-mode"), "cors"),
    (HeaderName::from_static("sec-fetch-site"), "same-site"),
    (HeaderName::from_static("sec-fetch-dest"), "empty"),
    (REFERER, "https://app.example.com/"),
    (ACCEPT_ENCODING, "gzip, deflate, br, zstd"),
    (ACCEPT_LANGUAGE, "en-GB,en;q=0.9"),
    (COOKIE, "session=0123456789abcdef"),
];

fn request(method: Method, headers: &[(HeaderName, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    for (name, value) in OTHERS.iter().chain(headers) {
        let value = HeaderValue::from_str(value).expect("a value");
        // A clone makes the bytes shared, as those are that Hyper has read.
        drop(value.clone());
        request.headers_mut().insert(name, value);
    }
    request
}

fn get(origin: &str) -> Request<()> {
    request(Method::GET, &[(ORIGIN, origin)])
}

fn preflight(origin: &str, headers: &str) -> Request<()> {
    let asked = [
        (ORIGIN, origin),
        (ACCESS_CONTROL_REQUEST_METHOD, "PUT"),
        (ACCESS_CONTROL_REQUEST_HEADERS, headers),
    ];
    request(Method::OPTIONS, &asked)
}

/// The app's origin and others.
fn policy(count: usize) -> Policy {
    let others = (1..count).map(|number| format!("https://app{number}.example.com"));
    Policy {
        origins: others.chain([APP.to_owned()]).collect(),
        header: "x-token",
        credentials: false,
        max_age: Some(600),
    }
}

fn main() {
    let allocations = match std::env::args().nth(1).as_deref() {
        Some("instructions") => false,
        Some("allocations") => true,
        _ => {
            eprintln!("say what to measure: instructions or allocations");
            std::process::exit(2);
        }
    };
    let scenarios = [
        ("GET without Origin", vec![1], request(Method::GET, &[])),
        ("GET allowed", vec![1, 1_000, 100_000], get(APP)),
        ("GET rejected", vec![1, 1_000, 100_000], get(REJECTED)),
        ("preflight allowed", vec![1], preflight(APP, "x-token")),
        ("preflight rejected", vec![1], preflight(REJECTED, "x-token")),
        (
            "preflight with 8 KiB of commas",
            vec![1],
            preflight(APP, &",".repeat(8 * 1024)),
        ),
        (
            "preflight with 64 KiB of names",
            vec![1],
            preflight(APP, &"x-abcde,".repeat(8 * 1024)),
        ),
    ];
    for (what, counts, request) in scenarios {
        for count in counts {
            let origins = if count == 1 { "origin" } else { "origins" };
            let scenario = &format!("{what}, {count} {origins}");
            let policy = policy(count);
            for middleware in Middleware::ALL {
                // Rocket's requests cannot be made before they are measured.
                if middleware == Middleware::RocketCors {
                    continue;
                }
                for (with, policy) in [("floor of ", None), ("", Some(&policy))] {
                    let mut meter = Meter {
                        allocations,
                        scenario,
                        variant: format!("{with}{}", middleware.name()),
                        request: &request,
                    };
                    middleware.show(policy, &[], &mut meter);
                }
            }
        }
    }
}
