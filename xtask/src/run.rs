//! Steps that pass, fail or are skipped in words, and the commands they run.

use std::ffi::OsStr;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// How a step ended when it did not fail.
pub enum Done {
    Passed,
    /// The step could not be run here, for this reason.
    Skipped(String),
}

pub type Outcome = Result<Done, String>;

/// Runs steps one after another, keeps going after a failure, and sums up.
#[derive(Default)]
pub struct Plan {
    passed: usize,
    failed: Vec<String>,
    skipped: Vec<String>,
}

impl Plan {
    pub fn step(&mut self, name: &str, body: impl FnOnce() -> Outcome) {
        println!("\n==> {name}");
        let start = Instant::now();
        match body() {
            Ok(Done::Passed) => {
                self.passed += 1;
                println!("    {name}: passed ({} s)", start.elapsed().as_secs());
            }
            Ok(Done::Skipped(reason)) => {
                println!("    {name}: SKIPPED: {reason}");
                self.skipped.push(format!("{name}: {reason}"));
            }
            Err(error) => {
                println!("    {name}: FAILED: {error}");
                self.failed.push(format!("{name}: {error}"));
            }
        }
    }

    pub fn finish(self) -> ExitCode {
        println!();
        for line in &self.skipped {
            println!("SKIPPED {line}");
        }
        for line in &self.failed {
            println!("FAILED {line}");
        }
        println!(
            "steps: {} passed, {} failed, {} skipped",
            self.passed,
            self.failed.len(),
            self.skipped.len()
        );
        ExitCode::from(u8::from(!self.failed.is_empty()))
    }
}

/// Runs a command with its output shown.
pub fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    println!("    $ {shown}");
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(Done::Passed),
        Ok(status) => Err(format!("`{shown}` ended with {status}")),
        Err(error) => Err(format!("`{shown}` could not be started: {error}")),
    }
}

/// Runs a command and returns what it printed on standard output.
pub fn output(command: &mut Command) -> Result<String, String> {
    let shown = show(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{shown}` ended with {}: {said}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{shown}`: {error}"))
}

/// Whether a command can be started and succeeds, its output thrown away.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// A cargo of another toolchain, through rustup's proxy.
pub fn cargo_of<I: AsRef<OsStr>>(
    toolchain: &str,
    arguments: impl IntoIterator<Item = I>,
) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", toolchain, "cargo"]).args(arguments);
    // Set by the cargo that runs this program; the other toolchain finds its own.
    for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(variable);
    }
    command
}

/// Makes `cargo NAME` available: installs it in CI, and otherwise names the command that would.
pub fn have_subcommand(name: &str) -> Result<(), String> {
    if succeeds(cargo([name, "--version"]).env_remove("RUSTFLAGS")) {
        return Ok(());
    }
    let package = format!("cargo-{name}");
    if std::env::var_os("CI").is_some() {
        return match run(&mut cargo(["install", "--locked", "--quiet", &package])) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!(
                "{package} is missing and could not be installed: {error}"
            )),
        };
    }
    Err(format!(
        "{package} is missing; type: cargo install --locked {package}"
    ))
}

fn show(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}
