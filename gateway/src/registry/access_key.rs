//! Access keys for signed requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::record::{now, write};
use super::{AccessKey, Change, Plan, Registry, RegistryError, RegistryErrorKind};
use crate::store::{Batch, Table};

impl AccessKey {
    /// A new key: an id of twenty characters as the service has them, a secret of thirty random octets.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    ///
    /// ```
    /// use thingwire::registry::AccessKey;
    ///
    /// let key = AccessKey::generate()?;
    /// assert!(key.access_key_id.starts_with("AKIA") && key.access_key_id.len() == 20);
    /// assert_eq!(key.secret_access_key.len(), 40);
    /// assert!(format!("{key:?}").contains("[redacted]"));
    /// # Ok::<(), thingwire::registry::RegistryError>(())
    /// ```
    pub fn generate() -> Result<Self, RegistryError> {
        // The letters and digits of base 32, as key ids use them.
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut id = [0_u8; 16];
        let mut secret = Zeroizing::new([0_u8; 30]);
        let random = SystemRandom::new();
        random
            .fill(&mut id)
            .and_then(|()| random.fill(&mut *secret))
            .map_err(|ring::error::Unspecified| {
                RegistryError::new(
                    RegistryErrorKind::Unavailable,
                    "no random numbers to be had",
                )
            })?;
        let letters = id.iter().map(|octet| {
            let letter = LETTERS.get(usize::from(octet % 32)).copied();
            char::from(letter.unwrap_or(b'A'))
        });
        Ok(Self {
            access_key_id: "AKIA".chars().chain(letters).collect(),
            secret_access_key: Zeroizing::new(STANDARD.encode(*secret)),
            creation_date: now(),
        })
    }
}

impl Registry {
    /// The key of an id; `None` for an id that nobody has.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn access_key(&self, id: &str) -> Result<Option<AccessKey>, RegistryError> {
        self.find(Table::Credential, id.as_bytes())
    }

    /// Adds an access key.
    ///
    /// # Errors
    ///
    /// When there is one of this id with another secret.
    pub fn add_access_key(&self, key: &AccessKey) -> Result<(), RegistryError> {
        self.change(|| match self.access_key(&key.access_key_id)? {
            Some(present) if present.secret_access_key == key.secret_access_key => {
                Ok(Plan::nothing(()))
            }
            Some(_) => Err(RegistryError::new(
                RegistryErrorKind::AlreadyExists,
                format!("there is an access key `{}` already", key.access_key_id),
            )),
            None => Ok(Plan {
                batch: put(Batch::new(), key)?,
                changes: vec![Change::Credential(key.access_key_id.clone())],
                outcome: (),
            }),
        })
    }

    /// Deletes an access key.
    ///
    /// # Errors
    ///
    /// When there is none of this id.
    pub fn delete_access_key(&self, id: &str) -> Result<(), RegistryError> {
        self.change(|| {
            if self.access_key(id)?.is_none() {
                return Err(RegistryError::not_found("access key", id));
            }
            Ok(Plan {
                batch: Batch::new().delete(Table::Credential, id.to_owned()),
                changes: vec![Change::Credential(id.to_owned())],
                outcome: (),
            })
        })
    }
}

pub(crate) fn put(batch: Batch, key: &AccessKey) -> Result<Batch, RegistryError> {
    Ok(batch.put(Table::Credential, key.access_key_id.clone(), write(key)?))
}
