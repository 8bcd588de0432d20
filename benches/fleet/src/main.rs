//! Simulates fleets, and prints the figures of `docs/tenants.md`.
//!
//! ```sh
//! cargo run --release -p tower-cors-fleet                   # all tables
//! cargo run --release -p tower-cors-fleet restart clocks    # these tables
//! cargo run --release -p tower-cors-fleet long 1000000000   # all settings with other seeds, until so many requests
//! ```
//!
//! It fails if a permission is used later than its Max-Age after its revocation.

use std::process::ExitCode;
use std::time::Instant;

use tower_cors_fleet::{Report, simulate};

use tables::{Row, Table};

mod memory;
mod tables;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["long", requests] => match requests.parse() {
            Ok(requests) => run_long(requests),
            Err(error) => Err(format!("`{requests}` is no number of requests: {error}")),
        },
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
        "permissions were used {violations} times later than their Max-Age after their revocation"
    ))
}
