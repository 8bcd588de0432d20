//! What must be true of every answer, whatever the policy, the service and the head of the request.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/invariants.rs"]
mod invariants;

fuzz_target!(|bytes: &[u8]| invariants::check(bytes));
