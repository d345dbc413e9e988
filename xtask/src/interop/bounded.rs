//! Programs that are given a time to end in.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How a program ended, and what it said.
pub struct Ended {
    pub is_success: bool,
    /// It was stopped because its time was over.
    pub was_stopped: bool,
    /// Lines on the standard output.
    pub said: Vec<String>,
    /// Lines on the standard error.
    pub complaints: Vec<String>,
}

enum Line {
    Said(String),
    Complained(String),
}

/// Runs a program until it ends, until its time is over, or until a line is `enough`: then it has succeeded.
pub fn run(command: &mut Command, limit: Duration, enough: Option<&str>) -> Result<Ended, String> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            format!(
                "{} cannot be started: {error}",
                command.get_program().display()
            )
        })?;
    let (sender, lines) = mpsc::channel();
    read(child.stdout.take(), sender.clone(), Line::Said);
    read(child.stderr.take(), sender, Line::Complained);
    let mut ended = Ended {
        is_success: false,
        was_stopped: false,
        said: Vec::new(),
        complaints: Vec::new(),
    };
    let deadline = Instant::now() + limit;
    loop {
        // The lines end when every process that could write them has ended.
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Line::Said(line)) => {
                let is_enough = enough.is_some_and(|enough| line == enough);
                ended.said.push(line);
                if is_enough {
                    stop(&mut child);
                    ended.is_success = true;
                    return Ok(ended);
                }
            }
            Ok(Line::Complained(line)) => ended.complaints.push(line),
            Err(RecvTimeoutError::Timeout) => {
                stop(&mut child);
                ended.was_stopped = true;
                return Ok(ended);
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().map_err(|error| error.to_string())?;
                ended.is_success = status.success() && enough.is_none();
                return Ok(ended);
            }
        }
    }
}

fn read(
    pipe: Option<impl Read + Send + 'static>,
    lines: Sender<Line>,
    kind: impl Fn(String) -> Line + Send + 'static,
) {
    let Some(pipe) = pipe else { return };
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if lines.send(kind(line)).is_err() {
                return;
            }
        }
    });
}

/// Ends a program and what it has started.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    {
        let group = format!("-{}", child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}
