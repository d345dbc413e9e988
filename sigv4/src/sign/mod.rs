//! Signing: in headers and in the query.

mod headers;
mod presign;
mod signer;

pub use headers::Signed;
pub(crate) use headers::{AUTHORIZATION, CONTENT_SHA256, DATE, TOKEN};
pub use presign::Presigned;
pub use signer::Signer;
