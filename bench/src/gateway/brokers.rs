//! Who is measured, and how each is set up.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use super::process::{Folder, Server, free_address};
use super::thingwire::{Checks, Gateway};
use super::{MOSQUITTO, OURS};
use crate::harness::Bench;

/// A broker that can be started, again and again.
pub(super) struct Broker {
    pub(super) name: &'static str,
    pub(super) ours: bool,
    start: Box<dyn Fn() -> Result<Server, String>>,
}

impl Broker {
    fn new(
        name: &'static str,
        ours: bool,
        start: impl Fn() -> Result<Server, String> + 'static,
    ) -> Self {
        Self {
            name,
            ours,
            start: Box::new(start),
        }
    }

    pub(super) fn start(&self) -> Result<Server, String> {
        (self.start)()
    }
}

/// Everybody who can be had; a word for each who cannot.
pub(super) fn all(bench: &mut Bench, gateway: &Rc<Gateway>) -> Vec<Broker> {
    let with = |checks| {
        let gateway = Rc::clone(gateway);
        move || gateway.start(checks)
    };
    let mut brokers = vec![Broker::new(OURS, true, with(Checks::Policy))];
    if !bench.quick() {
        brokers.push(Broker::new(
            "thingwire without checks",
            true,
            with(Checks::None),
        ));
    }
    match mosquitto(bench) {
        Ok(program) => {
            let gateway = Rc::clone(gateway);
            brokers.push(Broker::new(MOSQUITTO, false, move || {
                start_mosquitto(&program, &gateway.data())
            }));
        }
        Err(why) => bench.say(&format!(
            "- mosquitto is left out, and with it every goal that compares with it: {why}"
        )),
    }
    if bench.all_peers() {
        match rumqttd(bench) {
            Ok(program) => brokers.push(Broker::new("rumqttd", false, move || {
                start_rumqttd(&program)
            })),
            Err(why) => bench.say(&format!("- rumqttd is left out: {why}")),
        }
    } else {
        bench.say("- rumqttd is left out: it is built and measured with `--all-peers`");
    }
    brokers
}

/// Debian's Mosquitto. Where it is missing and this is root on a Debian, it is installed.
fn mosquitto(bench: &mut Bench) -> Result<PathBuf, String> {
    let find = || {
        ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"]
            .into_iter()
            .map(PathBuf::from)
            .find(|path| path.exists())
    };
    let program = match find() {
        Some(program) => program,
        None => {
            bench.say("- mosquitto is not installed: `apt-get install mosquitto` is tried");
            let installed = Command::new("apt-get")
                .args(["install", "-y", "--no-install-recommends", "mosquitto"])
                .env("DEBIAN_FRONTEND", "noninteractive")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            match (installed, find()) {
                (Ok(status), Some(program)) if status.success() => program,
                (Err(error), _) => return Err(format!("apt-get cannot be run: {error}")),
                (Ok(status), _) => return Err(format!("apt-get ended with {status}")),
            }
        }
    };
    let help = Command::new(&program).arg("-h").output();
    let help = help.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    let version = text.lines().next().unwrap_or("mosquitto").to_owned();
    bench.say(&format!(
        "- {version}: persistence off, which is the program's default (the file that Debian puts into /etc switches it on); \
         no log of connections; up to 100,000 messages queued and 1,000 in flight, so that it drops nothing at QoS 1; \
         `set_tcp_nodelay`; no access control list"
    ));
    Ok(program)
}

/// Mosquitto with the certificates of the gateway's data folder.
fn start_mosquitto(program: &Path, pki: &Path) -> Result<Server, String> {
    let folder = Folder::new().map_err(|error| error.to_string())?;
    let address = || free_address().map_err(|error| error.to_string());
    let (plain, tls) = (address()?, address()?);
    let pki = pki.display();
    let text = format!(
        "\
per_listener_settings false
persistence false
allow_anonymous true
connection_messages false
log_dest stderr
log_type error
log_type warning
max_queued_messages 100000
max_inflight_messages 1000
set_tcp_nodelay true
{}
listener {} 127.0.0.1

listener {} 127.0.0.1
cafile {pki}/ca.pem
certfile {pki}/server.pem
keyfile {pki}/server.key
require_certificate true
",
        // Root would give its rights up, and with them the right to read the key.
        if rustix::process::geteuid().is_root() {
            "user root"
        } else {
            ""
        },
        plain.port(),
        tls.port(),
    );
    let file = folder.path().join("mosquitto.conf");
    std::fs::write(&file, text).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("-c").arg(&file);
    Server::start(command, folder, plain, Some(tls))
}

const RUMQTTD: &str = "0.20.0";

/// rumqttd from crates.io, built once into a folder beside the bench's own build.
fn rumqttd(bench: &mut Bench) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own
        .ancestors()
        .nth(2)
        .ok_or("the bench is in no folder of a build")?;
    let root = target.join("peers").join(format!("rumqttd-{RUMQTTD}"));
    let program = root.join("bin/rumqttd");
    if !program.exists() {
        println!("building rumqttd {RUMQTTD}, once");
        // Not with its own lock file: that holds a `metrics` that present compilers refuse.
        let status = Command::new("cargo")
            .args(["install", "rumqttd", "--version", RUMQTTD])
            .args(["--no-default-features", "--root"])
            .arg(&root)
            .env("CARGO_TARGET_DIR", root.join("build"))
            .stdin(Stdio::null())
            .status()
            .map_err(|error| format!("cargo cannot be run: {error}"))?;
        if !status.success() {
            return Err(format!("`cargo install rumqttd` ended with {status}"));
        }
    }
    bench.say(&format!(
        "- rumqttd {RUMQTTD} without its TLS: 1,000 in flight, segments of 100 MB"
    ));
    Ok(program)
}

fn start_rumqttd(program: &Path) -> Result<Server, String> {
    let folder = Folder::new().map_err(|error| error.to_string())?;
    let address = || free_address().map_err(|error| error.to_string());
    let (plain, console) = (address()?, address()?);
    let text = format!(
        "\
id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10

[v4.1]
name = \"v4-1\"
listen = \"{plain}\"
next_connection_delay_ms = 1

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 20480
max_inflight_count = 1000
dynamic_filters = true

[console]
listen = \"{console}\"
"
    );
    let file = folder.path().join("rumqttd.toml");
    std::fs::write(&file, text).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("-c").arg(&file);
    Server::start(command, folder, plain, None)
}
