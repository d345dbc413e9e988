//! `clientToken`: what ties a reply to its request.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::json::{self, Scanner};
use crate::tree::MAX_OPEN;

/// The token of a request, echoed in everything that answers it.
///
/// ```
/// use shadow_doc::ClientToken;
///
/// let token = ClientToken::try_from("lamp-7")?;
/// assert_eq!(token.as_str(), "lamp-7");
/// assert!(ClientToken::try_from("x".repeat(65).as_str()).is_err());
/// # Ok::<(), shadow_doc::ClientTokenError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientToken(Box<str>);

impl ClientToken {
    /// Bytes of the longest token that the service takes.
    ///
    /// ```
    /// assert_eq!(shadow_doc::ClientToken::MAX, 64);
    /// ```
    pub const MAX: usize = 64;

    /// A token that a service with another limit than [`MAX`](Self::MAX) took.
    pub(crate) fn within(text: &str, max: usize) -> Option<Self> {
        (text.len() <= max).then(|| Self(Box::from(text)))
    }

    /// `prefix-number`; whoever asks has made sure that it fits.
    #[cfg(feature = "serde")]
    pub(crate) fn numbered(prefix: &str, number: u64) -> Self {
        Self(alloc::format!("{prefix}-{number}").into_boxed_str())
    }

    /// The token.
    ///
    /// ```
    /// # use shadow_doc::ClientToken;
    /// assert_eq!(ClientToken::try_from("a")?.as_str(), "a");
    /// # Ok::<(), shadow_doc::ClientTokenError>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The token in a payload that nothing else is wanted of: one that is JSON, whatever else is
    /// wrong with it. `max` bytes at most.
    pub(crate) fn in_payload(payload: &[u8], max: usize) -> Option<Self> {
        let mut scanner = Scanner::new(payload).ok()?.with_any_number();
        let mut token = None;
        scanner.expect(b'{').ok()?;
        if scanner.eat(b'}') {
            return None;
        }
        loop {
            let name = scanner.string().ok()?;
            let mut text = Vec::new();
            json::canonical(name.raw, name.offset, &mut text).ok()?;
            scanner.skip_space();
            scanner.expect(b':').ok()?;
            if text == b"clientToken" && scanner.peek() == Some(b'"') {
                let value = scanner.string().ok()?;
                let mut text = Vec::new();
                json::canonical(value.raw, value.offset, &mut text).ok()?;
                token = Self::within(&json::unescape(&text), max);
            } else {
                scanner.skip_value(u32::try_from(MAX_OPEN).ok()?).ok()?;
            }
            scanner.skip_space();
            if !scanner.eat(b',') {
                scanner.expect(b'}').ok()?;
                scanner.finish().ok()?;
                return token;
            }
        }
    }

    /// Appends `,"clientToken":"…"`, or nothing: a token that was not sent is never null.
    pub(crate) fn write(token: Option<&Self>, out: &mut Vec<u8>) {
        if let Some(token) = token {
            out.extend_from_slice(b",\"clientToken\":\"");
            json::escape(&token.0, out);
            out.push(b'"');
        }
    }
}

impl TryFrom<&str> for ClientToken {
    type Error = ClientTokenError;

    fn try_from(token: &str) -> Result<Self, ClientTokenError> {
        Self::within(token, Self::MAX).ok_or(ClientTokenError {
            length: token.len(),
        })
    }
}

impl TryFrom<String> for ClientToken {
    type Error = ClientTokenError;

    fn try_from(token: String) -> Result<Self, ClientTokenError> {
        Self::try_from(token.as_str())
    }
}

impl fmt::Display for ClientToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token longer than the service takes.
///
/// ```
/// use shadow_doc::ClientToken;
///
/// let error = ClientToken::try_from("x".repeat(70)).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid client token of 70 bytes: expected at most 64 [AWS IoT developer guide, device shadow service documents]"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientTokenError {
    length: usize,
}

impl fmt::Display for ClientTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid client token of {} bytes: expected at most {} [AWS IoT developer guide, device shadow service documents]",
            self.length,
            ClientToken::MAX
        )
    }
}

impl core::error::Error for ClientTokenError {}
