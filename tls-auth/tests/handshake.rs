//! Who is let in by a handshake and who is not, what each side is told, and what a peer that misbehaves comes to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::print_stdout,
    reason = "a test fails by panicking, runs on std, and may say what it does"
)]

mod support;

use std::sync::Arc;

use rustls::pki_types::UnixTime;
use rustls::server::Acceptor;
use rustls::{AlertDescription, ClientConnection, ServerConnection};
use support::*;
use tls_auth::{
    Authorities, CertificateId, ClientCertificate, ConfigError, Credentials, DeviceConfig,
    LookupFailed, MemoryRegistry, Outcome, PrincipalRule, Record, Refusal, RefusalKind, Registry,
    ServerAuth, Status, Tenants, TrustMode, Variable, alpn,
};

const HOST: &str = "broker.example";

#[test]
fn what_a_device_is_known_by() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let registry = registry(&pki.device, Some(&pki.authority()));
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
        .with_registry(registry)
        .with_principal(PrincipalRule::common_name().for_mqtt())
        .build()
        .unwrap();
    let outcome = connect(&auth, &device_config(&pki.device, &server), HOST, now()).unwrap();
    let device = outcome.authenticated().unwrap();
    assert_eq!(device.certificate_id(), pki.device.id());
    assert_eq!(device.owner(), Some(&acme()));
    assert_eq!(device.authority(), Some(CertificateId::of(pki.root.der())));
    assert_eq!(device.principal().as_str(), "sensor-17");
    assert_eq!(device.der(), pki.device.der);
    assert!(!device.is_resumed());
    assert_eq!(
        device.variable("iot:Certificate.Subject.Organization"),
        Variable::Value("Acme".to_owned())
    );
    let shown = format!("{device:?}");
    assert!(
        shown.contains("sensor-17") && shown.contains("acme"),
        "{shown}"
    );
}

/// The table of `TrustMode`.
#[test]
fn whom_each_mode_trusts() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let stranger = Device::self_signed(device_params("stranger"));
    let nobody = || Arc::new(MemoryRegistry::new());
    let itself = || registry(&pki.device, None);
    let under = || registry(&pki.device, Some(&pki.authority()));
    let elsewhere = || {
        let registry = MemoryRegistry::new();
        let record = Record::new(Status::Active, acme()).with_authority(stranger.id());
        registry.insert(pki.device.id(), &record).unwrap();
        Arc::new(registry)
    };
    for (mode, registry, expected) in [
        (TrustMode::Chain, None, "accepted"),
        (TrustMode::Both, None, "accepted"),
        (TrustMode::Chain, Some(itself()), "not-registered"),
        (TrustMode::Chain, Some(under()), "accepted"),
        (TrustMode::Chain, Some(nobody()), "not-registered"),
        (TrustMode::Exact, Some(itself()), "accepted"),
        (TrustMode::Exact, Some(under()), "not-registered"),
        (TrustMode::Exact, Some(nobody()), "not-registered"),
        (TrustMode::Both, Some(itself()), "accepted"),
        (TrustMode::Both, Some(under()), "accepted"),
        (TrustMode::Both, Some(nobody()), "not-registered"),
        (TrustMode::Both, Some(elsewhere()), "other-authority"),
    ] {
        let shown = format!("{mode:?} {registry:?}");
        let mut builder = server
            .builder()
            .with_authorities(pki.authorities())
            .with_trust(mode);
        if let Some(registry) = registry {
            builder = builder.with_registry(registry);
        }
        let auth = builder.build().unwrap();
        let device = device_config(&pki.device, &server);
        for round in 0..2 {
            let result = connect(&auth, &device, HOST, now());
            assert_eq!(code(&result), expected, "{shown}, round {round}");
        }
        let result = connect(&auth, &device_config(&stranger, &server), HOST, now());
        assert!(result.is_err(), "{shown}: a stranger");
    }
}

// BC-040: mosquitto CVE-2018-20145 and its kin, an empty configuration that lets everybody in
#[test]
fn a_server_that_was_told_nothing_lets_nobody_in() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.builder().build().unwrap();
    let result = connect(&auth, &device_config(&pki.device, &server), HOST, now());
    assert_eq!(code(&result), "unknown-issuer");
    let result = server.builder().with_trust(TrustMode::Exact).build();
    assert!(matches!(result, Err(ConfigError::NobodyTrusted(_))));
    let empty = server
        .builder()
        .with_registry(Arc::new(MemoryRegistry::new()));
    let auth = empty.with_authorities(pki.authorities()).build().unwrap();
    let result = connect(&auth, &device_config(&pki.device, &server), HOST, now());
    assert_eq!(code(&result), "not-registered");
}

#[test]
fn every_status_but_active_is_refused() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    for authority in [None, Some(pki.authority())] {
        let registry = registry(&pki.device, authority.as_ref());
        let auth = server
            .builder()
            .with_authorities(pki.authorities())
            .with_registry(registry.clone())
            .build()
            .unwrap();
        let device = device_config(&pki.device, &server);
        for status in Status::ALL {
            registry.set_status(&pki.device.id(), status).unwrap();
            let result = connect(&auth, &device, HOST, now());
            if status == Status::Active {
                assert!(result.is_ok());
            } else {
                let refusal = result.unwrap_err();
                assert_eq!(refusal.kind(), RefusalKind::NotActive(status));
                assert_eq!(refusal.certificate(), Some(pki.device.id()));
                assert!(refusal.to_string().ends_with(status.name()), "{refusal}");
            }
        }
    }
}

#[test]
fn a_registry_that_cannot_be_asked_lets_nobody_in() {
    #[derive(Debug)]
    struct Down;
    impl Registry for Down {
        fn find(&self, _: &CertificateId) -> Result<Option<Record>, LookupFailed> {
            Err(LookupFailed)
        }
    }
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let builder = server.builder().with_authorities(pki.authorities());
    let auth = builder.with_registry(Arc::new(Down)).build().unwrap();
    let result = connect(&auth, &device_config(&pki.device, &server), HOST, now());
    assert_eq!(code(&result), "registry-unavailable");
}

#[test]
fn a_certificate_of_a_ca_with_auto_registration_is_offered() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let authority = pki.authority().with_auto_registration(true);
    let registry = Arc::new(MemoryRegistry::new());
    let auth = server
        .builder()
        .with_authorities(Authorities::new([authority.clone()]))
        .with_registry(registry.clone())
        .build()
        .unwrap();
    let device = device_config(&pki.device, &server);
    let offered = |record: Option<Status>| {
        let outcome = connect(&auth, &device, HOST, now()).unwrap();
        let Outcome::Unregistered(unregistered) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(unregistered.certificate_id(), pki.device.id());
        assert_eq!(unregistered.authority(), authority.id());
        assert_eq!(unregistered.record().map(Record::status), record);
        let parameters = unregistered.parameters();
        assert_eq!(
            parameters.value("AWS::IoT::Certificate::CommonName"),
            Some("sensor-17")
        );
        assert_eq!(parameters.value("AWS::IoT::Certificate::Country"), None);
        unregistered
    };
    let unregistered = offered(None);
    registry
        .insert(pki.device.id(), &unregistered.pending_record(acme()))
        .unwrap();
    // It is offered again until somebody activates it.
    offered(Some(Status::PendingActivation));
    registry
        .set_status(&pki.device.id(), Status::Active)
        .unwrap();
    let outcome = connect(&auth, &device, HOST, now()).unwrap();
    assert_eq!(outcome.authenticated().unwrap().owner(), Some(&acme()));

    // One that does not lead to the CA, or whose CA offers nothing, is a stranger.
    let stranger = Device::self_signed(device_params("stranger"));
    let result = connect(&auth, &device_config(&stranger, &server), HOST, now());
    assert_eq!(code(&result), "unknown-issuer");
    registry
        .set_status(&pki.device.id(), Status::PendingActivation)
        .unwrap();
    for authority in [
        authority.clone().with_auto_registration(false),
        authority.with_active(false),
    ] {
        auth.replace_authorities(Authorities::new([authority]));
        assert_eq!(code(&connect(&auth, &device, HOST, now())), "not-active");
    }
}

#[test]
fn nobody_where_a_certificate_is_optional() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let build = |certificate| {
        let builder = server.builder().with_authorities(pki.authorities());
        builder
            .with_client_certificate(certificate)
            .with_sessions(sessions())
            .build()
            .unwrap()
    };
    let mut roots = rustls::RootCertStore::empty();
    roots.add(server.ca.clone().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let bare = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let bare = Arc::new(bare);
    let optional = build(ClientCertificate::Optional);
    for _ in 0..2 {
        let config = optional.config(&[]).unwrap();
        let connected = handshake(bare.clone(), config, HOST).ok().unwrap();
        let outcome = optional.authenticate(&connected.server, now()).unwrap();
        assert!(matches!(outcome, Outcome::Anonymous(_)));
        assert!(outcome.authenticated().is_none());
        // The same connection is nobody to a server that wants a certificate.
        let required = build(ClientCertificate::Required);
        assert_eq!(
            code(&required.authenticate(&connected.server, now())),
            "no-certificate"
        );
    }
    let device = device_config(&pki.device, &server);
    assert!(
        connect(&optional, &device, HOST, now())
            .unwrap()
            .authenticated()
            .is_some()
    );
    let stranger = device_config(&Device::self_signed(device_params("x")), &server);
    assert_eq!(
        code(&connect(&optional, &stranger, HOST, now())),
        "unknown-issuer"
    );
    let required = build(ClientCertificate::Required);
    let failed = handshake(bare, required.config(&[]).unwrap(), HOST)
        .err()
        .unwrap();
    let refusal = Refusal::from_rustls(&failed.server.unwrap()).unwrap();
    assert_eq!(refusal.kind(), RefusalKind::NoCertificate);
}

#[test]
fn each_side_is_told_what_it_may_know() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let registry = registry(&pki.device, Some(&pki.authority()));
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
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
fn tenants_are_chosen_by_server_name() {
    let server = Server::new(&["one.example", "two.example"]);
    let (one, two) = (Pki::new(), Pki::new());
    let tenant = |pki: &Pki, name: &'static str, required| {
        let builder = server.builder().with_authorities(pki.authorities());
        let builder = builder
            .with_server_names([name])
            .with_server_name_required(required);
        Arc::new(builder.build().unwrap())
    };
    let first = tenant(&one, "one.example", false);
    let second = tenant(&two, "two.example", true);
    let tenants = Tenants::new().with_default(first).with_tenant(second);
    let meet = |device: &Device, host: &str, sni: bool| -> &'static str {
        let config = DeviceConfig::builder(device.credentials())
            .with_server_ca(&server.ca)
            .unwrap()
            .with_server_name_sent(sni)
            .build()
            .unwrap();
        let name = DeviceConfig::server_name(host).unwrap();
        let mut client = ClientConnection::new(config.config(), name).unwrap();
        let mut hello = Vec::new();
        client.write_tls(&mut hello).unwrap();
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut &hello[..]).unwrap();
        let accepted = acceptor.accept().unwrap().unwrap();
        let tenant = match tenants.select(&accepted.client_hello()) {
            Ok(tenant) => tenant,
            Err(refusal) => return refusal.kind().code(),
        };
        let attempt = tenant.attempt(&[]).unwrap();
        let connection = accepted.into_connection(attempt.config()).ok().unwrap();
        match run(client, connection) {
            Ok(connected) => code(&attempt.authenticate(&connected.server, now())),
            Err(_) => attempt.refusal().unwrap().kind().code(),
        }
    };
    assert_eq!(meet(&one.device, "one.example", true), "accepted");
    assert_eq!(meet(&two.device, "two.example", true), "accepted");
    assert_eq!(meet(&one.device, "two.example", true), "bad-signature");
    assert_eq!(meet(&two.device, "one.example", true), "bad-signature");
    assert_eq!(
        meet(&one.device, "one.example", false),
        "accepted",
        "the default"
    );
    assert_eq!(
        meet(&two.device, "two.example", false),
        "bad-signature",
        "the default"
    );
    assert_eq!(
        meet(&one.device, "three.example", true),
        "server-name-unknown"
    );
}

#[test]
fn a_tenant_that_wants_a_name_is_asked_by_name() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let builder = server.builder().with_authorities(pki.authorities());
    let auth = builder.with_server_name_required(true).build().unwrap();
    let device = DeviceConfig::builder(pki.device.credentials())
        .with_server_ca(&server.ca)
        .unwrap()
        .with_server_name_sent(false)
        .build()
        .unwrap();
    assert_eq!(
        code(&connect(&auth, &device, HOST, now())),
        "server-name-missing"
    );
    let tenants = Tenants::new().with_default(Arc::new(auth));
    assert!(
        tenants.find(None).is_err(),
        "SNI_ONLY and the default at once"
    );
}

#[test]
fn protocols_are_agreed_on() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
        .build()
        .unwrap();
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

#[test]
fn hints_name_the_cas_when_they_are_asked_for() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    for hints in [false, true] {
        let builder = server.builder().with_authorities(pki.authorities());
        let auth = builder.with_root_hints(hints).build().unwrap();
        let device = device_config(&pki.device, &server);
        assert_eq!(code(&connect(&auth, &device, HOST, now())), "accepted");
    }
}

#[test]
fn live_connections_are_expelled_when_their_device_is_no_longer_good() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let other = Device::new(
        device_params("sensor-18"),
        &pki.intermediate,
        &[&pki.intermediate],
    );
    let registry = registry(&pki.device, Some(&pki.authority()));
    let record = Record::new(Status::Active, acme()).with_authority(pki.authority().id());
    registry.insert(other.id(), &record).unwrap();
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
        .with_registry(registry.clone())
        .build()
        .unwrap();
    let enter = |device: &Device, number| {
        let outcome = connect(&auth, &device_config(device, &server), HOST, now()).unwrap();
        auth.track(&outcome.authenticated().unwrap(), number)
    };
    let (one, _two, _three) = (
        enter(&pki.device, 1),
        enter(&pki.device, 2),
        enter(&other, 3),
    );
    let numbers = |at: UnixTime| {
        let expelled = auth.expelled(at);
        let mut numbers: Vec<u64> = expelled.iter().map(|one| one.connection()).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(now()), [0; 0]);
    assert_eq!(auth.connections_of(&pki.device.id()), [1, 2]);

    registry
        .set_status(&pki.device.id(), Status::Inactive)
        .unwrap();
    assert_eq!(numbers(now()), [1, 2]);
    assert_eq!(auth.expelled_of(&other.id(), now()), []);
    let expelled = auth.expelled_of(&pki.device.id(), now());
    assert_eq!(
        expelled[0].refusal().kind(),
        RefusalKind::NotActive(Status::Inactive)
    );
    drop(one);
    assert_eq!(numbers(now()), [2]);

    registry
        .set_status(&pki.device.id(), Status::Active)
        .unwrap();
    assert_eq!(numbers(now()), [0; 0]);
    assert_eq!(numbers(later(1_000_000)), [2, 3], "all have expired");
    auth.replace_authorities(Authorities::new([]));
    assert_eq!(numbers(now()), [2, 3], "the CA is gone");
}

// BC-048: rustls RUSTSEC-2024-0399, a ClientHello in pieces
#[test]
fn a_handshake_in_single_bytes() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
        .build()
        .unwrap();
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
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
        .build()
        .unwrap();
    let device = device_config_of(&pki.device, &server, &[&rustls::version::TLS12]);
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

#[test]
fn key_bytes_are_in_no_debug() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
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

#[test]
fn credentials_of_every_form() {
    let pki = Pki::new();
    let chain: Vec<&[u8]> = vec![&pki.device.der, &pki.device.others[0]];
    let pkcs8 = pki.device.key.serialize_der();
    assert_eq!(
        Credentials::from_der(&chain, &pkcs8)
            .unwrap()
            .certificates()
            .count(),
        2
    );
    // SEC1 is the octet string inside PKCS#8.
    let sec1 = pkcs8
        .windows(7)
        .position(|window| window[..2] == [0x30, 0x6B] || window[..2] == [0x30, 0x77]);
    if let Some(start) = sec1 {
        // ring wants the public key, which rcgen writes.
        assert!(Credentials::from_der(&chain, &pkcs8[start..]).is_ok());
    }
    for key in [&b"no key"[..], &pkcs8[1..], b""] {
        let error = Credentials::from_der(&chain, key).unwrap_err();
        assert_eq!(error, tls_auth::CredentialsError::UnsupportedKey);
    }
    let error = Credentials::from_der(&[], &pkcs8).unwrap_err();
    assert_eq!(error, tls_auth::CredentialsError::NoCertificate);
    let reordered = [chain[0], pki.root.der().as_ref(), chain[1]];
    let error = Credentials::from_der(&reordered, &pkcs8).unwrap_err();
    assert_eq!(error, tls_auth::CredentialsError::Order(0));
    assert!(matches!(
        Credentials::from_pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n", b""),
        Err(tls_auth::CredentialsError::Pem)
    ));
}

#[test]
fn a_pinned_server_key() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
        .build()
        .unwrap();
    let key = tls_auth::Certificate::parse(server.credentials.certificates().next().unwrap())
        .unwrap()
        .public_key_hash();
    let other = tls_auth::PublicKeyHash::of(b"another key");
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
    let auth = server
        .builder()
        .with_authorities(pki.authorities())
        .build()
        .unwrap();
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
    let code = tls_auth::Diagnosis::of(&failed.client.unwrap()).code();
    assert!(
        ["server-unknown-issuer", "server-bad-signature"].contains(&code),
        "{code}"
    );
}

/// A server can be shared by threads and tasks, and what it makes can be sent to them.
#[test]
fn types_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<ServerAuth>();
    crosses::<Tenants>();
    crosses::<tls_auth::Authenticated>();
    crosses::<tls_auth::LiveConnection>();
    crosses::<Refusal>();
    crosses::<DeviceConfig>();
}
