//! The binary `thingwire`: see the library's README.

use std::process::ExitCode;

fn main() -> ExitCode {
    thingwire::cli::main(thingwire::gateway::run)
}
