//! The connections that have to hear of a change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::device::DeviceAccess;
use super::key::KeyAccess;
use crate::registry::{CertificateId, PolicyName};

/// Connections by what they depend on. Each takes itself off the list when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Live {
    lists: Mutex<Lists>,
}

#[derive(Debug, Default)]
struct Lists {
    last: u64,
    by_certificate: BTreeMap<(CertificateId, u64), Weak<DeviceAccess>>,
    by_client: BTreeMap<(Arc<str>, u64), Weak<DeviceAccess>>,
    by_key: BTreeMap<(Arc<str>, u64), Weak<KeyAccess>>,
}

impl Live {
    /// A number for a connection.
    pub(super) fn number(&self) -> u64 {
        let mut lists = self.lists.lock();
        lists.last = lists.last.saturating_add(1);
        lists.last
    }

    pub(super) fn add_device(&self, access: &Arc<DeviceAccess>) {
        let mut lists = self.lists.lock();
        let (id, client) = (access.device.certificate_id, Arc::clone(&access.client_id));
        let weak = Arc::downgrade(access);
        lists
            .by_certificate
            .insert((id, access.number), Weak::clone(&weak));
        lists.by_client.insert((client, access.number), weak);
    }

    pub(super) fn remove_device(&self, access: &DeviceAccess) {
        let mut lists = self.lists.lock();
        let id = access.device.certificate_id;
        let one = lists.by_certificate.remove(&(id, access.number));
        let other = lists
            .by_client
            .remove(&(Arc::clone(&access.client_id), access.number));
        drop(lists);
        drop((one, other));
    }

    pub(super) fn add_key(&self, access: &Arc<KeyAccess>) {
        let key = (Arc::clone(&access.id), access.number);
        self.lists.lock().by_key.insert(key, Arc::downgrade(access));
    }

    pub(super) fn remove_key(&self, access: &KeyAccess) {
        let key = (Arc::clone(&access.id), access.number);
        let removed = self.lists.lock().by_key.remove(&key);
        drop(removed);
    }

    // A connection that is given up here may be the last to know of itself: it is dropped after the lock.

    pub(super) fn of_certificate(&self, id: CertificateId) -> Vec<Arc<DeviceAccess>> {
        let lists = self.lists.lock();
        let range = (id, 0)..=(id, u64::MAX);
        let found = lists.by_certificate.range(range);
        found.filter_map(|(_, access)| access.upgrade()).collect()
    }

    pub(super) fn of_client(&self, client_id: &str) -> Vec<Arc<DeviceAccess>> {
        let client: Arc<str> = client_id.into();
        let lists = self.lists.lock();
        let range = (Arc::clone(&client), 0)..=(client, u64::MAX);
        let found = lists.by_client.range(range);
        found.filter_map(|(_, access)| access.upgrade()).collect()
    }

    pub(super) fn of_key(&self, id: &str) -> Vec<Arc<KeyAccess>> {
        let id: Arc<str> = id.into();
        let lists = self.lists.lock();
        let range = (Arc::clone(&id), 0)..=(id, u64::MAX);
        let found = lists.by_key.range(range);
        found.filter_map(|(_, access)| access.upgrade()).collect()
    }

    /// All connections with certificates.
    pub(super) fn all(&self) -> Vec<Arc<DeviceAccess>> {
        let lists = self.lists.lock();
        let found = lists.by_certificate.values();
        found.filter_map(Weak::upgrade).collect()
    }
}

/// What has changed and has not been told to all whom it concerns.
#[derive(Debug, Default)]
pub(super) struct Work {
    lists: Mutex<WorkLists>,
}

#[derive(Debug, Default)]
struct WorkLists {
    policies: BTreeSet<PolicyName>,
    connections: VecDeque<Weak<DeviceAccess>>,
}

/// The next thing to do.
pub(super) enum Step {
    /// Find out whom a policy concerns.
    Policy(PolicyName),
    /// Give a connection its permissions again.
    Bind(Arc<DeviceAccess>),
}

impl Work {
    pub(super) fn note_policy(&self, name: &PolicyName) {
        self.lists.lock().policies.insert(name.clone());
    }

    /// Connections have to be bound again. One that waits for it already waits once.
    pub(super) fn note(&self, connections: &[Arc<DeviceAccess>]) {
        let mut lists = self.lists.lock();
        for access in connections {
            if access.mark_stale() {
                lists.connections.push_back(Arc::downgrade(access));
            }
        }
    }

    pub(super) fn is_there(&self) -> bool {
        let lists = self.lists.lock();
        !lists.policies.is_empty() || !lists.connections.is_empty()
    }

    pub(super) fn next(&self) -> Option<Step> {
        let mut lists = self.lists.lock();
        if let Some(name) = lists.policies.pop_first() {
            return Some(Step::Policy(name));
        }
        while let Some(access) = lists.connections.pop_front() {
            if let Some(access) = access.upgrade() {
                return Some(Step::Bind(access));
            }
        }
        None
    }
}
