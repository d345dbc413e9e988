#![no_main]
//! Any bytes as a request: no panic, no acceptance without the secret, and the same answer whole and in pieces, with the key in the cache
//! or not. With the secret a request may be genuine; then it is its own.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::sigv4::{ID, Message, OTHER_SECRET, OWN_SECRET, verify};

fuzz_target!(|data: &[u8]| {
    let message = Message::read(data);
    let (result, scratch) = verify(&message, OTHER_SECRET);
    let error = result.expect_err("nobody has this secret");
    assert!(error.to_string().starts_with("request refused"));
    let _ = scratch.explanation().to_string();
    if let (Ok(verified), _) = verify(&message, OWN_SECRET) {
        assert_eq!(verified.access_key_id(), ID);
        assert!(verified.path().starts_with('/'));
    }
});
