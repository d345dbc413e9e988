//! All that can be checked before a key is known.

use super::claim::{Claim, Declared};
use super::mechanism::{KnownHeaders, Parameters, QueryAuth, Text};
use super::verified::Mechanism;
use super::verifier::Verifier;
use crate::canonical::escape::push_decoded;
use crate::canonical::headers::{
    ListError, collect, count, is_token, parse_list, push_headers, slot,
};
use crate::canonical::path::{AboveRoot, PathRules, check_path, first_removed, push_path};
use crate::canonical::query::{AuthParam, parse_query, push_query, sort_params};
use crate::canonical::scratch::Scratch;
use crate::canonical::span::{Span, append, stash as keep, try_append};
use crate::credentials::is_access_key_id;
use crate::error::{Place, VerifyError, VerifyErrorKind};
use crate::request::{Headers, Request};
use crate::scope::{Service, TERMINATOR, TokenPlacement};
use crate::sign::CONTENT_SHA256;
use crate::time::{Expires, Timestamp};

impl Verifier {
    /// Checks everything about a request's head that can be checked without the key, and says which key is needed.
    ///
    /// The first of two steps; [`verify`](Self::verify) takes both.
    ///
    /// # Errors
    /// With the first check that fails, in the order of [`VerifyErrorKind`].
    ///
    /// ```
    /// use sigv4::{KeyRecord, Policy, Region, Request, Scratch, SecretAccessKey, Service, Timestamp, Verifier, VerifyErrorKind};
    ///
    /// let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::iot_data()]));
    /// let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-east-1/iotdata/aws4_request, \
    ///                      SignedHeaders=host;x-amz-date, Signature=00";
    /// let headers = [("Host", "example.com"), ("X-Amz-Date", "20260301T120000Z"), ("Authorization", authorization)];
    /// let request = Request::new("GET", "/things/t/shadow", headers.as_slice());
    /// let mut scratch = Scratch::new();
    /// let claim = verifier.head(&request, Timestamp::parse("20260301T120100Z")?, &mut scratch)?;
    /// assert_eq!(claim.access_key_id(), "AKIDEXAMPLE");
    /// // …ask the store for the key, then:
    /// let record = KeyRecord::long_term(SecretAccessKey::new("secret"), "alice");
    /// let error = claim.authenticate_with_body(Some(record), b"").unwrap_err();
    /// assert_eq!(error.kind(), VerifyErrorKind::SignatureDoesNotMatch);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn head<'v, 's, H: Headers + ?Sized>(
        &'v self,
        request: &Request<'_, H>,
        now: Timestamp,
        scratch: &'s mut Scratch,
    ) -> Result<Claim<'v, 's>, VerifyError> {
        scratch.clear();
        self.policy.limits.check(request)?;
        let (path, query) = request.split_target();
        let before_query = path.len().saturating_add(1);
        check_line(request.method(), path)?;
        parse_query(
            &mut scratch.stash,
            &mut scratch.params,
            query.unwrap_or_default(),
        )
        .map_err(|at| {
            let what =
                "found a byte or escape that no query has, expected RFC 3986 characters and `%XX`";
            VerifyError::at(
                VerifyErrorKind::MalformedQueryString,
                Place::Target,
                before_query.saturating_add(at),
                what,
            )
        })?;

        let known = KnownHeaders::find(request.headers())?;
        let query = QueryAuth::find(&scratch.params);
        let parameters = Parameters::find(&known, &query, &scratch.stash, before_query)?;
        let Scratch { stash, text, .. } = scratch;
        let credential = take(stash, text, parameters.credential);
        let list = take(stash, text, parameters.signed_headers);
        let signature = take(stash, text, parameters.signature);
        let credential = Credential::read(text, credential)?;

        let (signed_at, amz_date) = signing_time(parameters.mechanism, &known, &query, stash)?;
        let date = signed_at.text();
        let service = self.check_scope(&credential, date.day(), text)?;
        let valid_until =
            self.check_time(parameters.mechanism, &query, service, signed_at, now, stash)?;

        parse_list(text, list, &mut scratch.names).map_err(list_error)?;
        let signs = |name: &str| slot(text, &scratch.names, name.as_bytes());
        let Ok(host) = signs("host") else {
            return Err(unsigned("`host` is not among the signed headers"));
        };
        if parameters.mechanism == Mechanism::Header && !amz_date && signs("date").is_err() {
            return Err(unsigned(
                "the date is taken from `Date`, which is not among the signed headers",
            ));
        }

        let query_token = query.value(AuthParam::SecurityToken).map(Text::Query);
        let token = match parameters.mechanism {
            Mechanism::Query if known.token.count > 0 && signs(crate::sign::TOKEN).is_ok() => {
                return Err(VerifyError::incomplete(
                    "found a session token in a header, expected it in the query, where the signature is",
                ));
            }
            Mechanism::Query => query_token,
            Mechanism::Header => match known.token.count {
                0 => None,
                1 => Some(Text::Header(known.token.value)),
                _ => {
                    return Err(VerifyError::incomplete(
                        "found several `X-Amz-Security-Token` headers, expected one",
                    ));
                }
            },
        };
        let token = token.map(|value| take(stash, text, value));
        let declared = declared(parameters.mechanism, &known, &query, stash, text);

        let read = Reading {
            service,
            mechanism: parameters.mechanism,
            list,
            host,
        };
        let path = self.write_canonical(request, &read, scratch)?;
        Ok(Claim {
            verifier: self,
            scratch,
            service,
            credential: credential.whole,
            access_key_id: credential.access_key_id,
            scope: credential.scope,
            list,
            path,
            signature,
            token,
            declared,
            mechanism: parameters.mechanism,
            date,
            signed_at,
            valid_until,
            now,
        })
    }

    /// "Scope 5 parts, date, region, service and `aws4_request` exact": a signature for elsewhere or another day is none here.
    fn check_scope(
        &self,
        credential: &Credential,
        day: &[u8],
        text: &[u8],
    ) -> Result<&Service, VerifyError> {
        let refuse = |what| VerifyError::new(VerifyErrorKind::InvalidScope, what);
        if credential.day.of(text) != day {
            return Err(refuse(
                "the day of the scope is not the day of the request's date",
            ));
        }
        if credential.region.of(text) != self.policy.region.as_str().as_bytes() {
            return Err(refuse("the scope is of another region"));
        }
        let service = self
            .policy
            .services
            .iter()
            .find(|service| credential.service.of(text) == service.name().as_bytes());
        let service = service.ok_or(refuse("the scope is of another service"))?;
        if credential.terminator.of(text) != TERMINATOR.as_bytes() {
            return Err(refuse("the scope does not end with `aws4_request`"));
        }
        Ok(service)
    }

    /// Gives the last second in which the signature is good.
    fn check_time(
        &self,
        mechanism: Mechanism,
        query: &QueryAuth,
        service: &Service,
        signed_at: Timestamp,
        now: Timestamp,
        stash: &[u8],
    ) -> Result<Timestamp, VerifyError> {
        let valid_until = match mechanism {
            Mechanism::Header => signed_at.plus(self.policy.skew),
            Mechanism::Query => {
                let lifetime = match query.value(AuthParam::Expires) {
                    // Digits are canonical as they are, so there is nothing to decode.
                    Some(text) => Expires::parse_bytes(text.of(stash)).ok_or(VerifyError::new(
                        VerifyErrorKind::InvalidExpires,
                        "`X-Amz-Expires` is not a decimal number from 1 to 604800",
                    ))?,
                    None => service.default_lifetime().ok_or(VerifyError::incomplete(
                        "found no `X-Amz-Expires` in the query",
                    ))?,
                };
                signed_at.plus(u64::from(lifetime.as_secs()))
            }
        };
        if now < signed_at.minus(self.policy.skew) {
            return Err(VerifyError::new(
                VerifyErrorKind::RequestExpired,
                "the date is too far in the future",
            ));
        }
        if now > valid_until {
            return Err(VerifyError::new(
                VerifyErrorKind::RequestExpired,
                "the signature is too old",
            ));
        }
        Ok(valid_until)
    }

    /// Writes all of the canonical request but its last line, and checks the headers on the way. Gives the place of the path as it
    /// was signed, but not encoded once more.
    fn write_canonical<H: Headers + ?Sized>(
        &self,
        request: &Request<'_, H>,
        read: &Reading<'_>,
        scratch: &mut Scratch,
    ) -> Result<Span, VerifyError> {
        let refuse =
            |at, what| VerifyError::at(VerifyErrorKind::InvalidPath, Place::Target, at, what);
        let service = read.service;
        let Scratch {
            canonical,
            stash,
            text,
            params,
            names,
            fields,
            ..
        } = scratch;
        canonical.extend_from_slice(request.method().as_bytes());
        canonical.push(b'\n');
        let (path, _) = request.split_target();
        let rules = service.path_rules();
        if self.policy.normal_paths_only
            && rules.normalize
            && let Some(at) = first_removed(path)
        {
            return Err(refuse(
                at,
                "found a segment that the signature leaves out, expected none that is empty, `.` or `..`",
            ));
        }
        let above_root = |at| refuse(at, "found `..` above the root");
        push_path(canonical, path, rules, AboveRoot::Refuse).map_err(above_root)?;
        let once = PathRules {
            double_encode: false,
            ..rules
        };
        let signed_path = try_append(text, |out| push_path(out, path, once, AboveRoot::Refuse))
            .map_err(above_root)?;
        canonical.push(b'\n');
        let appended = service.token() == TokenPlacement::Appended;
        sort_params(stash, params);
        push_query(canonical, stash, params, |auth| match auth {
            Some(AuthParam::Signature) => false,
            Some(AuthParam::SecurityToken) => !appended,
            _ => true,
        });
        canonical.push(b'\n');

        let mut stray = false;
        collect(
            stash,
            text,
            names,
            fields,
            request.headers().fields(),
            |name| stray |= self.must_be_signed(name, read),
        );
        if count(fields, read.host) != 1 {
            return Err(unsigned("expected exactly one `Host` header"));
        }
        push_headers(canonical, stash, text, names, read.list, fields).map_err(|_| {
            VerifyError::new(
                VerifyErrorKind::SignatureDoesNotMatch,
                "a header that is declared signed did not arrive",
            )
        })?;
        if stray {
            return Err(unsigned(
                "there were headers present in the request which were not signed: one begins with `x-amz-`",
            ));
        }
        Ok(signed_path)
    }

    /// Services act on `x-amz-*` headers, so one that is not signed changes the meaning of a signed request (CVE-2026-54330).
    /// `x-amzn-*` is another family.
    fn must_be_signed(&self, name: &str, read: &Reading<'_>) -> bool {
        const PREFIX: &[u8; 6] = b"x-amz-";
        // By that service's own rule; what it holds is compared with the record of the key.
        let token_is_appended =
            read.mechanism == Mechanism::Header && read.service.token() == TokenPlacement::Appended;
        let is_exempt = |name: &str| {
            // Bound by the last line of the canonical request.
            name.eq_ignore_ascii_case(CONTENT_SHA256)
                || (token_is_appended && name.eq_ignore_ascii_case(crate::sign::TOKEN))
                || self
                    .policy
                    .unsigned_headers
                    .iter()
                    .any(|exempt| name.eq_ignore_ascii_case(exempt))
        };
        let start = name.as_bytes().first_chunk::<6>();
        start.is_some_and(|start| start.eq_ignore_ascii_case(PREFIX)) && !is_exempt(name)
    }
}

/// How the signature says the request is to be read.
struct Reading<'a> {
    service: &'a Service,
    mechanism: Mechanism,
    list: Span,
    /// Which name of the list is `host`.
    host: usize,
}

fn check_line(method: &str, path: &[u8]) -> Result<(), VerifyError> {
    if !is_token(method.as_bytes()) {
        return Err(VerifyError::new(
            VerifyErrorKind::InvalidPath,
            "the method is not a token",
        ));
    }
    check_path(path).map_err(|at| {
        let what =
            "found a byte or escape that no path has, expected `/`, RFC 3986 characters and `%XX`";
        VerifyError::at(VerifyErrorKind::InvalidPath, Place::Target, at, what)
    })
}

/// Keeps a parameter as what it stands for.
fn take(stash: &[u8], text: &mut Vec<u8>, parameter: Text<'_>) -> Span {
    match parameter {
        Text::Header(value) => keep(text, value),
        Text::Query(value) => append(text, |out| push_decoded(out, value.of(stash))),
    }
}

/// The five parts of a credential.
struct Credential {
    whole: Span,
    access_key_id: Span,
    /// All after the access key id.
    scope: Span,
    day: Span,
    region: Span,
    service: Span,
    terminator: Span,
}

impl Credential {
    fn read(kept: &[u8], whole: Span) -> Result<Self, VerifyError> {
        const PARTS: VerifyError = VerifyError::incomplete(
            "the credential has not five parts, `AKID/YYYYMMDD/region/service/aws4_request`",
        );
        let bytes = whole.of(kept);
        let mut parts = [Span::default(); 5];
        let (mut start, mut found) = (0_usize, 0_usize);
        for end in memchr::memchr_iter(b'/', bytes).chain(core::iter::once(bytes.len())) {
            *parts.get_mut(found).ok_or(PARTS)? = whole.part(start, end);
            start = end.saturating_add(1);
            found = found.saturating_add(1);
        }
        if found != parts.len() {
            return Err(PARTS);
        }
        let [access_key_id, day, region, service, terminator] = parts;
        if !is_access_key_id(access_key_id.of(kept)) {
            return Err(VerifyError::incomplete(
                "the credential begins with no access key id",
            ));
        }
        let scope = whole.part(access_key_id.of(kept).len().saturating_add(1), bytes.len());
        Ok(Self {
            whole,
            access_key_id,
            scope,
            day,
            region,
            service,
            terminator,
        })
    }
}

/// When the request was signed, and whether a header `X-Amz-Date` says so.
fn signing_time(
    mechanism: Mechanism,
    known: &KnownHeaders<'_>,
    query: &QueryAuth,
    stash: &[u8],
) -> Result<(Timestamp, bool), VerifyError> {
    const FORM: VerifyError =
        VerifyError::incomplete("the date is not one of the form YYYYMMDDTHHMMSSZ");
    match mechanism {
        Mechanism::Query => {
            let date = query.value(AuthParam::Date).ok_or(VerifyError::incomplete(
                "found no `X-Amz-Date` in the query",
            ))?;
            Ok((
                Timestamp::parse_bytes(date.of(stash)).map_err(|_| FORM)?,
                false,
            ))
        }
        Mechanism::Header => match (known.amz_date.count, known.date.count) {
            (1, _) => Ok((
                Timestamp::parse_bytes(known.amz_date.value).map_err(|_| FORM)?,
                true,
            )),
            // RFC 9110 §5.6.7, as botocore signs it for requests that bring a `Date`; some send the basic form under that name.
            (0, 1) => {
                let date = Timestamp::parse_http(known.date.value)
                    .or_else(|_| Timestamp::parse_bytes(known.date.value));
                Ok((
                    date.map_err(|_| VerifyError::incomplete("the `Date` is not one"))?,
                    false,
                ))
            }
            (0, 0) => Err(VerifyError::incomplete("found no date")),
            _ => Err(VerifyError::incomplete("found several dates, expected one")),
        },
    }
}

/// Finds what the request says about its body.
fn declared(
    mechanism: Mechanism,
    known: &KnownHeaders<'_>,
    query: &QueryAuth,
    stash: &[u8],
    text: &mut Vec<u8>,
) -> Declared {
    let parameter = query
        .value(AuthParam::ContentSha256)
        .filter(|_| mechanism == Mechanism::Query);
    match (known.content_sha256.count, parameter) {
        (0, None) => Declared::Nothing,
        (1, None) => Declared::Once(keep(text, known.content_sha256.value)),
        (0, Some(value)) => Declared::Once(take(stash, text, Text::Query(value))),
        _ => Declared::Repeatedly,
    }
}

const fn unsigned(what: &'static str) -> VerifyError {
    VerifyError::new(VerifyErrorKind::UnsignedHeader, what)
}

const fn list_error(error: ListError) -> VerifyError {
    VerifyError::incomplete(match error {
        ListError::Empty => "the list of signed headers is empty",
        ListError::NotAToken => {
            "the list of signed headers holds something other than lower-case names and `;`"
        }
        ListError::NotSorted => "the list of signed headers is not sorted or not unique",
    })
}
