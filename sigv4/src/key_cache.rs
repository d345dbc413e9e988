//! Signing keys that were used before.

use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroUsize;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::credentials::SecretAccessKey;
use crate::key::SigningKey;

/// A bounded store of signing keys, by access key, secret, day, region and service, shared by its clones.
///
/// Deriving a signing key is four of the five HMACs of a signature, and the key is the same all day. A key goes in only after the
/// request it was made for proved genuine, so nobody can fill the store with scopes of their choice; when it is full, the keys not
/// used lately are overwritten and dropped.
///
/// Keys are kept in two generations: new and used keys are in the young one; when that holds half the capacity, it becomes the old one
/// and the old one is dropped. Every operation is constant time but for that drop, which is paid once in half a capacity of insertions.
///
/// ```
/// use core::num::NonZeroUsize;
/// use sigv4::{Credentials, KeyCache, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
///
/// let cache = KeyCache::new(NonZeroUsize::new(1000).unwrap());
/// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::iot_data())
///     .with_key_cache(cache.clone());
/// let headers = [("Host", "example.com")];
/// let request = Request::new("GET", "/", headers.as_slice());
/// for _ in 0..3 {
///     signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
/// }
/// assert_eq!(cache.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyCache {
    shared: Arc<Shared>,
}

struct Shared {
    /// The most keys in one generation.
    half: usize,
    generations: RwLock<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Box<[u8]>, Entry>,
    old: HashMap<Box<[u8]>, Entry>,
}

#[derive(Clone)]
struct Entry {
    fingerprint: [u8; 16],
    key: Arc<SigningKey>,
}

impl Entry {
    /// An access key whose secret was changed must not go on with a key of the old one.
    fn is_of(&self, secret: &SecretAccessKey) -> bool {
        // Both sides are this side's own, so there is nobody to learn from the time this takes.
        self.fingerprint == *secret.fingerprint()
    }
}

impl KeyCache {
    /// An empty store for at most `capacity` keys (rounded up to an even number).
    ///
    /// ```
    /// use core::num::NonZeroUsize;
    ///
    /// let cache = sigv4::KeyCache::new(NonZeroUsize::new(10).unwrap());
    /// assert!(cache.is_empty());
    /// ```
    #[must_use]
    pub fn new(capacity: NonZeroUsize) -> Self {
        let half = capacity.get().div_ceil(2);
        Self {
            shared: Arc::new(Shared {
                half,
                generations: RwLock::default(),
            }),
        }
    }

    /// How many keys are held.
    ///
    /// ```
    /// # use core::num::NonZeroUsize;
    /// assert_eq!(sigv4::KeyCache::new(NonZeroUsize::MIN).len(), 0);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        let generations = self
            .shared
            .generations
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        generations
            .young
            .len()
            .saturating_add(generations.old.len())
    }

    /// Whether no key is held.
    ///
    /// ```
    /// # use core::num::NonZeroUsize;
    /// assert!(sigv4::KeyCache::new(NonZeroUsize::MIN).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Overwrites and drops all keys, as after a leak. Keys in use at this moment live until that use ends, and a request that is being
    /// signed or verified may put its key in after this. Such a key is of no use once the secret is changed in the store: a key is taken
    /// out only for the secret that it was derived from.
    ///
    /// ```
    /// # use core::num::NonZeroUsize;
    /// let cache = sigv4::KeyCache::new(NonZeroUsize::MIN);
    /// cache.clear();
    /// assert!(cache.is_empty());
    /// ```
    pub fn clear(&self) {
        // Dropped after the lock is released.
        let dropped = core::mem::take(
            &mut *self
                .shared
                .generations
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        );
        drop(dropped);
    }

    /// The key of a credential, `AKID/YYYYMMDD/region/service/aws4_request`, if it is held and of this secret.
    pub(crate) fn find(
        &self,
        credential: &[u8],
        secret: &SecretAccessKey,
    ) -> Option<Arc<SigningKey>> {
        let generations = self
            .shared
            .generations
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = generations.young.get(credential) {
            return entry.is_of(secret).then(|| Arc::clone(&entry.key));
        }
        let entry = generations
            .old
            .get(credential)
            .filter(|entry| entry.is_of(secret))?
            .clone();
        drop(generations);
        // Used again: it must survive the next change of generations.
        self.insert_entry(credential, entry.clone());
        Some(entry.key)
    }

    pub(crate) fn insert(
        &self,
        credential: &[u8],
        secret_fingerprint: [u8; 16],
        key: Arc<SigningKey>,
    ) {
        self.insert_entry(
            credential,
            Entry {
                fingerprint: secret_fingerprint,
                key,
            },
        );
    }

    fn insert_entry(&self, credential: &[u8], entry: Entry) {
        let name = Box::from(credential);
        let mut generations = self
            .shared
            .generations
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        generations.old.remove(credential);
        let mut dropped = HashMap::new();
        if generations.young.len() >= self.shared.half
            && !generations.young.contains_key(credential)
        {
            let young = core::mem::take(&mut generations.young);
            dropped = core::mem::replace(&mut generations.old, young);
        }
        generations.young.insert(name, entry);
        drop(generations);
        // Wiping a generation of keys is not done while others wait for the lock.
        drop(dropped);
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &SecretAccessKey) -> Arc<SigningKey> {
        Arc::new(SigningKey::derive(
            secret,
            b"20260301",
            b"us-east-1",
            b"iotdata",
        ))
    }

    fn cache(capacity: usize) -> KeyCache {
        KeyCache::new(NonZeroUsize::new(capacity).unwrap())
    }

    #[test]
    fn never_more_than_the_capacity() {
        let (cache, secret) = (cache(10), SecretAccessKey::new("s"));
        for number in 0..1000_u32 {
            cache.insert(&number.to_be_bytes(), *secret.fingerprint(), key(&secret));
            assert!(cache.len() <= 10, "{}", cache.len());
            assert!(cache.find(&number.to_be_bytes(), &secret).is_some());
        }
    }

    #[test]
    fn what_is_used_stays() {
        let (cache, secret) = (cache(10), SecretAccessKey::new("s"));
        cache.insert(b"used", *secret.fingerprint(), key(&secret));
        cache.insert(b"unused", *secret.fingerprint(), key(&secret));
        for number in 0..100_u32 {
            cache.insert(&number.to_be_bytes(), *secret.fingerprint(), key(&secret));
            assert!(cache.find(b"used", &secret).is_some(), "{number}");
        }
        assert!(cache.find(b"unused", &secret).is_none());
    }

    #[test]
    fn a_changed_secret_finds_nothing() {
        let (cache, secret) = (cache(10), SecretAccessKey::new("old"));
        cache.insert(b"c", *secret.fingerprint(), key(&secret));
        let new = SecretAccessKey::new("new");
        assert!(cache.find(b"c", &new).is_none());
        cache.insert(b"c", *new.fingerprint(), key(&new));
        assert!(cache.find(b"c", &new).is_some());
        assert!(cache.find(b"c", &secret).is_none());
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn evicted_keys_are_dropped_and_so_wiped() {
        let (cache, secret) = (cache(2), SecretAccessKey::new("s"));
        let first = key(&secret);
        let watch = Arc::downgrade(&first);
        cache.insert(b"first", *secret.fingerprint(), first);
        cache.insert(b"second", *secret.fingerprint(), key(&secret));
        cache.insert(b"third", *secret.fingerprint(), key(&secret));
        assert!(
            watch.upgrade().is_none(),
            "no copy of an evicted key is left"
        );
        cache.clear();
        assert!(cache.is_empty());
    }
}
