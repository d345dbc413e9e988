/// How large a policy document may be.
///
/// ```
/// use iot_policy::{Limits, Policy, PolicyErrorKind};
///
/// let long = format!(r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Deny", "Action": "iot:*",
///     "Resource": "arn:aws:iot:us-east-1:123456789012:topic/{}"}}}}"#, "x".repeat(2048));
/// let error = Policy::parse(long.as_bytes()).unwrap_err();
/// assert_eq!(error.kind(), &PolicyErrorKind::TooManyCharacters { max: 2048 });
///
/// let limits = Limits::AWS_IOT.with_document_characters(4096);
/// assert!(Policy::parse_with(long.as_bytes(), &limits).is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    document_bytes: usize,
    document_characters: usize,
}

impl Limits {
    /// What AWS IoT's `CreatePolicy` takes: 404,600 bytes, and 2,048 characters without white space.
    ///
    /// Source: AWS IoT API reference, `CreatePolicyVersion`, `policyDocument`.
    pub const AWS_IOT: Self = Self {
        document_bytes: 404_600,
        document_characters: 2048,
    };

    /// The most bytes of a document.
    pub fn document_bytes(&self) -> usize {
        self.document_bytes
    }

    /// The most characters of a document, white space not counted.
    pub fn document_characters(&self) -> usize {
        self.document_characters
    }

    /// Sets [`Limits::document_bytes`].
    #[must_use]
    pub fn with_document_bytes(mut self, bytes: usize) -> Self {
        self.document_bytes = bytes;
        self
    }

    /// Sets [`Limits::document_characters`]; [`Limits::document_bytes`] goes up with it where needed.
    #[must_use]
    pub fn with_document_characters(mut self, characters: usize) -> Self {
        self.document_characters = characters;
        self.document_bytes = self.document_bytes.max(characters.saturating_mul(4));
        self
    }
}

/// [`Limits::AWS_IOT`].
impl Default for Limits {
    fn default() -> Self {
        Self::AWS_IOT
    }
}
