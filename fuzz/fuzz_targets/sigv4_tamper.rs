#![no_main]
//! A signed request with one byte changed anywhere passes only if it says the same in another spelling.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::sigv4::{Message, OWN_SECRET, sign_in_place, verify};

fuzz_target!(|data: &[u8]| {
    let [place, high, low, byte, rest @ ..] = data else {
        return;
    };
    let mut message = Message::of_grammar(rest);
    let (signature, canonical) = sign_in_place(&mut message);
    let index = usize::from(*place) % (message.headers.len() + 2);
    let changed = match index {
        0 => &mut message.target,
        1 => &mut message.body,
        index => &mut message.headers[index - 2].1,
    };
    let at = usize::from(u16::from_be_bytes([*high, *low]));
    match changed.len() {
        0 => changed.push(*byte),
        length => changed[at % length] = *byte,
    }
    if let (Ok(verified), scratch) = verify(&message, OWN_SECRET) {
        assert_eq!(verified.signature().to_string(), signature);
        assert_eq!(scratch.canonical_request(), canonical);
    }
});
