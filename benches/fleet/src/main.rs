//! Simulates fleets, and prints the figures of `docs/capacity.md`, `docs/tenants.md` and `DESIGN.md`.
//!
//! ```sh
//! cargo run --release -p tower-cors-fleet                   # all tables
//! cargo run --release -p tower-cors-fleet restart clocks    # these tables
//! cargo run --release -p tower-cors-fleet waves             # how high the wave of refreshes after a restart is
//! cargo run --release -p tower-cors-fleet plan              # the tables and the plot of `docs/capacity.md`
//! cargo run --release -p tower-cors-fleet snapshots         # what a million origins cost in a snapshot and in a cache
//! cargo run --release -p tower-cors-fleet long 1000000000   # all settings with other seeds, until so many requests
//! ```
//!
//! It fails if a page uses a permission later after its revocation than Max-Age × (1 + drift) + transit. A second of a
//! replica's clock lasts at most 1 + drift seconds, and the answer to a preflight travels for at most transit. Both are 0
//! except in the table `clocks`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use tower_cors_fleet::{Report, plan, simulate};

use tables::{Row, Table};

mod memory;
mod snapshots;
mod tables;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["long", requests] => match requests.parse() {
            Ok(requests) => run_long(requests),
            Err(error) => Err(format!("`{requests}` is no number of requests: {error}")),
        },
        ["waves"] => print_waves(),
        ["plan"] => print_plan(),
        ["snapshots"] => snapshots::print(),
        names => print_tables(names),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn print_tables(names: &[&str]) -> Result<(), String> {
    let tables = tables::all();
    let is_known = |name: &&str| tables.iter().any(|table| table.name == *name);
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<&str> = tables.iter().map(|table| table.name).collect();
        return Err(format!(
            "there is no table `{unknown}`; help: choose from {}",
            known.join(", ")
        ));
    }
    let bytes = memory::bytes_of_an_entry();
    let mut violations = 0;
    for Table { name, title, rows } in tables {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        println!("\n{name}: {title}\n");
        println!(
            "| setting | requests | lookups/s, mean | lookups/s, peak | in the cache | memory of a replica \
             | waiting | wait p50, p99, max | last use after revocation p50, p99, max | revocations | 503 | unreadable \
             | violations |"
        );
        println!("|---|---:|---:|---:|---:|---:|---:|---|---|---:|---:|---:|---:|");
        for Row { name, settings } in rows {
            let report = simulate(&settings);
            let from = settings.observed_from();
            let peak = report.peak_lookups(from, usize::MAX);
            println!(
                "| {name} | {} | {:.1} | {peak} | {:.2} % | {} | {:.3} % | {} | {} | {} | {} | {} | {} |",
                report.requests,
                report.mean_lookups(),
                100.0 * report.hit_rate(),
                memory::shown(report.entries * bytes),
                100.0 * report.waits.count() as f64 / report.requests as f64,
                quantiles(&report.waits, 3),
                quantiles(&report.last_uses, 1),
                report.last_uses.count(),
                report.unavailable,
                report.unreadable,
                report.violations,
            );
            violations += report.violations;
        }
    }
    judge(violations)
}

/// Prints how high the wave of refreshes is that follows a restart of the whole fleet.
fn print_waves() -> Result<(), String> {
    println!(
        "100 replicas, 10,000 origins, Max-Age 600 s. The peak of each 150 s: \
         before the restart, and around the time when half of the Max-Age has passed since.\n"
    );
    println!(
        "| requests/s | lookups/s, mean | peak before | above the mean | peak of the wave | above the mean |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    let mut violations = 0;
    for (rate, seed) in [1_000.0, 5_000.0]
        .into_iter()
        .flat_map(|rate| [(rate, 1), (rate, 2), (rate, 3)])
    {
        let settings = tables::wave(rate, seed);
        let report = simulate(&settings);
        let restart = settings.observed_from();
        let half = settings.max_age as usize / 2;
        let before = report.lookups.get(restart - 150..restart);
        let before = before.unwrap_or_default();
        let mean = before.iter().sum::<u64>() as f64 / before.len() as f64;
        let above = |peak: u64| 100.0 * (peak as f64 / mean - 1.0);
        let normal = report.peak_lookups(restart - 150, restart);
        let wave = report.peak_lookups(restart + half - 30, restart + half + 120);
        println!(
            "| {rate} | {mean:.0} | {normal} | {:.0} % | {wave} | {:.0} % |",
            above(normal),
            above(wave)
        );
        violations += report.violations;
    }
    judge(violations)
}

/// Prints the tables of `docs/capacity.md`, and writes its plot.
fn print_plan() -> Result<(), String> {
    let mut violations = 0;
    for size in &plan::SIZES {
        println!("{}", size.figures().row(size));
    }
    println!();
    let mut lines = Vec::new();
    for line in plan::LINES {
        let means = plan::MAX_AGES.map(|max_age| line.with_max_age(max_age).figures().mean);
        println!("{}", plan::line_row(&line, means));
        lines.push((line, means));
    }
    println!();
    for max_age in plan::MAX_AGES {
        let (row, found) = plan::revocation_row(max_age);
        println!("{row}");
        violations += found;
    }
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let svg = plan::plot(&lines);
    for (name, text) in [
        ("plots/lookups.svg", &svg),
        ("plots/lookups.md", &plan::plot_link(&svg)),
    ] {
        let written = std::fs::write(docs.join(name), text);
        written.map_err(|error| format!("docs/{name} cannot be written: {error}"))?;
    }
    judge(violations)
}

fn quantiles(delays: &tower_cors_fleet::Delays, digits: usize) -> String {
    let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| delays.quantile(share));
    format!("{p50:.digits$} s, {p99:.digits$} s, {max:.digits$} s")
}

fn run_long(least: u64) -> Result<(), String> {
    let start = Instant::now();
    let (mut requests, mut violations, mut revocations) = (0, 0, 0);
    for seed in 2.. {
        for Row { mut settings, .. } in tables::all().into_iter().flat_map(|table| table.rows) {
            settings.seed = seed;
            let report: Report = simulate(&settings);
            requests += report.requests;
            violations += report.violations;
            revocations += report.last_uses.count();
            if requests >= least {
                let seconds = start.elapsed().as_secs_f64();
                println!(
                    "{requests} requests and {revocations} revocations in {seconds:.0} s, which is {:.0} requests a \
                     second: {violations} violations",
                    requests as f64 / seconds
                );
                return judge(violations);
            }
        }
    }
    Ok(())
}

fn judge(violations: u64) -> Result<(), String> {
    if violations == 0 {
        return Ok(());
    }
    Err(format!(
        "permissions were used {violations} times later after their revocation than \
         Max-Age × (1 + drift of the clocks) + transit of answers"
    ))
}
