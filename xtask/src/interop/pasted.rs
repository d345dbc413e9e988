//! The lines that the gateway prints to be pasted, and those of its README, run as they stand.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::bounded;
use super::gateway::Gateway;
use super::table::{Table, Verdict};
use crate::run::{Done, Outcome, succeeds};
use crate::workspace::root;

/// For one line.
const LINE: Duration = Duration::from_secs(60);

/// The ports of a gateway that was told nothing.
const DEFAULT_PORTS: [u16; 2] = [8883, 8443];

/// The greeting's lines. `aws` is the folder of the service's command line.
pub fn greeting(binary: &Path, aws: Option<&Path>, table: &mut Table) -> Outcome {
    let gateway = Gateway::start(
        binary,
        &["--mqtt", "localhost:0", "--https", "localhost:0"],
        "",
    )?;
    let lines: Vec<String> = gateway
        .greeting()
        .iter()
        .filter_map(|line| line.strip_prefix("  ").map(str::to_owned))
        .collect();
    paste(&gateway, "the greeting", &lines, aws, table)
}

/// The README's lines, which need a gateway that was told nothing, as a user starts it.
pub fn readme(binary: &Path, aws: Option<&Path>, table: &mut Table) -> Outcome {
    for port in DEFAULT_PORTS {
        if let Err(error) = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)) {
            let reason = format!("port {port} cannot be listened at: {error}");
            table.push("the README", "everything", Verdict::Skipped(reason.clone()));
            return Ok(Done::Skipped(reason));
        }
    }
    let text = std::fs::read_to_string(root().join("gateway/README.md"))
        .map_err(|error| error.to_string())?;
    let joined = text.replace("\\\n", " ");
    // Each line is run by a shell of its own, with what the lines before it export.
    let (mut exports, mut lines) = (String::new(), Vec::new());
    for line in joined.lines() {
        if line.starts_with("export ") {
            exports.push_str(&format!("{line}; "));
        } else if ["mosquitto_", "aws ", "printf "]
            .iter()
            .any(|word| line.starts_with(word))
        {
            lines.push(format!("{exports}{line}"));
        }
    }
    let gateway = Gateway::start(binary, &[], "")?;
    paste(&gateway, "the README", &lines, aws, table)
}

fn paste(
    gateway: &Gateway,
    source: &str,
    lines: &[String],
    aws: Option<&Path>,
    table: &mut Table,
) -> Outcome {
    if lines.is_empty() {
        return Err(format!("{source} has no line to paste"));
    }
    let has_mosquitto = succeeds(Command::new("sh").args(["-c", "command -v mosquitto_pub"]));
    let (mut failures, mut skipped) = (Vec::new(), Vec::new());
    for line in lines {
        let what = subject(line);
        let missing = if line.contains("mosquitto_") {
            (!has_mosquitto).then_some("Mosquitto's clients are not installed")
        } else {
            aws.is_none()
                .then_some("the command line of AWS is not installed")
        };
        let verdict = match missing {
            Some(missing) => Verdict::Skipped(missing.to_owned()),
            None => match run(gateway, line, aws) {
                Ok(()) => Verdict::Passed,
                Err(why) => Verdict::Failed(why),
            },
        };
        match &verdict {
            Verdict::Passed => {}
            Verdict::Skipped(why) => skipped.push(format!("{what}: {why}")),
            Verdict::Failed(why) => failures.push(format!("{what}: {why}")),
        }
        table.push(source, &what, verdict);
    }
    if !failures.is_empty() {
        gateway.show_log();
        return Err(failures.join("; "));
    }
    Ok(match skipped.is_empty() {
        true => Done::Passed,
        false => Done::Skipped(skipped.join("; ")),
    })
}

/// What a line does, in a few words.
fn subject(line: &str) -> String {
    let found = line
        .split_whitespace()
        .find(|word| {
            word.starts_with("mosquitto_") || word.contains("-thing-shadow") || *word == "publish"
        })
        .unwrap_or(line);
    match found.strip_prefix("mosquitto_") {
        Some(_) => found.to_owned(),
        None => format!("aws iot-data {found}"),
    }
}

fn run(gateway: &Gateway, line: &str, aws: Option<&Path>) -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(gateway.folder());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = aws
        .map(Path::to_owned)
        .into_iter()
        .chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(folders) {
        command.env("PATH", path);
    }
    // What the user's own account would say is not asked.
    for name in [
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ] {
        command.env_remove(name);
    }
    // A subscriber does not end by itself.
    let enough = line
        .starts_with("mosquitto_sub")
        .then_some("demo/hello hello");
    let ended = bounded::run(&mut command, LINE, enough)?;
    if ended.was_stopped {
        return Err(format!("nothing after {} s", LINE.as_secs()));
    }
    let said = ended.said.join(" ");
    if !ended.is_success {
        return Err(format!("{said} {}", ended.complaints.join(" ")));
    }
    if line.contains("-thing-shadow") && !said.contains(r#""desired":{"on":true}"#) {
        return Err(format!("it said {said}"));
    }
    Ok(())
}
