#![doc = include_str!("../README.md")]
#![no_std]
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
        clippy::cast_possible_truncation,
        reason = "a test fails by panicking"
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "arbitrary")]
mod arbitrary_impls;
mod captures;
mod error;
mod filter;
mod index;
mod matching;
mod name;
mod profile;
mod relation;
mod retained;
#[cfg(feature = "serde")]
mod serde_impls;
mod shared;
#[cfg(feature = "snapshot")]
pub mod snapshot;
mod text;
mod validate;

pub use captures::{Capture, Captures};
pub use error::{Subject, TopicError, TopicErrorKind};
pub use filter::{TopicFilter, TopicFilterBuf};
pub use index::{
    DefaultState, Group, IndexFull, Lookup, Match, Matches, Merged, Outcome, Subscriber,
    SubscriptionIndex,
};
pub use matching::{matches, unchecked};
pub use name::{TopicName, TopicNameBuf};
pub use profile::{MatchRules, Profile, Version};
pub use retained::{Cursor, Page, PageLimit, RetainedFull, RetainedIndex};
pub use shared::{SharedFilter, SharedFilterBuf, SubscriptionFilter, SubscriptionFilterBuf};
