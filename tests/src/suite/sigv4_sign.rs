//! `sigv4-botocore.json`: requests that botocore signed, with every step of the calculation.

use serde::Deserialize;
use sigv4::{
    Credentials, Expires, Payload, Region, Request, Scratch, Service, Signer, Timestamp,
    TokenPlacement,
};

use crate::{Report, Verdict};

#[derive(Deserialize)]
struct Case {
    name: String,
    mode: String,
    request: Message,
    credentials: Keys,
    region: String,
    service: String,
    timestamp: String,
    options: Options,
    expected: Expected,
}

#[derive(Deserialize)]
struct Message {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Deserialize)]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

#[derive(Deserialize)]
struct Options {
    expires: Option<u32>,
    double_encode_path: bool,
    normalize_path: bool,
    payload: String,
    content_sha256_header: bool,
    date_header: String,
    token: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    canonical_request: String,
    string_to_sign: String,
    signature: String,
    authorization: Option<String>,
    added_headers: Option<Vec<(String, String)>>,
    url: Option<String>,
}

/// What was computed for one case, to be laid beside what was expected.
#[derive(Default)]
struct Outcome {
    signature: String,
    authorization: Option<String>,
    headers: Vec<(String, String)>,
    target: Option<String>,
}

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let cases: Vec<Case> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    for case in cases {
        let mut scratch = Scratch::new();
        let verdict = match sign(&case, &mut scratch) {
            Ok(outcome) => judge(&case, &outcome, &scratch),
            Err(error) => Verdict::of("a signature", &error),
        };
        report.add(&case.name, verdict);
    }
    Ok(report)
}

fn sign(case: &Case, scratch: &mut Scratch) -> Result<Outcome, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let options = &case.options;
    let keys = &case.credentials;
    let mut credentials = Credentials::new(&*keys.access_key_id, &*keys.secret_access_key)
        .map_err(|error| text(&error))?;
    if let Some(token) = &keys.session_token {
        credentials = credentials
            .with_session_token(&**token)
            .map_err(|error| text(&error))?;
    }
    let placement = match options.token.as_deref() {
        None => TokenPlacement::Absent,
        Some("signed") => TokenPlacement::Signed,
        Some("appended-unsigned") => TokenPlacement::Appended,
        Some(other) => return Err(format!("unknown token option `{other}`")),
    };
    let service = Service::new(case.service.clone())
        .map_err(|error| text(&error))?
        .with_double_encoding(options.double_encode_path)
        .with_path_normalization(options.normalize_path)
        .with_content_sha256_header(options.content_sha256_header)
        .with_token(placement);
    let region = Region::new(case.region.clone()).map_err(|error| text(&error))?;
    let mut signer = Signer::new(credentials, region, service);
    let payload = match options.payload.as_str() {
        "signed" => Payload::Body(case.request.body.as_bytes()),
        "unsigned" => Payload::Unsigned,
        other => return Err(format!("unknown payload option `{other}`")),
    };
    let at = extended(&case.timestamp)?;

    let mut headers = case.request.headers.clone();
    let mut own = Vec::new();
    match options.date_header.as_str() {
        "X-Amz-Date" => {}
        "Date" => {
            own.push(("Date".to_owned(), http_date(at)));
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
            headers.extend(own.iter().cloned());
            signer = signer.with_own_date_header();
        }
        other => return Err(format!("unknown date header `{other}`")),
    }
    let request = Request::new(&case.request.method, &case.request.target, &headers);
    if case.mode == "header" {
        let signed = signer
            .sign(&request, payload, at, scratch)
            .map_err(|error| text(&error))?;
        let added = signed
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.extend(added);
        return Ok(Outcome {
            signature: signed.signature().to_string(),
            authorization: Some(signed.authorization().to_owned()),
            headers: own,
            target: None,
        });
    }
    let expires = options
        .expires
        .ok_or("a presigned case without a lifetime")?;
    let expires = Expires::from_secs(expires).map_err(|error| text(&error))?;
    let presigned = signer
        .presign(&request, payload, expires, at, scratch)
        .map_err(|error| text(&error))?;
    Ok(Outcome {
        signature: presigned.signature().to_string(),
        target: Some(presigned.as_str().to_owned()),
        ..Outcome::default()
    })
}

fn judge(case: &Case, outcome: &Outcome, scratch: &Scratch) -> Verdict {
    let expected = &case.expected;
    let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let mut lines = vec![
        (
            expected.canonical_request.clone(),
            lossy(scratch.canonical_request()),
        ),
        (
            expected.string_to_sign.clone(),
            lossy(scratch.string_to_sign()),
        ),
        (expected.signature.clone(), outcome.signature.clone()),
    ];
    if let Some(authorization) = &expected.authorization {
        lines.push((
            authorization.clone(),
            outcome.authorization.clone().unwrap_or_default(),
        ));
    }
    if let Some(headers) = &expected.added_headers {
        lines.push((sorted(headers), sorted(&outcome.headers)));
    }
    if let Some(url) = &expected.url {
        let target = outcome.target.clone().unwrap_or_default();
        lines.push((parameters(url), parameters(&target)));
    }
    lines
        .iter()
        .map(|(expected, got)| Verdict::of(expected, got))
        .find(|verdict| !matches!(verdict, Verdict::Passed))
        .unwrap_or(Verdict::Passed)
}

fn sorted(headers: &[(String, String)]) -> String {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{}: {value}", name.to_ascii_lowercase()))
        .collect();
    lines.sort();
    lines.join("\n")
}

/// The query parameters of a URL in their order; `a` and `a=` are one spelling.
fn parameters(url: &str) -> String {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some(_) => format!("{parameter}\n"),
            None => format!("{parameter}=\n"),
        })
        .collect()
}

/// Reads `YYYY-MM-DDTHH:MM:SSZ`.
pub(super) fn extended(text: &str) -> Result<Timestamp, String> {
    let basic: String = text.chars().filter(|&c| c != '-' && c != ':').collect();
    Timestamp::parse(&basic).map_err(|error| format!("{text}: {error}"))
}

/// The date as `email.utils.formatdate` writes it, which is where botocore takes it from.
fn http_date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = at.to_string();
    let days = usize::try_from(at.unix_seconds() / 86_400).unwrap_or(0);
    let month: usize = text[4..6].parse().unwrap_or(1);
    format!(
        "{}, {} {} {} {}:{}:{} -0000",
        DAYS[days % 7],
        &text[6..8],
        MONTHS[month - 1],
        &text[..4],
        &text[9..11],
        &text[11..13],
        &text[13..15]
    )
}
