//! The gateway: its release build, its data folder, and the policy that its clients are held to.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mqtt_codec::QoS;

use super::client::{self, Link};
use super::process::{Folder, Server, free_address};
use super::{Contender, OURS};
use crate::harness::Bench;

/// What clients without TLS may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checks {
    /// What the policy allows.
    Policy,
    /// Everything.
    None,
}

/// The name of the policy, in the registry and for `--dangerous-plain-policy`.
const NAME: &str = "load";

/// Variables in it are resolved for each connection, and a denial has to be looked at for each topic.
const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/load-*"},
    {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"],
     "Resource": ["arn:aws:iot:*:*:topic/load/*", "arn:aws:iot:*:*:topic/own/${iot:ClientId}/*"]},
    {"Effect": "Allow", "Action": "iot:Subscribe",
     "Resource": ["arn:aws:iot:*:*:topicfilter/load/*", "arn:aws:iot:*:*:topicfilter/own/${iot:ClientId}/*"]},
    {"Effect": "Deny", "Action": ["iot:Publish", "iot:Receive"], "Resource": "arn:aws:iot:*:*:topic/load/*/secret"}
  ]
}"#;

/// The gateway, with a data folder that every start gets a copy of: all have the same CA, certificates and policies.
pub(super) struct Gateway {
    binary: PathBuf,
    folder: Folder,
}

impl Gateway {
    pub(super) fn prepare(bench: &mut Bench) -> Self {
        let gateway = Self {
            binary: binary(bench),
            folder: Folder::new().expect("a folder for temporary files can be made"),
        };
        let document = gateway.folder.path().join("policy.json");
        std::fs::write(&document, POLICY).expect("the folder can be written");
        gateway.order(&["policy", "put", NAME, &document.to_string_lossy()]);
        // The one certificate is many devices here: beside its own policy it has this one.
        gateway.order(&["policy", "attach", NAME, "demo"]);
        gateway
    }

    /// A command of the gateway's own, on the data folder that is copied.
    fn order(&self, words: &[&str]) {
        let output = Command::new(&self.binary)
            .arg("--data")
            .arg(self.data())
            .args(words)
            .stdin(Stdio::null())
            .output()
            .expect("the gateway can be run");
        assert!(
            output.status.success(),
            "`{}` failed: {}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }

    /// Where the CA, the server's certificate and the device's are, under the names of the data folder's contract.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(super) fn start(&self, checks: Checks) -> Result<Server, String> {
        let folder = Folder::new().map_err(|error| error.to_string())?;
        let data = folder.path().join("data");
        copy(&self.data(), &data).map_err(|error| error.to_string())?;
        let address = || free_address().map_err(|error| error.to_string());
        let (plain, tls, https) = (address()?, address()?, address()?);
        let mut command = Command::new(&self.binary);
        command
            .env("THINGWIRE_LOG", "warn")
            .arg("--data")
            .arg(&data)
            .args(["--mqtt", &tls.to_string(), "--https", &https.to_string()])
            .args(["--dangerous-plain-mqtt", &plain.to_string()]);
        if checks == Checks::Policy {
            command.args(["--dangerous-plain-policy", NAME]);
        }
        Server::start(command, folder, plain, Some(tls))
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

const HELD: &str = "Its clients without TLS are held to a policy of its registry (`--dangerous-plain-policy`), those with \
     a certificate to the same and another; *without checks* is the same listener with everything allowed";

/// The binary of the workspace, built now, or the one that `THINGWIRE_BIN` names.
fn binary(bench: &mut Bench) -> PathBuf {
    if let Some(path) = std::env::var_os("THINGWIRE_BIN") {
        let path = PathBuf::from(path);
        println!("found: {}", path.display());
        bench.say(&format!(
            "- thingwire: found, not built here (`THINGWIRE_BIN`). {HELD}"
        ));
        return path;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    println!("building thingwire");
    let output = Command::new("cargo")
        .args([
            "build",
            "--release",
            "-p",
            "thingwire",
            "--bin",
            "thingwire",
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "thingwire cannot be built");
    let text = String::from_utf8_lossy(&output.stdout);
    let path = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back()
        .expect("the build has an executable");
    bench.say(&format!(
        "- thingwire: release build of this workspace. {HELD}"
    ));
    path
}

/// A bench of a policy that nobody asks would be no bench of it: what it forbids is refused.
pub(super) fn show_that_the_policy_decides(bench: &mut Bench, contenders: &[Contender]) {
    let Some(one) = contenders.iter().find(|one| one.broker.name == OURS) else {
        return;
    };
    let address = one.server.plain;
    client::run(async move {
        let mut link = Link::plain(address, "load-check").await?;
        assert!(link.subscribe("load/all", QoS::AtLeastOnce).await?);
        assert!(!link.subscribe("elsewhere/all", QoS::AtLeastOnce).await?);
        let stranger = Link::plain(address, "stranger").await;
        assert!(
            stranger.is_err(),
            "a client that the policy does not know was let in"
        );
        let mut link = Link::plain(address, "load-check").await?;
        link.publish_once("load/a/secret").await?;
        // MQTT 3.1.1 [MQTT-3.3.5-2]: the gateway closes.
        assert!(
            link.read().await.is_err(),
            "a topic that the policy denies was taken"
        );
        Ok::<(), std::io::Error>(())
    })
    .expect("the gateway can be reached");
    bench.say("\nThe policy was seen to decide: a client, a filter and a topic that it does not allow were refused.");
}
