//! `tls-auth` over real sockets on the loopback interface: our server for `openssl s_client` and `mosquitto_pub`, our client for Mosquitto
//! with `require_certificate`. What is not installed is skipped in words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::{ClientConnection, ServerConnection, Stream};
use rustls_pki_types::UnixTime;
use thingwire_tests::{Mosquitto, is_installed};
use tls_auth::{
    Authorities, Authority, CertificateId, Credentials, DeviceConfig, MemoryRegistry, Outcome,
    Owner, PrincipalRule, Profile, Record, Refusal, ServerAuth, SessionStore, Status, alpn,
};

type Ca = CertifiedIssuer<'static, KeyPair>;

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(SystemTime::now().duration_since(UNIX_EPOCH).unwrap())
}

/// Files of a PKI: a CA, a server for `localhost`, a device, and a device that nobody knows.
struct Files {
    folder: PathBuf,
    ca: Ca,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tls-auth-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let ca = |name: &str| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap()
        };
        let files = Self {
            ca: ca("plant CA"),
            folder,
        };
        std::fs::write(files.path("ca.pem"), files.ca.pem()).unwrap();
        files.issue("server", vec!["localhost".into()], &files.ca);
        files.issue("device", vec![], &files.ca);
        files.issue("stranger", vec![], &ca("other CA"));
        files
    }

    fn issue(&self, name: &str, names: Vec<String>, by: &Ca) {
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, by).unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap()
    }

    fn credentials(&self, name: &str) -> Credentials {
        let (chain, key) = (
            self.read(&format!("{name}.pem")),
            self.read(&format!("{name}.key")),
        );
        Credentials::from_pem(&chain, &key).unwrap()
    }

    fn id(&self, name: &str) -> CertificateId {
        let credentials = self.credentials(name);
        CertificateId::of(credentials.certificates().next().unwrap())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn server(files: &Files) -> (Arc<ServerAuth>, Arc<MemoryRegistry>) {
    let authority = Authority::new(files.ca.der(), &Profile::strict()).unwrap();
    let registry = Arc::new(MemoryRegistry::new());
    let record = Record::new(Status::Active, Owner::new("acme")).with_authority(authority.id());
    registry.insert(files.id("device"), &record).unwrap();
    let auth = ServerAuth::builder(files.credentials("server"))
        .with_authorities(Authorities::new([authority]))
        .with_registry(registry.clone())
        .with_principal(PrincipalRule::common_name().for_mqtt())
        .with_sessions(SessionStore::new(64))
        .build()
        .unwrap();
    (Arc::new(auth), registry)
}

/// What a connection came to: who it was, whether resumed, and the first bytes.
type Met = Result<(String, bool, Vec<u8>), String>;

/// Serves one connection: the handshake, its end, then what `talk` says to the first bytes.
fn serve(
    listener: &TcpListener,
    auth: &ServerAuth,
    names: &[&[u8]],
    talk: impl Fn(&[u8]) -> Vec<u8>,
) -> Met {
    let (mut socket, _) = listener.accept().unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let attempt = auth.attempt(names).unwrap();
    let mut connection = ServerConnection::new(attempt.config()).unwrap();
    let refused = |refusal: &Refusal| refusal.kind().code().to_owned();
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut socket) {
            return Err(attempt.refusal().map_or_else(|| error.to_string(), refused));
        }
    }
    let outcome = attempt.authenticate(&connection, now());
    let device = match outcome {
        Ok(Outcome::Authenticated(device)) => device,
        Ok(other) => return Err(format!("{other:?}")),
        Err(refusal) => {
            connection.send_close_notify();
            let _ = connection.complete_io(&mut socket);
            return Err(refused(&refusal));
        }
    };
    let mut stream = Stream::new(&mut connection, &mut socket);
    let mut bytes = vec![0; 1024];
    let length = stream.read(&mut bytes).unwrap_or(0);
    bytes.truncate(length);
    let answer = talk(&bytes);
    let _ = stream.write_all(&answer);
    let _ = stream.flush();
    // Until the peer has had its say.
    let mut rest = [0; 1024];
    while matches!(stream.read(&mut rest), Ok(1..)) {}
    Ok((device.principal().to_string(), device.is_resumed(), bytes))
}

#[test]
fn openssl_s_client_to_our_server() {
    if !is_installed("openssl", "openssl") {
        return;
    }
    let files = Files::new("s-client");
    let (auth, registry) = server(&files);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let connect = |version: &str, name: &str, session: &[&str]| -> (Met, String) {
        let session: Vec<String> = session.iter().map(|word| (*word).to_owned()).collect();
        let client = Command::new("openssl")
            .args([
                "s_client",
                version,
                "-connect",
                &format!("127.0.0.1:{port}"),
            ])
            .args([
                "-servername",
                "localhost",
                "-alpn",
                "x-amzn-mqtt-ca",
                "-verify_return_error",
            ])
            .arg("-CAfile")
            .arg(files.path("ca.pem"))
            .arg("-cert")
            .arg(files.path(&format!("{name}.pem")))
            .arg("-key")
            .arg(files.path(&format!("{name}.key")))
            .args(&session)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut client = Process(client);
        let mut input = client.0.stdin.take().unwrap();
        let mut output = client.0.stdout.take().unwrap();
        let talk = std::thread::spawn(move || {
            let _ = input.write_all(b"hello\n");
            let mut said = Vec::new();
            let mut bytes = [0; 4096];
            // OpenSSL ends with its input: that is held until the answer is there, and the session ticket before it.
            while !said.windows(7).any(|window| window == b"welcome") {
                match output.read(&mut bytes) {
                    Ok(length @ 1..) => said.extend_from_slice(&bytes[..length]),
                    _ => break,
                }
            }
            drop(input);
            let _ = output.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        let met = serve(&listener, &auth, &[alpn::MQTT_CA], |_| {
            b"welcome\n".to_vec()
        });
        let mut text = talk.join().unwrap();
        let _ = client.0.stderr.take().unwrap().read_to_string(&mut text);
        (met, text)
    };
    for version in ["-tls1_2", "-tls1_3"] {
        let file = files
            .path(&format!("session{version}"))
            .display()
            .to_string();
        let (met, text) = connect(version, "device", &["-sess_out", &file]);
        assert_eq!(
            met,
            Ok(("device".to_owned(), false, b"hello\n".to_vec())),
            "{text}"
        );
        assert!(
            text.contains("welcome") && text.contains("x-amzn-mqtt-ca"),
            "{text}"
        );
        let (met, text) = connect(version, "device", &["-sess_in", &file, "-sess_out", &file]);
        assert_eq!(
            met,
            Ok(("device".to_owned(), true, b"hello\n".to_vec())),
            "{text}"
        );
        // Revoked meanwhile: the session is taken up, and nobody comes of it.
        registry
            .set_status(&files.id("device"), Status::Revoked)
            .unwrap();
        let (met, _) = connect(version, "device", &["-sess_in", &file]);
        assert_eq!(met, Err("not-active".to_owned()));
        let (met, text) = connect(version, "device", &[]);
        assert_eq!(met, Err("not-active".to_owned()));
        assert!(text.contains("alert certificate revoked"), "{text}");
        registry
            .set_status(&files.id("device"), Status::Active)
            .unwrap();
        let (met, _) = connect(version, "stranger", &[]);
        assert_eq!(met, Err("not-registered".to_owned()));
    }
}

/// Answers CONNECT of MQTT 3.1.1 with CONNACK; what else comes needs no answer.
fn connack(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes.first(), Some(&0x10), "a CONNECT");
    vec![0x20, 0x02, 0x00, 0x00]
}

#[test]
fn mosquitto_pub_to_our_server() {
    if !is_installed("mosquitto_pub", "mosquitto-clients") {
        return;
    }
    let files = Files::new("pub");
    let (auth, _) = server(&files);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    for (name, expected) in [
        ("device", Ok("device")),
        ("stranger", Err("not-registered")),
    ] {
        let client = Command::new("mosquitto_pub")
            .args([
                "-h",
                "localhost",
                "-p",
                &port.to_string(),
                "-t",
                "plant/7",
                "-m",
                "21.5",
            ])
            .args([
                "--tls-alpn",
                "x-amzn-mqtt-ca",
                "-V",
                "mqttv311",
                "-i",
                "device",
            ])
            .arg("--cafile")
            .arg(files.path("ca.pem"))
            .arg("--cert")
            .arg(files.path(&format!("{name}.pem")))
            .arg("--key")
            .arg(files.path(&format!("{name}.key")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut client = Process(client);
        let met = serve(&listener, &auth, &[alpn::MQTT_CA], connack);
        match expected {
            Ok(principal) => {
                assert_eq!(met.unwrap().0, principal);
                assert!(client.0.wait().unwrap().success());
            }
            Err(code) => {
                assert_eq!(met, Err(code.to_owned()));
                assert!(!client.0.wait().unwrap().success());
            }
        }
    }
}

#[test]
fn our_client_to_mosquitto() {
    let files = Files::new("broker");
    let path = |file: &str| files.path(file).display().to_string();
    let configuration = format!(
        "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\nuse_identity_as_username true\n\
         allow_anonymous true\n",
        path("ca.pem"),
        path("server.pem"),
        path("server.key"),
    );
    let Some(broker) = Mosquitto::start(&configuration).unwrap() else {
        return;
    };
    // CONNECT, MQTT 3.1.1, clean session, client identifier `d`.
    let hello = [
        0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 30, 0, 1, b'd',
    ];
    let meet = |device: &DeviceConfig| -> Result<(Vec<u8>, bool), String> {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, broker.port())).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let name = DeviceConfig::server_name("localhost").unwrap();
        let mut connection = ClientConnection::new(device.config(), name).unwrap();
        let mut stream = Stream::new(&mut connection, &mut socket);
        stream
            .write_all(&hello)
            .map_err(|error| error.to_string())?;
        let mut answer = vec![0; 4];
        stream
            .read_exact(&mut answer)
            .map_err(|error| error.to_string())?;
        let resumed = connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        Ok((answer, resumed))
    };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let device = |name: &str| {
            DeviceConfig::builder(files.credentials(name))
                .with_server_cas_pem(&files.read("ca.pem"))
                .unwrap()
                .with_versions(&[version])
                .build()
                .unwrap()
        };
        let known = device("device");
        let connack = vec![0x20, 0x02, 0x00, 0x00];
        assert_eq!(meet(&known), Ok((connack.clone(), false)));
        let (answer, resumed) = meet(&known).unwrap();
        assert_eq!(answer, connack);
        println!("{:?}: resumed by Mosquitto: {resumed}", version.version);
        assert!(meet(&device("stranger")).is_err());
    }
}
