//! `cargo xtask fuzz`, and the smoke run of `cargo xtask check`.

use std::path::PathBuf;
use std::process::Command;

use crate::run::{Done, Outcome, Plan, cargo, cargo_of, have_subcommand, output, run, succeeds};
use crate::workspace::root;

/// How long `cargo xtask check` runs each target.
const SMOKE_SECONDS: u64 = 5;

pub struct Options {
    target: Option<String>,
    minutes: u64,
}

impl Options {
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self {
            target: None,
            minutes: 1,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words
                .next()
                .ok_or_else(|| format!("`{word}` wants a value"))?;
            match *word {
                "--target" => options.target = Some((*value).to_owned()),
                "--minutes" => {
                    options.minutes = value
                        .parse()
                        .map_err(|_| format!("`{value}` is no number of minutes"))?;
                }
                other => return Err(format!("there is no option `{other}`")),
            }
        }
        Ok(options)
    }
}

/// How fuzz targets are built here.
#[derive(Clone, Copy)]
struct Build {
    sanitizer: &'static str,
}

pub fn steps(plan: &mut Plan, options: &Options) {
    let mut ready = None;
    plan.step("fuzz: tools and seeds", || prepare(&mut ready));
    let Some((build, targets)) = ready else {
        return;
    };
    let mut known = false;
    for target in targets {
        if options
            .target
            .as_ref()
            .is_none_or(|wanted| *wanted == target)
        {
            known = true;
            plan.step(&format!("fuzz {target}"), || {
                fuzz(build, &target, options.minutes.saturating_mul(60))
            });
        }
    }
    if let (false, Some(target)) = (known, &options.target) {
        plan.step(&format!("fuzz {target}"), || {
            Err("there is no such target in `fuzz/Cargo.toml`".to_owned())
        });
    }
}

pub fn smoke(plan: &mut Plan) {
    let mut ready = None;
    plan.step("fuzz smoke: tools and seeds", || prepare(&mut ready));
    let Some((build, targets)) = ready else {
        return;
    };
    for target in targets {
        plan.step(&format!("fuzz smoke {target}"), || {
            fuzz(build, &target, SMOKE_SECONDS)
        });
    }
}

/// Finds the tools, writes the seeds and builds every target; leaves `ready` empty when fuzzing cannot be done here.
fn prepare(ready: &mut Option<(Build, Vec<String>)>) -> Outcome {
    if !succeeds(&mut cargo_of("nightly", ["--version"])) {
        return Ok(Done::Skipped(
            "no nightly toolchain; type: rustup toolchain install nightly --profile minimal"
                .to_owned(),
        ));
    }
    if let Err(reason) = have_subcommand("fuzz") {
        return Ok(Done::Skipped(reason));
    }
    run(cargo([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "thingwire-tests",
        "--bin",
        "fuzz-seeds",
        "--",
    ])
    .arg(root().join("fuzz/corpus")))?;

    let mut build = Build {
        sanitizer: "address",
    };
    if run(&mut cargo_fuzz("build", build)).is_err() {
        println!("    the address sanitizer is not to be had here: building with `-s none`");
        build.sanitizer = "none";
        run(&mut cargo_fuzz("build", build))?;
    }
    let targets: Vec<String> =
        output(cargo_of("nightly", ["fuzz", "list", "--fuzz-dir"]).arg(root().join("fuzz")))?
            .lines()
            .map(str::to_owned)
            .collect();
    if targets.is_empty() {
        return Err("`fuzz/Cargo.toml` lists no targets".to_owned());
    }
    *ready = Some((build, targets));
    Ok(Done::Passed)
}

fn fuzz(build: Build, target: &str, seconds: u64) -> Outcome {
    run(cargo_fuzz("run", build).args([
        target,
        "--",
        &format!("-max_total_time={seconds}"),
        "-timeout=20",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
        "-verbosity=0",
    ]))
}

fn cargo_fuzz(verb: &str, build: Build) -> Command {
    let folder: PathBuf = root().join("fuzz");
    let mut command = cargo_of("nightly", ["fuzz", verb, "-s", build.sanitizer]);
    command.arg("--fuzz-dir").arg(folder);
    command
}
