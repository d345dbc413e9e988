//! Where the service's behaviour is not certain, which reading to follow.

/// The readings of the service's documentation that a caller can choose between.
///
/// The default is the better-founded one of each pair. The evidence: **L** seen on the live service,
/// **D** its developer guide, **G** Greengrass' shadow manager (AWS's own local twin), **I** inferred.
///
/// | field | default | evidence | other reading | evidence |
/// |---|---|---|---|---|
/// | `delete_numbering` | a delete takes a number: 1, delete, 3 | G (pull request 97), moto | the next number follows: 1, delete, 2 | D, literally |
/// | `empty_object_delta` | desired `{}` missing in reported is in the delta | L where reported is absent, else I | it is not | G |
/// | `all_null_object` | `{"a":{"b":null}}` on a missing `a` makes `a: {}` | moto | makes nothing | G |
/// | `version_on_missing` | a `version` for a shadow that is not there: 409 | I | 400 | G |
/// | `delta_metadata` | a document's metadata has no `delta` | L (captures of 2018, 2021) | it has | D |
/// | `duplicate_keys` | the last of two equal names counts | I (JSON libraries of the service's kind) | 400 | RFC 8259 §4 allows |
/// | `explicit_null` | `"version": null` and `"clientToken": null` are 400 | G for `version` | as if absent | I |
/// | `array_levels` | arrays count as levels of nesting | G | they do not | I |
/// | `null_in_array_object` | `[{"a":null}]` is 400, as `[null]` is | I from D | it is kept | I |
/// | `malformed_empty_request` | a `get` or `delete` whose payload is no JSON object is 400 | I | the payload is ignored | D for `delete` |
/// | `nested_null_stamps` | the accepted message stamps a null inside a section, as one in its place | G, I | it does not | I |
/// | `named_shadow_404` | the 404 of a named shadow prints the shadow's name | D | prints `thing~shadow` | L, one capture |
///
/// ```
/// use shadow_doc::{DeleteNumbering, Profile};
///
/// let mut profile = Profile::default();
/// assert_eq!(profile.delete_numbering, DeleteNumbering::TakesANumber);
/// profile.delete_numbering = DeleteNumbering::Continues;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// How numbering goes on after a delete.
    pub delete_numbering: DeleteNumbering,
    /// Whether `{}` can be a difference.
    pub empty_object_delta: EmptyObjectDelta,
    /// What a new object of nothing but nulls leaves behind.
    pub all_null_object: AllNullObject,
    /// How a `version` for a shadow that does not exist is answered.
    pub version_on_missing: VersionOnMissing,
    /// Whether a document's metadata has a `delta`.
    pub delta_metadata: DeltaMetadata,
    /// What two equal names in one object mean.
    pub duplicate_keys: DuplicateKeys,
    /// What a null `version` or `clientToken` means.
    pub explicit_null: ExplicitNull,
    /// Whether arrays are levels of nesting.
    pub array_levels: ArrayLevels,
    /// What null means in an object in an array.
    pub null_in_array_object: NullInArrayObject,
    /// What a `get` or `delete` with a payload that is no JSON object means.
    pub malformed_empty_request: MalformedEmptyRequest,
    /// Whether a null inside a section is stamped in the accepted message.
    pub nested_null_stamps: NestedNullStamps,
    /// What the 404 of a named shadow prints.
    pub named_shadow_404: NamedShadow404,
}

/// How numbering goes on after a delete; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::DeleteNumbering::default(), shadow_doc::DeleteNumbering::TakesANumber);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeleteNumbering {
    /// 1, delete, 3.
    #[default]
    TakesANumber,
    /// 1, delete, 2.
    Continues,
}

/// Whether a desired `{}` that `reported` lacks is a difference; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::EmptyObjectDelta::default(), shadow_doc::EmptyObjectDelta::Included);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyObjectDelta {
    /// It is in the delta.
    #[default]
    Included,
    /// It is not.
    Omitted,
}

/// What a new object that holds nothing but nulls leaves behind; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::AllNullObject::default(), shadow_doc::AllNullObject::Kept);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AllNullObject {
    /// `{}`.
    #[default]
    Kept,
    /// Nothing.
    Dropped,
}

/// How a `version` for a shadow that does not exist is answered; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::VersionOnMissing::default(), shadow_doc::VersionOnMissing::Conflict);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersionOnMissing {
    /// 409 `Version conflict`.
    #[default]
    Conflict,
    /// 400 `Invalid version`.
    Invalid,
}

/// Whether a document's metadata has a `delta`; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::DeltaMetadata::default(), shadow_doc::DeltaMetadata::Omitted);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeltaMetadata {
    /// Only `desired` and `reported`.
    #[default]
    Omitted,
    /// `delta` too.
    Included,
}

/// What two equal names in one object mean; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::DuplicateKeys::default(), shadow_doc::DuplicateKeys::LastWins);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// The last one counts.
    #[default]
    LastWins,
    /// 400 `Invalid JSON`.
    Reject,
}

/// What a null `version` or `clientToken` means; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::ExplicitNull::default(), shadow_doc::ExplicitNull::Reject);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplicitNull {
    /// 400 `Invalid version`, `Invalid clientToken`.
    #[default]
    Reject,
    /// As if it were not there.
    Absent,
}

/// Whether arrays are levels of nesting; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::ArrayLevels::default(), shadow_doc::ArrayLevels::Counted);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArrayLevels {
    /// They are.
    #[default]
    Counted,
    /// Only objects are.
    Ignored,
}

/// What null means in an object in an array; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::NullInArrayObject::default(), shadow_doc::NullInArrayObject::Reject);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NullInArrayObject {
    /// 400 `Invalid JSON`.
    #[default]
    Reject,
    /// It is stored with the array.
    Keep,
}

/// What a `get` or `delete` with a payload that is no JSON object means; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::MalformedEmptyRequest::default(), shadow_doc::MalformedEmptyRequest::Reject);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MalformedEmptyRequest {
    /// 400 `Invalid JSON`.
    #[default]
    Reject,
    /// As if the payload were empty.
    Ignore,
}

/// Whether a null inside a section is stamped in the accepted message; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::NestedNullStamps::default(), shadow_doc::NestedNullStamps::Included);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NestedNullStamps {
    /// It is.
    #[default]
    Included,
    /// It is not.
    Omitted,
}

/// What the 404 of a named shadow prints; see [`Profile`].
///
/// ```
/// assert_eq!(shadow_doc::NamedShadow404::default(), shadow_doc::NamedShadow404::ShadowName);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamedShadow404 {
    /// `No shadow exists with name: 'config'`.
    #[default]
    ShadowName,
    /// `No shadow exists with name: 'thing~config'`.
    ThingAndShadow,
}
