//! Who is let in by a handshake and who is not, by which tenant, and which connections must be closed when something changes.
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

use rcgen::KeyPair;
use rustls::pki_types::UnixTime;
use rustls::server::Acceptor;
use rustls::{ClientConnection, ServerConnection};
use support::*;
use tls_auth::{
    Authorities, Authority, CertificateId, ClientCertificate, ConfigError, DeviceConfig,
    LookupFailed, MemoryRegistry, Outcome, PrincipalRule, Profile, Record, Refusal, RefusalKind,
    Registry, ServerAuth, Status, Tenants, TrustMode, Variable,
};

const HOST: &str = "broker.example";

#[test]
fn what_a_device_is_known_by() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let registry = registry(&pki.device, Some(&pki.authority()));
    let auth = server
        .trusting(&pki)
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
        let mut builder = server.trusting(&pki).with_trust(mode);
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
            .trusting(&pki)
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
    let builder = server.trusting(&pki);
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
        let builder = server.trusting(&pki);
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
fn tenants_are_chosen_by_server_name() {
    let server = Server::new(&["one.example", "two.example"]);
    let (one, two) = (Pki::new(), Pki::new());
    let tenant = |pki: &Pki, name: &'static str, required| {
        let builder = server.trusting(pki);
        let builder = builder
            .with_server_names([name])
            .with_server_name_required(required);
        Arc::new(builder.build().unwrap())
    };
    let first = tenant(&one, "one.example", false);
    let second = tenant(&two, "two.example", true);
    let tenants = Tenants::new()
        .with_default(first)
        .and_then(|tenants| tenants.with_tenant(second))
        .unwrap();
    assert_eq!(
        tenants
            .clone()
            .with_tenant(tenant(&two, "one.example", false))
            .unwrap_err(),
        ConfigError::NameTaken("one.example".to_owned())
    );
    let nameless = server.builder().build().unwrap();
    assert_eq!(
        tenants.clone().with_tenant(Arc::new(nameless)).unwrap_err(),
        ConfigError::Nameless
    );
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
    let builder = server.trusting(&pki);
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
    let tenants = Tenants::new().with_default(Arc::new(auth)).unwrap();
    assert!(
        tenants.find(None).is_err(),
        "SNI_ONLY and the default at once"
    );
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
        .trusting(&pki)
        .with_registry(registry.clone())
        .build()
        .unwrap();
    let enter = |device: &Device, number| {
        let outcome = connect(&auth, &device_config(device, &server), HOST, now()).unwrap();
        auth.track(&outcome.authenticated().unwrap(), number, now())
            .unwrap()
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

/// What changes between the end of a handshake and the note that is taken of it is not missed.
#[test]
fn a_device_that_went_bad_meanwhile_is_not_tracked() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let registry = registry(&pki.device, Some(&pki.authority()));
    let auth = server
        .trusting(&pki)
        .with_registry(registry.clone())
        .build()
        .unwrap();
    let outcome = connect(&auth, &device_config(&pki.device, &server), HOST, now()).unwrap();
    let device = outcome.authenticated().unwrap();
    registry
        .set_status(&pki.device.id(), Status::Revoked)
        .unwrap();
    assert_eq!(auth.expelled_of(&pki.device.id(), now()), []);
    let refusal = auth.track(&device, 1, now()).unwrap_err();
    assert_eq!(refusal.kind(), RefusalKind::NotActive(Status::Revoked));
    assert_eq!(auth.connections_of(&pki.device.id()), [0; 0]);
}

/// A CA that was renewed is two certificates of one name and key; the one that offers registration is found.
#[test]
fn of_a_renewed_ca_the_certificate_that_offers_registration_counts() {
    let server = Server::new(&[HOST]);
    let key = KeyPair::generate().unwrap();
    let old = ca_params("plant").self_signed(&key).unwrap();
    let new = Ca::self_signed(ca_params("plant"), key).unwrap();
    let profile = Profile::strict();
    let old = Authority::new(old.der(), &profile).unwrap();
    let offering = Authority::new(new.der(), &profile)
        .unwrap()
        .with_auto_registration(true);
    assert_ne!(old.id(), offering.id());
    let device = Device::new(device_params("sensor-17"), &new, &[]);
    for order in [
        [old.clone(), offering.clone()],
        [offering.clone(), old.clone()],
    ] {
        let auth = server
            .builder()
            .with_authorities(Authorities::new(order))
            .with_registry(Arc::new(MemoryRegistry::new()))
            .build()
            .unwrap();
        let outcome = connect(&auth, &device_config(&device, &server), HOST, now()).unwrap();
        let Outcome::Unregistered(unregistered) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(unregistered.authority(), offering.id());
    }
    // Where another CA offers registration, this one's certificates are strangers'.
    let other = Authority::new(root("other").der(), &profile)
        .unwrap()
        .with_auto_registration(true);
    let auth = server
        .builder()
        .with_authorities(Authorities::new([old, other]))
        .with_registry(Arc::new(MemoryRegistry::new()))
        .build()
        .unwrap();
    let result = connect(&auth, &device_config(&device, &server), HOST, now());
    assert_eq!(code(&result), "not-registered");
}

// BC-074: RustFS CVE-2026-21862, an address that a client wrote into a header and that was trusted
#[test]
fn who_it_is_comes_from_the_connection_and_nowhere_else() {
    type Asks = fn(&ServerAuth, &ServerConnection, UnixTime) -> Result<Outcome, Refusal>;
    // A connection and a time: no text of the peer's choosing has a way in.
    let authenticate: Asks = ServerAuth::authenticate;
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = server.trusting(&pki).build().unwrap();
    let device = device_config(&pki.device, &server);
    let connected = handshake(device.config(), auth.config(&[]).unwrap(), HOST)
        .ok()
        .unwrap();
    let outcome = authenticate(&auth, &connected.server, now()).unwrap();
    assert_eq!(
        outcome.authenticated().unwrap().certificate_id(),
        pki.device.id()
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
