//! The facts in `README.md` that other files decide.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the version that a manifest requires of a dependency.
fn required(manifest: &str, dependency: &str) -> String {
    let manifest = read(manifest);
    let line = manifest
        .lines()
        .find(|line| line.starts_with(&format!("{dependency} = ")))
        .unwrap_or_else(|| panic!("no dependency {dependency}"));
    line.split('"').nth(1).expect("a version").to_owned()
}

#[test]
fn the_readme_names_the_versions_that_are_tested() {
    let readme = read("README.md");
    let axum = required("Cargo.toml", "axum");
    let tonic = required("examples/tonic/Cargo.toml", "tonic");
    let hyper = required("Cargo.toml", "hyper");
    let rust = required("Cargo.toml", "rust-version");
    for fact in [
        format!("Axum {axum}, Tonic {tonic}, Hyper {hyper},"),
        format!("| Rust | {rust} or later |"),
    ] {
        assert!(readme.contains(&fact), "{fact}");
    }
}

#[test]
fn the_readme_quotes_the_measured_cost() {
    let readme = read("README.md");
    let column = |scenario: &str, column| measured("Instructions", scenario, column);
    let (ours, theirs) = (3, 6);
    for figure in [
        column("Axum, GET allowed, 1 origin", ours),
        column("Axum, GET allowed, 1 origin", theirs),
        column("Axum, GET allowed, 1,000 origins", theirs),
    ] {
        assert!(
            readme.contains(&format!(" {figure} more")),
            "{figure} is measured"
        );
    }
}

/// Returns a figure of a table in `benches/RESULTS.md`.
fn measured(table: &str, scenario: &str, column: usize) -> String {
    let results = read("benches/RESULTS.md");
    let (_, table) = results
        .split_once(&format!("\n## {table}\n"))
        .unwrap_or_else(|| panic!("no table {table}"));
    let row = table
        .lines()
        .find(|line| line.starts_with(&format!("| {scenario} |")))
        .unwrap_or_else(|| panic!("no row {scenario}"));
    let cell = row.split('|').nth(column).expect("a column");
    cell.trim().trim_start_matches('+').to_owned()
}

#[test]
fn the_comparison_quotes_the_measured_cost() {
    let comparison = read("COMPARE.md");
    for scenario in [
        "GET allowed, 1 origin",
        "GET allowed, 1,000 origins",
        "GET allowed, 100,000 origins",
        "GET without Origin, 1 origin",
        "GET rejected, 1 origin",
        "preflight allowed, 1 origin",
    ] {
        let figure = |table, column| measured(table, &format!("Axum, {scenario}"), column);
        let row = format!(
            "| {scenario} | {} | {} | {} | {} |",
            figure("Instructions", 3),
            figure("Instructions", 6),
            figure("Time", 3),
            figure("Time", 6),
        );
        assert!(comparison.contains(&row), "{row}");
    }
}

#[test]
fn the_links_of_the_readme_lead_to_files() {
    let readme = read("README.md");
    let targets = readme
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let paths: Vec<&str> = targets
        .filter(|target| !target.contains("://") && !target.starts_with('#'))
        .collect();
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        let path = path.split('#').next().expect("a path");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(root.join(path).exists(), "{path}");
    }
}

#[test]
fn every_guide_is_linked_from_the_readme() {
    let readme = read("README.md");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    for guide in fs::read_dir(docs).expect("the guides") {
        let name = guide.expect("a guide").file_name();
        let link = format!("(docs/{})", name.to_string_lossy());
        if link.ends_with(".md)") {
            assert!(readme.contains(&link), "{link}");
        }
    }
}
