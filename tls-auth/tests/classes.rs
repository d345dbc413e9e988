//! Every class of certificate, chain and revocation list that must be refused or accepted, made by rcgen: one row a class, judged strictly
//! unless it says otherwise.
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

use rcgen::{
    BasicConstraints, CertificateParams, CrlDistributionPoint, CrlIssuingDistributionPoint,
    CrlScope, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair,
    KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType, SerialNumber,
    date_time_ymd,
};
use support::*;
use tls_auth::{
    Authorities, Authority, Certificate, Limits, PathVerifier, PrincipalRule, Profile, Refusal,
    RevocationList, RevocationLists, RevocationPolicy,
};

/// A chain that is good but for what a row changes.
struct Chain {
    root: CertificateParams,
    intermediate: CertificateParams,
    leaf: CertificateParams,
    profile: Profile,
    limits: Limits,
    by_common_name: bool,
}

impl Chain {
    fn good() -> Self {
        Self {
            root: ca_params("root"),
            intermediate: ca_params("intermediate"),
            leaf: device_params("dev1"),
            profile: Profile::strict(),
            limits: Limits::default(),
            by_common_name: false,
        }
    }

    fn judge(self) -> Result<(), Refusal> {
        let root = Ca::self_signed(self.root, KeyPair::generate().unwrap()).unwrap();
        let intermediate =
            Ca::signed_by(self.intermediate, KeyPair::generate().unwrap(), &root).unwrap();
        let leaf = self
            .leaf
            .signed_by(&KeyPair::generate().unwrap(), &intermediate)
            .unwrap();
        let authority = Authority::new(root.der(), &self.profile)?;
        let mut verifier = PathVerifier::new(Authorities::new([authority]))
            .with_profile(self.profile)
            .with_limits(self.limits);
        if self.by_common_name {
            verifier = verifier.known_by_common_name();
        }
        verifier.verify(leaf.der(), &[intermediate.der()], now())?;
        if self.by_common_name {
            let rule = PrincipalRule::common_name().for_mqtt();
            rule.principal(&Certificate::parse(leaf.der())?)?;
        }
        Ok(())
    }
}

fn unknown_critical() -> CustomExtension {
    let mut extension =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    extension.set_criticality(true);
    extension
}

/// Name constraints as they stand, for forms that rcgen does not write.
fn constraints(der: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 30], der.to_vec());
    extension.set_criticality(true);
    extension
}

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
fn chains_and_certificates() {
    type Change = fn(&mut Chain);
    let rows: &[(&str, &str, Change)] = &[
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
                let any = vec![0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1D, 0x20, 0];
                let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 32], any);
                extension.set_criticality(true);
                chain.intermediate.custom_extensions.push(extension);
            },
        ),
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
        // Name constraints of every form
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
            let der = [
                &[0x30, 18, 0xA0, 16, 0x30, 14, 0x86, 12][..],
                b"acme.example",
            ]
            .concat();
            chain.intermediate.custom_extensions.push(constraints(&der));
            chain.leaf.subject_alt_names = vec![uri("spiffe://acme.example/dev/1")];
        }),
        ("URI not permitted", "name-constraint", |chain| {
            let der = [
                &[0x30, 18, 0xA0, 16, 0x30, 14, 0x86, 12][..],
                b"acme.example",
            ]
            .concat();
            chain.intermediate.custom_extensions.push(constraints(&der));
            chain.leaf.subject_alt_names = vec![uri("spiffe://evil.example/dev/1")];
        }),
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
    ];
    let mut wrong = Vec::new();
    for (name, expected, change) in rows {
        let mut chain = Chain::good();
        change(&mut chain);
        let result = chain.judge();
        if code(&result) != *expected {
            wrong.push(format!(
                "{name}: expected {expected}, got {} ({:?})",
                code(&result),
                result.err()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
