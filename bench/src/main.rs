//! `cargo run --release --manifest-path bench/Cargo.toml -- SUITE [--quick] [--save] [--all-peers]`
//!
//! Runs one suite, prints a Markdown table (case × implementation) and one `GOAL` line per goal, and exits 1 if a goal
//! is missed. `--quick` takes fewer rounds and smaller data; `--save` writes the table and a chart to `results/`;
//! `--all-peers` is for `gateway` and builds the peers that take long to build.

use std::process::ExitCode;

mod codec;
mod gateway;
mod harness;
mod policy;
mod shadow;
mod sigv4;
mod tls;
mod topic;

use harness::{Bench, CountingAllocator, Options};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Name on the command line, how it measures, and what fills the bench.
const SUITES: &[(&str, &str, fn(&mut Bench))] = &[
    ("codec", harness::CPU_TIME, codec::run),
    ("gateway", gateway::METHOD, gateway::run),
    ("policy", harness::CPU_TIME, policy::run),
    ("shadow", harness::CPU_TIME, shadow::run),
    ("sigv4", harness::CPU_TIME, sigv4::run),
    ("tls", harness::CPU_TIME, tls::run),
    ("topic", harness::CPU_TIME, topic::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (flags, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|word| word.starts_with("--"));
    let says = |wanted: &str| flags.iter().any(|flag| *flag == wanted);
    let options = Options {
        quick: says("--quick"),
        all_peers: says("--all-peers"),
    };
    let unknown = flags
        .iter()
        .find(|flag| !["--quick", "--save", "--all-peers"].contains(&flag.as_str()));
    let suite = match names.as_slice() {
        [name] => SUITES.iter().find(|(known, ..)| known == name),
        _ => None,
    };
    let (Some((name, method, run)), None) = (suite, unknown) else {
        let names: Vec<&str> = SUITES.iter().map(|(name, ..)| *name).collect();
        eprintln!(
            "usage: bench SUITE [--quick] [--save] [--all-peers], where SUITE is one of {}",
            names.join(", ")
        );
        return ExitCode::from(2);
    };
    let mut bench = Bench::new(name, method, options);
    run(&mut bench);
    bench.finish(says("--save"))
}
