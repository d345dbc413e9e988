//! A broker's process: started, asked what it costs, and ended with this one.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

/// How long a broker may take until it accepts.
const START: Duration = Duration::from_secs(20);

/// As many descriptors as the system allows; how many that is.
pub(super) fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // What cannot be raised stays, and memory is measured over fewer connections.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// A folder that goes when it is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> std::io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "thingwire-bench-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An address of the loopback that nobody listens at.
pub(super) fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// A broker that runs.
pub(super) struct Server {
    child: Child,
    /// MQTT without TLS.
    pub(super) plain: SocketAddr,
    /// MQTT over mutual TLS, where the broker has it.
    pub(super) mutual_tls: Option<SocketAddr>,
    /// What it works on.
    folder: Folder,
}

impl Server {
    /// Starts a process and waits until it accepts. What it says goes to a file in the folder.
    pub(super) fn start(
        mut command: Command,
        folder: Folder,
        plain: SocketAddr,
        mutual_tls: Option<SocketAddr>,
    ) -> Result<Self, String> {
        let log = folder.path().join("log");
        let file = File::create(&log).map_err(|error| error.to_string())?;
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        // SAFETY: the closure makes one system call and touches no memory of this process.
        unsafe {
            command.pre_exec(|| {
                // A bench that is killed leaves no broker behind.
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                Ok(())
            });
        }
        let child = command.spawn().map_err(|error| error.to_string())?;
        let mut server = Self {
            child,
            plain,
            mutual_tls,
            folder,
        };
        let until = Instant::now() + START;
        for address in [Some(plain), mutual_tls].into_iter().flatten() {
            while TcpStream::connect(address).is_err() {
                if let Ok(Some(status)) = server.child.try_wait() {
                    return Err(format!("it ended with {status}: {}", server.log()));
                }
                if Instant::now() > until {
                    return Err(format!("it does not accept: {}", server.log()));
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Ok(server)
    }

    /// The last lines of what it said.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(3).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }

    /// CPU time of all its threads so far.
    pub(super) fn cpu(&self) -> Duration {
        let text = self.proc("stat");
        // The second field is a name that may hold anything but a closing bracket after the last one.
        let ticks: u64 = text
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Bytes of its memory that are resident.
    pub(super) fn resident(&self) -> u64 {
        let text = self.proc("status");
        let kilobytes = text
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse::<u64>().ok());
        kilobytes.expect("the process runs") * 1024
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
