#![no_main]
//! Any bytes as a request: no panic, no acceptance without the secret, and the same answer whole and in pieces.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::sigv4::{Message, OTHER_SECRET, verify};

fuzz_target!(|data: &[u8]| {
    let (result, scratch) = verify(&Message::read(data), OTHER_SECRET);
    let error = result.expect_err("nobody has this secret");
    assert!(error.to_string().starts_with("request refused"));
    let _ = scratch.explanation().to_string();
});
