#![no_main]
//! One frame, judged by us and by two peers: differences are explained or they are findings.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::codec;

fuzz_target!(|data: &[u8]| {
    if let Some((version, _, frame)) = codec::split(data) {
        assert_eq!(codec::difference(version, frame), None);
    }
});
