//! One section of a shadow.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::json::{self, ArrayNulls, JsonError, JsonErrorKind, Scanner};
use crate::limits::Depth;
use crate::patch::Patch;
use crate::time::EpochSeconds;
use crate::tree::{
    self, MAX_OPEN, Marks, Member, Members, Nulls, Pick, TreeRules, Value, Walk, json_members_len,
};

/// The state of one section (`desired` or `reported`): a JSON object without nulls, with the time of
/// the last write on each of its leaves.
///
/// Numbers are the text they came as. Two states are equal when they hold the same values, whatever
/// their stamps and the spelling of their numbers.
///
/// ```
/// use shadow_doc::{EpochSeconds, Patch, State};
///
/// let mut state = State::from_json(br#"{"on": true, "level": 1.0}"#, EpochSeconds::from(10_u32))?;
/// state.merge(&Patch::from_json_at(br#"{"level": 2, "on": null}"#, EpochSeconds::from(20_u32))?);
/// assert_eq!(state.to_json(), br#"{"level":2}"#);
/// assert_eq!(state.to_metadata_json(), br#"{"level":{"timestamp":20}}"#);
/// # Ok::<(), shadow_doc::JsonError>(())
/// ```
#[derive(Clone, Default)]
pub struct State {
    bytes: Vec<u8>,
    members_len: usize,
    marks: Marks,
}

/// Who wins in [`State::three_way`] where both sides changed a member.
///
/// ```
/// assert_ne!(shadow_doc::Owner::Local, shadow_doc::Owner::Remote);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The local side.
    Local,
    /// The remote side.
    Remote,
    /// The side whose newest stamp in that member is newer; the remote one if they are equal. A
    /// deleted member has no stamp, so a change wins over a deletion.
    Newest,
}

/// What [`State::three_way`] found.
///
/// ```
/// use shadow_doc::{Owner, State};
///
/// let merge = State::three_way(&State::default(), &State::default(), &State::default(), Owner::Local);
/// assert!(merge.state.is_empty());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ThreeWay {
    /// The merged state.
    pub state: State,
    /// Members that both sides had changed, each in its own way.
    pub conflicts: usize,
}

pub(crate) const fn rules(stamp: EpochSeconds, nulls: Nulls) -> TreeRules {
    TreeRules {
        stamp,
        max_level: Depth::MAX.get() as u32,
        count_arrays: true,
        reject_duplicates: false,
        array_nulls: ArrayNulls::Refuse,
        nulls,
    }
}

pub(crate) fn parse(text: &[u8], rules: &TreeRules) -> Result<Vec<u8>, JsonError> {
    let mut scanner = Scanner::new(text)?;
    if scanner.peek().is_some_and(|byte| byte != b'{') {
        scanner.skip_value(Depth::MAX.get().into())?;
        scanner.finish()?;
        return Err(JsonError::new(JsonErrorKind::NotAnObject, 0));
    }
    let mut bytes = Vec::with_capacity(text.len());
    tree::parse_object(&mut scanner, rules, &mut bytes)?;
    scanner.finish()?;
    Ok(bytes)
}

impl State {
    /// Reads a JSON object; every leaf gets `stamp`.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let state = State::from_json(br#"{"b": 1, "a": "\u0041"}"#, EpochSeconds::default())?;
    /// assert_eq!(state.to_json(), br#"{"a":"A","b":1}"#);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    ///
    /// # Errors
    /// The text is no JSON object, holds a null, or is deeper than [`Depth::MAX`].
    pub fn from_json(text: &[u8], stamp: EpochSeconds) -> Result<Self, JsonError> {
        Ok(Self::from_members(parse(
            text,
            &rules(stamp, Nulls::Refuse),
        )?))
    }

    pub(crate) fn from_members(bytes: Vec<u8>) -> Self {
        let members_len = json_members_len(Members(&bytes));
        let marks = Marks::new(Members(&bytes));
        Self {
            bytes,
            members_len,
            marks,
        }
    }

    /// The members of a stored state; `None` if the bytes are none.
    pub(crate) fn from_stored(bytes: &[u8]) -> Option<Self> {
        if !tree::verify(Members(bytes)) {
            return None;
        }
        Some(Self::from_members(bytes.to_vec()))
    }

    pub(crate) fn write_stored(&self, out: &mut Vec<u8>) {
        tree::clear_flags(self.members(), out);
    }

    pub(crate) fn members(&self) -> Members<'_> {
        Members(&self.bytes)
    }

    pub(crate) fn into_members(self) -> Vec<u8> {
        self.bytes
    }

    #[cfg(test)]
    pub(crate) const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The members that a patch can touch: those from its first name to its last. A run of members is a
    /// section itself, and what stands before and behind it stays as it is.
    fn touched(&self, patch: &Patch) -> Range<usize> {
        let Some((first, last)) = tree::ends(patch.members()) else {
            return 0..0;
        };
        let rest = |start: usize| Members(self.bytes.get(start..).unwrap_or_default());
        let mark = self.marks.before(self.members(), first);
        let mut members = rest(mark);
        let start = mark.saturating_add(members.seek(first).0.len());
        if first != last {
            members = rest(self.marks.before(self.members(), last).max(start));
            members.seek(last);
        }
        start..self.bytes.len().saturating_sub(members.0.len())
    }

    fn merge_run(&self, run: Range<usize>, patch: &Patch, drop_all_null: bool) -> tree::Merged {
        let run = Members(self.bytes.get(run).unwrap_or_default());
        tree::merge(run, self.members_len, patch.members(), drop_all_null)
    }

    pub(crate) fn merged(&self, patch: &Patch, drop_all_null: bool) -> Self {
        let run = self.touched(patch);
        let merged = self.merge_run(run.clone(), patch, drop_all_null);
        let before = self.bytes.get(..run.start).unwrap_or_default();
        let behind = self.bytes.get(run.end..).unwrap_or_default();
        let bytes = [before, &merged.bytes, behind].concat();
        let mut marks = self.marks.clone();
        marks.follow(Members(&bytes), run, merged.bytes.len());
        Self {
            bytes,
            members_len: merged.members_len,
            marks,
        }
    }

    /// Brings the flags that make up the delta up to date; see `tree::refresh`.
    pub(crate) fn refresh(&mut self, reported: &Self, patch: Option<&Patch>) -> u8 {
        tree::refresh(
            &mut self.bytes,
            reported.members(),
            patch.map(Patch::members),
        )
    }

    /// True for `{}`.
    ///
    /// ```
    /// assert!(shadow_doc::State::default().is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Length of the compact JSON: what the service counts against the limit of a document.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let state = State::from_json(br#"{ "a" : [ 1, {} ] }"#, EpochSeconds::default())?;
    /// assert_eq!(state.json_len(), state.to_json().len());
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub const fn json_len(&self) -> usize {
        let comma = if self.bytes.is_empty() { 0 } else { 1 };
        self.members_len.saturating_add(2).saturating_sub(comma)
    }

    /// The state as compact JSON, names in order.
    ///
    /// ```
    /// assert_eq!(shadow_doc::State::default().to_json(), b"{}");
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.json_len());
        tree::write_state(Walk::new(self.members()), &mut out);
        out
    }

    /// The metadata: the shape of the state, each leaf as `{"timestamp":N}`.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let state = State::from_json(br#"{"a":[1,{}]}"#, EpochSeconds::from(5_u32))?;
    /// assert_eq!(state.to_metadata_json(), br#"{"a":[{"timestamp":5},{}]}"#);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn to_metadata_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        tree::write_metadata(Walk::new(self.members()), None, &mut out);
        out
    }

    /// Applies a patch: objects deep, arrays whole, null removes.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, Patch, State};
    ///
    /// let mut state = State::from_json(br#"{"a":{"b":1}}"#, EpochSeconds::default())?;
    /// state.merge(&Patch::from_json(br#"{"a":{"b":null}}"#)?);
    /// assert_eq!(state.to_json(), br#"{"a":{}}"#);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    pub fn merge(&mut self, patch: &Patch) {
        let marks = &self.marks;
        let start = |bytes: &[u8], name: &[u8]| marks.before(Members(bytes), name);
        if let Some(done) = tree::merge_in_place(&mut self.bytes, start, patch.members()) {
            self.members_len = done.json.of(self.members_len);
            if let Some((run, new_len)) = done.moved {
                self.marks.follow(Members(&self.bytes), run, new_len);
            }
            return;
        }
        let run = self.touched(patch);
        let merged = self.merge_run(run.clone(), patch, false);
        self.members_len = merged.members_len;
        tree::replace(&mut self.bytes, run.clone(), &merged.bytes);
        self.marks
            .follow(Members(&self.bytes), run, merged.bytes.len());
    }

    /// The smallest patch that makes `to` of this state; its leaves carry `stamp`.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let t = EpochSeconds::default();
    /// let from = State::from_json(br#"{"a":1,"b":{"c":2,"d":3}}"#, t)?;
    /// let to = State::from_json(br#"{"b":{"c":2.0,"e":4}}"#, t)?;
    /// assert_eq!(from.patch_to(&to, t).to_json(), br#"{"a":null,"b":{"d":null,"e":4}}"#);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn patch_to(&self, to: &Self, stamp: EpochSeconds) -> Patch {
        let mut bytes = Vec::new();
        tree::patch_between(self.members(), to.members(), stamp, &mut bytes);
        Patch::from_members(bytes)
    }

    /// What `desired` (this state) has that `reported` has not, or has otherwise; `None` if that is
    /// nothing. Members that only `reported` has never appear.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let t = EpochSeconds::default();
    /// let desired = State::from_json(br#"{"on":true,"level":3}"#, t)?;
    /// let reported = State::from_json(br#"{"on":true,"level":1,"uptime":9}"#, t)?;
    /// assert_eq!(desired.delta(&reported).unwrap().to_json(), br#"{"level":3}"#);
    /// assert!(desired.delta(&desired).is_none());
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn delta(&self, reported: &Self) -> Option<Self> {
        let mut desired = self.clone();
        desired.refresh(reported, None);
        let mut bytes = Vec::new();
        let differing = Walk::masked(desired.members(), tree::LOOSE);
        tree::write_members(differing, None, &mut bytes);
        (!bytes.is_empty()).then(|| Self::from_members(bytes))
    }

    /// Merges two states that grew from `base`.
    ///
    /// A member that one side left alone follows the other side; objects are merged member by
    /// member; arrays and scalars are single values. Where both sides changed one, `owner` decides.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, Owner, State};
    ///
    /// let at = |t: u32, json: &[u8]| State::from_json(json, EpochSeconds::from(t));
    /// let base = at(1, br#"{"mode":"eco","fan":1,"old":0}"#)?;
    /// let local = at(5, br#"{"mode":"heat","fan":2,"old":0}"#)?;
    /// let remote = at(3, br#"{"mode":"cool","fan":1,"new":7}"#)?;
    ///
    /// let merge = State::three_way(&base, &local, &remote, Owner::Newest);
    /// assert_eq!(merge.state.to_json(), br#"{"fan":2,"mode":"heat","new":7}"#);
    /// assert_eq!(merge.conflicts, 1);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn three_way(base: &Self, local: &Self, remote: &Self, owner: Owner) -> ThreeWay {
        let pick = match owner {
            Owner::Local => Pick::Local,
            Owner::Remote => Pick::Remote,
            Owner::Newest => Pick::Newest,
        };
        let mut bytes = Vec::new();
        let conflicts = tree::three_way(
            base.members(),
            local.members(),
            remote.members(),
            pick,
            &mut bytes,
        );
        ThreeWay {
            state: Self::from_members(bytes),
            conflicts,
        }
    }

    /// When the leaf at `path` was last written. `None` if there is no leaf: an object has no stamp
    /// of its own.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let state = State::from_json(br#"{"motor":{"rpm":800}}"#, EpochSeconds::from(42_u32))?;
    /// assert_eq!(state.stamp(&["motor", "rpm"]), Some(EpochSeconds::from(42_u32)));
    /// assert_eq!(state.stamp(&["motor"]), None);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn stamp(&self, path: &[&str]) -> Option<EpochSeconds> {
        match self.find(path)?.value {
            Value::Leaf { stamp, .. } => Some(stamp),
            Value::Object(_) | Value::Null => None,
        }
    }

    /// The compact JSON of the value at `path`.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let state = State::from_json(br#"{"motor":{"rpm":800}}"#, EpochSeconds::default())?;
    /// assert_eq!(state.value_json(&["motor"]).as_deref(), Some(&br#"{"rpm":800}"#[..]));
    /// assert_eq!(state.value_json(&["motor", "rpm"]).as_deref(), Some(&b"800"[..]));
    /// assert_eq!(state.value_json(&["pump"]), None);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn value_json(&self, path: &[&str]) -> Option<Cow<'_, [u8]>> {
        match self.find(path)?.value {
            Value::Leaf { text, .. } => Some(Cow::Borrowed(text)),
            Value::Object(members) => {
                let mut out = Vec::new();
                tree::write_state(Walk::new(members), &mut out);
                Some(Cow::Owned(out))
            }
            Value::Null => None,
        }
    }

    fn find(&self, path: &[&str]) -> Option<Member<'_>> {
        let mut here = self.members();
        let mut found = None;
        for name in path {
            if let Some(Member { value, .. }) = found {
                let Value::Object(inner) = value else {
                    return None;
                };
                here = inner;
            }
            let mut escaped = Vec::with_capacity(name.len());
            json::escape(name, &mut escaped);
            found = Some(here.find(&escaped)?);
        }
        found
    }

    /// The names at the top of the state, in order.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let state = State::from_json(br#"{"b":1,"a":{"c":2}}"#, EpochSeconds::default())?;
    /// assert_eq!(state.names().collect::<Vec<_>>(), ["a", "b"]);
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.members().map(|member| json::unescape(member.name))
    }

    /// The newest stamp of all leaves; `None` without leaves.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, State};
    ///
    /// let state = State::from_json(br#"{"a":1}"#, EpochSeconds::from(3_u32))?;
    /// assert_eq!(state.newest_stamp(), Some(EpochSeconds::from(3_u32)));
    /// # Ok::<(), shadow_doc::JsonError>(())
    /// ```
    #[must_use]
    pub fn newest_stamp(&self) -> Option<EpochSeconds> {
        tree::newest_stamp(self.members())
    }

    /// Bytes of memory that the state holds on the heap.
    ///
    /// ```
    /// assert_eq!(shadow_doc::State::default().heap_bytes(), 0);
    /// ```
    #[must_use]
    pub const fn heap_bytes(&self) -> usize {
        self.bytes
            .capacity()
            .saturating_add(self.marks.heap_bytes())
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        tree::compare(self.members(), other.members())
    }
}

impl Eq for State {}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&alloc::string::String::from_utf8_lossy(&self.to_json()))
    }
}

// The crate's own depth always fits what its readers keep open.
const _: () = assert!((Depth::MAX.get() as usize) < MAX_OPEN);
