#![no_main]
//! A signed or presigned request with one thing changed, added, repeated, moved or taken away passes only if it says the same in another
//! spelling.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::sigv4::{Message, OWN_SECRET, presign_in_place, sign_in_place, verify};

fuzz_target!(|data: &[u8]| {
    let [mode, how, high, low, length, rest @ ..] = data else {
        return;
    };
    let (bytes, rest) = rest.split_at(usize::from(*length % 16).min(rest.len()));
    let mut message = Message::of_grammar(rest);
    let (signature, canonical) = match mode % 2 {
        0 => sign_in_place(&mut message),
        _ => presign_in_place(&mut message),
    };
    message.tamper(*how, usize::from(u16::from_be_bytes([*high, *low])), bytes);
    if let (Ok(verified), scratch) = verify(&message, OWN_SECRET) {
        assert_eq!(verified.signature().to_string(), signature);
        assert_eq!(scratch.canonical_request(), canonical);
    }
});
