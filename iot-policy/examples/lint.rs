//! What is odd about policies, and what they probably do not mean: for a look before they are attached, or a step of CI.
//!
//! ```sh
//! cargo run -p thingwire-iot-policy --example lint -- device.json fleet.json
//! ```
//!
//! The files are looked at together, as policies that are attached together. It ends with 0 where nothing is found, with 1
//! where something is, and with 2 where a file cannot be read or is no policy.
#![allow(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "an example reads as an application would, which names the standard library `std`"
)]

use std::io::{self, Write as _};
use std::process::ExitCode;

use iot_policy::{Policy, PolicySet, Scope};

const USAGE: &str = "usage: lint [--scope REGION ACCOUNT] POLICY-FILE...";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let read = |name: &str| std::fs::read(name).map_err(|error| format!("{name}: {error}"));
    let (code, lines) = match run(&words, read) {
        Ok(lines) => (u8::from(!lines.is_empty()), lines),
        Err(error) => (2, vec![error]),
    };
    let mut out = io::stdout().lock();
    // Nobody may be reading any more; the code still says it.
    let _ = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    ExitCode::from(code)
}

/// A line for each warning and each finding.
fn run(
    words: &[&str],
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<String>, String> {
    let (scope, files) = match words {
        ["--scope", region, account, files @ ..] => (Scope::new("aws", *region, *account), files),
        files => (Scope::new("aws", "us-east-1", "123456789012"), files),
    };
    if files.is_empty() || files.iter().any(|name| name.starts_with("--")) {
        return Err(USAGE.to_owned());
    }
    let mut lines = Vec::new();
    let mut policies = Vec::new();
    for name in files {
        let policy = Policy::parse(&read(name)?).map_err(|error| format!("{name}: {error}"))?;
        let warnings = policy.warnings().iter();
        lines.extend(warnings.map(|warning| format!("{name}: {warning}")));
        policies.push((*name, policy));
    }
    let named = policies.iter().map(|(name, policy)| (*name, policy));
    let findings = PolicySet::compile(named, scope).lint();
    lines.extend(findings.iter().map(ToString::to_string));
    Ok(lines)
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
mod tests {
    use super::*;

    fn on(line: &str) -> Result<Vec<String>, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        run(&words, |name| {
            match name {
            "good.json" => Ok(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Connect",
                "Resource": "arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}"}}"#
                .to_vec()),
            "broad.json" => Ok(br#"{"Version": "2012-10-17", "Statement": {"Sid": "Talk", "Effect": "Allow",
                "Action": "iot:Publish", "Resource": "arn:aws:iot:*:topic/a*"}}"#
                .to_vec()),
            "no.json" => Ok(b"[]".to_vec()),
            other => Err(format!("{other}: no such file")),
        }
        })
    }

    #[test]
    fn files() {
        assert_eq!(on("good.json"), Ok(vec![]));
        let Ok(lines) = on("good.json broad.json") else {
            panic!("they can be read");
        };
        let [warning, finding] = &*lines else {
            panic!("{lines:?}");
        };
        assert!(warning.starts_with("broad.json: "), "{warning}");
        assert!(finding.starts_with("broad.json[0] Talk: "), "{finding}");
        let elsewhere = "--scope eu-west-1 123456789012 good.json";
        assert_eq!(
            on(elsewhere),
            Ok(vec!["good.json[0]: never applies".to_owned()])
        );
    }

    #[test]
    fn mistakes() {
        for line in ["", "--help", "--scope eu-west-1"] {
            assert_eq!(on(line), Err(USAGE.to_owned()), "{line}");
        }
        assert_eq!(on("none.json"), Err("none.json: no such file".to_owned()));
        let Err(error) = on("no.json") else {
            panic!("it is no policy");
        };
        assert!(error.starts_with("no.json: "), "{error}");
    }
}
