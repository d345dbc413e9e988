//! A shadow as bytes for a store.
//!
//! ```text
//! "TWS" format(1) kind(1) version(8) …                              crc32(4)
//!   kind 1, document: desired-length(4) desired reported   (the rest is reported)
//!   kind 2, tombstone: deleted-at(5)
//! ```
//!
//! Little-endian. The checksum covers all that stands before it; CRC-32 finds every change of up to
//! 32 bits in a row, so every flipped byte, and with the exact lengths every truncation. What passes
//! it is still checked member by member: a checksum is no proof of origin.

use alloc::vec::Vec;
use core::fmt;

use crate::document::{Document, Shadow, Slot, Tombstone, Version};
use crate::state::State;
use crate::time::EpochSeconds;

const MAGIC: [u8; 3] = *b"TWS";
const FORMAT: u8 = 1;
const DOCUMENT: u8 = 1;
const TOMBSTONE: u8 = 2;

impl Shadow {
    /// The shadow as bytes: compact (about one and a half times its state as JSON, stamps included),
    /// versioned, and the same for shadows with the same stamps and the same
    /// spelling of their numbers. Empty if there is nothing to keep.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    ///
    /// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let mut shadow = Shadow::default();
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{"desired":{"on":true}}}"#);
    /// Service::default().apply(&mut shadow, &update, EpochSeconds::from(5_u32)).unwrap();
    ///
    /// let bytes = shadow.to_bytes();
    /// assert_eq!(Shadow::from_bytes(&bytes), Ok(shadow));
    /// assert!(Shadow::from_bytes(&bytes[1..]).is_err());
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.0 {
            Slot::Vacant => return out,
            Slot::Live(document) => {
                head(DOCUMENT, document.version, &mut out);
                // The length of `desired` is filled in behind it.
                let length_at = out.len();
                out.extend_from_slice(&[0; 4]);
                let start = out.len();
                if let Some(desired) = document.desired() {
                    desired.write_stored(&mut out);
                }
                // The limits of a section keep it below 4 GiB.
                let length = u32::try_from(out.len().saturating_sub(start)).unwrap_or(u32::MAX);
                if let Some(field) = out.get_mut(length_at..start) {
                    field.copy_from_slice(&length.to_le_bytes());
                }
                if let Some(reported) = document.reported() {
                    reported.write_stored(&mut out);
                }
            }
            Slot::Deleted(tombstone) => {
                head(TOMBSTONE, tombstone.version, &mut out);
                out.extend_from_slice(&tombstone.deleted_at.to_bytes());
            }
        }
        let checksum = crc32fast::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// What [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// ```
    /// use shadow_doc::{Shadow, StoredErrorKind};
    ///
    /// assert_eq!(Shadow::from_bytes(b""), Ok(Shadow::default()));
    /// assert_eq!(Shadow::from_bytes(b"{}").unwrap_err().kind(), StoredErrorKind::NotAShadow);
    /// ```
    ///
    /// # Errors
    /// The bytes are not a shadow, of a format that this version does not know, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoredError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let Some((magic, rest)) = bytes.split_first_chunk::<3>() else {
            return Err(StoredError(StoredErrorKind::NotAShadow));
        };
        if *magic != MAGIC {
            return Err(StoredError(StoredErrorKind::NotAShadow));
        }
        let damaged = StoredError(StoredErrorKind::Damaged);
        let (body, checksum) = bytes.split_last_chunk::<4>().ok_or(damaged)?;
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return Err(damaged);
        }
        let (format, _) = rest.split_first().ok_or(damaged)?;
        if *format != FORMAT {
            return Err(StoredError(StoredErrorKind::UnknownFormat(*format)));
        }
        let slot = body
            .get(MAGIC.len().saturating_add(1)..)
            .and_then(read)
            .ok_or(damaged)?;
        Ok(Self(slot))
    }
}

fn head(kind: u8, version: Version, out: &mut Vec<u8>) {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[FORMAT, kind]);
    out.extend_from_slice(&version.get().to_le_bytes());
}

fn read(body: &[u8]) -> Option<Slot> {
    let (kind, rest) = body.split_first()?;
    let (version, rest) = rest.split_first_chunk::<8>()?;
    let version = Version::new(u64::from_le_bytes(*version))?;
    match *kind {
        DOCUMENT => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (desired, reported) = rest.split_at_checked(length)?;
            let desired = State::from_stored(desired)?;
            let reported = State::from_stored(reported)?;
            Some(Slot::Live(Document::assemble(desired, reported, version)))
        }
        TOMBSTONE => {
            let deleted_at = EpochSeconds::from_bytes(rest.try_into().ok()?);
            let deleted_at = EpochSeconds::try_from(deleted_at.get()).ok()?;
            Some(Slot::Deleted(Tombstone {
                version,
                deleted_at,
            }))
        }
        _ => None,
    }
}

/// Why stored bytes are not a shadow.
///
/// ```
/// use shadow_doc::Shadow;
///
/// let error = Shadow::from_bytes(b"TWS").unwrap_err();
/// assert_eq!(error.to_string(), "stored shadow is truncated or damaged: its checksum or structure does not hold");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredError(StoredErrorKind);

/// The ways in which stored bytes can fail to be a shadow.
///
/// ```
/// # use shadow_doc::{Shadow, StoredErrorKind};
/// assert_eq!(Shadow::from_bytes(b"TWS").unwrap_err().kind(), StoredErrorKind::Damaged);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredErrorKind {
    /// They do not begin as a shadow does.
    NotAShadow,
    /// A format of another version of this crate.
    UnknownFormat(u8),
    /// They are not all there, or not as they were written.
    Damaged,
}

impl StoredError {
    /// What is wrong.
    ///
    /// ```
    /// # use shadow_doc::{Shadow, StoredErrorKind};
    /// assert_eq!(Shadow::from_bytes(b"x").unwrap_err().kind(), StoredErrorKind::NotAShadow);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> StoredErrorKind {
        self.0
    }
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            StoredErrorKind::NotAShadow => {
                f.write_str("not a stored shadow: expected it to begin with `TWS`")
            }
            StoredErrorKind::UnknownFormat(format) => {
                write!(f, "stored shadow has format {format}: expected {FORMAT}")
            }
            StoredErrorKind::Damaged => f.write_str(
                "stored shadow is truncated or damaged: its checksum or structure does not hold",
            ),
        }
    }
}

impl core::error::Error for StoredError {}
