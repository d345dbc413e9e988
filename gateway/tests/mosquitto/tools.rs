//! `mosquitto_pub` and `mosquitto_sub` as a test wants them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use crate::PATIENCE;
use crate::gateway::Gateway;

/// What a subscriber prints before a message, so that it can be told from what else it says.
const MARK: &str = "> ";

/// A `mosquitto_sub` that has subscribed.
pub(crate) struct Subscriber {
    child: Child,
    messages: Receiver<String>,
}

impl Subscriber {
    /// Subscribes on the MQTT port; messages come as `TOPIC QOS RETAIN PAYLOAD`.
    pub(crate) fn start(gateway: &Gateway, arguments: &[&str]) -> Self {
        Self::printing(gateway, "%t %q %r %p", arguments)
    }

    /// The same with a format of its own.
    pub(crate) fn printing(gateway: &Gateway, format: &str, arguments: &[&str]) -> Self {
        Self::of(
            gateway.client("mosquitto_sub"),
            gateway.mqtt,
            format,
            arguments,
        )
    }

    pub(crate) fn of(mut command: Command, port: u16, format: &str, arguments: &[&str]) -> Self {
        let mut child = command
            .args([
                "-d",
                "-p",
                &port.to_string(),
                "-F",
                &format!("{MARK}{format}"),
            ])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, messages) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.by_ref().map_while(Result::ok) {
                if line.starts_with("Subscribed ") {
                    let _ = ready.send(());
                } else if let Some(message) = line.strip_prefix(MARK) {
                    let _ = sender.send(message.to_owned());
                }
            }
        });
        let subscriber = Self { child, messages };
        is_ready.recv_timeout(PATIENCE).expect("not subscribed");
        subscriber
    }

    /// The next message.
    pub(crate) fn next(&self) -> String {
        self.messages.recv_timeout(PATIENCE).expect("no message")
    }

    /// A message that has come already.
    pub(crate) fn try_next(&self) -> Option<String> {
        self.messages.try_recv().ok()
    }

    /// Cuts the connection: nothing is said.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(mut self) {
        let status = wait(&mut self.child);
        assert!(status.success(), "{status}");
    }

    /// Has it end with DISCONNECT.
    pub(crate) fn disconnect(mut self) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        wait(&mut self.child);
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Publishes, and returns when the client has ended.
pub(crate) fn publish(gateway: &Gateway, arguments: &[&str]) {
    let status = run(gateway.client("mosquitto_pub"), gateway.mqtt, arguments, "");
    assert!(status.success(), "{arguments:?}: {status}");
}

/// Publishes each line as a message.
pub(crate) fn publish_lines(gateway: &Gateway, lines: &str, arguments: &[&str]) {
    let status = run(
        gateway.client("mosquitto_pub"),
        gateway.mqtt,
        arguments,
        lines,
    );
    assert!(status.success(), "{arguments:?}: {status}");
}

/// Runs a client to its end.
pub(crate) fn run(mut command: Command, port: u16, arguments: &[&str], input: &str) -> ExitStatus {
    let mut child = command
        .args(["-p", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A client that needs no input may have ended.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    wait(&mut child)
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("a client did not end");
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
