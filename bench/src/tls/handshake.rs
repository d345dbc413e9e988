//! The server's side of handshakes in memory: what the device computes is not counted.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cpu_time::ThreadTime;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};
use tls_auth::{
    Authorities, Authority, CertificateId, DeviceConfig, MemoryRegistry, Owner, Profile, Record,
    ServerAuth, SessionStore, Status,
};

use super::pki::{HOST, Holder, Pki};
use crate::harness::{Allocations, Bench, Row};

/// Enough that none is remembered from one round to the next where the server remembers few.
const DEVICES: usize = 96;
const ROUNDS: usize = 60;

type Version = &'static SupportedProtocolVersion;

fn now() -> UnixTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixTime::since_unix_epoch(now.expect("it is after 1970"))
}

/// A server as it is measured: its configuration, and what it does at the end of a handshake.
struct Server<'a> {
    name: &'static str,
    ours: bool,
    config: Arc<ServerConfig>,
    finish: Box<dyn Fn(&ServerConnection) + 'a>,
}

impl Server<'_> {
    fn plain(name: &'static str, pki: &Pki, version: Version) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots
            .add(pki.root.der().clone())
            .expect("the root is a root");
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .expect("there is a root");
        let chain = pki.server.chain.iter().cloned().map(CertificateDer::from);
        let key = PrivateKeyDer::try_from(pki.server.key.clone()).expect("the key is PKCS#8");
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("ring has suites for it")
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain.collect(), key)
            .expect("the chain and the key belong together");
        config.session_storage = ServerSessionMemoryCache::new(1024);
        Self {
            name,
            ours: false,
            config: Arc::new(config),
            finish: Box::new(|_| ()),
        }
    }
}

fn ours<'a>(name: &'static str, auth: &'a ServerAuth) -> Server<'a> {
    Server {
        name,
        ours: true,
        config: auth.config(&[]).expect("it was built"),
        finish: Box::new(|connection| {
            let outcome = auth.authenticate(connection, now());
            let device = outcome.expect("the device is good").authenticated();
            assert!(device.is_some());
        }),
    }
}

/// A server with every check on: a path to the CA that the certificate is registered under, and the registry.
fn auth(pki: &Pki, version: Version, remembered: usize) -> ServerAuth {
    let authority = Authority::new(pki.root.der(), &Profile::strict()).expect("the root is a CA");
    let registry = MemoryRegistry::new();
    for device in &pki.devices {
        let record = Record::new(Status::Active, Owner::new("acme")).with_authority(authority.id());
        registry
            .insert(CertificateId::of(&device.chain[0]), &record)
            .expect("each device comes once");
    }
    ServerAuth::builder(pki.server.credentials())
        .with_versions(&[version])
        .with_authorities(Authorities::new([authority]))
        .with_registry(Arc::new(registry))
        .with_sessions(SessionStore::new(1024))
        .with_remembered_paths(remembered)
        .build()
        .expect("the configuration is whole")
}

fn client(pki: &Pki, device: &Holder, version: Version) -> Arc<ClientConfig> {
    DeviceConfig::builder(device.credentials())
        .with_server_ca(pki.root.der())
        .expect("the root is a CA")
        .with_versions(&[version])
        .build()
        .expect("the configuration is whole")
        .config()
}

/// Runs one handshake and returns the CPU time of the server's side, and whether it was a resumption.
fn handshake(client: &Arc<ClientConfig>, server: &Server<'_>) -> (Duration, u64, bool) {
    let name = DeviceConfig::server_name(HOST).expect("the host is a name");
    let mut client = ClientConnection::new(client.clone(), name).expect("the client is whole");
    let mut time = Duration::ZERO;
    let mut allocations = 0;
    let mut timed = |work: &mut dyn FnMut()| {
        let before = Allocations::now().count;
        let start = ThreadTime::now();
        work();
        time += start.elapsed();
        allocations += Allocations::now().count - before;
    };
    let mut connection = None;
    timed(&mut || {
        connection =
            Some(ServerConnection::new(server.config.clone()).expect("the server is whole"));
    });
    let mut connection = connection.expect("it was made");
    let mut bytes = Vec::with_capacity(1 << 14);
    for _ in 0..8 {
        bytes.clear();
        while client.wants_write() {
            client.write_tls(&mut bytes).expect("memory can be written");
        }
        let mut answer = Vec::with_capacity(1 << 14);
        timed(&mut || {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                connection.read_tls(&mut rest).expect("memory can be read");
                connection
                    .process_new_packets()
                    .expect("the device is good");
            }
            while connection.wants_write() {
                connection
                    .write_tls(&mut answer)
                    .expect("memory can be written");
            }
        });
        let mut rest = &answer[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).expect("memory can be read");
            client.process_new_packets().expect("the server is good");
        }
        if !client.wants_write() && !connection.is_handshaking() {
            break;
        }
    }
    timed(&mut || (server.finish)(&connection));
    assert!(!client.is_handshaking() && !connection.is_handshaking());
    let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    (time, allocations, resumed)
}

/// Interleaved rounds of `operations` handshakes for each server, each with clients of its own.
fn measure(
    bench: &mut Bench,
    case: &str,
    rounds: usize,
    resumed: bool,
    entries: &mut [(Server<'_>, Box<dyn Fn(usize) -> Arc<ClientConfig> + '_>)],
    operations: usize,
) {
    let rounds = bench.rounds(rounds);
    let mut times = vec![Vec::new(); entries.len()];
    let mut allocations = vec![0; entries.len()];
    for round in 0..=rounds {
        for (index, (server, clients)) in entries.iter().enumerate() {
            let mut total = Duration::ZERO;
            let mut counted = 0;
            for operation in 0..operations {
                let client = clients(operation);
                let (time, allocated, was_resumed) = handshake(&client, server);
                // The first round of a client cannot resume anything.
                assert!(round == 0 || was_resumed == resumed, "{}", server.name);
                total += time;
                counted += allocated;
            }
            if round > 0 {
                times[index].push(total.as_nanos() as f64 / operations as f64);
                allocations[index] = counted;
            }
        }
    }
    let rows = entries
        .iter()
        .zip(&mut times)
        .zip(&allocations)
        .map(|(((server, _), times), allocations)| {
            times.sort_by(f64::total_cmp);
            Row {
                case: case.to_owned(),
                name: server.name,
                ours: server.ours,
                wrong: None,
                min: times[0],
                median: times[times.len() / 2],
                allocations: *allocations as f64 / operations as f64,
            }
        })
        .collect();
    bench.add(rows);
}

pub(super) fn run(bench: &mut Bench) {
    const PLAIN: &str = "rustls, WebPkiClientVerifier";
    const FULL: &str = "tls-auth, every check";
    const HIT: &str = "tls-auth, registered and verified before";
    const OURS: &str = "tls-auth";
    let pki = Pki::new(DEVICES);
    bench.head("Server's CPU time of a handshake, P-256, one intermediate on each side");
    for (version, full, again) in [
        (&TLS13, "TLS 1.3, full", "TLS 1.3, resumed"),
        (&TLS12, "TLS 1.2, full", "TLS 1.2, resumed"),
    ] {
        let fresh = |index: usize| {
            // Without sessions, each handshake is a full one.
            let device: &Holder = &pki.devices[index % DEVICES];
            DeviceConfig::builder(device.credentials())
                .with_server_ca(pki.root.der())
                .expect("the root is a CA")
                .with_versions(&[version])
                .with_sessions(0)
                .build()
                .expect("the configuration is whole")
                .config()
        };
        let clients: Vec<_> = (0..DEVICES).map(fresh).collect();
        let every = |index: usize| clients[index].clone();
        // One path for each shard: who came before is forgotten when everybody has come.
        let strict = auth(&pki, version, 32);
        let known = auth(&pki, version, 16_384);
        let mut entries: Vec<(Server<'_>, Box<dyn Fn(usize) -> Arc<ClientConfig>>)> = vec![
            (ours(FULL, &strict), Box::new(every)),
            (ours(HIT, &known), Box::new(every)),
            (Server::plain(PLAIN, &pki, version), Box::new(every)),
        ];
        measure(bench, full, ROUNDS, false, &mut entries, DEVICES);
        drop(entries);

        const RESUMING: usize = 32;
        let keeping = || -> Vec<Arc<ClientConfig>> {
            let devices = pki.devices.iter().take(RESUMING);
            devices
                .map(|device| client(&pki, device, version))
                .collect()
        };
        let (own, theirs) = (keeping(), keeping());
        let mut entries: Vec<(Server<'_>, Box<dyn Fn(usize) -> Arc<ClientConfig>>)> = vec![
            (ours(OURS, &known), Box::new(|index| own[index].clone())),
            (
                Server::plain(PLAIN, &pki, version),
                Box::new(|index| theirs[index].clone()),
            ),
        ];
        measure(bench, again, ROUNDS * 2, true, &mut entries, RESUMING);
    }
    let ratio = |bench: &Bench, case, name| bench.time(case, name) / bench.time(case, PLAIN);
    let goals = [
        ("full-every-check", "TLS 1.3, full", FULL, 1.01),
        ("full-registry-hit", "TLS 1.3, full", HIT, 0.75),
        ("resumed", "TLS 1.3, resumed", OURS, 1.10),
        ("resumed-tls12", "TLS 1.2, resumed", OURS, 1.10),
    ];
    for (name, case, implementation, target) in goals {
        let measured = ratio(bench, case, implementation);
        bench.goal(name, measured, target);
    }
    openssl(bench, &pki);
}

#[cfg(feature = "openssl")]
fn openssl(bench: &mut Bench, pki: &Pki) {
    super::openssl::run(bench, pki);
}

#[cfg(not(feature = "openssl"))]
fn openssl(bench: &mut Bench, _: &Pki) {
    bench.say("\nOpenSSL is left out: it is compared with `--features openssl`, which wants its headers (`libssl-dev`).");
}
