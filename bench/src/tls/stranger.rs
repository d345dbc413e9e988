//! What a Certificate message costs that leads nowhere, before the server knows it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, GeneralSubtree, KeyPair,
    NameConstraints, SanType,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use tls_auth::{Authorities, Authority, PathVerifier, Profile};

use super::pki::{Ca, ca_params, key, name, root};
use crate::harness::{Bench, Entry};

struct Message {
    case: &'static str,
    leaf: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl Message {
    fn bytes(&self) -> usize {
        self.others.iter().map(Vec::len).sum::<usize>() + self.leaf.len()
    }
}

fn leaf(by: &Ca, names: usize) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name("stranger");
    params.subject_alt_names = (0..names)
        .map(|number| {
            let name = format!("host-{number}.example");
            SanType::DnsName(name.try_into().expect("the name is ASCII"))
        })
        .collect();
    let certificate = params.signed_by(&key(), by).expect("it can be made");
    certificate.der().to_vec()
}

/// An alternative name of so many directory names, as long as those of the constraints and alike but for the end.
fn directory_names(count: usize) -> CustomExtension {
    fn wrap(tag: u8, contents: &[u8]) -> Vec<u8> {
        let [.., high, low] = contents.len().to_be_bytes();
        let head = match contents.len() {
            0..=0x7F => vec![tag, low],
            0x80..=0xFF => vec![tag, 0x81, low],
            _ => vec![tag, 0x82, high, low],
        };
        [head, contents.to_vec()].concat()
    }
    let attribute = |arc: u8, text: &str| {
        let pair = [wrap(0x06, &[0x55, 0x04, arc]), wrap(0x0C, text.as_bytes())].concat();
        wrap(0x31, &wrap(0x30, &pair))
    };
    let names: Vec<u8> = (0..count)
        .flat_map(|number| {
            let mut name: Vec<u8> = (100..104)
                .flat_map(|arc| attribute(arc, "a rather long value"))
                .collect();
            name.extend(attribute(3, &format!("y{number}")));
            wrap(0xA4, &wrap(0x30, &name))
        })
        .collect();
    CustomExtension::from_oid_content(&[2, 5, 29, 17], wrap(0x30, &names))
}

/// Intermediates, two of each of three names, that constrain directory names by long ones, up to somebody with the name of the root, and
/// a certificate with as many names as the limits allow and a critical policy, which leads past webpki. Everything would be compared with
/// everything, if names were compared before signatures.
fn constrained() -> (Vec<u8>, Vec<Vec<u8>>) {
    let long = |last: &str| {
        let mut name = DistinguishedName::new();
        for arc in 0..4_u64 {
            name.push(
                DnType::CustomDnType(vec![2, 5, 4, 100 + arc]),
                "a rather long value",
            );
        }
        name.push(DnType::CommonName, last);
        name
    };
    let mut others = Vec::new();
    let mut below = None;
    for (subject, issuer) in [("c1", "c2"), ("c2", "c3"), ("c3", "root")] {
        for _ in 0..2 {
            let mut params = ca_params(subject);
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![],
                excluded_subtrees: (0..8)
                    .map(|number| GeneralSubtree::DirectoryName(long(&format!("x{number}"))))
                    .collect(),
            });
            let ca = Ca::signed_by(params, key(), &root(issuer)).expect("it can be made");
            others.push(ca.der().to_vec());
            if subject == "c1" {
                below = Some(ca);
            }
        }
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = long("stranger");
    params.custom_extensions = vec![directory_names(20)];
    let any = vec![0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1D, 0x20, 0];
    let mut policy = CustomExtension::from_oid_content(&[2, 5, 29, 32], any);
    policy.set_criticality(true);
    params.custom_extensions.push(policy);
    let by = below.expect("there are intermediates");
    let key: KeyPair = key();
    let leaf = params.signed_by(&key, &by).expect("it can be made");
    (leaf.der().to_vec(), others)
}

/// Certificates of `first` by `second` and the other way round, in turn, each with a key of its own.
fn crossed(first: &str, second: &str, count: usize) -> Vec<Vec<u8>> {
    let (one, two) = (root(first), root(second));
    (0..count)
        .map(|index| {
            let (subject, issuer) = if index % 2 == 0 {
                (first, &two)
            } else {
                (second, &one)
            };
            let ca = Ca::signed_by(ca_params(subject), key(), issuer).expect("it can be made");
            ca.der().to_vec()
        })
        .collect()
}

fn messages(trusted: &Ca) -> Vec<Message> {
    let stranger = root("A");
    let impostor = root("root");
    let genuine = Ca::signed_by(ca_params("intermediate"), key(), trusted).expect("it can be made");
    let fake = root("intermediate");
    let same_name = |count: usize| -> Vec<Vec<u8>> {
        (0..count)
            .map(|_| {
                let ca = Ca::signed_by(ca_params("int"), key(), &impostor);
                ca.expect("it can be made").der().to_vec()
            })
            .collect()
    };
    let mut deep = vec![root("n0")];
    for number in 1..6 {
        let next = Ca::signed_by(ca_params(&format!("n{number}")), key(), &deep[number - 1]);
        deep.push(next.expect("it can be made"));
    }
    // Two of each name, which is as many as the limits allow, on the way to somebody with the name of the root.
    let mut doubled = Vec::new();
    for (subject, issuer) in [("c1", "c2"), ("c2", "c3"), ("c3", "root")] {
        for _ in 0..2 {
            let by = root(issuer);
            let ca = Ca::signed_by(ca_params(subject), key(), &by).expect("it can be made");
            doubled.push(ca.der().to_vec());
        }
    }
    let below_deep = leaf(&deep[5], 1);
    let constrained = constrained();
    vec![
        Message {
            case: "40 certificates that issue one another (17 KB)",
            leaf: leaf(&stranger, 1),
            others: crossed("A", "B", 40),
        },
        Message {
            case: "140 certificates that issue one another",
            leaf: leaf(&stranger, 1),
            others: crossed("A", "B", 140),
        },
        Message {
            case: "6 certificates that issue one another",
            leaf: leaf(&stranger, 1),
            others: crossed("A", "B", 6),
        },
        Message {
            case: "60 intermediates of one name, by one with the root's name",
            leaf: leaf(&root("int"), 1),
            others: same_name(60),
        },
        Message {
            case: "2 intermediates of one name, by one with the root's name",
            leaf: leaf(&root("int"), 1),
            others: same_name(2),
        },
        Message {
            case: "2 of each of 3 names, up to one with the root's name",
            leaf: leaf(&root("c1"), 1),
            others: doubled,
        },
        Message {
            case: "the same, with constraints, and a critical policy",
            leaf: constrained.0,
            others: constrained.1,
        },
        Message {
            case: "a genuine intermediate, and a certificate that it did not issue",
            leaf: leaf(&fake, 1),
            others: vec![genuine.der().to_vec()],
        },
        Message {
            case: "a path of 6 to nobody",
            leaf: below_deep,
            others: deep.iter().rev().map(|ca| ca.der().to_vec()).collect(),
        },
        Message {
            case: "a certificate of 2,000 names (48 KB)",
            leaf: leaf(&impostor, 2_000),
            others: Vec::new(),
        },
    ]
}

pub(super) fn run(bench: &mut Bench) {
    let trusted = root("root");
    let mut roots = RootCertStore::empty();
    roots
        .add(trusted.der().clone())
        .expect("the root is a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let plain = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .expect("there is a root");
    let authority = Authority::new(trusted.der(), &Profile::strict()).expect("the root is a CA");
    let own = PathVerifier::new(Authorities::new([authority]));
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = UnixTime::since_unix_epoch(now.expect("it is after 1970"));

    bench.head("A stranger's Certificate message, refused");
    let messages = messages(&trusted);
    let mut worst: f64 = 0.0;
    for (index, message) in messages.iter().enumerate() {
        assert!(message.bytes() <= 64 * 1024);
        let others: Vec<&[u8]> = message.others.iter().map(Vec::as_slice).collect();
        let leaf = CertificateDer::from(message.leaf.as_slice());
        let theirs: Vec<CertificateDer<'_>> = message
            .others
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .collect();
        // Each refuses; the checksum says no more.
        let ratio = bench.case(
            message.case,
            1,
            if index < 2 { 6 } else { 60 },
            vec![
                Entry::ours("tls-auth", || {
                    u64::from(own.verify(&message.leaf, &others, now).is_ok())
                }),
                Entry::peer("rustls, WebPkiClientVerifier", || {
                    u64::from(plain.verify_client_cert(&leaf, &theirs, now).is_ok())
                }),
            ],
        );
        worst = worst.max(bench.time(message.case, "tls-auth"));
        if index == 0 {
            bench.goal("stranger-loop-vs-rustls", ratio, 0.01);
        }
    }
    bench.goal("stranger-worst-ms", worst / 1e6, 1.0);
}
