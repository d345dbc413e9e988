//! The device's side: credentials of every form, pins, and what it is told when it fails. Keys are in no `Debug`.
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

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::KeyPair;
use rustls::AlertDescription;
use support::*;
use tls_auth::{Credentials, CredentialsError, DeviceConfig, PublicKeyHash};

const HOST: &str = "broker.example";

#[test]
fn key_bytes_are_in_no_debug() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server
        .trusting(&pki)
        .with_tickets(tls_auth::TicketKeys::new(core::time::Duration::from_secs(1)).unwrap())
        .with_sessions(sessions())
        .build()
        .unwrap();
    let device = device_config(&pki.device, &server);
    connect(&auth, &device, HOST, now()).unwrap();
    let secret = pki.device.key.serialize_der();
    // The 32 octets of a P-256 key stand at the same place in every PKCS#8 that rcgen writes.
    let scalar = &secret[36..68];
    let decimal = format!("{scalar:?}");
    let decimal = decimal.trim_matches(['[', ']']);
    let hex: String = scalar.iter().map(|byte| format!("{byte:02x}")).collect();
    for shown in [
        format!("{:?}", pki.device.credentials()),
        format!("{device:?}"),
        format!("{auth:?}"),
        format!("{:?}", auth.attempt(&[]).unwrap()),
        format!("{:#?}", auth.config(&[]).unwrap()),
    ] {
        let shown = shown.to_lowercase().replace(['\n', ' '], "");
        assert!(!shown.contains(&decimal.replace(' ', "")) && !shown.contains(&hex));
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// The octet string inside a PKCS#8 key: SEC1 of an EC key, PKCS#1 of an RSA key.
fn inner_key(pkcs8: &[u8]) -> Vec<u8> {
    let octets = &der::children(pkcs8)[2];
    assert_eq!(octets[0], 0x04);
    der::children(octets)[0].clone()
}

#[test]
fn credentials_of_every_form() {
    // Made for this test by `openssl genrsa`, as PKCS#8 and as PKCS#1: ring makes no RSA keys.
    let rsa = include_str!("keys/rsa-2048.pkcs8.pem");
    let rsa_pkcs1 = include_str!("keys/rsa-2048.pkcs1.pem");
    let root = root("root");
    for (key, label) in [
        (KeyPair::generate().unwrap(), "EC PRIVATE KEY"),
        (
            KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap(),
            "EC PRIVATE KEY",
        ),
        (KeyPair::from_pem(rsa).unwrap(), "RSA PRIVATE KEY"),
        (
            KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
            "PRIVATE KEY",
        ),
    ] {
        let certificate = device_params("sensor-17").signed_by(&key, &root).unwrap();
        let pkcs8 = key.serialize_der();
        let mut forms = vec![("PRIVATE KEY", pkcs8.clone())];
        if label != "PRIVATE KEY" {
            forms.push((label, inner_key(&pkcs8)));
        }
        let chain = pem("CERTIFICATE", certificate.der());
        for (label, key) in forms {
            let of_der = Credentials::from_der(&[certificate.der()], &key).unwrap();
            let of_pem =
                Credentials::from_pem(chain.as_bytes(), pem(label, &key).as_bytes()).unwrap();
            for credentials in [of_der, of_pem] {
                assert_eq!(
                    credentials.certificates().collect::<Vec<_>>(),
                    [certificate.der().as_ref()],
                    "{label}"
                );
                // They do what they are for.
                let device = DeviceConfig::builder(credentials)
                    .with_pinned_server_key(PublicKeyHash::of(b"any"));
                assert!(device.build().is_ok());
            }
        }
        let other = root_key_of(&root);
        let error = Credentials::from_der(&[certificate.der()], &other).unwrap_err();
        assert_eq!(error, CredentialsError::KeyMismatch, "{label}");
    }
    // The two files are one key.
    let key = KeyPair::from_pem(rsa).unwrap();
    let certificate = device_params("sensor-17").signed_by(&key, &root).unwrap();
    let chain = pem("CERTIFICATE", certificate.der());
    assert!(Credentials::from_pem(chain.as_bytes(), rsa_pkcs1.as_bytes()).is_ok());
    // One file with everything.
    let all = [chain.as_str(), rsa_pkcs1].concat();
    assert!(Credentials::from_pem(all.as_bytes(), all.as_bytes()).is_ok());
}

fn root_key_of(ca: &Ca) -> Vec<u8> {
    ca.key().serialize_der()
}

#[test]
fn credentials_that_are_none() {
    let pki = Pki::new();
    let chain: Vec<&[u8]> = vec![&pki.device.der, &pki.device.others[0]];
    let pkcs8 = pki.device.key.serialize_der();
    let credentials = Credentials::from_der(&chain, &pkcs8).unwrap();
    assert_eq!(credentials.certificates().count(), 2);
    for key in [&b"no key"[..], &pkcs8[1..], b""] {
        let error = Credentials::from_der(&chain, key).unwrap_err();
        assert_eq!(error, CredentialsError::UnsupportedKey);
    }
    let error = Credentials::from_der(&[], &pkcs8).unwrap_err();
    assert_eq!(error, CredentialsError::NoCertificate);
    let reordered = [chain[0], pki.root.der().as_ref(), chain[1]];
    let error = Credentials::from_der(&reordered, &pkcs8).unwrap_err();
    assert_eq!(error, CredentialsError::Order(0));
    assert!(matches!(
        Credentials::from_der(&[b"no certificate"], &pkcs8),
        Err(CredentialsError::Certificate(_))
    ));

    let certificate = pem("CERTIFICATE", chain[0]);
    let key = pem("PRIVATE KEY", &pkcs8);
    for (chain, key, expected) in [
        (certificate.as_str(), "", CredentialsError::NoKey),
        ("", &key, CredentialsError::NoCertificate),
        (&certificate, &certificate, CredentialsError::NoKey),
        (
            &certificate,
            &[key.as_str(), &key].concat(),
            CredentialsError::SeveralKeys,
        ),
        (
            &certificate,
            &pem("ENCRYPTED PRIVATE KEY", &pkcs8),
            CredentialsError::UnsupportedKey,
        ),
        (
            &certificate,
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END EC PRIVATE KEY-----\n",
            CredentialsError::UnsupportedKey,
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n",
            &key,
            CredentialsError::Pem,
        ),
        (
            &certificate,
            "-----BEGIN PRIVATE KEY-----\nAAAA\n",
            CredentialsError::Pem,
        ),
    ] {
        let error = Credentials::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.to_string().contains("PRIVATE KEY-----"));
    }
}

#[test]
fn a_pinned_server_key() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.trusting(&pki).build().unwrap();
    let key = tls_auth::Certificate::parse(server.credentials.certificates().next().unwrap())
        .unwrap()
        .public_key_hash();
    let other = PublicKeyHash::of(b"another key");
    let meet =
        |build: fn(tls_auth::DeviceConfigBuilder, &Server) -> tls_auth::DeviceConfigBuilder,
         pin,
         host: &str| {
            let builder = build(DeviceConfig::builder(pki.device.credentials()), &server);
            let device = builder.with_pinned_server_key(pin).build().unwrap();
            handshake(device.config(), auth.config(&[]).unwrap(), host)
                .map_err(|failed| failed.client)
        };
    let with_ca = |builder: tls_auth::DeviceConfigBuilder, server: &Server| {
        builder.with_server_ca(&server.ca).unwrap()
    };
    let without = |builder, _: &Server| builder;
    assert!(meet(with_ca, key, HOST).is_ok());
    assert!(
        meet(without, key, "another.example").is_ok(),
        "the key is the name"
    );
    assert!(
        meet(with_ca, key, "another.example").is_err(),
        "both must be right"
    );
    for build in [with_ca as fn(_, &Server) -> _, without] {
        let error = meet(build, other, HOST).err().unwrap().unwrap();
        assert_eq!(
            tls_auth::Diagnosis::of(&error).code(),
            "server-key-not-pinned"
        );
    }
    assert!(
        DeviceConfig::builder(pki.device.credentials())
            .build()
            .is_err()
    );
}

#[test]
fn the_device_is_told_what_is_wrong_with_the_server() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.trusting(&pki).build().unwrap();
    let stranger = Server::new(&[HOST]);
    let device = device_config(&pki.device, &server);
    let failed = handshake(
        device.config(),
        auth.config(&[]).unwrap(),
        "brocker.example",
    )
    .err()
    .unwrap();
    let diagnosis = tls_auth::Diagnosis::of(&failed.client.unwrap());
    assert_eq!(diagnosis.code(), "server-name-mismatch");
    assert!(
        diagnosis.to_string().contains("`brocker.example`")
            && diagnosis.to_string().contains("broker.example")
    );
    let device = device_config(&pki.device, &stranger);
    let failed = handshake(device.config(), auth.config(&[]).unwrap(), HOST)
        .err()
        .unwrap();
    let code = device.diagnose(&failed.client.unwrap()).code();
    assert!(
        ["server-unknown-issuer", "server-bad-signature"].contains(&code),
        "{code}"
    );
    // A CA of another name: which issuer was found, and which was expected.
    let device = DeviceConfig::builder(pki.device.credentials())
        .with_server_ca(pki.root.der())
        .unwrap()
        .build()
        .unwrap();
    let failed = handshake(device.config(), auth.config(&[]).unwrap(), HOST)
        .err()
        .unwrap();
    let error = failed.client.unwrap();
    let diagnosis = device.diagnose(&error);
    assert_eq!(diagnosis.code(), "server-unknown-issuer");
    assert!(
        diagnosis
            .to_string()
            .ends_with(": found the issuer `O=Acme, CN=servers`, expected `O=Acme, CN=root`"),
        "{diagnosis}"
    );
    assert_eq!(
        failed.server,
        Some(rustls::Error::AlertReceived(AlertDescription::UnknownCA)),
        "and the server is told no more than that"
    );
}
