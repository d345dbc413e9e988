use alloc::boxed::Box;
use alloc::sync::Arc;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Known;
use crate::id::CertificateId;

/// Certificates whose paths were verified. Only who was verified gets in, so a stranger cannot fill it; two generations bound
/// it without a list of ages.
#[derive(Debug)]
pub(crate) struct Memo {
    shards: Box<[Mutex<Generations>]>,
    /// How many a generation of a shard holds.
    capacity: usize,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<CertificateId, Arc<Known>>,
    old: HashMap<CertificateId, Arc<Known>>,
}

const SHARDS: usize = 16;

impl Memo {
    /// A memory of up to `capacity` certificates; none when it is zero.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            capacity: capacity.div_ceil(SHARDS.saturating_mul(2)),
        }
    }

    fn shard(&self, id: &CertificateId) -> Option<MutexGuard<'_, Generations>> {
        let index = usize::from(id.as_bytes().last().copied().unwrap_or(0) & 0x0F);
        let shard = self.shards.get(index)?;
        // Nothing panics while it holds the lock.
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn find(&self, id: &CertificateId) -> Option<Arc<Known>> {
        let mut shard = self.shard(id)?;
        if let Some(known) = shard.young.get(id) {
            return Some(known.clone());
        }
        let known = shard.old.remove(id)?;
        shard.add(*id, known.clone(), self.capacity);
        Some(known)
    }

    pub(crate) fn insert(&self, id: CertificateId, known: Arc<Known>) {
        if self.capacity > 0
            && let Some(mut shard) = self.shard(&id)
        {
            shard.add(id, known, self.capacity);
        }
    }
}

impl Generations {
    fn add(&mut self, id: CertificateId, known: Arc<Known>, capacity: usize) {
        if self.young.len() >= capacity && !self.young.contains_key(&id) {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(id, known);
    }
}
