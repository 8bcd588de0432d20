//! A set allows an origin exactly when one of its patterns does. The first line is the origin, the others are patterns.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_cors::{Origin, OriginPattern, OriginSet};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let Some(Ok(origin)) = lines.next().map(str::parse::<Origin>) else {
        return;
    };
    let patterns: Vec<OriginPattern> = lines.filter_map(|line| line.parse().ok()).collect();
    for pattern in &patterns {
        let again: OriginPattern = pattern.as_str().parse().expect("its own text");
        assert_eq!(&again, pattern);
    }
    let expected = patterns.iter().any(|pattern| pattern.matches(&origin));
    let set: OriginSet = patterns.into_iter().collect();
    assert_eq!(set.contains(&origin), expected, "{origin} in {set:?}");
});
