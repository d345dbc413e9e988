#![no_main]
//! Any valid packet is encoded to bytes that are decoded to the same packet.

use libfuzzer_sys::fuzz_target;
use mqtt_codec::VersionedPacket;
use thingwire_fuzz::codec;

fuzz_target!(|valid: VersionedPacket| {
    codec::check_encoding(valid.version, &valid.packet);
    let mut frame = Vec::new();
    let encoder = mqtt_codec::Encoder::new(valid.version);
    encoder
        .encode(&valid.packet, &mut frame)
        .expect("a packet of its version");
    assert_eq!(codec::difference(valid.version, &frame), None);
});
