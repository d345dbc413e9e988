//! A change to one section of a shadow.

use alloc::vec::Vec;
use core::fmt;

use crate::json::{ArrayNulls, JsonError};
use crate::state::{State, parse, rules};
use crate::time::EpochSeconds;
use crate::tree::{self, MAX_OPEN, Members, Nulls, TreeRules, Walk};

/// A change to a section: a JSON object in which null deletes.
///
/// ```
/// use shadow_doc::Patch;
///
/// let patch = Patch::from_json(br#"{"b": null, "a": [1, 2]}"#)?;
/// assert_eq!(patch.to_json(), br#"{"a":[1,2],"b":null}"#);
/// # Ok::<(), shadow_doc::JsonError>(())
/// ```
#[derive(Clone, Default)]
pub struct Patch {
    bytes: Vec<u8>,
}

impl Patch {
    /// Reads a JSON object; the stamp of its leaves is the epoch.
    ///
    /// ```
    /// use shadow_doc::Patch;
    ///
    /// assert!(Patch::from_json(b"{}")?.is_empty());
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    ///
    /// # Errors
    /// The text is no JSON object, has null in an array, or is deeper than
    /// [`Depth::MAX`](crate::Depth::MAX).
    pub fn from_json(text: &[u8]) -> Result<Self, JsonError> {
        Self::from_json_at(text, EpochSeconds::default())
    }

    /// Reads a JSON object whose leaves carry `stamp`.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, Patch, State};
    ///
    /// let mut state = State::default();
    /// state.merge(&Patch::from_json_at(br#"{"a":1}"#, EpochSeconds::from(9_u32))?);
    /// assert_eq!(state.stamp(&["a"]), Some(EpochSeconds::from(9_u32)));
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_at(text: &[u8], stamp: EpochSeconds) -> Result<Self, JsonError> {
        Ok(Self {
            bytes: parse(text, &rules(stamp, Nulls::Keep))?,
        })
    }

    /// Reads a message, which says what it says: null may stand anywhere, and it may be as deep as
    /// the crate reads at all, since the limits are the service's business.
    pub(crate) fn from_message(text: &[u8]) -> Result<Self, JsonError> {
        let widest = TreeRules {
            max_level: u32::try_from(MAX_OPEN).unwrap_or(u32::MAX),
            count_arrays: false,
            array_nulls: ArrayNulls::Anywhere,
            ..rules(EpochSeconds::default(), Nulls::Keep)
        };
        Ok(Self {
            bytes: parse(text, &widest)?,
        })
    }

    pub(crate) const fn from_members(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    pub(crate) fn members(&self) -> Members<'_> {
        Members(&self.bytes)
    }

    /// True for `{}`, which changes nothing.
    ///
    /// ```
    /// assert!(shadow_doc::Patch::default().is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The patch as compact JSON, names in order.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Patch::default().to_json(), b"{}");
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len());
        tree::write_state(Walk::new(self.members()), &mut out);
        out
    }

    /// The one patch that does what this one and then `next` do, or `None` if no single patch can.
    ///
    /// That is the case when a scalar, an array or a deletion is followed by an object in the same
    /// place: together they replace a value by an object, and a patch only merges objects.
    ///
    /// ```
    /// use shadow_doc::Patch;
    ///
    /// let patch = |json: &[u8]| Patch::from_json(json).unwrap();
    /// let both = patch(br#"{"a":1,"b":2}"#).then(&patch(br#"{"a":null,"c":3}"#)).unwrap();
    /// assert_eq!(both.to_json(), br#"{"a":null,"b":2,"c":3}"#);
    /// assert!(patch(br#"{"a":null}"#).then(&patch(br#"{"a":{"x":1}}"#)).is_none());
    /// ```
    #[must_use]
    pub fn then(&self, next: &Self) -> Option<Self> {
        let mut bytes = Vec::with_capacity(self.bytes.len().saturating_add(next.bytes.len()));
        tree::compose(self.members(), next.members(), &mut bytes).then_some(Self { bytes })
    }
}

/// The patch that sets every member of a state, stamps included.
impl From<State> for Patch {
    fn from(state: State) -> Self {
        Self::from_members(state.into_members())
    }
}

impl PartialEq for Patch {
    fn eq(&self, other: &Self) -> bool {
        tree::compare(self.members(), other.members())
    }
}

impl Eq for Patch {}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&alloc::string::String::from_utf8_lossy(&self.to_json()))
    }
}
