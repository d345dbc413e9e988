//! Every class of certificate, chain and CA that must be refused or accepted, made by rcgen: one row a class, judged strictly unless it
//! says otherwise. Names and constraints on them are in `constraints.rs`.
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
    BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType, SerialNumber, date_time_ymd,
};
use support::chain::{Row, judge_all};
use support::*;
use tls_auth::{Authorities, Authority, Certificate, PathVerifier, Profile};

fn unknown_critical() -> CustomExtension {
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    extension.set_criticality(true);
    extension
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

#[test]
fn chains_and_certificates() {
    let rows: &[Row] = &[
        ("good", "accepted", |_| ()),
        ("no key usage", "accepted", |chain| {
            chain.leaf.key_usages.clear()
        }),
        ("no extended key usage", "accepted", |chain| {
            chain.leaf.extended_key_usages.clear()
        }),
        ("no key identifiers", "accepted", |chain| {
            chain.leaf.use_authority_key_identifier_extension = false;
            chain.intermediate.use_authority_key_identifier_extension = false;
        }),
        ("no key identifiers, pedantic", "profile", |chain| {
            chain.leaf.use_authority_key_identifier_extension = false;
            chain.profile = Profile::pedantic();
        }),
        ("until the year 9999", "accepted", |chain| {
            chain.leaf.not_after = date_time_ymd(9999, 12, 31)
        }),
        ("expired leaf", "expired", |chain| {
            chain.leaf.not_after = date_time_ymd(2020, 1, 1)
        }),
        ("leaf of the future", "not-yet-valid", |chain| {
            chain.leaf.not_before = date_time_ymd(2090, 1, 1)
        }),
        ("expired intermediate", "expired", |chain| {
            chain.intermediate.not_after = date_time_ymd(2020, 1, 1)
        }),
        ("intermediate of the future", "not-yet-valid", |chain| {
            chain.intermediate.not_before = date_time_ymd(2090, 1, 1);
        }),
        ("expired root", "expired", |chain| {
            chain.root.not_after = date_time_ymd(2020, 1, 1)
        }),
        ("root of the future", "not-yet-valid", |chain| {
            chain.root.not_before = date_time_ymd(2090, 1, 1)
        }),
        ("leaf for servers", "extended-key-usage", |chain| {
            chain.leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
        ("leaf for servers and clients", "accepted", |chain| {
            chain
                .leaf
                .extended_key_usages
                .push(ExtendedKeyUsagePurpose::ServerAuth);
        }),
        ("leaf for code", "extended-key-usage", |chain| {
            chain.leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
        }),
        ("leaf for anything", "extended-key-usage", |chain| {
            chain.leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
        }),
        ("intermediate for servers", "extended-key-usage", |chain| {
            chain.intermediate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
        ("leaf without digitalSignature", "key-usage", |chain| {
            chain.leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
        }),
        ("leaf with keyCertSign", "key-usage", |chain| {
            chain.leaf.key_usages.push(KeyUsagePurpose::KeyCertSign);
        }),
        ("leaf with keyCertSign, lenient", "key-usage", |chain| {
            chain.leaf.key_usages.push(KeyUsagePurpose::KeyCertSign);
            chain.profile = Profile::lenient();
        }),
        ("leaf of a CA", "ca-certificate", |chain| {
            chain.leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }),
        ("intermediate without keyCertSign", "key-usage", |chain| {
            chain.intermediate.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        }),
        ("intermediate without key usage", "accepted", |chain| {
            chain.intermediate.key_usages.clear()
        }),
        ("intermediate that is no CA", "not-a-ca", |chain| {
            chain.intermediate.is_ca = IsCa::ExplicitNoCa
        }),
        ("intermediate that does not say", "not-a-ca", |chain| {
            chain.intermediate.is_ca = IsCa::NoCa
        }),
        ("root without keyCertSign", "key-usage", |chain| {
            chain.root.key_usages = vec![KeyUsagePurpose::CrlSign];
        }),
        ("root that is no CA", "not-a-ca", |chain| {
            chain.root.is_ca = IsCa::ExplicitNoCa
        }),
        ("root of length 0", "path-length", |chain| {
            chain.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        }),
        ("root of length 1", "accepted", |chain| {
            chain.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        }),
        ("no intermediate allowed", "path-length", |chain| {
            chain.limits = chain.limits.with_depth(0)
        }),
        (
            "unknown critical extension, leaf",
            "critical-extension",
            |chain| {
                chain.leaf.custom_extensions.push(unknown_critical());
            },
        ),
        (
            "unknown critical extension, intermediate",
            "critical-extension",
            |chain| {
                chain
                    .intermediate
                    .custom_extensions
                    .push(unknown_critical());
            },
        ),
        (
            "unknown critical extension, root",
            "critical-extension",
            |chain| {
                chain.root.custom_extensions.push(unknown_critical());
            },
        ),
        (
            "critical certificate policies, intermediate",
            "accepted",
            |chain| {
                chain
                    .intermediate
                    .custom_extensions
                    .push(critical_policies());
            },
        ),
        ("critical certificate policies, leaf", "accepted", |chain| {
            chain.leaf.custom_extensions.push(critical_policies());
        }),
        // Past webpki everything is asked again.
        (
            "past webpki, intermediate that is no CA",
            "not-a-ca",
            |chain| {
                chain.leaf.custom_extensions.push(critical_policies());
                chain.intermediate.is_ca = IsCa::NoCa;
            },
        ),
        ("past webpki, no keyCertSign", "key-usage", |chain| {
            chain.leaf.custom_extensions.push(critical_policies());
            chain.intermediate.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        }),
        ("past webpki, expired intermediate", "expired", |chain| {
            chain.leaf.custom_extensions.push(critical_policies());
            chain.intermediate.not_after = date_time_ymd(2020, 1, 1);
        }),
        ("past webpki, expired root", "expired", |chain| {
            chain.leaf.custom_extensions.push(critical_policies());
            chain.root.not_after = date_time_ymd(2020, 1, 1);
        }),
        ("past webpki, root of length 0", "path-length", |chain| {
            chain.leaf.custom_extensions.push(critical_policies());
            chain.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        }),
        (
            "past webpki, intermediate for servers",
            "extended-key-usage",
            |chain| {
                chain.leaf.custom_extensions.push(critical_policies());
                chain.intermediate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            },
        ),
        (
            "past webpki, leaf for servers",
            "extended-key-usage",
            |chain| {
                chain.leaf.custom_extensions.push(critical_policies());
                chain.leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            },
        ),
        (
            "past webpki, unknown critical extension of the intermediate",
            "critical-extension",
            |chain| {
                chain.leaf.custom_extensions.push(critical_policies());
                chain
                    .intermediate
                    .custom_extensions
                    .push(unknown_critical());
            },
        ),
        ("root for servers", "extended-key-usage", |chain| {
            chain.root.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        }),
        ("root for servers and clients", "accepted", |chain| {
            chain.root.extended_key_usages = vec![
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::ClientAuth,
            ];
        }),
        ("an extension twice", "malformed", |chain| {
            for _ in 0..2 {
                let extension =
                    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 2], vec![5, 0]);
                chain.leaf.custom_extensions.push(extension);
            }
        }),
        ("serial number 0", "serial-number", |chain| {
            chain.leaf.serial_number = Some(SerialNumber::from(vec![0]))
        }),
        ("serial number of 21 octets", "serial-number", |chain| {
            chain.leaf.serial_number = Some(SerialNumber::from(vec![1; 21]));
        }),
        ("serial number of 21 octets, lenient", "accepted", |chain| {
            chain.leaf.serial_number = Some(SerialNumber::from(vec![1; 21]));
            chain.profile = Profile::lenient();
        }),
        ("serial number of 20 octets", "accepted", |chain| {
            chain.leaf.serial_number = Some(SerialNumber::from(vec![1; 20]));
        }),
        ("no subject and no alternative name", "profile", |chain| {
            chain.leaf.distinguished_name = rcgen::DistinguishedName::new();
        }),
        ("too many names", "too-many-names", |chain| {
            chain.leaf.subject_alt_names = (0..65)
                .map(|index| dns(&format!("h{index}.example")))
                .collect();
        }),
    ];
    judge_all(rows);
}

#[test]
fn keys_of_every_algorithm_that_ring_has() {
    let root = root("root");
    let verifier = |authority: Authority| PathVerifier::new(Authorities::new([authority]));
    for algorithm in [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let leaf = device_params("dev1").signed_by(&key, &root).unwrap();
        let authority = Authority::new(root.der(), &Profile::strict()).unwrap();
        verifier(authority).verify(leaf.der(), &[], now()).unwrap();

        let ca = Ca::self_signed(
            ca_params("other"),
            KeyPair::generate_for(algorithm).unwrap(),
        )
        .unwrap();
        let leaf = device_params("dev1")
            .signed_by(&KeyPair::generate().unwrap(), &ca)
            .unwrap();
        let authority = Authority::new(ca.der(), &Profile::strict()).unwrap();
        verifier(authority).verify(leaf.der(), &[], now()).unwrap();
    }
}

#[test]
fn several_cas_of_one_name_and_an_intermediate_as_anchor() {
    let (one, two) = (root("root"), root("root"));
    let profile = Profile::strict();
    let authority = |ca: &Ca| Authority::new(ca.der(), &profile).unwrap();
    let verifier = PathVerifier::new(Authorities::new([authority(&one), authority(&two)]));
    for ca in [&one, &two] {
        let leaf = device_params("dev1")
            .signed_by(&KeyPair::generate().unwrap(), ca)
            .unwrap();
        let chain = verifier.verify(leaf.der(), &[], now()).unwrap();
        assert_eq!(chain.authority(), authority(ca).id());
    }
    let pki = Pki::new();
    let intermediate = authority(&pki.intermediate);
    let verifier = PathVerifier::new(Authorities::new([intermediate.clone()]));
    let chain = verifier.verify(&pki.device.der, &[], now()).unwrap();
    assert_eq!(chain.authority(), intermediate.id());
    // A CA that was renewed: one name, one key, and the old certificate has expired.
    let key = KeyPair::generate().unwrap();
    let mut params = ca_params("renewed");
    params.not_after = date_time_ymd(2020, 1, 1);
    let old = params.self_signed(&key).unwrap();
    let new = Ca::self_signed(ca_params("renewed"), key).unwrap();
    let old = Authority::new(old.der(), &profile).unwrap();
    let leaf = device_params("dev1")
        .signed_by(&KeyPair::generate().unwrap(), &new)
        .unwrap();
    for order in [[old.clone(), authority(&new)], [authority(&new), old]] {
        let verifier = PathVerifier::new(Authorities::new(order));
        assert_eq!(
            verifier.verify(leaf.der(), &[], now()).unwrap().authority(),
            authority(&new).id()
        );
    }
}

/// A certificate of an old version can say nothing of what it is for. As an intermediate webpki refuses it; a critical policy in the leaf
/// leads past webpki, where it must not be a CA either: anybody with such a certificate could issue others.
#[test]
fn a_certificate_of_an_old_version_issues_nothing() {
    let root = root("root");
    let authority = Authority::new(root.der(), &Profile::strict()).unwrap();
    let verifier = PathVerifier::new(Authorities::new([authority]));
    let old = KeyPair::generate().unwrap();
    let of_version_3 = device_params("old").signed_by(&old, &root).unwrap();
    let old = Issuer::new(device_params("old"), old);
    for profile in [Profile::strict(), Profile::lenient()] {
        let verifier = verifier.clone().with_profile(profile);
        for past_webpki in [false, true] {
            let mut params = device_params("forged");
            if past_webpki {
                params.custom_extensions.push(critical_policies());
            }
            let forged = params
                .signed_by(&KeyPair::generate().unwrap(), &old)
                .unwrap();
            for version in [1, 2] {
                let old = der::of_version(version, of_version_3.der(), &root);
                assert_eq!(Certificate::parse(&old).unwrap().version(), version);
                let result = verifier.verify(forged.der(), &[&old], now());
                assert_eq!(
                    code(&result),
                    if past_webpki { "not-a-ca" } else { "version" },
                    "version {version}"
                );
            }
            let result = verifier.verify(forged.der(), &[of_version_3.der()], now());
            assert_eq!(code(&result), "not-a-ca");
        }
    }
}

/// A CA that issued itself a new key is not counted in the length of a path, and only such a one is not.
#[test]
fn a_ca_that_issued_itself_a_new_key() {
    let mut params = ca_params("plant");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let root = Ca::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let authority = Authority::new(root.der(), &Profile::strict()).unwrap();
    let verifier = PathVerifier::new(Authorities::new([authority]));
    for (name, expected) in [("plant", "accepted"), ("plant 2", "path-length")] {
        let rollover = intermediate(name, &root);
        let leaf = device_params("dev1")
            .signed_by(&KeyPair::generate().unwrap(), &rollover)
            .unwrap();
        let result = verifier.verify(leaf.der(), &[rollover.der()], now());
        assert_eq!(code(&result), expected, "{name}");
    }
}

#[test]
fn a_refusal_says_which_issuer_was_found_and_which_is_registered() {
    let (pki, other) = (Pki::new(), root("other"));
    let profile = Profile::strict();
    let authority = |ca: &Ca| Authority::new(ca.der(), &profile).unwrap();
    let say = |authorities: Vec<Authority>, others: &[&[u8]]| {
        let verifier = PathVerifier::new(Authorities::new(authorities));
        let refusal = verifier.verify(&pki.device.der, others, now());
        let text = refusal.unwrap_err().to_string();
        text.split_once("registered CA: ").unwrap().1.to_owned()
    };
    assert_eq!(
        say(vec![authority(&other)], &[&pki.device.others[0]]),
        "found the issuer `O=Acme, CN=root`, expected `O=Acme, CN=other`"
    );
    assert_eq!(
        say(vec![authority(&other), authority(&root("x"))], &[]),
        "found the issuer `O=Acme, CN=intermediate`, expected `O=Acme, CN=other` or one other"
    );
    assert_eq!(
        say(vec![], &[]),
        "found the issuer `O=Acme, CN=intermediate`, and no CA is trusted"
    );
}
