//! Starting corpora for the fuzz targets, made from the vectors.

use std::io;
use std::path::Path;

use crate::suite::topic;

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
    let operations: Vec<Vec<u8>> = operations.filter(|seed| seed.len() <= 4096).collect();
    let mut count = write(&corpus.join("topic_match"), &pairs)?;
    count += write(&corpus.join("topic_index"), &operations)?;
    Ok(count)
}

fn write(folder: &Path, seeds: &[Vec<u8>]) -> io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    for (index, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{index:04}")), seed)?;
    }
    Ok(seeds.len())
}
