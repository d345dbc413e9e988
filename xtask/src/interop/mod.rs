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

/// The service's port, on which alone some SDKs ask for MQTT by ALPN.
const SERVICE_PORT: u16 = 443;

/// A script, and what runs it.
struct Program {
    name: &'static str,
    script: &'static str,
    runner: Runner,
    /// Whether it is an SDK of the service, and so to be run against a gateway that is as the service is.
    is_service_sdk: bool,
}

#[derive(Clone, Copy)]
enum Runner {
    Python,
    Node,
}

const fn sdk(name: &'static str, script: &'static str, runner: Runner) -> Program {
    Program {
        name,
        script,
        runner,
        is_service_sdk: true,
    }
}

const fn client(name: &'static str, script: &'static str, runner: Runner) -> Program {
    Program {
        is_service_sdk: false,
        ..sdk(name, script, runner)
    }
}

const PROGRAMS: &[Program] = &[
    sdk("awsiotsdk", "awsiotsdk_mqtt.py", Runner::Python),
    sdk("awsiotsdk", "awsiotsdk_shadow.py", Runner::Python),
    sdk("AWSIoTPythonSDK", "aws_iot_python_sdk.py", Runner::Python),
    sdk("boto3", "boto3_iot_data.py", Runner::Python),
    client("paho-mqtt", "paho_mqtt.py", Runner::Python),
    sdk(
        "aws-iot-device-sdk-v2",
        "aws_iot_device_sdk_v2.mjs",
        Runner::Node,
    ),
    client("MQTT.js", "mqttjs.mjs", Runner::Node),
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
    scripts(plan, &binary, Behaviour::Strict, &runners, &mut table);
    scripts(plan, &binary, Behaviour::Service, &runners, &mut table);
    println!("\n{table}");
}

/// What a gateway is told to be like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    /// The standard, on ports that are free.
    Strict,
    /// The service: its profile, and its port where that can be had.
    Service,
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

/// Runs scripts one after another against one gateway.
fn scripts(
    plan: &mut Plan,
    binary: &Path,
    behaviour: Behaviour,
    runners: &Runners,
    table: &mut Table,
) {
    // A port below 1024 takes rights that not everybody has.
    let has_port = || TcpListener::bind((Ipv4Addr::LOCALHOST, SERVICE_PORT)).is_ok();
    let (profile, https) = match behaviour {
        Behaviour::Strict => ("strict", 0),
        Behaviour::Service if has_port() => ("aws", SERVICE_PORT),
        Behaviour::Service => {
            let reason = format!("port {SERVICE_PORT} cannot be listened at");
            table.push("SDKs", "ALPN", Verdict::Skipped(reason.clone()));
            plan.step("the service's port", || Ok(Done::Skipped(reason)));
            ("aws", 0)
        }
    };
    let https = format!("localhost:{https}");
    let arguments = [
        "--profile",
        profile,
        "--mqtt",
        "localhost:0",
        "--https",
        &https,
    ];
    let config = format!("server_names = [\"{}\"]\n", gateway::SERVICE_NAME);
    let gateway = match Gateway::start(binary, &arguments, &config) {
        Ok(gateway) => gateway,
        Err(error) => {
            return plan.step(&format!("a gateway, profile {profile}"), || Err(error));
        }
    };
    let wanted = PROGRAMS
        .iter()
        .filter(|program| program.is_service_sdk || behaviour == Behaviour::Strict);
    for program in wanted {
        let step = format!("{}, profile {profile}", program.script);
        plan.step(&step, || script(program, profile, &gateway, runners, table));
    }
}

fn script(
    program: &Program,
    profile: &str,
    gateway: &Gateway,
    runners: &Runners,
    table: &mut Table,
) -> Outcome {
    let name = &format!("{}, {profile}", program.name);
    let found = match program.runner {
        Runner::Python => &runners.python,
        Runner::Node => &runners.node,
    };
    let runner = match found {
        Ok(runner) => runner,
        Err(reason) => {
            table.push(name, "everything", Verdict::Skipped(reason.clone()));
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
        .filter_map(|line| Row::read(name, line))
        .collect();
    let has_failed = rows.iter().any(Row::has_failed);
    if !ended.is_success && !has_failed {
        rows.push(Row::new(
            name,
            program.script,
            Verdict::Failed(last_words(&ended)),
        ));
    } else if rows.is_empty() {
        rows.push(Row::new(
            name,
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
