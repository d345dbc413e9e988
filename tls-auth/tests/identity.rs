//! Names out of certificates: as x509-cert reads them, and by the service's policy variables and limits. CAs and lists out of files.
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

use rcgen::{DnType, SanType};
use support::*;
use tls_auth::{
    Authorities, Authority, Certificate, FileError, GeneralName, PrincipalRule, Profile,
    PublicKeyHash, RevocationLists, RevocationPolicy, Variable, variable_names,
};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName as Theirs;

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

/// A certificate with a little of everything.
fn rich() -> Device {
    let mut params = device_params("sensor-17");
    for (kind, value) in [
        (DnType::CountryName, "DE"),
        (DnType::StateOrProvinceName, "Hessen"),
        (DnType::OrganizationalUnitName, "Plant 7"),
        (DnType::CustomDnType(vec![2, 5, 4, 5]), "4711"),
        (DnType::CustomDnType(vec![2, 5, 4, 46]), "q"),
        (DnType::CustomDnType(vec![2, 5, 4, 42]), "Gina"),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params.subject_alt_names = vec![
        dns("a.example"),
        SanType::URI("spiffe://acme.example/17".try_into().unwrap()),
        SanType::Rfc822Name("a@acme.example".try_into().unwrap()),
        SanType::IpAddress("192.0.2.17".parse().unwrap()),
        SanType::IpAddress("2001:db8::17".parse().unwrap()),
        dns("b.example"),
    ];
    Device::self_signed(params)
}

#[test]
fn everything_is_read_as_x509_cert_reads_it() {
    for device in [
        rich(),
        Device::self_signed(device_params("x")),
        Pki::new().device,
    ] {
        let ours = Certificate::parse(&device.der).unwrap();
        let theirs = x509_cert::Certificate::from_der(&device.der).unwrap();
        let tbs = theirs.tbs_certificate();
        let contents = |name: &x509_cert::name::Name| {
            let der = name.to_der().unwrap();
            // All names here are shorter than 128 bytes or have one octet of length.
            der[if der[1] == 0x81 { 3 } else { 2 }..].to_vec()
        };
        assert_eq!(ours.subject().as_bytes(), contents(tbs.subject()));
        assert_eq!(ours.issuer().as_bytes(), contents(tbs.issuer()));
        assert_eq!(ours.serial_number(), tbs.serial_number().as_bytes());
        let validity = tbs.validity();
        let seconds =
            |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap();
        assert_eq!(ours.validity().not_before(), seconds(validity.not_before));
        assert_eq!(ours.validity().not_after(), seconds(validity.not_after));
        let key = tbs.subject_public_key_info().to_der().unwrap();
        assert_eq!(ours.public_key().info(), key);
        assert_eq!(ours.public_key_hash(), PublicKeyHash::of(&key));
        let names: Vec<Theirs> = tbs
            .get_extension::<SubjectAltName>()
            .unwrap()
            .map(|(_, names)| names.0)
            .unwrap_or_default();
        assert_eq!(ours.subject_alternative_names().count(), names.len());
        for (ours, theirs) in ours.subject_alternative_names().zip(&names) {
            let same = match (ours, theirs) {
                (GeneralName::Dns(one), Theirs::DnsName(two)) => one == two.as_str(),
                (GeneralName::Email(one), Theirs::Rfc822Name(two)) => one == two.as_str(),
                (GeneralName::Uri(one), Theirs::UniformResourceIdentifier(two)) => {
                    one == two.as_str()
                }
                (GeneralName::IpAddress(one), Theirs::IpAddress(two)) => one == two.as_bytes(),
                _ => false,
            };
            assert!(same, "{ours:?} {theirs:?}");
        }
    }
}

#[test]
fn variables_of_the_service() {
    let device = rich();
    let certificate = Certificate::parse(&device.der).unwrap();
    let value = |name: &str| Variable::of(&certificate, &format!("iot:Certificate{name}"));
    let is = |text: &str| Variable::Value(text.to_owned());
    assert_eq!(value(".Subject.CommonName"), is("sensor-17"));
    assert_eq!(
        value(".Issuer.CommonName"),
        is("sensor-17"),
        "it issued itself"
    );
    assert_eq!(value(".Subject.Country"), is("DE"));
    assert_eq!(value(".Subject.State"), is("Hessen"));
    assert_eq!(value(".Subject.SerialNumber"), is("4711"));
    assert_eq!(value(".Subject.DistinguishedNameQualifier"), is("q"));
    assert_eq!(value(".Subject.GivenName"), is("Gina"));
    assert_eq!(value(".Subject.Title"), Variable::Absent);
    assert_eq!(value(".Subject.AlternativeName.DNSName"), is("a.example"));
    assert_eq!(value(".Subject.AlternativeName.DNSName.0"), is("a.example"));
    assert_eq!(value(".Subject.AlternativeName.DNSName.1"), is("b.example"));
    assert_eq!(
        value(".Subject.AlternativeName.DNSName.2"),
        Variable::Absent
    );
    assert_eq!(
        value(".Subject.AlternativeName.IPAddress.1"),
        is("2001:db8::17")
    );
    assert_eq!(
        value(".Subject.AlternativeName.RFC822Name"),
        is("a@acme.example")
    );
    assert_eq!(
        value(".Subject.AlternativeName.UniformResourceIdentifier"),
        is("spiffe://acme.example/17")
    );
    assert_eq!(
        value(".Subject.AlternativeName.DirectoryName"),
        Variable::Absent
    );
    assert_eq!(value(".Issuer.AlternativeName.DNSName"), Variable::Absent);
    assert_eq!(value("Id"), is(&device.id().to_string()));
    for unknown in [
        "",
        ".Subject",
        ".Subject.commonName",
        ".Subject.CommonName.x",
        ".Subject.CommonName.",
        "Ids",
    ] {
        assert_eq!(value(unknown), Variable::Unknown, "{unknown}");
    }
    let Variable::List(keys) = value(".AvailableKeys") else {
        panic!("a list");
    };
    assert!(keys.contains(&"iot:Certificate.Subject.CommonName".to_owned()));
    assert!(!keys.contains(&"iot:Certificate.Subject.Title".to_owned()));
    assert_eq!(variable_names().count(), 2 * 13 + 2 * 5 + 3);
}

#[test]
fn what_is_not_substituted() {
    let of = |text: &str| {
        let device = Device::self_signed(device_params(text));
        let certificate = Certificate::parse(&device.der).unwrap();
        Variable::of(&certificate, "iot:Certificate.Subject.CommonName")
    };
    for letter in ["*", "$", "+", "?", "#"] {
        assert_eq!(of(&format!("a{letter}b")), Variable::Absent, "{letter}");
    }
    for letter in [",", "\"", "\\", "=", "<", ">", ";"] {
        assert_eq!(
            of(&format!("a{letter}b")),
            Variable::Value(format!("a\\{letter}b"))
        );
    }
    assert_eq!(of(&"a".repeat(1_024)), Variable::Value("a".repeat(1_024)));
    assert_eq!(of(&"a".repeat(1_025)), Variable::Absent);
    let mut params = device_params("x");
    params.subject_alt_names = (0..7)
        .map(|index| dns(&format!("h{index}.example")))
        .collect();
    let device = Device::self_signed(params);
    let certificate = Certificate::parse(&device.der).unwrap();
    let names = "iot:Certificate.Subject.AlternativeName.DNSName";
    let Variable::List(list) = Variable::of(&certificate, &format!("{names}.List")) else {
        panic!("a list");
    };
    assert_eq!(list.len(), 5, "no more than five are looked at");
    assert_eq!(
        Variable::of(&certificate, &format!("{names}.5")),
        Variable::Absent
    );
}

#[test]
fn principals_by_every_rule() {
    let mut params = device_params("sensor-17");
    params.subject_alt_names = vec![
        dns("Sensor-17.Example"),
        SanType::URI("spiffe://acme.example/17".try_into().unwrap()),
        SanType::Rfc822Name("a@acme.example".try_into().unwrap()),
    ];
    let device = Device::self_signed(params);
    let certificate = Certificate::parse(&device.der).unwrap();
    let by = |rule: PrincipalRule| rule.principal(&certificate).unwrap().to_string();
    assert_eq!(by(PrincipalRule::common_name()), "sensor-17");
    assert_eq!(by(PrincipalRule::dns_name()), "sensor-17.example");
    assert_eq!(by(PrincipalRule::uri()), "spiffe://acme.example/17");
    assert_eq!(by(PrincipalRule::spiffe_id()), "spiffe://acme.example/17");
    assert_eq!(by(PrincipalRule::email()), "a@acme.example");
    assert_eq!(by(PrincipalRule::default()), device.id().to_string());
    assert!(
        PrincipalRule::uri()
            .for_mqtt()
            .principal(&certificate)
            .is_err(),
        "it has slashes"
    );

    let several = rich();
    let several = Certificate::parse(&several.der).unwrap();
    let fallback = PrincipalRule::dns_name().or(PrincipalRule::certificate_id());
    assert!(
        fallback.principal(&several).is_err(),
        "two names are not none"
    );
    // A name that is there and bad is not passed over for another.
    for (bad, why) in [
        ("*.example", "wildcard"),
        ("a b.example", "form"),
        ("-", "a name"),
    ] {
        let mut params = device_params("x");
        params.subject_alt_names = vec![dns(bad)];
        let device = Device::self_signed(params);
        let result = fallback.principal(&Certificate::parse(&device.der).unwrap());
        match why {
            "a name" => assert_eq!(result.unwrap().as_str(), "-"),
            why => assert!(result.unwrap_err().to_string().contains(why), "{bad}"),
        }
    }
    let mut params = device_params("x");
    params.subject_alt_names = vec![SanType::URI("spiffe://acme.example".try_into().unwrap())];
    let domain = Device::self_signed(params);
    let domain = Certificate::parse(&domain.der).unwrap();
    assert!(
        PrincipalRule::spiffe_id().principal(&domain).is_err(),
        "the trust domain's own"
    );

    let bare = Device::self_signed(device_params("x"));
    let bare = Certificate::parse(&bare.der).unwrap();
    assert!(PrincipalRule::dns_name().principal(&bare).is_err());
    assert_eq!(
        fallback.principal(&bare).unwrap().as_str(),
        bare.id().to_string()
    );
}

#[test]
fn lists_and_cas_from_files() {
    let pki = Pki::new();
    let two = [pki.root.pem(), pki.intermediate.pem()].concat();
    let profile = Profile::strict();
    assert_eq!(
        Authorities::from_pem(two.as_bytes(), &profile)
            .unwrap()
            .iter()
            .count(),
        2
    );
    let device = Device::self_signed(device_params("x"));
    let mut text = two.clone();
    text.push_str("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    let error = Authorities::from_pem(text.as_bytes(), &profile).unwrap_err();
    assert!(error.to_string().starts_with("item 3: "), "{error}");
    assert!(Authority::new(&device.der, &profile).is_err(), "no CA");
    let text = format!("{two}-----BEGIN CERTIFICATE-----\nMAA=\n");
    let error = Authorities::from_pem(text.as_bytes(), &profile).unwrap_err();
    assert_eq!(error, FileError::Pem(2), "no end");
    let error = Authorities::from_pem(b"", &profile).unwrap_err();
    assert_eq!(error, FileError::Empty);

    let lists = |text: &str| {
        RevocationLists::from_pem(text.as_bytes(), &profile, RevocationPolicy::default())
    };
    let good = list_params(1, &[])
        .signed_by(&pki.root)
        .unwrap()
        .pem()
        .unwrap();
    assert_eq!(lists(&good).unwrap().len(), 1);
    assert_eq!(lists(&two).unwrap_err(), FileError::Empty, "CAs only");
    let bad = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n";
    let error = lists(&format!("{good}{bad}")).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("item 2: certificate refused: malformed DER"),
        "{error}"
    );
}
