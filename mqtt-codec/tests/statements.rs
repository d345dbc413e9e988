//! Every statement of the standards that a codec can check, by id and version: `data/statements.csv` holds at least one
//! packet that obeys it and one that breaks it; `data/statements-exceptions.csv` says which have none and why.
//!
//! A packet that breaks a statement must be refused with an error that cites this statement. To add a case, add a row:
//!
//! * `decode`, `client`, `server`: judged without direction, as by a client after CONNACK, as by a server after CONNECT.
//!   What is accepted must be encoded to the same bytes, or to `expect`. What is refused must be answered as `expect`
//!   says, if it says.
//! * `first`, `client-first`: the first packet that a server, or a client, receives.
//! * `forwarded`: read, prepared and encoded again gives `expect`, or the same: what a server must not change.
//! * `send`: encoded as the side that `options` names gives the same bytes, or is refused.
//! * `differs`: equal to itself and not to `expect`.
//! * `payload`, `fields`: what PUBLISH and CONNECT hold.
//! * `encode`: encoded with `options` gives `expect`.
//! * `fatal`: after an error the decoder refuses everything.
//! * `split`: a stream that gives the same however it is cut.
//! * `build-topic`: a name of so many bytes can be built, or not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use bytes::BytesMut;
use mqtt_codec::{
    BuildErrorKind, DecodeError, Decoder, EncodeErrorKind, Encoder, Packet, PreparedPublish,
    Publish, Reaction, Recipient, Status, Version,
};

#[derive(Clone)]
struct Row {
    name: String,
    id: String,
    version: Version,
    positive: bool,
    check: String,
    options: String,
    packet: Vec<u8>,
    expect: String,
}

fn rows() -> Vec<Row> {
    let records = csv::Reader::from_reader(&include_bytes!("data/statements.csv")[..])
        .into_records()
        .map(Result::unwrap)
        .enumerate();
    records
        .map(|(index, record)| Row {
            name: format!(
                "row {}: {} ({}) {} {}",
                index + 2,
                &record[0],
                &record[1],
                &record[2],
                &record[7]
            ),
            id: record[0].to_owned(),
            version: Version::ALL
                .into_iter()
                .find(|version| version.to_string() == record[1])
                .unwrap(),
            positive: match &record[2] {
                "positive" => true,
                "negative" => false,
                other => panic!("`{other}` is neither positive nor negative"),
            },
            check: record[3].to_owned(),
            options: record[4].to_owned(),
            packet: hex(&record[5]),
            expect: record[6].to_owned(),
        })
        .collect()
}

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

/// How an error cites the statement: sections of text without a number are cited by `§`.
fn citation(id: &str) -> String {
    match id.strip_suffix(" (no id)") {
        Some(section) => section.replace("MQTT-", "§"),
        None => id.to_owned(),
    }
}

fn reaction(error: &DecodeError) -> String {
    let v5 = error.version() == Some(Version::V5);
    match error.reaction() {
        Reaction::ConnAck(code) if v5 => format!("connack 0x{:02x}", code.byte()),
        Reaction::ConnAck(code) => format!("connack 0x{:02x}", code.return_code().unwrap()),
        Reaction::Disconnect(code) => format!("disconnect 0x{:02x}", code.byte()),
        Reaction::Close => "close".to_owned(),
        other => panic!("{other:?}"),
    }
}

fn whole(decoder: &mut Decoder, bytes: &[u8]) -> Result<Packet, DecodeError> {
    match decoder.decode(bytes)? {
        Status::Complete((packet, used)) => {
            assert_eq!(used, bytes.len());
            Ok(packet.to_owned_packet())
        }
        Status::Incomplete { needed } => panic!("{needed} more bytes wanted of a whole frame"),
    }
}

fn encode(encoder: &Encoder, packet: &Packet) -> Result<Vec<u8>, EncodeErrorKind> {
    let mut out = vec![0xAA];
    let result = encoder.encode(packet, &mut out);
    assert_eq!(
        encoder.encoded_len(packet).ok(),
        result.ok().map(|()| out.len() - 1)
    );
    match result {
        Ok(()) => Ok(out.split_off(1)),
        Err(error) => {
            assert_eq!(out, [0xAA], "a failure writes nothing");
            Err(error.kind())
        }
    }
}

fn judge(row: &Row, mut decoder: Decoder) {
    let result = whole(&mut decoder, &row.packet);
    if row.positive {
        let packet = result.unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let expected = if row.expect.is_empty() {
            row.packet.clone()
        } else {
            hex(&row.expect)
        };
        assert_eq!(
            encode(&Encoder::new(row.version), &packet),
            Ok(expected),
            "{}",
            row.name
        );
    } else {
        let error = result
            .map(|packet| panic!("{}: accepted {packet:?}", row.name))
            .unwrap_err();
        let citation = citation(&row.id);
        assert!(
            error.statements().contains(&citation.as_str()),
            "{}: {error}",
            row.name
        );
        assert!(
            row.expect.is_empty() || row.expect == reaction(&error),
            "{}: {error}",
            row.name
        );
    }
}

fn encoding(row: &Row) {
    let mut encoder = Encoder::new(row.version);
    for option in row.options.split(';') {
        encoder = match option.split_once('=').unwrap() {
            ("max", max) => encoder.with_max_packet_size(max.parse().unwrap()),
            ("problem", flag) => encoder.with_problem_information(flag == "1"),
            other => panic!("{other:?}"),
        };
    }
    let packet = whole(&mut Decoder::any(row.version), &row.packet).unwrap();
    let expected = match row.expect.as_str() {
        "too-large" => Err(EncodeErrorKind::PacketTooLarge),
        bytes => Ok(hex(bytes)),
    };
    assert_eq!(encode(&encoder, &packet), expected, "{}", row.name);
    // Negative rows are those where the statement takes something away.
    assert_eq!(
        expected == Ok(row.packet.clone()),
        row.positive,
        "{}",
        row.name
    );
}

/// Packets, and the error that ends the stream, when it arrives in two parts.
fn stream(row: &Row, cut: usize) -> (Vec<Packet>, Option<DecodeError>) {
    let mut decoder = Decoder::any(row.version);
    let mut buffer = BytesMut::new();
    let mut packets = Vec::new();
    for part in [&row.packet[..cut], &row.packet[cut..]] {
        buffer.extend_from_slice(part);
        loop {
            match decoder.decode_from(&mut buffer) {
                Ok(Status::Complete(packet)) => packets.push(packet),
                Ok(Status::Incomplete { needed }) => {
                    assert!(needed > 0);
                    break;
                }
                Err(error) => return (packets, Some(error)),
            }
        }
    }
    assert!(buffer.is_empty(), "{}", row.name);
    (packets, None)
}

fn split(row: &Row) {
    let expected = stream(row, row.packet.len());
    assert_eq!(expected.1.is_none(), row.positive, "{}", row.name);
    assert!(!expected.0.is_empty());
    for cut in 0..row.packet.len() {
        assert_eq!(stream(row, cut), expected, "{}, cut at {cut}", row.name);
    }
}

fn fatal(row: &Row) {
    let valid = [0xC0, 0x00];
    let mut decoder = Decoder::any(row.version);
    let result = whole(&mut decoder, &row.packet);
    assert_eq!(result.is_ok(), row.positive, "{}", row.name);
    match result {
        Ok(_) => assert!(whole(&mut decoder, &valid).is_ok()),
        Err(error) => {
            assert_eq!(whole(&mut decoder, &valid), Err(error), "{}", row.name);
            assert!(
                row.expect == "yes" || row.expect == reaction(&error),
                "{}: {error}",
                row.name
            );
        }
    }
}

fn payload(row: &Row) {
    let Packet::Publish(publish) = whole(&mut Decoder::any(row.version), &row.packet).unwrap()
    else {
        panic!()
    };
    assert_eq!(publish.payload(), hex(&row.expect), "{}", row.name);
    assert_eq!(publish.packet_id().is_none(), row.positive, "{}", row.name);
}

fn fields(row: &Row) {
    let Packet::Connect(connect) = whole(&mut Decoder::any(row.version), &row.packet).unwrap()
    else {
        panic!()
    };
    let will = connect.will().unwrap();
    let texts = [will.payload(), connect.password().unwrap()]
        .map(|bytes| core::str::from_utf8(bytes).unwrap());
    let found = [
        connect.client_id(),
        will.topic(),
        texts[0],
        connect.user_name().unwrap(),
        texts[1],
    ]
    .join(" ");
    assert_eq!(found, row.expect, "{}", row.name);
}

fn build_topic(row: &Row) {
    let topic = "x".repeat(row.expect.parse().unwrap());
    let result = Publish::builder(&topic).build();
    assert_eq!(result.is_ok(), row.positive, "{}", row.name);
    if let Err(error) = result {
        assert_eq!(error.kind(), BuildErrorKind::TooLong);
        assert!(error.to_string().contains(&row.id), "{error}");
    }
}

// BC-024: [MQTT-3.8.3-3] and [MQTT-3.10.3-2] have their rows. BC-078: so has every other statement, and each row runs.
#[test]
fn every_case_is_judged_as_its_statement_says() {
    let rows = rows();
    assert!(rows.len() > 300);
    for row in &rows {
        match row.check.as_str() {
            "decode" => judge(row, Decoder::any(row.version)),
            "client" => judge(row, Decoder::client_after_connack(row.version)),
            "client-first" => judge_stream(row, Decoder::client(row.version)),
            "forwarded" => forwarded(row),
            "send" => send(row),
            "server" => judge(row, Decoder::server_after_connect(row.version)),
            "first" => judge_stream(row, Decoder::server()),
            "differs" => {
                let [packet, other] = [&row.packet, &hex(&row.expect)]
                    .map(|bytes| whole(&mut Decoder::any(row.version), bytes).unwrap());
                assert_eq!(packet, packet.clone(), "{}", row.name);
                assert_ne!(packet, other, "{}", row.name);
            }
            "payload" => payload(row),
            "fields" => fields(row),
            "encode" => encoding(row),
            "split" => split(row),
            "fatal" => fatal(row),
            "build-topic" => build_topic(row),
            other => panic!("{}: there is no check `{other}`", row.name),
        }
    }
}

/// Judges the last of several packets; those before it must be good.
fn judge_stream(row: &Row, mut decoder: Decoder) {
    let mut start = 0;
    while let Ok(Status::Complete(peek)) = mqtt_codec::Peek::new(&row.packet[start..]) {
        let end = start + peek.total_len();
        if end == row.packet.len() {
            break;
        }
        let packet = whole(&mut decoder, &row.packet[start..end]);
        assert!(packet.is_ok(), "{}: {packet:?}", row.name);
        start = end;
    }
    let packet = row.packet[start..].to_vec();
    judge(
        &Row {
            packet,
            ..row.clone()
        },
        decoder,
    );
}

/// A server forwards to a receiver of the same version, as published: what is said of the content must come through.
fn forwarded(row: &Row) {
    let Packet::Publish(publish) = whole(&mut Decoder::any(row.version), &row.packet).unwrap()
    else {
        panic!("{}: not a PUBLISH", row.name)
    };
    let recipient = Recipient::new(publish.delivery()).retain_as_published();
    let mut out = Vec::new();
    PreparedPublish::new(&publish)
        .encode(&Encoder::server(row.version), &recipient, &mut out)
        .unwrap();
    let expected = if row.expect.is_empty() {
        row.packet.clone()
    } else {
        hex(&row.expect)
    };
    // Positive rows come through as they are; negative ones say what a change would have been.
    if row.positive {
        assert_eq!(out, expected, "{}", row.name);
    } else {
        assert_eq!(out, row.packet, "{}", row.name);
        assert_ne!(out, expected, "{}", row.name);
    }
}

fn send(row: &Row) {
    let encoder = match row.options.as_str() {
        "client" => Encoder::client(row.version),
        "server" => Encoder::server(row.version),
        other => panic!("{}: `{other}` is no side", row.name),
    };
    let packet = whole(&mut Decoder::any(row.version), &row.packet).unwrap();
    let expected = if row.positive {
        Ok(row.packet.clone())
    } else {
        Err(EncodeErrorKind::WrongDirection)
    };
    assert_eq!(encode(&encoder, &packet), expected, "{}", row.name);
}

/// `data/` must have what the project's copy of the statements asks for: see the `mqtt-normative` suite, which says so for
/// any list. Here: no exception has cases, and every exception has a reason.
#[test]
fn exceptions_have_reasons_and_no_cases() {
    let rows = rows();
    let exceptions =
        csv::Reader::from_reader(&include_bytes!("data/statements-exceptions.csv")[..])
            .into_records()
            .map(Result::unwrap)
            .collect::<Vec<_>>();
    assert!(!exceptions.is_empty());
    for exception in exceptions {
        assert!(
            exception[2].trim().len() > 10,
            "{exception:?} has no reason"
        );
        let cited = rows
            .iter()
            .any(|row| row.id == exception[0] && row.version.to_string() == exception[1]);
        assert!(!cited, "{exception:?} has cases");
    }
}
