use rustls_pki_types::UnixTime;

use super::leaf::{self, Trust};
use super::search::Search;
use super::shield;
use super::signature::Work;
use super::{Evidence, MAX_DEPTH, Policy, Use};
use crate::authority::Authorities;
use crate::certificate::Certificate;
use crate::error::{Issuers, Refusal, RefusalKind};
use crate::id::CertificateId;
use crate::limits::Limits;
use crate::profile::Profile;
use crate::revocation::RevocationLists;

/// Chains judged apart from a connection: at registration, in a tool, in a test.
///
/// ```
/// use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
/// use rustls_pki_types::UnixTime;
/// use std::time::Duration;
/// use tls_auth::{Authorities, Authority, PathVerifier, Profile, RefusalKind};
///
/// let mut params = CertificateParams::default();
/// params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
/// params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
/// let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
/// let device = CertificateParams::default().signed_by(&KeyPair::generate()?, &ca)?;
///
/// let authority = Authority::new(ca.der(), &Profile::strict())?;
/// let verifier = PathVerifier::new(Authorities::new([authority.clone()]));
/// let now = UnixTime::since_unix_epoch(Duration::from_secs(1_780_272_000));
/// let chain = verifier.verify(device.der(), &[], now)?;
/// assert_eq!(chain.authority(), authority.id());
///
/// let stranger = PathVerifier::new(Authorities::new([]));
/// let refusal = stranger.verify(device.der(), &[], now).unwrap_err();
/// assert_eq!(refusal.kind(), RefusalKind::UnknownIssuer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PathVerifier {
    authorities: Authorities,
    lists: RevocationLists,
    policy: Policy,
}

/// A chain that was verified up to a registered CA.
#[derive(Clone, Debug)]
pub struct VerifiedChain {
    authority: CertificateId,
}

impl VerifiedChain {
    /// The CA that it led to.
    #[must_use]
    pub fn authority(&self) -> CertificateId {
        self.authority
    }
}

impl PathVerifier {
    /// For certificates of TLS clients, by the strict profile and the default limits, without revocation, with the
    /// algorithms of ring.
    #[must_use]
    pub fn new(authorities: Authorities) -> Self {
        Self {
            authorities,
            lists: RevocationLists::default(),
            policy: Policy {
                usage: Use::Client,
                profile: Profile::strict(),
                limits: Limits::default(),
                algorithms: crate::rustls::ring_algorithms(),
                known_by_common_name: false,
            },
        }
    }

    /// By another profile.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.policy.profile = profile;
        self
    }

    /// Within other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.policy.limits = limits;
        self
    }

    /// With revocation.
    #[must_use]
    pub fn with_revocation(mut self, lists: RevocationLists) -> Self {
        self.lists = lists;
        self
    }

    /// With the algorithms of another provider (`CryptoProvider::signature_verification_algorithms.all`).
    #[must_use]
    pub fn with_algorithms(
        mut self,
        algorithms: &'static [&'static dyn rustls_pki_types::SignatureVerificationAlgorithm],
    ) -> Self {
        self.policy.algorithms = algorithms;
        self
    }

    /// For certificates of TLS servers, whose host name is for the caller to compare.
    ///
    /// ```
    /// # use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
    /// # use rustls_pki_types::UnixTime;
    /// # use std::time::Duration;
    /// use tls_auth::{Authorities, Authority, PathVerifier, Profile};
    ///
    /// # let mut params = CertificateParams::default();
    /// # params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    /// # let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    /// # let mut params = CertificateParams::new(["broker.example".to_owned()])?;
    /// # params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    /// # let broker = params.signed_by(&KeyPair::generate()?, &ca)?;
    /// # let now = UnixTime::since_unix_epoch(Duration::from_secs(1_780_272_000));
    /// let authorities = Authorities::new([Authority::new(ca.der(), &Profile::strict())?]);
    /// let verifier = PathVerifier::new(authorities);
    /// let refusal = verifier.verify(broker.der(), &[], now).unwrap_err();
    /// assert_eq!(refusal.kind().code(), "extended-key-usage");
    /// assert!(verifier.for_servers().verify(broker.der(), &[], now).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn for_servers(mut self) -> Self {
        self.policy.usage = Use::Server;
        self
    }

    /// For devices that are known by their common name: where it looks like a host name or a mail address, constraints
    /// judge it as one.
    #[must_use]
    pub fn known_by_common_name(mut self) -> Self {
        self.policy.known_by_common_name = true;
        self
    }

    /// Looks for a path from `leaf` through any of `intermediates`, in any order, to a CA.
    ///
    /// # Errors
    /// Why there is none, about the path that got furthest.
    pub fn verify(
        &self,
        leaf: &[u8],
        intermediates: &[&[u8]],
        now: UnixTime,
    ) -> Result<VerifiedChain, Refusal> {
        self.verify_to(leaf, intermediates, None, now)
    }

    pub(crate) fn verify_to(
        &self,
        leaf: &[u8],
        intermediates: &[&[u8]],
        wanted: Option<CertificateId>,
        now: UnixTime,
    ) -> Result<VerifiedChain, Refusal> {
        shield::weigh(leaf, intermediates.iter().copied(), &self.policy.limits)?;
        let certificate = Certificate::parse(leaf)?;
        let intermediates = shield::read(
            &certificate,
            intermediates.iter().copied(),
            &self.policy.limits,
        )?;
        let evidence = verify_only(
            &self.policy,
            &self.authorities,
            &self.lists,
            &certificate,
            &intermediates,
            |found| wanted.is_none_or(|wanted| wanted == found),
            now,
        )
        .map_err(|refusal| refusal.of(certificate.id()))?;
        let authority = evidence
            .authority()
            .ok_or_else(|| Refusal::new(RefusalKind::UnknownIssuer))?;
        Ok(VerifiedChain { authority })
    }

    /// Judges a certificate that is trusted for itself, without a CA.
    ///
    /// ```
    /// use rustls_pki_types::UnixTime;
    /// use std::time::Duration;
    /// use tls_auth::{Authorities, PathVerifier};
    ///
    /// let verifier = PathVerifier::new(Authorities::new([]));
    /// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
    /// let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    /// verifier.verify_itself(pair.cert.der(), at(1_780_272_000))?;
    /// let refusal = verifier.verify_itself(pair.cert.der(), at(0)).unwrap_err();
    /// assert_eq!(refusal.kind().code(), "not-yet-valid");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify_itself(&self, leaf: &[u8], now: UnixTime) -> Result<(), Refusal> {
        let certificate = Certificate::parse(leaf)?;
        let Policy {
            usage,
            profile,
            limits,
            ..
        } = &self.policy;
        leaf::check(&certificate, *usage, Trust::Itself, profile, limits, now)
            .map_err(|refusal| refusal.of(certificate.id()))
    }
}

/// A path to a CA that is active and wanted.
pub(crate) fn verify_only(
    policy: &Policy,
    authorities: &Authorities,
    lists: &RevocationLists,
    leaf: &Certificate<'_>,
    intermediates: &[Certificate<'_>],
    wants: impl Fn(CertificateId) -> bool,
    now: UnixTime,
) -> Result<Evidence, Refusal> {
    let Policy {
        usage,
        profile,
        limits,
        algorithms,
        ..
    } = policy;
    leaf::check(leaf, *usage, Trust::Chain, profile, limits, now)?;
    let work = Work::new(limits);
    let search = Search {
        policy,
        authorities,
        leaf,
        intermediates,
        now,
        work: &work,
    };
    search
        .run(&|path| {
            if !wants(path.anchor.id) {
                return Err(Refusal::new(RefusalKind::OtherAuthority));
            }
            let evidence = Evidence::of_path(path, lists);
            evidence.judge(authorities, lists, algorithms, now, &work)?;
            Ok(evidence)
        })
        .map_err(|refusal| match refusal.kind() {
            RefusalKind::UnknownIssuer => {
                let trusted = authorities.trust_anchors().iter();
                let trusted = trusted.map(|anchor| anchor.subject.as_ref());
                refusal.issuers(Issuers::new(
                    furthest(leaf, intermediates).issuer(),
                    trusted,
                ))
            }
            _ => refusal,
        })
}

/// The certificate at which the names of a message end.
pub(crate) fn furthest<'c, 'm>(
    leaf: &'c Certificate<'m>,
    intermediates: &'c [Certificate<'m>],
) -> &'c Certificate<'m> {
    let mut top = leaf;
    // Names may lead in circles.
    for _ in 0..MAX_DEPTH {
        let next = intermediates
            .iter()
            .find(|next| next.subject() == top.issuer() && !next.is_self_issued());
        match next {
            Some(next) => top = next,
            None => break,
        }
    }
    top
}
