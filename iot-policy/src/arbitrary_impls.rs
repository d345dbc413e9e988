//! `Arbitrary` for policies: documents of the whole grammar, read as any document is.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::action::Action;
use crate::context::Substitution;
use crate::document::Policy;
use crate::limits::Limits;
use crate::scope::Scope;

const VERSIONS: [&str; 4] = ["2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17"];
const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:iot:*:*:client/",
    "arn:aws:iot:us-east-1:123456789012:client/",
    "arn:aws:iot:us-east-1:123456789012:topic/",
    "arn:aws:iot:us-east-1:123456789012:topicfilter/",
    "arn:aws:iot:us-east-1:123456789012:thing/",
    "arn:aws:iot:us-east-1:123456789012:rolealias/",
    "arn:aws:iot:us-east-1:123456789012:t",
    "arn:aws:iot:eu-*:999999999999:",
];
const PIECES: [&str; 12] = [
    "a",
    "b",
    "/",
    "*",
    "?",
    "+",
    "#",
    "$aws/things/",
    "${*}",
    "${iot:ClientId}",
    "${iot:Connection.Thing.ThingName, 'none'}",
    "${iot:Certificate.Subject.CommonName.1}",
];
const CONDITIONS: [&str; 8] = [
    r#""StringEquals": {"iot:ClientId": "a"}"#,
    r#""StringNotLike": {"iot:Connection.Thing.ThingTypeName": ["s*", "${iot:ClientId}"]}"#,
    r#""Bool": {"iot:Connection.Thing.IsAttached": true}"#,
    r#""ForAllValues:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect"]}"#,
    r#""ForAnyValue:StringEqualsIgnoreCase": {"iot:Certificate.Subject.CommonName.List": "A"}"#,
    r#""IpAddressIfExists": {"aws:SourceIp": ["192.0.2.0/24", "2001:db8::/32"]}"#,
    r#""Null": {"iot:LastWillTopic": "true"}"#,
    r#""DateLessThan": {"aws:CurrentTime": "2030-01-01"}, "NumericGreaterThan": {"aws:EpochTime": 0}"#,
];

/// A document of up to eight statements.
fn document(u: &mut Unstructured<'_>) -> Result<String> {
    let mut statements = Vec::new();
    for _ in 0..u.int_in_range(0..=8)? {
        let effect = *u.choose(&["Allow", "Allow", "Deny"])?;
        let not_action = if u.ratio(1, 8)? { "Not" } else { "" };
        let action = match u.int_in_range(0..=3)? {
            0 => "iot:*",
            _most => Action::arbitrary(u)?.name(),
        };
        let not_resource = if u.ratio(1, 8)? { "Not" } else { "" };
        let start = *u.choose(&RESOURCES)?;
        let mut resource = String::from(start);
        if start != "*" {
            for _ in 0..u.int_in_range(0..=5)? {
                resource.push_str(u.choose(&PIECES)?);
            }
        }
        let condition = if u.ratio(1, 3)? {
            format!(r#", "Condition": {{{}}}"#, u.choose(&CONDITIONS)?)
        } else {
            String::new()
        };
        statements.push(format!(
            r#"{{"Effect": "{effect}", "{not_action}Action": "{action}", "{not_resource}Resource": "{resource}"{condition}}}"#
        ));
    }
    let version = u.choose(&VERSIONS)?;
    Ok(format!(
        r#"{{"Version": "{version}", "Statement": [{}]}}"#,
        statements.join(", ")
    ))
}

impl<'a> Arbitrary<'a> for Policy {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let limits = Limits::AWS_IOT.with_document_characters(100_000);
        // Every document of the grammar above is a policy.
        Self::parse_with(document(u)?.as_bytes(), &limits)
            .map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

/// The scope that the resources of arbitrary policies are mostly of.
impl<'a> Arbitrary<'a> for Scope {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let region = *u.choose(&["us-east-1", "us-east-1", "eu-central-1"])?;
        Ok(Self::new("aws", region, "123456789012"))
    }
}

impl<'a> Arbitrary<'a> for Substitution {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(*u.choose(&[Self::AwsIot, Self::Strict])?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_a_policy() {
        let mut seed = 1_u32;
        for _ in 0..2000 {
            let bytes: Vec<u8> = (0..300)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    seed.to_be_bytes()[0]
                })
                .collect();
            let mut u = Unstructured::new(&bytes);
            let policy = Policy::arbitrary(&mut u).unwrap();
            assert!(policy.statements().len() <= 8);
        }
    }
}
