//! Things, certificates, authorities, policies and access keys, and every operation on them.
//!
//! The command line and the admin socket call this module, and so will the service's control API. Each operation is one
//! commit of the store: all of it or nothing. Operations that change something block on the disk; asynchronous code runs
//! them where blocking is allowed. Whoever has to act on a change [subscribes](Registry::subscribe_changes).
//!
//! ```
//! use std::sync::Arc;
//! use std::time::SystemTime;
//! use thingwire::pki::DevelopmentAuthority;
//! use thingwire::registry::{CertificateStatus, NewThing, PolicyName, Registry, ThingName};
//! use thingwire::store::MemoryStore;
//!
//! let registry = Registry::open(Arc::new(MemoryStore::new()))?;
//! let (ca, _key) = DevelopmentAuthority::generate(SystemTime::now())?;
//! registry.register_authority(ca.certificate(), false)?;
//!
//! let policy = PolicyName::new("connect")?;
//! registry.put_policy(&policy, r#"{"Version":"2012-10-17","Statement":[
//!     {"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#)?;
//!
//! let name = ThingName::new("pump")?;
//! let device = ca.issue_device(name.as_str(), SystemTime::now())?;
//! let (_thing, certificate) =
//!     registry.create_thing_with_certificate(&NewThing::new(name), &device.certificate.der, &[policy])?;
//! let id = certificate.certificate_id;
//! assert_eq!(registry.policies_of(&id)?.len(), 1);
//!
//! let mut changes = registry.subscribe_changes();
//! registry.set_certificate_status(&id, CertificateStatus::Revoked)?;
//! assert!(changes.try_recv().is_ok());
//! # Ok::<(), thingwire::registry::RegistryError>(())
//! ```

mod access_key;
mod attachment;
mod authentication;
mod authority;
mod authorization;
mod certificate;
mod change;
mod error;
mod id;
mod name;
mod policy;
mod record;
mod thing;

pub(crate) use access_key::put as put_access_key;
pub use attachment::Target;
pub(crate) use authorization::compile;
pub use change::Change;
pub use error::{RegistryError, RegistryErrorKind};
pub use id::{CertificateId, CertificateStatus};
pub use name::{PolicyName, ThingName};
pub use record::{AccessKey, Authority, Certificate, Milliseconds, Policy, Thing};
pub use thing::{NewThing, Retired};

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::store::{Batch, Store, Table};
use change::Listeners;

/// The operations. See the [module](self).
pub struct Registry {
    store: Arc<dyn Store>,
    /// Held from the first read of an operation to the end of its commit: what it found still holds when it writes.
    /// The store is this process's alone.
    writing: Mutex<()>,
    listeners: Listeners,
}

impl core::fmt::Debug for Registry {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

/// What an operation is about to do.
struct Plan<T> {
    batch: Batch,
    changes: Vec<Change>,
    outcome: T,
}

impl<T> Plan<T> {
    /// Nothing has to be done.
    const fn nothing(outcome: T) -> Self {
        Self {
            batch: Batch::new(),
            changes: Vec::new(),
            outcome,
        }
    }
}

impl Registry {
    /// The registry in a store: the store itself, or a [`Journal`](crate::store::Journal) before it.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn open(store: Arc<dyn Store>) -> Result<Self, RegistryError> {
        // One read, so that a store that does not answer is found out here.
        store.get(Table::Meta, b"format")?;
        Ok(Self {
            store,
            writing: Mutex::new(()),
            listeners: Listeners::default(),
        })
    }

    /// From now on every change, after it is durable.
    ///
    /// A change that the disk refused is told too: the store may take it later.
    #[must_use]
    pub fn subscribe_changes(&self) -> UnboundedReceiver<Change> {
        self.listeners.subscribe()
    }

    /// Plans and commits as one step.
    fn change<T>(
        &self,
        plan: impl FnOnce() -> Result<Plan<T>, RegistryError>,
    ) -> Result<T, RegistryError> {
        let writing = self.writing.lock();
        let Plan {
            batch,
            changes,
            outcome,
        } = plan()?;
        let committed = if batch.is_empty() {
            Ok(())
        } else {
            self.store.commit(&batch)
        };
        drop(writing);
        self.listeners.notify(&changes);
        committed?;
        Ok(outcome)
    }

    fn find<T: DeserializeOwned>(
        &self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<T>, RegistryError> {
        let found = self.store.get(table, key)?;
        found.map(|bytes| record::read(table, &bytes)).transpose()
    }

    fn list<T: DeserializeOwned>(
        &self,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<T>, RegistryError> {
        self.store
            .scan(table, b"", after, limit)?
            .iter()
            .map(|(_, bytes)| record::read(table, bytes))
            .collect()
    }

    /// Every key under a prefix, without the prefix, in pages so that no scan is without bound.
    fn keys(&self, table: Table, prefix: &str) -> Result<Vec<String>, RegistryError> {
        const PAGE: usize = 1000;
        let mut keys = Vec::new();
        let mut after: Option<Bytes> = None;
        loop {
            let page = self
                .store
                .scan(table, prefix.as_bytes(), after.as_deref(), PAGE)?;
            let last_page = page.len() < PAGE;
            for (key, _) in page {
                let rest = key.strip_prefix(prefix.as_bytes()).unwrap_or_default();
                keys.push(String::from_utf8_lossy(rest).into_owned());
                after = Some(key);
            }
            if last_page {
                return Ok(keys);
            }
        }
    }
}
