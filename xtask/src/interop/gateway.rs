//! A gateway with a data folder of its own, which ends with its value.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A name like those of the service, which AWSIoTPythonSDK insists on for WebSockets.
pub const SERVICE_NAME: &str = "thingwire.iot.us-east-1.amazonaws.test";

/// From its start to `thingwire ready`.
const READY: Duration = Duration::from_secs(120);

/// Lines of the log that are shown after a failure.
const SHOWN: usize = 30;

pub struct Gateway {
    child: Child,
    folder: PathBuf,
    greeting: Vec<String>,
}

impl Gateway {
    /// Starts a gateway in a new folder, in which its data folder will be, and waits until it is ready.
    pub fn start(binary: &Path, arguments: &[&str], config: &str) -> Result<Self, String> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        // Not in the target folder: the path of a socket must be short.
        let name = format!("thingwire-interop-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        Self::start_in(folder.clone(), binary, arguments, config).inspect_err(|_| {
            let _ = fs::remove_dir_all(&folder);
        })
    }

    fn start_in(
        folder: PathBuf,
        binary: &Path,
        arguments: &[&str],
        config: &str,
    ) -> Result<Self, String> {
        let failed = |error: std::io::Error| error.to_string();
        fs::create_dir_all(folder.join("thingwire-data")).map_err(failed)?;
        fs::write(folder.join("thingwire-data/gateway.toml"), config).map_err(failed)?;
        let mut child = Command::new(binary)
            .args(arguments)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("log")).map_err(failed)?)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", binary.display()))?;
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        let mut gateway = Self {
            child,
            folder,
            greeting: Vec::new(),
        };
        let deadline = Instant::now() + READY;
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line == "thingwire ready" => return Ok(gateway),
                Ok(line) => gateway.greeting.push(line),
                Err(_) => {
                    gateway.show_log();
                    return Err("the gateway did not become ready".to_owned());
                }
            }
        }
    }

    /// Where it was started.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("thingwire-data")
    }

    /// What it said before it was ready.
    pub fn greeting(&self) -> &[String] {
        &self.greeting
    }

    pub fn mqtt(&self) -> u16 {
        self.port("MQTT over mutual TLS")
    }

    pub fn https(&self) -> u16 {
        self.port("HTTPS and WebSocket")
    }

    fn port(&self, of: &str) -> u16 {
        self.greeting
            .iter()
            .find_map(|line| line.strip_prefix(of)?.rsplit_once(':')?.1.parse().ok())
            .unwrap_or(0)
    }

    /// Prints the end of its log.
    pub fn show_log(&self) {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        println!("    the gateway's log:");
        for line in lines.iter().skip(lines.len().saturating_sub(SHOWN)) {
            println!("    {line}");
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
