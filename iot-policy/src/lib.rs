#![doc = include_str!("../README.md")]
#![no_std]
// Who adds an effect, an operator, a key or a type of resource has to say what it does.
#![deny(clippy::wildcard_enum_match_arm)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        reason = "a test fails by panicking"
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod action;
#[cfg(feature = "arbitrary")]
mod arbitrary_impls;
mod condition;
mod context;
mod decision;
mod document;
mod error;
mod explain;
mod json;
mod key;
mod limits;
mod lint;
mod location;
mod pattern;
mod request;
mod scope;
mod set;
mod snippet;
mod template;
mod warning;

pub use action::Action;
pub use condition::Operator;
pub use context::{
    Certificate, CognitoIdentity, ConnectionContext, Substitution, Thing, Transport, VpcEndpoint,
};
pub use decision::{Decision, StatementRef};
pub use document::{Effect, Policy, Statement, Version};
pub use error::{Found, JsonType, PolicyError, PolicyErrorKind};
pub use explain::{Explanation, Reason, StatementExplanation, Unresolved};
pub use key::{AlternativeName, NameAttribute};
pub use limits::Limits;
pub use lint::{Finding, FindingKind};
pub use location::{Element, Location};
pub use pattern::Pattern;
pub use request::{Request, Resource};
pub use scope::Scope;
pub use set::{Bound, PolicySet};
pub use snippet::Snippet;
pub use warning::{Warning, WarningKind};
