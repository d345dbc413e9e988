//! Certificates: what the development authority signs, and what can be read from one.

mod authority;
mod error;
mod parsed;
mod variables;

pub use authority::{DevelopmentAuthority, Issued, IssuedWithKey};
pub use error::PkiError;
pub(crate) use parsed::is_signed_by;
pub use parsed::{ParsedCertificate, certificates_of_pem, pem_of_certificate};
pub(crate) use variables::policy_certificate;
