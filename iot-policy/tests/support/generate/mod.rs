//! Policies, connections and requests that have much in common, so that statements often almost apply.

mod aimed;
mod policies;
mod requests;
mod worlds;

use super::naive::SCOPE;

pub use policies::policy;
pub use requests::request;
pub use worlds::world;

/// Where choices come from: a generator of random numbers, or a fuzzer's bytes.
pub trait Choice {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize;

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const WORDS: &[&str] = &[
    "a", "b", "c1", "thing1", "é", "room", "x/y", "", "A", "a1a1", "$aws",
];
/// Every action.
const ACTIONS: &[&str] = &[
    "iot:Connect",
    "iot:Publish",
    "iot:RetainPublish",
    "iot:Receive",
    "iot:Subscribe",
    "iot:GetRetainedMessage",
    "iot:ListRetainedMessages",
    "iot:GetThingShadow",
    "iot:UpdateThingShadow",
    "iot:DeleteThingShadow",
    "iot:ListNamedShadowsForThing",
    "iot:DescribeJobExecution",
    "iot:GetPendingJobExecutions",
    "iot:StartNextPendingJobExecution",
    "iot:UpdateJobExecution",
    "iot:AssumeRoleWithCertificate",
    "iot:GetConnection",
    "iot:DeleteConnection",
    "iot:ListSubscriptions",
    "iot:SendDirectMessage",
];
const TYPES: &[&str] = &["client/", "topic/", "topicfilter/", "thing/", "rolealias/"];
/// Where requests are made but for [`SCOPE`]: each differs from it in the account, the region, or all.
const OTHER_SCOPES: &[[&str; 5]] = &[
    ["arn", "aws", "iot", "us-east-1", "999999999999"],
    ["arn", "aws", "iot", "eu-central-1", "123456789012"],
    ["arn", "aws-cn", "iot", "cn-north-1", "123456789012"],
    ["arn", "aws-us-gov", "iot", "us-gov-west-1", "999999999999"],
];

fn scope(source: &mut impl Choice) -> [&'static str; 5] {
    if source.chance(70) {
        SCOPE
    } else {
        OTHER_SCOPES[source.below(OTHER_SCOPES.len())]
    }
}

/// A text of more than 64 bytes, sometimes of more than 1,024: few different ones, so that patterns meet their names.
fn long(source: &mut impl Choice) -> String {
    match source.below(24) {
        0..=9 => "ab".repeat(33),
        10..=14 => "é1".repeat(30),
        15..=19 => "xyz".repeat(45),
        _ => "ab".repeat(530),
    }
}
