//! `cargo run --release --manifest-path bench/Cargo.toml -- SUITE [--quick] [--save]`
//!
//! Runs one suite, prints a Markdown table (case × implementation) and one `GOAL` line per goal, and exits 1 if a goal
//! is missed. `--quick` takes fewer rounds and smaller data; `--save` writes the table and a chart to `results/`.

use std::process::ExitCode;

mod codec;
mod harness;
mod policy;
mod shadow;
mod sigv4;
mod tls;
mod topic;

use harness::{Bench, CountingAllocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Name on the command line, and what fills the bench.
const SUITES: &[(&str, fn(&mut Bench))] = &[
    ("codec", codec::run),
    ("policy", policy::run),
    ("shadow", shadow::run),
    ("sigv4", sigv4::run),
    ("tls", tls::run),
    ("topic", topic::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (flags, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|word| word.starts_with("--"));
    let quick = flags.iter().any(|flag| *flag == "--quick");
    let save = flags.iter().any(|flag| *flag == "--save");
    let unknown = flags
        .iter()
        .find(|flag| !["--quick", "--save"].contains(&flag.as_str()));
    let suite = match names.as_slice() {
        [name] => SUITES.iter().find(|(known, _)| known == name),
        _ => None,
    };
    let (Some((name, run)), None) = (suite, unknown) else {
        let names: Vec<&str> = SUITES.iter().map(|(name, _)| *name).collect();
        eprintln!(
            "usage: bench SUITE [--quick] [--save], where SUITE is one of {}",
            names.join(", ")
        );
        return ExitCode::from(2);
    };
    let mut bench = Bench::new(name, quick);
    run(&mut bench);
    bench.finish(save)
}
