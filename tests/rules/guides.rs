//! The guides can be read on a forge and in rustdoc: links work in both, and code can be pasted.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The guides, and what else is read on a forge.
fn pages() -> Vec<(String, String)> {
    let guides = fs::read_dir(root().join("docs")).expect("the guides");
    let mut paths: Vec<PathBuf> = guides
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    paths.push(root().join("README.md"));
    assert!(paths.len() > 15, "{paths:?}");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a text file");
        (path.display().to_string(), text)
    };
    paths.into_iter().map(read).collect()
}

/// The labels of the links that a page defines, and their targets.
fn links(text: &str) -> Vec<(&str, &str)> {
    let definitions = text.lines().filter_map(|line| {
        let (label, target) = line.strip_prefix('[')?.split_once("]: ")?;
        (!target.contains(' ')).then_some((label, target))
    });
    definitions.collect()
}

#[test]
fn no_link_of_a_guide_needs_rustdoc() {
    for (path, text) in pages() {
        assert!(!text.contains("](crate::"), "{path}");
        for (label, target) in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            let is_there = target.starts_with("https://")
                || root().join(file).exists()
                || root().join("docs").join(file).exists();
            assert!(is_there, "{path}: [{label}]: {target}");
        }
    }
}

/// Rustdoc takes the first definition of a label, which is that of `src/guide.rs`. It checks those.
#[test]
fn a_link_to_an_item_is_the_same_in_rustdoc() {
    let read = |path| fs::read_to_string(root().join(path)).expect("a text file");
    let items = read("src/guide.rs");
    let interface = read("tests/interface/public-interface.txt");
    for (path, text) in pages() {
        if path.ends_with("README.md") {
            continue;
        }
        for (label, target) in links(&text) {
            let Some(page) = target.strip_prefix("https://docs.rs/tower-cors/latest/tower_cors/")
            else {
                continue;
            };
            let definition = format!("\"[{label}]: crate::");
            let (_, item) = items
                .split_once(&definition)
                .unwrap_or_else(|| panic!("{path}: src/guide.rs does not define [{label}]"));
            let item = item.split("\\n").next().unwrap_or_default();
            let last = item.rsplit("::").next().unwrap_or_default();
            let last = last.rsplit('#').next().unwrap_or_default();
            assert!(page.contains(last), "{path}: {target} is not {item}");
            let file = page.split('#').next().unwrap_or_default();
            let mut parts = file.rsplit('/').next().unwrap_or_default().split('.');
            if let (Some(kind), Some(name), Some(_)) = (parts.next(), parts.next(), parts.next()) {
                let is_public = interface.lines().any(|line| {
                    let (declared, path) = line.split_once("tower_cors::").unwrap_or_default();
                    let path = path.split(['<', '(', ' ']).next().unwrap_or_default();
                    let named = path.trim_end_matches(':').rsplit("::").next();
                    declared.ends_with(&format!("{kind} ")) && named == Some(name)
                });
                assert!(is_public, "{path}: {target} is no {kind}");
            }
        }
    }
}

#[test]
fn the_code_of_a_guide_has_no_hidden_lines_and_fits() {
    for (path, text) in pages() {
        let mut is_code = false;
        for line in text.lines() {
            if line.starts_with("```") {
                is_code = !is_code && line.starts_with("```rust");
            } else if is_code {
                assert!(!line.starts_with("# ") && line != "#", "{path}: {line}");
                // A message of an error is quoted whole.
                let is_quoted = path.ends_with("README.md") && line.ends_with(['\\', '"']);
                assert!(is_quoted || line.chars().count() <= 92, "{path}: {line}");
            }
        }
    }
}
