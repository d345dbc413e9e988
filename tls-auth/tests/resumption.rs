//! A session is no pass: whoever resumes one is judged as things are now, in TLS 1.2 and 1.3, with sessions that the server keeps and with
//! tickets, and a session of one tenant is none of another's.
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
use std::time::Duration;

use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use support::*;
use tls_auth::{
    Authorities, DeviceConfig, Outcome, RevocationLists, RevocationPolicy, ServerAuth,
    ServerAuthBuilder, SessionStore, Status, TicketKeys,
};

const HOST: &str = "broker.example";

#[derive(Clone, Copy, Debug)]
enum Keep {
    Store,
    Tickets,
}

fn keeping(builder: ServerAuthBuilder, keep: Keep) -> ServerAuthBuilder {
    match keep {
        Keep::Store => builder.with_sessions(sessions()),
        Keep::Tickets => builder.with_tickets(TicketKeys::new(Duration::from_secs(3_600)).unwrap()),
    }
}

/// Every version with every way to keep sessions.
fn every_way(test: impl Fn(&'static rustls::SupportedProtocolVersion, Keep)) {
    for version in [&TLS12, &TLS13] {
        for keep in [Keep::Store, Keep::Tickets] {
            println!("{:?}, {keep:?}", version.version);
            test(version, keep);
        }
    }
}

/// Connects, says whether it was a resumption, and what came of it.
fn round(
    auth: &ServerAuth,
    device: &DeviceConfig,
    at: rustls::pki_types::UnixTime,
) -> (bool, &'static str) {
    let config = auth.config(&[]).unwrap();
    match handshake(device.config(), config, HOST) {
        Ok(connected) => {
            let resumed = connected.server.handshake_kind() == Some(HandshakeKind::Resumed);
            let outcome = auth.authenticate(&connected.server, at);
            if let Ok(Outcome::Authenticated(device)) = &outcome {
                assert_eq!(device.is_resumed(), resumed);
            }
            (resumed, code(&outcome))
        }
        Err(failed) => {
            let refusal = tls_auth::Refusal::from_rustls(&failed.server.unwrap()).unwrap();
            (false, refusal.kind().code())
        }
    }
}

#[test]
fn a_device_that_stays_good_resumes() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    every_way(|version, keep| {
        let auth = keeping(server.trusting(&pki), keep).build().unwrap();
        let device = device_config_of(&pki.device, &server, &[version]);
        assert_eq!(round(&auth, &device, now()), (false, "accepted"));
        assert_eq!(round(&auth, &device, now()), (true, "accepted"));
        assert_eq!(round(&auth, &device, now()), (true, "accepted"));
    });
}

#[test]
fn a_status_that_changes_ends_resumption() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    every_way(|version, keep| {
        for status in Status::ALL
            .into_iter()
            .filter(|status| *status != Status::Active)
        {
            let registry = registry(&pki.device, Some(&pki.authority()));
            let builder = server.trusting(&pki).with_registry(registry.clone());
            let auth = keeping(builder, keep).build().unwrap();
            let device = device_config_of(&pki.device, &server, &[version]);
            assert_eq!(round(&auth, &device, now()), (false, "accepted"));
            registry.set_status(&pki.device.id(), status).unwrap();
            assert_eq!(
                round(&auth, &device, now()),
                (true, "not-active"),
                "{status}"
            );
            registry.remove(&pki.device.id()).unwrap();
            assert_eq!(round(&auth, &device, now()).1, "not-registered");
        }
    });
}

#[test]
fn expiry_ends_resumption() {
    let (mut pki, server) = (Pki::new(), Server::new(&[HOST]));
    let mut params = device_params("sensor-17");
    params.not_after = rcgen::date_time_ymd(2089, 1, 1);
    pki.device = Device::new(params, &pki.intermediate, &[&pki.intermediate]);
    every_way(|version, keep| {
        let auth = keeping(server.trusting(&pki), keep).build().unwrap();
        let device = device_config_of(&pki.device, &server, &[version]);
        assert_eq!(round(&auth, &device, now()), (false, "accepted"));
        assert_eq!(round(&auth, &device, later(36_500)), (true, "expired"));
        assert_eq!(round(&auth, &device, now()), (true, "accepted"));
    });
}

#[test]
fn a_revocation_list_that_is_replaced_ends_resumption() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let policy = RevocationPolicy::default();
    let good = || RevocationLists::new([list(&pki.root, 1, &[]), pki.list(1, &[])], policy);
    every_way(|version, keep| {
        let builder = server.trusting(&pki).with_revocation(good());
        let auth = keeping(builder, keep).build().unwrap();
        let device = device_config_of(&pki.device, &server, &[version]);
        assert_eq!(round(&auth, &device, now()), (false, "accepted"));
        auth.replace_revocation(RevocationLists::new(
            [
                list(&pki.root, 1, &[]),
                pki.list(2, &[&pki.device.serial]),
                pki.list(1, &[]),
            ],
            policy,
        ));
        assert_eq!(round(&auth, &device, now()), (true, "revoked"));
        auth.replace_revocation(good());
        assert_eq!(round(&auth, &device, now()).1, "accepted");
        auth.replace_revocation(RevocationLists::new([list(&pki.root, 1, &[])], policy));
        assert_eq!(round(&auth, &device, now()).1, "revocation-unknown");
    });
}

#[test]
fn revocation_that_is_asked_for_later_counts_for_who_was_verified_before() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = keeping(server.trusting(&pki), Keep::Store).build().unwrap();
    let device = device_config(&pki.device, &server);
    assert_eq!(round(&auth, &device, now()), (false, "accepted"));
    let lists = [list(&pki.root, 1, &[]), pki.list(1, &[&pki.device.serial])];
    auth.replace_revocation(RevocationLists::new(lists, RevocationPolicy::default()));
    assert_eq!(round(&auth, &device, now()), (true, "revoked"));
}

#[test]
fn a_ca_that_is_taken_away_ends_resumption() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    every_way(|version, keep| {
        let auth = keeping(server.trusting(&pki), keep).build().unwrap();
        let device = device_config_of(&pki.device, &server, &[version]);
        assert_eq!(round(&auth, &device, now()), (false, "accepted"));
        auth.replace_authorities(Authorities::new([pki.authority().with_active(false)]));
        assert_eq!(round(&auth, &device, now()), (true, "authority-inactive"));
        auth.replace_authorities(Authorities::new([]));
        assert_eq!(round(&auth, &device, now()).1, "unknown-issuer");
        auth.replace_authorities(pki.authorities());
        assert_eq!(round(&auth, &device, now()).1, "accepted");
    });
}

#[test]
fn a_session_of_one_tenant_is_none_of_anothers() {
    // Two tenants with one host name, one store, one set of ticket keys: CVE-2025-23419 and its kin.
    let server = Server::new(&[HOST]);
    let (one, two) = (Pki::new(), Pki::new());
    for version in [&TLS12, &TLS13] {
        let (store, keys) = (
            SessionStore::new(64),
            TicketKeys::new(Duration::from_secs(3_600)).unwrap(),
        );
        let tenant = |pki: &Pki, tickets: bool| {
            let builder = server.trusting(pki).with_sessions(store.clone());
            let builder = if tickets {
                builder.with_tickets(keys.clone())
            } else {
                builder
            };
            builder.build().unwrap()
        };
        for tickets in [false, true] {
            let (first, second) = (tenant(&one, tickets), tenant(&two, tickets));
            let device = device_config_of(&one.device, &server, &[version]);
            assert_eq!(round(&first, &device, now()), (false, "accepted"));
            // The other tenant's CA has the same name and another key.
            assert_eq!(round(&second, &device, now()), (false, "bad-signature"));
        }
    }
}

#[test]
fn a_connection_that_another_tenant_made_is_judged_from_its_bytes() {
    let server = Server::new(&["one.example", "two.example"]);
    let (one, two) = (Pki::new(), Pki::new());
    let tenant = |pki: &Pki, name: &'static str| {
        let builder = server.trusting(pki);
        builder.with_server_names([name]).build().unwrap()
    };
    let (first, second) = (tenant(&one, "one.example"), tenant(&two, "two.example"));
    let device = device_config(&one.device, &server);
    let connected = handshake(device.config(), first.config(&[]).unwrap(), "one.example")
        .ok()
        .unwrap();
    assert_eq!(
        code(&first.authenticate(&connected.server, now())),
        "accepted"
    );
    assert_eq!(
        code(&second.authenticate(&connected.server, now())),
        "other-tenant"
    );
    // Without names to tell tenants by, the certificate does.
    let nameless = server
        .builder()
        .with_authorities(two.authorities())
        .build()
        .unwrap();
    assert_eq!(
        code(&nameless.authenticate(&connected.server, now())),
        "bad-signature"
    );
}

#[test]
fn a_shared_context_shares_sessions_and_nothing_else() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let store = SessionStore::new(64);
    let process = || {
        let builder = server.trusting(&pki);
        let builder = builder
            .with_sessions(store.clone())
            .with_session_context(b"acme");
        builder.build().unwrap()
    };
    let (first, second) = (process(), process());
    let device = device_config(&pki.device, &server);
    assert_eq!(round(&first, &device, now()), (false, "accepted"));
    assert_eq!(
        round(&second, &device, now()),
        (true, "accepted"),
        "verified anew from its bytes"
    );
    second.replace_authorities(Authorities::new([]));
    assert_eq!(round(&second, &device, now()), (true, "unknown-issuer"));
}

#[test]
fn without_store_and_tickets_nothing_is_resumed() {
    let (pki, server) = (Pki::new(), Server::new(&[HOST]));
    let auth = Arc::new(server.trusting(&pki).build().unwrap());
    for version in [&TLS12, &TLS13] {
        let device = device_config_of(&pki.device, &server, &[version]);
        assert_eq!(round(&auth, &device, now()), (false, "accepted"));
        assert_eq!(round(&auth, &device, now()), (false, "accepted"));
    }
}
