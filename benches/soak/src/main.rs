//! Mixed traffic against a service with the layer, for some minutes: friendly and hostile requests on HTTP/1.1 and HTTP/2,
//! connections cut at every stage, a source that fails, hangs and panics, policies replaced and decisions invalidated
//! throughout. Every answer is judged; nothing may panic, grow or get lost.
//!
//! `cargo run --release -p tower-cors-soak 10` takes ten minutes, half of one if nothing is said.

mod http1;
mod http2;
mod random;
mod request;
mod server;
mod tally;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::tally::Tally;

/// Clients of each version of HTTP, each with one connection at a time.
const CLIENTS: u64 = 8;
/// Parts of the time, after each of which the memory is read.
const PARTS: u32 = 10;
/// How much more memory may be resident at the end than after the first fifth, which warms up: what an allocator takes for
/// the peaks of what happens at random.
const MAX_GROWTH: f64 = 1.10;

fn main() -> ExitCode {
    let minutes: f64 = std::env::args()
        .nth(1)
        .map_or(0.5, |minutes| minutes.parse().expect("a number of minutes"));
    let panics = count_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let tally = Arc::new(Tally::default());
    let resident = runtime.block_on(run(Duration::from_secs_f64(minutes * 60.0), &tally));
    println!("{tally}");
    println!("unexpected panics: {}", panics.load(Ordering::Relaxed));
    let kibibytes: Vec<String> = resident.iter().map(ToString::to_string).collect();
    println!(
        "resident KiB at the start and after each part: {}",
        kibibytes.join(", ")
    );
    let (warm, last) = (resident[2], resident[resident.len() - 1]);
    let grows = last as f64 > warm as f64 * MAX_GROWTH;
    println!("after the warm-up {warm} KiB, at the end {last} KiB");
    let failed = grows || panics.load(Ordering::Relaxed) > 0 || tally.failed();
    if failed {
        println!("FAILED");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs all for this long, and returns the resident memory over that time.
async fn run(time: Duration, tally: &Arc<Tally>) -> Vec<usize> {
    let server = server::start(Arc::clone(tally)).await;
    let end = Instant::now() + time;
    let mut clients = Vec::new();
    for seed in 0..CLIENTS {
        let (address, one, two) = (server.address, Arc::clone(tally), Arc::clone(tally));
        clients.push(tokio::spawn(http1::client(
            address,
            Random::new(seed),
            end,
            one,
        )));
        let random = Random::new(1_000 + seed);
        clients.push(tokio::spawn(http2::client(address, random, end, two)));
    }
    let disturbing = tokio::spawn(server::disturb(
        server.sources,
        Random::new(2_000),
        end,
        Arc::clone(tally),
    ));
    let mut resident = vec![resident_kibibytes()];
    for _ in 0..PARTS {
        tokio::time::sleep(time / PARTS).await;
        resident.push(resident_kibibytes());
    }
    for client in clients {
        client.await.expect("a client panicked");
    }
    disturbing.await.expect("no panic");
    resident
}

/// Counts the panics that nobody asked for, and prints them.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let asked = panic.payload().downcast_ref::<&str>() == Some(&server::PANIC);
        if !asked {
            counted.fetch_add(1, Ordering::Relaxed);
            print(panic);
        }
    }));
    count
}

fn resident_kibibytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("VmRSS")
}
