//! Finding the signature: exactly one, with all its parameters, each once.

use super::verified::Mechanism;
use crate::canonical::headers::{is_token, trimmed};
use crate::canonical::query::{AuthParam, Param};
use crate::canonical::span::Span;
use crate::error::{Place, VerifyError, VerifyErrorKind};
use crate::request::Headers;
use crate::scope::ALGORITHM;
use crate::sign::{AUTHORIZATION, CONTENT_SHA256, DATE, TOKEN};

/// A header that may come once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sole<'r> {
    pub(super) count: usize,
    /// The first value, without the white space around it.
    pub(super) value: &'r [u8],
    /// How much white space was before it.
    pub(super) lead: usize,
}

impl<'r> Sole<'r> {
    fn see(&mut self, raw: &'r [u8]) {
        if self.count == 0 {
            self.value = trimmed(raw);
            self.lead = raw.len().saturating_sub(raw.trim_ascii_start().len());
        }
        self.count = self.count.saturating_add(1);
    }
}

/// The headers that verifying reads.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KnownHeaders<'r> {
    pub(super) authorization: Sole<'r>,
    pub(super) amz_date: Sole<'r>,
    pub(super) date: Sole<'r>,
    pub(super) token: Sole<'r>,
    pub(super) content_sha256: Sole<'r>,
}

impl<'r> KnownHeaders<'r> {
    /// Fails at a header that is none: one reader's ` x-amz-acl` is another's `x-amz-acl`, signed by nobody.
    pub(super) fn find<H: Headers + ?Sized>(headers: &'r H) -> Result<Self, VerifyError> {
        let mut found = Self::default();
        for (name, value) in headers.fields() {
            if !is_token(name.as_bytes()) {
                return Err(VerifyError::new(
                    VerifyErrorKind::InvalidHeader,
                    "the name of a header is not a token",
                ));
            }
            if memchr::memchr3(0, b'\r', b'\n', value).is_some() {
                return Err(VerifyError::new(
                    VerifyErrorKind::InvalidHeader,
                    "the value of a header holds NUL, CR or LF",
                ));
            }
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            // By length first: most names are none of these.
            match name.len() {
                4 if is("date") => found.date.see(value),
                10 if is(DATE) => found.amz_date.see(value),
                13 if is(AUTHORIZATION) => found.authorization.see(value),
                20 if is(TOKEN) => found.token.see(value),
                20 if is(CONTENT_SHA256) => found.content_sha256.see(value),
                _ => {}
            }
        }
        Ok(found)
    }
}

/// The authentication parameters of a query: each at most once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct QueryAuth {
    values: [Option<Span>; AuthParam::COUNT],
    /// Whether any parameter is there that only a signature has.
    pub(super) present: bool,
    repeated: Option<usize>,
}

impl QueryAuth {
    pub(super) fn find(params: &[Param]) -> Self {
        let mut found = Self::default();
        for param in params {
            let Some(auth) = param.auth else { continue };
            found.present |= auth != AuthParam::ContentSha256;
            let Some(value) = found.values.get_mut(auth as usize) else {
                continue;
            };
            if value.is_some() {
                found.repeated = Some(
                    found
                        .repeated
                        .map_or(param.offset, |at| at.min(param.offset)),
                );
            }
            *value = Some(param.value);
        }
        found
    }

    pub(super) fn value(&self, auth: AuthParam) -> Option<Span> {
        self.values.get(auth as usize).copied().flatten()
    }
}

/// A parameter of a signature, where it stands: in the header as it arrived, or in the query in canonical form.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text<'r> {
    Header(&'r [u8]),
    Query(Span),
}

/// The parameters that both mechanisms have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameters<'r> {
    pub(super) mechanism: Mechanism,
    pub(super) credential: Text<'r>,
    pub(super) signed_headers: Text<'r>,
    pub(super) signature: Text<'r>,
}

impl<'r> Parameters<'r> {
    /// Finds the one signature of a request. `before_query` is where the query begins in the target.
    pub(super) fn find(
        headers: &KnownHeaders<'r>,
        query: &QueryAuth,
        stash: &[u8],
        before_query: usize,
    ) -> Result<Self, VerifyError> {
        let authorization = headers.authorization;
        match (authorization.count, query.present) {
            (0, false) => Err(VerifyError::new(
                VerifyErrorKind::MissingAuthenticationToken,
                "found neither an `Authorization` header nor `X-Amz-` parameters of a signature in the query",
            )),
            // Whoever reads one and believes the other lets a stranger in (CVE-2026-41145).
            (1.., true) => Err(VerifyError::new(
                VerifyErrorKind::BothMechanisms,
                "found an `Authorization` header and parameters of a signature in the query, expected one of the two",
            )),
            (0, true) => Self::of_query(query, stash, before_query),
            (1, false) => Self::of_header(authorization.value).map_err(|mut error| {
                error.move_by(authorization.lead);
                error
            }),
            (_, false) => Err(VerifyError::incomplete(
                "found several `Authorization` headers, expected one",
            )),
        }
    }

    fn of_query(query: &QueryAuth, stash: &[u8], before_query: usize) -> Result<Self, VerifyError> {
        if let Some(at) = query.repeated {
            let at = before_query.saturating_add(at);
            return Err(VerifyError::at(
                VerifyErrorKind::IncompleteSignature,
                Place::Target,
                at,
                "a parameter of the signature appears a second time, expected once",
            ));
        }
        let algorithm = query
            .value(AuthParam::Algorithm)
            .ok_or(VerifyError::incomplete(
                "found no `X-Amz-Algorithm` in the query",
            ))?;
        if algorithm.of(stash) != ALGORITHM.as_bytes() {
            return Err(VerifyError::incomplete(
                "found another `X-Amz-Algorithm`, expected AWS4-HMAC-SHA256",
            ));
        }
        let find = |auth, missing| {
            query
                .value(auth)
                .map(Text::Query)
                .ok_or(VerifyError::incomplete(missing))
        };
        Ok(Self {
            mechanism: Mechanism::Query,
            credential: find(
                AuthParam::Credential,
                "found no `X-Amz-Credential` in the query",
            )?,
            signed_headers: find(
                AuthParam::SignedHeaders,
                "found no `X-Amz-SignedHeaders` in the query",
            )?,
            signature: find(
                AuthParam::Signature,
                "found no `X-Amz-Signature` in the query",
            )?,
        })
    }

    fn of_header(value: &'r [u8]) -> Result<Self, VerifyError> {
        let at = |offset, what| {
            VerifyError::at(
                VerifyErrorKind::IncompleteSignature,
                Place::Authorization,
                offset,
                what,
            )
        };
        let end = value
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\t'))
            .unwrap_or(value.len());
        let (scheme, rest) = value.split_at_checked(end).unwrap_or((value, &[]));
        if scheme != ALGORITHM.as_bytes() {
            // Other schemes are somebody else's; other algorithms of this one, SigV4a among them, are not supported.
            let ours = scheme
                .first_chunk::<4>()
                .is_some_and(|start| start.eq_ignore_ascii_case(b"AWS4"));
            return Err(if ours {
                at(0, "found another algorithm, expected AWS4-HMAC-SHA256")
            } else {
                VerifyError::new(
                    VerifyErrorKind::MissingAuthenticationToken,
                    "the `Authorization` header is not of the scheme AWS4-HMAC-SHA256",
                )
            });
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        let mut start = 0_usize;
        let ends = memchr::memchr_iter(b',', rest).chain(core::iter::once(rest.len()));
        for next in ends {
            let piece = rest.get(start..next).unwrap_or_default();
            let parameter = piece.trim_ascii();
            let lead = piece.len().saturating_sub(piece.trim_ascii_start().len());
            let offset = end.saturating_add(start).saturating_add(lead);
            let (slot, found) = if let Some(found) = parameter.strip_prefix(b"Credential=") {
                (&mut credential, found)
            } else if let Some(found) = parameter.strip_prefix(b"SignedHeaders=") {
                (&mut signed_headers, found)
            } else if let Some(found) = parameter.strip_prefix(b"Signature=") {
                (&mut signature, found)
            } else {
                return Err(at(
                    offset,
                    "found something else, expected `Credential=`, `SignedHeaders=` or `Signature=`",
                ));
            };
            // Parsers disagree on which of two to take.
            if slot.replace(Text::Header(found)).is_some() {
                return Err(at(
                    offset,
                    "a parameter appears a second time, expected once",
                ));
            }
            start = next.saturating_add(1);
        }
        match (credential, signed_headers, signature) {
            (Some(credential), Some(signed_headers), Some(signature)) => Ok(Self {
                mechanism: Mechanism::Header,
                credential,
                signed_headers,
                signature,
            }),
            (None, ..) => Err(at(value.len(), "found no `Credential`")),
            (_, None, _) => Err(at(value.len(), "found no `SignedHeaders`")),
            (.., None) => Err(at(value.len(), "found no `Signature`")),
        }
    }
}
