//! `cargo xtask interop`: clients of other projects, unchanged, against a gateway on the loopback interface.
//!
//! Each script of `gateway/interop/` prints a line for each thing that it tried; they become the rows of a table. Packages that
//! cannot be had here are skipped in words.

mod bounded;
mod gateway;
mod packages;
mod pasted;
mod table;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::run::{Done, Outcome, Plan, cargo, run};
use crate::workspace::{root, target};
use bounded::Ended;
use gateway::Gateway;
use table::{Row, Table, Verdict};

/// For one script; its own time-outs are shorter.
const SCRIPT: Duration = Duration::from_secs(180);

/// The port on which some SDKs alone ask for MQTT by ALPN.
const HTTPS: u16 = 443;

/// A script, and what runs it.
struct Program {
    name: &'static str,
    script: &'static str,
    runner: Runner,
    /// Whether it has more to say when the HTTPS port is the usual one.
    minds_443: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    Python,
    Node,
}

const fn program(
    name: &'static str,
    script: &'static str,
    runner: Runner,
    minds_443: bool,
) -> Program {
    Program {
        name,
        script,
        runner,
        minds_443,
    }
}

const PROGRAMS: &[Program] = &[
    program("awsiotsdk", "awsiotsdk_mqtt.py", Runner::Python, true),
    program(
        "awsiotsdk shadows",
        "awsiotsdk_shadow.py",
        Runner::Python,
        false,
    ),
    program(
        "AWSIoTPythonSDK",
        "aws_iot_python_sdk.py",
        Runner::Python,
        true,
    ),
    program("paho-mqtt", "paho_mqtt.py", Runner::Python, false),
    program("boto3", "boto3_iot_data.py", Runner::Python, true),
    program("MQTT.js", "mqttjs.mjs", Runner::Node, false),
    program(
        "aws-iot-device-sdk-v2",
        "aws_iot_device_sdk_v2.mjs",
        Runner::Node,
        true,
    ),
];

/// Where a script's packages are, or why there are none.
struct Runners {
    python: Result<PathBuf, String>,
    node: Result<PathBuf, String>,
}

pub fn steps(plan: &mut Plan) {
    let target = match target() {
        Ok(target) => target,
        Err(error) => return plan.step("the target folder", || Err(error)),
    };
    let binary = target.join("debug/thingwire");
    let mut is_built = false;
    plan.step("the gateway", || {
        let built = run(&mut cargo(["build", "--package", "thingwire", "--locked"]))?;
        is_built = true;
        Ok(built)
    });
    if !is_built {
        return;
    }
    let runners = runners(plan, &target.join("interop"));
    let mut table = Table::default();
    // The greeting's lines are run before anybody has used the demo thing.
    let aws = runners.python.as_deref().ok().and_then(Path::parent);
    plan.step("lines to paste", || {
        pasted::greeting(&binary, aws, &mut table)
    });
    plan.step("the README's lines", || {
        pasted::readme(&binary, aws, &mut table)
    });
    scripts(plan, &binary, 0, |_| true, &runners, &mut table);
    // A port below 1024 takes rights that not everybody has.
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, HTTPS)) {
        let reason = format!("port {HTTPS} cannot be listened at: {error}");
        table.push("several SDKs", "port 443", Verdict::Skipped(reason.clone()));
        plan.step("the SDKs on port 443", || Ok(Done::Skipped(reason)));
    } else {
        let minds = |program: &Program| program.minds_443;
        scripts(plan, &binary, HTTPS, minds, &runners, &mut table);
    }
    println!("\n{table}");
}

fn runners(plan: &mut Plan, folder: &Path) -> Runners {
    let mut runners = Runners {
        python: Err(String::new()),
        node: Err(String::new()),
    };
    // A package that cannot be had is no fault of the gateway.
    let skipped = |found: &Result<PathBuf, String>| match found {
        Ok(_) => Done::Passed,
        Err(reason) => Done::Skipped(reason.clone()),
    };
    plan.step("packages for Python", || {
        runners.python = packages::python(&folder.join("python"));
        Ok(skipped(&runners.python))
    });
    plan.step("packages for Node.js", || {
        runners.node = packages::node(&folder.join("node"));
        Ok(skipped(&runners.node))
    });
    runners
}

/// Runs scripts one after another against one gateway whose HTTPS port is this one, or one that is free.
fn scripts(
    plan: &mut Plan,
    binary: &Path,
    https: u16,
    wanted: impl Fn(&Program) -> bool,
    runners: &Runners,
    table: &mut Table,
) {
    let https = format!("localhost:{https}");
    let config = format!("server_names = [\"{}\"]\n", gateway::SERVICE_NAME);
    let started = Gateway::start(
        binary,
        &["--mqtt", "localhost:0", "--https", &https],
        &config,
    );
    let gateway = match started {
        Ok(gateway) => gateway,
        Err(error) => return plan.step("a gateway", || Err(error)),
    };
    for program in PROGRAMS.iter().filter(|program| wanted(program)) {
        let step = format!("{}, HTTPS on port {}", program.name, gateway.https());
        plan.step(&step, || script(program, &gateway, runners, table));
    }
}

fn script(program: &Program, gateway: &Gateway, runners: &Runners, table: &mut Table) -> Outcome {
    let found = match program.runner {
        Runner::Python => &runners.python,
        Runner::Node => &runners.node,
    };
    let runner = match found {
        Ok(runner) => runner,
        Err(reason) => {
            table.push(program.name, "everything", Verdict::Skipped(reason.clone()));
            return Ok(Done::Skipped(reason.clone()));
        }
    };
    let mut command = match program.runner {
        Runner::Python => {
            let mut command = Command::new(runner);
            command.arg(root().join("gateway/interop").join(program.script));
            command
        }
        Runner::Node => {
            // Packages are looked for where the script lies.
            let mut command = Command::new("node");
            command.arg(runner.join(program.script));
            command
        }
    };
    command
        .arg(gateway.data())
        .arg(gateway.mqtt().to_string())
        .arg(gateway.https().to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let ended = bounded::run(&mut command, SCRIPT, None)?;
    let mut rows: Vec<Row> = ended
        .said
        .iter()
        .filter_map(|line| Row::read(program.name, line))
        .collect();
    let has_failed = rows.iter().any(Row::has_failed);
    if !ended.is_success && !has_failed {
        rows.push(Row::new(
            program.name,
            program.script,
            Verdict::Failed(last_words(&ended)),
        ));
    } else if rows.is_empty() {
        rows.push(Row::new(
            program.name,
            program.script,
            Verdict::Failed("it tried nothing".to_owned()),
        ));
    }
    let failures: Vec<String> = rows.iter().filter_map(Row::failure).collect();
    rows.into_iter().for_each(|row| table.add(row));
    if failures.is_empty() {
        return Ok(Done::Passed);
    }
    ended
        .complaints
        .iter()
        .for_each(|line| println!("    {line}"));
    gateway.show_log();
    Err(failures.join("; "))
}

/// Why a program ended that did not say so itself.
fn last_words(ended: &Ended) -> String {
    if ended.was_stopped {
        return format!("it did not end within {} s", SCRIPT.as_secs());
    }
    let last = ended.complaints.iter().chain(&ended.said).next_back();
    last.cloned()
        .unwrap_or_else(|| "it failed without a word".to_owned())
}
