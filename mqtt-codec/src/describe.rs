//! One walk over the fields of a packet for whoever prints it. Payloads are sizes here and passwords nothing.

use core::fmt;

use crate::properties::Properties;
use crate::suback::ReasonCodes;
use crate::subscribe::Filters;
use crate::unsubscribe::TopicFilters;
use crate::will::Will;
use crate::{PacketId, ReasonCode, Version};

pub(crate) trait Describe {
    fn describe(&self, visitor: &mut dyn Visitor);
}

pub(crate) trait Visitor {
    fn field(&mut self, name: &'static str, value: Value<'_>);
}

pub(crate) enum Value<'a> {
    Bool(bool),
    Number(u64),
    Text(&'a str),
    OptionalText(Option<&'a str>),
    Size(usize),
    Redacted(bool),
    Id(Option<PacketId>),
    Version(Version),
    Code(ReasonCode),
    Codes(ReasonCodes<'a>),
    Properties(Properties<'a>),
    Filters(Filters<'a>),
    TopicFilters(TopicFilters<'a>),
    Will(Option<Will<'a>>),
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::OptionalText(value) => value.fmt(f),
            Self::Size(1) => f.write_str("1 byte"),
            Self::Size(value) => write!(f, "{value} bytes"),
            Self::Redacted(true) => f.write_str("[redacted]"),
            Self::Redacted(false) => f.write_str("None"),
            Self::Id(value) => value.map(PacketId::get).fmt(f),
            Self::Version(value) => fmt::Display::fmt(value, f),
            Self::Code(value) => value.fmt(f),
            Self::Codes(value) => f.debug_list().entries(value.clone()).finish(),
            Self::Properties(value) => value.fmt(f),
            Self::Filters(value) => f.debug_list().entries(value.clone()).finish(),
            Self::TopicFilters(value) => f.debug_list().entries(value.clone()).finish(),
            Self::Will(value) => value.fmt(f),
        }
    }
}

struct Debugger<'a, 'b, 'c>(&'a mut fmt::DebugStruct<'b, 'c>);

impl Visitor for Debugger<'_, '_, '_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        self.0.field(name, &value);
    }
}

pub(crate) fn debug(packet: &impl Describe, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = f.debug_struct(name);
    packet.describe(&mut Debugger(&mut out));
    out.finish()
}
