//! The CAs that are registered: what paths must lead to.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls_pki_types::{Der, TrustAnchor};

use crate::certificate::{BasicConstraints, Certificate, Flaw, Purposes, Usage, Validity};
use crate::der::{Reader, Tag};
use crate::error::{Refusal, RefusalKind};
use crate::id::CertificateId;
use crate::profile::Profile;

/// A CA that is registered, root or intermediate.
///
/// ```
/// use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose};
/// use tls_auth::{Authority, Profile};
///
/// let mut params = CertificateParams::default();
/// params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
/// params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
/// let ca = params.self_signed(&KeyPair::generate()?)?;
///
/// let authority = Authority::new(ca.der(), &Profile::strict())?.with_auto_registration(true);
/// assert!(authority.is_active() && authority.auto_registration());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Authority {
    der: Arc<[u8]>,
    id: CertificateId,
    active: bool,
    auto_registration: bool,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("id", &self.id)
            .field("active", &self.active)
            .field("auto_registration", &self.auto_registration)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// An active CA without auto-registration.
    ///
    /// # Errors
    /// When it is no certificate, or one that the profile does not allow a CA to have: see [`RefusalKind`]. Whether it is
    /// valid now is asked at each handshake.
    pub fn new(der: &[u8], profile: &Profile) -> Result<Self, Refusal> {
        let certificate = Certificate::parse(der)?;
        check(&certificate, profile).map_err(|refusal| refusal.of(certificate.id()))?;
        Ok(Self {
            id: certificate.id(),
            der: der.into(),
            active: true,
            auto_registration: false,
        })
    }

    /// Whether it is `ACTIVE`: its devices are let in.
    #[must_use]
    pub fn with_active(self, active: bool) -> Self {
        Self { active, ..self }
    }

    /// Whether certificates of it that nobody registered are offered for registration when they first come
    /// (`autoRegistrationStatus`).
    #[must_use]
    pub fn with_auto_registration(self, auto_registration: bool) -> Self {
        Self {
            auto_registration,
            ..self
        }
    }

    /// The SHA-256 of its DER: `caCertificateId`.
    #[must_use]
    pub fn id(&self) -> CertificateId {
        self.id
    }

    /// Its DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// See [`Authority::with_active`].
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// See [`Authority::with_auto_registration`].
    #[must_use]
    pub fn auto_registration(&self) -> bool {
        self.auto_registration
    }
}

/// What must be so of a CA whenever it issues, whether it is an anchor or on the way to one.
pub(crate) fn check(certificate: &Certificate<'_>, profile: &Profile) -> Result<(), Refusal> {
    let refuse = |kind| Refusal::new(kind);
    let extensions = certificate.extensions();
    if certificate.subject().is_empty() {
        // RFC 5280 §4.1.2.6
        return Err(refuse(RefusalKind::NotACa).because("a CA must have a name"));
    }
    profile
        .judge_key(certificate.public_key().kind())
        .map_err(|reason| refuse(RefusalKind::KeyPolicy).because(reason))?;
    // An anchor of version 1 can say nothing of itself; it is a CA because it is registered as one.
    match extensions.basic_constraints {
        Some(BasicConstraints {
            ca: true, critical, ..
        }) => {
            if profile.is_strict() && !critical {
                // RFC 5280 §4.2.1.9
                return Err(refuse(RefusalKind::Profile)
                    .because("the basic constraints of a CA must be critical"));
            }
        }
        None if certificate.version() < 3 => {}
        _ => return Err(refuse(RefusalKind::NotACa)),
    }
    if extensions
        .key_usage
        .is_some_and(|usage| !usage.has(Usage::KEY_CERT_SIGN))
    {
        return Err(refuse(RefusalKind::KeyUsage).because("the key of a CA must sign certificates"));
    }
    common(certificate, profile)?;
    if profile.is_pedantic() && certificate.version() == 3 {
        let pedantic = |reason| refuse(RefusalKind::Profile).because(reason);
        if let Some((_, false)) = extensions.name_constraints {
            return Err(pedantic(
                "name constraints must be critical [RFC 5280 §4.2.1.10]",
            ));
        }
        if extensions.subject_key_identifier.is_none() {
            return Err(pedantic(
                "a CA must have a subject key identifier [RFC 5280 §4.2.1.2]",
            ));
        }
        if extensions.has(Flaw::PolicyConstraintsNotCritical) {
            return Err(pedantic(
                "policy constraints must be critical [RFC 5280 §4.2.1.11]",
            ));
        }
    }
    Ok(())
}

/// What must be so of every certificate.
pub(crate) fn common(certificate: &Certificate<'_>, profile: &Profile) -> Result<(), Refusal> {
    let refuse = |kind| Refusal::new(kind);
    let extensions = certificate.extensions();
    if extensions.has(Flaw::UnknownCritical) {
        return Err(refuse(RefusalKind::CriticalExtension));
    }
    if extensions.has(Flaw::PolicyProcessing) {
        return Err(refuse(RefusalKind::CriticalExtension)
            .because("certificate policies are not processed"));
    }
    if profile.is_strict() {
        if extensions.has(Flaw::MustNotBeCritical) {
            return Err(refuse(RefusalKind::Profile)
                .because("an identifier or access description must not be critical"));
        }
        if extensions.has(Flaw::AuthorityInformation) || extensions.has(Flaw::KeyIdentifier) {
            return Err(refuse(RefusalKind::Profile)
                .because("an identifier or access description is malformed"));
        }
    }
    Ok(())
}

/// What must be so of every certificate that somebody else issued. Of an anchor it is not asked: its number and its issuer
/// identify nothing here, and good old roots have the number zero.
pub(crate) fn check_issued(
    certificate: &Certificate<'_>,
    profile: &Profile,
) -> Result<(), Refusal> {
    if profile.is_strict() {
        serial_number(certificate.serial_number())?;
    }
    if profile.is_pedantic()
        && !certificate.is_self_issued()
        && certificate.extensions().authority_key().is_none()
    {
        return Err(Refusal::new(RefusalKind::Profile)
            .because("the issuer's key identifier is missing [RFC 5280 §4.2.1.1]"));
    }
    Ok(())
}

/// RFC 5280 §4.1.2.2: positive, in no more than 20 octets.
fn serial_number(octets: &[u8]) -> Result<(), Refusal> {
    let wrong = match octets {
        [0] | [0x80..=0xFF, ..] => true,
        // A sign octet counts: 20 octets hold no more than 159 bits.
        _ => octets.len() > 20,
    };
    if wrong {
        Err(Refusal::new(RefusalKind::SerialNumber))
    } else {
        Ok(())
    }
}

/// The CAs of a trust store, found by name.
///
/// ```
/// use tls_auth::Authorities;
///
/// let none = Authorities::new([]);
/// assert!(none.iter().next().is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    list: Vec<Authority>,
    anchors: Vec<Anchor>,
    /// The same for path building by webpki, without the constraints, which are judged here.
    trust_anchors: Vec<TrustAnchor<'static>>,
}

/// What path building wants of a CA, read once.
#[derive(Clone, Debug)]
pub(crate) struct Anchor {
    pub(crate) id: CertificateId,
    pub(crate) validity: Validity,
    pub(crate) path_len: Option<u8>,
    pub(crate) purposes: Purposes,
    pub(crate) issuer: Arc<Issuer>,
    /// The contents of its name constraints.
    pub(crate) name_constraints: Option<Box<[u8]>>,
}

/// Who signs certificates and CRLs, as far as a CRL asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// The contents of its name.
    pub(crate) name: Box<[u8]>,
    /// The whole `SubjectPublicKeyInfo`.
    pub(crate) key: Box<[u8]>,
    pub(crate) may_sign_crls: bool,
}

impl Issuer {
    pub(crate) fn of(certificate: &Certificate<'_>) -> Self {
        Self {
            name: certificate.subject().as_bytes().into(),
            key: certificate.public_key().info().into(),
            // RFC 5280 §6.3.3 (f): asked only of a key usage that is there.
            may_sign_crls: certificate
                .extensions()
                .key_usage
                .is_none_or(|usage| usage.has(Usage::CRL_SIGN)),
        }
    }
}

impl Authorities {
    /// A trust store of these CAs. Several may have one name; of two that are the same certificate the first counts.
    #[must_use]
    pub fn new(authorities: impl IntoIterator<Item = Authority>) -> Self {
        let mut store = Self::default();
        for authority in authorities {
            if store.list.iter().any(|other| other.id == authority.id) {
                continue;
            }
            // Read before, when the authority was made.
            let Ok(certificate) = Certificate::read(&authority.der) else {
                continue;
            };
            let contents = |whole| Reader::new(whole).expect(Tag::SEQUENCE, "the public key");
            let Ok(key) = contents(certificate.public_key().info()) else {
                continue;
            };
            let extensions = certificate.extensions();
            store.anchors.push(Anchor {
                id: authority.id,
                validity: certificate.validity(),
                path_len: extensions
                    .basic_constraints
                    .and_then(|constraints| constraints.path_len),
                purposes: extensions.purposes(),
                issuer: Arc::new(Issuer::of(&certificate)),
                name_constraints: extensions
                    .name_constraints
                    .map(|(contents, _)| contents.into()),
            });
            store.trust_anchors.push(TrustAnchor {
                subject: Der::from(certificate.subject().as_bytes().to_vec()),
                subject_public_key_info: Der::from(key.to_vec()),
                name_constraints: None,
            });
            store.list.push(authority);
        }
        store
    }

    /// Every CA.
    pub fn iter(&self) -> impl Iterator<Item = &Authority> {
        self.list.iter()
    }

    /// The CA called `id`.
    #[must_use]
    pub fn find(&self, id: &CertificateId) -> Option<&Authority> {
        self.list.iter().find(|authority| authority.id == *id)
    }

    /// The names of those that are active, once for each.
    pub(crate) fn active_names(&self) -> impl Iterator<Item = &[u8]> {
        let named = self.list.iter().zip(&self.anchors);
        named
            .filter(|(authority, _)| authority.active)
            .map(|(_, anchor)| &*anchor.issuer.name)
    }

    pub(crate) fn trust_anchors(&self) -> &[TrustAnchor<'static>] {
        &self.trust_anchors
    }

    /// The CAs of one name.
    pub(crate) fn anchors_named(&self, name: &[u8]) -> impl Iterator<Item = &Anchor> {
        self.anchors
            .iter()
            .filter(move |anchor| *anchor.issuer.name == *name)
    }
}
