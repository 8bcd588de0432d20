//! What origins cost in a snapshot.

use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tower_cors::{Policy, SnapshotPolicies};

use crate::memory::{bytes_of_an_entry, resident, shown};

/// Prints the memory of snapshots, and how long they take to build and replace.
pub(crate) fn print() -> Result<(), String> {
    // Before anything is freed that it could use again.
    let in_a_cache = bytes_of_an_entry();
    println!(
        "Origins of 34 bytes. The longest step is the longest time in which no other task of the thread runs.\n"
    );
    println!("| origins | memory | while they are replaced | to build | longest step |");
    println!("|---:|---:|---:|---:|---:|");
    for origins in [1_000, 10_000, 100_000, 1_000_000] {
        let base = Policy::builder().max_age(Duration::from_secs(600));
        let load = move || {
            let texts = (0..origins).map(|number| format!("https://n{number:07}.tenant.example"));
            ready(Ok::<_, String>(texts))
        };
        let before = resident();
        let snapshot = SnapshotPolicies::new(base, load).map_err(|errors| errors.to_string())?;
        let (took, step) = refresh(&snapshot)?;
        let memory = resident() - before;
        let held = snapshot.current();
        refresh(&snapshot)?;
        let replaced = resident() - before;
        // Memory that is free again would hide what the next row takes.
        std::mem::forget(held);
        // The best of several, because other programs may interrupt it.
        let (mut took, mut step) = (took, step);
        for _ in 0..4 {
            let again = refresh(&snapshot)?;
            (took, step) = (took.min(again.0), step.min(again.1));
        }
        std::mem::forget(snapshot.clone());
        println!(
            "| {origins} | {} | {} | {} ms | {:.1} ms |",
            shown(memory),
            shown(replaced),
            took.as_millis(),
            step.as_secs_f64() * 1e3,
        );
    }
    println!(
        "\nA permission of such an origin in a cache takes {} bytes.",
        in_a_cache
    );
    Ok(())
}

/// Loads once. Returns how long it took, and how long its longest step.
fn refresh(snapshot: &SnapshotPolicies) -> Result<(Duration, Duration), String> {
    let mut refresh = pin!(snapshot.refresh());
    let mut context = Context::from_waker(Waker::noop());
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    loop {
        let step = Instant::now();
        let polled = refresh.as_mut().poll(&mut context);
        longest = longest.max(step.elapsed());
        if let Poll::Ready(result) = polled {
            result.map_err(|error| error.to_string())?;
            return Ok((start.elapsed(), longest));
        }
    }
}
