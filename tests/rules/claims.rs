//! Each sentence of the guides about protection has a test that attacks it.

use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns a text in which one space separates words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds the text of all Rust files below a folder.
fn add_sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            let is_source = !path.ends_with("target") && !path.ends_with("node_modules");
            if is_source {
                add_sources(&path, text);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

#[test]
fn every_claim_is_in_a_guide_and_has_tests() {
    let read = |path: &str| fs::read_to_string(root().join(path)).expect("a file");
    let guides = words(&read("docs/cross-site-requests.md")) + &words(&read("docs/mcp.md"));
    let mut sources = String::new();
    add_sources(&root().join("tests"), &mut sources);
    let claims = read("tests/data/protection-claims.txt");
    let rows: Vec<_> = claims
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert!(rows.len() >= 30);
    for row in rows {
        let (sentence, tests) = row.rsplit_once(" | ").expect("a sentence and its tests");
        assert!(
            guides.contains(&words(sentence)),
            "no guide says: {sentence}"
        );
        for test in tests.split(", ") {
            assert!(
                sources.contains(&format!("fn {test}(")),
                "there is no test {test} of: {sentence}"
            );
        }
    }
}
