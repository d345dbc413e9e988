//! What the client is told.

use super::verify::VerifyErrorKind;

/// The name and the HTTP status a service answers with.
///
/// ```
/// use sigv4::{AnswerTable, VerifyErrorKind};
///
/// let answer = AnswerTable::rest_json().answer(VerifyErrorKind::SignatureDoesNotMatch);
/// assert_eq!((answer.name(), answer.status()), ("InvalidSignatureException", 403));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    name: &'static str,
    status: u16,
}

impl Answer {
    /// An answer of one's own, for [`AnswerTable::with`].
    ///
    /// ```
    /// assert_eq!(sigv4::Answer::new("Teapot", 418).status(), 418);
    /// ```
    #[must_use]
    pub const fn new(name: &'static str, status: u16) -> Self {
        Self { name, status }
    }

    /// The name of the error: `x-amzn-errortype` of REST services, `Code` of S3 and the query services.
    ///
    /// ```
    /// let answer = sigv4::AnswerTable::s3().answer(sigv4::VerifyErrorKind::RequestExpired);
    /// assert_eq!(answer.name(), "RequestTimeTooSkewed");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The HTTP status.
    ///
    /// ```
    /// let answer = sigv4::AnswerTable::s3().answer(sigv4::VerifyErrorKind::PayloadMismatch);
    /// assert_eq!(answer.status(), 400);
    /// ```
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }
}

/// The answers of one kind of service. AWS's own pages do not agree on all of them, so every line can be overridden.
///
/// ```
/// use sigv4::{Answer, AnswerTable, VerifyErrorKind};
///
/// // The newer "Common Error Types" pages say 403 where the older ones say 400.
/// let table = AnswerTable::rest_json()
///     .with(VerifyErrorKind::IncompleteSignature, Answer::new("IncompleteSignatureException", 403));
/// assert_eq!(table.answer(VerifyErrorKind::IncompleteSignature).status(), 403);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerTable {
    answers: [(VerifyErrorKind, Answer); 17],
}

impl AnswerTable {
    /// Services with REST and JSON, AWS IoT among them.
    ///
    /// ```
    /// let answer = sigv4::AnswerTable::rest_json().answer(sigv4::VerifyErrorKind::UnsignedHeader);
    /// assert_eq!(answer.name(), "AccessDeniedException");
    /// ```
    #[must_use]
    pub const fn rest_json() -> Self {
        REST_JSON
    }

    /// Amazon S3.
    ///
    /// ```
    /// let answer = sigv4::AnswerTable::s3().answer(sigv4::VerifyErrorKind::UnrecognizedClientException);
    /// assert_eq!(answer.name(), "InvalidAccessKeyId");
    /// ```
    #[must_use]
    pub const fn s3() -> Self {
        S3
    }

    /// The same table with another answer for one kind.
    ///
    /// ```
    /// use sigv4::{Answer, AnswerTable, VerifyErrorKind};
    ///
    /// let table = AnswerTable::s3().with(VerifyErrorKind::Replayed, Answer::new("AccessDenied", 409));
    /// assert_eq!(table.answer(VerifyErrorKind::Replayed).status(), 409);
    /// ```
    #[must_use]
    pub fn with(mut self, kind: VerifyErrorKind, answer: Answer) -> Self {
        for line in self.answers.iter_mut().filter(|line| line.0 == kind) {
            line.1 = answer;
        }
        self
    }

    /// What to answer for an error of this kind.
    ///
    /// ```
    /// use sigv4::{AnswerTable, VerifyErrorKind};
    ///
    /// assert_eq!(AnswerTable::rest_json().answer(VerifyErrorKind::LookupFailed).status(), 500);
    /// ```
    #[must_use]
    pub const fn answer(&self, kind: VerifyErrorKind) -> Answer {
        let mut lines = self.answers.as_slice();
        while let [(listed, answer), rest @ ..] = lines {
            if *listed as u8 == kind as u8 {
                return *answer;
            }
            lines = rest;
        }
        // Every kind is listed, as a test sees to; a kind without a line would be a fault of this side.
        Answer::new("InternalFailure", 500)
    }
}

/// "Common Error Types" of the REST services.
const REST_JSON: AnswerTable = AnswerTable {
    answers: [
        (
            VerifyErrorKind::LimitExceeded,
            Answer::new("RequestHeaderSectionTooLarge", 431),
        ),
        (
            VerifyErrorKind::InvalidPath,
            Answer::new("InvalidSignatureException", 400),
        ),
        (
            VerifyErrorKind::MalformedQueryString,
            Answer::new("MalformedQueryString", 400),
        ),
        (
            VerifyErrorKind::InvalidHeader,
            Answer::new("InvalidSignatureException", 400),
        ),
        (
            VerifyErrorKind::MissingAuthenticationToken,
            Answer::new("MissingAuthenticationTokenException", 403),
        ),
        (
            VerifyErrorKind::BothMechanisms,
            Answer::new("IncompleteSignatureException", 400),
        ),
        (
            VerifyErrorKind::IncompleteSignature,
            Answer::new("IncompleteSignatureException", 400),
        ),
        (
            VerifyErrorKind::InvalidScope,
            Answer::new("InvalidSignatureException", 403),
        ),
        (
            VerifyErrorKind::InvalidExpires,
            Answer::new("IncompleteSignatureException", 400),
        ),
        (
            VerifyErrorKind::RequestExpired,
            Answer::new("InvalidSignatureException", 403),
        ),
        (
            VerifyErrorKind::UnsignedHeader,
            Answer::new("AccessDeniedException", 403),
        ),
        (
            VerifyErrorKind::LookupFailed,
            Answer::new("InternalFailure", 500),
        ),
        (
            VerifyErrorKind::UnrecognizedClientException,
            Answer::new("UnrecognizedClientException", 403),
        ),
        (
            VerifyErrorKind::ExpiredTokenException,
            Answer::new("ExpiredTokenException", 403),
        ),
        (
            VerifyErrorKind::PayloadMismatch,
            Answer::new("InvalidSignatureException", 403),
        ),
        (
            VerifyErrorKind::SignatureDoesNotMatch,
            Answer::new("InvalidSignatureException", 403),
        ),
        (
            VerifyErrorKind::Replayed,
            Answer::new("InvalidSignatureException", 403),
        ),
    ],
};

/// "Error Responses" of the Amazon S3 API Reference, and "Common Error Types" of the query services.
const S3: AnswerTable = AnswerTable {
    answers: [
        (
            VerifyErrorKind::LimitExceeded,
            Answer::new("RequestHeaderSectionTooLarge", 400),
        ),
        (
            VerifyErrorKind::InvalidPath,
            Answer::new("SignatureDoesNotMatch", 400),
        ),
        (
            VerifyErrorKind::MalformedQueryString,
            Answer::new("MalformedQueryString", 400),
        ),
        (
            VerifyErrorKind::InvalidHeader,
            Answer::new("InvalidRequest", 400),
        ),
        (
            VerifyErrorKind::MissingAuthenticationToken,
            Answer::new("AccessDenied", 403),
        ),
        (
            VerifyErrorKind::BothMechanisms,
            Answer::new("AuthorizationQueryParametersError", 400),
        ),
        (
            VerifyErrorKind::IncompleteSignature,
            Answer::new("IncompleteSignature", 400),
        ),
        (
            VerifyErrorKind::InvalidScope,
            Answer::new("SignatureDoesNotMatch", 403),
        ),
        (
            VerifyErrorKind::InvalidExpires,
            Answer::new("AuthorizationQueryParametersError", 400),
        ),
        (
            VerifyErrorKind::RequestExpired,
            Answer::new("RequestTimeTooSkewed", 403),
        ),
        (
            VerifyErrorKind::UnsignedHeader,
            Answer::new("AccessDenied", 403),
        ),
        (
            VerifyErrorKind::LookupFailed,
            Answer::new("InternalError", 500),
        ),
        (
            VerifyErrorKind::UnrecognizedClientException,
            Answer::new("InvalidAccessKeyId", 403),
        ),
        (
            VerifyErrorKind::ExpiredTokenException,
            Answer::new("ExpiredToken", 400),
        ),
        (
            VerifyErrorKind::PayloadMismatch,
            Answer::new("XAmzContentSHA256Mismatch", 400),
        ),
        (
            VerifyErrorKind::SignatureDoesNotMatch,
            Answer::new("SignatureDoesNotMatch", 403),
        ),
        (VerifyErrorKind::Replayed, Answer::new("AccessDenied", 403)),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_answered_in_every_table() {
        for table in [REST_JSON, S3] {
            assert_eq!(table.answers.map(|(kind, _)| kind), VerifyErrorKind::ALL);
            for kind in VerifyErrorKind::ALL {
                let answer = table.answer(kind);
                assert_eq!(
                    answer.status() >= 500,
                    kind == VerifyErrorKind::LookupFailed,
                    "{kind}"
                );
            }
        }
    }

    #[test]
    fn an_override_changes_one_line() {
        let table = REST_JSON.with(VerifyErrorKind::InvalidPath, Answer::new("X", 404));
        for kind in VerifyErrorKind::ALL {
            assert_eq!(
                table.answer(kind) == REST_JSON.answer(kind),
                kind != VerifyErrorKind::InvalidPath,
                "{kind}"
            );
        }
    }
}
