use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use arc_swap::ArcSwap;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::server::ProducesTickets;

/// Keys for session tickets: the server keeps nothing, the device keeps its session encrypted.
///
/// There is a key in use and the one before it. Replacing them is the caller's, who has a clock: call [`rotate`](Self::rotate)
/// every `lifetime`, and no ticket lives longer than twice that. A ticket is bound to the server's session context; one that
/// another server made does not open, also when both have the same keys.
///
/// ```
/// use std::time::Duration;
///
/// let keys = tls_auth::TicketKeys::new(Duration::from_secs(6 * 3600))?;
/// keys.rotate()?;
/// # Ok::<(), tls_auth::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct TicketKeys {
    inner: Arc<Inner>,
}

struct Inner {
    keys: ArcSwap<Pair>,
    lifetime: u32,
    random: SystemRandom,
}

struct Pair {
    current: Arc<Key>,
    previous: Option<Arc<Key>>,
}

struct Key {
    name: [u8; NAME],
    key: LessSafeKey,
    /// How many tickets it made.
    used: AtomicU64,
}

const NAME: usize = 16;
/// NIST SP 800-38D §8.3: with random nonces no more than 2³² messages a key.
const MAX_TICKETS: u64 = 1 << 32;

impl fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketKeys([redacted])")
    }
}

/// The system had no randomness to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoRandomness;

impl Key {
    fn new(random: &SystemRandom) -> Result<Self, NoRandomness> {
        let (mut name, mut key) = ([0; NAME], zeroize::Zeroizing::new([0; 32]));
        random.fill(&mut name).map_err(|_| NoRandomness)?;
        random.fill(&mut *key).map_err(|_| NoRandomness)?;
        let key = UnboundKey::new(&AES_256_GCM, &*key).map_err(|_| NoRandomness)?;
        Ok(Self {
            name,
            key: LessSafeKey::new(key),
            used: AtomicU64::new(0),
        })
    }
}

impl TicketKeys {
    /// Keys of which the current one is used for `lifetime`.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new(lifetime: Duration) -> Result<Self, super::ConfigError> {
        let random = SystemRandom::new();
        let pair = Pair {
            current: Arc::new(Key::new(&random)?),
            previous: None,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                keys: ArcSwap::from_pointee(pair),
                // RFC 8446 §4.6.1: seven days at most.
                lifetime: u32::try_from(lifetime.as_secs().min(604_800)).unwrap_or(604_800),
                random,
            }),
        })
    }

    /// Makes a new key; tickets of the one before the last no longer open.
    ///
    /// # Errors
    /// When the system gives no randomness; the keys stay as they are.
    pub fn rotate(&self) -> Result<(), super::ConfigError> {
        let current = Arc::new(Key::new(&self.inner.random)?);
        let last = self.inner.keys.load_full();
        self.inner.keys.store(Arc::new(Pair {
            current,
            previous: Some(last.current.clone()),
        }));
        Ok(())
    }
}

/// Tickets of one server.
pub(super) struct Bound {
    pub(super) keys: TicketKeys,
    pub(super) context: Arc<[u8]>,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.keys, f)
    }
}

/// A ticket is the key's name, a nonce, and the session encrypted; the name and the context are authenticated with it.
impl ProducesTickets for Bound {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.keys.inner.lifetime
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let Inner { keys, random, .. } = &*self.keys.inner;
        let pair = keys.load();
        let key = &pair.current;
        if key.used.fetch_add(1, Ordering::Relaxed) >= MAX_TICKETS {
            return None;
        }
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce).ok()?;
        let mut sealed = plain.to_vec();
        let aad = Aad::from([&key.name, &*self.context].concat());
        key.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .ok()?;
        Some([&key.name[..], &nonce, &sealed].concat())
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let (name, rest) = cipher.split_first_chunk::<NAME>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        let pair = self.keys.inner.keys.load();
        let key = [Some(&pair.current), pair.previous.as_ref()]
            .into_iter()
            .flatten()
            .find(|key| key.name == *name)?;
        let mut plain = sealed.to_vec();
        let aad = Aad::from([&key.name, &*self.context].concat());
        let length = key
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut plain)
            .ok()?
            .len();
        plain.truncate(length);
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_opens_for_whoever_made_it_under_two_keys() {
        let keys = TicketKeys::new(Duration::from_secs(3_600)).unwrap();
        let bound = |context: &[u8]| Bound {
            keys: keys.clone(),
            context: context.into(),
        };
        let (one, two) = (bound(b"one"), bound(b"two"));
        let ticket = one.encrypt(b"session").unwrap();
        assert_eq!(one.decrypt(&ticket).as_deref(), Some(&b"session"[..]));
        assert_eq!(two.decrypt(&ticket), None);
        for index in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[index] ^= 1;
            assert_eq!(one.decrypt(&changed), None, "byte {index}");
            assert_eq!(one.decrypt(&ticket[..index]), None, "{index} bytes");
        }
        keys.rotate().unwrap();
        assert!(one.decrypt(&ticket).is_some());
        keys.rotate().unwrap();
        assert_eq!(one.decrypt(&ticket), None);
        assert_eq!(format!("{keys:?}"), "TicketKeys([redacted])");
    }
}
