//! `cargo xtask check`.

use std::process::Command;

use crate::fuzz;
use crate::run::{Done, Outcome, Plan, cargo, have_subcommand, output, run, succeeds};
use crate::workspace::{Published, published, root};

/// The target that stands for small devices without an operating system.
const BARE_METAL: &str = "thumbv7em-none-eabi";

/// What a published package may hold, as a prefix or a whole name; cargo itself adds the last four.
const PACKAGE_ALLOW_LIST: &[&str] = &[
    "src/",
    "examples/",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "DESIGN.md",
    "COMPARE.md",
    "THREAT_MODEL.md",
    "Cargo.toml",
    "Cargo.toml.orig",
    "Cargo.lock",
    ".cargo_vcs_info.json",
];

pub fn steps(plan: &mut Plan) {
    plan.step("formatting", formatting);
    plan.step("clippy", || {
        run(&mut cargo([
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]))
    });
    plan.step("documentation", || {
        run(cargo([
            "doc",
            "--workspace",
            "--no-deps",
            "--all-features",
            "--locked",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"))
    });
    let crates = match published() {
        Ok(crates) => crates,
        Err(error) => {
            plan.step("the list of published crates", || Err(error));
            return;
        }
    };
    plan.step("feature combinations", || feature_combinations(&crates));
    plan.step(&format!("no_std on {BARE_METAL}"), || bare_metal(&crates));
    plan.step("package contents", || package_contents(&crates));
    plan.step("cargo deny", || match have_subcommand("deny") {
        Ok(()) => run(&mut cargo(["deny", "check", "bans", "licenses", "sources"])),
        Err(reason) => Ok(Done::Skipped(reason)),
    });
    plan.step("long tests", || {
        // Optimised, but not linked as one: there are many test programs.
        run(cargo([
            "test",
            "--workspace",
            "--all-features",
            "--locked",
            "--release",
            "--lib",
            "--tests",
            "--",
            "--ignored",
        ])
        .envs([
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
        ]))
    });
    fuzz::smoke(plan);
}

/// The workspace and the two folders outside it.
fn formatting() -> Outcome {
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    for folder in ["bench", "fuzz"] {
        let manifest = root().join(folder).join("Cargo.toml");
        run(cargo(["fmt", "--check", "--manifest-path"]).arg(manifest))?;
    }
    Ok(Done::Passed)
}

/// No feature, each feature alone, and all of them: features only add, so pairs follow.
fn feature_combinations(crates: &[Published]) -> Outcome {
    for published in crates {
        let check = |features: &str| {
            run(&mut cargo([
                "check",
                "--quiet",
                "--locked",
                "--package",
                &published.name,
                "--no-default-features",
                "--features",
                features,
            ]))
        };
        check("")?;
        for feature in &published.features {
            check(feature)?;
        }
        check(&published.features.join(","))?;
    }
    Ok(Done::Passed)
}

fn bare_metal(crates: &[Published]) -> Outcome {
    let names: Vec<&str> = crates
        .iter()
        .filter(|published| published.no_std)
        .map(|published| published.name.as_str())
        .collect();
    if names.is_empty() {
        return Err("no published crate is no_std".to_owned());
    }
    let installed = output(Command::new("rustup").args(["target", "list", "--installed"]))
        .is_ok_and(|list| list.lines().any(|line| line == BARE_METAL));
    if !installed && !succeeds(Command::new("rustup").args(["target", "add", BARE_METAL])) {
        return Ok(Done::Skipped(format!(
            "the standard library for {BARE_METAL} is not installed and `rustup target add {BARE_METAL}` failed \
             (not built for it: {})",
            names.join(", ")
        )));
    }
    for name in names {
        run(&mut cargo([
            "build",
            "--locked",
            "--no-default-features",
            "--target",
            BARE_METAL,
            "--package",
            name,
        ]))?;
    }
    Ok(Done::Passed)
}

fn package_contents(crates: &[Published]) -> Outcome {
    for published in crates {
        let list = output(
            cargo(["package", "--list", "--allow-dirty", "--locked"])
                .current_dir(&published.folder),
        )?;
        let strangers: Vec<&str> = list
            .lines()
            .filter(|file| {
                !PACKAGE_ALLOW_LIST.iter().any(|allowed| {
                    *file == *allowed || (allowed.ends_with('/') && file.starts_with(allowed))
                })
            })
            .collect();
        if !strangers.is_empty() {
            return Err(format!(
                "{} would publish {}",
                published.name,
                strangers.join(", ")
            ));
        }
        if !list.lines().any(|file| file == "README.md") {
            return Err(format!(
                "{} would be published without its README",
                published.name
            ));
        }
        println!("    {}: {} files", published.name, list.lines().count());
    }
    Ok(Done::Passed)
}
