//! What the registry keeps, and how it is written.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{CertificateId, CertificateStatus, RegistryError, RegistryErrorKind};
use crate::store::Table;

/// Milliseconds since 1970, UTC.
pub type Milliseconds = u64;

/// A thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Thing {
    /// Its name.
    pub thing_name: String,
    /// Its type, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing_type_name: Option<String>,
    /// Its attributes, as policy variables see them.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// One when created, one more with each change.
    pub version: u64,
    /// When it was created.
    pub creation_date: Milliseconds,
}

/// A device certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Certificate {
    /// The SHA-256 of its DER.
    pub certificate_id: CertificateId,
    /// What it is allowed to do now.
    pub status: CertificateStatus,
    /// The registered CA that signed it; none when it was registered without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate_id: Option<CertificateId>,
    /// The certificate.
    #[serde(with = "der")]
    pub der: Vec<u8>,
    /// When it was registered.
    pub creation_date: Milliseconds,
    /// When its status was last changed.
    pub last_modified_date: Milliseconds,
}

/// An authority whose certificates devices may present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Authority {
    /// The SHA-256 of its DER.
    pub certificate_id: CertificateId,
    /// Whether its devices are let in.
    pub active: bool,
    /// Whether certificates of it that nobody registered are registered when they first come.
    pub auto_registration: bool,
    /// The certificate.
    #[serde(with = "der")]
    pub der: Vec<u8>,
    /// When it was registered.
    pub creation_date: Milliseconds,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Policy {
    /// Its name.
    pub policy_name: String,
    /// The document, as it was put.
    pub document: String,
    /// One when created, one more with each other document.
    pub version: u64,
    /// When it was created.
    pub creation_date: Milliseconds,
    /// When its document was last changed.
    pub last_modified_date: Milliseconds,
}

/// An access key for signed requests. Who signs with it may do everything.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AccessKey {
    /// The public half.
    pub access_key_id: String,
    /// The secret half: signatures are checked by making them again, so it must be kept.
    #[serde(with = "secret")]
    pub secret_access_key: Zeroizing<String>,
    /// When it was made.
    pub creation_date: Milliseconds,
}

impl core::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AccessKey")
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &"[redacted]")
            .field("creation_date", &self.creation_date)
            .finish()
    }
}

pub(super) fn now() -> Milliseconds {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

pub(super) fn write<T: Serialize>(record: &T) -> Result<Bytes, RegistryError> {
    serde_json::to_vec(record)
        .map(Bytes::from)
        .map_err(|error| {
            RegistryError::new(
                RegistryErrorKind::Unavailable,
                format!("a record cannot be written: {error}"),
            )
        })
}

pub(super) fn read<T: DeserializeOwned>(table: Table, bytes: &[u8]) -> Result<T, RegistryError> {
    serde_json::from_slice(bytes).map_err(|error| {
        RegistryError::new(
            RegistryErrorKind::Unavailable,
            format!("a record of the table `{table}` cannot be read: {error}"),
        )
    })
}

mod der {
    use super::STANDARD;
    use base64::Engine as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use std::borrow::Cow;

    pub(super) fn serialize<S: Serializer>(der: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(der))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD
            .decode(text.as_bytes())
            .map_err(serde::de::Error::custom)
    }
}

mod secret {
    use super::Zeroizing;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        secret: &Zeroizing<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Zeroizing<String>, D::Error> {
        String::deserialize(deserializer).map(Zeroizing::new)
    }
}
