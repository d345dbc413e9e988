//! Starting corpora for the fuzz targets, made from the vectors.

use std::io;
use std::path::Path;

use crate::suite::{mqtt, topic};

/// Writes the seeds of every fuzz target below `corpus`, one folder a target, and returns how many were written.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_fuzz_seeds(corpus: &Path) -> io::Result<usize> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let rows = topic::rows(&std::fs::read(vectors.join("topic.csv"))?).map_err(io::Error::other)?;
    // A filter and a topic, separated by the first line feed.
    let pairs: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| format!("{}\n{}", row.filter, row.topic).into_bytes())
        .collect();
    let mut count = 0;
    for target in ["topic_match", "topic_index"] {
        count += write(&corpus.join(target), &pairs)?;
    }
    let rows = mqtt::rows(&std::fs::read(vectors.join("mqtt-strictness.csv"))?)
        .map_err(io::Error::other)?;
    // The level of the version, a place to cut at, and the packet.
    let packets: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| [&[row.version.level(), 3], &row.packet[..]].concat())
        .collect();
    for target in ["mqtt_decode", "mqtt_differential"] {
        count += write(&corpus.join(target), &packets)?;
    }
    Ok(count)
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:04}")), seed)?;
    }
    Ok(seeds.len())
}
