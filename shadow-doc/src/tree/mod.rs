//! A section of a shadow as one run of bytes.
//!
//! ```text
//! section := member*                       names strictly increasing, bytewise
//! member  := name-length name tag value    name: JSON spelling without quotes
//! value   := leaf | object | null          the low bits of the tag say which
//! leaf    := stamp(5) text-length text     scalar or whole array, canonical JSON
//! object  := content-length(4) section
//! null    := nothing                       in patches only
//! ```
//!
//! Lengths of names and texts are LEB128, the rest is little-endian. Values and stamps stand
//! together, so metadata cannot drift from state and a user's key called `timestamp` is a key.

mod compare;
mod compose;
mod format;
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
pub(crate) use merge::{ends, merge, replace};
pub(crate) use parse::{MAX_OPEN, Nulls, TreeRules, parse_object};
#[cfg(feature = "serde")]
pub(crate) use project::{only_nulls, project};
pub(crate) use stamp::stamped;
pub(crate) use threeway::{Pick, three_way};
pub(crate) use verify::{clear_flags, json_members_len, verify};
pub(crate) use walk::{Event, Walk};
pub(crate) use write::{write_members, write_metadata, write_state};
