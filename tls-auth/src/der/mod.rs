//! DER, read without recursion and without a way to look past the end.

mod reader;
mod time;

pub(crate) use reader::{Malformed, Reader, Tag};
pub(crate) use time::{Date, read_time};
