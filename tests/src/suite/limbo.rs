//! x509-limbo's own format: chains, mostly of servers, and whether RFC 5280 accepts them.
//!
//! Judged by the pedantic profile, since that is what the cases ask. What is different on purpose stands in
//! `limbo-exceptions.csv` with its reason; a case in it that passes fails the run.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use serde::Deserialize;
use tls_auth::{
    Authorities, Authority, Limits, PathVerifier, Profile, RevocationList, RevocationLists,
    RevocationPolicy,
};

use crate::{Report, Verdict};

const EXCEPTIONS: &str = include_str!("../../limbo-exceptions.csv");

#[derive(Deserialize)]
struct File {
    testcases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    validation_kind: String,
    trusted_certs: Vec<String>,
    untrusted_intermediates: Vec<String>,
    peer_certificate: String,
    validation_time: Option<String>,
    expected_result: String,
    expected_peer_name: Option<PeerName>,
    max_chain_depth: Option<usize>,
    #[serde(default)]
    crls: Vec<String>,
}

#[derive(Deserialize)]
struct PeerName {
    kind: String,
    value: String,
}

#[derive(Deserialize)]
struct Exception {
    id: String,
    reason: String,
}

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut exceptions = HashMap::new();
    for row in csv::Reader::from_reader(EXCEPTIONS.as_bytes()).deserialize() {
        let row: Exception = row.map_err(|error| error.to_string())?;
        if row.reason.is_empty() {
            return Err(format!("the exception {} has no reason", row.id));
        }
        if exceptions.insert(row.id.clone(), row.reason).is_some() {
            return Err(format!("{} is excepted twice", row.id));
        }
    }
    let mut report = Report::default();
    for case in &file.testcases {
        let expected = match case.expected_result.as_str() {
            "SUCCESS" => "accept",
            "FAILURE" => "refuse",
            other => return Err(format!("{}: unknown result `{other}`", case.id)),
        };
        let result = judge(case)?;
        let passed = result.is_ok() == (expected == "accept");
        let verdict = match (exceptions.get(&case.id), passed) {
            (Some(_), true) => Verdict::Failed {
                expected: format!("the exception in limbo-exceptions.csv, not {expected}"),
                got: "an unexpected success: take the exception away".to_owned(),
            },
            (Some(reason), false) => Verdict::Skipped(reason.clone()),
            (None, _) => match result {
                Err(refusal) if !passed => Verdict::of(expected, refusal),
                Err(_) => Verdict::of(expected, "refuse"),
                Ok(()) => Verdict::of(expected, "accept"),
            },
        };
        report.add(&case.id, verdict);
    }
    Ok(report)
}

/// The inner error is a refusal in words, the outer one a case that cannot be read.
fn judge(case: &Case) -> Result<Result<(), String>, String> {
    let now = match &case.validation_time {
        Some(text) => UnixTime::since_unix_epoch(Duration::from_secs(rfc3339(text)?)),
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            UnixTime::since_unix_epoch(now.map_err(|error| error.to_string())?)
        }
    };
    Ok(verify(case, now))
}

fn pem<T: PemObject>(text: &str) -> Result<T, String> {
    T::from_pem_slice(text.as_bytes()).map_err(|error| error.to_string())
}

fn verify(case: &Case, now: UnixTime) -> Result<(), String> {
    let profile = Profile::pedantic();
    let leaf: CertificateDer<'_> = pem(&case.peer_certificate)?;
    let mut authorities = Vec::new();
    for text in &case.trusted_certs {
        // A root that cannot be registered is not there.
        authorities.extend(Authority::new(&pem::<CertificateDer<'_>>(text)?, &profile));
    }
    let intermediates = case
        .untrusted_intermediates
        .iter()
        .map(|text| pem::<CertificateDer<'_>>(text))
        .collect::<Result<Vec<_>, _>>()?;
    // What browsers' servers send, not what devices do.
    let mut limits = Limits::default()
        .with_certificates(64)
        .with_bytes(1 << 20)
        .with_names(1024)
        .with_same_name(64)
        .with_signatures(100)
        .dangerous_with_loops(true);
    if let Some(depth) = case.max_chain_depth {
        limits = limits.with_depth(depth);
    }
    let mut verifier = PathVerifier::new(Authorities::new(authorities))
        .with_profile(profile)
        .with_limits(limits);
    if case.validation_kind == "SERVER" {
        verifier = verifier.for_servers();
    }
    if !case.crls.is_empty() {
        let lists = case
            .crls
            .iter()
            .map(|text| {
                let list: CertificateRevocationListDer<'_> = pem(text)?;
                RevocationList::new(&list, &profile).map_err(|refusal| refusal.to_string())
            })
            .collect::<Result<Vec<_>, _>>()?;
        let lists = RevocationLists::new(lists, RevocationPolicy::default());
        verifier = verifier.with_revocation(lists);
    }
    let others: Vec<&[u8]> = intermediates.iter().map(AsRef::as_ref).collect();
    verifier
        .verify(&leaf, &others, now)
        .map_err(|refusal| refusal.to_string())?;
    // The host name is not ours to compare: webpki does, as it would in a handshake.
    if let (Some(name), "SERVER") = (&case.expected_peer_name, case.validation_kind.as_str())
        && (name.kind == "DNS" || name.kind == "IP")
    {
        let name = ServerName::try_from(name.value.as_str()).map_err(|error| error.to_string())?;
        webpki::EndEntityCert::try_from(&leaf)
            .and_then(|leaf| leaf.verify_is_valid_for_subject_name(&name))
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Seconds of a time in UTC, of which a fraction is cut off.
fn rfc3339(text: &str) -> Result<u64, String> {
    let (date, rest) = text.split_at_checked(19).ok_or("a time is too short")?;
    let utc = rest.ends_with('Z') || rest.ends_with("+00:00");
    if !utc {
        return Err(format!("`{text}` is not in UTC"));
    }
    super::sigv4_sign::extended(&format!("{date}Z")).map(sigv4::Timestamp::unix_seconds)
}
