//! `tls-auth` against OpenSSL's `verify`: our vectors with a ledger of differences, and certificates and revocation lists that were changed
//! and signed again, of which nothing may be accepted that OpenSSL refuses without an entry in the ledger.
//!
//! Skipped in words where there is no `openssl`. `TLS_AUTH_MUTATIONS` sets how many are made in the long run: 100,000 unless it is set, which
//! `cargo xtask check` leaves so, since ten million take hours.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, SigningKey as _, date_time_ymd,
};
use rustls_pki_types::UnixTime;
use serde::Deserialize;
use tls_auth::{
    Authorities, Authority, PathVerifier, Profile, Refusal, RevocationList, RevocationLists,
    RevocationPolicy,
};

/// What we accept and OpenSSL refuses, by what OpenSSL says, and why it stays so.
const LEDGER: &str = include_str!("../openssl-ledger.csv");

#[derive(Deserialize)]
struct Difference {
    case: String,
    openssl: String,
    reason: String,
}

fn ledger() -> Vec<Difference> {
    let mut reader = csv::Reader::from_reader(LEDGER.as_bytes());
    let rows: Result<Vec<Difference>, _> = reader.deserialize().collect();
    let rows = rows.unwrap();
    assert!(rows.iter().all(|row| !row.reason.is_empty()));
    rows
}

fn have_openssl() -> bool {
    let found = Command::new("openssl")
        .arg("version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: `openssl` is not installed (Debian: apt-get install openssl)");
    }
    found
}

/// A folder of this process's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tls-auth-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn pems(ders: &[Vec<u8>]) -> String {
    ders.iter().map(|der| pem("CERTIFICATE", der)).collect()
}

/// What OpenSSL is asked about chains.
struct Question<'a> {
    folder: &'a Path,
    roots: &'a [Vec<u8>],
    intermediates: &'a [Vec<u8>],
    crls: &'a [Vec<u8>],
    now: u64,
}

impl Question<'_> {
    /// `accept`, or the sentence of OpenSSL's first error, for each certificate.
    fn ask(&self, leaves: &[Vec<u8>]) -> Vec<String> {
        let write = |name: &str, text: &str| {
            let path = self.folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let mut command = Command::new("openssl");
        command
            .args([
                "verify",
                "-no-CApath",
                "-no-CAstore",
                "-purpose",
                "sslclient",
                "-partial_chain",
            ])
            .args(["-attime", &self.now.to_string()])
            .arg("-CAfile")
            .arg(write("roots.pem", &pems(self.roots)));
        if !self.intermediates.is_empty() {
            command
                .arg("-untrusted")
                .arg(write("intermediates.pem", &pems(self.intermediates)));
        }
        if !self.crls.is_empty() {
            let crls: String = self.crls.iter().map(|crl| pem("X509 CRL", crl)).collect();
            command
                .args(["-crl_check_all", "-CRLfile"])
                .arg(write("crls.pem", &crls));
        }
        let paths: Vec<PathBuf> = leaves
            .iter()
            .enumerate()
            .map(|(index, leaf)| write(&format!("leaf{index}.pem"), &pem("CERTIFICATE", leaf)))
            .collect();
        let output = command.args(&paths).output().unwrap();
        let text = [output.stdout, b"\n".to_vec(), output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        paths
            .iter()
            .map(|path| {
                let name = path.display().to_string();
                if text.lines().any(|line| line == format!("{name}: OK")) {
                    return "accept".to_owned();
                }
                // `error 20 at 0 depth lookup: unable to …` comes before `error FILE: verification failed`.
                let mut last = "it cannot be read".to_owned();
                for line in text.lines() {
                    if let Some((_, reason)) = line.split_once(" depth lookup: ") {
                        last = reason.to_owned();
                    }
                    if line == format!("error {name}: verification failed") {
                        return last;
                    }
                }
                "it cannot be read".to_owned()
            })
            .collect()
    }
}

#[derive(Deserialize)]
struct Case {
    name: String,
    now: String,
    leaf: String,
    intermediates: Vec<String>,
    roots: Vec<String>,
    crls: Vec<String>,
}

fn judge(
    leaf: &[u8],
    intermediates: &[Vec<u8>],
    roots: &[Vec<u8>],
    crls: &[Vec<u8>],
    now: u64,
) -> Result<(), Refusal> {
    let profile = Profile::strict();
    let authorities = roots
        .iter()
        .filter_map(|der| Authority::new(der, &profile).ok());
    // OpenSSL compares a common name that looks like a host name with constraints as well.
    let mut verifier = PathVerifier::new(Authorities::new(authorities)).known_by_common_name();
    if !crls.is_empty() {
        let lists: Result<Vec<_>, _> = crls
            .iter()
            .map(|der| RevocationList::new(der, &profile))
            .collect();
        verifier =
            verifier.with_revocation(RevocationLists::new(lists?, RevocationPolicy::default()));
    }
    let others: Vec<&[u8]> = intermediates.iter().map(Vec::as_slice).collect();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
    verifier.verify(leaf, &others, now).map(|_| ())
}

#[test]
fn our_vectors_as_openssl_sees_them() {
    if !have_openssl() {
        return;
    }
    let folder = folder("vectors");
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/certificates.json");
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(vectors).unwrap()).unwrap();
    let decode = |list: &[String]| -> Vec<Vec<u8>> {
        list.iter()
            .map(|text| STANDARD.decode(text).unwrap())
            .collect()
    };
    let ledger = ledger();
    let mut known: HashMap<&str, &Difference> =
        ledger.iter().map(|row| (row.case.as_str(), row)).collect();
    let mut wrong = Vec::new();
    for case in &cases {
        let leaf = STANDARD.decode(&case.leaf).unwrap();
        let (intermediates, roots, crls) = (
            decode(&case.intermediates),
            decode(&case.roots),
            decode(&case.crls),
        );
        let compact: String = case.now.chars().filter(|c| !"-:".contains(*c)).collect();
        let now = sigv4::Timestamp::parse(&compact).unwrap().unix_seconds();
        let ours = judge(&leaf, &intermediates, &roots, &crls, now);
        let question = Question {
            folder: &folder,
            roots: &roots,
            intermediates: &intermediates,
            crls: &crls,
            now,
        };
        let theirs = question.ask(&[leaf]).remove(0);
        let agree = ours.is_ok() == (theirs == "accept");
        match (agree, known.remove(case.name.as_str())) {
            (true, None) => {}
            (false, Some(row)) if row.openssl == theirs => {}
            (true, Some(_)) => wrong.push(format!(
                "{}: both agree; take it out of the ledger",
                case.name
            )),
            (false, _) => wrong.push(format!("{}: ours {ours:?}, OpenSSL `{theirs}`", case.name)),
        }
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let left: Vec<&&str> = known.keys().filter(|name| **name != "*").collect();
    assert!(
        left.is_empty(),
        "in the ledger and not in the vectors: {left:?}"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

type Ca = CertifiedIssuer<'static, KeyPair>;

/// A certificate or list in parts, to be put together with another signature.
struct Parts {
    to_sign: Vec<u8>,
    algorithm: Vec<u8>,
}

/// The bytes of a DER value with its head, and what follows.
fn split(der: &[u8]) -> (&[u8], &[u8]) {
    let (head, length) = match der[1] {
        short @ 0..=0x7F => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        _ => panic!("too long for a test"),
    };
    der.split_at(head + length)
}

fn wrap(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let head = match length {
        0..=0x7F => vec![tag, length as u8],
        0x80..=0xFF => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, contents.to_vec()].concat()
}

impl Parts {
    fn of(der: &[u8]) -> Self {
        let head = der.len()
            - match der[1] {
                0..=0x7F => usize::from(der[1]),
                0x81 => usize::from(der[2]),
                _ => usize::from(der[2]) << 8 | usize::from(der[3]),
            };
        let (to_sign, rest) = split(&der[head..]);
        let (algorithm, _) = split(rest);
        Self {
            to_sign: to_sign.to_vec(),
            algorithm: algorithm.to_vec(),
        }
    }

    fn signed(&self, to_sign: &[u8], by: &Ca) -> Vec<u8> {
        let signature = by.key().sign(to_sign).unwrap();
        let signature = wrap(0x03, &[&[0], &signature[..]].concat());
        wrap(0x30, &[to_sign, &self.algorithm, &signature].concat())
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Certificates with something to change in them.
fn seeds(by: &Ca) -> Vec<Vec<u8>> {
    let plain = || {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "sensor-17");
        params.serial_number = Some(SerialNumber::from(4711));
        params
    };
    let mut whole = plain();
    whole
        .distinguished_name
        .push(DnType::OrganizationName, "Acme");
    whole.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    whole.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    whole.use_authority_key_identifier_extension = true;
    whole.is_ca = IsCa::ExplicitNoCa;
    whole.subject_alt_names = vec![
        SanType::DnsName("sensor-17.example".try_into().unwrap()),
        SanType::URI("spiffe://acme.example/17".try_into().unwrap()),
        SanType::Rfc822Name("a@acme.example".try_into().unwrap()),
        SanType::IpAddress("192.0.2.17".parse().unwrap()),
    ];
    let mut odd = plain();
    odd.custom_extensions = vec![CustomExtension::from_oid_content(
        &[2, 5, 29, 32],
        vec![0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1D, 0x20, 0],
    )];
    [plain(), whole, odd]
        .into_iter()
        .map(|params| {
            let key = KeyPair::generate().unwrap();
            params.signed_by(&key, by).unwrap().der().to_vec()
        })
        .collect()
}

/// One to three changes: a byte set, a bit turned, a byte put in or taken out, two bytes exchanged, a length grown.
fn mutate(bytes: &[u8], random: &mut SmallRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..=3) {
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..7) {
            0 | 1 => {
                bytes[at] = [0x00, 0x7F, 0x80, 0xFF, 0x01, 0x30, 0x0C][random.random_range(0..7)]
            }
            2 | 3 => bytes[at] ^= 1 << random.random_range(0..8),
            4 => bytes.insert(at, random.random()),
            5 => {
                bytes.remove(at);
            }
            _ => {
                let other = random.random_range(0..bytes.len());
                bytes.swap(at, other);
            }
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

/// 2026-06-01
const NOW: u64 = 1_780_272_000;

fn openssl_reads_the_key(folder: &Path, der: &[u8]) -> bool {
    let path = folder.join("key-of.pem");
    std::fs::write(&path, pem("CERTIFICATE", der)).unwrap();
    Command::new("openssl")
        .args(["x509", "-noout", "-pubkey", "-in"])
        .arg(&path)
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout.starts_with(b"-----BEGIN"))
}

/// The authority key identifier of a certificate or list, as an extension with its head, if it has one.
fn authority_key(der: &[u8]) -> Option<&[u8]> {
    const OID: [u8; 5] = [0x06, 3, 0x55, 0x1D, 35];
    let at = der.windows(OID.len()).position(|window| window == OID)?;
    let start = at.checked_sub(2)?;
    der.get(start..at + usize::from(der[at - 1]))
}

/// What OpenSSL says where it does not find an issuer, or its list, holds only where the identifier of the issuer's key was changed.
fn with_cause(theirs: String, der: &[u8], genuine: &[u8]) -> String {
    let looks = [
        "unable to get local issuer certificate",
        "unable to get certificate CRL",
    ];
    let changed = authority_key(der).is_some_and(|found| found != genuine);
    if looks.contains(&theirs.as_str()) && !changed {
        return format!("{theirs}, and the authority key identifier is as it was");
    }
    theirs
}

/// Counts of what we accept and OpenSSL refuses, by what it says.
fn certificates(count: usize, random: &mut SmallRng) -> BTreeMap<String, (usize, Vec<u8>)> {
    let folder = folder(&format!("mutants-{count}"));
    let root = Ca::self_signed(ca_params("root"), KeyPair::generate().unwrap()).unwrap();
    let intermediate = Ca::signed_by(
        ca_params("intermediate"),
        KeyPair::generate().unwrap(),
        &root,
    )
    .unwrap();
    let whole = seeds(&intermediate);
    let genuine = whole
        .iter()
        .find_map(|der| authority_key(der))
        .unwrap()
        .to_vec();
    let seeds: Vec<Parts> = whole.iter().map(|der| Parts::of(der)).collect();
    let (roots, intermediates) = ([root.der().to_vec()], [intermediate.der().to_vec()]);
    let question = Question {
        folder: &folder,
        roots: &roots,
        intermediates: &intermediates,
        crls: &[],
        now: NOW,
    };
    let mut accepted = Vec::new();
    let mut total = 0_usize;
    let mut differences: BTreeMap<String, (usize, Vec<u8>)> = BTreeMap::new();
    for index in 0..count {
        let seed = &seeds[index % seeds.len()];
        let to_sign = mutate(&seed.to_sign, random);
        let leaf = seed.signed(&to_sign, &intermediate);
        if judge(&leaf, &intermediates, &roots, &[], NOW).is_ok() {
            accepted.push(leaf);
            total += 1;
        }
        if accepted.len() == 500 || index + 1 == count {
            for (mut theirs, leaf) in question.ask(&accepted).into_iter().zip(accepted.drain(..)) {
                if theirs == "accept" {
                    continue;
                }
                if !openssl_reads_the_key(&folder, &leaf) {
                    theirs = "the public key cannot be read".to_owned();
                }
                let theirs = with_cause(theirs, &leaf, &genuine);
                differences.entry(theirs).or_insert((0, leaf)).0 += 1;
            }
        }
    }
    println!("{count} certificates changed and signed again: {total} accepted");
    std::fs::remove_dir_all(&folder).unwrap();
    differences
}

fn lists(count: usize, random: &mut SmallRng) -> BTreeMap<String, (usize, Vec<u8>)> {
    let folder = folder(&format!("lists-{count}"));
    let root = Ca::self_signed(ca_params("root"), KeyPair::generate().unwrap()).unwrap();
    let leaf = seeds(&root).remove(0);
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 5, 1),
        next_update: date_time_ymd(2026, 7, 1),
        crl_number: SerialNumber::from(7),
        issuing_distribution_point: None,
        revoked_certs: [4711, 4712]
            .map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date_time_ymd(2026, 4, 1),
                reason_code: Some(rcgen::RevocationReason::KeyCompromise),
                invalidity_date: None,
            })
            .into(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&root).unwrap();
    let genuine = authority_key(list.der()).unwrap();
    let seed = Parts::of(list.der());
    let roots = [root.der().to_vec()];
    assert!(
        judge(
            &leaf,
            &[],
            &roots,
            &[seed.signed(&seed.to_sign, &root)],
            NOW
        )
        .is_err()
    );
    let mut total = 0_usize;
    let mut differences: BTreeMap<String, (usize, Vec<u8>)> = BTreeMap::new();
    for _ in 0..count {
        let to_sign = mutate(&seed.to_sign, random);
        let list = seed.signed(&to_sign, &root);
        // The list revokes the certificate: it is accepted only if the change took that away.
        if judge(&leaf, &[], &roots, std::slice::from_ref(&list), NOW).is_err() {
            continue;
        }
        total += 1;
        let crls = [list];
        let question = Question {
            folder: &folder,
            roots: &roots,
            intermediates: &[],
            crls: &crls,
            now: NOW,
        };
        let theirs = question.ask(std::slice::from_ref(&leaf)).remove(0);
        if theirs != "accept" {
            let [list] = crls;
            let theirs = with_cause(theirs, &list, genuine);
            differences.entry(theirs).or_insert((0, list)).0 += 1;
        }
    }
    println!("{count} lists changed and signed again: {total} accepted");
    std::fs::remove_dir_all(&folder).unwrap();
    differences
}

fn compare(count: usize) {
    if !have_openssl() {
        return;
    }
    let mut random = SmallRng::seed_from_u64(0x6365_7274);
    let ledger = ledger();
    let mut unknown = Vec::new();
    let certificates = certificates(count, &mut random);
    let lists = lists(count / 5, &mut random);
    for (theirs, (times, example)) in certificates.into_iter().chain(lists) {
        let entry = ledger
            .iter()
            .find(|row| row.case == "*" && row.openssl == theirs);
        match entry {
            Some(row) => println!("{times} × `{theirs}`: {}", row.reason),
            None => unknown.push(format!(
                "{times} × `{theirs}`, as {}",
                STANDARD.encode(example)
            )),
        }
    }
    assert!(
        unknown.is_empty(),
        "accepted here, refused by OpenSSL:\n{}",
        unknown.join("\n")
    );
}

#[test]
fn nothing_is_accepted_that_openssl_refuses() {
    compare(2_000);
}

#[test]
#[ignore = "several minutes: run by `cargo xtask check`"]
fn nothing_of_very_many_is_accepted_that_openssl_refuses() {
    let count = std::env::var("TLS_AUTH_MUTATIONS").ok();
    compare(count.and_then(|text| text.parse().ok()).unwrap_or(100_000));
}

// BC-051: every byte of a certificate set to what parsers stumble over: no panic, and nothing accepted that was signed otherwise
#[test]
fn every_byte_of_a_certificate_changed() {
    let root = Ca::self_signed(ca_params("root"), KeyPair::generate().unwrap()).unwrap();
    let roots = [root.der().to_vec()];
    for seed in seeds(&root) {
        assert!(judge(&seed, &[], &roots, &[], NOW).is_ok());
        for index in 0..seed.len() {
            for byte in [0x00, 0x7F, 0x80, 0xFF, seed[index] ^ 1] {
                let mut changed = seed.clone();
                changed[index] = byte;
                assert!(
                    changed == seed || judge(&changed, &[], &roots, &[], NOW).is_err(),
                    "byte {index} set to {byte:02x}"
                );
            }
        }
    }
}

#[test]
fn rsa_keys_that_openssl_makes() {
    if !have_openssl() {
        return;
    }
    let folder = folder("rsa");
    for (bits, exponent, expected) in [
        ("1024", "65537", "key-policy"),
        ("2048", "3", "key-policy"),
        ("2052", "65537", "key-policy"),
        ("2048", "65537", "accepted"),
        ("3072", "65537", "accepted"),
    ] {
        let path = folder.join("certificate.der");
        let key = folder.join("key.pem");
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-newkey"])
            .arg(format!("rsa:{bits}"))
            .args(["-pkeyopt", &format!("rsa_keygen_pubexp:{exponent}")])
            .args([
                "-subj",
                "/CN=sensor-17",
                "-days",
                "36500",
                "-outform",
                "DER",
                "-out",
            ])
            .arg(&path)
            .arg("-keyout")
            .arg(&key)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let der = std::fs::read(&path).unwrap();
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        let verifier = PathVerifier::new(Authorities::new([]));
        let result = verifier.verify_itself(&der, UnixTime::since_unix_epoch(now));
        let code = result
            .as_ref()
            .map_or_else(|refusal| refusal.kind().code(), |()| "accepted");
        assert_eq!(
            code, expected,
            "RSA {bits}, exponent {exponent}: {result:?}"
        );
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
