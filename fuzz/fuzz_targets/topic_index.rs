#![no_main]
//! Any sequence of operations on the subscription index and the retained index answers as a plain list does.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::topic;

fuzz_target!(|data: &[u8]| {
    let mut lists = topic::Lists::default();
    for line in data.split(|byte| *byte == b'\n') {
        if let [operation, text @ ..] = line
            && let Ok(text) = core::str::from_utf8(text)
        {
            lists.apply(*operation, text);
        }
    }
    lists.end();
});
