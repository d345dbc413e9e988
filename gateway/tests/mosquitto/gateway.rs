//! `thingwire` in a folder of its own, and a device that may do everything.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// The thing whose certificate the clients present.
pub(crate) const THING: &str = "interop";

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "iot:*", "Resource": "*"},
    {"Effect": "Deny", "Action": ["iot:Publish", "iot:Subscribe"], "Resource": [
        "arn:aws:iot:*:*:topic/secret/*", "arn:aws:iot:*:*:topicfilter/secret/*"]}
]}"#;

pub(crate) struct Gateway {
    child: Child,
    folder: TempDir,
    pub(crate) mqtt: u16,
    pub(crate) https: u16,
}

impl Gateway {
    /// A gateway on ports of its own; `None`, which has been said, where Mosquitto's clients are not installed.
    pub(crate) fn start() -> Option<Self> {
        if !thingwire_tests::is_installed("mosquitto_pub", "mosquitto-clients") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_thingwire"))
            .args(["--mqtt", "localhost:0", "--https", "localhost:0", "--data"])
            .arg(folder.path().join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ports = Vec::new();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = lines.map_while(Result::ok).any(|line| {
            // `NAME   localhost:PORT`
            let port = line.rsplit_once("localhost:").map(|(_, port)| port.parse());
            if let Some(Ok(port)) = port {
                ports.push(port);
            }
            line == "thingwire ready"
        });
        assert!(is_ready, "the gateway did not start: {:?}", child.wait());
        let gateway = Self {
            child,
            folder,
            mqtt: ports[0],
            https: ports[1],
        };
        let policy = gateway.folder.path().join("policy.json");
        std::fs::write(&policy, POLICY).unwrap();
        gateway.order(&["policy", "put", "everything", &policy.to_string_lossy()]);
        gateway.order(&["thing", "create", THING, "--policy", "everything"]);
        Some(gateway)
    }

    fn order(&self, words: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_thingwire"))
            .args(words)
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
    }

    /// A file of the data folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// One of Mosquitto's clients, with where to connect and how to prove who it is. Its lines come as they are printed.
    pub(crate) fn client(&self, program: &str) -> Command {
        let thing = format!("things/{THING}");
        let mut command = Command::new("stdbuf");
        command
            .args(["--output=L", program, "-h", "localhost"])
            .arg("--cafile")
            .arg(self.file("ca.pem"))
            .arg("--cert")
            .arg(self.file(&format!("{thing}/certificate.pem")))
            .arg("--key")
            .arg(self.file(&format!("{thing}/private.key")));
        command
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
