use core::fmt;

use super::message::MessageError;
use crate::json::JsonError;

/// What went wrong on the device's side.
///
/// ```
/// use shadow_doc::{DeviceErrorKind, DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
///
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let error = DeviceShadow::new(address, 7_u8, "b", DeviceOptions::default()).unwrap_err();
/// assert!(matches!(error.kind(), DeviceErrorKind::NotAnObject(_)), "a number is no state");
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceError(DeviceErrorKind);

/// The ways in which a [`DeviceShadow`](crate::DeviceShadow) can fail.
///
/// ```
/// use shadow_doc::{DeviceErrorKind, DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
///
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let prefix = "x".repeat(60);
/// let error = DeviceShadow::new(address, (), &prefix, DeviceOptions::default()).unwrap_err();
/// assert_eq!(error.kind(), DeviceErrorKind::TokenPrefixTooLong);
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceErrorKind {
    /// Misuse: the prefix of the client tokens has more than 43 bytes.
    TokenPrefixTooLong,
    /// Misuse: serde cannot write the state as JSON.
    NotSerializable,
    /// Misuse: the state is not written as a JSON object that a shadow can hold.
    NotAnObject(JsonError),
    /// The message is none of the service's.
    Message(MessageError),
}

impl DeviceError {
    pub(super) const fn new(kind: DeviceErrorKind) -> Self {
        Self(kind)
    }

    /// What is wrong.
    ///
    /// ```
    /// # use shadow_doc::{DeviceErrorKind, DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let error = DeviceShadow::new(address, 7_u8, "b", DeviceOptions::default()).unwrap_err();
    /// assert!(matches!(error.kind(), DeviceErrorKind::NotAnObject(_)));
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn kind(&self) -> DeviceErrorKind {
        self.0
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            DeviceErrorKind::TokenPrefixTooLong => f.write_str(
                "client token prefix is too long: expected at most 43 bytes, which leaves room for a number in the service's 64",
            ),
            DeviceErrorKind::NotSerializable => f.write_str("the state cannot be written as JSON"),
            DeviceErrorKind::NotAnObject(error) => {
                write!(f, "the state is not written as a JSON object: {error}")
            }
            DeviceErrorKind::Message(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for DeviceError {}
