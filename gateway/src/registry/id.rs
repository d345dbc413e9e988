//! Certificate ids and statuses.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{RegistryError, RegistryErrorKind};

/// The SHA-256 of a certificate's DER, written as 64 lower-case hexadecimal digits.
///
/// ```
/// use thingwire::registry::CertificateId;
///
/// let id = CertificateId::of(b"the DER of a certificate");
/// assert_eq!(id.to_string().len(), 64);
/// assert_eq!(id.to_string().parse(), Ok(id));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateId([u8; 32]);

impl CertificateId {
    /// The id of the certificate whose DER this is.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, der);
        // SHA-256 has 32 octets.
        Self(digest.as_ref().try_into().unwrap_or([0; 32]))
    }

    /// An id from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CertificateId {
    type Err = RegistryError;

    /// 64 hexadecimal digits of either case.
    fn from_str(text: &str) -> Result<Self, RegistryError> {
        let invalid = || {
            RegistryError::new(
                RegistryErrorKind::Invalid,
                format!("invalid certificate id `{text}`: expected 64 hexadecimal digits"),
            )
        };
        let mut bytes = [0; 32];
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(invalid());
        };
        if pairs.len() != bytes.len() {
            return Err(invalid());
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            let (Some(high), Some(low)) = (high, low) else {
                return Err(invalid());
            };
            *byte = u8::try_from((high << 4) | low).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for CertificateId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CertificateId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a certificate is allowed to do now. Only [`Active`](Self::Active) authenticates.
///
/// ```
/// use thingwire::registry::CertificateStatus;
///
/// assert_eq!(CertificateStatus::PendingActivation.to_string(), "PENDING_ACTIVATION");
/// assert_eq!("REVOKED".parse(), Ok(CertificateStatus::Revoked));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum CertificateStatus {
    /// It authenticates its device.
    Active,
    /// It does not, and can be made active.
    Inactive,
    /// It never will again.
    Revoked,
    /// On its way to another account.
    PendingTransfer,
    /// Registered and not active; deprecated by the service.
    RegisterInactive,
    /// Seen for the first time, signed by a CA with auto-registration.
    PendingActivation,
}

impl CertificateStatus {
    /// Every status, in the service's order.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Inactive,
        Self::Revoked,
        Self::PendingTransfer,
        Self::RegisterInactive,
        Self::PendingActivation,
    ];

    /// The service's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
            Self::PendingTransfer => "PENDING_TRANSFER",
            Self::RegisterInactive => "REGISTER_INACTIVE",
            Self::PendingActivation => "PENDING_ACTIVATION",
        }
    }
}

impl fmt::Display for CertificateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CertificateStatus {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, RegistryError> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| {
                RegistryError::new(
                    RegistryErrorKind::Invalid,
                    format!("invalid status of a certificate: `{text}`"),
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::{CertificateId, CertificateStatus};

    #[test]
    fn ids() {
        let id = CertificateId::of(b"");
        // The SHA-256 of nothing (FIPS 180-4 examples).
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(id.to_string(), hex);
        assert_eq!(hex.to_uppercase().parse(), Ok(id));
        for wrong in [
            "",
            &hex[1..],
            &format!("{hex}0"),
            &hex.replace('e', "g"),
            "+1",
        ] {
            assert!(wrong.parse::<CertificateId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn statuses_are_written_as_the_service_does() {
        for status in CertificateStatus::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert!("active".parse::<CertificateStatus>().is_err());
    }
}
