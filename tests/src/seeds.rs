//! Starting corpora for the fuzz targets, made from the vectors.

use std::io;
use std::path::Path;

use mqtt_codec::Version;

use crate::suite::{certificates, mqtt, policy, shadow, sigv4_verify, topic};

/// The name of a fuzz target, and what it starts from.
type Corpus = (&'static str, Vec<Vec<u8>>);

/// Writes the seeds of every fuzz target below `corpus`, one folder a target, and returns how many were written.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_fuzz_seeds(corpus: &Path) -> io::Result<usize> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut count = 0;
    for (target, seeds) in topic_seeds(&vectors)?
        .into_iter()
        .chain(sigv4_seeds(&vectors)?)
        .chain(policy_seeds(&vectors)?)
        .chain(shadow_seeds(&vectors)?)
        .chain(mqtt_seeds(&vectors)?)
        .chain(gateway_seeds(&vectors)?)
        .chain(tls_seeds(&vectors)?)
    {
        count += write(&corpus.join(target), &seeds)?;
    }
    Ok(count)
}

fn topic_seeds(vectors: &Path) -> io::Result<Vec<Corpus>> {
    let rows = topic::rows(&std::fs::read(vectors.join("topic.csv"))?).map_err(io::Error::other)?;
    // A filter and a topic, separated by the first line feed.
    let pairs = rows
        .iter()
        .map(|row| format!("{}\n{}", row.filter, row.topic).into_bytes());
    // Operations of the index target: a byte that says which, then a filter or name, line by line.
    let operations = rows.chunks(4).map(|rows| {
        let lines = rows
            .iter()
            .zip([b' ', b'!', b'@', b'#'])
            .map(|(row, operation)| {
                let mut lines = vec![operation];
                lines.extend_from_slice(row.filter.as_bytes());
                lines.extend_from_slice(b"\n%");
                lines.extend_from_slice(row.topic.as_bytes());
                lines
            });
        lines.collect::<Vec<_>>().join(&b'\n')
    });
    Ok(vec![
        ("topic_match", pairs.filter(is_short).collect()),
        ("topic_index", operations.filter(is_short).collect()),
    ])
}

fn mqtt_seeds(vectors: &Path) -> io::Result<Vec<Corpus>> {
    let rows = mqtt::rows(&std::fs::read(vectors.join("mqtt-strictness.csv"))?)
        .map_err(io::Error::other)?;
    // The level of the version, a place to cut at, and the packet.
    let packets: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| [&[row.version.level(), 3], &row.packet[..]].concat())
        .collect();
    Ok(vec![
        ("mqtt_decode", packets.clone()),
        ("mqtt_stream", packets.clone()),
        ("mqtt_differential", packets),
    ])
}

/// What a client says to the gateway: every packet of the vectors after a CONNECT of its version, and sessions whole.
fn gateway_seeds(vectors: &Path) -> io::Result<Vec<Corpus>> {
    let rows = mqtt::rows(&std::fs::read(vectors.join("mqtt-strictness.csv"))?)
        .map_err(io::Error::other)?;
    // A byte that says how the transport cuts and which profile holds, then the client's bytes.
    let packets = rows.iter().filter_map(|row| {
        let connect = match row.version {
            Version::V5 => &CONNECT_5[..],
            Version::V311 => &CONNECT_311,
            _ => return None,
        };
        Some([&[0xFE], connect, &row.packet[..]].concat())
    });
    let alone = rows.iter().map(|row| [&[0xFE], &row.packet[..]].concat());
    let sessions = [sessions_311(), sessions_5()].concat();
    let whole = sessions
        .iter()
        .flat_map(|session| [0xFE, 0xFF, 0x02, 0x15].map(|how| [&[how], &session[..]].concat()));
    let seeds = packets.chain(alone).chain(whole).filter(is_short).collect();
    Ok(vec![("gateway_connection", seeds)])
}

const CONNECT_311: [u8; 15] = *b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01c";
const CONNECT_5: [u8; 16] = *b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01c";

fn sessions_311() -> Vec<Vec<u8>> {
    let after = |packets: &[&[u8]]| [&CONNECT_311[..], &packets.concat()].concat();
    vec![
        // Subscribe, publish to itself in each QoS, acknowledge, ping, unsubscribe, disconnect.
        after(&[
            b"\x82\x08\x00\x01\x00\x03a/#\x02",
            b"\x30\x06\x00\x03a/bx",
            b"\x32\x08\x00\x03a/b\x00\x02y",
            b"\x34\x08\x00\x03a/b\x00\x03z",
            b"\x62\x02\x00\x03",
            b"\x40\x02\x00\x01\x50\x02\x00\x02\x70\x02\x00\x02",
            b"\xC0\x00",
            b"\xA2\x07\x00\x04\x00\x03a/#",
            b"\xE0\x00",
        ]),
        // Retained, overlapping, shared; the same message again.
        after(&[
            b"\x33\x08\x00\x03a/b\x00\x02y",
            b"\x82\x0E\x00\x01\x00\x03a/+\x01\x00\x03a/b\x00",
            b"\x82\x11\x00\x02\x00\x0C$share/g/a/b\x01",
            b"\x3B\x08\x00\x03a/b\x00\x02y",
            b"\x31\x05\x00\x03a/b",
        ]),
        // A will, and a CONNECT too many.
        [
            &b"\x10\x14\x00\x04MQTT\x04\x26\x00\x01\x00\x01c\x00\x01w\x00\x02by"[..],
            &CONNECT_311,
        ]
        .concat(),
        // A shadow.
        after(&[
            b"\x82\x22\x00\x01\x00\x1D$aws/things/c/shadow/update/#\x01",
            b"\x30\x3E\x00\x1B$aws/things/c/shadow/update{\"state\":{\"desired\":{\"on\":true}}}",
        ]),
    ]
}

fn sessions_5() -> Vec<Vec<u8>> {
    let after = |packets: &[&[u8]]| [&CONNECT_5[..], &packets.concat()].concat();
    vec![
        // Topic alias, subscription identifier, expiry, user property; QoS 2 with reasons.
        after(&[
            b"\x82\x0B\x00\x01\x02\x0B\x05\x00\x03a/#\x02",
            b"\x30\x0A\x00\x03a/b\x03\x23\x00\x01x",
            b"\x30\x07\x00\x00\x03\x23\x00\x01y",
            b"\x34\x15\x00\x03a/b\x00\x03\x0C\x02\x00\x00\x00\x05\x26\x00\x01k\x00\x01vz",
            b"\x62\x02\x00\x03",
            b"\x50\x04\x00\x01\x80\x00",
            b"\xA2\x08\x00\x04\x00\x00\x03a/#",
            b"\xE0\x07\x04\x05\x11\x00\x00\x00\x09",
        ]),
        // A session that lives on, with small limits of the client, and its resumption refused as a second CONNECT.
        b"\x10\x1E\x00\x04MQTT\x05\x00\x00\x0A\x10\x11\x00\x00\x00\x3C\x21\x00\x01\x27\x00\x00\x00\x40\x22\x00\x02\x00\x01c"
            .to_vec(),
        // More QoS 2 messages than may be under way.
        after(&(1..8_u8).map(|_| &b"\x34\x09\x00\x03a/b\x00\x07\x00x"[..]).collect::<Vec<_>>()),
        // A will with a delay and properties.
        b"\x10\x22\x00\x04MQTT\x05\x2E\x00\x01\x00\x00\x01c\x0C\x18\x00\x00\x00\x01\x26\x00\x01k\x00\x01v\x00\x01w\x00\x02by"
            .to_vec(),
    ]
}

fn policy_seeds(vectors: &Path) -> io::Result<Vec<Corpus>> {
    let bytes = std::fs::read(vectors.join("policy.json"))?;
    let (cases, _) = policy::cases(&bytes).map_err(io::Error::other)?;
    let documents = cases.iter().flat_map(|case| &case.policies);
    // What is chosen by one byte after the other.
    let choices = (0..64_u32).map(|seed| {
        let byte = |index: u32| (seed.wrapping_mul(167) ^ index.wrapping_mul(2_654_435_761)) >> 24;
        (0..1200).map(|index| byte(index + seed) as u8).collect()
    });
    Ok(vec![
        (
            "policy_document",
            documents.map(|text| text.get().into()).collect(),
        ),
        ("policy_decision", choices.collect()),
    ])
}

fn sigv4_seeds(vectors: &Path) -> io::Result<Vec<Corpus>> {
    let requests = sigv4_verify::requests(&std::fs::read(vectors.join("sigv4-verify.json"))?)
        .map_err(io::Error::other)?;
    // Indices into the words of a request: path, query, header values and body, separated by 0xFF.
    let words: Vec<Vec<u8>> = (0..=15_u8)
        .map(|start| {
            let run = |length: u8| -> Vec<u8> {
                (start..start.saturating_add(length))
                    .map(|byte| byte.wrapping_mul(7) % 64)
                    .collect()
            };
            [run(5), run(9), run(7), run(3)].join(&0xFF)
        })
        .collect();
    Ok(vec![
        ("sigv4_verify", requests),
        ("sigv4_sign", words.clone()),
        ("sigv4_tamper", words),
    ])
}

/// Requests, one a seed; stored shadows have no seeds of their own, since their target makes the frame itself.
fn shadow_seeds(vectors: &Path) -> io::Result<Vec<Corpus>> {
    let payloads =
        shadow::payloads(&std::fs::read(vectors.join("shadow.json"))?).map_err(io::Error::other)?;
    let short: Vec<Vec<u8>> = payloads.into_iter().filter(is_short).collect();
    let targets = ["shadow_request", "shadow_sequence", "shadow_stored"];
    let mut seeds: Vec<Corpus> = targets.map(|target| (target, short.clone())).into();
    // Messages to a device: the byte of a topic, then a request with what a message has besides.
    let messages: Vec<Vec<u8>> = short
        .iter()
        .filter_map(|request| request.strip_prefix(b"{"))
        .map(|request| {
            let line = |topic: u8, version: u8| {
                let head = format!(
                    r#"{{"version":{version},"clientToken":"@","code":409,"metadata":{{}},"#
                );
                [&[b'0' + topic], head.as_bytes(), request].concat()
            };
            (0..11)
                .map(|topic| line(topic, topic + 1))
                .collect::<Vec<_>>()
                .join(&b'\n')
        })
        .filter(is_short)
        .collect();
    seeds.push(("shadow_device", messages));
    Ok(seeds)
}

fn tls_seeds(vectors: &Path) -> io::Result<Vec<Corpus>> {
    let cases = certificates::cases(&std::fs::read(vectors.join("certificates.json"))?)
        .map_err(io::Error::other)?;
    let mut all = Vec::new();
    let mut crls = Vec::new();
    for case in &cases {
        let message = case.message().map_err(io::Error::other)?;
        all.push(message.leaf);
        all.extend(message.intermediates.into_iter().take(2));
        all.extend(message.roots);
        crls.extend(message.crls);
    }
    all.sort();
    all.dedup();
    // As they came, and signed anew.
    let messages = all
        .iter()
        .flat_map(|der| [[&[0], &der[..]].concat(), [&[1], &der[..]].concat()]);
    let pem = |label: &str, der: &Vec<u8>| {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n").into_bytes()
    };
    let files = all
        .iter()
        .map(|der| pem("CERTIFICATE", der))
        .chain(crls.iter().map(|der| pem("X509 CRL", der)));
    Ok(vec![
        ("tls_message", messages.filter(is_short).collect()),
        ("tls_crl", crls.clone()),
        ("tls_pem", files.filter(is_short).collect()),
        ("tls_identity", all.clone()),
    ])
}

/// Whether a fuzzer's inputs get as long.
#[expect(clippy::ptr_arg, reason = "it filters vectors")]
fn is_short(seed: &Vec<u8>) -> bool {
    seed.len() <= 4096
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:04}")), seed)?;
    }
    Ok(seeds.len())
}
