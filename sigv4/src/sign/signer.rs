//! Who signs, and the steps that both ways of signing share.

use alloc::sync::Arc;

use crate::canonical::headers::{add_entry, count, is_token, make_list, push_headers, slot};
use crate::canonical::path::{AboveRoot, check_path, push_path};
use crate::canonical::query::{AuthParam, parse_query, push_query, sort_params};
use crate::canonical::scratch::Scratch;
use crate::canonical::span::{Span, append};
use crate::credentials::Credentials;
use crate::error::{SignError, SignErrorKind};
use crate::hash::{PayloadLine, Signature};
use crate::key::SigningKey;
use crate::key_cache::KeyCache;
use crate::request::{Limits, Request};
use crate::scope::{Region, Service, push_scope};
use crate::time::AmzDate;

/// Signs requests to one service in one region with one set of credentials.
///
/// ```
/// use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
///
/// let signer = Signer::new(
///     Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?,
///     Region::new("us-east-1")?,
///     Service::iot_data(),
/// );
/// let headers = [("Host", "a1b2-ats.iot.us-east-1.amazonaws.com")];
/// let request = Request::new("POST", "/topics/a%2Fb?qos=1", headers.as_slice());
/// let at = Timestamp::parse("20260301T120000Z")?;
/// let signed = signer.sign(&request, Payload::Body(b"{}"), at, &mut Scratch::new())?;
/// for (name, value) in signed.headers() {
///     println!("{name}: {value}"); // x-amz-date and authorization
/// }
/// assert!(signed.authorization().starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-east-1/iotdata/aws4_request, "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Signer {
    pub(super) credentials: Credentials,
    region: Region,
    pub(super) service: Service,
    keys: Option<KeyCache>,
    limits: Limits,
    pub(super) own_date: bool,
}

/// What differs between signing headers and signing a query.
pub(super) struct Plan<'a> {
    pub(super) service: &'a Service,
    pub(super) date: &'a AmzDate,
    /// The list of signed headers.
    pub(super) list: Span,
    pub(super) credential: Span,
    pub(super) scope: Span,
    pub(super) payload: PayloadLine,
    /// Whether the parameters are in canonical order already.
    pub(super) is_query_sorted: bool,
}

/// Headers that are for the next hop alone, or that clients and proxies change on the way: botocore's list, and `authorization`.
fn is_never_signed(name: &str) -> bool {
    let candidates: &[&str] = match name.len() {
        2 => &["te"],
        6 => &["expect"],
        7 => &["trailer", "upgrade"],
        10 => &["connection", "keep-alive", "user-agent"],
        13 => &["authorization"],
        15 => &["x-amzn-trace-id"],
        17 => &["transfer-encoding"],
        18 => &["proxy-authenticate"],
        19 => &["proxy-authorization"],
        _ => &[],
    };
    is_one_of(name, candidates)
}

pub(super) fn is_one_of(name: &str, list: &[&str]) -> bool {
    list.iter().any(|listed| name.eq_ignore_ascii_case(listed))
}

impl Signer {
    /// A signer without a key cache: it derives the day's key for every signature.
    ///
    /// ```
    /// use sigv4::{Credentials, Region, Service, Signer};
    ///
    /// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::s3());
    /// assert_eq!(signer.service().name(), "s3");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(credentials: Credentials, region: Region, service: Service) -> Self {
        Self {
            credentials,
            region,
            service,
            keys: None,
            limits: Limits::default(),
            own_date: false,
        }
    }

    /// Keeps the keys it derives in `keys`, which other signers and verifiers may share.
    ///
    /// ```
    /// # use sigv4::{Credentials, KeyCache, Region, Service, Signer};
    /// use core::num::NonZeroUsize;
    ///
    /// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::s3())
    ///     .with_key_cache(KeyCache::new(NonZeroUsize::MIN));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_key_cache(mut self, keys: KeyCache) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Refuses requests over these limits instead of those by default.
    ///
    /// ```
    /// # use sigv4::{Credentials, Limits, Region, Service, Signer};
    /// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::s3())
    ///     .with_limits(Limits { headers: 10, ..Limits::default() });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Signs the `Date` header that the request brings, which must be the time of signing, and adds no `X-Amz-Date`.
    ///
    /// ```
    /// # use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
    /// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::iot_data())
    ///     .with_own_date_header();
    /// let headers = [("Host", "example.com"), ("Date", "Sun, 01 Mar 2026 12:00:00 GMT")];
    /// let request = Request::new("GET", "/", headers.as_slice());
    /// let signed = signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
    /// assert!(signed.authorization().contains("SignedHeaders=date;host,"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_own_date_header(mut self) -> Self {
        self.own_date = true;
        self
    }

    /// The service that is signed for.
    ///
    /// ```
    /// # use sigv4::{Credentials, Region, Service, Signer};
    /// # let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// assert_eq!(signer.service(), &Service::iot_data());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// The region that is signed for.
    ///
    /// ```
    /// # use sigv4::{Credentials, Region, Service, Signer};
    /// # let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// assert_eq!(signer.region().as_str(), "us-east-1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn region(&self) -> &Region {
        &self.region
    }

    /// Looks at the request line, and reads the query into the scratch.
    pub(super) fn begin<H: crate::Headers + ?Sized>(
        &self,
        request: &Request<'_, H>,
        scratch: &mut Scratch,
    ) -> Result<(), SignError> {
        scratch.clear();
        self.limits.check(request)?;
        if !is_token(request.method().as_bytes()) {
            return Err(SignError::new(
                SignErrorKind::Method,
                "the method is not a token",
            ));
        }
        let (path, query) = request.split_target();
        check_path(path).map_err(path_error)?;
        let before = path.len().saturating_add(1);
        parse_query(
            &mut scratch.stash,
            &mut scratch.params,
            query.unwrap_or_default(),
        )
        .map_err(|at| {
            SignError::at(
                SignErrorKind::Target,
                before.saturating_add(at),
                "cannot stand in a query, expected RFC 3986 characters and `%XX` escapes",
            )
        })?;
        let signed = scratch.params.iter().find(|param| {
            param
                .auth
                .is_some_and(|auth| auth != AuthParam::ContentSha256)
        });
        signed.map_or(Ok(()), |param| {
            let at = before.saturating_add(param.offset);
            Err(SignError::at(
                SignErrorKind::AlreadySigned,
                at,
                "begins a parameter of a signature, expected an unsigned request",
            ))
        })
    }

    /// Appends `AKID/YYYYMMDD/region/service/aws4_request`, and gives the places of all of it and of the scope in it.
    pub(super) fn write_credential(
        &self,
        text: &mut Vec<u8>,
        date: &AmzDate,
        service: &Service,
    ) -> (Span, Span) {
        let id = self.credentials.access_key_id();
        let credential = append(text, |out| {
            out.extend_from_slice(id.as_bytes());
            out.push(b'/');
            push_scope(out, date.day(), &self.region, service);
        });
        let length = credential.of(text).len();
        (
            credential,
            credential.part(id.len().saturating_add(1), length),
        )
    }

    /// Chooses the headers to sign: all of the request's that `replaced` does not name, but for those that do not survive the way, and
    /// the `added` ones. Gives the list of their names.
    pub(super) fn choose_headers<H: crate::Headers + ?Sized>(
        headers: &H,
        replaced: &[&str],
        added: &[(&str, &[u8])],
        scratch: &mut Scratch,
    ) -> Result<Span, SignError> {
        let Scratch {
            text,
            stash,
            entries,
            names,
            fields,
            ..
        } = scratch;
        for (name, value) in headers.fields() {
            if !is_token(name.as_bytes()) {
                return Err(SignError::new(
                    SignErrorKind::HeaderName,
                    "a header name is not a token",
                ));
            }
            if !is_never_signed(name) && !is_one_of(name, replaced) {
                add_entry(text, stash, entries, name, value);
            }
        }
        for (name, value) in added {
            add_entry(text, stash, entries, name, value);
        }
        let list = make_list(text, entries, names, fields);
        if slot(text, names, b"host").map(|host| count(fields, host)) != Ok(1) {
            return Err(SignError::new(
                SignErrorKind::Host,
                "expected exactly one `Host` header",
            ));
        }
        Ok(list)
    }

    /// Writes the canonical request from what is in the scratch, and signs it.
    pub(super) fn finish<H: crate::Headers + ?Sized>(
        &self,
        request: &Request<'_, H>,
        plan: &Plan<'_>,
        scratch: &mut Scratch,
    ) -> Result<Signature, SignError> {
        let Scratch {
            canonical,
            query,
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
        push_path(canonical, path, plan.service.path_rules(), AboveRoot::Clamp)
            .map_err(path_error)?;
        canonical.push(b'\n');
        if !plan.is_query_sorted {
            sort_params(stash, params);
        }
        *query = append(canonical, |out| push_query(out, stash, params, |_| true));
        canonical.push(b'\n');
        push_headers(canonical, stash, text, names, plan.list, fields).map_err(|_| {
            SignError::new(
                SignErrorKind::HeaderName,
                "the headers changed while they were read",
            )
        })?;
        plan.payload.push(canonical);
        scratch.push_string_to_sign(plan.date.as_bytes(), plan.scope);
        let key = self.key(plan.credential.of(&scratch.text), plan.date, plan.service);
        Ok(Signature::from_bytes(key.sign(&scratch.string_to_sign)))
    }

    /// The key of the day.
    fn key(&self, credential: &[u8], date: &AmzDate, service: &Service) -> Arc<SigningKey> {
        let secret = self.credentials.secret();
        let derive = || {
            Arc::new(SigningKey::derive(
                secret,
                date.day(),
                self.region.as_str().as_bytes(),
                service.name().as_bytes(),
            ))
        };
        let Some(keys) = &self.keys else {
            return derive();
        };
        keys.find(credential, secret).unwrap_or_else(|| {
            let key = derive();
            keys.insert(credential, *secret.fingerprint(), Arc::clone(&key));
            key
        })
    }
}

fn path_error(at: usize) -> SignError {
    SignError::at(
        SignErrorKind::Target,
        at,
        "cannot stand in a path, expected RFC 3986 characters and `%XX` escapes",
    )
}
