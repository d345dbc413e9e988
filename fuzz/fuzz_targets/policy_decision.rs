#![no_main]
//! Random policies, connections and requests: the decision is that of the plain evaluator.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (got, expected) = thingwire_fuzz::policy::decide(data);
    assert_eq!(got, expected);
});
