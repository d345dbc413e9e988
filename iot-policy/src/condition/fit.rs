use super::Family;
use crate::key::Key;

/// Whether operators of a family say something about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Yes,
    /// They are compared, and what comes of it is hardly meant; these fit.
    Hardly(&'static str),
    /// They cannot be; these can.
    No(&'static str),
}

impl Fit {
    pub(crate) fn of(key: &Key, family: Family) -> Self {
        let string = match family {
            // Every key exists or does not.
            Family::Null => return Self::Yes,
            Family::String { .. } => true,
            Family::Numeric
            | Family::Date
            | Family::Bool
            | Family::Binary
            | Family::Ip
            | Family::Arn => false,
        };
        let (fits, otherwise) = match key {
            Key::CurrentTime => (
                family == Family::Date,
                Self::No("the `Date` operators and `Null`"),
            ),
            Key::EpochTime => (
                family == Family::Date || family == Family::Numeric,
                Self::No("the `Date` and `Numeric` operators and `Null`"),
            ),
            Key::SourceIp | Key::VpcSourceIp => (
                family == Family::Ip,
                Self::Hardly("`IpAddress`, `NotIpAddress` and `Null`"),
            ),
            Key::IsAttached => (
                string || family == Family::Bool,
                Self::Hardly("`Bool`, the `String` operators and `Null`"),
            ),
            Key::LastWillTopic => (
                string || family == Family::Arn,
                Self::Hardly("the `Arn` and `String` operators and `Null`"),
            ),
            Key::SourceVpc
            | Key::SourceVpce
            | Key::CertificateId
            | Key::AvailableKeys
            | Key::ConnectAttributes
            | Key::CognitoSub
            | Key::CognitoAud
            | Key::CognitoAmr => (string, Self::Hardly("the `String` operators and `Null`")),
            // Any text: a number, a date, an address.
            Key::ClientId
            | Key::DomainName
            | Key::SerialNumber
            | Key::Name(..)
            | Key::AlternativeName(..)
            | Key::ThingName
            | Key::ThingTypeName
            | Key::ThingAttribute(_)
            | Key::Foreign(_) => (true, Self::Yes),
        };
        if fits { Self::Yes } else { otherwise }
    }
}
