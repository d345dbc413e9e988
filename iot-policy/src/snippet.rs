use core::fmt;

/// The beginning of a text of the document, kept by value so that making an error allocates nothing.
///
/// ```
/// use iot_policy::{Policy, PolicyErrorKind};
///
/// let error = Policy::parse(br#"{"Statement": {"Effect": "Permit"}}"#).unwrap_err();
/// let PolicyErrorKind::InvalidEffect { found } = error.kind() else { panic!() };
/// assert_eq!((found.as_str(), found.is_cut()), ("Permit", false));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Snippet {
    bytes: [u8; Self::MAX],
    len: u8,
    cut: bool,
}

impl Snippet {
    /// How many bytes are kept.
    pub const MAX: usize = 36;

    pub(crate) fn new(text: &str) -> Self {
        let mut end = text.len().min(Self::MAX);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let mut bytes = [0; Self::MAX];
        for (to, from) in bytes.iter_mut().zip(text.as_bytes().iter().take(end)) {
            *to = *from;
        }
        Self {
            bytes,
            len: u8::try_from(end).unwrap_or_default(),
            cut: end < text.len(),
        }
    }

    /// The text that was kept.
    pub fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Whether the document's text goes on.
    pub fn is_cut(&self) -> bool {
        self.cut
    }
}

/// The text without control characters (a log line stays one line), and `…` where it was cut.
impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for character in self.as_str().chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                f.write_char(character)?;
            }
        }
        if self.cut {
            f.write_char('…')
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn cut_between_characters() {
        let text = "é".repeat(40);
        let snippet = Snippet::new(&text);
        assert_eq!(snippet.as_str().chars().count(), 18);
        assert!(snippet.is_cut());
        assert_eq!(Snippet::new("a\nb").to_string(), "a\\u{a}b");
    }
}
