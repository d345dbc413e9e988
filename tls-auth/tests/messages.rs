//! What a Certificate message may hold beside the device's own certificate, and what a stranger's comes to.
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

use rcgen::{GeneralSubtree, KeyPair, NameConstraints};
use support::*;
use tls_auth::{Authorities, Authority, Limits, PathVerifier, Profile};

#[test]
fn what_is_sent_along() {
    let pki = Pki::new();
    let verifier = PathVerifier::new(pki.authorities());
    let (leaf, intermediate) = (&pki.device.der[..], &pki.device.others[0][..]);
    let junk = root("junk");
    let judge = |others: &[&[u8]]| code(&verifier.verify(leaf, others, now()).map(|_| ()));
    assert_eq!(judge(&[intermediate]), "accepted");
    assert_eq!(
        judge(&[junk.der(), intermediate]),
        "accepted",
        "out of order, and junk"
    );
    assert_eq!(
        judge(&[intermediate, pki.root.der()]),
        "accepted",
        "the root"
    );
    assert_eq!(
        judge(&[b"no certificate", intermediate]),
        "accepted",
        "not even a certificate"
    );
    assert_eq!(judge(&[]), "unknown-issuer");
    assert_eq!(judge(&[junk.der()]), "unknown-issuer");
    assert_eq!(
        judge(&[intermediate, intermediate]),
        "duplicate-certificate"
    );
    assert_eq!(judge(&[leaf, intermediate]), "duplicate-certificate");
    let others: Vec<Ca> = (0..8)
        .map(|number| root(&format!("junk {number}")))
        .collect();
    let others: Vec<&[u8]> = others.iter().map(|ca| ca.der().as_ref()).collect();
    assert_eq!(judge(&others), "too-many-certificates");
    let same: Vec<Ca> = (0..3).map(|_| root("same")).collect();
    let same: Vec<&[u8]> = same.iter().map(|ca| ca.der().as_ref()).collect();
    assert_eq!(judge(&same), "too-many-of-one-name");
    let (a, b) = (root("a"), root("b"));
    let crossed = [intermediate_params("a", &b), intermediate_params("b", &a)];
    assert_eq!(
        judge(&[intermediate, &crossed[0], &crossed[1]]),
        "issuer-loop"
    );
    let long = [leaf, &[0]].concat();
    assert_eq!(
        code(&verifier.verify(&long, &[intermediate], now())),
        "malformed"
    );
    let small = verifier
        .clone()
        .with_limits(Limits::default().with_bytes(500));
    assert_eq!(
        code(&small.verify(leaf, &[intermediate], now())),
        "too-many-bytes"
    );
}

fn intermediate_params(common_name: &str, by: &Ca) -> Vec<u8> {
    intermediate(common_name, by).der().to_vec()
}

// BC-043: rustls-webpki RUSTSEC-2023-0053, a chain with many intermediates of one name
#[test]
fn many_intermediates_of_one_name_end_soon() {
    let trusted = root("root");
    let authority = Authority::new(trusted.der(), &Profile::strict()).unwrap();
    let impostor = root("root");
    let leaf_by = root("int");
    let leaf = device_params("dev1")
        .signed_by(&KeyPair::generate().unwrap(), &leaf_by)
        .unwrap();
    let all: Vec<Vec<u8>> = (0..64)
        .map(|_| intermediate_params("int", &impostor))
        .collect();
    for count in [2, 8, 63] {
        let others: Vec<&[u8]> = all[..count].iter().map(Vec::as_slice).collect();
        // The budget of signatures holds, whatever else is allowed.
        let limits = Limits::default()
            .with_certificates(64)
            .with_bytes(1 << 20)
            .with_same_name(64)
            .with_signatures(10);
        let verifier = PathVerifier::new(Authorities::new([authority.clone()])).with_limits(limits);
        let result = verifier.verify(leaf.der(), &others, now());
        let expected = if count < 10 {
            "bad-signature"
        } else {
            "work-limit"
        };
        assert_eq!(code(&result), expected, "{count}");
    }
}

/// Constraints and names of a stranger's own making could be long: nothing of them is compared before a signature of the CA leads there.
#[test]
fn constraints_of_a_stranger_are_not_compared() {
    let (trusted, impostor) = (root("root"), root("root"));
    let authority = Authority::new(trusted.der(), &Profile::strict()).unwrap();
    let limits = Limits::default().with_comparisons(0);
    let verifier = PathVerifier::new(Authorities::new([authority])).with_limits(limits);
    for (ca, expected) in [(&impostor, "bad-signature"), (&trusted, "work-limit")] {
        let mut params = ca_params("int");
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DirectoryName(name("dev1"))],
            excluded_subtrees: vec![],
        });
        let int = Ca::signed_by(params, KeyPair::generate().unwrap(), ca).unwrap();
        let mut params = device_params("dev1");
        params.custom_extensions.push(critical_policies());
        let leaf = params
            .signed_by(&KeyPair::generate().unwrap(), &int)
            .unwrap();
        let result = verifier.verify(leaf.der(), &[int.der()], now());
        assert_eq!(code(&result), expected);
    }
}
