//! Mosquitto, where it is installed: its broker as a process that ends with a test.

use std::io::{self, BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where Debian has the broker: not on every user's path.
const BROKERS: [&str; 2] = ["mosquitto", "/usr/sbin/mosquitto"];

/// How often another port is tried when somebody else was faster.
const PORTS: usize = 10;

/// Whether a program can be started; where it cannot, says in words that a test is skipped.
///
/// ```
/// assert!(!thingwire_tests::is_installed("no-such-program", "no-such-package"));
/// ```
pub fn is_installed(program: &str, package: &str) -> bool {
    let found = starts(program);
    if !found {
        println!("skipped: `{program}` is not installed (Debian: apt-get install {package})");
    }
    found
}

fn starts(program: &str) -> bool {
    Command::new(program)
        .arg("--help")
        .stdin(Stdio::null())
        .output()
        .is_ok()
}

/// A broker of Mosquitto on the loopback interface, which ends with its value.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let Some(broker) = thingwire_tests::Mosquitto::start("allow_anonymous true\n")? else {
///     return Ok(()); // it is not installed, and that has been said
/// };
/// std::net::TcpStream::connect(("127.0.0.1", broker.port()))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Mosquitto {
    child: Child,
    configuration: PathBuf,
    port: u16,
}

impl Mosquitto {
    /// Starts a broker with these lines of configuration for its only listener, and waits until it listens. `None` where
    /// Mosquitto is not installed, which is said in words.
    ///
    /// # Errors
    /// It is installed and does not start: the error has what it said.
    pub fn start(configuration: &str) -> io::Result<Option<Self>> {
        let Some(program) = BROKERS.into_iter().find(|program| starts(program)) else {
            println!("skipped: `mosquitto` is not installed (Debian: apt-get install mosquitto)");
            return Ok(None);
        };
        let mut said = String::new();
        for _ in 0..PORTS {
            let mut broker = Self::spawn(program, configuration)?;
            let Some(stderr) = broker.child.stderr.take() else {
                return Err(io::ErrorKind::BrokenPipe.into());
            };
            match wait_until_running(stderr) {
                Ok(()) => return Ok(Some(broker)),
                Err(words) => said = words,
            }
            // The port was free a moment ago, and whoever was faster keeps it.
            if !said.contains("Address already in use") {
                break;
            }
        }
        Err(io::Error::other(format!("Mosquitto did not start: {said}")))
    }

    fn spawn(program: &str, configuration: &str) -> io::Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let name = format!("thingwire-mosquitto-{}-{number}.conf", std::process::id());
        let file = std::env::temp_dir().join(name);
        // Started by root it would become another user, who may not read the test's files.
        std::fs::write(
            &file,
            format!("user root\nlog_dest stderr\nlistener {port} 127.0.0.1\n{configuration}"),
        )?;
        let child = Command::new(program)
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Self {
            child,
            configuration: file,
            port,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.configuration);
    }
}

/// Reads the log up to the line that comes when every listener is there; what it said when that does not come.
fn wait_until_running(stderr: ChildStderr) -> Result<(), String> {
    let mut lines = BufReader::new(stderr).lines().map_while(Result::ok);
    let mut said = Vec::new();
    for line in lines.by_ref() {
        if line.ends_with(" running") {
            // The rest is read too: a full pipe would stop the broker.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(());
        }
        said.push(line);
    }
    Err(said.join("; "))
}
