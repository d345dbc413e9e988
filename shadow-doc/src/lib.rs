#![cfg_attr(feature = "derive", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "derive"),
    doc = "Device shadows on both sides of the wire; see the README."
)]
#![forbid(unsafe_code)]
#![no_std]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        reason = "a test fails by panicking"
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod accepted;
mod device;
mod document;
mod json;
mod limits;
mod names;
mod patch;
mod profile;
mod rejection;
mod request;
mod rest;
mod service;
mod state;
mod store;
mod stored;
mod time;
mod token;
mod topic;
mod tree;
mod update;

pub use accepted::Accepted;
#[cfg(feature = "serde")]
pub use device::{
    DeviceError, DeviceErrorKind, DeviceEvent, DeviceOptions, DeviceShadow, Outgoing, ShadowState,
    Shape,
};
pub use device::{
    Field, InFlight, InFlightFull, MessageError, MessageErrorKind, ReportQueue, ServiceMessage,
    Snapshot, VersionFilter,
};
pub use document::{Document, Revision, Shadow, Tombstone, Version};
pub use json::{JsonError, JsonErrorKind};
pub use limits::{Depth, DepthError, Limits};
pub use names::{NameError, NameErrorKind, ShadowAddress, ShadowName, ThingName};
pub use patch::Patch;
pub use profile::{
    AllNullObject, ArrayLevels, DeleteNumbering, DeltaMetadata, DuplicateKeys, EmptyObjectDelta,
    ExplicitNull, MalformedEmptyRequest, NamedShadow404, NestedNullStamps, NullInArrayObject,
    Profile, VersionOnMissing,
};
pub use rejection::{Rejection, RejectionKind};
pub use request::{Operation, Request};
pub use rest::{RestError, RestErrorKind, RestRequest};
pub use service::Service;
pub use state::{Owner, State, ThreeWay};
pub use store::{MemoryStore, Page, Processed, Put, Store, process};
pub use stored::{StoredError, StoredErrorKind};
pub use time::{EpochSeconds, EpochSecondsError};
pub use token::{ClientToken, ClientTokenError};
pub use topic::{Direction, MessageKind, ShadowTopic, TopicError, TopicErrorKind, TopicKind};
pub use update::UpdateRequest;

#[cfg(feature = "derive")]
pub use shadow_doc_derive::ShadowState;

/// What the code that `#[derive(ShadowState)]` writes needs. No part of the API.
#[cfg(feature = "derive")]
#[doc(hidden)]
pub mod __private {
    pub use serde;
}
