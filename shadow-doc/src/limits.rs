//! What a shadow may be at most, with the service's numbers.

use core::fmt;

use crate::tree::MAX_OPEN;

/// The limits of the service, as values that the caller can see and set.
///
/// ```
/// use shadow_doc::{Depth, Limits};
///
/// let mut limits = Limits::default();
/// assert_eq!(limits.document_bytes, 8192);
/// assert_eq!(limits.depth.get(), 8);
/// // AWS raises the document to 30 KB on request; the error table of its guide says six levels.
/// limits.document_bytes = 30 * 1024;
/// limits.depth = Depth::try_from(6)?;
/// # Ok::<(), shadow_doc::DepthError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one shadow: the compact JSON of `desired` and `reported`, without metadata and
    /// envelope (quota "Maximum size of a JSON state document", 8 KB). Equal passes.
    pub document_bytes: usize,
    /// Levels of nesting in a section.
    pub depth: Depth,
    /// Bytes (not characters) of a `clientToken`.
    pub client_token_bytes: usize,
    /// Bytes of a request, refused before they are looked at (AWS IoT message broker quota, 128 KB).
    pub payload_bytes: usize,
    /// Seconds for which a deleted shadow's version is remembered (48 h). Numbering begins anew after
    /// them, so they have to be longer than a [`Store`](crate::Store) can take between a load and the
    /// put that follows it (a minute is ample), or a put can take a new shadow for the old one.
    pub tombstone_seconds: u64,
}

impl Default for Limits {
    /// The service's numbers.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Limits::default().tombstone_seconds, 48 * 60 * 60);
    /// ```
    fn default() -> Self {
        Self {
            document_bytes: 8192,
            depth: Depth(8),
            client_token_bytes: 64,
            payload_bytes: 128 * 1024,
            tombstone_seconds: 48 * 60 * 60,
        }
    }
}

/// Levels of nesting, counted as Greengrass counts them: a section is the first level, and each
/// object or array that is not empty adds one.
///
/// ```
/// use shadow_doc::Depth;
///
/// assert_eq!(Depth::try_from(8)?.get(), 8);
/// assert!(Depth::try_from(0).is_err());
/// assert!(Depth::try_from(65).is_err());
/// # Ok::<(), shadow_doc::DepthError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Depth(u8);

impl Depth {
    /// The deepest that the crate goes.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Depth::MAX.get(), 64);
    /// ```
    pub const MAX: Self = Self(64);

    /// The number of levels.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Depth::MAX.get(), 64);
    /// ```
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

// Whatever the limit, the containers that may be open at once leave room for it.
const _: () = assert!(MAX_OPEN > Depth::MAX.0 as usize);

impl TryFrom<u8> for Depth {
    type Error = DepthError;

    fn try_from(levels: u8) -> Result<Self, DepthError> {
        if levels == 0 || levels > Self::MAX.0 {
            return Err(DepthError(levels));
        }
        Ok(Self(levels))
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number of levels that the crate does not offer.
///
/// ```
/// use shadow_doc::Depth;
///
/// let error = Depth::try_from(200).unwrap_err();
/// assert_eq!(error.to_string(), "200 levels of nesting: expected 1 to 64");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DepthError(u8);

impl fmt::Display for DepthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} levels of nesting: expected 1 to {}",
            self.0,
            Depth::MAX
        )
    }
}

impl core::error::Error for DepthError {}
