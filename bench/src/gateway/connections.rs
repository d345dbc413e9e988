//! New connections: from the first packet of TCP to CONNACK and away again, without TLS and with mutual TLS.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use mqtt_codec::Disconnect;
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::TLS13;
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::{self, Link, encode};
use super::process::Server;
use super::tally::median;
use super::{Contender, MOSQUITTO, OURS};
use crate::harness::Bench;

/// Connections that are made at a time.
const LANES: usize = 16;

const ROUNDS: usize = 6;

/// Over what a connection is made.
#[derive(Clone)]
enum Over {
    Plain,
    MutualTls(TlsConnector),
}

impl Over {
    fn address(&self, server: &Server) -> Option<SocketAddr> {
        match self {
            Self::Plain => Some(server.plain),
            Self::MutualTls(_) => server.mutual_tls,
        }
    }
}

/// What a round gave.
#[derive(Clone, Copy, Debug)]
struct Round {
    rate: f64,
    /// Microseconds of CPU time a connection, and a share of the time.
    broker: f64,
    generator: f64,
}

/// `data` is the data folder whose CA and device certificate are used.
pub(super) fn run(bench: &mut Bench, contenders: &[Contender], data: &Path) {
    let connector = TlsConnector::from(Arc::new(client_config(data)));
    bench.say(&format!(
        "\n## New connections a second, {LANES} at a time\n\n\
         With TLS: 1.3, P-256 on both sides, certificates asked for, nothing resumed; the same certificates for everybody.\n\n\
         | | broker | best | median | broker µs | generator | thingwire / this |\n|---|---|---|---|---|---|---|"
    ));
    for (title, goal, target, over) in [
        ("plain", "connects-plain", 0.5, Over::Plain),
        (
            "mutual TLS",
            "connects-mutual-tls",
            1.0,
            Over::MutualTls(connector),
        ),
    ] {
        let mut rows: Vec<Vec<Round>> = vec![Vec::new(); contenders.len()];
        for round in 0..bench.rounds(ROUNDS) {
            for (contender, row) in contenders.iter().zip(&mut rows) {
                let Some(address) = over.address(&contender.server) else {
                    continue;
                };
                let span = Duration::from_millis(if bench.quick() { 400 } else { 1500 });
                match measure(&contender.server, address, &over, round, span) {
                    Ok(one) => row.push(one),
                    Err(error) => {
                        println!("{}: a round does not count: {error}", contender.broker.name)
                    }
                }
            }
        }
        let best = |name: &str| {
            let at = contenders.iter().position(|one| one.broker.name == name)?;
            rows[at].iter().map(|one| one.rate).max_by(f64::total_cmp)
        };
        let ours = best(OURS).unwrap_or(f64::NAN);
        for (contender, row) in contenders.iter().zip(&rows) {
            let name = contender.broker.name;
            let Some(first) = row.iter().max_by(|a, b| a.rate.total_cmp(&b.rate)) else {
                continue;
            };
            bench.say(&format!(
                "| {title} | {name} | {:.0} | {:.0} | {:.0} | {:.0} % | {:.2} |",
                first.rate,
                median(row.iter().map(|one| one.rate).collect()),
                first.broker,
                first.generator * 100.0,
                ours / first.rate
            ));
        }
        if let Some(mosquitto) = best(MOSQUITTO) {
            bench.goal_at_least(goal, ours / mosquitto, target);
        }
    }
}

fn measure(
    server: &Server,
    address: SocketAddr,
    over: &Over,
    round: usize,
    span: Duration,
) -> io::Result<Round> {
    let count = Rc::new(Cell::new(0_u64));
    let (broker, generator) = (server.cpu(), ThreadTime::now());
    let began = Instant::now();
    client::run(async {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let (over, count) = (over.clone(), Rc::clone(&count));
                tokio::task::spawn_local(async move {
                    let mut turn = 0_u64;
                    while began.elapsed() < span {
                        let client_id = format!("load-{round}-{lane}-{turn}");
                        come_and_go(address, &over, &client_id, round).await?;
                        count.set(count.get() + 1);
                        turn += 1;
                    }
                    Ok::<(), io::Error>(())
                })
            })
            .collect();
        for lane in lanes {
            lane.await.expect("a lane does not panic")?;
        }
        Ok::<(), io::Error>(())
    })?;
    let elapsed = began.elapsed().as_secs_f64();
    let made = count.get() as f64;
    Ok(Round {
        rate: made / elapsed,
        broker: (server.cpu() - broker).as_secs_f64() * 1e6 / made,
        generator: generator.elapsed().as_secs_f64() / elapsed,
    })
}

async fn come_and_go(
    address: SocketAddr,
    over: &Over,
    client_id: &str,
    round: usize,
) -> io::Result<()> {
    let stream = from_own_address(address, round).await?;
    let mut goodbye = Vec::new();
    encode(&<Disconnect>::new(), &mut goodbye);
    match over {
        Over::Plain => {
            let mut link = Link::open(stream, client_id).await?;
            link.stream.write_all(&goodbye).await?;
            link.stream.shutdown().await
        }
        Over::MutualTls(connector) => {
            let stream = handshake(connector, stream).await?;
            let mut link = Link::open(stream, client_id).await?;
            link.stream.write_all(&goodbye).await?;
            link.stream.shutdown().await
        }
    }
}

/// The ports of an address that were used wait a minute until they can be used again: each round has another address.
async fn from_own_address(address: SocketAddr, round: usize) -> io::Result<TcpStream> {
    let last = u8::try_from(round % 200 + 2).unwrap_or(2);
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 1, last), 0).into())?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn handshake(
    connector: &TlsConnector,
    stream: TcpStream,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let stream = connector.connect(name, stream).await?;
    let (_, connection) = stream.get_ref();
    assert_eq!(connection.handshake_kind(), Some(HandshakeKind::Full));
    Ok(stream)
}

fn client_config(data: &Path) -> ClientConfig {
    let thing = data.join("things/demo");
    let certificates = |path: &Path| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut roots = RootCertStore::empty();
    for ca in certificates(&data.join("ca.pem")) {
        roots.add(ca).expect("the CA is one");
    }
    let key = PrivateKeyDer::from_pem_file(thing.join("private.key")).expect("the key is there");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .expect("ring has suites for it")
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&thing.join("certificate.pem")), key)
        .expect("the certificate and the key belong together");
    config.resumption = Resumption::disabled();
    config
}
