//! What an input can make us do at most: time linear in its length, heap within four times its length and 4 KiB. That
//! instructions are linear too, whatever the machine, is a test: `tests/tests/codec_instructions.rs`.

use bytes::BytesMut;
use mqtt_codec::{Decoder, Status, Version};

use crate::harness::{Allocations, Bench, Entry};

/// Inputs whose inner structure repeats as often as their length allows.
fn shapes() -> Vec<(&'static str, fn(usize) -> Vec<u8>)> {
    fn frame(first: u8, body: Vec<u8>) -> Vec<u8> {
        let mut out = vec![first];
        out.extend_from_slice(
            mqtt_codec::VariableByteInteger::new(body.len() as u32)
                .unwrap()
                .encode()
                .as_ref(),
        );
        out.extend(body);
        out
    }
    fn properties(len: usize) -> Vec<u8> {
        let properties = b"\x26\0\x01k\0\x01v".repeat(len / 7);
        let mut body = b"\0\x01a".to_vec();
        body.extend_from_slice(
            mqtt_codec::VariableByteInteger::new(properties.len() as u32)
                .unwrap()
                .encode()
                .as_ref(),
        );
        body.extend(properties);
        frame(0x30, body)
    }
    // BC-025
    fn connect(len: usize) -> Vec<u8> {
        let properties = b"\x26\0\x01k\0\x01v".repeat(len / 7);
        let mut body = b"\0\x04MQTT\x05\x02\0\x3C".to_vec();
        body.extend_from_slice(
            mqtt_codec::VariableByteInteger::new(properties.len() as u32)
                .unwrap()
                .encode()
                .as_ref(),
        );
        body.extend(properties);
        body.extend(b"\0\x01c");
        frame(0x10, body)
    }
    fn filters(len: usize) -> Vec<u8> {
        frame(
            0x82,
            [b"\0\x01\0".to_vec(), b"\0\x03+/#\x01".repeat(len / 6)].concat(),
        )
    }
    fn codes(len: usize) -> Vec<u8> {
        frame(0x90, [b"\0\x01\0".to_vec(), vec![0x87; len]].concat())
    }
    fn acknowledgements(len: usize) -> Vec<u8> {
        b"\x40\x02\0\x01".repeat(len / 4)
    }
    vec![
        ("user properties", properties as fn(usize) -> Vec<u8>),
        ("properties of connect", connect),
        ("filters", filters),
        ("reason codes", codes),
        ("acknowledgements", acknowledgements),
    ]
}

fn decode_all(buffer: &mut BytesMut) -> u64 {
    let mut decoder = Decoder::any(Version::V5).with_max_packet_size(u32::MAX);
    let mut packets = 0;
    while let Ok(Status::Complete(_)) = decoder.decode_from(buffer) {
        packets += 1;
    }
    packets
}

pub fn run(bench: &mut Bench) {
    bench.head("linear time and bounded memory");
    for (name, shape) in shapes() {
        let sizes = [1 << 10, 1 << 13, 1 << 16, 1 << 20];
        let mut points = Vec::new();
        let mut worst = 0.0_f64;
        for size in sizes {
            let input = shape(size);
            let case = format!("{name}, {size} bytes");
            let ours = Entry::ours_prepared(
                "mqtt-codec",
                Box::new(|| BytesMut::from(&input[..])),
                Box::new(decode_all),
            );
            bench.case(&case, 1, 15, vec![ours]);
            points.push((
                (input.len() as f64).ln(),
                bench.time(&case, "mqtt-codec").ln(),
            ));

            let mut buffer = BytesMut::from(&input[..]);
            Allocations::reset_peak();
            let before = Allocations::now().live;
            decode_all(&mut buffer);
            let peak = (Allocations::now().peak - before).max(0) as f64;
            worst = worst.max(peak / (4.0 * input.len() as f64 + 4096.0));
        }
        bench.goal(
            &format!("time-exponent.{}", name.replace(' ', "-")),
            slope(&points),
            1.05,
        );
        bench.goal(&format!("heap.{}", name.replace(' ', "-")), worst, 1.0);
    }
    // BC-001: a huge length and nothing behind it.
    let mut worst = 0.0_f64;
    for len in 0..5 {
        let mut buffer = BytesMut::from(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F][..len]);
        Allocations::reset_peak();
        let before = Allocations::now().live;
        decode_all(&mut buffer);
        worst = worst.max((Allocations::now().peak - before) as f64);
    }
    bench.goal("heap.declared-length", worst / 4096.0, 0.0);
}

/// Least squares on logarithms: the exponent of growth.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| {
        (x + point.0 / n, y + point.1 / n)
    });
    let (top, bottom) = points.iter().fold((0.0, 0.0), |(top, bottom), point| {
        (
            top + (point.0 - x) * (point.1 - y),
            bottom + (point.0 - x).powi(2),
        )
    });
    top / bottom
}
