//! PUBLISH in pieces: the limits of heads and of streams, what is said of lengths that lie, slices and buffers, and what was
//! taken apart put together again.

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

use bytes::BytesMut;
use mqtt_codec::{
    DecodeError, DecodeErrorKind, Decoder, Encoder, Event, Packet, PreparedPublish, Recipient,
    Status, StreamDecoder, Version,
};

fn publish(version: Version, topic: usize, raw: &[u8], payload: usize) -> Vec<u8> {
    let properties = match version {
        Version::V5 => support::properties(raw),
        _ => Vec::new(),
    };
    let body = [
        support::block(vec![b't'; topic]),
        properties,
        vec![b'p'; payload],
    ]
    .concat();
    support::frame(0x30, &body)
}

/// The first event or error, of a slice and of a buffer, fed byte by byte, and after how many bytes it came.
fn first(stream: &StreamDecoder, bytes: &[u8]) -> (usize, Result<(), DecodeError>) {
    for have in 0..=bytes.len() {
        let (mut slices, mut buffers) = (stream.clone(), stream.clone());
        let mut buffer = BytesMut::from(&bytes[..have]);
        let from_slice = slices
            .decode(&bytes[..have])
            .map(|status| status.complete().map(drop));
        let from_buffer = buffers
            .decode_from(&mut buffer)
            .map(|status| status.complete().map(drop));
        assert_eq!(from_slice, from_buffer);
        match from_slice {
            Ok(None) => {}
            Ok(Some(())) => return (have, Ok(())),
            Err(error) => {
                assert_eq!(slices.failure(), Some(&error));
                return (have, Err(error));
            }
        }
    }
    panic!("nothing came of {bytes:02x?}")
}

// The limit is judged as soon as a length says that it is passed, not when the bytes have come.
#[test]
fn the_limit_of_heads_is_judged_by_lengths() {
    let user = [&[0x26, 0, 1, b'k', 0, 200][..], &[b'v'; 200]].concat();
    for (version, topic, raw, limit, judged_at) in [
        (Version::V311, 300, &[][..], 200, 5),
        (Version::V5, 300, &[][..], 200, 5),
        (Version::V5, 20, &user[..], 200, 3 + 2 + 20 + 2),
        (Version::V311, 300, &[][..], 305, 305),
        (Version::V5, 300, &[][..], 306, 306),
        (
            Version::V5,
            20,
            &user[..],
            3 + 2 + 20 + 2 + 206,
            3 + 2 + 20 + 2 + 206,
        ),
    ] {
        let bytes = publish(version, topic, raw, 1000);
        let stream = StreamDecoder::new(Decoder::any(version), 100).with_max_head_size(limit);
        let (have, result) = first(&stream, &bytes);
        assert_eq!(have, judged_at, "{version} {topic} {limit}: {result:?}");
        let fits = judged_at as u32 == limit;
        assert_eq!(
            result.map_err(|error| error.kind()),
            if fits {
                Ok(())
            } else {
                Err(DecodeErrorKind::PacketTooLarge)
            }
        );
    }
}

#[test]
fn a_limit_for_what_is_whole_and_one_for_what_is_streamed() {
    let decoder = Decoder::any(Version::V311).with_max_packet_size(500);
    let stream = StreamDecoder::new(decoder, 100).with_max_streamed_size(2000);
    let kind = |bytes: &[u8]| match stream.clone().decode(bytes) {
        Ok(Status::Complete((Event::Packet(_), _))) => Ok("whole"),
        Ok(Status::Complete((Event::Head { .. }, _))) => Ok("head"),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.kind()),
    };
    assert_eq!(kind(&publish(Version::V311, 1, &[], 50)), Ok("whole"));
    assert_eq!(kind(&publish(Version::V311, 1, &[], 1500)), Ok("head"));
    assert_eq!(
        kind(&publish(Version::V311, 1, &[], 2500)),
        Err(DecodeErrorKind::PacketTooLarge)
    );
    // Everything else comes whole, within the limit of the decoder.
    let filter = [&[0, 1][..], &support::block(vec![b'f'; 600]), &[0]].concat();
    assert_eq!(
        kind(&support::frame(0x82, &filter)),
        Err(DecodeErrorKind::PacketTooLarge)
    );
    // What is to come whole but is larger than the decoder takes is streamed.
    let decoder = Decoder::any(Version::V311).with_max_packet_size(500);
    let mut stream = StreamDecoder::new(decoder, u32::MAX);
    let bytes = publish(Version::V311, 1, &[], 1500);
    assert!(matches!(
        stream.decode(&bytes),
        Ok(Status::Complete((Event::Head { .. }, _)))
    ));
}

// Lengths that lie are refused with the same words as in a whole packet.
#[test]
fn the_same_is_said_of_lying_lengths() {
    for version in [Version::V311, Version::V5] {
        for (_, bytes) in support::corpus()
            .into_iter()
            .filter(|(of, bytes)| *of == version && bytes[0] >> 4 == 3)
        {
            let header = support::header_len(&bytes);
            let mut lies = vec![bytes.clone()];
            for place in header..bytes.len() {
                for value in [0x00, 0x7F, 0x80, 0xFF] {
                    let mut changed = bytes.clone();
                    changed[place] = value;
                    lies.push(changed);
                }
                lies.push(support::frame(bytes[0], &bytes[header..place]));
            }
            for bytes in lies {
                let whole = Decoder::any(version)
                    .decode(&bytes)
                    .map(|status| status.complete().map(drop));
                let Err(expected) = whole else { continue };
                let stream = StreamDecoder::new(Decoder::any(version), 0);
                // A packet without a body is not streamed; its error is the decoder's own.
                let (_, found) = first(&stream, &bytes);
                assert_eq!(found, Err(expected), "{bytes:02x?}");
            }
        }
    }
}

#[test]
fn what_was_taken_apart_is_put_together_again() {
    for (version, bytes) in support::valid() {
        if bytes[0] >> 4 != 3 {
            continue;
        }
        let mut stream = StreamDecoder::new(Decoder::any(version), 0);
        let mut buffer = BytesMut::from(&bytes[..]);
        let Status::Complete(event) = stream.decode_from(&mut buffer).unwrap() else {
            panic!("{bytes:02x?}")
        };
        let Event::Head {
            publish,
            payload_len,
        } = event
        else {
            continue;
        };
        assert_eq!(stream.remaining_payload(), payload_len);
        // The head alone is no packet: it is never sent as it came.
        let (whole, _) = Decoder::any(version)
            .decode(&bytes)
            .unwrap()
            .complete()
            .unwrap();
        let Packet::Publish(whole) = whole else {
            panic!()
        };
        for to in Version::ALL {
            let encoder = Encoder::new(to);
            let mut expected = Vec::new();
            let result = encoder.encode(&whole, &mut expected);
            let mut out = Vec::new();
            assert_eq!(
                encoder.encode_streamed_head(&publish, payload_len, &mut out),
                result
            );
            if result.is_ok() {
                out.extend_from_slice(whole.payload());
            }
            assert_eq!(out, expected, "{bytes:02x?} for {to}");
            // By itself, it is a PUBLISH without payload.
            let empty = whole.to_builder().payload(&[]).build().unwrap();
            let (mut a, mut b) = (Vec::new(), Vec::new());
            assert_eq!(
                encoder.encode(&publish, &mut a),
                encoder.encode(&empty, &mut b)
            );
            assert_eq!(a, b);
            assert_eq!(publish, empty);

            let recipient = Recipient::new(whole.delivery());
            let (mut a, mut b) = (Vec::new(), Vec::new());
            let streamed = PreparedPublish::streamed(&publish, payload_len);
            let result = streamed.encode_head(&encoder, &recipient, &mut a);
            assert_eq!(
                PreparedPublish::copy_of(&whole).encode_head(&encoder, &recipient, &mut b),
                result
            );
            assert_eq!(a, b);
        }
        let Ok(Status::Complete(Event::Payload { bytes: rest, last })) =
            stream.decode_from(&mut buffer)
        else {
            assert_eq!(payload_len, 0);
            continue;
        };
        assert_eq!((&rest[..], last), (whole.payload(), true));
    }
}

#[test]
fn a_stream_that_ends_early_says_so() {
    let bytes = publish(Version::V311, 1, &[], 100);
    let mut stream = StreamDecoder::new(Decoder::any(Version::V311), 0);
    let (mut rest, mut payload) = (&bytes[..60], 0);
    while let Status::Complete((event, used)) = stream.decode(rest).unwrap() {
        if let Event::Payload { bytes, .. } = event {
            payload += bytes.len();
        }
        rest = &rest[used..];
    }
    assert_eq!(payload + stream.remaining_payload() as usize, 100);
    assert!(stream.remaining_payload() > 0);
}
