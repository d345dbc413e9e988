//! Certificate revocation lists (RFC 5280 §5), read once, chosen by number and date at each use.

mod link;
mod list;
mod lists;

pub(crate) use link::Link;
pub use list::RevocationList;
pub use lists::{RevocationLists, RevocationPolicy};
