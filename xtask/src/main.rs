//! `cargo xtask test`, `check`, `interop` and `fuzz`: see [`USAGE`].

use std::process::ExitCode;

mod check;
mod fuzz;
mod interop;
mod run;
mod test;
mod workspace;

use run::Plan;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test                            every test, after installing what the tests need
  check                           formatting, lints, docs, no_std, packages, features, licences, fuzz smoke
  interop                         SDKs and tools of other projects against the gateway; fetches them from PyPI and npm
  fuzz [--target T] [--minutes N] every fuzz target, or one, for N minutes each (default 1)

CI=true makes `check` install the tools it lacks; elsewhere it names the command that would.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut plan = Plan::default();
    match words.as_slice() {
        ["test"] => test::steps(&mut plan),
        ["check"] => check::steps(&mut plan),
        ["interop"] => interop::steps(&mut plan),
        ["fuzz", options @ ..] => match fuzz::Options::parse(options) {
            Ok(options) => fuzz::steps(&mut plan, &options),
            Err(error) => return usage(&error),
        },
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [] => return usage("a command is missing"),
        [other, ..] => return usage(&format!("there is no command `{other}`")),
    }
    plan.finish()
}

fn usage(error: &str) -> ExitCode {
    eprintln!("xtask: {error}\n\n{USAGE}");
    ExitCode::from(2)
}
