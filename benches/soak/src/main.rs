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

use std::alloc::System;
use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::random::Random;
use crate::server::Sources;
use crate::tally::Tally;

/// Counts what is allocated and freed.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Clients of each version of HTTP, each with one connection at a time.
const CLIENTS: u64 = 8;
/// Parts of the time, after each of which the memory is read. In the first, all that is kept for good comes to be.
const PARTS: u32 = 10;
/// What may be allocated more when all is quiet at the end than when it was after the first part, in bytes.
const MAX_GROWTH: usize = 64 * 1024;
/// How much more may be resident at the end than after the first part: the allocator's own, which gives room back as it
/// likes.
const MAX_RESIDENT_GROWTH: f64 = 1.5;

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
    let part = Duration::from_secs_f64(minutes * 60.0) / PARTS;
    let memory = runtime.block_on(run(part, &tally));
    println!("{tally}");
    println!("unexpected panics: {}", panics.load(Ordering::Relaxed));
    for (part, memory) in memory.iter().enumerate() {
        println!(
            "after {:.1} minutes {memory}",
            part as f64 * minutes / f64::from(PARTS)
        );
    }
    let (warm, last) = (&memory[1], &memory[memory.len() - 1]);
    let grows = last.allocated > warm.allocated + MAX_GROWTH
        || last.resident as f64 > warm.resident as f64 * MAX_RESIDENT_GROWTH;
    if grows || panics.load(Ordering::Relaxed) > 0 || tally.failed() {
        println!("FAILED");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Runs all parts, and returns the memory before and after each, when all is quiet.
async fn run(part: Duration, tally: &Arc<Tally>) -> Vec<Memory> {
    let server = server::start(Arc::clone(tally)).await;
    let mut memory = vec![Memory::when_quiet(&server.sources).await];
    for number in 0..u64::from(PARTS) {
        let end = Instant::now() + part;
        let random = |seed| Random::new(number * 10_000 + seed);
        let mut running = Vec::new();
        for seed in 0..CLIENTS {
            let (address, one, two) = (server.address, Arc::clone(tally), Arc::clone(tally));
            running.push(tokio::spawn(http1::client(address, random(seed), end, one)));
            running.push(tokio::spawn(http2::client(
                address,
                random(1_000 + seed),
                end,
                two,
            )));
        }
        let (sources, tally) = (server.sources.clone(), Arc::clone(tally));
        running.push(tokio::spawn(server::disturb(
            sources,
            random(2_000),
            end,
            tally,
        )));
        for task in running {
            task.await.expect("no panic");
        }
        memory.push(Memory::when_quiet(&server.sources).await);
    }
    memory
}

/// What the program has.
struct Memory {
    /// In bytes, and in blocks.
    allocated: usize,
    blocks: usize,
    /// In KiB.
    resident: usize,
}

impl Memory {
    /// When nothing is kept that could be forgotten, and nothing more is freed: connections end a little after their
    /// clients.
    async fn when_quiet(sources: &Sources) -> Self {
        sources.forget();
        let mut memory = Self::now();
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let later = Self::now();
            if (later.allocated, later.blocks) == (memory.allocated, memory.blocks) {
                return later;
            }
            memory = later;
        }
    }

    fn now() -> Self {
        let stats = ALLOCATOR.stats();
        Self {
            allocated: stats.bytes_allocated - stats.bytes_deallocated,
            blocks: stats.allocations - stats.deallocations,
            resident: resident_kibibytes(),
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            allocated,
            blocks,
            resident,
        } = self;
        write!(
            f,
            "{allocated} bytes in {blocks} blocks allocated, {resident} KiB resident"
        )
    }
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
