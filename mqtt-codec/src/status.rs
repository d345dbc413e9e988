/// Something that is there, or how many bytes are missing.
///
/// ```
/// use mqtt_codec::{Decoder, Status, Version};
///
/// let mut decoder = Decoder::any(Version::V5);
/// assert_eq!(decoder.decode(&[0xC0])?, Status::Incomplete { needed: 1 });
/// assert!(decoder.decode(&[0xC0, 0x00])?.complete().is_some());
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status<T> {
    /// It is there.
    Complete(T),
    /// At least so many more bytes are needed.
    Incomplete {
        /// How many; never 0.
        needed: usize,
    },
}

impl<T> Status<T> {
    /// What is there, if it is.
    ///
    /// ```
    /// use mqtt_codec::Status;
    ///
    /// assert_eq!(Status::Complete(7).complete(), Some(7));
    /// assert_eq!(Status::<u8>::Incomplete { needed: 1 }.complete(), None);
    /// ```
    #[must_use]
    pub fn complete(self) -> Option<T> {
        match self {
            Self::Complete(value) => Some(value),
            Self::Incomplete { .. } => None,
        }
    }

    /// The same status of something else.
    ///
    /// ```
    /// use mqtt_codec::Status;
    ///
    /// assert_eq!(Status::Complete(7).map(|number| number + 1), Status::Complete(8));
    /// ```
    #[must_use]
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Status<U> {
        match self {
            Self::Complete(value) => Status::Complete(f(value)),
            Self::Incomplete { needed } => Status::Incomplete { needed },
        }
    }
}
