//! Which revocation list counts, and what it says.
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

use rcgen::{
    CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, KeyPair, SerialNumber,
    date_time_ymd,
};
use support::*;
use tls_auth::{
    Authorities, Authority, PathVerifier, Profile, RevocationList, RevocationLists,
    RevocationPolicy,
};

#[test]
fn revocation_lists() {
    let pki = Pki::new();
    let serial = &pki.device.serial;
    let root_list = || list(&pki.root, 1, &[]);
    let with = |change: fn(&mut rcgen::CertificateRevocationListParams),
                number,
                revoked: &[&SerialNumber]| {
        let mut params = list_params(number, revoked);
        change(&mut params);
        let crl = params.signed_by(&pki.intermediate).unwrap();
        RevocationList::new(crl.der(), &Profile::strict()).unwrap()
    };
    let stale: fn(&mut rcgen::CertificateRevocationListParams) = |params| {
        params.next_update = date_time_ymd(2021, 1, 1);
    };
    let future: fn(&mut rcgen::CertificateRevocationListParams) = |params| {
        params.this_update = date_time_ymd(2080, 1, 1);
    };
    let impostor = root("intermediate");
    let policy = RevocationPolicy::default();
    let judge = |lists: Vec<RevocationList>, policy| {
        let verifier = PathVerifier::new(pki.authorities())
            .with_revocation(RevocationLists::new(lists, policy));
        code(
            &verifier
                .verify(&pki.device.der, &[&pki.device.others[0]], now())
                .map(|_| ()),
        )
    };
    let good = || pki.list(5, &[]);
    let rows = [
        ("good", vec![root_list(), good()], policy, "accepted"),
        (
            "revoked leaf",
            vec![root_list(), pki.list(5, &[serial])],
            policy,
            "revoked",
        ),
        (
            "old list first",
            vec![root_list(), good(), pki.list(6, &[serial])],
            policy,
            "revoked",
        ),
        (
            "old list last",
            vec![root_list(), pki.list(6, &[serial]), good()],
            policy,
            "revoked",
        ),
        (
            "revoked by an old list only",
            vec![root_list(), pki.list(4, &[serial]), good()],
            policy,
            "accepted",
        ),
        ("no list", vec![root_list()], policy, "revocation-unknown"),
        (
            "no list, accepted",
            vec![],
            policy.dangerous_accept_unknown(true),
            "accepted",
        ),
        (
            "no list of the root",
            vec![good()],
            policy,
            "revocation-unknown",
        ),
        (
            "no list of the root, leaf only",
            vec![good()],
            policy.with_leaf_only(true),
            "accepted",
        ),
        (
            "stale",
            vec![root_list(), with(stale, 5, &[])],
            policy,
            "revocation-list-expired",
        ),
        (
            "stale, accepted",
            vec![root_list(), with(stale, 5, &[])],
            policy.dangerous_accept_stale(true),
            "accepted",
        ),
        (
            "stale and revoked",
            vec![root_list(), with(stale, 5, &[serial])],
            policy.dangerous_accept_stale(true),
            "revoked",
        ),
        (
            "from the future",
            vec![root_list(), with(future, 5, &[])],
            policy,
            "revocation-unknown",
        ),
        (
            "from the future, beside a good one",
            vec![root_list(), with(future, 9, &[serial]), good()],
            policy,
            "accepted",
        ),
        (
            "by another of the name",
            vec![root_list(), list(&impostor, 9, &[])],
            policy,
            "bad-signature",
        ),
        (
            "by another of the name, unknown accepted",
            vec![root_list(), list(&impostor, 9, &[])],
            policy.dangerous_accept_unknown(true),
            "bad-signature",
        ),
        (
            "by another of the name, beside a good one",
            vec![root_list(), list(&impostor, 9, &[serial]), good()],
            policy,
            "accepted",
        ),
    ];
    for (name, lists, policy, expected) in rows {
        assert_eq!(judge(lists, policy), expected, "{name}");
    }
    // A CA's own certificate on its issuer's list.
    let params = {
        let mut params = ca_params("other");
        params.serial_number = Some(SerialNumber::from(99));
        params
    };
    let other = Ca::signed_by(params, KeyPair::generate().unwrap(), &pki.root).unwrap();
    let device = Device::new(device_params("dev1"), &other, &[&other]);
    let lists = [
        list(&pki.root, 1, &[&SerialNumber::from(99)]),
        list(&other, 1, &[]),
    ];
    let verifier =
        PathVerifier::new(pki.authorities()).with_revocation(RevocationLists::new(lists, policy));
    assert_eq!(
        code(&verifier.verify(&device.der, &[other.der()], now())),
        "revoked"
    );
}

// BC-045: rustls-webpki RUSTSEC-2026-0049, a certificate with several distribution points
#[test]
fn lists_of_one_distribution_point() {
    let root = root("root");
    let authority = Authority::new(root.der(), &Profile::strict()).unwrap();
    let point = |uris: &[&str]| CrlDistributionPoint {
        uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
    };
    let urls = [
        "http://a.example/1",
        "http://a.example/2",
        "http://a.example/3",
    ];
    for points in 0..=3_usize {
        for matching in 0..=3_usize {
            let mut params = device_params("dev1");
            params.crl_distribution_points =
                urls[..points].iter().map(|url| point(&[url])).collect();
            let device = Device::new(params, &root, &[]);
            let mut list = list_params(1, &[&device.serial]);
            let url = urls.get(matching).copied().unwrap_or("http://a.example/9");
            list.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
                distribution_point: point(&[url]),
                scope: None,
            });
            let crl = list.signed_by(&root).unwrap();
            let list = RevocationList::new(crl.der(), &Profile::strict()).unwrap();
            for unknown in [false, true] {
                let policy = RevocationPolicy::default().dangerous_accept_unknown(unknown);
                let lists = RevocationLists::new([list.clone()], policy);
                let verifier =
                    PathVerifier::new(Authorities::new([authority.clone()])).with_revocation(lists);
                let result = verifier.verify(&device.der, &[], now());
                let expected = match (matching < points, unknown) {
                    (true, _) => "revoked",
                    (false, true) => "accepted",
                    (false, false) => "revocation-unknown",
                };
                assert_eq!(
                    code(&result),
                    expected,
                    "{points} points, list of {matching}"
                );
            }
        }
    }
    // A list of CAs only says nothing of devices.
    let device = Device::new(device_params("dev1"), &root, &[]);
    let mut list = list_params(1, &[&device.serial]);
    list.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
        distribution_point: point(&urls),
        scope: Some(CrlScope::CaCertsOnly),
    });
    let crl = list.signed_by(&root).unwrap();
    let list = RevocationList::new(crl.der(), &Profile::strict()).unwrap();
    let lists = RevocationLists::new([list], RevocationPolicy::default());
    let verifier = PathVerifier::new(Authorities::new([authority])).with_revocation(lists);
    assert_eq!(
        code(&verifier.verify(&device.der, &[], now())),
        "revocation-unknown"
    );
}

// BC-044: rustls-webpki RUSTSEC-2026-0104, an empty bit string in onlySomeReasons, before the signature
#[test]
fn lists_that_cannot_be_judged_are_not_loaded() {
    let root = root("root");
    let mut params = list_params(1, &[]);
    params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
        distribution_point: CrlDistributionPoint {
            uris: vec!["http://a.example/".into()],
        },
        scope: Some(CrlScope::UserCertsOnly),
    });
    let crl = params.signed_by(&root).unwrap();
    let der = crl.der().to_vec();
    let profile = Profile::strict();
    assert!(RevocationList::new(&der, &profile).is_ok());
    // `[1] BOOLEAN` becomes `[3] BIT STRING` of some reasons, `[4]` indirect, `[5]` attributes.
    let flag = der
        .windows(3)
        .position(|window| window == [0x81, 0x01, 0xFF])
        .unwrap();
    for tag in [0x83, 0x84, 0x85] {
        let mut changed = der.clone();
        changed[flag] = tag;
        let result = RevocationList::new(&changed, &profile);
        assert_eq!(code(&result), "critical-extension", "{tag:02x}");
    }
    let mut changed = der.clone();
    changed[flag..flag + 3].copy_from_slice(&[0x83, 0x01, 0x00]);
    assert_eq!(
        code(&RevocationList::new(&changed, &profile)),
        "critical-extension"
    );
    for length in 0..der.len() {
        assert!(
            RevocationList::new(&der[..length], &profile).is_err(),
            "{length} bytes"
        );
    }
}
