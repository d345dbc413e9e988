//! `mqtt-strictness.csv`: name, version, rule, expected, packet_hex. Each row is one whole frame and no more, judged
//! without direction.

use mqtt_codec::{Decoder, Encoder, Status, Version};

use crate::{Report, Verdict};

/// One row.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) version: Version,
    expected: String,
    pub(crate) packet: Vec<u8>,
}

pub(crate) fn rows(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for record in csv::Reader::from_reader(bytes).records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let [name, version, expected, packet] = [0, 1, 3, 4].map(|index| record.get(index));
        let (Some(name), Some(version), Some(expected), Some(packet)) =
            (name, version, expected, packet)
        else {
            return Err(format!("line {line}: a field is missing"));
        };
        rows.push(Row {
            name: name.to_owned(),
            version: parse_version(version)
                .ok_or_else(|| format!("line {line}: version `{version}`"))?,
            expected: expected.to_owned(),
            packet: parse_hex(packet).ok_or_else(|| format!("line {line}: hex `{packet}`"))?,
        });
    }
    Ok(rows)
}

pub(crate) fn parse_version(text: &str) -> Option<Version> {
    Version::ALL
        .into_iter()
        .find(|version| version.to_string() == text)
}

pub(crate) fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
            }
            _ => None,
        })
        .collect()
}

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let mut report = Report::default();
    for row in rows(bytes)? {
        report.add(&row.name, Verdict::of(&row.expected, outcome(&row)));
    }
    Ok(report)
}

/// What the codec says. What it accepts must also survive being encoded and decoded again.
fn outcome(row: &Row) -> String {
    let mut decoder = Decoder::any(row.version).with_max_packet_size(Encoder::MAX_PACKET_SIZE);
    match decoder.decode(&row.packet) {
        Err(_) => "refuse".to_owned(),
        Ok(Status::Incomplete { needed }) => format!("{needed} more bytes wanted"),
        Ok(Status::Complete((_, used))) if used != row.packet.len() => {
            format!("only {used} bytes used")
        }
        Ok(Status::Complete((packet, _))) => {
            let mut again = Vec::new();
            match Encoder::new(row.version).encode(&packet, &mut again) {
                Err(error) => format!("accepted, but {error}"),
                Ok(()) => match Decoder::any(row.version)
                    .with_max_packet_size(Encoder::MAX_PACKET_SIZE)
                    .decode(&again)
                {
                    Ok(Status::Complete((same, _))) if same == packet => "accept".to_owned(),
                    other => format!("accepted, but encoded it is {other:?}"),
                },
            }
        }
    }
}
