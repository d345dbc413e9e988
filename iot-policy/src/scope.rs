use alloc::format;
use alloc::string::String;
use core::fmt;

/// The partition, region and account in which requests are made: the first parts of every resource's ARN.
///
/// ```
/// use iot_policy::Scope;
///
/// let scope = Scope::new("aws", "eu-central-1", "123456789012");
/// assert_eq!(scope.to_string(), "arn:aws:iot:eu-central-1:123456789012:");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    partition: String,
    region: String,
    account: String,
}

impl Scope {
    /// Partition (`aws`, `aws-cn`, `aws-us-gov`), region and account.
    pub fn new(
        partition: impl Into<String>,
        region: impl Into<String>,
        account: impl Into<String>,
    ) -> Self {
        Self {
            partition: partition.into(),
            region: region.into(),
            account: account.into(),
        }
    }

    /// The five parts before the resource.
    pub(crate) fn parts(&self) -> [&str; 5] {
        ["arn", &self.partition, "iot", &self.region, &self.account]
    }

    pub(crate) fn arn_of_topic(&self, topic: &str) -> String {
        format!("{self}topic/{topic}")
    }
}

/// The ARN of a resource as far as its last colon.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts() {
            write!(f, "{part}:")?;
        }
        Ok(())
    }
}
