use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::server::StoresServerSessions;

/// Sessions that may be resumed, kept in memory.
///
/// Servers may share one: each sees only the sessions it made itself, whatever ids a client comes with, because the
/// [session context](crate::ServerAuthBuilder::with_session_context) is part of the key. That a session is found does not let
/// anyone in; [`ServerAuth::authenticate`](crate::ServerAuth::authenticate) judges its certificate again.
///
/// ```
/// let sessions = tls_auth::SessionStore::new(10_000);
/// assert_eq!(sessions.len(), 0);
/// ```
#[derive(Clone)]
pub struct SessionStore {
    inner: Arc<Mutex<Sessions>>,
}

struct Sessions {
    capacity: usize,
    by_key: HashMap<Vec<u8>, Vec<u8>>,
    /// In the order they came; one that was taken leaves its key behind.
    order: VecDeque<Vec<u8>>,
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionStore({} sessions)", self.len())
    }
}

impl SessionStore {
    /// A store of up to `capacity` sessions, the oldest of which make room for new ones.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Sessions {
                capacity,
                by_key: HashMap::new(),
                order: VecDeque::new(),
            })),
        }
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        // Nothing panics while it holds the lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions().by_key.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets every session: whoever comes next makes a full handshake.
    pub fn clear(&self) {
        let mut sessions = self.sessions();
        sessions.by_key.clear();
        sessions.order.clear();
    }
}

impl Sessions {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) -> bool {
        if self.capacity == 0 {
            return false;
        }
        while self.by_key.len() >= self.capacity
            || self.order.len() > self.capacity.saturating_mul(2)
        {
            match self.order.pop_front() {
                Some(oldest) => self.by_key.remove(&oldest),
                None => break,
            };
        }
        if self.by_key.insert(key.clone(), value).is_none() {
            self.order.push_back(key);
        }
        true
    }
}

/// A store as one server sees it.
pub(super) struct Bound {
    pub(super) store: SessionStore,
    pub(super) context: Arc<[u8]>,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.store, f)
    }
}

impl Bound {
    fn key(&self, key: &[u8]) -> Vec<u8> {
        [&self.context, key].concat()
    }
}

impl StoresServerSessions for Bound {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        let key = self.key(&key);
        self.store.sessions().put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let key = self.key(key);
        self.store.sessions().by_key.get(&key).cloned()
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        let key = self.key(key);
        self.store.sessions().by_key.remove(&key)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_found_by_whoever_made_it_until_it_is_old() {
        let store = SessionStore::new(2);
        let bound = |context: &[u8]| Bound {
            store: store.clone(),
            context: context.into(),
        };
        let (one, two) = (bound(b"11"), bound(b"22"));
        assert!(one.put(vec![1], vec![10]));
        assert_eq!(two.get(&[1]), None);
        assert_eq!(two.take(&[1]), None);
        assert_eq!(one.get(&[1]), Some(vec![10]));
        assert!(two.put(vec![2], vec![20]) && two.put(vec![3], vec![30]));
        assert_eq!(one.get(&[1]), None, "the oldest made room");
        assert_eq!(two.take(&[2]), Some(vec![20]));
        assert_eq!(two.take(&[2]), None, "once only");
        store.clear();
        assert!(store.is_empty());
        assert!(
            !Sessions {
                capacity: 0,
                by_key: HashMap::new(),
                order: VecDeque::new()
            }
            .put(vec![], vec![])
        );
    }

    #[test]
    fn keys_left_behind_are_bounded() {
        let store = SessionStore::new(4);
        let bound = Bound {
            store: store.clone(),
            context: [0_u8; 16].into(),
        };
        for number in 0..1_000_u32 {
            bound.put(number.to_be_bytes().to_vec(), vec![0]);
            bound.take(&number.to_be_bytes());
        }
        assert!(store.sessions().order.len() <= 9);
    }
}
