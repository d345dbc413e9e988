//! The one canonicalization engine: signing and verifying write the same bytes because they call the same functions.

pub(crate) mod escape;
pub(crate) mod headers;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod scratch;
pub(crate) mod span;
