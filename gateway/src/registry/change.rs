//! Who is told that something has changed.

use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{CertificateId, PolicyName, ThingName};

/// What to look at again. A change says where, not what: whoever hears of it reads the present state, so that two
/// changes heard in the other order do no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A certificate was registered, got another status, or was deleted.
    Certificate(CertificateId),
    /// A certificate has other policies or things attached.
    Attachments(CertificateId),
    /// A policy has another document, or was deleted.
    Policy(PolicyName),
    /// A thing was created, deleted, or has other attributes.
    Thing(ThingName),
    /// A CA was registered, activated, deactivated or deleted.
    Authority(CertificateId),
    /// An access key was added or deleted.
    Credential(String),
}

#[derive(Debug, Default)]
pub(super) struct Listeners {
    senders: Mutex<Vec<UnboundedSender<Change>>>,
}

impl Listeners {
    /// Unbounded: losing a revocation is worse than the memory of changes that an operator makes.
    pub(super) fn subscribe(&self) -> UnboundedReceiver<Change> {
        let (send, receive) = unbounded_channel();
        self.senders.lock().push(send);
        receive
    }

    pub(super) fn notify(&self, changes: &[Change]) {
        let mut senders = self.senders.lock();
        for change in changes {
            senders.retain(|sender| sender.send(change.clone()).is_ok());
        }
    }
}
