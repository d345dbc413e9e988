//! A small command: presign a WebSocket URL, sign a request as a `curl` line, explain why a request does not verify.
//!
//! ```sh
//! cargo run --example sigv4 --features environment -- presign-mqtt us-east-1 a1b2-ats.iot.us-east-1.amazonaws.com
//! cargo run --example sigv4 --features environment -- curl us-east-1 iotdata POST 'https://host/topics/a%2Fb?qos=1' '{}'
//! cargo run --example sigv4 --features environment -- explain us-east-1 iotdata < request.http
//! ```
//!
//! Credentials come from where the SDKs look. `explain` reads a request as it stood on the wire, judges it as of its own date, so that
//! an old one can be looked at, and prints what this side signs: lay it beside what the client printed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "an example prints, and reads as an application would, which names the standard library `std`"
)]

use std::error::Error;
use std::io::Read as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use sigv4::{
    AnswerTable, Credentials, Payload, Policy, Region, Request, Scratch, SecretAccessKey, Service,
    SessionToken, Signer, Timestamp, Verifier,
};

const USAGE: &str = "usage: sigv4 presign-mqtt REGION ENDPOINT
       sigv4 curl REGION SERVICE METHOD URL [BODY]
       sigv4 explain REGION SERVICE < REQUEST";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["presign-mqtt", region, endpoint] => presign_mqtt(region, endpoint),
        ["curl", region, service, method, url] => curl(region, service, method, url, ""),
        ["curl", region, service, method, url, body] => curl(region, service, method, url, body),
        ["explain", region, service] => explain(region, service),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sigv4: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<ExitCode, Box<dyn Error>>;

fn presign_mqtt(region: &str, endpoint: &str) -> Outcome {
    let signer = Signer::new(
        Credentials::from_environment()?,
        Region::new(region.to_owned())?,
        Service::iot_device_gateway(),
    );
    let now = Timestamp::try_from(SystemTime::now())?;
    let url = signer.presign_mqtt_websocket(endpoint, None, now, &mut Scratch::new())?;
    println!("{}", url.as_str());
    Ok(ExitCode::SUCCESS)
}

fn curl(region: &str, service: &str, method: &str, url: &str, body: &str) -> Outcome {
    let signer = Signer::new(
        Credentials::from_environment()?,
        Region::new(region.to_owned())?,
        Service::new(service.to_owned())?,
    );
    let now = Timestamp::try_from(SystemTime::now())?;
    let (_, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
    let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = host
        .strip_suffix(if url.starts_with("https:") {
            ":443"
        } else {
            ":80"
        })
        .unwrap_or(host);
    let headers = [("host", host)];
    let request = Request::new(method, target, headers.as_slice());
    let signed = signer.sign(
        &request,
        Payload::Body(body.as_bytes()),
        now,
        &mut Scratch::new(),
    )?;
    // curl would otherwise remove `..` from what was signed (`--path-as-is`) and expand `[` and `{` in it (`-g`).
    print!(
        "curl -g --path-as-is -X {} -H {}",
        quoted(method),
        quoted(&format!("host: {host}"))
    );
    for (name, value) in signed.headers() {
        print!(" -H {}", quoted(&format!("{name}: {value}")));
    }
    if !body.is_empty() {
        // As it is, even if it begins with `@`. Without a type, curl would add one; it is not signed, so it may.
        print!(" --data-raw {}", quoted(body));
    }
    println!(" {}", quoted(url));
    Ok(ExitCode::SUCCESS)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn explain(region: &str, service: &str) -> Outcome {
    let mut raw = Vec::new();
    std::io::stdin().read_to_end(&mut raw)?;
    let split = raw
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map(|at| (at, 4));
    let split = split.or_else(|| {
        raw.windows(2)
            .position(|two| two == b"\n\n")
            .map(|at| (at, 2))
    });
    let (end, gap) = split.unwrap_or((raw.len(), 0));
    let head = std::str::from_utf8(raw.get(..end).unwrap_or_default())?;
    let body = raw.get(end.saturating_add(gap)..).unwrap_or_default();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (first.next(), first.next()) else {
        return Err("the first line is no request line".into());
    };
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();

    let own = Own::from_environment()?;
    let service = Service::new(service.to_owned())?;
    let verifier = Verifier::new(
        Policy::new(Region::new(region.to_owned())?, [service]).dangerous_accept_unsigned_payload(),
    );
    let request = Request::new(method, target, &headers);
    let mut scratch = Scratch::new();
    let at = match date_of(target, &headers) {
        Some(date) => Timestamp::parse(date).or_else(|_| Timestamp::parse_http_date(date))?,
        None => Timestamp::try_from(SystemTime::now())?,
    };
    let result = verifier.verify(&request, body, at, &mut scratch, |id| Ok(own.record(id)));
    println!("{}", scratch.explanation());
    match result {
        Ok(verified) => {
            println!(
                "genuine: signed with {} at {}, good until {}",
                verified.access_key_id(),
                verified.signed_at(),
                verified.valid_until()
            );
            if !verified.is_body_bound() {
                println!(
                    "the body is not signed (UNSIGNED-PAYLOAD): a service may refuse that, and anybody may change it"
                );
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let answer = AnswerTable::rest_json().answer(error.kind());
            println!(
                "{error}\na service would answer {} {}",
                answer.status(),
                answer.name()
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The date that a request says it was signed at.
fn date_of<'r>(target: &'r str, headers: &[(&'r str, &'r str)]) -> Option<&'r str> {
    let in_query = target
        .split(['?', '&'])
        .find_map(|piece| piece.strip_prefix("X-Amz-Date="));
    let in_header = |wanted: &str| {
        headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim())
    };
    in_query
        .or_else(|| in_header("x-amz-date"))
        .or_else(|| in_header("date"))
}

/// The one key this command knows: the caller's own.
struct Own {
    id: String,
    secret: Arc<SecretAccessKey>,
    token: Option<String>,
}

impl Own {
    fn from_environment() -> Result<Self, Box<dyn Error>> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let needed = "`explain` takes its key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
        Ok(Self {
            id: variable("AWS_ACCESS_KEY_ID").ok_or(needed)?,
            secret: Arc::new(SecretAccessKey::new(
                variable("AWS_SECRET_ACCESS_KEY").ok_or(needed)?,
            )),
            token: variable("AWS_SESSION_TOKEN"),
        })
    }

    fn record(&self, id: &str) -> Option<sigv4::KeyRecord<()>> {
        let secret = Arc::clone(&self.secret);
        (id == self.id).then(|| match &self.token {
            Some(token) => {
                sigv4::KeyRecord::temporary(secret, SessionToken::new(token.clone()), None, ())
            }
            None => sigv4::KeyRecord::long_term(secret, ()),
        })
    }
}
