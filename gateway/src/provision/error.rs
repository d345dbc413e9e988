//! Why a start is refused.

use core::fmt;
use std::io;
use std::path::Path;

use crate::pki::PkiError;
use crate::registry::RegistryError;
use crate::store::StoreError;

/// The data folder could not be opened or made ready, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionError {
    text: Box<str>,
    store: Option<StoreError>,
}

impl ProvisionError {
    pub(super) fn new(text: impl Into<Box<str>>) -> Self {
        Self {
            text: text.into(),
            store: None,
        }
    }

    pub(super) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        let advice = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                ": give this user the right to write there, or another folder with --data"
            }
            io::ErrorKind::StorageFull => ": make room on the disk",
            _ => "",
        };
        Self::new(format!("{doing} {}: {error}{advice}", path.display()))
    }

    pub(super) fn at(path: &Path, error: &impl fmt::Display) -> Self {
        Self::new(format!("{}: {error}", path.display()))
    }

    /// The store's error, when it was the store that refused.
    #[must_use]
    pub const fn store(&self) -> Option<&StoreError> {
        self.store.as_ref()
    }
}

impl fmt::Display for ProvisionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ProvisionError {}

impl From<StoreError> for ProvisionError {
    fn from(error: StoreError) -> Self {
        Self {
            text: format!("{error}. {}", error.advice()).into(),
            store: Some(error),
        }
    }
}

impl From<RegistryError> for ProvisionError {
    fn from(error: RegistryError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<PkiError> for ProvisionError {
    fn from(error: PkiError) -> Self {
        Self::new(error.to_string())
    }
}
