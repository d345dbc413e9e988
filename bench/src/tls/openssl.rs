//! OpenSSL's side of the same handshake, with its own client.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use cpu_time::ThreadTime;
use openssl::pkey::PKey;
use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslContextBuilder, SslMethod, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

use super::pki::{Holder, Pki};
use crate::harness::{Bench, Row};

/// One end of a pipe in memory.
#[derive(Clone, Default)]
struct Pipe {
    input: Rc<RefCell<VecDeque<u8>>>,
    output: Rc<RefCell<VecDeque<u8>>>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut input = self.input.borrow_mut();
        if input.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        input.read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn context(pki: &Pki, holder: &Holder, server: bool) -> SslContext {
    let build = || -> Result<SslContext, openssl::error::ErrorStack> {
        let mut builder: SslContextBuilder = SslContext::builder(SslMethod::tls())?;
        builder.set_min_proto_version(Some(SslVersion::TLS1_3))?;
        builder.set_certificate(X509::from_der(&holder.chain[0])?.as_ref())?;
        builder.add_extra_chain_cert(X509::from_der(&holder.chain[1])?)?;
        builder.set_private_key(PKey::private_key_from_der(&holder.key)?.as_ref())?;
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(X509::from_der(pki.root.der())?)?;
        builder.set_cert_store(store.build());
        let mut mode = SslVerifyMode::PEER;
        if server {
            mode |= SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        }
        builder.set_verify(mode);
        Ok(builder.build())
    };
    build().expect("OpenSSL takes the bench's certificates")
}

fn handshake(client: &SslContext, server: &SslContext) -> Duration {
    let near = Pipe::default();
    let far = Pipe {
        input: near.output.clone(),
        output: near.input.clone(),
    };
    let mut time = Duration::ZERO;
    let start = ThreadTime::now();
    let ssl = Ssl::new(server).expect("OpenSSL has memory");
    time += start.elapsed();
    let mut client = Some(Ssl::new(client).expect("OpenSSL has memory").connect(near));
    let start = ThreadTime::now();
    let mut server = Some(ssl.accept(far));
    time += start.elapsed();
    for _ in 0..8 {
        if let (Some(Ok(_)), Some(Ok(_))) = (&client, &server) {
            return time;
        }
        client = client.take().map(|state| match state {
            Err(HandshakeError::WouldBlock(middle)) => middle.handshake(),
            other => other,
        });
        let start = ThreadTime::now();
        server = server.take().map(|state| match state {
            Err(HandshakeError::WouldBlock(middle)) => middle.handshake(),
            other => other,
        });
        time += start.elapsed();
    }
    panic!("OpenSSL's handshake with itself does not end");
}

pub(super) fn run(bench: &mut Bench, pki: &Pki) {
    const OPERATIONS: u32 = 16;
    let server = context(pki, &pki.server, true);
    let client = context(pki, &pki.devices[0], false);
    let rounds = bench.rounds(20);
    let mut times: Vec<f64> = (0..=rounds)
        .map(|_| {
            let total: Duration = (0..OPERATIONS).map(|_| handshake(&client, &server)).sum();
            total.as_nanos() as f64 / f64::from(OPERATIONS)
        })
        .skip(1)
        .collect();
    times.sort_by(f64::total_cmp);
    bench.add(vec![Row {
        case: "TLS 1.3, full".to_owned(),
        name: openssl::version::version(),
        ours: false,
        wrong: None,
        min: times[0],
        median: times[times.len() / 2],
        allocations: f64::NAN,
    }]);
}
