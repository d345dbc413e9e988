//! A shadow as it is kept between requests.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU64;

use crate::profile::{DeltaMetadata, EmptyObjectDelta};
use crate::state::State;
use crate::time::EpochSeconds;
use crate::tree::{self, LOOSE, STRICT, Walk};

/// The version of a shadow: 1 for the first accepted update, one more for each that follows.
///
/// ```
/// use shadow_doc::Version;
///
/// assert_eq!(Version::FIRST.get(), 1);
/// assert_eq!(Version::new(0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(NonZeroU64);

impl Version {
    /// 1.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Version::FIRST.to_string(), "1");
    /// ```
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// `None` for 0, which no shadow has.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Version::new(7).unwrap().get(), 7);
    /// ```
    #[must_use]
    pub const fn new(version: u64) -> Option<Self> {
        match NonZeroU64::new(version) {
            Some(version) => Some(Self(version)),
            None => None,
        }
    }

    /// The number.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Version::FIRST.get(), 1);
    /// ```
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The next version; `None` after `u64::MAX`.
    pub(crate) const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(version) => Some(Self(version)),
            None => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A shadow between requests: nothing, a document, or the memory of a deleted one.
///
/// Cloning is cheap, since sections are shared. [`Service::apply`](crate::Service::apply) changes it
/// and leaves it alone when it rejects.
///
/// ```
/// use shadow_doc::Shadow;
///
/// let shadow = Shadow::default();
/// assert!(shadow.document().is_none());
/// assert!(shadow.tombstone().is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shadow(pub(crate) Slot);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Slot {
    #[default]
    Vacant,
    Live(Document),
    Deleted(Tombstone),
}

impl Shadow {
    /// The document, if the shadow exists.
    ///
    /// ```
    /// assert!(shadow_doc::Shadow::default().document().is_none());
    /// ```
    #[must_use]
    pub const fn document(&self) -> Option<&Document> {
        match &self.0 {
            Slot::Live(document) => Some(document),
            Slot::Vacant | Slot::Deleted(_) => None,
        }
    }

    /// What is remembered of a deleted shadow.
    ///
    /// ```
    /// assert!(shadow_doc::Shadow::default().tombstone().is_none());
    /// ```
    #[must_use]
    pub const fn tombstone(&self) -> Option<Tombstone> {
        match &self.0 {
            Slot::Deleted(tombstone) => Some(*tombstone),
            Slot::Vacant | Slot::Live(_) => None,
        }
    }

    /// What a store compares before it puts: changes with every accepted update and delete.
    ///
    /// ```
    /// use shadow_doc::{Revision, Shadow};
    ///
    /// assert_eq!(Shadow::default().revision(), Revision::default());
    /// ```
    #[must_use]
    pub fn revision(&self) -> Revision {
        match &self.0 {
            Slot::Vacant => Revision::default(),
            Slot::Live(document) => Revision {
                version: document.version.get(),
                is_deleted: false,
            },
            Slot::Deleted(tombstone) => Revision {
                version: tombstone.version.get(),
                is_deleted: true,
            },
        }
    }

    /// The memory of a deleted shadow, once it is older than `limit` seconds, goes.
    pub(crate) fn forget(&mut self, now: EpochSeconds, limit: u64) {
        if let Slot::Deleted(tombstone) = self.0
            && tombstone.is_expired(now, limit)
        {
            self.0 = Slot::Vacant;
        }
    }
}

/// Identifies one state of one shadow in a [`Store`](crate::Store).
///
/// ```
/// use shadow_doc::Revision;
///
/// assert_eq!(Revision::default().to_string(), "0");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    version: u64,
    is_deleted: bool,
}

impl Revision {
    /// One number for a database column: twice the version, one more for a tombstone, 0 for nothing.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Revision::default().to_number(), 0);
    /// ```
    #[must_use]
    pub fn to_number(self) -> u128 {
        u128::from(self.version) << 1 | u128::from(self.is_deleted)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}",
            self.version,
            if self.is_deleted { " (deleted)" } else { "" }
        )
    }
}

/// What is remembered of a deleted shadow, so that numbering goes on.
///
/// ```
/// use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
///
/// let service = Service::default();
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let now = EpochSeconds::from(100_u32);
/// let mut shadow = Shadow::default();
/// let update = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
/// service.apply(&mut shadow, &update, now).unwrap();
/// service.apply(&mut shadow, &Request::new(&address, Operation::Delete, b""), now).unwrap();
/// assert_eq!(shadow.tombstone().unwrap().deleted_at(), now);
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    pub(crate) version: Version,
    pub(crate) deleted_at: EpochSeconds,
}

impl Tombstone {
    /// The version that numbering goes on from.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let service = Service::default();
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let now = EpochSeconds::from(100_u32);
    /// let mut shadow = Shadow::default();
    /// service.apply(&mut shadow, &Request::new(&address, Operation::Update, br#"{"state":{}}"#), now).unwrap();
    /// service.apply(&mut shadow, &Request::new(&address, Operation::Delete, b""), now).unwrap();
    /// assert_eq!(shadow.tombstone().unwrap().version().get(), 2, "the delete took a number");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// When the shadow was deleted.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let service = Service::default();
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let now = EpochSeconds::from(100_u32);
    /// let mut shadow = Shadow::default();
    /// service.apply(&mut shadow, &Request::new(&address, Operation::Update, br#"{"state":{}}"#), now).unwrap();
    /// service.apply(&mut shadow, &Request::new(&address, Operation::Delete, b""), now).unwrap();
    /// assert_eq!(shadow.tombstone().unwrap().deleted_at(), now);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn deleted_at(&self) -> EpochSeconds {
        self.deleted_at
    }

    /// Whether numbering starts anew: `limit` seconds and more have passed. A clock that went back
    /// forgets nothing.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let service = Service::default();
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let now = EpochSeconds::from(100_u32);
    /// # let mut shadow = Shadow::default();
    /// # service.apply(&mut shadow, &Request::new(&address, Operation::Update, br#"{"state":{}}"#), now).unwrap();
    /// # service.apply(&mut shadow, &Request::new(&address, Operation::Delete, b""), now).unwrap();
    /// let tombstone = shadow.tombstone().unwrap();
    /// assert!(!tombstone.is_expired(EpochSeconds::from(109_u32), 10));
    /// assert!(tombstone.is_expired(EpochSeconds::from(110_u32), 10));
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn is_expired(&self, now: EpochSeconds, limit: u64) -> bool {
        now.get().saturating_sub(self.deleted_at.get()) >= limit
    }
}

/// A shadow that exists.
///
/// ```
/// use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
///
/// let service = Service::default();
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let mut shadow = Shadow::default();
/// let update = Request::new(&address, Operation::Update, br#"{"state":{"desired":{"on":true}}}"#);
/// service.apply(&mut shadow, &update, EpochSeconds::from(5_u32)).unwrap();
///
/// let document = shadow.document().unwrap();
/// assert_eq!(document.version().get(), 1);
/// assert_eq!(document.desired().unwrap().to_json(), br#"{"on":true}"#);
/// assert!(document.reported().is_none());
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// A section that is there has members: the service drops one that becomes empty.
    pub(crate) desired: Option<Arc<State>>,
    pub(crate) reported: Option<Arc<State>>,
    pub(crate) version: Version,
    /// Flags of the whole `desired` against `reported`; see `tree::refresh`.
    pub(crate) differences: u8,
}

impl Document {
    /// Puts a document together from stored sections.
    pub(crate) fn assemble(desired: State, reported: State, version: Version) -> Self {
        let section = |state: State| (!state.is_empty()).then(|| Arc::new(state));
        let mut document = Self {
            desired: section(desired),
            reported: section(reported),
            version,
            differences: 0,
        };
        document.refresh(None);
        document
    }

    /// Brings the differences up to date along `patch`, or everywhere.
    pub(crate) fn refresh(&mut self, patch: Option<&crate::Patch>) {
        self.differences = match (&mut self.desired, &self.reported) {
            (Some(desired), Some(reported)) => Arc::make_mut(desired).refresh(reported, patch),
            // Without `reported` everything is a difference (seen live, also for `{}` members).
            (Some(_), None) => STRICT | LOOSE,
            (None, _) => 0,
        };
    }

    /// What the device should become.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut shadow = Shadow::default();
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{"desired":{"on":true}}}"#);
    /// Service::default().apply(&mut shadow, &update, EpochSeconds::default()).unwrap();
    /// assert_eq!(shadow.document().unwrap().desired().unwrap().names().count(), 1);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn desired(&self) -> Option<&State> {
        self.desired.as_deref()
    }

    /// What the device says it is.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut shadow = Shadow::default();
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{"reported":{"on":true}}}"#);
    /// Service::default().apply(&mut shadow, &update, EpochSeconds::default()).unwrap();
    /// assert_eq!(shadow.document().unwrap().reported().unwrap().names().count(), 1);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn reported(&self) -> Option<&State> {
        self.reported.as_deref()
    }

    /// The version.
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut shadow = Shadow::default();
    /// let update = Request::new(&address, Operation::Update, br#"{"state":{}}"#);
    /// Service::default().apply(&mut shadow, &update, EpochSeconds::default()).unwrap();
    /// assert_eq!(shadow.document().unwrap().version().get(), 1);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Bytes that count against [`Limits::document_bytes`](crate::Limits).
    ///
    /// ```
    /// # use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut shadow = Shadow::default();
    /// let update = br#"{"state":{"desired":{"on":true},"reported":{"on":false}}}"#;
    /// let request = Request::new(&address, Operation::Update, update);
    /// Service::default().apply(&mut shadow, &request, EpochSeconds::default()).unwrap();
    /// assert_eq!(shadow.document().unwrap().json_len(), r#"{"on":true}{"on":false}"#.len());
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn json_len(&self) -> usize {
        let len = |state: Option<&State>| state.map_or(0, State::json_len);
        len(self.desired()).saturating_add(len(self.reported()))
    }

    /// The steps through the delta; `None` if it is empty.
    pub(crate) fn delta(&self, empty_objects: EmptyObjectDelta) -> Option<Walk<'_>> {
        let desired = self.desired.as_deref()?;
        let mask = match empty_objects {
            EmptyObjectDelta::Included => LOOSE,
            EmptyObjectDelta::Omitted => STRICT,
        };
        if self.differences & mask == 0 {
            return None;
        }
        let mask = if self.reported.is_some() { mask } else { 0 };
        Some(Walk::masked(desired.members(), mask))
    }

    /// Appends `"state":{…},"metadata":{…}` as a `get` or, without `delta`, a documents message has it.
    pub(crate) fn write_sections(&self, delta: Option<Delta>, out: &mut Vec<u8>) {
        let walk = |state: &Option<Arc<State>>| state.as_ref().map(|s| s.json_len());
        let len = walk(&self.desired)
            .unwrap_or(0)
            .saturating_add(walk(&self.reported).unwrap_or(0));
        out.reserve(len.saturating_mul(4));
        let delta_walk = || delta.and_then(|delta| self.delta(delta.empty_objects));
        out.extend_from_slice(b"\"state\":{");
        let mut sections = Sections { is_first: true };
        for (name, state) in self.sections() {
            sections.begin(name, out);
            tree::write_state(Walk::new(state.members()), out);
        }
        if let Some(walk) = delta_walk() {
            sections.begin(b"\"delta\":", out);
            tree::write_state(walk, out);
        }
        out.extend_from_slice(b"},\"metadata\":{");
        let mut sections = Sections { is_first: true };
        for (name, state) in self.sections() {
            sections.begin(name, out);
            tree::write_metadata(Walk::new(state.members()), None, out);
        }
        if delta.is_some_and(|delta| delta.metadata == DeltaMetadata::Included)
            && let Some(walk) = delta_walk()
        {
            sections.begin(b"\"delta\":", out);
            tree::write_metadata(walk, None, out);
        }
        out.push(b'}');
    }

    fn sections(&self) -> impl Iterator<Item = (&'static [u8], &State)> {
        let desired = self
            .desired
            .as_deref()
            .map(|state| (&b"\"desired\":"[..], state));
        let reported = self
            .reported
            .as_deref()
            .map(|state| (&b"\"reported\":"[..], state));
        desired.into_iter().chain(reported)
    }
}

/// How a document that is written shows its delta.
#[derive(Clone, Copy)]
pub(crate) struct Delta {
    pub(crate) empty_objects: EmptyObjectDelta,
    pub(crate) metadata: DeltaMetadata,
}

struct Sections {
    is_first: bool,
}

impl Sections {
    fn begin(&mut self, name: &[u8], out: &mut Vec<u8>) {
        if !self.is_first {
            out.push(b',');
        }
        self.is_first = false;
        out.extend_from_slice(name);
    }
}
