//! `sigv4` against other signers: the suite that AWS ships inside the `aws-sigv4` package, `aws-sigv4` itself over the grammar both
//! read alike, each known difference as a test of its own, and botocore where Python has it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;
use sigv4::{
    Credentials, Expires, Payload, Region, Request, Scratch, Service, Signer, Timestamp,
    TokenPlacement,
};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// Cases of the AWS suite that are not followed, and why. One that passes after all fails the test.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "get-space-normalized",
        "the request was edited to `%20`, the expectations are still those of a raw space",
    ),
    (
        "get-space-unnormalized",
        "a raw space in a request line is no HTTP, and is refused",
    ),
    (
        "get-utf8",
        "its presigned form keeps raw bytes in the URL; here a URL is signed as it will be sent, escaped",
    ),
    ("double-encode-path", "an old case without a context file"),
    ("double-url-encode", "an old case without a context file"),
];

/// Where cargo keeps the source of a dependency of this package.
fn package_folder(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--manifest-path",
        ])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let package = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .find(|package| package["name"] == name)
        .unwrap();
    Path::new(package["manifest_path"].as_str().unwrap())
        .parent()
        .unwrap()
        .to_owned()
}

struct Case {
    folder: PathBuf,
    context: Value,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Case {
    fn read(folder: &Path) -> Option<Self> {
        let context = std::fs::read(folder.join("context.json")).ok()?;
        let request = std::fs::read_to_string(folder.join("request.txt")).unwrap();
        let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap();
        let (method, rest) = first.split_once(' ').unwrap();
        let target = rest.rsplit_once(' ').map_or(rest, |(target, _)| target);
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            // A line that begins with white space goes on with the value before it (RFC 9112 §5.2).
            match line
                .split_once(':')
                .filter(|_| !line.starts_with([' ', '\t']))
            {
                Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
                None => headers.last_mut().unwrap().1.push_str(&format!("\n{line}")),
            }
        }
        Some(Self {
            folder: folder.to_owned(),
            context: serde_json::from_slice(&context).unwrap(),
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: body.to_owned(),
        })
    }

    fn expected(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.join(file)).unwrap()
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.context.pointer(pointer)?.as_str()
    }

    /// The first line that differs, if any does.
    fn judge(&self) -> Result<(), String> {
        let fail = |error: &dyn std::fmt::Display| error.to_string();
        let mut credentials = Credentials::new(
            self.text("/credentials/access_key_id").unwrap(),
            self.text("/credentials/secret_access_key").unwrap(),
        )
        .unwrap();
        let omitted = self.context["omit_session_token"] == true;
        if let Some(token) = self.text("/credentials/token") {
            credentials = credentials
                .with_session_token(token)
                .map_err(|error| error.to_string())?;
        }
        let service = Service::new(self.text("/service").unwrap().to_owned())
            .unwrap()
            .with_path_normalization(self.context["normalize"] == true)
            .with_content_sha256_header(self.context["sign_body"] == true)
            .with_token(if omitted {
                TokenPlacement::Appended
            } else {
                TokenPlacement::Signed
            });
        let at: String = self
            .text("/timestamp")
            .unwrap()
            .chars()
            .filter(|&c| c != '-' && c != ':')
            .collect();
        let at = Timestamp::parse(&at).unwrap();
        let signer = Signer::new(
            credentials,
            Region::new(self.text("/region").unwrap().to_owned()).unwrap(),
            service,
        );
        let mut scratch = Scratch::new();
        let request = Request::new(&self.method, &self.target, &self.headers);
        let same = |what: &str, got: &str| {
            let expected = self.expected(what);
            if expected == got {
                Ok(())
            } else {
                Err(format!("{what}: expected {expected:?}, got {got:?}"))
            }
        };
        let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();

        let signed = signer
            .sign(
                &request,
                Payload::Body(self.body.as_bytes()),
                at,
                &mut scratch,
            )
            .map_err(|error| fail(&error))?;
        same(
            "header-canonical-request.txt",
            &lossy(scratch.canonical_request()),
        )?;
        same(
            "header-string-to-sign.txt",
            &lossy(scratch.string_to_sign()),
        )?;
        same("header-signature.txt", &signed.signature().to_string())?;
        let seconds =
            u32::try_from(self.context["expiration_in_seconds"].as_u64().unwrap()).unwrap();
        let body = Payload::Body(self.body.as_bytes());
        let presigned = signer
            .presign(
                &request,
                body,
                Expires::from_secs(seconds).unwrap(),
                at,
                &mut scratch,
            )
            .map_err(|error| fail(&error))?;
        same(
            "query-canonical-request.txt",
            &lossy(scratch.canonical_request()),
        )?;
        same("query-string-to-sign.txt", &lossy(scratch.string_to_sign()))?;
        same("query-signature.txt", &presigned.signature().to_string())
    }
}

#[test]
fn the_aws_suite() {
    let suite = package_folder("aws-sigv4")
        .join("aws-signing-test-suite")
        .join("v4");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&suite)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let (mut passed, mut wrong) = (0, Vec::new());
    for folder in &folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let exception = EXCEPTIONS.iter().find(|(known, _)| *known == name);
        let result = Case::read(folder)
            .ok_or("no context".to_owned())
            .and_then(|case| case.judge());
        match (result, exception) {
            (Ok(()), None) => passed += 1,
            (Ok(()), Some(_)) => wrong.push(format!("{name} passes: it is no exception any more")),
            (Err(_), Some(_)) => {}
            (Err(error), None) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (name, _) in EXCEPTIONS {
        let is_met = folders.iter().any(|folder| folder.ends_with(name));
        assert!(is_met, "{name} is no case of the suite any more");
    }
    assert!(passed >= 35, "only {passed} of {} cases", folders.len());
}

/// `SystemTime` of the fixed moment.
fn moment() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(now().unix_seconds())
}

fn now() -> Timestamp {
    Timestamp::parse("20260301T120000Z").unwrap()
}

fn sdk(url: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let identity = aws_credential_types::Credentials::from_keys(ID, SECRET, None).into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("execute-api")
        .time(moment())
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let request = SignableRequest::new(
        "POST",
        url,
        headers.iter().copied(),
        SignableBody::Bytes(body),
    )
    .unwrap();
    sign(request, &params.into()).unwrap().into_parts().1
}

fn own(target: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let signer = Signer::new(
        Credentials::new(ID, SECRET).unwrap(),
        Region::new("us-east-1").unwrap(),
        Service::new("execute-api").unwrap(),
    );
    let mut all = vec![("host", "example.com")];
    all.extend_from_slice(headers);
    let request = Request::new("POST", target, all.as_slice());
    signer
        .sign(&request, Payload::Body(body), now(), &mut Scratch::new())
        .unwrap()
        .signature()
        .to_string()
}

/// A small generator of its own (xorshift), so that a failure can be made again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn text(&mut self, words: &[&str], longest: usize) -> String {
        (0..self.below(longest + 1))
            .map(|_| words[self.below(words.len())])
            .collect()
    }
}

const PATH: &[&str] = &[
    "a",
    "B",
    "0",
    "-",
    ".",
    "_",
    "~",
    "/",
    "//",
    "/./",
    "/../",
    "%20",
    "%2F",
    "%2f",
    "%7E",
    "%E2%82%AC",
    "%25",
    "!",
    "$",
    "'",
    "(",
    ")",
    "*",
    ",",
    ";",
    ":",
    "@",
    "=",
    "&",
];

/// A path that does not end in a dot segment, where the signers differ.
fn path(numbers: &mut Numbers) -> String {
    format!("/{}z", numbers.text(PATH, 12))
}

#[test]
fn the_same_signatures_as_the_sdk() {
    const QUERY: &[&str] = &[
        "a",
        "B",
        "0",
        "~",
        "/",
        "?",
        "&a",
        "&b",
        "&A",
        "%20",
        "%2F",
        "%2f",
        "%7E",
        "%E2%82%AC",
        "%25",
        "%26",
        "%3D",
        "=",
        "!",
        "'",
        "*",
        ";",
        ":",
    ];
    let mut numbers = Numbers(11);
    for number in 0..5000 {
        let mut target = path(&mut numbers);
        if numbers.below(3) > 0 {
            target.push_str(&format!("?q{}", numbers.text(QUERY, 12)));
        }
        let values = [
            numbers.text(&["a", " ", "  ", "\"", ","], 8),
            numbers.text(&["b", ";", "="], 8),
        ];
        let headers = [
            ("x-a", values[0].as_str()),
            ("x-amz-meta-b", values[1].as_str()),
            ("x-a", "last"),
        ];
        let headers = &headers[..numbers.below(4)];
        let body = numbers.text(&["a", "\u{20ac}", "\0"], 50);
        let theirs = sdk(
            &format!("https://example.com{target}"),
            headers,
            body.as_bytes(),
        );
        assert_eq!(
            own(&target, headers, body.as_bytes()),
            theirs,
            "{number}: {target} {headers:?}"
        );
    }
}

/// Where this crate and the SDK for Rust differ, and the others side with this crate.
mod divergences {
    use super::{now, own, sdk};

    #[track_caller]
    fn differs(target: &str, sdk_reads_it_as: &str) {
        let theirs = sdk(&format!("https://example.com{target}"), &[], b"");
        assert_ne!(
            own(target, &[], b""),
            theirs,
            "{target}: no divergence any more"
        );
        assert_eq!(
            own(sdk_reads_it_as, &[], b""),
            theirs,
            "{target}: another divergence than was thought"
        );
    }

    /// smithy-rs#4227: the SDK reads a query as a form. The C runtime signs `+` as itself.
    #[test]
    fn plus_in_a_query() {
        differs("/?q=a+b", "/?q=a%20b");
    }

    /// Bytes that are not UTF-8 become U+FFFD there, and stay what they are here.
    #[test]
    fn bytes_that_are_not_text() {
        differs("/?q=%FF", "/?q=%EF%BF%BD");
    }

    /// botocore and the C runtime leave no slash where a last dot segment was.
    #[test]
    fn a_last_dot_segment() {
        differs("/a/b/..", "/a/");
        differs("/a/.", "/a/");
    }

    /// botocore makes a space of a tab inside a value.
    #[test]
    fn a_tab_in_a_value() {
        let theirs = sdk("https://example.com/", &[("x-tab", "a\tb")], b"");
        assert_ne!(own("/", &[("x-tab", "a\tb")], b""), theirs);
        assert_eq!(
            own("/", &[("x-tab", "a\tb")], b""),
            sdk("https://example.com/", &[("x-tab", "a b")], b"")
        );
    }

    /// botocore leaves `expect` unsigned, since clients take it away.
    #[test]
    fn expect_is_not_signed() {
        let theirs = sdk("https://example.com/", &[("expect", "100-continue")], b"");
        assert_ne!(own("/", &[("expect", "100-continue")], b""), theirs);
        assert_eq!(
            own("/", &[("expect", "100-continue")], b""),
            sdk("https://example.com/", &[], b"")
        );
    }

    /// Signed there as `%25zz`; an error here, since no verifier could tell what was meant.
    #[test]
    fn escapes_that_are_none() {
        let _ = sdk("https://example.com/?q=%zz", &[], b"");
        let signer = sigv4::Signer::new(
            sigv4::Credentials::new("AKID", "s").unwrap(),
            sigv4::Region::new("us-east-1").unwrap(),
            sigv4::Service::new("execute-api").unwrap(),
        );
        let headers = [("host", "example.com")];
        let request = sigv4::Request::new("GET", "/?q=%zz", headers.as_slice());
        let error = signer
            .sign(
                &request,
                sigv4::Payload::Empty,
                now(),
                &mut sigv4::Scratch::new(),
            )
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.offset()),
            (sigv4::SignErrorKind::Target, Some(4))
        );
    }

    /// The SDK signs `h:443` for `wss`, which no client sends.
    #[test]
    fn the_default_port_of_wss() {
        let at_port = sdk("wss://example.com:443/", &[], b"");
        assert_ne!(own("/", &[], b""), at_port);
        assert_eq!(
            own("/", &[], b""),
            sdk("https://example.com:443/", &[], b"")
        );
    }
}

/// Reads lines of JSON `[target, [[name, value]…], body]`, answers with lines of signatures.
const ORACLE: &str = r#"
import sys, json, datetime
import botocore.auth, botocore.compat
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
fixed = datetime.datetime(2026, 3, 1, 12, 0, 0)
for module in (botocore.auth, botocore.compat):
    if hasattr(module, "get_current_datetime"):
        module.get_current_datetime = lambda remove_tzinfo=True: fixed
credentials = Credentials(sys.argv[1], sys.argv[2])
auth = {s3: kind(credentials, "s3" if s3 else "execute-api", "us-east-1")
        for s3, kind in ((False, botocore.auth.SigV4Auth), (True, botocore.auth.S3SigV4Auth))}
for line in sys.stdin:
    s3, target, headers, body = json.loads(line)
    request = AWSRequest(method="POST", url="https://example.com" + target, data=body.encode())
    for name, value in headers:
        request.headers.add_header(name, value)
    auth[s3].add_auth(request)
    print(request.headers["Authorization"].rsplit("=", 1)[1])
"#;

/// BC-063: 100,000 random requests have the signatures that botocore makes.
#[test]
#[ignore = "takes a quarter of a minute: run by `cargo xtask check`"]
fn the_same_signatures_as_botocore() {
    same_as_botocore(100_000);
}

#[test]
fn the_same_signatures_as_botocore_for_a_few() {
    same_as_botocore(500);
}

fn same_as_botocore(count: usize) {
    // botocore signs a query as it is spelt, so only one spelling of each character is in it, and no empty parameters.
    const QUERY: &[&str] = &[
        "a",
        "B",
        "0",
        "~",
        "-",
        "&a=",
        "&b=",
        "&A=",
        "%20",
        "%2F",
        "%E2%82%AC",
        "%25",
        "%26",
        "%3D",
        "%FF",
    ];
    let python = Command::new("python3")
        .args(["-c", "import botocore"])
        .output();
    if !python.is_ok_and(|output| output.status.success()) {
        println!("skipped: python3 has no botocore here");
        return;
    }
    let mut numbers = Numbers(5);
    let (mut input, mut ours) = (String::new(), Vec::new());
    for number in 0..count {
        let s3 = number % 2 == 1;
        let target = format!("{}?q={}", path(&mut numbers), numbers.text(QUERY, 8));
        let body = numbers.text(&["a", "\u{20ac}", "\""], 20);
        let mut headers: Vec<(&str, String)> = vec![("Host", "example.com".to_owned())];
        for name in ["X-A", "x-amz-meta-b", "X-A", "User-Agent", "Accept"] {
            if numbers.below(2) == 0 {
                headers.push((name, numbers.text(&["a", " ", "  ", "\"", ",", "\t"], 8)));
            }
        }
        let service = if s3 {
            Service::s3()
        } else {
            Service::new("execute-api").unwrap()
        };
        let signer = Signer::new(
            Credentials::new(ID, SECRET).unwrap(),
            Region::new("us-east-1").unwrap(),
            service,
        );
        let request = Request::new("POST", &target, &headers);
        let signed = signer
            .sign(
                &request,
                Payload::Body(body.as_bytes()),
                now(),
                &mut Scratch::new(),
            )
            .unwrap()
            .signature()
            .to_string();
        let line = serde_json::json!([s3, target, headers, body]);
        input.push_str(&format!("{line}\n"));
        ours.push((signed, line));
    }
    let mut oracle = Command::new("python3")
        .args(["-c", ORACLE, ID, SECRET])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = oracle.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = oracle.wait_with_output().unwrap();
    feeder.join().unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    let theirs: Vec<&str> = theirs.lines().collect();
    assert_eq!(theirs.len(), count);
    let mut different = BTreeMap::new();
    for ((own, line), their) in ours.iter().zip(theirs) {
        if own != their {
            different.insert(line.to_string(), their);
        }
    }
    assert!(
        different.is_empty(),
        "{} differ, such as {:?}",
        different.len(),
        different.iter().next()
    );
}
