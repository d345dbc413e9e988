//! What a CA may name, and by which names a device may be known: rows of chains made by rcgen, judged strictly.
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
    CertificateParams, CidrSubnet, CustomExtension, DnType, GeneralSubtree, KeyPair,
    NameConstraints, SanType,
};
use support::chain::{Row, judge_all};
use support::*;
use tls_auth::{Authorities, Authority, Certificate, PathVerifier, PrincipalRule, Profile};

/// Name constraints as they stand, for forms that rcgen does not write.
fn constraints(der: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 30], der.to_vec());
    extension.set_criticality(true);
    extension
}

/// URIs at `acme.example` are permitted.
const URI_OF_ACME: [&[u8]; 2] = [&[0x30, 18, 0xA0, 16, 0x30, 14, 0x86, 12], b"acme.example"];

fn permit(params: &mut CertificateParams, subtrees: Vec<GeneralSubtree>) {
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: subtrees,
        excluded_subtrees: vec![],
    });
}

fn exclude(params: &mut CertificateParams, subtrees: Vec<GeneralSubtree>) {
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![],
        excluded_subtrees: subtrees,
    });
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn mail(name: &str) -> SanType {
    SanType::Rfc822Name(name.try_into().unwrap())
}

fn uri(name: &str) -> SanType {
    SanType::URI(name.try_into().unwrap())
}

#[test]
fn constraints_and_names() {
    let rows: &[Row] = &[
        ("DNS permitted", "accepted", |chain| {
            permit(
                &mut chain.intermediate,
                vec![GeneralSubtree::DnsName("example".into())],
            );
            chain.leaf.subject_alt_names = vec![dns("dev.example")];
        }),
        ("DNS not permitted", "name-constraint", |chain| {
            permit(
                &mut chain.intermediate,
                vec![GeneralSubtree::DnsName("example".into())],
            );
            chain.leaf.subject_alt_names = vec![dns("dev.example"), dns("dev.other")];
        }),
        ("DNS excluded", "name-constraint", |chain| {
            exclude(
                &mut chain.intermediate,
                vec![GeneralSubtree::DnsName("example".into())],
            );
            chain.leaf.subject_alt_names = vec![dns("dev.example")];
        }),
        (
            "DNS excluded below a wildcard",
            "name-constraint",
            |chain| {
                exclude(
                    &mut chain.intermediate,
                    vec![GeneralSubtree::DnsName("a.b.example".into())],
                );
                chain.leaf.subject_alt_names = vec![dns("*.b.example")];
            },
        ),
        // webpki cannot read these names; past it they are judged here.
        (
            "DNS excluded, under a wildcard that ends with a period",
            "name-constraint",
            |chain| {
                chain.leaf.custom_extensions.push(critical_policies());
                exclude(
                    &mut chain.intermediate,
                    vec![GeneralSubtree::DnsName("b.example".into())],
                );
                chain.leaf.subject_alt_names = vec![dns("*.b.example.")];
            },
        ),
        (
            "DNS excluded, and a name that is none",
            "name-constraint",
            |chain| {
                chain.leaf.custom_extensions.push(critical_policies());
                exclude(
                    &mut chain.intermediate,
                    vec![GeneralSubtree::DnsName("b.example".into())],
                );
                chain.leaf.subject_alt_names = vec![dns("*.a b.example")];
            },
        ),
        ("DNS constraint of the root", "name-constraint", |chain| {
            permit(
                &mut chain.root,
                vec![GeneralSubtree::DnsName("example".into())],
            );
            chain.leaf.subject_alt_names = vec![dns("dev.other")];
        }),
        (
            "DNS not permitted, in the common name",
            "name-constraint",
            |chain| {
                permit(
                    &mut chain.intermediate,
                    vec![GeneralSubtree::DnsName("example".into())],
                );
                chain.leaf.distinguished_name = name("evil.other");
                chain.by_common_name = true;
            },
        ),
        (
            "DNS not permitted, in the common name, in letters that DNS has not",
            "name-constraint",
            |chain| {
                permit(
                    &mut chain.intermediate,
                    vec![GeneralSubtree::DnsName("example".into())],
                );
                chain.leaf.distinguished_name = name("b\u{fc}cher.other");
                chain.by_common_name = true;
            },
        ),
        (
            "URI not permitted, in the common name",
            "name-constraint",
            |chain| {
                chain
                    .intermediate
                    .custom_extensions
                    .push(constraints(&URI_OF_ACME.concat()));
                chain.leaf.distinguished_name = name("spiffe://evil.example/dev/1");
                chain.by_common_name = true;
            },
        ),
        (
            "DNS not permitted, in a common name that is nobody's",
            "accepted",
            |chain| {
                permit(
                    &mut chain.intermediate,
                    vec![GeneralSubtree::DnsName("example".into())],
                );
                chain.leaf.distinguished_name = name("evil.other");
            },
        ),
        (
            "DNS permitted, and a common name that is no host's",
            "accepted",
            |chain| {
                permit(
                    &mut chain.intermediate,
                    vec![GeneralSubtree::DnsName("example".into())],
                );
                chain.leaf.subject_alt_names = vec![dns("dev.example")];
                chain.by_common_name = true;
            },
        ),
        ("mail permitted", "accepted", |chain| {
            permit(
                &mut chain.intermediate,
                vec![GeneralSubtree::Rfc822Name("acme.example".into())],
            );
            chain.leaf.subject_alt_names = vec![mail("a@acme.example")];
        }),
        ("mail not permitted", "name-constraint", |chain| {
            permit(
                &mut chain.intermediate,
                vec![GeneralSubtree::Rfc822Name("acme.example".into())],
            );
            chain.leaf.subject_alt_names = vec![mail("a@evil.example")];
        }),
        ("directory permitted", "accepted", |chain| {
            let mut prefix = rcgen::DistinguishedName::new();
            prefix.push(DnType::OrganizationName, "Acme");
            permit(
                &mut chain.intermediate,
                vec![GeneralSubtree::DirectoryName(prefix)],
            );
        }),
        ("directory not permitted", "name-constraint", |chain| {
            let mut prefix = rcgen::DistinguishedName::new();
            prefix.push(DnType::OrganizationName, "Other");
            permit(
                &mut chain.intermediate,
                vec![GeneralSubtree::DirectoryName(prefix)],
            );
        }),
        ("URI permitted", "accepted", |chain| {
            chain
                .intermediate
                .custom_extensions
                .push(constraints(&URI_OF_ACME.concat()));
            chain.leaf.subject_alt_names = vec![uri("spiffe://acme.example/dev/1")];
        }),
        ("URI not permitted", "name-constraint", |chain| {
            chain
                .intermediate
                .custom_extensions
                .push(constraints(&URI_OF_ACME.concat()));
            chain.leaf.subject_alt_names = vec![uri("spiffe://evil.example/dev/1")];
        }),
        (
            "URI that readers take apart differently",
            "name-constraint",
            |chain| {
                chain
                    .intermediate
                    .custom_extensions
                    .push(constraints(&URI_OF_ACME.concat()));
                chain.leaf.subject_alt_names = vec![uri("https://evil.example\\@acme.example/")];
            },
        ),
        ("constraints of nothing", "malformed", |chain| {
            chain
                .intermediate
                .custom_extensions
                .push(constraints(&[0x30, 0]));
        }),
        // The name it is known by
        ("common name with a wildcard", "principal", |chain| {
            chain.leaf.distinguished_name = name("sensors/#");
            chain.by_common_name = true;
        }),
        // BC-053: mosquitto 2.0.16, a common name with U+0000 used as a user name
        ("common name with U+0000", "principal", |chain| {
            chain.leaf.distinguished_name = name("dev1\0admin");
            chain.by_common_name = true;
        }),
        ("common name of two scripts", "principal", |chain| {
            chain.leaf.distinguished_name = name("dev\u{456}ce");
            chain.by_common_name = true;
        }),
        (
            "common name of two scripts, a word each",
            "principal",
            |chain| {
                chain.leaf.distinguished_name = name("dev-\u{430}");
                chain.by_common_name = true;
            },
        ),
        ("common name with a space behind", "principal", |chain| {
            chain.leaf.distinguished_name = name("dev1 ");
            chain.by_common_name = true;
        }),
    ];
    judge_all(rows);
}

#[test]
fn several_common_names_are_nobodys() {
    // rcgen keeps one of a kind; by its number a second one gets in.
    let mut params = device_params("one");
    params
        .distinguished_name
        .push(DnType::CustomDnType(vec![2, 5, 4, 3]), "two");
    let device = Device::self_signed(params);
    let certificate = Certificate::parse(&device.der).unwrap();
    let names = certificate
        .subject()
        .values(tls_auth::AttributeType::CommonName)
        .count();
    assert_eq!(names, 2);
    let result = PrincipalRule::common_name().principal(&certificate);
    assert_eq!(code(&result), "principal");
}

// BC-046: rustls-webpki RUSTSEC-2026-0098, constraints on URIs that were ignored; each kind of name, permitted and excluded
// BC-047: rustls-webpki RUSTSEC-2026-0099, wildcards under constraints
#[test]
fn constraints_by_kind() {
    let net = |text: &str| GeneralSubtree::IpAddress(text.parse::<CidrSubnet>().unwrap());
    let host = |text: &str| GeneralSubtree::DnsName(text.to_owned());
    let mail = |text: &str| GeneralSubtree::Rfc822Name(text.to_owned());
    let address = |text: &str| SanType::IpAddress(text.parse().unwrap());
    let mailbox = |text: &str| SanType::Rfc822Name(text.try_into().unwrap());
    // The subtree, a name, whether it is in it, and whether it could be.
    let rows = [
        (host("a.example"), dns("a.example"), true, true),
        (host("a.example"), dns("b.a.example"), true, true),
        (host("a.example"), dns("*.a.example"), true, true),
        (host("a.example"), dns("ba.example"), false, false),
        (host("b.a.example"), dns("*.a.example"), false, true),
        (host("c.b.a.example"), dns("*.a.example"), false, true),
        (host("a.example"), dns("*.b.example"), false, false),
        (net("192.0.2.0/24"), address("192.0.2.1"), true, true),
        (net("192.0.2.0/24"), address("192.0.3.1"), false, false),
        (mail("a.example"), mailbox("x@a.example"), true, true),
        (mail("a.example"), mailbox("x@b.a.example"), false, false),
        (mail(".a.example"), mailbox("x@b.a.example"), true, true),
        (mail("x@a.example"), mailbox("x@a.example"), true, true),
        (mail("x@a.example"), mailbox("y@a.example"), false, false),
    ];
    for (subtree, san, inside, overlaps) in rows {
        for excluded in [false, true] {
            let mut params = ca_params("constrained");
            let (mut permitted_subtrees, mut excluded_subtrees) = (vec![], vec![]);
            if excluded {
                excluded_subtrees.push(subtree.clone());
            } else {
                permitted_subtrees.push(subtree.clone());
            }
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees,
                excluded_subtrees,
            });
            let root = root("root");
            // By an intermediate and by an anchor.
            let ca = Ca::signed_by(params, KeyPair::generate().unwrap(), &root).unwrap();
            let mut params = device_params("dev1");
            params.subject_alt_names = vec![san.clone()];
            let device = Device::new(params, &ca, &[&ca]);
            for anchor in [&root, &ca] {
                let authority = Authority::new(anchor.der(), &Profile::strict()).unwrap();
                let verifier = PathVerifier::new(Authorities::new([authority]));
                let others: &[&[u8]] = if anchor.der() == ca.der() {
                    &[]
                } else {
                    &[ca.der()]
                };
                let result = verifier.verify(&device.der, others, now());
                let accepted = if excluded { !overlaps } else { inside };
                let expected = if accepted {
                    "accepted"
                } else {
                    "name-constraint"
                };
                assert_eq!(
                    code(&result),
                    expected,
                    "{subtree:?} {san:?} excluded: {excluded}"
                );
            }
        }
    }
}
