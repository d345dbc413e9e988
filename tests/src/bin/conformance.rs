//! `conformance SUITE FILE`: judges every case of FILE, prints a line per failure and the closing count, and exits 1
//! if a case failed, 2 if the arguments or the file cannot be used.

use std::process::ExitCode;

use thingwire_tests::{SUITES, suite};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, path] = arguments.as_slice() else {
        let names: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
        eprintln!(
            "usage: conformance SUITE FILE, where SUITE is one of {}",
            names.join(", ")
        );
        return ExitCode::from(2);
    };
    let outcome = suite(name)
        .ok_or_else(|| format!("there is no suite `{name}`"))
        .and_then(|suite| {
            let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
            (suite.run)(&bytes).map_err(|error| format!("{path}: {error}"))
        });
    match outcome {
        Ok(report) => {
            for line in report.failures().iter().chain(report.skips()) {
                println!("{line}");
            }
            println!("{report}");
            ExitCode::from(u8::from(!report.failures().is_empty()))
        }
        Err(error) => {
            eprintln!("conformance: {error}");
            ExitCode::from(2)
        }
    }
}
