//! The figures and the plot of `docs/capacity.md` are those of the simulation.

use std::fs;
use std::path::PathBuf;

use tower_cors_fleet::plan::{self, LINES, MAX_AGES, SIZES};

/// The tests simulate the fleets that send fewer requests than this, because the others take minutes.
const MOST_REQUESTS: u64 = 400_000;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

/// Returns the numbers of a row, without its first cells.
fn numbers(row: &str, first: usize) -> Vec<u64> {
    row.trim_matches('|')
        .split('|')
        .skip(first)
        .map(|cell| cell.replace(',', "").trim().parse().expect("a number"))
        .collect()
}

#[test]
fn the_rows_of_the_page_are_those_of_the_simulation() {
    let page = read("capacity.md");
    let mut simulated = 0;
    for size in SIZES {
        if size.requests() < MOST_REQUESTS {
            let figures = size.figures();
            assert_eq!(figures.evictions, 0);
            let row = figures.row(&size);
            assert!(page.lines().any(|line| line == row), "{row}");
            simulated += 1;
        }
        let row = format!(
            "| {} | {} | {} |",
            plan::grouped(size.origins as u64),
            size.replicas,
            plan::grouped(size.rate)
        );
        assert!(page.lines().any(|line| line.starts_with(&row)), "{row}");
    }
    for line in LINES {
        let row = page
            .lines()
            .find(|row| row.starts_with(&format!("| {} |", line.name())));
        let means = numbers(row.expect("a row"), 1);
        assert_eq!(means.len(), MAX_AGES.len());
        for (max_age, mean) in MAX_AGES.into_iter().zip(means) {
            let fleet = line.with_max_age(max_age);
            if fleet.requests() < MOST_REQUESTS {
                assert_eq!(
                    fleet.figures().mean,
                    mean,
                    "{} with {max_age} s",
                    line.name()
                );
                simulated += 1;
            }
        }
    }
    assert!(simulated >= 7, "{simulated}");
    let (row, violations) = plan::revocation_row(MAX_AGES[0]);
    assert!(page.lines().any(|line| line == row), "{row}");
    assert_eq!(violations, 0);
}

/// With `ACCEPT_PLOT=1` it writes the plot.
#[test]
fn the_plot_is_that_of_the_page() {
    let page = read("capacity.md");
    let lines = LINES.map(|line| {
        let row = page
            .lines()
            .find(|row| row.starts_with(&format!("| {} |", line.name())));
        let means = numbers(row.expect("a row"), 1);
        (line, means.try_into().expect("a mean for each Max-Age"))
    });
    let svg = plan::plot(&lines);
    let link = plan::plot_link(&svg);
    for (name, expected) in [("plots/lookups.svg", &svg), ("plots/lookups.md", &link)] {
        if std::env::var_os("ACCEPT_PLOT").is_some() {
            fs::write(path(name), expected).expect("a file");
        }
        assert_eq!(read(name), *expected, "docs/{name}");
    }
    assert!(page.contains("![") && page.contains("[lookups]: plots/lookups.svg"));
}
