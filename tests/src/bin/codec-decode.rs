//! `codec-decode SHAPE SIZE TIMES`: makes an input of about SIZE bytes whose inner structure repeats as often as that allows,
//! decodes it TIMES times and says how many packets came. For counting instructions: see `tests/codec_instructions.rs`.

use std::process::ExitCode;

use mqtt_codec::{Decoder, Encoder, Status, VariableByteInteger, Version};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [shape, size, times] = arguments.as_slice() else {
        return usage();
    };
    let (Some(input), Ok(times)) = (
        size.parse().ok().and_then(|size| input(shape, size)),
        times.parse::<u32>(),
    ) else {
        return usage();
    };
    let packets: usize = (0..times).map(|_| decode(&input)).sum();
    println!("{packets} packets of {} bytes", input.len());
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: codec-decode SHAPE SIZE TIMES");
    ExitCode::from(2)
}

fn decode(mut rest: &[u8]) -> usize {
    let mut decoder = Decoder::any(Version::V5).with_max_packet_size(Encoder::MAX_PACKET_SIZE);
    let mut packets = 0_usize;
    while !rest.is_empty() {
        let Ok(Status::Complete((packet, used))) = decoder.decode(rest) else {
            panic!("{} bytes are not a packet", rest.len());
        };
        std::hint::black_box(&packet);
        packets += 1;
        rest = &rest[used..];
    }
    packets
}

/// The inputs: lists of every kind, long strings of every kind, and many small packets.
fn input(shape: &str, size: usize) -> Option<Vec<u8>> {
    let properties = || with_length(&b"\x26\0\x01k\0\x01v".repeat(size / 7));
    // Strings end at 65,535 bytes: as many packets as it takes.
    let long = size.min(60_000);
    let times = size.div_ceil(long);
    Some(match shape {
        "user-properties" => frame(0x30, &[b"\0\x01a", &properties()[..]].concat()),
        "connect-properties" => {
            let body = [b"\0\x04MQTT\x05\x02\0\x3C", &properties()[..], b"\0\x01c"];
            frame(0x10, &body.concat())
        }
        "will-properties" => {
            let body = [
                b"\0\x04MQTT\x05\x06\0\x3C\0\0\x01c",
                &properties()[..],
                b"\0\x01w\0\x01m",
            ];
            frame(0x10, &body.concat())
        }
        "subscription-identifiers" => {
            let ids = with_length(&b"\x0B\x07".repeat(size / 2));
            frame(0x30, &[b"\0\x01a", &ids[..]].concat())
        }
        "filters" => {
            let filters = b"\0\x03+/#\x01".repeat(size / 6);
            frame(0x82, &[b"\0\x01\0", &filters[..]].concat())
        }
        "filters-to-remove" => {
            let filters = b"\0\x03+/#".repeat(size / 5);
            frame(0xA2, &[b"\0\x01\0", &filters[..]].concat())
        }
        "levels" => {
            let filter = with_short_length(&b"/".repeat(long));
            frame(0x82, &[b"\0\x01\0", &filter[..], b"\x01"].concat()).repeat(times)
        }
        "reason-codes" => frame(0x90, &[b"\0\x01\0", &vec![0x87; size][..]].concat()),
        "topic" => {
            let topic = with_short_length(&vec![b't'; long]);
            frame(0x30, &[&topic[..], b"\0"].concat()).repeat(times)
        }
        "topic-of-two-byte-characters" => {
            let topic = with_short_length("ü".repeat(long / 2).as_bytes());
            frame(0x30, &[&topic[..], b"\0"].concat()).repeat(times)
        }
        "acknowledgements" => b"\x40\x02\0\x01".repeat(size / 4),
        _ => return None,
    })
}

fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    [&[first], &with_length(body)[..]].concat()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len())
        .ok()
        .and_then(VariableByteInteger::new);
    [len.expect("a packet").encode().as_ref(), bytes].concat()
}

fn with_short_length(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).expect("a string");
    [&len.to_be_bytes(), bytes].concat()
}
