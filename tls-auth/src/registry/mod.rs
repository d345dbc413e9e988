//! Which certificates are known, in what state, and whose they are.

mod memory;
mod record;

pub use memory::{Entry, MemoryRegistry, RegistryError};
pub use record::{Owner, Record, Status, StatusError};

use core::fmt;

use crate::id::CertificateId;

/// Where certificates are registered.
///
/// A verifier asks it within the handshake, on the thread that runs the handshake: keep the answer in memory
/// ([`MemoryRegistry`]) or in a cache, and fetch beforehand what is slow to fetch.
///
/// ```
/// use tls_auth::{CertificateId, LookupFailed, Owner, Record, Registry, Status};
///
/// /// Everybody who is in the list belongs to one account.
/// #[derive(Debug)]
/// struct Allowed(Vec<CertificateId>);
///
/// impl Registry for Allowed {
///     fn find(&self, id: &CertificateId) -> Result<Option<Record>, LookupFailed> {
///         let found = self.0.contains(id);
///         Ok(found.then(|| Record::new(Status::Active, Owner::new("acme"))))
///     }
/// }
///
/// let known = CertificateId::of(b"DER");
/// assert!(Allowed(vec![known]).find(&known)?.is_some());
/// # Ok::<(), LookupFailed>(())
/// ```
pub trait Registry: fmt::Debug + Send + Sync {
    /// What is registered under `id`.
    ///
    /// # Errors
    /// [`LookupFailed`] when it cannot be told; the device is refused then, never let in.
    fn find(&self, id: &CertificateId) -> Result<Option<Record>, LookupFailed>;
}

/// A registry that could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupFailed;

impl fmt::Display for LookupFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the registry of certificates could not be asked")
    }
}

impl core::error::Error for LookupFailed {}
