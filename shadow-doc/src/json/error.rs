use core::fmt;

/// Why a text is not JSON that a shadow can hold, and where.
///
/// ```
/// use shadow_doc::{JsonErrorKind, Patch};
///
/// let error = Patch::from_json(br#"{"fan": Auto}"#).unwrap_err();
/// assert_eq!(error.kind(), JsonErrorKind::UnexpectedByte);
/// assert_eq!(error.offset(), 8);
/// assert_eq!(error.to_string(), "invalid JSON at byte 8: no value begins with this byte [RFC 8259 section 3]");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    kind: JsonErrorKind,
    offset: usize,
}

/// The ways in which a text can fail to be JSON that a shadow can hold.
///
/// ```
/// use shadow_doc::{JsonErrorKind, Patch};
///
/// let kind = |text: &[u8]| Patch::from_json(text).unwrap_err().kind();
/// assert_eq!(kind(b"{\"a\":"), JsonErrorKind::UnexpectedEnd);
/// assert_eq!(kind(b"{\"a\":1e400}"), JsonErrorKind::NumberOutOfRange);
/// assert_eq!(kind(b"{\"a\":[null]}"), JsonErrorKind::NullInArray);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The bytes are not UTF-8 (RFC 8259 §8.1).
    NotUtf8,
    /// The text ends inside a value.
    UnexpectedEnd,
    /// A byte stands where no value, name or separator begins.
    UnexpectedByte,
    /// Something follows the value.
    TrailingData,
    /// The value is JSON, but not an object.
    NotAnObject,
    /// A number breaks the grammar of RFC 8259 §6 (`01`, `+1`, `.5`, `NaN`).
    InvalidNumber,
    /// A number is beyond every double: `1e400`.
    NumberOutOfRange,
    /// A backslash is followed by something that RFC 8259 §7 does not list.
    InvalidEscape,
    /// A `\u` escape names half a surrogate pair, which is no character.
    LoneSurrogate,
    /// A control character stands bare in a string.
    ControlCharacter,
    /// `null` inside an array: the service's guide rules it out.
    NullInArray,
    /// `null` where a document, which holds no nulls, was expected.
    NullInState,
    /// The same name twice in one object, under [`DuplicateKeys::Reject`](crate::DuplicateKeys).
    DuplicateKey,
    /// More levels than the limit.
    TooDeep,
    /// More bytes than the crate's own offsets reach (4 GiB).
    TooLong,
}

impl JsonError {
    pub(crate) const fn new(kind: JsonErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// What is wrong.
    ///
    /// ```
    /// use shadow_doc::{JsonErrorKind, Patch};
    ///
    /// assert_eq!(Patch::from_json(b"[]").unwrap_err().kind(), JsonErrorKind::NotAnObject);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// The byte of the input at which it was noticed, counted from 0.
    ///
    /// ```
    /// use shadow_doc::Patch;
    ///
    /// assert_eq!(Patch::from_json(b"{} x").unwrap_err().offset(), 3);
    /// ```
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl JsonError {
    /// What is wrong, as the end of a sentence.
    pub(crate) const fn reason(kind: JsonErrorKind) -> &'static str {
        match kind {
            JsonErrorKind::NotUtf8 => "this byte is not UTF-8 [RFC 8259 section 8.1]",
            JsonErrorKind::UnexpectedEnd => {
                "the text ends where more was expected [RFC 8259 section 2]"
            }
            JsonErrorKind::UnexpectedByte => "no value begins with this byte [RFC 8259 section 3]",
            JsonErrorKind::TrailingData => "the text goes on after its value [RFC 8259 section 2]",
            JsonErrorKind::NotAnObject => "expected an object",
            JsonErrorKind::InvalidNumber => "not a number as [RFC 8259 section 6] writes it",
            JsonErrorKind::NumberOutOfRange => "a number beyond the range of a double",
            JsonErrorKind::InvalidEscape => {
                "not an escape sequence that [RFC 8259 section 7] lists"
            }
            JsonErrorKind::LoneSurrogate => {
                "half of a surrogate pair is not a character [RFC 8259 section 8.2]"
            }
            JsonErrorKind::ControlCharacter => {
                "a control character in a string must be escaped [RFC 8259 section 7]"
            }
            JsonErrorKind::NullInArray => "an array of a shadow cannot hold `null`",
            JsonErrorKind::NullInState => "a stored state cannot hold `null`",
            JsonErrorKind::DuplicateKey => "a name stands twice in one object",
            JsonErrorKind::TooDeep => "more levels of nesting than the limit",
            JsonErrorKind::TooLong => "longer than 4 GiB",
        }
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid JSON at byte {}: {}",
            self.offset,
            Self::reason(self.kind)
        )
    }
}

impl core::error::Error for JsonError {}
