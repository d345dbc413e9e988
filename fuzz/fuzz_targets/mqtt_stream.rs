#![no_main]
//! Any bytes: what comes in pieces is what comes whole, an error too, and a message that was read can be prepared.

use libfuzzer_sys::fuzz_target;
use mqtt_codec::{Decoder, Packet, StreamDecoder};
use thingwire_fuzz::codec;

fuzz_target!(|data: &[u8]| {
    let Some((version, cut, bytes)) = codec::split(data) else {
        return;
    };
    let whole = codec::decode(Decoder::any(version), [bytes, &[]]);
    for keep in [0, 16] {
        let stream = StreamDecoder::new(Decoder::any(version), keep)
            .with_max_streamed_size(Decoder::DEFAULT_MAX_PACKET_SIZE);
        let parts = [&bytes[..cut], &bytes[cut..]];
        let (packets, error) = codec::decode_streamed(stream, parts);
        assert_eq!(packets, whole.0);
        // A head may be judged before its payload is there.
        assert!(whole.1.is_none() || error == whole.1, "{error:?}");
    }
    for packet in &whole.0 {
        if let Packet::Publish(publish) = packet {
            codec::check_prepared(publish);
        }
    }
});
