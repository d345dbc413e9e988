//! `fuzz-seeds FOLDER`: writes the starting corpus of every fuzz target below FOLDER, made from `vectors/`.

use std::path::Path;
use std::process::ExitCode;

use thingwire_tests::write_fuzz_seeds;

fn main() -> ExitCode {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: fuzz-seeds FOLDER");
        return ExitCode::from(2);
    };
    match write_fuzz_seeds(Path::new(&folder)) {
        Ok(count) => {
            println!("{count} seeds written");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fuzz-seeds: {error}");
            ExitCode::FAILURE
        }
    }
}
