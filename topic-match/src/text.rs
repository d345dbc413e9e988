//! What all string types of this crate have in common.

/// Implements the traits of a borrowed string type: it is its text, compared and hashed as such.
macro_rules! borrowed_text {
    ($name:ident, $owned:ident) => {
        impl<'a> $name<'a> {
            /// The text.
            #[must_use]
            pub const fn as_str(&self) -> &'a str {
                self.text
            }
        }

        impl core::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.text)
            }
        }

        impl core::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(self.text, f)
            }
        }

        impl AsRef<str> for $name<'_> {
            fn as_ref(&self) -> &str {
                self.text
            }
        }

        impl<'a> TryFrom<&'a str> for $name<'a> {
            type Error = crate::TopicError;

            fn try_from(text: &'a str) -> Result<Self, crate::TopicError> {
                Self::new(text)
            }
        }

        impl<'a> From<&'a $owned> for $name<'a> {
            fn from(owned: &'a $owned) -> Self {
                owned.as_ref()
            }
        }

        crate::text::text_traits!($name<'_>);
    };
}

/// Implements the traits of an owned string type that wraps a `Box<str>` called `text`.
macro_rules! owned_text {
    ($owned:ident, $borrowed:ident) => {
        impl $owned {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.text
            }
        }

        impl core::fmt::Display for $owned {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(&self.text)
            }
        }

        impl core::fmt::Debug for $owned {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(&self.text, f)
            }
        }

        impl AsRef<str> for $owned {
            fn as_ref(&self) -> &str {
                &self.text
            }
        }

        impl core::borrow::Borrow<str> for $owned {
            fn borrow(&self) -> &str {
                &self.text
            }
        }

        impl From<$borrowed<'_>> for $owned {
            fn from(borrowed: $borrowed<'_>) -> Self {
                borrowed.to_buf()
            }
        }

        impl From<$owned> for alloc::string::String {
            fn from(owned: $owned) -> Self {
                owned.text.into()
            }
        }

        impl core::str::FromStr for $owned {
            type Err = crate::TopicError;

            fn from_str(text: &str) -> Result<Self, crate::TopicError> {
                $borrowed::new(text).map(|borrowed| borrowed.to_buf())
            }
        }

        impl TryFrom<&str> for $owned {
            type Error = crate::TopicError;

            fn try_from(text: &str) -> Result<Self, crate::TopicError> {
                text.parse()
            }
        }

        impl TryFrom<alloc::string::String> for $owned {
            type Error = crate::TopicError;

            fn try_from(text: alloc::string::String) -> Result<Self, crate::TopicError> {
                text.parse()
            }
        }

        crate::text::text_traits!($owned);
    };
}

/// `Eq`, `Ord` and `Hash` as the text has them, so that `Borrow<str>` keeps its contract.
macro_rules! text_traits {
    ($name:ty) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> core::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl core::hash::Hash for $name {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }
    };
}

pub(crate) use {borrowed_text, owned_text, text_traits};
