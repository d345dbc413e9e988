use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use super::Link;
use super::link::read_point_name;
use crate::authority::Issuer;
use crate::certificate::{Name, PublicKey, Signed};
use crate::der::{Date, Malformed, Reader, Tag, read_time};
use crate::error::{Refusal, RefusalKind};
use crate::path::signature::{Algorithms, Work, verify};
use crate::profile::Profile;

/// A certificate revocation list that was read: complete, direct, and for all reasons.
///
/// ```
/// use rcgen::{
///     BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa, KeyIdMethod, KeyPair,
///     KeyUsagePurpose, SerialNumber, date_time_ymd,
/// };
/// use tls_auth::{Profile, RevocationList};
///
/// let mut params = CertificateParams::default();
/// params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
/// params.key_usages = vec![KeyUsagePurpose::CrlSign];
/// let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
/// let crl = CertificateRevocationListParams {
///     this_update: date_time_ymd(2026, 5, 1),
///     next_update: date_time_ymd(2026, 7, 1),
///     crl_number: SerialNumber::from(7),
///     issuing_distribution_point: None,
///     revoked_certs: vec![],
///     key_identifier_method: KeyIdMethod::Sha256,
/// }
/// .signed_by(&ca)?;
///
/// let list = RevocationList::new(crl.der(), &Profile::strict())?;
/// assert_eq!(list.len(), 0);
/// assert!(RevocationList::new(b"no list", &Profile::strict()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RevocationList {
    inner: Arc<Inner>,
}

struct Inner {
    der: Box<[u8]>,
    issuer: Box<[u8]>,
    /// Without leading zeros; empty when there is none.
    number: Box<[u8]>,
    this_update: i64,
    next_update: Option<i64>,
    scope: Scope,
    /// Serial numbers as places in `der`, in their order.
    revoked: Vec<Place>,
    /// Keys that were asked whether they signed it, and whether they did.
    signers: Mutex<Vec<(Box<[u8]>, bool)>>,
}

/// Which certificates of its issuer a list is about (RFC 5280 §5.2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Scope {
    only_user: bool,
    only_ca: bool,
    /// Where it is to be had: only certificates that name one of these are on it. None for all.
    points: Option<Vec<Box<str>>>,
}

#[derive(Clone, Copy)]
struct Place {
    start: u32,
    length: u8,
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("revoked", &self.inner.revoked.len())
            .field(
                "this_update",
                &Date::from_unix(self.inner.this_update).to_string(),
            )
            .finish_non_exhaustive()
    }
}

/// What the extensions of a list say.
#[derive(Default)]
struct Extensions<'a> {
    number: Option<&'a [u8]>,
    scope: Scope,
}

impl RevocationList {
    /// The most bytes that a list may have.
    pub const MAX_BYTES: usize = 16 * 1024 * 1024;

    /// Reads a list from all of `der`. Its signature is verified when the key of its issuer is known.
    ///
    /// # Errors
    /// [`RefusalKind::Malformed`] when it is not as RFC 5280 §5 describes it, [`RefusalKind::CriticalExtension`] when it is
    /// partial in a way that is not supported: a delta, indirect, or for some reasons only.
    pub fn new(der: &[u8], profile: &Profile) -> Result<Self, Refusal> {
        if der.len() > Self::MAX_BYTES {
            return Err(Refusal::new(RefusalKind::TooManyBytes).count(der.len(), Self::MAX_BYTES));
        }
        let unsupported = |what| Refusal::new(RefusalKind::CriticalExtension).because(what);
        let inner = Inner::read(der, profile).map_err(|failure| match failure {
            Failure::Malformed(Malformed(what)) => Refusal::malformed(what),
            Failure::Unsupported(what) => unsupported(what),
        })?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// How many certificates it revokes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.revoked.len()
    }

    /// Whether it revokes none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.revoked.is_empty()
    }

    pub(super) fn issuer(&self) -> &[u8] {
        &self.inner.issuer
    }

    /// When it was made, in seconds since 1970.
    #[must_use]
    pub fn this_update(&self) -> i64 {
        self.inner.this_update
    }

    /// When the next one was to be made, in seconds since 1970.
    #[must_use]
    pub fn next_update(&self) -> Option<i64> {
        self.inner.next_update
    }

    /// Whether this list is newer than another, by number and then by date (RFC 5280 §5.2.3).
    pub(super) fn is_newer_than(&self, other: &Self) -> bool {
        let key = |list: &Self| {
            let number = &list.inner.number;
            (number.len(), number.clone(), list.inner.this_update)
        };
        key(self) > key(other)
    }

    /// Whether certificates as this are on it when they are revoked.
    pub(super) fn is_about(&self, link: &Link) -> bool {
        let scope = &self.inner.scope;
        let kind = (!scope.only_user || !link.is_ca) && (!scope.only_ca || link.is_ca);
        kind && scope
            .points
            .as_ref()
            .is_none_or(|points| link.is_at(points))
    }

    pub(super) fn is_same_scope(&self, other: &Self) -> bool {
        self.inner.scope == other.inner.scope
    }

    pub(super) fn revokes(&self, serial: &[u8]) -> bool {
        let Inner { der, revoked, .. } = &*self.inner;
        revoked
            .binary_search_by(|place| place.of(der).cmp(serial))
            .is_ok()
    }

    /// Whether `issuer` signed it and may. An answer is kept, as lists are asked at every handshake.
    pub(super) fn is_signed_by(
        &self,
        issuer: &Issuer,
        algorithms: Algorithms,
        work: &Work,
    ) -> Result<bool, Refusal> {
        /// CAs of one name with different keys.
        const MAX_SIGNERS: usize = 16;
        if !issuer.may_sign_crls {
            return Ok(false);
        }
        let signers = || {
            self.inner
                .signers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((_, signed)) = signers().iter().find(|(key, _)| *key == issuer.key) {
            return Ok(*signed);
        }
        let signed = Signed::read(&self.inner.der, "the revocation list")
            .map_err(|Malformed(what)| Refusal::malformed(what))?;
        let key =
            PublicKey::read(&issuer.key).map_err(|Malformed(what)| Refusal::malformed(what))?;
        let answer = match verify(algorithms, signed, &key, work) {
            Ok(()) => true,
            Err(refusal) if refusal.kind() == RefusalKind::WorkLimit => return Err(refusal),
            Err(_) => false,
        };
        let mut signers = signers();
        if signers.len() < MAX_SIGNERS {
            signers.push((issuer.key.clone(), answer));
        }
        Ok(answer)
    }
}

enum Failure {
    Malformed(Malformed),
    Unsupported(&'static str),
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl Place {
    fn of(self, der: &[u8]) -> &[u8] {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::from(self.length));
        der.get(start..end).unwrap_or(&[])
    }
}

impl Inner {
    fn read(der: &[u8], profile: &Profile) -> Result<Self, Failure> {
        const WHAT: &str = "the revocation list";
        let signed = Signed::read(der, WHAT)?;
        let mut fields = signed.fields(WHAT)?;
        // RFC 5280 §5.1.2.1: version 2 is written as 1, and has to be there for extensions.
        let version = match fields.peek() {
            Some(Tag::INTEGER) => fields.small("the version of the revocation list")?,
            _ => 0,
        };
        if version > 1 {
            return Err(Malformed("the version of the revocation list").into());
        }
        if fields.expect(Tag::SEQUENCE, "the signature algorithm")? != signed.algorithm {
            return Err(
                Malformed("the signature algorithm, which is given twice and differs").into(),
            );
        }
        let issuer = Name::read(&mut fields, "the issuer of the revocation list")?;
        let this_update = read_time(&mut fields, "the date of the revocation list")?;
        let next_update = match fields.peek() {
            Some(Tag::UTC_TIME | Tag::GENERALIZED_TIME) => Some(read_time(
                &mut fields,
                "the next date of the revocation list",
            )?),
            _ => None,
        };
        let mut revoked = match fields.optional(Tag::SEQUENCE, "the revoked certificates")? {
            Some(entries) => read_entries(der, entries)?,
            None => Vec::new(),
        };
        let extensions = match fields.optional(Tag::constructed(0), "the extensions")? {
            Some(value) if version == 1 => read_extensions(value, profile)?,
            Some(_) => return Err(Malformed("the extensions, which only version 2 has").into()),
            None => Extensions::default(),
        };
        if !fields.is_empty() {
            return Err(Malformed(WHAT).into());
        }
        // RFC 5280 §5.2.3: every list has a number. Without one, the date decides which is newer.
        if profile.is_strict() && extensions.number.is_none() {
            return Err(Malformed("the number of the revocation list, which is missing").into());
        }
        revoked.sort_unstable_by(|one, other| one.of(der).cmp(other.of(der)));
        revoked.dedup_by(|one, other| one.of(der) == other.of(der));
        revoked.shrink_to_fit();
        Ok(Self {
            der: der.into(),
            issuer: issuer.as_bytes().into(),
            number: extensions.number.unwrap_or(&[]).into(),
            this_update,
            next_update,
            scope: extensions.scope,
            revoked,
            signers: Mutex::new(Vec::new()),
        })
    }
}

/// RFC 5280 §5.1.2.6
fn read_entries(der: &[u8], entries: &[u8]) -> Result<Vec<Place>, Failure> {
    const WHAT: &str = "the revoked certificates";
    let base = der.as_ptr().addr();
    let mut places = Vec::new();
    let mut entries = Reader::new(entries);
    while !entries.is_empty() {
        let mut entry = entries.sequence(WHAT)?;
        let serial = entry.integer(WHAT)?;
        read_time(&mut entry, WHAT)?;
        if !entry.is_empty() {
            let mut extensions = entry.sequence(WHAT)?;
            while !extensions.is_empty() {
                let mut fields = extensions.sequence(WHAT)?;
                let oid = fields.expect(Tag::OID, WHAT)?;
                let critical = fields.default_false(WHAT)?;
                fields.expect(Tag::OCTET_STRING, WHAT)?;
                // §5.3: reasonCode and invalidityDate say no more than that it is revoked. Any other that is critical, as
                // certificateIssuer, would say that it is about somebody else's certificate.
                if critical && !matches!(oid, [0x55, 0x1D, 21 | 24]) {
                    return Err(Failure::Unsupported("a critical extension of an entry"));
                }
            }
        }
        if !entry.is_empty() {
            return Err(Malformed(WHAT).into());
        }
        let start = serial.as_ptr().addr().checked_sub(base);
        let place = start
            .and_then(|start| u32::try_from(start).ok())
            .zip(u8::try_from(serial.len()).ok());
        let (start, length) = place.ok_or(Malformed(WHAT))?;
        places.push(Place { start, length });
    }
    Ok(places)
}

fn read_extensions<'a>(value: &'a [u8], profile: &Profile) -> Result<Extensions<'a>, Failure> {
    const WHAT: &str = "the extensions of the revocation list";
    let mut list = Reader::all(value, WHAT, |reader| reader.sequence(WHAT))?;
    let mut extensions = Extensions::default();
    let mut scoped = false;
    while !list.is_empty() {
        let mut fields = list.sequence(WHAT)?;
        let oid = fields.expect(Tag::OID, WHAT)?;
        let critical = fields.default_false(WHAT)?;
        let value = fields.expect(Tag::OCTET_STRING, WHAT)?;
        if !fields.is_empty() {
            return Err(Malformed(WHAT).into());
        }
        match oid {
            // cRLNumber, §5.2.3: not critical, no more than 20 octets
            [0x55, 0x1D, 20] => {
                const WHAT: &str = "the number of the revocation list";
                let number = Reader::all(value, WHAT, |reader| reader.integer(WHAT))?;
                let number = match number {
                    [0x80..=0xFF, ..] => return Err(Malformed(WHAT).into()),
                    [0, rest @ ..] => rest,
                    _ => number,
                };
                if number.len() > 20
                    || (critical && profile.is_strict())
                    || extensions.number.is_some()
                {
                    return Err(Malformed(WHAT).into());
                }
                extensions.number = Some(number);
            }
            // issuingDistributionPoint, §5.2.5
            [0x55, 0x1D, 28] => {
                if core::mem::replace(&mut scoped, true) {
                    return Err(Malformed(WHAT).into());
                }
                extensions.scope = read_scope(value)?;
            }
            // deltaCRLIndicator, §5.2.4
            [0x55, 0x1D, 27] => return Err(Failure::Unsupported("it is a delta")),
            // authorityKeyIdentifier, §5.2.1: the signature says who it was
            [0x55, 0x1D, 35] => {}
            _ if critical => return Err(Failure::Unsupported("a critical extension")),
            _ => {}
        }
    }
    Ok(extensions)
}

/// RFC 5280 §5.2.5
fn read_scope(value: &[u8]) -> Result<Scope, Failure> {
    const WHAT: &str = "the issuing distribution point";
    let mut fields = Reader::all(value, WHAT, |reader| reader.sequence(WHAT))?;
    let mut scope = Scope::default();
    if let Some(name) = fields.optional(Tag::constructed(0), WHAT)? {
        let mut uris = Vec::new();
        read_point_name(name, &mut uris)?;
        if uris.is_empty() {
            return Err(Failure::Unsupported("its distribution point is no URI"));
        }
        scope.points = Some(uris);
    }
    let flag =
        |fields: &mut Reader<'_>, number| match fields.optional(Tag::context(number), WHAT)? {
            None | Some([0x00]) => Ok(false),
            Some([0xFF]) => Ok(true),
            Some(_) => Err(Malformed(WHAT)),
        };
    scope.only_user = flag(&mut fields, 1)?;
    scope.only_ca = flag(&mut fields, 2)?;
    // BC-044: webpki RUSTSEC-2026-0104 was an empty bit string here, before any signature.
    if fields.optional(Tag::context(3), WHAT)?.is_some() {
        return Err(Failure::Unsupported("it is for some reasons only"));
    }
    if flag(&mut fields, 4)? {
        return Err(Failure::Unsupported("it is indirect"));
    }
    if flag(&mut fields, 5)? {
        return Err(Failure::Unsupported("it is about attribute certificates"));
    }
    if !fields.is_empty() || (scope.only_user && scope.only_ca) {
        return Err(Malformed(WHAT).into());
    }
    Ok(scope)
}
