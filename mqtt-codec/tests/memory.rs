//! Memory, counted by the allocator. Whatever is received, decoding holds at most four times its length and 4 KiB, and what
//! is refused leaves nothing behind: every packet of the corpus, good and bad, whole, cut short and with bytes changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

mod support;

use allocation_counter::{AllocationInfo, measure};
use bytes::BytesMut;
use mqtt_codec::{Decoder, Status, StreamDecoder, Version};

fn drain(mut decoder: Decoder, bytes: &[u8]) {
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Status::Complete(packet)) = decoder.decode_from(&mut buffer) {
        drop(packet);
    }
}

fn stream(decoder: Decoder, bytes: &[u8]) {
    let mut decoder = StreamDecoder::new(decoder, 0);
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Status::Complete(event)) = decoder.decode_from(&mut buffer) {
        drop(event);
    }
}

fn view(mut decoder: Decoder, mut bytes: &[u8]) {
    while let Ok(Status::Complete((_, used))) = decoder.decode(bytes) {
        bytes = &bytes[used..];
    }
}

/// The buffer counts too: it is what the peer makes us hold.
fn within_bounds(info: AllocationInfo, bytes: &[u8]) {
    let bound = 4 * bytes.len() as u64 + 4096;
    assert!(info.bytes_max <= bound, "{info:?} for {bytes:02x?}");
    assert_eq!(info.bytes_current, 0, "left behind: {bytes:02x?}");
}

/// The packet, each of its beginnings with the length that it has then, and each of its bytes changed.
fn variants(bytes: &[u8]) -> Vec<Vec<u8>> {
    let header = support::header_len(bytes);
    let cut = (header..bytes.len()).map(|end| support::frame(bytes[0], &bytes[header..end]));
    let changed = (0..bytes.len()).flat_map(|place| {
        [0x00, 0x7F, 0x80, 0xFF].map(|value| {
            let mut changed = bytes.to_vec();
            changed[place] = value;
            changed
        })
    });
    core::iter::once(bytes.to_vec())
        .chain(cut)
        .chain(changed)
        .collect()
}

// BC-001, BC-027, BC-028: no length on the wire is an amount of memory.
#[test]
fn any_input_is_held_within_its_bound() {
    for (version, packet) in support::corpus() {
        for bytes in variants(&packet) {
            for (_, decoder) in support::decoders(version) {
                let decoder = decoder.with_max_packet_size(u32::MAX);
                within_bounds(measure(|| drain(decoder.clone(), &bytes)), &bytes);
                within_bounds(measure(|| stream(decoder.clone(), &bytes)), &bytes);
                let info = measure(|| view(decoder.clone(), &bytes));
                assert_eq!(
                    info.count_total, 0,
                    "a view allocates nothing: {bytes:02x?}"
                );
            }
        }
    }
}

// BC-002: whatever comes instead of CONNECT, with every form of length, allocates nothing.
#[test]
fn nothing_is_allocated_before_connect() {
    for first in 0..=255_u8 {
        for length in [
            &[][..],
            &[0x02],
            &[0x80, 0x01],
            &[0xFF, 0xFF, 0x7F],
            &[0xFF; 4],
        ] {
            let bytes = [&[first], length].concat();
            let mut buffer = BytesMut::from(&bytes[..]);
            let info = measure(|| {
                let _ = Decoder::server().decode_from(&mut buffer);
            });
            assert_eq!(info.count_total, 0, "{bytes:02x?}");
        }
    }
}

/// A CONNECT for each property that it may carry, alone and last of several.
fn connects() -> Vec<Vec<u8>> {
    let mut connects = Vec::new();
    for property in [
        &[0x11, 0, 0, 0, 1][..],
        &[0x15, 0, 1, b'm'],
        &[0x15, 0, 1, b'm', 0x16, 0, 1, 0],
        &[0x17, 1],
        &[0x19, 1],
        &[0x21, 0, 1],
        &[0x22, 0, 1],
        &[0x26, 0, 1, b'k', 0, 1, b'v'],
        &[0x27, 0, 0, 0, 1],
    ] {
        for before in [&[][..], &[0x26, 0, 1, b'a', 0, 1, b'b']] {
            let properties = support::properties(&[before, property].concat());
            let body = [
                &support::block("MQTT")[..],
                &[5, 0xC6, 0, 10],
                &properties,
                &support::block("c"),
                &properties,
                &support::block("will"),
                &support::block("message"),
                &support::block("user"),
                &support::block("password"),
            ]
            .concat();
            connects.push(support::frame(0x10, &body));
        }
    }
    connects
}

// BC-003, BC-004: a refusal leaks nothing, wherever in CONNECT and its properties it happens.
#[test]
fn refused_connects_leave_nothing_behind() {
    for connect in connects() {
        for bytes in variants(&connect) {
            let info = measure(|| drain(Decoder::server(), &bytes));
            assert_eq!(info.bytes_current, 0, "{bytes:02x?}");
        }
    }
}

#[test]
#[ignore = "a million malformed CONNECTs: run by `cargo xtask check`"]
fn a_million_malformed_connects_leave_nothing_behind() {
    let variants: Vec<Vec<u8>> = connects()
        .iter()
        .flat_map(|bytes| variants(bytes))
        .collect();
    let info = measure(|| {
        for bytes in variants.iter().cycle().take(1_000_000) {
            drain(Decoder::server(), bytes);
        }
    });
    assert_eq!(info.bytes_current, 0);
    assert!(info.bytes_max < 64 * 1024, "{info:?}");
}

/// One allocation for each packet that is built, none for one of nothing but numbers, and one more for the list that
/// SUBSCRIBE and UNSUBSCRIBE collect first.
#[test]
fn built_packets_are_allocated_once() {
    use mqtt_codec::{
        ConnAck, Connect, PacketId, PubAck, Publish, QoS, ReasonCode, SubAck, Subscribe, Will,
    };
    let id = PacketId::MIN;
    let count = |build: &dyn Fn()| measure(build).count_total;
    let publish = || {
        drop(
            Publish::builder("sensors/7")
                .payload(&[0; 64])
                .build()
                .unwrap(),
        )
    };
    let connect = || {
        let will = Will::new("status", b"offline");
        let connect = Connect::builder(Version::V5, "device-7")
            .will(will)
            .user_name("u");
        drop(connect.password(b"p").build().unwrap());
    };
    assert_eq!(count(&publish), 1);
    assert_eq!(count(&connect), 1);
    let connack = || drop(ConnAck::builder(ReasonCode::Success).build().unwrap());
    let suback = || drop(SubAck::builder(id, &[ReasonCode::Success]).build().unwrap());
    let puback = || {
        drop(
            PubAck::builder(id)
                .reason(ReasonCode::QuotaExceeded)
                .build()
                .unwrap(),
        )
    };
    assert_eq!(count(&connack), 0);
    assert_eq!(count(&suback), 1);
    assert_eq!(count(&puback), 0);
    assert_eq!(count(&|| drop(PubAck::new(id))), 0);
    let subscribe = || {
        drop(
            Subscribe::builder(id)
                .filter("a/+", QoS::AtLeastOnce)
                .build()
                .unwrap(),
        )
    };
    assert_eq!(count(&subscribe), 2);
}
