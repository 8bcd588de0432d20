//! Random policies and requests, whose answers must be as the policy says.

use proptest::prelude::*;

#[path = "../support/invariants.rs"]
mod invariants;

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_as_the_policy_says(bytes in prop::collection::vec(any::<u8>(), 12..120)) {
        invariants::check(&bytes);
    }
}
