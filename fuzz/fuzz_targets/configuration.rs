//! No configuration makes the crate panic; what builds, builds again alike; what does not says what to write; and what is
//! written is read back equal.

#![no_main]

use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;
use tower_cors::PolicyConfig;

fuzz_target!(|text: &str| {
    if let Ok(config) = toml::from_str::<PolicyConfig>(text) {
        check(config);
    }
    // The text in each key, as an environment variable is.
    for key in [
        "origins",
        "methods",
        "hosts",
        "max_age",
        "credentials",
        "preset",
        "enforcement",
        text,
    ] {
        let table = serde_json::json!({ key: text });
        check(serde_json::from_value(table).expect("a table of keys"));
    }
});

fn check(config: PolicyConfig) {
    match serde_json::to_value(&config) {
        Ok(written) => {
            let again: PolicyConfig = serde_json::from_value(written).expect("what was written");
            assert_eq!(again, config);
        }
        Err(_) => assert!(config.clone().build().is_err()),
    }
    match config.clone().build() {
        Ok(policy) => {
            let again = config.build().expect("the same");
            assert_eq!(format!("{policy:?}"), format!("{again:?}"));
            let explanation = policy.explain(&Method::GET, &HeaderMap::new());
            assert!(!explanation.to_string().is_empty());
        }
        Err(mistakes) => {
            assert_ne!((&mistakes).into_iter().count(), 0);
            assert!(!mistakes.to_string().is_empty());
        }
    }
}
