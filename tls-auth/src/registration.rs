//! What is asked of a certificate before it is registered.

use rustls_pki_types::UnixTime;

use crate::authority::{Authorities, Authority};
use crate::certificate::Certificate;
use crate::error::{Refusal, RefusalKind};
use crate::id::{CertificateId, PublicKeyHash};
use crate::limits::Limits;
use crate::path::leaf::valid;
use crate::path::signature::{Work, verify};
use crate::path::{PathVerifier, VerifiedChain};
use crate::profile::Profile;

/// A certificate that may be registered.
///
/// ```
/// use rustls_pki_types::UnixTime;
/// use std::time::Duration;
/// use tls_auth::{Authorities, PathVerifier, Registrable};
///
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let verifier = PathVerifier::new(Authorities::new([]));
/// let now = UnixTime::since_unix_epoch(Duration::from_secs(1_780_272_000));
/// let registrable = Registrable::without_authority(pair.cert.der(), &verifier, now)?;
/// let keys = std::collections::HashSet::from([registrable.public_key()]);
/// assert!(registrable.with_unused_key(|key| keys.contains(&key)).is_err(), "two devices, one key");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registrable {
    certificate: CertificateId,
    public_key: PublicKeyHash,
    authority: Option<CertificateId>,
}

impl Registrable {
    /// A certificate to be registered without a CA: format, key, use and validity.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn without_authority(
        der: &[u8],
        verifier: &PathVerifier,
        now: UnixTime,
    ) -> Result<Self, Refusal> {
        verifier.verify_itself(der, now)?;
        Self::new(der, None)
    }

    /// A certificate to be registered under a CA: the same, and a path to a CA of the verifier. Where several have one name,
    /// `authority` says which (`RegisterCertificate` of the service wants to be told).
    ///
    /// # Errors
    /// What is wrong with it; [`RefusalKind::OtherAuthority`] when it leads to another CA than `authority`.
    ///
    /// ```
    /// # use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    /// # use rustls_pki_types::UnixTime;
    /// # use std::time::Duration;
    /// use tls_auth::{Authorities, Authority, CertificateId, PathVerifier, Profile, RefusalKind, Registrable};
    ///
    /// # let mut params = CertificateParams::default();
    /// # params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    /// # let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    /// # let device = CertificateParams::default().signed_by(&KeyPair::generate()?, &ca)?;
    /// # let now = UnixTime::since_unix_epoch(Duration::from_secs(1_780_272_000));
    /// let authority = Authority::new(ca.der(), &Profile::strict())?;
    /// let verifier = PathVerifier::new(Authorities::new([authority.clone()]));
    /// let registrable = Registrable::with_authority(device.der(), &[], None, &verifier, now)?;
    /// assert_eq!(registrable.certificate_id(), CertificateId::of(device.der()));
    /// assert_eq!(registrable.authority(), Some(authority.id()));
    ///
    /// let other = Some(CertificateId::of(b"another CA"));
    /// let refusal = Registrable::with_authority(device.der(), &[], other, &verifier, now).unwrap_err();
    /// assert_eq!(refusal.kind(), RefusalKind::OtherAuthority);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_authority(
        der: &[u8],
        intermediates: &[&[u8]],
        authority: Option<CertificateId>,
        verifier: &PathVerifier,
        now: UnixTime,
    ) -> Result<Self, Refusal> {
        let chain: VerifiedChain = verifier.verify_to(der, intermediates, authority, now)?;
        Self::new(der, Some(chain.authority()))
    }

    fn new(der: &[u8], authority: Option<CertificateId>) -> Result<Self, Refusal> {
        let certificate = Certificate::parse(der)?;
        Ok(Self {
            certificate: certificate.id(),
            public_key: certificate.public_key_hash(),
            authority,
        })
    }

    /// The same, if no other certificate has its key: devices that share one cannot be told apart by it.
    ///
    /// # Errors
    /// [`RefusalKind::Registration`]
    pub fn with_unused_key(
        self,
        is_used: impl FnOnce(PublicKeyHash) -> bool,
    ) -> Result<Self, Refusal> {
        if is_used(self.public_key) {
            let refusal = Refusal::new(RefusalKind::Registration);
            Err(refusal
                .because("its key is registered under another certificate")
                .of(self.certificate))
        } else {
            Ok(self)
        }
    }

    /// Its id.
    #[must_use]
    pub fn certificate_id(&self) -> CertificateId {
        self.certificate
    }

    /// The hash of its key.
    #[must_use]
    pub fn public_key(&self) -> PublicKeyHash {
        self.public_key
    }

    /// The CA that it leads to, if it is to be registered under one.
    #[must_use]
    pub fn authority(&self) -> Option<CertificateId> {
        self.authority
    }
}

impl Authority {
    /// Checks that whoever registers this CA has its key: `verification` is a certificate that it issued, whose one common name
    /// is the registration code of the account.
    ///
    /// # Errors
    /// When either is not valid now, when the code is another, or when the CA did not sign it.
    ///
    /// ```
    /// use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
    /// use rustls_pki_types::UnixTime;
    /// use std::time::Duration;
    /// use tls_auth::{Authority, Profile, RefusalKind};
    ///
    /// let mut params = CertificateParams::default();
    /// params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    /// params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    /// let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    /// let code = "0f3b".repeat(16);
    /// let mut params = CertificateParams::default();
    /// params.distinguished_name.push(DnType::CommonName, code.as_str());
    /// let verification = params.signed_by(&KeyPair::generate()?, &ca)?;
    ///
    /// let authority = Authority::new(ca.der(), &Profile::strict())?;
    /// let now = UnixTime::since_unix_epoch(Duration::from_secs(1_780_272_000));
    /// authority.prove_possession(verification.der(), &code, now)?;
    /// let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms.all;
    /// authority.prove_possession_by(verification.der(), &code, now, algorithms)?;
    /// // Of no provider no signature can be right.
    /// let refusal = authority.prove_possession_by(verification.der(), &code, now, &[]).unwrap_err();
    /// assert_eq!(refusal.kind(), RefusalKind::SignatureAlgorithm);
    /// let refusal = authority.prove_possession(verification.der(), "another code", now).unwrap_err();
    /// assert_eq!(refusal.kind(), RefusalKind::Registration);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prove_possession(
        &self,
        verification: &[u8],
        registration_code: &str,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let algorithms = crate::rustls::ring_algorithms();
        self.prove_possession_by(verification, registration_code, now, algorithms)
    }

    /// [`Authority::prove_possession`] with the algorithms of another provider than ring's
    /// (`CryptoProvider::signature_verification_algorithms.all`).
    ///
    /// # Errors
    /// The same.
    pub fn prove_possession_by(
        &self,
        verification: &[u8],
        registration_code: &str,
        now: UnixTime,
        algorithms: &'static [&'static dyn rustls_pki_types::SignatureVerificationAlgorithm],
    ) -> Result<(), Refusal> {
        use crate::certificate::AttributeType;
        let refuse = |reason| Refusal::new(RefusalKind::Registration).because(reason);
        let ca = Certificate::parse(self.der())?;
        let certificate = Certificate::parse(verification)?;
        for certificate in [&ca, &certificate] {
            valid(certificate.subject(), certificate.validity(), now)?;
        }
        let names = certificate
            .subject()
            .attributes()
            .filter(|attribute| attribute.kind() == Some(AttributeType::CommonName));
        let mut names = names.map(|attribute| attribute.text());
        let matches = match (names.next(), names.next()) {
            (Some(Some(name)), None) => !registration_code.is_empty() && name == registration_code,
            _ => false,
        };
        if !matches {
            return Err(refuse(
                "the common name of the verification certificate is not the registration code",
            ));
        }
        if certificate.issuer() != ca.subject() {
            return Err(refuse("another CA issued the verification certificate"));
        }
        let limits = Limits::default();
        verify(
            algorithms,
            certificate.signed(),
            &ca.public_key(),
            &Work::new(&limits),
        )
    }

    /// A CA to be registered: what [`Authority::new`] asks, and that it is valid now.
    ///
    /// ```
    /// use rustls_pki_types::UnixTime;
    /// use std::time::Duration;
    /// use tls_auth::{Authority, Profile};
    ///
    /// let mut params = rcgen::CertificateParams::default();
    /// params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    /// params.not_after = rcgen::date_time_ymd(2026, 1, 1);
    /// let ca = params.self_signed(&rcgen::KeyPair::generate()?)?;
    /// let now = UnixTime::since_unix_epoch(Duration::from_secs(1_780_272_000));
    /// let refusal = Authority::registrable(ca.der(), &Profile::strict(), now).unwrap_err();
    /// assert_eq!(refusal.kind().code(), "expired");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn registrable(der: &[u8], profile: &Profile, now: UnixTime) -> Result<Self, Refusal> {
        let authority = Self::new(der, profile)?;
        let certificate = Certificate::parse(der)?;
        valid(certificate.subject(), certificate.validity(), now)
            .map_err(|refusal| refusal.of(authority.id()))?;
        Ok(authority)
    }
}

impl Authorities {
    /// How many CAs have the name of this one: the service takes no more than ten.
    #[must_use]
    pub fn count_of_same_name(&self, authority: &Authority) -> usize {
        Certificate::read(authority.der()).map_or(0, |certificate| {
            self.anchors_named(certificate.subject().as_bytes()).count()
        })
    }
}
