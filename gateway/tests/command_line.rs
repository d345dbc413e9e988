//! The binary `thingwire`: its orders with and without a running gateway, its words, its exit codes.
//!
//! Policy: the binary itself is run, on a data folder of the test's own; what is asserted of texts is what a reader
//! needs, not each word. Each order runs twice, once on the folder itself and once through the socket.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;

struct Site {
    folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Site {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thingwire"));
        command.arg("--data").arg(self.data());
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let run = self.command().args(arguments).output().unwrap();
        Outcome {
            code: run.status.code().expect("it was not killed"),
            out: String::from_utf8(run.stdout).unwrap(),
            err: String::from_utf8(run.stderr).unwrap(),
        }
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
        outcome.out
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 1, "{arguments:?}: {outcome:?}");
        assert!(outcome.err.starts_with("thingwire: "), "{outcome:?}");
        assert!(!outcome.err.contains("panicked"), "{outcome:?}");
        outcome.err
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        serde_json::from_str(&self.ok(&all)).unwrap()
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn serve(&self) -> Serving {
        let child = self
            .command()
            .args(["--mqtt", "127.0.0.1:0", "--https", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let serving = Serving(child);
        let start = Instant::now();
        while UnixStream::connect(self.data().join("admin.sock")).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "it does not serve"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        serving
    }
}

struct Serving(Child);

impl Serving {
    fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:*:client/pump"}]}"#;

fn orders(site: &Site) {
    // Things.
    let created = site.ok(&["thing", "create", "pump", "--attribute", "site=3"]);
    assert!(
        created.contains("created the thing `pump`") && created.contains("private.key"),
        "{created}"
    );
    let folder = site.data().join("things/pump");
    let mode = fs::metadata(folder.join("private.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        site.refused(&["thing", "create", "pump"])
            .contains("already")
    );
    assert!(
        site.refused(&["thing", "create", "a/b"])
            .contains("found '/'")
    );
    let listed = site.ok(&["thing", "list"]);
    assert!(
        listed.contains("demo  ") && listed.contains("pump  "),
        "{listed}"
    );
    let shown = site.json(&["thing", "show", "pump"]);
    assert_eq!(shown["thing"]["attributes"]["site"], "3");
    let id = shown["thing"]["certificates"][0]["certificateId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        shown["thing"]["certificates"][0]["policies"][0],
        "own-topics"
    );

    // A key that stays on the device.
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    let request = site.file("valve.csr", &request.pem().unwrap());
    site.ok(&["thing", "create", "valve", "--csr", &request, "--no-policy"]);
    assert!(!site.data().join("things/valve/private.key").exists());
    assert!(site.data().join("things/valve/certificate.pem").exists());

    // Policies.
    let document = site.file("policy.json", POLICY);
    assert!(
        site.ok(&["policy", "put", "connect", &document])
            .contains("version 1")
    );
    let broken = site.file(
        "broken.json",
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Alow"}]}"#,
    );
    assert!(
        site.refused(&["policy", "put", "broken", &broken])
            .contains("Alow")
    );
    assert!(
        site.ok(&["policy", "attach", "connect", "valve"])
            .contains("is attached to")
    );
    assert!(
        site.ok(&["policy", "list"])
            .contains("connect  attached to")
    );
    assert!(
        site.ok(&["policy", "show", "connect"])
            .contains("client/pump")
    );
    assert!(
        site.refused(&["policy", "delete", "connect"])
            .contains("detach it first")
    );

    // Why?
    let allowed = site.ok(&["policy", "explain", "pump", "publish", "pump/speed"]);
    assert!(allowed.contains("allowed"), "{allowed}");
    let denied = site.run(&["policy", "explain", "valve", "publish", "valve/x"]);
    assert_eq!(denied.code, 3, "{denied:?}");
    assert!(
        denied.out.contains("denied because no statement allows it"),
        "{denied:?}"
    );
    let connect = site.run(&["policy", "explain", "valve", "connect", "pump"]);
    assert_eq!(connect.code, 0, "{connect:?}");
    assert!(
        site.refused(&["policy", "explain", "pump", "fly", "x"])
            .contains("unknown action `fly`")
    );
    assert!(
        site.ok(&["policy", "detach", "connect", "valve"])
            .contains("is detached from")
    );
    site.ok(&["policy", "delete", "connect"]);

    // Certificates.
    let begin = &id[..8];
    assert!(
        site.ok(&["certificate", "deactivate", begin])
            .contains("INACTIVE")
    );
    let inactive = site.run(&["policy", "explain", "pump", "publish", "pump/speed"]);
    assert!(
        inactive.out.contains("it cannot connect at all"),
        "{inactive:?}"
    );
    assert!(
        site.ok(&["certificate", "activate", &id])
            .contains(" ACTIVE")
    );
    assert!(site.ok(&["certificate", "revoke", &id]).contains("REVOKED"));
    assert!(
        site.refused(&["certificate", "activate", &id])
            .contains("for good")
    );
    assert!(
        site.refused(&["certificate", "show", "12"])
            .contains("at least the first 6")
    );
    assert!(
        site.refused(&["certificate", "show", "000000000000"])
            .contains("no certificate whose id")
    );
    assert!(site.ok(&["certificate", "list"]).contains(&id));
    assert!(
        site.ok(&["ca", "list"])
            .contains("Thingwire development CA")
    );

    // One made elsewhere, of a CA made elsewhere.
    let now = std::time::SystemTime::now();
    let (ca, _) = thingwire::pki::DevelopmentAuthority::generate(now).unwrap();
    let device = ca.issue_device("lamp", now).unwrap();
    let ca = site.file("other-ca.pem", &ca.pem());
    let device = site.file("lamp.pem", &device.certificate.pem());
    site.ok(&["ca", "register", &ca]);
    assert!(
        site.refused(&["ca", "register", &device])
            .contains("`certificate register`")
    );
    let registered = site.json(&["certificate", "register", &device, "--thing", "lamp"]);
    assert_eq!(registered["certificate"]["things"][0], "lamp");
    assert!(registered["certificate"]["caCertificateId"].is_string());
    assert!(
        site.refused(&["certificate", "register", &device])
            .contains("registered already")
    );
    assert!(
        site.refused(&["certificate", "register", "/nowhere"])
            .contains("reading /nowhere")
    );

    // What was made goes again.
    let deleted = site.ok(&["thing", "delete", "pump"]);
    assert!(deleted.contains(&id), "{deleted}");
    assert!(!folder.exists());
    site.ok(&["thing", "delete", "valve"]);
    site.ok(&["thing", "delete", "lamp"]);
    assert!(
        site.refused(&["thing", "show", "pump"])
            .contains("there is no thing `pump`")
    );
}

#[test]
fn orders_on_the_folder_itself() {
    orders(&Site::new());
}

#[test]
fn orders_through_the_socket_of_a_running_gateway() {
    let site = Site::new();
    let serving = site.serve();
    let socket = fs::metadata(site.data().join("admin.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    orders(&site);
    serving.stop();
    assert!(!site.data().join("admin.sock").exists());
    // And what was done is there without it.
    assert!(site.ok(&["thing", "list"]).contains("demo"));
}

#[test]
fn a_second_gateway_on_the_folder_is_refused() {
    let site = Site::new();
    let serving = site.serve();
    let refused = site.refused(&[]);
    assert!(
        refused.contains("another process") && refused.contains("--data"),
        "{refused}"
    );
    // The first one still has its socket.
    assert!(site.ok(&["thing", "list"]).contains("demo"));
    serving.stop();
}

#[test]
fn what_a_killed_gateway_left_does_not_stop_the_next() {
    let site = Site::new();
    let mut serving = site.serve();
    serving.0.kill().unwrap();
    serving.0.wait().unwrap();
    assert!(site.data().join("admin.sock").exists());
    assert!(site.ok(&["thing", "list"]).contains("demo"));
    site.serve().stop();
}

#[test]
fn a_command_line_that_is_not_understood_ends_with_2() {
    let site = Site::new();
    for arguments in [
        &["things"][..],
        &["thing", "create"],
        &["--mqtt", "nowhere"],
        &["--mqtt", "1", "thing", "list"],
        &["--dangerous-plain-mqtt", "0.0.0.0:1883"],
        &["--profile", "azure"],
        &["thing", "create", "x", "--attribute", "y"],
        &["--json"],
    ] {
        let outcome = site.run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}: {outcome:?}");
        assert!(!outcome.err.is_empty());
    }
    assert!(!site.data().exists(), "nothing was touched");
    assert!(site.run(&["--help"]).out.contains("--dangerous-plain-mqtt"));
}

#[test]
fn a_broken_configuration_is_named_with_its_line() {
    let site = Site::new();
    site.ok(&["thing", "list"]);
    fs::write(
        site.data().join("gateway.toml"),
        "[limits]\nconections = 1\n",
    )
    .unwrap();
    let refused = site.refused(&[]);
    assert!(
        refused.contains("gateway.toml")
            && refused.contains("line 2")
            && refused.contains("conections"),
        "{refused}"
    );
}

#[test]
fn a_data_folder_with_a_long_path_works() {
    let site = Site::new();
    let deep = site.folder.path().join("x".repeat(120));
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_thingwire"))
            .arg("--data")
            .arg(&deep)
            .args(arguments)
            .output()
            .unwrap()
    };
    assert!(run(&["thing", "list"]).status.success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_thingwire"))
        .arg("--data")
        .arg(&deep)
        .args(["--mqtt", "127.0.0.1:0", "--https", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(Serving)
        .unwrap();
    let start = Instant::now();
    while !deep.join("admin.sock").exists() {
        assert!(child.0.try_wait().unwrap().is_none(), "it ended");
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "it does not serve"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let listed = run(&["thing", "list"]);
    assert!(listed.status.success(), "{listed:?}");
    child.stop();
}

fn say(socket: &Path, line: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(line).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_socket_answers_whatever_it_is_told() {
    let site = Site::new();
    let serving = site.serve();
    let socket = site.data().join("admin.sock");
    for nonsense in [
        &b"\n"[..],
        b"",
        b"{}\n",
        b"{\"operation\":\"fly\"}\n",
        b"{\"operation\":\"thingShow\",\"name\":\"demo\",\"more\":1}\n",
        b"\xFF\xFE\n",
    ] {
        let answer = say(&socket, nonsense);
        assert!(answer.contains("the order is not understood"), "{answer}");
    }
    let answer = say(
        &socket,
        b"{\"operation\":\"thingShow\",\"name\":\"demo\"}\n",
    );
    assert!(answer.contains("\"done\""), "{answer}");
    // Idle ones in every place do not keep others out for ever; here, a few do not at all.
    let idle: Vec<_> = (0..3)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    assert!(site.ok(&["thing", "list"]).contains("demo"));
    drop(idle);
    serving.stop();
}
