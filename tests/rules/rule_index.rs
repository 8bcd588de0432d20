//! The index of the rules in `README.md` and the names of the tests agree.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The code in front of a test's name, such as `K4` of `k4_one_lookup_at_a_time`.
fn code_of(name: &str) -> Option<String> {
    let (code, _) = name.split_once('_')?;
    is_code(&code.to_ascii_uppercase()).then(|| code.to_ascii_uppercase())
}

fn is_code(text: &str) -> bool {
    let mut rest = text.chars();
    let letter = rest.next().is_some_and(|first| first.is_ascii_uppercase());
    let digits = rest.as_str();
    letter && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The codes of all tests below a directory, whichever features are on.
fn codes_of_tests(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).expect("the directory of the tests");
    let files = entries.map(|entry| entry.expect("a directory entry").path());
    let codes = files.flat_map(|path| {
        if path.is_dir() {
            return codes_of_tests(&path);
        }
        let text = fs::read_to_string(&path).expect("a text file");
        let names = text.lines().filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("async ")
                .unwrap_or(line)
                .strip_prefix("fn ")
        });
        names.filter_map(code_of).collect()
    });
    codes.collect()
}

#[test]
fn the_index_has_each_code_that_a_test_uses_and_no_other() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let index = fs::read_to_string(tests.join("rules/README.md")).expect("the index");
    let rows = index.lines().filter_map(|line| line.strip_prefix("| "));
    let listed: Vec<&str> = rows
        .filter_map(|row| row.split(" |").next())
        .filter(|cell| is_code(cell))
        .collect();
    let indexed: BTreeSet<String> = listed.iter().map(|&code| code.to_owned()).collect();
    assert_eq!(indexed.len(), listed.len(), "a code is listed twice");

    let mut used = codes_of_tests(&tests.join("rules"));
    used.extend(codes_of_tests(&tests.join("stress")));
    let missing: Vec<&String> = used.difference(&indexed).collect();
    assert!(
        missing.is_empty(),
        "not in tests/rules/README.md: {missing:?}"
    );
    let untested: Vec<&String> = indexed.difference(&used).collect();
    assert!(untested.is_empty(), "no test has the code: {untested:?}");
}
