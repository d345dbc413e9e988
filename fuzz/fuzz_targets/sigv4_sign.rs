#![no_main]
//! A request of the agreed grammar: our signature is the SDK's, and our verifier accepts it.

use libfuzzer_sys::fuzz_target;
use sigv4::VerifyErrorKind;
use thingwire_fuzz::sigv4::{Message, OWN_SECRET, sdk_signature, sign_in_place, verify};

fuzz_target!(|data: &[u8]| {
    let mut message = Message::of_grammar(data);
    let theirs = sdk_signature(&message);
    let (ours, _) = sign_in_place(&mut message);
    assert_eq!(ours, theirs);
    match verify(&message, OWN_SECRET).0 {
        Ok(verified) => assert_eq!(verified.signature().to_string(), theirs),
        // A signer clamps `..` at the root; a verifier refuses it.
        Err(error) => assert_eq!(error.kind(), VerifyErrorKind::InvalidPath),
    }
});
