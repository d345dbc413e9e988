//! `cargo xtask test`.

use std::process::Command;

use crate::run::{Done, Outcome, Plan, cargo, run, succeeds};

/// Programs of other projects that tests talk to, and the Debian packages that have them.
const PROGRAMS: &[(&str, &str)] = &[
    ("openssl", "openssl"),
    ("mosquitto_pub", "mosquitto-clients"),
    ("/usr/sbin/mosquitto", "mosquitto"),
];

pub fn steps(plan: &mut Plan) {
    plan.step("programs that tests talk to", programs);
    plan.step("tests of every crate, all features", || {
        run(&mut cargo([
            "test",
            "--workspace",
            "--all-features",
            "--locked",
            "--no-fail-fast",
        ]))
    });
    // Anyone in a build can turn these on for everyone in it; no answer may change with them.
    for features in [
        "serde_json/arbitrary_precision",
        "serde_json/preserve_order",
        "serde_json/float_roundtrip",
        "serde_json/arbitrary_precision,serde_json/preserve_order,serde_json/float_roundtrip",
    ] {
        plan.step(&format!("shadow-doc with {features}"), || {
            run(&mut cargo([
                "test",
                "--package",
                "thingwire-shadow-doc",
                "--all-features",
                "--features",
                features,
                "--locked",
                "--no-fail-fast",
            ]))
        });
    }
}

/// In CI what is missing is installed; elsewhere the tests that want it are skipped in words.
fn programs() -> Outcome {
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| Command::new(program).arg("--help").output().is_err())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(Done::Passed);
    }
    let installed = std::env::var_os("CI").is_some()
        && succeeds(Command::new("apt-get").arg("update"))
        && succeeds(
            Command::new("apt-get")
                .args(["install", "--yes", "--no-install-recommends"])
                .args(&missing)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        );
    if installed {
        return Ok(Done::Passed);
    }
    Ok(Done::Skipped(format!(
        "without {} some tests of interoperation are skipped",
        missing.join(", ")
    )))
}
