//! Runs every suite over the copy of its vectors in this project, and over other people's vectors where they are at hand: no case may
//! fail, and each file must hold cases.

use std::path::Path;

use thingwire_tests::SUITES;

#[test]
fn every_suite_passes_on_our_own_vectors() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut failures = Vec::new();
    for suite in SUITES {
        let bytes = if suite.file.starts_with("third-party/") {
            let shared = vectors.join("../../../shared/vectors").join(suite.file);
            let Ok(bytes) = std::fs::read(&shared) else {
                println!("{}: skipped, {} is not here", suite.name, suite.file);
                continue;
            };
            bytes
        } else {
            std::fs::read(vectors.join(suite.file)).expect("our own vectors are committed")
        };
        let report = (suite.run)(&bytes).expect("our own vectors are well-formed");
        println!("{}: {report}", suite.name);
        assert!(report.passed() > 0, "{}: no case was judged", suite.name);
        failures.extend_from_slice(report.failures());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
