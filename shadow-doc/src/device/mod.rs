//! The device's half: what the service says, and what a device makes of it.

#[cfg(feature = "serde")]
mod backoff;
#[cfg(feature = "serde")]
mod error;
#[cfg(feature = "serde")]
mod event;
mod field;
mod filter;
mod in_flight;
mod message;
mod queue;
#[cfg(feature = "serde")]
mod receive;
#[cfg(feature = "serde")]
mod send;
#[cfg(feature = "serde")]
mod shadow;
#[cfg(feature = "serde")]
mod shape;
#[cfg(feature = "serde")]
mod typed;

#[cfg(feature = "serde")]
pub use error::{DeviceError, DeviceErrorKind};
#[cfg(feature = "serde")]
pub use event::{DeviceEvent, DeviceOptions, Outgoing};
pub use field::Field;
pub use filter::VersionFilter;
pub use in_flight::{InFlight, InFlightFull};
pub use message::{MessageError, MessageErrorKind, ServiceMessage, Snapshot};
pub use queue::ReportQueue;
#[cfg(feature = "serde")]
pub use shadow::DeviceShadow;
#[cfg(feature = "serde")]
pub use shape::Shape;
#[cfg(feature = "serde")]
pub use typed::ShadowState;
