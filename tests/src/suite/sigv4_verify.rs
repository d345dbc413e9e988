//! `sigv4-verify.json`: requests as they arrive, and whether they are genuine.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use sigv4::{
    Expires, KeyRecord, Policy, Region, Request, Scratch, SecretAccessKey, Service, SessionToken,
    TokenPlacement, Verifier,
};

use super::sigv4_sign::extended;
use crate::{Report, Verdict};

#[derive(Deserialize)]
struct File {
    keys: HashMap<String, Key>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Key {
    secret: String,
    token: Option<String>,
    token_expires: Option<String>,
    #[serde(default)]
    disabled: bool,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    expect: String,
    error: Option<String>,
    now: String,
    policy: Rules,
    request: Message,
}

#[derive(Deserialize)]
struct Rules {
    region: String,
    service: String,
    skew: u64,
    allow_unsigned_payload: bool,
    default_expires: Option<u32>,
    token_mode: String,
    s3: bool,
}

#[derive(Deserialize)]
struct Message {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

type Store = HashMap<String, KeyRecord<String>>;

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let store = store(file.keys)?;
    let mut report = Report::default();
    let mut scratch = Scratch::new();
    for case in &file.cases {
        let outcome = verify(case, &store, &mut scratch)?;
        let expected = match (case.expect.as_str(), &case.error) {
            ("accept", _) => "accept".to_owned(),
            ("refuse", Some(error)) => error.clone(),
            (other, _) => return Err(format!("{}: unknown expectation `{other}`", case.name)),
        };
        if outcome != expected && outcome != "accept" && expected != "accept" {
            // A refusal for another reason than the one that was asked for.
            let name = &case.name;
            report.add_failure_line(format!(
                "WRONG-ERROR {name}: expected {expected}, got {outcome}"
            ));
        } else {
            report.add(&case.name, Verdict::of(expected, outcome));
        }
    }
    Ok(report)
}

/// Every request as it would stand on the wire, but for the version and with bare line feeds.
pub(crate) fn requests(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let lines = |message: &Message| {
        let headers = message
            .headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"));
        let head = format!("{} {}\n", message.method, message.target);
        format!("{head}{}\n{}", headers.collect::<String>(), message.body).into_bytes()
    };
    Ok(file.cases.iter().map(|case| lines(&case.request)).collect())
}

/// A disabled key is one that the store does not give out.
fn store(keys: HashMap<String, Key>) -> Result<Store, String> {
    let mut store = HashMap::new();
    for (id, key) in keys.into_iter().filter(|(_, key)| !key.disabled) {
        let secret = Arc::new(SecretAccessKey::new(key.secret));
        let record = match key.token {
            Some(token) => {
                let expires = key.token_expires.as_deref().map(extended).transpose()?;
                KeyRecord::temporary(secret, SessionToken::new(token), expires, id.clone())
            }
            None => KeyRecord::long_term(secret, id.clone()),
        };
        store.insert(id, record);
    }
    Ok(store)
}

fn service(rules: &Rules) -> Result<Service, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let service = if rules.s3 {
        Service::s3()
    } else {
        Service::new(rules.service.clone()).map_err(|error| text(&error))?
    };
    let lifetime = rules.default_expires.map(Expires::from_secs).transpose();
    let placement = match rules.token_mode.as_str() {
        "signed" => TokenPlacement::Signed,
        "appended" => TokenPlacement::Appended,
        other => return Err(format!("unknown token mode `{other}`")),
    };
    Ok(service
        .with_default_lifetime(lifetime.map_err(|error| text(&error))?)
        .with_token(placement))
}

/// Runs a case in one call and in two steps with the body in pieces; the two may differ only in that a body that is
/// still to come cannot be found wrong before the signature is.
fn verify(case: &Case, store: &Store, scratch: &mut Scratch) -> Result<String, String> {
    let rules = &case.policy;
    let region = Region::new(rules.region.clone()).map_err(|error| error.to_string())?;
    let mut policy =
        Policy::new(region, [service(rules)?]).with_skew(Duration::from_secs(rules.skew));
    if rules.allow_unsigned_payload {
        policy = policy.dangerous_accept_unsigned_payload();
    }
    let verifier = Verifier::new(policy);
    let message = &case.request;
    let body = message.body.as_bytes();
    let request = Request::new(&message.method, &message.target, &message.headers);
    let now = extended(&case.now)?;

    let whole = verifier.verify(&request, body, now, scratch, |id| {
        Ok(store.get(id).cloned())
    });
    let pieces = verifier.head(&request, now, scratch).and_then(|claim| {
        let record = store.get(claim.access_key_id()).cloned();
        let mut pending = claim.authenticate(record)?;
        body.chunks(3).for_each(|piece| pending.update(piece));
        pending.finish()
    });
    let name = |result: &Result<sigv4::Verified<String>, sigv4::VerifyError>| match result {
        Ok(verified) if verified.identity() != verified.access_key_id() => {
            "the identity of another key".to_owned()
        }
        Ok(_) => "accept".to_owned(),
        Err(error) => error.kind().name().to_owned(),
    };
    let (whole, pieces) = (name(&whole), name(&pieces));
    let body_seen_late = whole == "PayloadMismatch" && pieces == "SignatureDoesNotMatch";
    if whole == pieces || body_seen_late {
        Ok(whole)
    } else {
        Ok(format!("{whole} in one call, {pieces} in two steps"))
    }
}
