#![no_main]
//! Any bytes, any role: nothing panics, a cut changes nothing, and what is accepted can be sent.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::codec;

fuzz_target!(|data: &[u8]| {
    let Some((version, cut, bytes)) = codec::split(data) else {
        return;
    };
    for decoder in codec::decoders(version) {
        let told = decoder.version();
        let whole = codec::decode(decoder.clone(), [bytes, &[]]);
        assert_eq!(
            codec::decode(decoder, [&bytes[..cut], &bytes[cut..]]),
            whole
        );
        for packet in whole.0.iter().filter(|_| told.is_some()) {
            codec::check_encoding(version, packet);
        }
    }
});
