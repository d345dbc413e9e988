//! What the holder of one of the gateway's access keys may do: everything, for as long as there is the key.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;

use mqtt_codec::{Connect, ReasonCode};
use tokio::time::Instant;

use super::Authorizer;
use super::live::Live;
use crate::access::{Access, Operation, Principal};
use crate::connection::Admission;

pub(super) struct KeyAdmission {
    pub(super) authorizer: Arc<Authorizer>,
    pub(super) id: Arc<str>,
    /// How long a connection may last that was signed for once.
    pub(super) life: Option<Duration>,
}

impl Admission for KeyAdmission {
    fn admit(&self, client_id: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        let live = &self.authorizer.live;
        let access = Arc::new(KeyAccess {
            id: Arc::clone(&self.id),
            client_id: client_id.into(),
            number: live.number(),
            until: self.life.and_then(|life| Instant::now().checked_add(life)),
            is_deleted: AtomicBool::new(false),
            live: Arc::clone(live),
        });
        // Listed first, read after: a key that is deleted between is seen by one of the two.
        live.add_key(&access);
        match self.authorizer.registry.access_key(&self.id) {
            Ok(Some(_)) => Ok(access),
            Ok(None) => Err(ReasonCode::NotAuthorized),
            Err(error) => {
                tracing::error!(%error, "an access key cannot be read");
                Err(ReasonCode::ServerUnavailable)
            }
        }
    }
}

/// A connection under an access key.
pub(super) struct KeyAccess {
    pub(super) id: Arc<str>,
    pub(super) client_id: Box<str>,
    pub(super) number: u64,
    until: Option<Instant>,
    is_deleted: AtomicBool,
    live: Arc<Live>,
}

impl KeyAccess {
    pub(super) fn end(&self) {
        self.is_deleted.store(true, Ordering::Release);
    }
}

impl fmt::Debug for KeyAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyAccess").field(&self.id).finish()
    }
}

impl Drop for KeyAccess {
    fn drop(&mut self) {
        self.live.remove_key(self);
    }
}

impl Access for KeyAccess {
    fn allows(&self, operation: Operation<'_>) -> bool {
        match operation {
            Operation::Publish { .. } | Operation::Subscribe { .. } | Operation::Receive { .. } => {
                self.ended().is_none()
            }
        }
    }

    fn revision(&self) -> u64 {
        u64::from(self.ended().is_some())
    }

    fn ended(&self) -> Option<ReasonCode> {
        if self.is_deleted.load(Ordering::Acquire) {
            return Some(ReasonCode::AdministrativeAction);
        }
        let is_over = self.until.is_some_and(|until| until <= Instant::now());
        is_over.then_some(ReasonCode::MaximumConnectTime)
    }

    fn principal(&self) -> Option<Principal> {
        Some(Principal::AccessKey(self.id.as_ref().into()))
    }
}
