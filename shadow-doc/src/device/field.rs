#[cfg(feature = "serde")]
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A member of a patch: not mentioned, null, or a value.
///
/// The three mean different things to a shadow: leave it, remove it, set it.
///
/// ```
/// use shadow_doc::Field;
///
/// let fields = [Field::Absent, Field::Null, Field::Value(3)];
/// assert_eq!(fields.map(Field::value), [None, None, Some(3)]);
/// assert_eq!(fields.map(|field| field.is_absent()), [true, false, false]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field<T> {
    /// Not mentioned. Skipped when it is written, given
    /// `#[serde(skip_serializing_if = "Field::is_absent")]`; the derive does that.
    #[default]
    Absent,
    /// Null.
    Null,
    /// A value.
    Value(T),
}

impl<T> Field<T> {
    /// True if the member is not mentioned.
    ///
    /// ```
    /// # use shadow_doc::Field;
    /// assert!(Field::<u8>::Absent.is_absent());
    /// ```
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if there is one.
    ///
    /// ```
    /// # use shadow_doc::Field;
    /// assert_eq!(Field::Value(3).value(), Some(3));
    /// assert_eq!(Field::<u8>::Null.value(), None);
    /// ```
    #[must_use]
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// As a reference.
    ///
    /// ```
    /// # use shadow_doc::Field;
    /// let field = Field::Value(String::from("eco"));
    /// assert_eq!(field.as_ref().value().map(String::as_str), Some("eco"));
    /// ```
    #[must_use]
    pub const fn as_ref(&self) -> Field<&T> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(value),
        }
    }
}

impl<T> From<T> for Field<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// A member that is missing is absent, given `#[serde(default)]`.
///
/// ```
/// use shadow_doc::Field;
///
/// #[derive(serde::Deserialize)]
/// struct Patch {
///     #[serde(default)]
///     level: Field<u8>,
/// }
/// let level = |json| serde_json::from_str::<Patch>(json).unwrap().level;
/// assert_eq!(level("{}"), Field::Absent);
/// assert_eq!(level(r#"{"level":null}"#), Field::Null);
/// assert_eq!(level(r#"{"level":3}"#), Field::Value(3));
/// ```
#[cfg(feature = "serde")]
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Null, Self::Value))
    }
}

#[cfg(feature = "serde")]
impl<T: Serialize> Serialize for Field<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => serializer.serialize_some(value),
        }
    }
}
