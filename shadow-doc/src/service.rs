//! The engine: a request and a shadow in, an answer and a changed shadow out.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::accepted::{Accepted, Change};
use crate::document::{Delta, Document, Shadow, Slot, Tombstone};
use crate::json;
use crate::limits::Limits;
use crate::patch::Patch;
use crate::profile::{
    AllNullObject, DeleteNumbering, NamedShadow404, NestedNullStamps, Profile, VersionOnMissing,
};
use crate::rejection::{Rejection, RejectionKind, next_version};
use crate::request::{Operation, Request, Section, Update, parse_empty, parse_update};
use crate::state::State;
use crate::time::EpochSeconds;
use crate::token::ClientToken;
use crate::tree::{self, Walk};

/// The shadow service, without clock, store and transport.
///
/// ```
/// use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
///
/// let service = Service::default();
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let mut shadow = Shadow::default();
///
/// let payload = br#"{"state":{"desired":{"on":true},"reported":{"on":false}},"clientToken":"a"}"#;
/// let update = Request::new(&address, Operation::Update, payload);
/// let accepted = service.apply(&mut shadow, &update, EpochSeconds::from(1_700_000_000_u32)).unwrap();
///
/// assert_eq!(accepted.version().get(), 1);
/// assert_eq!(
///     accepted.delta().unwrap(),
///     br#"{"version":1,"timestamp":1700000000,"state":{"on":true},"metadata":{"on":{"timestamp":1700000000}},"clientToken":"a"}"#
/// );
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Service {
    limits: Limits,
    profile: Profile,
}

impl Service {
    /// A service with these limits and readings.
    ///
    /// ```
    /// use shadow_doc::{Limits, Profile, Service};
    ///
    /// assert_eq!(Service::new(Limits::default(), Profile::default()), Service::default());
    /// ```
    #[must_use]
    pub const fn new(limits: Limits, profile: Profile) -> Self {
        Self { limits, profile }
    }

    /// The limits.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Service::default().limits().document_bytes, 8192);
    /// ```
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The readings.
    ///
    /// ```
    /// use shadow_doc::{Profile, Service};
    ///
    /// assert_eq!(Service::default().profile(), &Profile::default());
    /// ```
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Carries out one request at the time `now`.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    ///
    /// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let mut shadow = Shadow::default();
    /// let mut ask = |operation, payload: &[u8]| {
    ///     let request = Request::new(&address, operation, payload);
    ///     Service::default().apply(&mut shadow, &request, EpochSeconds::from(9_u32))
    /// };
    /// assert!(ask(Operation::Update, br#"{"state":{"reported":{"on":true}}}"#).is_ok());
    /// assert_eq!(
    ///     ask(Operation::Get, b"").unwrap().response(),
    ///     br#"{"state":{"reported":{"on":true}},"metadata":{"reported":{"on":{"timestamp":9}}},"version":1,"timestamp":9}"#
    /// );
    /// assert_eq!(ask(Operation::Delete, b"").unwrap().response(), br#"{"version":1,"timestamp":9}"#);
    /// assert_eq!(ask(Operation::Get, b"").unwrap_err().code(), 404);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    ///
    /// # Errors
    /// The request is rejected, and the shadow is what it was. (A tombstone past its time goes either
    /// way.)
    pub fn apply(
        &self,
        shadow: &mut Shadow,
        request: &Request<'_>,
        now: EpochSeconds,
    ) -> Result<Accepted, Rejection> {
        shadow.forget(now, self.limits.tombstone_seconds);
        match request.operation() {
            Operation::Get => self.get(shadow, request, now),
            Operation::Update => self.update(shadow, request, now),
            Operation::Delete => self.delete(shadow, request, now),
        }
    }

    fn get(
        &self,
        shadow: &Shadow,
        request: &Request<'_>,
        now: EpochSeconds,
    ) -> Result<Accepted, Rejection> {
        let token = parse_empty(request.payload, &self.limits, &self.profile, now)?;
        let Some(document) = shadow.document() else {
            return Err(self.no_shadow(request, token));
        };
        let mut out = Vec::new();
        out.push(b'{');
        let delta = Delta {
            empty_objects: self.profile.empty_object_delta,
            metadata: self.profile.delta_metadata,
        };
        document.write_sections(Some(delta), &mut out);
        out.extend_from_slice(b",\"version\":");
        json::push_number(document.version.get(), &mut out);
        finish(now, token.as_ref(), &mut out);
        Ok(Accepted::new(out, document.version))
    }

    fn delete(
        &self,
        shadow: &mut Shadow,
        request: &Request<'_>,
        now: EpochSeconds,
    ) -> Result<Accepted, Rejection> {
        let token = parse_empty(request.payload, &self.limits, &self.profile, now)?;
        let Some(document) = shadow.document() else {
            return Err(self.no_shadow(request, token));
        };
        // Seen live: the answer carries the version that was deleted, not the next one.
        let version = document.version;
        let remembered = match self.profile.delete_numbering {
            DeleteNumbering::TakesANumber => next_version(Some(version))
                .map_err(|rejection| rejection.with_token(token.clone()))?,
            DeleteNumbering::Continues => version,
        };
        shadow.0 = Slot::Deleted(Tombstone {
            version: remembered,
            deleted_at: now,
        });
        let mut out = Vec::from(&b"{\"version\":"[..]);
        json::push_number(version.get(), &mut out);
        finish(now, token.as_ref(), &mut out);
        Ok(Accepted::new(out, version))
    }

    fn no_shadow(&self, request: &Request<'_>, client_token: Option<ClientToken>) -> Rejection {
        let address = request.address;
        let name = match (address.shadow(), self.profile.named_shadow_404) {
            (None, _) => address.thing().as_str().into(),
            (Some(shadow), NamedShadow404::ShadowName) => shadow.as_str().into(),
            (Some(_), NamedShadow404::ThingAndShadow) => alloc::format!("{address}"),
        };
        Rejection::named(RejectionKind::NoShadow, name).with_token(client_token)
    }

    fn update(
        &self,
        shadow: &mut Shadow,
        request: &Request<'_>,
        now: EpochSeconds,
    ) -> Result<Accepted, Rejection> {
        let update = parse_update(request.payload, &self.limits, &self.profile, now)?;
        let reject = |rejection: Rejection| rejection.with_token(update.client_token.clone());
        self.check_version(shadow, update.version).map_err(reject)?;
        let (previous, last_version) = match &shadow.0 {
            Slot::Vacant => (None, None),
            Slot::Deleted(tombstone) => (None, Some(tombstone.version)),
            Slot::Live(document) => (Some(document.clone()), Some(document.version)),
        };
        let version = next_version(last_version).map_err(reject)?;
        let mut current = Document {
            version,
            ..previous.clone().unwrap_or(Document {
                desired: None,
                reported: None,
                version,
                differences: 0,
            })
        };
        self.merge(&mut current, &update);
        if current.json_len() > self.limits.document_bytes {
            return Err(reject(Rejection::new(RejectionKind::TooLarge)));
        }
        let response = write_accepted(&update, version, now, self.profile);
        let delta = current
            .delta(self.profile.empty_object_delta)
            .map(|_| write_delta(&current, self.profile, now, update.client_token.as_ref()));
        shadow.0 = Slot::Live(current.clone());
        let change = Change {
            previous,
            current,
            timestamp: now,
            client_token: update.client_token,
        };
        Ok(Accepted::of_update(response, delta, version, change))
    }

    fn check_version(&self, shadow: &Shadow, version: Option<u64>) -> Result<(), Rejection> {
        let Some(version) = version else {
            return Ok(());
        };
        match shadow.document() {
            Some(document) if document.version.get() == version => Ok(()),
            None if self.profile.version_on_missing == VersionOnMissing::Invalid => {
                Err(Rejection::new(RejectionKind::InvalidVersion))
            }
            _ => Err(Rejection::new(RejectionKind::VersionConflict)),
        }
    }

    fn merge(&self, document: &mut Document, update: &Update) {
        let Some(sections) = &update.state else {
            document.desired = None;
            document.reported = None;
            document.refresh(None);
            return;
        };
        let had_reported = document.reported.is_some();
        self.merge_section(&mut document.desired, &sections.desired);
        self.merge_section(&mut document.reported, &sections.reported);
        // Flags are kept only while both sections exist.
        let both_before_and_after = had_reported && document.reported.is_some();
        for section in [&sections.desired, &sections.reported] {
            match section {
                Section::Patch(patch) if both_before_and_after => document.refresh(Some(patch)),
                Section::Absent => {}
                Section::Patch(_) | Section::Null => {
                    document.refresh(None);
                    return;
                }
            }
        }
    }

    fn merge_section(&self, section: &mut Option<Arc<State>>, change: &Section) {
        match change {
            Section::Absent => {}
            Section::Null => *section = None,
            Section::Patch(patch) => {
                let drop_all_null = self.profile.all_null_object == AllNullObject::Dropped;
                let merged = match section {
                    Some(state) => state.merged(patch, drop_all_null),
                    None => State::default().merged(patch, drop_all_null),
                };
                // Seen live: a section that becomes empty is gone.
                *section = (!merged.is_empty()).then(|| Arc::new(merged));
            }
        }
    }
}

/// `{"state":…,"metadata":…,"version":…,"timestamp":…}`: the request's own words, nulls and empty
/// objects included, with a stamp on every one of them.
fn write_accepted(
    update: &Update,
    version: crate::Version,
    now: EpochSeconds,
    profile: Profile,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let nested = match profile.nested_null_stamps {
        NestedNullStamps::Included => Some(now),
        NestedNullStamps::Omitted => None,
    };
    match &update.state {
        // Seen live: the metadata of a null state is one stamp.
        None => {
            out.extend_from_slice(b"{\"state\":null,\"metadata\":");
            json::write_stamp(now, &mut out);
        }
        Some(sections) => {
            let sections = [
                (&b"\"desired\":"[..], &sections.desired),
                (&b"\"reported\":"[..], &sections.reported),
            ];
            let null_state = |out: &mut Vec<u8>| out.extend_from_slice(b"null");
            out.extend_from_slice(b"{\"state\":{");
            write_each(&sections, null_state, &mut out, |patch, out| {
                tree::write_state(Walk::new(patch.members()), out);
            });
            out.extend_from_slice(b"},\"metadata\":{");
            let null_stamp = |out: &mut Vec<u8>| json::write_stamp(now, out);
            write_each(&sections, null_stamp, &mut out, |patch, out| {
                tree::write_metadata(Walk::new(patch.members()), nested, out);
            });
            out.push(b'}');
        }
    }
    out.extend_from_slice(b",\"version\":");
    json::push_number(version.get(), &mut out);
    finish(now, update.client_token.as_ref(), &mut out);
    out
}

fn write_each(
    sections: &[(&[u8], &Section)],
    null: impl Fn(&mut Vec<u8>),
    out: &mut Vec<u8>,
    patch: impl Fn(&Patch, &mut Vec<u8>),
) {
    let mut is_first = true;
    for (name, section) in sections {
        if matches!(section, Section::Absent) {
            continue;
        }
        if !is_first {
            out.push(b',');
        }
        is_first = false;
        out.extend_from_slice(name);
        match section {
            Section::Patch(changes) => patch(changes, out),
            Section::Null | Section::Absent => null(out),
        }
    }
}

fn write_delta(
    document: &Document,
    profile: Profile,
    now: EpochSeconds,
    client_token: Option<&ClientToken>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.extend_from_slice(b"{\"version\":");
    json::push_number(document.version.get(), &mut out);
    out.extend_from_slice(b",\"timestamp\":");
    json::push_number(now.get(), &mut out);
    if let Some(walk) = document.delta(profile.empty_object_delta) {
        out.extend_from_slice(b",\"state\":");
        tree::write_state(walk, &mut out);
    }
    if let Some(walk) = document.delta(profile.empty_object_delta) {
        out.extend_from_slice(b",\"metadata\":");
        tree::write_metadata(walk, None, &mut out);
    }
    ClientToken::write(client_token, &mut out);
    out.push(b'}');
    out
}

/// Appends `,"timestamp":N`, the token, and the last brace.
pub(crate) fn finish(now: EpochSeconds, token: Option<&ClientToken>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"timestamp\":");
    json::push_number(now.get(), out);
    ClientToken::write(token, out);
    out.push(b'}');
}
