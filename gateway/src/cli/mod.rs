//! The command `thingwire`: serves, or gives an order to what serves.

mod args;
mod render;
mod serve;

pub use serve::{RunError, Shutdown};

use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use crate::admin::{ClientError, Operations, Response, send};
use crate::config::{Config, Flags};
use crate::provision::{DataFolder, Opened};
use args::{Arguments, Command};

/// What `policy explain` ends with when the answer is no.
const DENIED: u8 = 3;

/// Runs the command line of this process. `run` is what serves, once the data folder is open and the admin socket
/// listens; it ends when the [`Shutdown`] is requested, or with an error.
///
/// The exit code is 0 for success, 1 for what was refused or failed, 2 for a command line that is not understood, and 3
/// when `policy explain` answers that something is denied.
pub fn main<F, R>(run: F) -> ExitCode
where
    F: FnOnce(Arc<Opened>, Shutdown) -> R,
    R: Future<Output = Result<(), RunError>>,
{
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nobody is there to read it when this fails.
            let _unread = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(arguments, run) {
        Ok(code) => code,
        Err(Failure::Usage(text)) => complain(&text, 2),
        Err(Failure::Failed(text)) => complain(&text, 1),
    }
}

fn complain(text: &str, code: u8) -> ExitCode {
    let _unread = writeln!(io::stderr(), "thingwire: {text}");
    ExitCode::from(code)
}

enum Failure {
    /// The command line contradicts itself.
    Usage(String),
    /// What it asks for was refused or failed.
    Failed(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

fn dispatch<F, R>(arguments: Arguments, run: F) -> Result<ExitCode, Failure>
where
    F: FnOnce(Arc<Opened>, Shutdown) -> R,
    R: Future<Output = Result<(), RunError>>,
{
    let Arguments {
        data,
        json,
        serve,
        command,
    } = arguments;
    let flags = serve.flags();
    let command = match command {
        None => {
            if json {
                return Err(Failure::Usage(
                    "--json is for the subcommands; see `thingwire --help`".to_owned(),
                ));
            }
            serve::serve(Config::load(&data, &flags)?, run)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(command) => command,
    };
    if flags != Flags::default() {
        return Err(Failure::Usage(
            "--mqtt, --https, --admin, --region, --profile and --dangerous-plain-… are for serving, not for \
             subcommands"
                .to_owned(),
        ));
    }
    let response = order(&data, &command)?;
    let text = if json {
        serde_json::to_string_pretty(&response)?
    } else {
        render::text(&response)
    };
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => other?,
    }
    Ok(match response {
        Response::Explanation { allowed: false, .. } => ExitCode::from(DENIED),
        _ => ExitCode::SUCCESS,
    })
}

/// Gives an order to the running gateway, or carries it out here when none runs.
fn order(data: &std::path::Path, command: &Command) -> Result<Response, Failure> {
    let request = command.request()?;
    match send(&DataFolder::new(data), &request) {
        Err(ClientError::NotRunning) => {}
        other => return Ok(other?),
    }
    let opened = Opened::open(Config::load(data, &Flags::default())?)?;
    let done = Operations::new(&opened).execute(&request);
    opened.close()?;
    Ok(done?)
}
