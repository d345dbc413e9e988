//! Documents and patterns that somebody made to hurt, and what they cost: four times the document takes about four times
//! the work to read, compile, bind, decide and explain, and holds four times the memory; a square would take sixteen
//! times. Every document is gone through on a stack of 64 KiB.
//!
//! What is measured is the thread's processor time, where the system says it, and the least of some rounds.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test has `std`, and fails by panicking"
)]

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use iot_policy::{
    ConnectionContext, Limits, Pattern, Policy, PolicyErrorKind, PolicySet, Request, Scope, Thing,
    Transport,
};

/// When requests are made.
const NOW: i64 = 1_795_000_000;
/// How much more of everything the second document has.
const FACTOR: usize = 4;
/// The most that it may take: a linear step with caches that no longer suffice stays below, a square is above.
const MOST: f64 = 10.0;
/// Times below this mean nothing.
const NOISE: f64 = 0.004;

/// How long this thread has run, where the system says so.
#[cfg(unix)]
fn clock() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

#[cfg(not(unix))]
fn clock() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// The least time of some rounds, in seconds.
fn least(rounds: usize, mut work: impl FnMut()) -> f64 {
    let times = (0..rounds).map(|_| {
        let start = clock();
        work();
        (clock() - start).as_secs_f64()
    });
    times.fold(f64::INFINITY, f64::min)
}

fn scope() -> Scope {
    Scope::new("aws", "us-east-1", "123456789012")
}

/// All that can be done with a document: an error's kind, or the bytes that the set and the connection hold.
///
/// A decision takes time in proportion to the patterns and to the topic, so the topic is long only where patterns are few.
fn go_through(text: &str, topic: usize) -> Result<usize, PolicyErrorKind> {
    let limits = Limits::AWS_IOT.with_document_characters(50_000_000);
    let policy =
        Policy::parse_with(text.as_bytes(), &limits).map_err(|error| error.kind().clone())?;
    let set = Arc::new(PolicySet::compile([("P", &policy)], scope()));
    let context = ConnectionContext::new("c", Transport::Mqtt)
        .with_thing(Thing::new("c").with_attribute("k1", "a"));
    let bound = set.bind(&context);
    let topic = "a".repeat(topic);
    for topic in [&*topic, "a/b", ""] {
        let request = Request::Publish {
            topic,
            retain: true,
        };
        let decision = bound.decide(&request, NOW);
        assert_eq!(set.explain(&context, &request, NOW).decision(), decision);
    }
    // What it compares is limited; what it looks at one by one is not.
    let _ = set.lint_with(10_000);
    Ok(set.memory_bytes() + bound.memory_bytes())
}

/// A document with `size` of something, and one with four times as many.
fn grows(name: &str, size: usize, document: impl Fn(usize) -> String) {
    grows_with(name, size, 200, document);
}

fn grows_with(name: &str, size: usize, topic: usize, document: impl Fn(usize) -> String) {
    let (small, large) = (document(size), document(FACTOR * size));
    let on_small_stack = |text: String| {
        let thread = thread::Builder::new().stack_size(64 * 1024);
        let done = thread
            .spawn(move || go_through(&text, topic))
            .unwrap()
            .join();
        done.unwrap_or_else(|_| panic!("{name}"))
    };
    let outcomes = [&small, &large].map(|text| on_small_stack(text.clone()));
    match &outcomes {
        [Ok(one), Ok(other)] => assert!(
            *other <= 5 * FACTOR * one / 4 + 4_096,
            "{name}: {one} and {other} bytes"
        ),
        [Err(one), Err(other)] => assert_eq!(one, other, "{name}"),
        [Ok(_), Err(error)] | [Err(error), Ok(_)] => panic!("{name}: {error:?}"),
    }
    let time = |text: &str| least(3, || drop(go_through(text, topic)));
    let (short, long) = (time(&small), time(&large));
    assert!(
        long < MOST * short + NOISE,
        "{name}: {short} s, and {long} s for {FACTOR} times as many"
    );
}

fn statement(rest: &str) -> String {
    let rest = rest.replace("ARN:", "arn:aws:iot:us-east-1:123456789012:");
    format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "iot:*", {rest}}}}}"#
    )
}

/// What `one` says for each number, with commas between.
fn list(size: usize, one: impl Fn(usize) -> String) -> String {
    (0..size).map(one).collect::<Vec<_>>().join(", ")
}

/// A hundred thousand wildcards in one resource.
#[test]
fn wildcards_in_one_resource() {
    for piece in ["*a", "*", "*?", "?*", "*a?a", "**a*?*", "*é?", "*ab"] {
        for end in ["b", "*b*", "*${iot:ClientId}*"] {
            grows_with(&format!("{piece} … {end}"), 25_000, 65_535, |size| {
                statement(&format!(
                    r#""Resource": "ARN:topic/{}{end}""#,
                    piece.repeat(size)
                ))
            });
        }
    }
}

/// A hundred thousand wildcards in as many parts of resources.
#[test]
fn resources_with_wildcards() {
    for (resource, size) in [
        ("ARN:topic/*a*b", 12_500),
        ("ARN:*a?b*", 1_000),
        ("arn:aws:iot:*:topic/a*", 12_500),
        ("ARN:topic/*${iot:ClientId}*b", 12_500),
    ] {
        grows(resource, size, |size| {
            let resources = list(size, |_| format!("\"{resource}\""));
            statement(&format!(r#""Resource": [{resources}]"#))
        });
    }
}

#[test]
fn variables() {
    grows("different variables", 10_000, |size| {
        let resources = list(size, |index| {
            format!(r#""ARN:topic/${{iot:Connection.Thing.ThingTypeName, '{index}'}}/x""#)
        });
        statement(&format!(r#""Resource": [{resources}]"#))
    });
    grows("different names", 10_000, |size| {
        let resources = list(size, |index| {
            format!(r#""ARN:topic/*${{iot:Connection.Thing.Attributes[k{index}]}}*""#)
        });
        statement(&format!(r#""Resource": [{resources}]"#))
    });
    grows("one variable in a row", 25_000, |size| {
        let row = "${iot:ClientId}".repeat(size);
        statement(&format!(r#""Resource": "ARN:topic/{row}""#))
    });
    grows("escapes", 25_000, |size| {
        let row = "${*}$(?)".repeat(size);
        statement(&format!(r#""Resource": "ARN:topic/{row}""#))
    });
    grows("dollars", 100_000, |size| {
        statement(&format!(r#""Resource": "ARN:topic/{}""#, "$".repeat(size)))
    });
}

#[test]
fn statements_and_their_names() {
    let many = |size: usize, sid: &dyn Fn(usize) -> String| {
        let statements = list(size, |index| {
            let (effect, sid) = (["Allow", "Deny"][index % 2], sid(index));
            format!(
                r#"{{"Sid": "{sid}", "Effect": "{effect}", "Action": "iot:Publish",
                    "Resource": "arn:aws:iot:us-east-1:123456789012:topic/{index}/*"}}"#
            )
        });
        format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
    };
    grows("different names", 5_000, |size| {
        many(size, &|index| format!("s{index}"))
    });
    grows("one name", 5_000, |size| many(size, &|_| "s".to_owned()));
}

#[test]
fn conditions() {
    for (operator, operand) in [
        ("ForAllValues:StringLike", "*a*b"),
        ("StringNotLike", "${iot:ClientId}*"),
        ("NumericLessThan", "1.5"),
        ("Null", "true"),
    ] {
        grows(operator, 5_000, |size| {
            let keys = list(size, |index| {
                format!(r#""iot:Connection.Thing.Attributes[k{index}]": "{operand}""#)
            });
            statement(&format!(
                r#""Resource": "*", "Condition": {{"{operator}": {{{keys}}}}}"#
            ))
        });
        if operator != "Null" {
            grows(&format!("operands of {operator}"), 10_000, |size| {
                let operands = list(size, |_| format!("\"{operand}\""));
                statement(&format!(
                    r#""Resource": "*", "Condition": {{"{operator}":
                        {{"iot:Connection.Thing.Attributes[k1]": [{operands}]}}}}"#
                ))
            });
        }
    }
    for (operator, key, operand) in [
        ("NumericEquals", "iot:ClientId", "1"),
        ("StringLike", "iot:ClientId", "*a"),
        ("BinaryEquals", "iot:ClientId", "AAAA"),
    ] {
        grows(&format!("a long operand of {operator}"), 100_000, |size| {
            let operand = operand.repeat(size);
            statement(&format!(
                r#""Resource": "*", "Condition": {{"{operator}": {{"{key}": "{operand}"}}}}"#
            ))
        });
    }
}

/// BC-069, BC-071: a name that stands twice is found behind however many others, and names that would collide in a hash
/// table cost no more than others: there is none.
#[test]
fn names_twice() {
    let keys = |size: usize, last: &str| {
        let keys = list(size, |index| format!(r#""aws:k{index}": "v""#));
        statement(&format!(
            r#""Resource": "*", "Condition": {{"StringEquals": {{{keys}{last}}}}}"#
        ))
    };
    grows("many keys", 10_000, |size| keys(size, ""));
    grows("many keys, and the first again", 10_000, |size| {
        keys(size, r#", "AWS:K0": "v""#)
    });
    let last = r#", "AWS:K0": "v""#;
    let refused = go_through(&keys(1_000, last), 1).unwrap_err();
    assert!(
        matches!(refused, PolicyErrorKind::DuplicateName { .. }),
        "{refused:?}"
    );
}

/// BC-065, and what is huge: brackets, white space, texts, escapes, lists.
#[test]
fn deep_and_huge() {
    for open in ["[", "{\"a\":", "[{\"Statement\":"] {
        for start in [
            "",
            "{\"Statement\": ",
            "{\"Statement\": [{\"Resource\": ",
            "{\"Statement\": [{\"Condition\": {\"Bool\": {\"iot:ClientId\": ",
        ] {
            grows(&format!("{start}{open}"), 250_000, |size| {
                format!("{start}{}", open.repeat(size))
            });
        }
    }
    grows("white space", 1_000_000, |size| {
        statement(&format!(r#""Resource": {}"*""#, " ".repeat(size)))
    });
    grows("a long name", 250_000, |size| {
        statement(&format!(
            r#""Resource": "*", "Sid": "{}""#,
            "é".repeat(size)
        ))
    });
    grows("escapes of JSON", 100_000, |size| {
        let text = "\\u0061\\n\\uD83D\\uDE00".repeat(size);
        statement(&format!(r#""Resource": "*", "Sid": "{text}""#))
    });
    grows("a long number", 100_000, |size| {
        statement(&format!(
            r#""Resource": "*", "Condition": {{"NumericLessThan": {{"iot:ClientId": {}}}}}"#,
            "9".repeat(size)
        ))
    });
    grows("actions", 10_000, |size| {
        let actions = list(size, |_| "\"iot:*ubli*\"".to_owned());
        format!(r#"{{"Statement": {{"Effect": "Allow", "Action": [{actions}], "Resource": "*"}}}}"#)
    });
    grows("stars in an action", 25_000, |size| {
        format!(
            r#"{{"Statement": {{"Effect": "Allow", "Action": "iot:{}", "Resource": "*"}}}}"#,
            "*?a".repeat(size)
        )
    });
}

/// Sixteen times the text takes about sixteen times the time, with patterns that make a matcher that goes back take 256
/// times as much.
#[test]
fn patterns_do_not_go_back() {
    for pattern in [
        "*a".repeat(200) + "b",
        "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*".to_owned(),
        // A byte that is rare in names is everywhere here.
        format!("*{}aaaaaaaa*", "z".repeat(300)),
        format!("*{}b*", "a?".repeat(300)),
        "?".repeat(300) + "*a?b*a",
    ] {
        let shown = pattern.get(..20).unwrap_or(&pattern).to_owned();
        let pattern = Pattern::new(&pattern);
        for letter in ["a", "z"] {
            let time = |length: usize| {
                let text = letter.repeat(length);
                least(7, || assert!(!pattern.matches(&text)))
            };
            let (short, long) = (time(16_000), time(256_000));
            // Tiny times mean nothing.
            assert!(long < 64.0 * short + NOISE, "{shown}: {short} {long}");
        }
    }
}
