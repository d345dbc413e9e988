//! Starting corpora for the fuzz targets, made from the vectors.

use std::io;
use std::path::Path;

use crate::suite::{sigv4_verify, topic};

/// Writes the seeds of every fuzz target below `corpus`, one folder a target, and returns how many were written.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write_fuzz_seeds(corpus: &Path) -> io::Result<usize> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let rows = topic::rows(&std::fs::read(vectors.join("topic.csv"))?).map_err(io::Error::other)?;
    // A filter and a topic, separated by the first line feed; what is longer than a fuzzer's inputs stays out.
    let pairs: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| format!("{}\n{}", row.filter, row.topic).into_bytes())
        .filter(|seed| seed.len() <= 4096)
        .collect();
    let mut count = 0;
    for target in ["topic_match", "topic_index"] {
        count += write(&corpus.join(target), &pairs)?;
    }
    let requests = sigv4_verify::requests(&std::fs::read(vectors.join("sigv4-verify.json"))?)
        .map_err(io::Error::other)?;
    count += write(&corpus.join("sigv4_verify"), &requests)?;
    // Indices into the words of a request: path, query, header values and body, separated by 0xFF.
    let words: Vec<Vec<u8>> = (0..=15_u8)
        .map(|start| {
            let run = |length: u8| {
                (start..start.saturating_add(length)).map(|byte| byte.wrapping_mul(7) % 64)
            };
            let parts: [Vec<u8>; 4] = [
                run(5).collect(),
                run(9).collect(),
                run(7).collect(),
                run(3).collect(),
            ];
            parts.join(&0xFF)
        })
        .collect();
    count += write(&corpus.join("sigv4_sign"), &words)?;
    count += write(&corpus.join("sigv4_tamper"), &words)?;
    Ok(count)
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:04}")), seed)?;
    }
    Ok(seeds.len())
}
