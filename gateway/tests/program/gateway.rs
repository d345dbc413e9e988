//! The program `thingwire` on a folder of its own, and its HTTPS API.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use sigv4::{Payload, Profiles, Region, Request, Scratch, Service, Signer, Timestamp};
use tls_auth::{Credentials, DeviceConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// For what must happen, on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Gateway {
    folder: tempfile::TempDir,
    mqtt: u16,
    https: u16,
    child: Option<Child>,
}

/// A port that nobody has now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until `look` finds something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.unwrap_or_else(|_| panic!("{what}: it did not happen"))
}

impl Gateway {
    pub fn start() -> Self {
        let mut gateway = Self::stopped();
        gateway.restart();
        gateway
    }

    /// One whose `gateway.toml` says this.
    pub fn with(configuration: &str) -> Self {
        let mut gateway = Self::stopped();
        std::fs::create_dir(gateway.data()).unwrap();
        std::fs::write(gateway.data().join("gateway.toml"), configuration).unwrap();
        gateway.restart();
        gateway
    }

    fn stopped() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            mqtt: free_port(),
            https: free_port(),
            child: None,
        }
    }

    /// Runs a command of the program on the same folder, which speaks to the running gateway.
    pub fn command(&self, arguments: &[&str]) -> String {
        let done = Command::new(env!("CARGO_BIN_EXE_thingwire"))
            .arg("--data")
            .arg(self.data())
            .args(arguments)
            .output()
            .unwrap();
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// Waits for a line of the log that has all of these in it.
    pub async fn logged(&self, parts: &[&str]) {
        let path = self.folder.path().join("log");
        until(&format!("{parts:?} is logged"), async || {
            let log = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
            log.lines()
                .any(|line| parts.iter().all(|part| line.contains(part)))
                .then_some(())
        })
        .await;
    }

    /// Bytes of memory that the gateway holds.
    pub fn resident(&self) -> usize {
        let status = format!("/proc/{}/status", self.child.as_ref().unwrap().id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib.checked_mul(1024).unwrap()
    }

    /// The TLS of a thing, for as many connections as one likes: it resumes.
    pub fn tls(&self, thing: &str, alpn: &[&[u8]]) -> Tls {
        let file =
            |name: &str| std::fs::read(self.file(&format!("things/{thing}/{name}"))).unwrap();
        let own = Credentials::from_pem(&file("certificate.pem"), &file("private.key")).unwrap();
        let builder = DeviceConfig::builder(own)
            .with_server_cas_pem(&file("ca.pem"))
            .unwrap();
        Tls(TlsConnector::from(
            builder.with_alpn(alpn).build().unwrap().config(),
        ))
    }

    /// While the gateway is down, a client of another test may have one of its ports for its own end.
    pub fn restart(&mut self) {
        let begin = Instant::now();
        while !self.has_started() {
            self.kill();
            assert!(begin.elapsed() < PATIENCE, "the gateway does not start");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn has_started(&mut self) -> bool {
        let log = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.folder.path().join("log"));
        let log = log.unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_thingwire"))
            .arg("--data")
            .arg(self.data())
            .args(["--mqtt", &format!("127.0.0.1:{}", self.mqtt)])
            .args(["--https", &format!("127.0.0.1:{}", self.https)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .env("THINGWIRE_LOG", "info")
            .stderr(log)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.child = Some(child);
        lines.any(|line| line.unwrap() == "thingwire ready")
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn file(&self, name: &str) -> String {
        self.data().join(name).to_str().unwrap().to_owned()
    }

    pub fn mqtt(&self) -> String {
        format!("localhost:{}", self.mqtt)
    }

    pub fn https(&self) -> String {
        format!("localhost:{}", self.https)
    }

    /// A signed request, and the answer if it is a good one.
    pub async fn request(&self, method: &str, target: &str, body: &[u8]) -> Option<Value> {
        let credentials = std::fs::read_to_string(self.file("credentials")).unwrap();
        let credentials = Profiles::parse(&credentials)
            .credentials("default")
            .unwrap();
        let region = Region::new("us-east-1").unwrap();
        let signer = Signer::new(credentials, region, Service::iot_data());
        let headers = vec![("host".to_owned(), self.https())];
        let now = Timestamp::try_from(SystemTime::now()).unwrap();
        let mut scratch = Scratch::new();
        let request = Request::new(method, target, &headers);
        let signed = signer
            .sign(&request, Payload::Body(body), now, &mut scratch)
            .unwrap();
        let mut text = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\nconnection: close\r\n",
            self.https(),
            body.len()
        );
        for (name, value) in signed.headers() {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");

        let ca = std::fs::read(self.file("ca.pem")).unwrap();
        let tls = DeviceConfig::builder_without_certificate();
        let tls = tls.with_server_cas_pem(&ca).unwrap().build().unwrap();
        let stream = TcpStream::connect(self.https()).await.ok()?;
        let name = DeviceConfig::server_name("localhost").unwrap();
        let mut stream = TlsConnector::from(tls.config())
            .connect(name, stream)
            .await
            .ok()?;
        stream.write_all(text.as_bytes()).await.ok()?;
        stream.write_all(body).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        head.starts_with("HTTP/1.1 200 ")
            .then(|| serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Wishes something of the device `demo`.
    pub async fn desire(&self, state: &str) {
        let body = format!(r#"{{"state":{{"desired":{state}}}}}"#);
        let done = self
            .request("POST", "/things/demo/shadow", body.as_bytes())
            .await;
        assert!(done.is_some(), "the wish was refused");
    }

    /// Waits until the device `demo` has reported all of this.
    pub async fn reported(&self, wanted: Value) {
        until(&format!("{wanted} is reported"), async || {
            let shadow = self.request("GET", "/things/demo/shadow", b"").await?;
            let reported = shadow["state"]["reported"].as_object()?;
            let wanted = wanted.as_object().unwrap();
            let is_so = wanted
                .iter()
                .all(|(name, value)| reported.get(name) == Some(value));
            is_so.then_some(())
        })
        .await;
    }
}

pub struct Tls(TlsConnector);

impl Tls {
    /// A connection, and the address that the log calls it by.
    pub async fn connect(&self, endpoint: &str) -> std::io::Result<(TlsStream<TcpStream>, String)> {
        let stream = TcpStream::connect(endpoint).await?;
        let peer = stream.local_addr()?.to_string();
        let name = DeviceConfig::server_name("localhost").unwrap();
        Ok((self.0.connect(name, stream).await?, peer))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _gone = child.kill();
            let _gone = child.wait();
        }
    }
}
