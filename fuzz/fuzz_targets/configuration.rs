//! No configuration makes the crate panic; what builds, builds again alike, and what does not says what to write.

#![no_main]

use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;
use tower_cors::PolicyConfig;

fuzz_target!(|text: &str| {
    let Ok(config) = toml::from_str::<PolicyConfig>(text) else {
        return;
    };
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
});
