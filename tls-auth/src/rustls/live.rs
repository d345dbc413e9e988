use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::pki_types::UnixTime;

use super::{Authenticated, ServerAuth};
use crate::error::Refusal;
use crate::id::CertificateId;
use crate::judge::{Judge, Known};

/// The connections of a server that are open, by certificate.
#[derive(Default)]
pub(super) struct Live {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    by_certificate: BTreeMap<(CertificateId, u64), (u64, Arc<Known>)>,
}

impl Live {
    fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing panics while it holds the lock.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live({} connections)", self.open().by_certificate.len())
    }
}

/// A connection that is open: keep it as long as the connection, and drop it with it.
///
/// ```
/// # mod memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/support/memory.rs")); }
/// use std::sync::Arc;
/// use rustls::pki_types::UnixTime;
/// use tls_auth::{Authorities, MemoryRegistry, Owner, Record, ServerAuth, Status};
///
/// let plant = memory::plant()?;
/// let registry = Arc::new(MemoryRegistry::new());
/// registry.insert(plant.device_id, &Record::new(Status::Active, Owner::new("acme")))?;
/// let auth = ServerAuth::builder(plant.server).with_registry(registry.clone()).build()?;
/// let connection = memory::handshake(&plant.device, auth.config(&[])?)?;
/// let now = UnixTime::now();
/// let device = auth.authenticate(&connection, now)?.authenticated().expect("it is registered");
///
/// let noted = auth.track(&device, 17, now)?;
/// assert_eq!(auth.connections_of(&plant.device_id), [17]);
/// assert!(auth.expelled(now).is_empty());
///
/// registry.set_status(&plant.device_id, Status::Revoked)?;
/// let expelled = auth.expelled_of(&plant.device_id, now);
/// assert_eq!(expelled[0].connection(), 17);
/// assert!(expelled[0].refusal().to_string().ends_with("it is registered and REVOKED"));
///
/// drop(noted);
/// assert!(auth.expelled(now).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "the connection is forgotten when this is dropped"]
pub struct LiveConnection {
    live: Arc<Live>,
    key: (CertificateId, u64),
}

impl Drop for LiveConnection {
    fn drop(&mut self) {
        self.live.open().by_certificate.remove(&self.key);
    }
}

/// A connection to close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expelled {
    connection: u64,
    refusal: Refusal,
}

impl Expelled {
    /// The number that the connection was given.
    #[must_use]
    pub fn connection(&self) -> u64 {
        self.connection
    }

    /// Why its device would not be let in now.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.refusal
    }
}

impl ServerAuth {
    /// Takes note of a connection that is open, under a number of the caller's. From then on [`ServerAuth::expelled`] knows of
    /// it; the device is judged once more, so that nothing is missed which changed before.
    ///
    /// # Errors
    /// Why the device would not be let in any more: close the connection.
    pub fn track(
        &self,
        device: &Authenticated,
        connection: u64,
        now: UnixTime,
    ) -> Result<LiveConnection, Refusal> {
        let live = self.live();
        let mut open = live.open();
        let key = (device.certificate_id(), open.next);
        open.next = open.next.wrapping_add(1);
        open.by_certificate
            .insert(key, (connection, device.known().clone()));
        drop(open);
        let noted = LiveConnection {
            live: live.clone(),
            key,
        };
        self.judge().judge_again(device.known(), now)?;
        Ok(noted)
    }

    /// The numbers of the connections that are open with one certificate, as to see whether it is shared.
    #[must_use]
    pub fn connections_of(&self, certificate: &CertificateId) -> Vec<u64> {
        let open = self.live().open();
        open.by_certificate
            .range((*certificate, 0)..=(*certificate, u64::MAX))
            .map(|(_, (connection, _))| *connection)
            .collect()
    }

    /// The open connections of one certificate that must be closed, after its status changed.
    #[must_use]
    pub fn expelled_of(&self, certificate: &CertificateId, now: UnixTime) -> Vec<Expelled> {
        let devices: Vec<(u64, Arc<Known>)> = {
            let open = self.live().open();
            open.by_certificate
                .range((*certificate, 0)..=(*certificate, u64::MAX))
                .map(|(_, device)| device.clone())
                .collect()
        };
        expelled(self.judge(), devices, now)
    }

    /// Every open connection that must be closed: after the registry, the CAs or the revocation lists were replaced, and from
    /// time to time, since certificates expire. No signature of a certificate is verified again. Where revocation is asked for
    /// that was not asked for when they came, all are expelled, to come again.
    #[must_use]
    pub fn expelled(&self, now: UnixTime) -> Vec<Expelled> {
        // Judged without the lock: connections come and go meanwhile.
        let devices: Vec<(u64, Arc<Known>)> = self
            .live()
            .open()
            .by_certificate
            .values()
            .cloned()
            .collect();
        expelled(self.judge(), devices, now)
    }
}

fn expelled(judge: &Judge, devices: Vec<(u64, Arc<Known>)>, now: UnixTime) -> Vec<Expelled> {
    devices
        .into_iter()
        .filter_map(|(connection, known)| {
            let refusal = judge.judge_again(&known, now).err()?;
            Some(Expelled {
                connection,
                refusal,
            })
        })
        .collect()
}
