//! Values that are not what their type promises: misuse by the caller, not bad input.

use core::fmt;

/// A time or lifetime that cannot stand in a request.
///
/// ```
/// let error = sigv4::Timestamp::parse("yesterday").unwrap_err();
/// assert_eq!(error.to_string(), "invalid time: expected the form YYYYMMDDTHHMMSSZ");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeError {
    expected: &'static str,
}

/// A region or service name that cannot stand in a scope.
///
/// ```
/// let error = sigv4::Region::new("").unwrap_err();
/// assert_eq!(error.to_string(), "invalid scope: a region or service name has 1 to 64 bytes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeError {
    expected: &'static str,
}

/// Credentials that no request could be signed with. It never says what the value was.
///
/// ```
/// let error = sigv4::Credentials::new("", "secret").unwrap_err();
/// assert!(error.to_string().starts_with("invalid credentials: an access key id has 1 to 128"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialsError {
    expected: &'static str,
}

impl TimeError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { expected }
    }
}

impl ScopeError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { expected }
    }
}

impl CredentialsError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { expected }
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid time: {}", self.expected)
    }
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid scope: {}", self.expected)
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid credentials: {}", self.expected)
    }
}

impl core::error::Error for TimeError {}
impl core::error::Error for ScopeError {}
impl core::error::Error for CredentialsError {}
