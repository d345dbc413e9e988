//! What the linter finds: for each kind of finding, statements in which it is found, and statements like them in which it is
//! not; the words of a finding; and the limit of steps.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "a test has `std`, and fails by panicking"
)]

mod rows;

use std::collections::BTreeSet;

use iot_policy::{Finding, FindingKind, Limits, Policy, PolicySet, Scope};
use rows::ROWS;

fn set(statements: &str) -> PolicySet {
    let statements = statements.replace("ARN:", "arn:aws:iot:us-east-1:123456789012:");
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let limits = Limits::AWS_IOT.with_document_characters(10_000_000);
    let policy = Policy::parse_with(text.as_bytes(), &limits)
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    PolicySet::compile(
        [("P", &policy)],
        Scope::new("aws", "us-east-1", "123456789012"),
    )
}

/// The kinds of the findings with the places of their statements: `2 NeverApplies`.
fn kinds(findings: &[Finding]) -> Vec<String> {
    let kind = |finding: &Finding| {
        let shown = format!("{:?}", finding.kind());
        let name = shown.split(|c: char| !c.is_alphanumeric()).next().unwrap();
        format!("{} {name}", finding.statement().statement_index())
    };
    findings.iter().map(kind).collect()
}

#[test]
fn findings() {
    for (_, statements, expected) in ROWS {
        let findings = set(statements).lint();
        assert_eq!(kinds(&findings), *expected, "{statements}");
    }
}

/// Each kind that there is has a row in which it is found, and one in which it is not.
#[test]
fn every_kind_is_found_and_not_found() {
    let source = include_str!("../../src/lint/mod.rs");
    let (_, list) = source.split_once("pub enum FindingKind {\n").unwrap();
    let (list, _) = list.split_once("\n}\n").unwrap();
    let all: BTreeSet<&str> = list
        .lines()
        .filter(|line| line.starts_with("    ") && line[4..].starts_with(char::is_uppercase))
        .map(|line| line.trim_matches([' ', ',', '{']))
        .collect();
    assert!(all.len() > 10, "{all:?}");
    let with = |found: bool| -> BTreeSet<&str> {
        ROWS.iter()
            .filter(|(kind, _, findings)| {
                findings
                    .iter()
                    .any(|finding| finding.ends_with(&format!(" {kind}")))
                    == found
            })
            .map(|(kind, _, _)| *kind)
            .collect()
    };
    let mut positive = with(true);
    // It has a test of its own below.
    positive.insert("NotCompared");
    assert_eq!(positive, all);
    assert_eq!(with(false), all);
}

/// A finding in words, one of each kind.
#[test]
fn words() {
    let long = "`arn:aws:iot:us-east-1:123456789012:t…`";
    let rows = [
        ("AllActions", "P[0]: allows every action".to_owned()),
        (
            "AllResources",
            format!("P[0]: allows iot:Publish on everything or everyone: {long}"),
        ),
        (
            "AnyClientId",
            "P[0]: lets a client connect under any client id".to_owned(),
        ),
        (
            "AllowExcept",
            "P[0]: allows everything but a list".to_owned(),
        ),
        (
            "ClientIdInFilter",
            format!(
                "P[1]: a client that connects as `+` or `#` may subscribe to the topics of others: {long}"
            ),
        ),
        (
            "ReceiveNotDenied",
            format!("P[2]: a wider filter still receives what {long} denies: deny iot:Receive too"),
        ),
        (
            "NothingToReceive",
            format!("P[0]: no message may be received through {long}: allow iot:Receive"),
        ),
        (
            "RetainWithoutPublish",
            "P[0]: allows iot:RetainPublish where iot:Publish is not allowed".to_owned(),
        ),
        ("NeverApplies", "P[0]: never applies".to_owned()),
        ("ResourceNeverMatches", format!("P[0]: {long} never matches")),
        (
            "AllDenied",
            "P[0]: everything that it allows is denied by P[1]".to_owned(),
        ),
        (
            "DenyNeedsVariable",
            "P[0]: denies nothing where `iot:ClientId` has no value".to_owned(),
        ),
        (
            "TrueWithoutValues",
            "P[0]: `ForAllValues` also holds where `iot:Certificate.Subject.Organization.List` has no value"
                .to_owned(),
        ),
    ];
    for (kind, words) in rows {
        let (_, statements, _) = ROWS.iter().find(|(row, _, _)| *row == kind).unwrap();
        let shown: Vec<String> = set(statements)
            .lint()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(shown.contains(&words), "{kind}: {shown:?}");
    }
}

/// With any limit of steps the findings are those of no limit, up to the one that says where comparing ended, and behind
/// it those for which nothing is compared.
#[test]
fn the_limit_is_never_silent() {
    let (mut whole, mut cut) = (0, 0);
    for (_, statements, expected) in ROWS {
        let set = set(statements);
        let all = set.lint();
        for steps in (0..100).chain((100..2_000).step_by(50)).chain([1_000_000]) {
            let some = set.lint_with(steps);
            let end = some
                .iter()
                .position(|finding| finding.kind() == &FindingKind::NotCompared { steps });
            let Some(end) = end else {
                assert_eq!(some, all, "{steps} {statements}");
                whole += 1;
                continue;
            };
            cut += 1;
            let at = some[end].statement();
            assert!(at.statement_index() < statements.matches("Effect").count());
            let before = |finding: &&Finding| finding.statement() < at;
            let complete: Vec<&Finding> = all.iter().filter(before).collect();
            let found: Vec<&Finding> = some.iter().filter(before).collect();
            assert_eq!(found, complete, "{steps} {statements}");
            for (index, finding) in some.iter().enumerate() {
                assert!(
                    index == end || all.contains(finding),
                    "{finding} {expected:?}"
                );
            }
        }
    }
    assert!(whole > 1_000 && cut > 100, "{whole} {cut}");
}

/// Many statements, each to be compared with all others: the linter stops, says where, and has not worked longer than
/// the limit says; and with enough steps it does not stop.
#[test]
fn a_limit_for_many_statements() {
    let statements = |count: usize| {
        let one = |index: usize| {
            format!(
                r#"{{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/{index}/*b*c"}},
                   {{"Effect": "Deny", "Action": "iot:Publish", "Resource": "ARN:topic/*b*d*{index}"}}"#
            )
        };
        (0..count).map(one).collect::<Vec<_>>().join(",")
    };
    let some = set(&statements(100));
    assert_eq!(some.lint(), []);
    let many = set(&statements(10_000)).lint();
    let [finding] = &*many else {
        panic!("{many:?}");
    };
    let steps = PolicySet::LINT_STEPS;
    assert_eq!(finding.kind(), &FindingKind::NotCompared { steps });
    assert_eq!(
        finding.to_string(),
        format!(
            "P[{}]: not compared with other statements, nor are those behind it: the limit of {steps} steps is used up",
            finding.statement().statement_index()
        )
    );
    assert!(finding.statement().statement_index() > 0);
}

/// Text of strangers does not break a line of a log.
#[test]
fn findings_stay_on_their_line() {
    let text = br#"{"Version": "2012-10-17", "Statement": {"Sid": "a\nb", "Effect": "Allow", "Action": "iot:*", "Resource": "*"}}"#;
    let policy = Policy::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let scope = Scope::new("aws", "us-east-1", "123456789012");
    let findings = PolicySet::compile([("na\nme", &policy)], scope).lint();
    assert_eq!(findings.len(), 3);
    for finding in findings {
        assert!(!finding.to_string().contains('\n'), "{finding}");
    }
}
