//! What goes over the wire: alerts, names of CAs, protocols; and what a peer that misbehaves comes to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking, and runs on std"
)]

mod support;

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};

use rustls::client::ResolvesClientCert;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::Acceptor;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConnection, ServerConnection, SignatureScheme};
use support::*;
use tls_auth::{
    Authorities, Authority, Certificate, DeviceConfig, Profile, Refusal, RefusalKind, Status, alpn,
};

const HOST: &str = "broker.example";

#[test]
fn each_side_is_told_what_it_may_know() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let registry = registry(&pki.device, Some(&pki.authority()));
    let auth = server
        .trusting(&pki)
        .with_registry(registry.clone())
        .build()
        .unwrap();
    let device = device_config(&pki.device, &server);
    for (status, alert) in [
        (Status::Revoked, AlertDescription::CertificateRevoked),
        (Status::Inactive, AlertDescription::AccessDenied),
    ] {
        registry.set_status(&pki.device.id(), status).unwrap();
        // With a configuration of its own, a handshake has the alert of its refusal.
        let attempt = auth.attempt(&[]).unwrap();
        let failed = handshake(device.config(), attempt.config(), HOST)
            .err()
            .unwrap();
        assert_eq!(failed.client, Some(rustls::Error::AlertReceived(alert)));
        let refusal = attempt.refusal().unwrap();
        assert_eq!(refusal.alert() as u8, u8::from(alert));
        // With one for all the alert says less, and the refusal is in the error.
        let failed = handshake(device.config(), auth.config(&[]).unwrap(), HOST)
            .err()
            .unwrap();
        let unknown = AlertDescription::CertificateUnknown;
        assert_eq!(failed.client, Some(rustls::Error::AlertReceived(unknown)));
        assert_eq!(
            Refusal::from_rustls(&failed.server.unwrap()).as_ref(),
            Some(refusal)
        );
    }
}

#[test]
fn protocols_are_agreed_on() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.trusting(&pki).build().unwrap();
    let device = DeviceConfig::builder(pki.device.credentials())
        .with_server_ca(&server.ca)
        .unwrap()
        .with_alpn(&[alpn::MQTT_CA])
        .build()
        .unwrap();
    let config = auth.config(&[alpn::HTTP_CA, alpn::MQTT_CA]).unwrap();
    let connected = handshake(device.config(), config, HOST).ok().unwrap();
    assert_eq!(connected.server.alpn_protocol(), Some(alpn::MQTT_CA));
    let config = auth.config(&[alpn::MQTT]).unwrap();
    let failed = handshake(device.config(), config, HOST).err().unwrap();
    assert_eq!(failed.server, Some(rustls::Error::NoApplicationProtocol));
}

/// A client that keeps the names of CAs that it was sent.
#[derive(Debug)]
struct Listens {
    key: Arc<rustls::sign::CertifiedKey>,
    heard: Mutex<Vec<Vec<u8>>>,
}

impl ResolvesClientCert for Listens {
    fn resolve(
        &self,
        names: &[&[u8]],
        _: &[SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        *self.heard.lock().unwrap() = names.iter().map(|name| name.to_vec()).collect();
        Some(self.key.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn hints_name_the_cas_when_they_are_asked_for() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let hear = |config: Arc<rustls::ServerConfig>, version| -> Vec<Vec<u8>> {
        let chain = std::iter::once(&pki.device.der).chain(&pki.device.others);
        let chain = chain.map(|der| der.clone().into()).collect();
        let key = PrivateKeyDer::try_from(pki.device.key.serialize_der()).unwrap();
        let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
        let listens = Arc::new(Listens {
            key: Arc::new(rustls::sign::CertifiedKey::new(chain, key)),
            heard: Mutex::default(),
        });
        let mut roots = rustls::RootCertStore::empty();
        roots.add(server.ca.clone().into()).unwrap();
        let client = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_client_cert_resolver(listens.clone());
        assert!(handshake(Arc::new(client), config, HOST).is_ok());
        listens.heard.lock().unwrap().clone()
    };
    // A name as it stands in a certificate, with its head.
    let name_of = |ca: &Ca| {
        let contents = Certificate::parse(ca.der())
            .unwrap()
            .subject()
            .as_bytes()
            .to_vec();
        der::wrap(0x30, &contents)
    };
    let authority = |ca: &Ca| Authority::new(ca.der(), &Profile::strict()).unwrap();
    let (other, inactive) = (root("other"), root("inactive"));
    let several = || {
        Authorities::new([
            pki.authority(),
            // Another CA of the same name.
            authority(&root("root")),
            authority(&other),
            authority(&inactive).with_active(false),
        ])
    };
    let mut expected = vec![name_of(&pki.root), name_of(&other)];
    expected.sort();
    for version in [&TLS12, &TLS13] {
        let quiet = server.builder().with_authorities(several());
        let quiet = quiet.build().unwrap();
        assert!(hear(quiet.config(&[]).unwrap(), version).is_empty());

        let auth = server.builder().with_authorities(several());
        let auth = auth.with_root_hints(true).build().unwrap();
        let config = auth.config(&[]).unwrap();
        let mut heard = hear(config.clone(), version);
        heard.sort();
        assert_eq!(heard, expected);

        // An attempt names those that are there now, a configuration for all those that were there when it was made.
        auth.replace_authorities(pki.authorities());
        let attempt = auth.attempt(&[]).unwrap();
        assert_eq!(hear(attempt.config(), version), [name_of(&pki.root)]);
        assert_eq!(hear(config, version).len(), 2);
    }
    // More than a message holds: none, which means any.
    let many = (0..40).map(|number| authority(&root(&format!("{number:0500}"))));
    let auth = server
        .builder()
        .with_authorities(Authorities::new(many.chain([pki.authority()])))
        .with_root_hints(true)
        .build()
        .unwrap();
    for version in [&TLS12, &TLS13] {
        assert!(hear(auth.config(&[]).unwrap(), version).is_empty());
    }
}

// BC-048: rustls RUSTSEC-2024-0399, a ClientHello in pieces
#[test]
fn a_handshake_in_single_bytes() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.trusting(&pki).build().unwrap();
    let device = device_config(&pki.device, &server);
    let name = DeviceConfig::server_name(HOST).unwrap();
    let mut client = ClientConnection::new(device.config(), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    let mut acceptor = Acceptor::default();
    let mut accepted = None;
    for byte in hello {
        assert!(accepted.is_none());
        acceptor.read_tls(&mut &[byte][..]).unwrap();
        accepted = acceptor.accept().unwrap();
    }
    let mut server = accepted
        .unwrap()
        .into_connection(auth.config(&[]).unwrap())
        .ok()
        .unwrap();
    for _ in 0..4 {
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        for byte in bytes {
            client.read_tls(&mut &[byte][..]).unwrap();
            client.process_new_packets().unwrap();
        }
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        for byte in bytes {
            let early = auth.authenticate(&server, now());
            if server.is_handshaking() {
                assert_eq!(early.unwrap_err().kind(), RefusalKind::HandshakeUnfinished);
            }
            server.read_tls(&mut &[byte][..]).unwrap();
            server.process_new_packets().unwrap();
        }
    }
    assert_eq!(code(&auth.authenticate(&server, now())), "accepted");
}

// BC-049: rustls RUSTSEC-2024-0336, an alert in the middle of a handshake
#[test]
fn an_alert_at_each_step_ends_in_nobody() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.trusting(&pki).build().unwrap();
    let device = device_config_of(&pki.device, &server, &[&TLS12]);
    let close_notify = [0x15, 0x03, 0x03, 0x00, 0x02, 0x01, 0x00];
    for step in 0..2 {
        let name = DeviceConfig::server_name(HOST).unwrap();
        let mut client = ClientConnection::new(device.config(), name).unwrap();
        let mut connection = ServerConnection::new(auth.config(&[]).unwrap()).unwrap();
        if step == 1 {
            let mut hello = Vec::new();
            client.write_tls(&mut hello).unwrap();
            connection.read_tls(&mut &hello[..]).unwrap();
            connection.process_new_packets().unwrap();
        }
        connection.read_tls(&mut &close_notify[..]).unwrap();
        let _ = connection.process_new_packets();
        let refusal = auth.authenticate(&connection, now()).unwrap_err();
        assert_eq!(refusal.kind(), RefusalKind::HandshakeUnfinished);
    }
}

// BC-050: tokio-rustls RUSTSEC-2020-0019, data that comes faster than it is read
#[test]
fn data_that_nobody_reads_is_not_kept_without_end() {
    const CHUNK: usize = 16 * 1024;
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.trusting(&pki).build().unwrap();
    for version in [&TLS12, &TLS13] {
        let device = device_config_of(&pki.device, &server, &[version]);
        let mut connected = handshake(device.config(), auth.config(&[]).unwrap(), HOST)
            .ok()
            .unwrap();
        let mut taken = 0;
        let mut refused = false;
        for _ in 0..64 {
            connected.client.writer().write_all(&[7; CHUNK]).unwrap();
            let mut bytes = Vec::new();
            while connected.client.wants_write() {
                connected.client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() && !refused {
                match connected.server.read_tls(&mut rest) {
                    Ok(_) => {
                        connected.server.process_new_packets().unwrap();
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), std::io::ErrorKind::Other, "{error}");
                        refused = true;
                    }
                }
            }
            taken += bytes.len() - rest.len();
            if refused {
                break;
            }
        }
        assert!(refused && taken <= 8 * CHUNK, "{taken} bytes were taken");
        // Whoever reads goes on.
        let mut data = Vec::new();
        let _ = connected.server.reader().read_to_end(&mut data);
        assert!(!data.is_empty() && data.iter().all(|byte| *byte == 7));
        assert_eq!(
            code(&auth.authenticate(&connected.server, now())),
            "accepted"
        );
    }
}

/// Before anybody is known, no more is kept than a handshake may have.
#[test]
fn a_handshake_message_without_end_is_refused() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.trusting(&pki).build().unwrap();
    let mut connection = ServerConnection::new(auth.config(&[]).unwrap()).unwrap();
    // A ClientHello of 16 MiB, in records of 16 KiB.
    let mut record = vec![0x16, 0x03, 0x01, 0x40, 0x00, 0x01, 0xFF, 0xFF, 0xFF];
    record.resize(5 + 0x4000, 0);
    let mut sent = 0;
    let failed = (0..64).any(|_| {
        let mut rest = &record[..];
        while !rest.is_empty() {
            match connection.read_tls(&mut rest) {
                Ok(_) if connection.process_new_packets().is_ok() => {}
                _ => return true,
            }
        }
        sent += record.len();
        false
    });
    assert!(failed && sent <= 128 * 1024, "{sent} bytes");
    let refusal = auth.authenticate(&connection, now()).unwrap_err();
    assert_eq!(refusal.kind(), RefusalKind::HandshakeUnfinished);
}
