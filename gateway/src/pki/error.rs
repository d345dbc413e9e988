//! Why a certificate, key or request cannot be used.

use core::fmt;

/// A certificate, key or signing request that cannot be used, and why.
///
/// ```
/// use thingwire::pki::certificates_of_pem;
///
/// let error = certificates_of_pem("no PEM at all").unwrap_err();
/// assert!(error.to_string().contains("-----BEGIN CERTIFICATE-----"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiError {
    text: Box<str>,
}

impl PkiError {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into() }
    }
}

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for PkiError {}

impl From<rcgen::Error> for PkiError {
    fn from(error: rcgen::Error) -> Self {
        Self::new(format!("making a certificate: {error}"))
    }
}
