//! JSON as the shadow service sees it: text whose numbers are kept as they were written.

mod error;
mod number;
mod scan;
mod string;
mod text;

pub use error::{JsonError, JsonErrorKind};
pub(crate) use number::{grammar_end, integer, is_number_start, number_end};
pub(crate) use scan::Scanner;
pub(crate) use string::{canonical, escape, is_canonical, unescape};
#[cfg(feature = "serde")]
pub(crate) use text::plain_numbers;
pub(crate) use text::{
    ArrayNulls, ArrayRules, is_canonical_array, parse_array, push_number, same_value, write_stamp,
    write_stamps,
};
