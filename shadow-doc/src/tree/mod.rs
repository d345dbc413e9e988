//! A section of a shadow as one run of bytes.
//!
//! ```text
//! section := member*                    names strictly increasing, bytewise
//! member  := leaf | object | null       the low bits of the tag say which
//! leaf    := tag name-length text-length name stamp(5) text
//! object  := tag content-length(4) name-length name section
//! null    := tag name-length name       in patches only
//! ```
//!
//! A name is its JSON spelling without quotes, a text the canonical JSON of a scalar or a whole array.
//! Lengths of names and texts are LEB128, the rest is little-endian. All lengths stand in front, so that
//! a reader that passes a member by waits for one load and not for a chain of them. Values and stamps stand
//! together, so metadata cannot drift from state and a user's key called `timestamp` is a key.

mod compare;
mod compose;
mod format;
mod inplace;
mod marks;
mod merge;
mod parse;
#[cfg(feature = "serde")]
mod project;
mod stamp;
mod threeway;
mod verify;
mod walk;
mod write;

pub(crate) use compare::{compare, patch_between, refresh};
pub(crate) use compose::compose;
pub(crate) use format::{LOOSE, Member, Members, STRICT, Value};
#[cfg(feature = "serde")]
pub(crate) use format::{OpenObject, push_null};
pub(crate) use inplace::merge_in_place;
pub(crate) use marks::Marks;
pub(crate) use merge::{Merged, ends, merge, replace};
pub(crate) use parse::{MAX_OPEN, Nulls, TreeRules, parse_object};
#[cfg(feature = "serde")]
pub(crate) use project::{agreeing, only_nulls, project};
pub(crate) use stamp::stamped;
pub(crate) use threeway::{Pick, three_way};
pub(crate) use verify::{clear_flags, json_members_len, verify};
pub(crate) use walk::{Event, Walk, newest_stamp};
pub(crate) use write::{write_members, write_metadata, write_state};
