//! Policy: whatever bytes arrive, the answer is a clear error or a right one; no panic, no stack
//! growth, no more memory and time than the bytes are worth. Rows of the bug classes by their ids.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::string_slice,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use shadow_doc::{
    Accepted, Depth, DuplicateKeys, EpochSeconds, JsonErrorKind, Limits, Operation, Owner, Patch,
    Profile, Rejection, RejectionKind, Request, Service, Shadow, State,
};
use support::{address, on_a_small_stack, random};

fn update(payload: &[u8]) -> Result<Accepted, Rejection> {
    update_with(Limits::default(), Profile::default(), payload)
}

fn update_with(limits: Limits, profile: Profile, payload: &[u8]) -> Result<Accepted, Rejection> {
    let address = address();
    let request = Request::new(&address, Operation::Update, payload);
    let mut shadow = Shadow::default();
    let result =
        Service::new(limits, profile).apply(&mut shadow, &request, EpochSeconds::default());
    if result.is_err() {
        assert_eq!(shadow, Shadow::default());
    }
    result
}

fn huge() -> Limits {
    let mut limits = Limits::default();
    limits.payload_bytes = 64 << 20;
    limits.document_bytes = 64 << 20;
    limits.depth = Depth::MAX;
    limits
}

/// BC-065: a megabyte of brackets, wherever they can stand.
#[test]
fn bc_065_depth_bombs_are_refused_on_a_small_stack() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let bomb = open.repeat(1 << 20);
        let closed = format!("{bomb}1{}", close.repeat(1 << 20));
        for frame in [
            "@",
            r#"{"state":@}"#,
            r#"{"state":{"desired":@}}"#,
            r#"{"state":{"desired":{"x":@}}}"#,
            r#"{"state":{"desired":{"x":[@]}}}"#,
            r#"{"state":{"other":@}}"#,
            r#"{"extra":@,"state":{}}"#,
            r#"{"version":@,"state":{}}"#,
            r#"{"clientToken":@,"state":{}}"#,
        ] {
            for bomb in [&bomb, &closed] {
                let payload = frame.replace('@', bomb).into_bytes();
                on_a_small_stack(move || {
                    let rejection = update_with(huge(), Profile::default(), &payload).unwrap_err();
                    assert_eq!(rejection.kind(), RejectionKind::TooDeep(Depth::MAX));
                    assert!(
                        rejection.offset().unwrap() < 2000,
                        "refused where it goes too deep"
                    );
                    for operation in [Operation::Get, Operation::Delete] {
                        let address = address();
                        let request = Request::new(&address, operation, &payload);
                        let mut shadow = Shadow::default();
                        let now = EpochSeconds::default();
                        let rejection = Service::new(huge(), Profile::default())
                            .apply(&mut shadow, &request, now)
                            .unwrap_err();
                        assert_eq!(rejection.kind(), RejectionKind::TooDeep(Depth::MAX));
                    }
                    assert!(Patch::from_json(&payload).is_err());
                });
            }
        }
    }
}

/// BC-066: at the deepest limit that can be set, everything runs on a stack of 64 KiB, also in a
/// debug build.
#[test]
fn bc_066_everything_at_the_deepest_limit_runs_on_a_small_stack() {
    let levels = usize::from(Depth::MAX.get());
    let deep = |leaf: &str| format!("{}{leaf}{}", r#"{"n":"#.repeat(levels), "}".repeat(levels));
    let arrays = format!(
        r#"{{"n":{}1{}}}"#,
        "[".repeat(levels - 1),
        "]".repeat(levels - 1)
    );
    for (a, b) in [
        (deep("1"), deep("2")),
        (deep("null"), deep("1")),
        (arrays, deep("true")),
    ] {
        on_a_small_stack(move || {
            let payload = format!(r#"{{"state":{{"desired":{a},"reported":{b}}}}}"#);
            let address = address();
            let service = Service::new(huge(), Profile::default());
            let mut shadow = Shadow::default();
            let now = EpochSeconds::default();
            for payload in [&payload, &payload.replace(":1", ":3")] {
                let request = Request::new(&address, Operation::Update, payload.as_bytes());
                let accepted = service.apply(&mut shadow, &request, now).unwrap();
                drop(accepted.to_documents());
            }
            let get = Request::new(&address, Operation::Get, b"");
            service.apply(&mut shadow, &get, now).unwrap();
            let again = Shadow::from_bytes(&shadow.to_bytes()).unwrap();
            assert_eq!(again, shadow);
            let a = Patch::from_json(a.as_bytes()).unwrap();
            let b = State::from_json(b.as_bytes(), now).unwrap();
            let mut c = State::default();
            c.merge(&a);
            drop(a.then(&Patch::from(b.clone())));
            drop(b.patch_to(&c, now));
            drop(State::three_way(&c, &b, &c, Owner::Newest));
            drop(b.delta(&c));
            drop((again, shadow, a, b, c));
        });
    }
}

/// BC-067: what is kept and written of a state is no longer than what was sent.
#[test]
fn bc_067_escaping_does_not_grow() {
    let mut rng = SmallRng::seed_from_u64(67);
    let pieces = [
        r"\u0000",
        r"\u001f",
        r"\n",
        r"\/",
        r"\u00e9",
        r"\ud83d\ude00",
        "é",
        r#"\""#,
        r"\\",
        "\u{7f}",
    ];
    for _ in 0..2_000 {
        let text: String = (0..20)
            .map(|_| pieces[rng.random_range(0..pieces.len())])
            .collect();
        let payload = format!(r#"{{"{text}":"{text}"}}"#);
        let state = State::from_json(payload.as_bytes(), EpochSeconds::default()).unwrap();
        assert!(state.to_json().len() <= payload.len());
        assert!(state.heap_bytes() <= 2 * payload.len() + 16);
        assert_eq!(
            support::json(&state.to_json()),
            support::json(payload.as_bytes())
        );
    }
}

/// BC-068: names that mean something to a JavaScript reader are names.
#[test]
fn bc_068_names_of_the_prototype_chain_are_data() {
    let desired =
        r#"{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}},"toString":null}"#;
    let accepted = update(format!(r#"{{"state":{{"desired":{desired}}}}}"#).as_bytes()).unwrap();
    let response = support::json(accepted.response());
    assert_eq!(response["state"]["desired"]["__proto__"]["admin"], true);
    assert_eq!(
        response["state"]["desired"]["constructor"]["prototype"]["x"],
        1
    );
    let delta = support::json(accepted.delta().unwrap());
    assert_eq!(delta["state"].as_object().unwrap().len(), 2);
}

/// BC-069: one reading of texts that parsers read differently.
#[test]
fn bc_069_duplicate_names_and_large_numbers_have_one_reading() {
    let reported = |json: &str| {
        update(format!(r#"{{"state":{{"reported":{json}}}}}"#).as_bytes()).map(|accepted| {
            let response = String::from_utf8(accepted.response().to_vec()).unwrap();
            let start = r#"{"state":{"reported":"#.len();
            response[start..response.find(r#"},"metadata""#).unwrap()].to_owned()
        })
    };
    // The last of two names counts, at every level, however it is spelled.
    assert_eq!(
        reported(r#"{"a":1,"b":0,"a":2}"#).unwrap(),
        r#"{"a":2,"b":0}"#
    );
    assert_eq!(
        reported(r#"{"a":{"x":1},"\u0061":{"y":2}}"#).unwrap(),
        r#"{"a":{"y":2}}"#
    );
    assert_eq!(
        reported(r#"{"a":[{"k":1,"k":2}]}"#).unwrap(),
        r#"{"a":[{"k":2}]}"#
    );
    assert_eq!(reported(r#"{"a":1,"a":null}"#).unwrap(), r#"{"a":null}"#);
    // Numbers are the text they came as.
    for number in [
        "9007199254740993",
        "-0",
        "1.0",
        "0.10",
        "18446744073709551615",
        "1E+2",
        "1e-400",
        "123456789012345678901234567890",
        "0.1000000000000000055511151231257827",
    ] {
        assert_eq!(
            reported(&format!(r#"{{"a":{number}}}"#)).unwrap(),
            format!(r#"{{"a":{number}}}"#)
        );
    }
    for number in ["1e400", "-1e400", "1e999999999999999999999"] {
        let rejection = reported(&format!(r#"{{"a":{number}}}"#)).unwrap_err();
        assert_eq!(
            rejection.kind(),
            RejectionKind::InvalidJson(JsonErrorKind::NumberOutOfRange)
        );
    }
    // At the top of the request too.
    let accepted = update(br#"{"state":5,"version":"x","state":{},"version":0}"#).unwrap_err();
    assert_eq!(
        accepted.code(),
        409,
        "the last `state` and the last `version` count"
    );
}

/// What is JSON and is refused for what it says has its token echoed; what is none has not.
#[test]
fn a_rejection_of_json_carries_the_token() {
    let deep = format!("{}1{}", r#"{"n":"#.repeat(9), "}".repeat(9));
    for (desired, has_token) in [
        (r#"{"a":[null]}"#, true),
        (r#"{"a":1e400}"#, true),
        (deep.as_str(), true),
        (r#"{"a":01}"#, false),
        (r#"{"a":}"#, false),
    ] {
        let payload = format!(r#"{{"state":{{"desired":{desired}}},"clientToken":"t1"}}"#);
        let rejection = update(payload.as_bytes()).unwrap_err();
        let payload = support::json(&rejection.to_payload());
        assert_eq!(payload.get("clientToken").is_some(), has_token, "{desired}");
    }
    let mut limits = Limits::default();
    limits.client_token_bytes = 100;
    let token = "x".repeat(90);
    let payload = format!(r#"{{"state":{{"desired":{{"a":[null]}}}},"clientToken":"{token}"}}"#);
    let rejection = update_with(limits, Profile::default(), payload.as_bytes()).unwrap_err();
    assert_eq!(support::json(&rejection.to_payload())["clientToken"], token);
}

/// The number in the text is the one that was exceeded.
#[test]
fn a_member_that_is_ignored_has_a_depth_of_its_own() {
    let nested = |levels| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let ignored = |levels| update(format!(r#"{{"x":{},"state":{{}}}}"#, nested(levels)).as_bytes());
    assert!(ignored(64).is_ok());
    assert_eq!(
        ignored(65).unwrap_err().kind(),
        RejectionKind::TooDeep(Depth::MAX)
    );
    let kept = format!(r#"{{"state":{{"desired":{{"x":{}}}}}}}"#, nested(8));
    let rejection = update(kept.as_bytes()).unwrap_err();
    assert_eq!(
        rejection.kind(),
        RejectionKind::TooDeep(Limits::default().depth)
    );
}

#[test]
fn bc_069_duplicate_names_can_be_refused() {
    let mut profile = Profile::default();
    profile.duplicate_keys = DuplicateKeys::Reject;
    for payload in [
        r#"{"state":{},"state":{}}"#,
        r#"{"state":{},"clientToken":"a","clientToken":"a"}"#,
        r#"{"state":{"desired":{},"desired":{}}}"#,
        r#"{"state":{"desired":{"a":1,"a":1}}}"#,
        r#"{"state":{"desired":{"b":{"a":1,"\u0061":1}}}}"#,
        r#"{"state":{"desired":{"b":[{"a":1,"a":1}]}}}"#,
        r#"{"state":{},"x":1,"x":2}"#,
        r#"{"state":{"x":1,"x":1}}"#,
    ] {
        let rejection = update_with(Limits::default(), profile, payload.as_bytes()).unwrap_err();
        assert_eq!(
            rejection.kind(),
            RejectionKind::InvalidJson(JsonErrorKind::DuplicateKey)
        );
    }
}

/// BC-070: versions of the request that are none, or not the shadow's.
#[test]
fn bc_070_versions_neither_overflow_nor_roll_back() {
    let address = address();
    let service = Service::default();
    let now = EpochSeconds::default();
    let mut shadow = Shadow::default();
    let mut ask = |version: &str| {
        let payload = format!(r#"{{"state":{{"reported":{{"a":1}}}}{version}}}"#);
        let request = Request::new(&address, Operation::Update, payload.as_bytes());
        service
            .apply(&mut shadow, &request, now)
            .map(|accepted| accepted.version().get())
    };
    assert_eq!(ask("").unwrap(), 1);
    for (version, code) in [
        ("0", 409),
        ("2", 409),
        ("18446744073709551615", 409),
        ("-1", 400),
        ("18446744073709551616", 400),
        ("1.5", 400),
        ("1e30", 400),
        ("true", 400),
        ("\"1\"", 400),
        ("null", 400),
        ("[1]", 400),
    ] {
        assert_eq!(
            ask(&format!(r#","version":{version}"#)).unwrap_err().code(),
            code,
            "{version}"
        );
    }
    assert_eq!(ask(r#","version":1"#).unwrap(), 2);
    assert_eq!(ask(r#","version":2.0"#).unwrap(), 3);
    assert_eq!(ask(r#","version":0.3e1"#).unwrap(), 4);
    assert_eq!(ask(r#","version":3"#).unwrap_err().code(), 409, "stale");
}

/// BC-070: the last version there is.
#[test]
fn bc_070_a_used_up_version_is_an_error() {
    // A stored tombstone with the largest version: head, version, time, checksum.
    let mut bytes = b"TWS\x01\x02".to_vec();
    bytes.extend(u64::MAX.to_le_bytes());
    bytes.extend([0; 5]);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    let mut shadow = Shadow::from_bytes(&bytes).unwrap();
    let before = shadow.clone();
    let address = address();
    let request = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
    let rejection = Service::default().apply(&mut shadow, &request, EpochSeconds::default());
    assert_eq!(rejection.unwrap_err().code(), 500);
    assert_eq!(shadow.to_bytes(), before.to_bytes());
}

/// BC-071: many names, in the order that is worst for a merge, cost no more than sorting them.
#[test]
fn bc_071_many_names_are_not_quadratic() {
    let time = |count: u32| {
        let names: Vec<String> = (0..count)
            .rev()
            .map(|i| format!(r#""{:08x}":{i}"#, i.wrapping_mul(0x9E37_79B9)))
            .collect();
        let object = format!("{{{}}}", names.join(","));
        let payload = format!(r#"{{"state":{{"desired":{object},"reported":{object}}}}}"#);
        let mut best = Duration::MAX;
        // Short and often, so that a busy machine leaves one of them alone.
        for _ in 0..30 {
            let start = Instant::now();
            update_with(huge(), Profile::default(), payload.as_bytes()).unwrap();
            best = best.min(start.elapsed());
        }
        best
    };
    let (small, large) = (time(512), time(8_192));
    assert!(
        large < small * 16 * 5,
        "16 times the names: {small:?} and {large:?}"
    );
}

#[test]
fn thirty_megabytes_of_string_are_refused_before_they_are_read() {
    let payload = format!(
        r#"{{"state":{{"reported":{{"a":"{}"}}}}}}"#,
        "x".repeat(30 << 20)
    );
    let start = Instant::now();
    let rejection = update(payload.as_bytes()).unwrap_err();
    assert_eq!(rejection.code(), 413);
    assert!(start.elapsed() < Duration::from_millis(50));
    // And with a limit that lets them in, they are one string.
    let accepted = update_with(huge(), Profile::default(), payload.as_bytes()).unwrap();
    assert!(accepted.response().len() > 30 << 20);
}

#[test]
fn bytes_that_are_not_utf_8_are_another_encoding() {
    for payload in [
        &b"{\"state\":{\"reported\":{\"a\":\"\xff\xfe\"}}}"[..],
        b"\xff\xfe{\x00}\x00",
        b"{\"state\":{\"reported\":{\"\xed\xa0\x80\":1}}}",
        b"\xc0\x80",
    ] {
        assert_eq!(
            update(payload).unwrap_err().kind(),
            RejectionKind::UnsupportedEncoding
        );
    }
    // A byte order mark is UTF-8, and no JSON (RFC 8259 section 8.1 lets a reader refuse it).
    assert_eq!(
        update("\u{feff}{\"state\":{}}".as_bytes())
            .unwrap_err()
            .code(),
        400
    );
}

/// The marks that serde_json uses between its own parts are ordinary names here.
#[test]
fn the_private_names_of_serde_json_are_objects() {
    for name in [
        "$serde_json::private::Number",
        "$serde_json::private::RawValue",
    ] {
        let payload = format!(r#"{{"state":{{"reported":{{"n":{{"{name}":"7"}}}}}}}}"#);
        let accepted = update(payload.as_bytes()).unwrap();
        let text = String::from_utf8(accepted.response().to_vec()).unwrap();
        assert!(text.contains(&format!(r#""n":{{"{name}":"7"}}"#)), "{text}");
        assert!(
            text.contains(&format!(r#""n":{{"{name}":{{"timestamp":0}}}}"#)),
            "{text}"
        );
    }
}

/// Two JSON readers on texts that are nearly JSON: what this one takes, serde_json takes with the same
/// meaning, and what it refuses beyond that is one of the documented refusals.
#[test]
fn the_reader_agrees_with_serde_json_on_mutated_texts() {
    let mut rng = SmallRng::seed_from_u64(1);
    let alphabet = b"{}[]\",:.\\u0123eE+-tfn \t\n\x00\x1f\x7fa\xc3\xa9/";
    let (mut taken, mut refused) = (0_u32, 0_u32);
    for _ in 0..200_000 {
        let mut text = random::object(&mut rng, false, 3).to_string().into_bytes();
        for _ in 0..rng.random_range(0..3) {
            let at = rng.random_range(0..=text.len());
            let byte = alphabet[rng.random_range(0..alphabet.len())];
            match rng.random_range(0..3) {
                0 if at < text.len() => text[at] = byte,
                1 if at < text.len() => drop(text.remove(at)),
                _ => text.insert(at, byte),
            }
        }
        let ours = State::from_json(&text, EpochSeconds::default());
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        let shown = String::from_utf8_lossy(&text);
        match (ours, theirs) {
            (Ok(state), Ok(value)) => {
                taken += 1;
                assert!(
                    support::same(&support::json(&state.to_json()), &value),
                    "{shown}"
                );
            }
            (Ok(_), Err(error)) => panic!("only this crate takes {shown}: {error}"),
            (Err(_), Err(_)) => refused += 1,
            (Err(error), Ok(value)) => {
                let documented = !value.is_object()
                    || matches!(
                        error.kind(),
                        JsonErrorKind::NullInArray
                            | JsonErrorKind::NullInState
                            | JsonErrorKind::NumberOutOfRange
                            | JsonErrorKind::TooDeep
                    );
                assert!(documented, "only serde_json takes {shown}: {error}");
            }
        }
    }
    assert!(taken > 20_000 && refused > 20_000, "{taken} {refused}");
}

#[test]
fn any_bytes_are_answered() {
    let mut rng = SmallRng::seed_from_u64(2);
    for _ in 0..50_000 {
        let bytes: Vec<u8> = (0..rng.random_range(0..40)).map(|_| rng.random()).collect();
        drop(update(&bytes));
        drop(Shadow::from_bytes(&bytes));
    }
}
