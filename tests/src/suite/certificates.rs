//! `certificates.json`: chains as a TLS client presents them, and whether a device is let in by them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::UnixTime;
use serde::Deserialize;
use tls_auth::{
    Authorities, Authority, Certificate, PathVerifier, PrincipalRule, Profile, Refusal,
    RevocationList, RevocationLists, RevocationPolicy,
};

use super::sigv4_sign::extended;
use crate::{Report, Verdict};

#[derive(Deserialize)]
pub(crate) struct Case {
    name: String,
    expected: String,
    now: String,
    leaf: String,
    intermediates: Vec<String>,
    roots: Vec<String>,
    crls: Vec<String>,
    /// Why an accept may be a refusal: what it wants is not to be had from the libraries below.
    optional: Option<String>,
}

/// The bytes of a case.
pub(crate) struct Message {
    pub(crate) leaf: Vec<u8>,
    pub(crate) intermediates: Vec<Vec<u8>>,
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) crls: Vec<Vec<u8>>,
}

impl Case {
    pub(crate) fn message(&self) -> Result<Message, String> {
        let decode = |text: &String| STANDARD.decode(text).map_err(|error| error.to_string());
        let all = |list: &[String]| list.iter().map(decode).collect::<Result<Vec<_>, _>>();
        Ok(Message {
            leaf: decode(&self.leaf)?,
            intermediates: all(&self.intermediates)?,
            roots: all(&self.roots)?,
            crls: all(&self.crls)?,
        })
    }
}

pub(crate) fn cases(bytes: &[u8]) -> Result<Vec<Case>, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let mut report = Report::default();
    for case in cases(bytes)? {
        let message = case.message()?;
        let seconds = extended(&case.now)?.unix_seconds();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let result = judge(&message, now);
        let got = match &result {
            Ok(()) => "accept".to_owned(),
            Err(_) => "refuse".to_owned(),
        };
        let verdict = match (&result, &case.optional) {
            (Err(refusal), Some(reason)) if case.expected == "accept" => {
                Verdict::Skipped(format!("{reason} ({refusal})"))
            }
            (Err(refusal), _) if case.expected != "refuse" => Verdict::of(&case.expected, refusal),
            _ => Verdict::of(&case.expected, got),
        };
        report.add(&case.name, verdict);
    }
    Ok(report)
}

fn judge(message: &Message, now: UnixTime) -> Result<(), Refusal> {
    let profile = Profile::strict();
    // A CA that cannot be registered is not there.
    let authorities = message
        .roots
        .iter()
        .filter_map(|der| Authority::new(der, &profile).ok());
    let mut verifier = PathVerifier::new(Authorities::new(authorities)).known_by_common_name();
    if !message.crls.is_empty() {
        let lists = message
            .crls
            .iter()
            .map(|der| RevocationList::new(der, &profile))
            .collect::<Result<Vec<_>, _>>()?;
        let lists = RevocationLists::new(lists, RevocationPolicy::default());
        verifier = verifier.with_revocation(lists);
    }
    if message.roots.contains(&message.leaf) {
        verifier.verify_itself(&message.leaf, now)?;
    } else {
        let intermediates: Vec<&[u8]> = message.intermediates.iter().map(Vec::as_slice).collect();
        verifier.verify(&message.leaf, &intermediates, now)?;
    }
    PrincipalRule::common_name()
        .or(PrincipalRule::certificate_id())
        .for_mqtt()
        .principal(&Certificate::parse(&message.leaf)?)?;
    Ok(())
}
