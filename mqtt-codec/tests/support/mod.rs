//! What several test files need: the packets of `data/statements.csv`, and decoders of every role.

#![allow(dead_code, reason = "each test file uses a part")]

use mqtt_codec::{Decoder, Version};

/// The packets of all cases, valid and not, with the version by which they are judged.
pub(crate) fn corpus() -> Vec<(Version, Vec<u8>)> {
    csv::Reader::from_reader(&include_bytes!("../data/statements.csv")[..])
        .into_records()
        .map(Result::unwrap)
        .filter(|record| !record[5].is_empty())
        .map(|record| {
            let version = Version::ALL
                .into_iter()
                .find(|version| version.to_string() == record[1])
                .unwrap();
            let bytes = record[5]
                .split_whitespace()
                .map(|byte| u8::from_str_radix(byte, 16).unwrap())
                .collect();
            (version, bytes)
        })
        .collect()
}

/// The packets of the corpus that are valid.
pub(crate) fn valid() -> Vec<(Version, Vec<u8>)> {
    let is_valid = |(version, bytes): &(Version, Vec<u8>)| {
        Decoder::any(*version).decode(bytes).is_ok_and(|status| {
            status
                .complete()
                .is_some_and(|(_, used)| used == bytes.len())
        })
    };
    corpus().into_iter().filter(is_valid).collect()
}

/// A decoder of every kind, by its name.
pub(crate) fn decoders(version: Version) -> [(&'static str, Decoder); 6] {
    [
        ("any", Decoder::any(version)),
        ("client", Decoder::client(version)),
        (
            "client after CONNACK",
            Decoder::client_after_connack(version),
        ),
        (
            "server after CONNECT",
            Decoder::server_after_connect(version),
        ),
        ("server", Decoder::server()),
        ("sniffing", Decoder::sniffing()),
    ]
}

/// A frame of this first byte and body.
pub(crate) fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let len = mqtt_codec::VariableByteInteger::new(u32::try_from(body.len()).unwrap()).unwrap();
    [&[first], len.encode().as_ref(), body].concat()
}

/// Bytes with their length in front.
pub(crate) fn block(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

/// Properties with their length in front.
pub(crate) fn properties(raw: &[u8]) -> Vec<u8> {
    let len = mqtt_codec::VariableByteInteger::new(u32::try_from(raw.len()).unwrap()).unwrap();
    [len.encode().as_ref(), raw].concat()
}

/// The length of the fixed header.
pub(crate) fn header_len(bytes: &[u8]) -> usize {
    2 + bytes[1..].iter().take_while(|byte| **byte >= 0x80).count()
}
