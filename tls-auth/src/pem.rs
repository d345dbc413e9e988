//! CAs and revocation lists from files: all of a file, or nothing and why.

use alloc::vec::Vec;
use core::fmt;

use rustls_pki_types::pem::{Error as PemError, PemObject as _};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use crate::authority::{Authorities, Authority};
use crate::error::Refusal;
use crate::profile::Profile;
use crate::revocation::{RevocationList, RevocationLists, RevocationPolicy};

/// Why a file was not taken. What was in place stays.
///
/// ```
/// use tls_auth::{Authorities, Profile};
///
/// let error = Authorities::from_pem(b"no PEM at all", &Profile::strict()).unwrap_err();
/// assert_eq!(error.to_string(), "there is nothing of the kind in the file");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileError {
    /// There is no certificate, or no list, in it.
    Empty,
    /// The PEM is malformed after so many good items.
    Pem(usize),
    /// An item, counted from zero, is not what it should be.
    Item(usize, Refusal),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is nothing of the kind in the file"),
            Self::Pem(index) => write!(f, "malformed PEM after {index} items"),
            Self::Item(index, refusal) => write!(f, "item {}: {refusal}", index.saturating_add(1)),
        }
    }
}

impl core::error::Error for FileError {}

fn items<T, I>(
    pem: impl Iterator<Item = Result<I, PemError>>,
    read: impl Fn(I) -> Result<T, Refusal>,
) -> Result<Vec<T>, FileError> {
    let mut items = Vec::new();
    for item in pem {
        let index = items.len();
        let item = item.map_err(|_| FileError::Pem(index))?;
        items.push(read(item).map_err(|refusal| FileError::Item(index, refusal))?);
    }
    if items.is_empty() {
        return Err(FileError::Empty);
    }
    Ok(items)
}

impl Authorities {
    /// Every certificate of a PEM file as an active CA without auto-registration.
    ///
    /// # Errors
    /// When one of them cannot be a CA by the profile: none is taken then.
    pub fn from_pem(pem: &[u8], profile: &Profile) -> Result<Self, FileError> {
        let certificates = CertificateDer::pem_slice_iter(pem);
        items(certificates, |der| Authority::new(&der, profile)).map(Self::new)
    }
}

impl RevocationLists {
    /// Every list of a PEM file.
    ///
    /// # Errors
    /// When one of them cannot be read: none is taken then.
    pub fn from_pem(
        pem: &[u8],
        profile: &Profile,
        policy: RevocationPolicy,
    ) -> Result<Self, FileError> {
        let lists = CertificateRevocationListDer::pem_slice_iter(pem);
        items(lists, |der| RevocationList::new(&der, profile)).map(|lists| Self::new(lists, policy))
    }
}
