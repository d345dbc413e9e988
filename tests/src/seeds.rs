//! Starting corpora for the fuzz targets, made from the vectors.

use std::io;
use std::path::Path;

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
