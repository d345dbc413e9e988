//! Names of things and policies.

use core::fmt;

use super::{RegistryError, RegistryErrorKind};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $characters:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The longest name, in characters.
            pub const MAX: usize = 128;

            /// A name by the service's rule.
            ///
            /// # Errors
            ///
            /// When it is empty, too long, or has a character that is not allowed.
            pub fn new(name: impl Into<Box<str>>) -> Result<Self, RegistryError> {
                let name = name.into();
                let allowed: fn(char) -> bool = $allowed;
                let problem = match name.chars().enumerate().find(|&(_, c)| !allowed(c)) {
                    None if name.is_empty() => "it is empty".to_owned(),
                    None if name.len() > Self::MAX => {
                        format!("{} characters, expected at most {}", name.len(), Self::MAX)
                    }
                    None => return Ok(Self(name)),
                    Some((position, found)) => format!(
                        "found {found:?} at character {position}, expected {}",
                        $characters
                    ),
                };
                Err(RegistryError::new(
                    RegistryErrorKind::Invalid,
                    format!("invalid name of a {}: {problem}", $what),
                ))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl core::str::FromStr for $name {
            type Err = RegistryError;

            fn from_str(name: &str) -> Result<Self, RegistryError> {
                Self::new(name)
            }
        }
    };
}

name! {
    /// The name of a thing: `[a-zA-Z0-9:_-]{1,128}` (AWS IoT API, CreateThing).
    ///
    /// ```
    /// use thingwire::registry::ThingName;
    ///
    /// assert_eq!(ThingName::new("line-3:pump_7")?.as_str(), "line-3:pump_7");
    /// let error = ThingName::new("a/b").unwrap_err();
    /// assert!(error.to_string().contains("found '/' at character 1"));
    /// # Ok::<(), thingwire::registry::RegistryError>(())
    /// ```
    ThingName, "thing", "a letter, a digit, `:`, `_` or `-`",
    |c| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-')
}

name! {
    /// The name of a policy: `[\w+=,.@-]{1,128}` (AWS IoT API, CreatePolicy).
    ///
    /// ```
    /// use thingwire::registry::PolicyName;
    ///
    /// assert_eq!(PolicyName::new("own-topics.v2@site=3")?.as_str(), "own-topics.v2@site=3");
    /// assert!(PolicyName::new("").is_err());
    /// # Ok::<(), thingwire::registry::RegistryError>(())
    /// ```
    PolicyName, "policy", "a letter, a digit or one of `_+=,.@-`",
    |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-')
}

#[cfg(test)]
mod tests {
    use super::{PolicyName, ThingName};

    #[test]
    fn lengths() {
        assert!(ThingName::new("x".repeat(128)).is_ok());
        let error = ThingName::new("x".repeat(129)).unwrap_err();
        assert!(error.to_string().contains("129 characters"));
        assert!(ThingName::new("").is_err());
        assert!(PolicyName::new("x".repeat(128)).is_ok());
    }

    #[test]
    fn characters() {
        for name in ["..", "a/b", "a b", "ä", "a\0", "a+b", "#", "$aws"] {
            assert!(ThingName::new(name).is_err(), "{name}");
        }
        for name in ["a/b", "a b", "ä", "a\n", "a:b", "*"] {
            assert!(PolicyName::new(name).is_err(), "{name}");
        }
    }
}
