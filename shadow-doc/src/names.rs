//! Names of things and shadows.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

/// The name of a thing: 1 to 128 of `a-z`, `A-Z`, `0-9`, `:`, `_` and `-` (AWS IoT Data Plane API,
/// `thingName`).
///
/// ```
/// use shadow_doc::ThingName;
///
/// let name = ThingName::try_from("boiler-7")?;
/// assert_eq!(name.as_str(), "boiler-7");
/// assert!(ThingName::try_from("boiler/7").is_err());
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThingName<'a>(Cow<'a, str>);

/// The name of a named shadow: 1 to 64 of the characters of a [`ThingName`] and `$` (AWS IoT Data
/// Plane API, `shadowName`).
///
/// ```
/// use shadow_doc::ShadowName;
///
/// assert_eq!(ShadowName::try_from("$package")?.as_str(), "$package");
/// let error = ShadowName::try_from("a b").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid shadow name at byte 1: expected letters, digits, `:`, `_`, `-` or `$` [AWS IoT Data Plane API, shadowName]"
/// );
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShadowName<'a>(Cow<'a, str>);

/// One shadow: a thing, and the shadow's name unless it is the classic (unnamed) one.
///
/// ```
/// use shadow_doc::{ShadowAddress, ShadowName, ThingName};
///
/// let classic = ShadowAddress::classic(ThingName::try_from("boiler")?);
/// assert_eq!(classic.topic_prefix(), "$aws/things/boiler/shadow");
/// let named = ShadowAddress::named(ThingName::try_from("boiler")?, ShadowName::try_from("cfg")?);
/// assert_eq!(named.topic_prefix(), "$aws/things/boiler/shadow/name/cfg");
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShadowAddress<'a> {
    thing: ThingName<'a>,
    shadow: Option<ShadowName<'a>>,
}

impl ThingName<'_> {
    /// Bytes of the longest name.
    ///
    /// ```
    /// assert_eq!(shadow_doc::ThingName::MAX, 128);
    /// ```
    pub const MAX: usize = 128;

    /// The name.
    ///
    /// ```
    /// assert_eq!(shadow_doc::ThingName::try_from("a")?.as_str(), "a");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, borrowing from nothing.
    ///
    /// ```
    /// let name: shadow_doc::ThingName<'static> = {
    ///     let text = String::from("lamp");
    ///     shadow_doc::ThingName::try_from(text.as_str())?.into_owned()
    /// };
    /// assert_eq!(name.as_str(), "lamp");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn into_owned(self) -> ThingName<'static> {
        ThingName(Cow::Owned(self.0.into_owned()))
    }
}

impl ShadowName<'_> {
    /// Bytes of the longest name.
    ///
    /// ```
    /// assert_eq!(shadow_doc::ShadowName::MAX, 64);
    /// ```
    pub const MAX: usize = 64;

    /// The name.
    ///
    /// ```
    /// assert_eq!(shadow_doc::ShadowName::try_from("a")?.as_str(), "a");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, borrowing from nothing.
    ///
    /// ```
    /// let name = shadow_doc::ShadowName::try_from("cfg")?.into_owned();
    /// assert_eq!(name.as_str(), "cfg");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn into_owned(self) -> ShadowName<'static> {
        ShadowName(Cow::Owned(self.0.into_owned()))
    }
}

impl<'a> ShadowAddress<'a> {
    /// The classic shadow of a thing.
    ///
    /// ```
    /// # use shadow_doc::{ShadowAddress, ThingName};
    /// assert!(ShadowAddress::classic(ThingName::try_from("t")?).shadow().is_none());
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn classic(thing: ThingName<'a>) -> Self {
        Self {
            thing,
            shadow: None,
        }
    }

    /// A named shadow of a thing.
    ///
    /// ```
    /// # use shadow_doc::{ShadowAddress, ShadowName, ThingName};
    /// let address = ShadowAddress::named(ThingName::try_from("t")?, ShadowName::try_from("s")?);
    /// assert_eq!(address.shadow().map(ShadowName::as_str), Some("s"));
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn named(thing: ThingName<'a>, shadow: ShadowName<'a>) -> Self {
        Self {
            thing,
            shadow: Some(shadow),
        }
    }

    /// The thing.
    ///
    /// ```
    /// # use shadow_doc::{ShadowAddress, ThingName};
    /// assert_eq!(ShadowAddress::classic(ThingName::try_from("t")?).thing().as_str(), "t");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn thing(&self) -> &ThingName<'a> {
        &self.thing
    }

    /// The shadow's name; `None` for the classic shadow.
    ///
    /// ```
    /// # use shadow_doc::{ShadowAddress, ThingName};
    /// assert_eq!(ShadowAddress::classic(ThingName::try_from("t")?).shadow(), None);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn shadow(&self) -> Option<&ShadowName<'a>> {
        self.shadow.as_ref()
    }

    /// The address, borrowing from nothing.
    ///
    /// ```
    /// # use shadow_doc::{ShadowAddress, ThingName};
    /// let address = ShadowAddress::classic(ThingName::try_from("t")?);
    /// assert_eq!(address.clone().into_owned(), address);
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn into_owned(self) -> ShadowAddress<'static> {
        ShadowAddress {
            thing: self.thing.into_owned(),
            shadow: self.shadow.map(ShadowName::into_owned),
        }
    }

    /// The start of all topics of this shadow, without a slash at its end.
    ///
    /// ```
    /// # use shadow_doc::{ShadowAddress, ThingName};
    /// let address = ShadowAddress::classic(ThingName::try_from("t")?);
    /// assert_eq!(address.topic_prefix(), "$aws/things/t/shadow");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn topic_prefix(&self) -> String {
        let mut prefix = String::from("$aws/things/");
        prefix.push_str(self.thing.as_str());
        prefix.push_str("/shadow");
        if let Some(shadow) = &self.shadow {
            prefix.push_str("/name/");
            prefix.push_str(shadow.as_str());
        }
        prefix
    }
}

/// `thing` for the classic shadow, `thing~shadow` for a named one, as the service's own logs print.
impl fmt::Display for ShadowAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.thing.as_str())?;
        match &self.shadow {
            Some(shadow) => write!(f, "~{shadow}"),
            None => Ok(()),
        }
    }
}

macro_rules! name {
    ($name:ident, $role:expr, $is_allowed:expr) => {
        impl<'a> TryFrom<&'a str> for $name<'a> {
            type Error = NameError;

            fn try_from(name: &'a str) -> Result<Self, NameError> {
                check(name, $role, Self::MAX, $is_allowed)?;
                Ok(Self(Cow::Borrowed(name)))
            }
        }

        impl TryFrom<String> for $name<'static> {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, NameError> {
                check(&name, $role, Self::MAX, $is_allowed)?;
                Ok(Self(Cow::Owned(name)))
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name<'_> {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(ThingName, NameRole::Thing, is_thing_byte);
name!(ShadowName, NameRole::Shadow, |b| b == b'$'
    || is_thing_byte(b));

const fn is_thing_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-')
}

fn check(
    name: &str,
    role: NameRole,
    max: usize,
    is_allowed: fn(u8) -> bool,
) -> Result<(), NameError> {
    let kind = if name.is_empty() {
        NameErrorKind::Empty
    } else if let Some(offset) = name.bytes().take(max).position(|b| !is_allowed(b)) {
        return Err(NameError {
            kind: NameErrorKind::Character,
            role,
            offset,
        });
    } else if name.len() > max {
        NameErrorKind::TooLong
    } else {
        return Ok(());
    };
    Err(NameError {
        kind,
        role,
        offset: name.len().min(max),
    })
}

/// Why a text names no thing or shadow.
///
/// ```
/// use shadow_doc::{NameErrorKind, ThingName};
///
/// let error = ThingName::try_from("a/b").unwrap_err();
/// assert_eq!((error.kind(), error.offset()), (NameErrorKind::Character, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameError {
    kind: NameErrorKind,
    role: NameRole,
    offset: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameRole {
    Thing,
    Shadow,
}

/// The ways in which a name can be wrong.
///
/// ```
/// use shadow_doc::{NameErrorKind, ThingName};
///
/// assert_eq!(ThingName::try_from("").unwrap_err().kind(), NameErrorKind::Empty);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameErrorKind {
    /// No characters.
    Empty,
    /// More bytes than the name's `MAX`.
    TooLong,
    /// A character that names do not have.
    Character,
}

impl NameError {
    /// What is wrong.
    ///
    /// ```
    /// # use shadow_doc::{NameErrorKind, ThingName};
    /// let long = "x".repeat(129);
    /// assert_eq!(ThingName::try_from(long).unwrap_err().kind(), NameErrorKind::TooLong);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> NameErrorKind {
        self.kind
    }

    /// The byte of the name at which it was noticed.
    ///
    /// ```
    /// # use shadow_doc::ThingName;
    /// assert_eq!(ThingName::try_from("ab c").unwrap_err().offset(), 2);
    /// ```
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, member, max, more) = match self.role {
            NameRole::Thing => ("thing", "thingName", ThingName::MAX, " or `-`"),
            NameRole::Shadow => ("shadow", "shadowName", ShadowName::MAX, ", `-` or `$`"),
        };
        write!(f, "invalid {role} name at byte {}: ", self.offset)?;
        match self.kind {
            NameErrorKind::Empty => f.write_str("expected at least one character")?,
            NameErrorKind::TooLong => write!(f, "expected at most {max} bytes")?,
            NameErrorKind::Character => {
                write!(f, "expected letters, digits, `:`, `_`{more}")?;
            }
        }
        write!(f, " [AWS IoT Data Plane API, {member}]")
    }
}

impl core::error::Error for NameError {}
