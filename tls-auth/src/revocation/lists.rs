use alloc::vec::Vec;

use rustls_pki_types::UnixTime;

use super::{Link, RevocationList};
use crate::authority::Authorities;
use crate::certificate::{Name, seconds};
use crate::error::{Refusal, RefusalKind};
use crate::limits::Limits;
use crate::path::signature::{Algorithms, Work};

/// What revocation lists are asked for. The default is everything: every certificate of the path, by a list that is there,
/// and is not out of date.
///
/// ```
/// use tls_auth::RevocationPolicy;
///
/// let policy = RevocationPolicy::default().with_leaf_only(true);
/// assert!(policy != RevocationPolicy::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RevocationPolicy {
    leaf_only: bool,
    unknown: bool,
    stale: bool,
}

impl RevocationPolicy {
    /// Only the device's own certificate is looked up, not those of the CAs between.
    #[must_use]
    pub fn with_leaf_only(self, leaf_only: bool) -> Self {
        Self { leaf_only, ..self }
    }

    /// A certificate whose issuer has no list is let pass.
    #[must_use]
    pub fn dangerous_accept_unknown(self, unknown: bool) -> Self {
        Self { unknown, ..self }
    }

    /// A list counts after its next one was due, until there is another.
    #[must_use]
    pub fn dangerous_accept_stale(self, stale: bool) -> Self {
        Self { stale, ..self }
    }
}

/// A set of revocation lists, replaced as a whole.
///
/// Of several lists of one issuer the newest counts, by number and then by date, in whatever order they were given; one from
/// the future does not count yet. Empty by default, which asks for no revocation at all.
///
/// ```
/// use tls_auth::{RevocationLists, RevocationPolicy};
///
/// // No lists, and revocation asked for: everyone is refused.
/// let lists = RevocationLists::new([], RevocationPolicy::default());
/// assert_eq!(lists.len(), 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RevocationLists {
    lists: Vec<RevocationList>,
    policy: Option<RevocationPolicy>,
}

impl RevocationLists {
    /// Lists, and what they are asked for.
    #[must_use]
    pub fn new(lists: impl IntoIterator<Item = RevocationList>, policy: RevocationPolicy) -> Self {
        let mut lists: Vec<RevocationList> = lists.into_iter().collect();
        lists.sort_by(|one, other| one.issuer().cmp(other.issuer()));
        Self {
            lists,
            policy: Some(policy),
        }
    }

    /// Verifies the signature of every list whose issuer is one of `authorities`, as when lists were fetched and are to be put
    /// in place of good ones.
    ///
    /// # Errors
    /// [`RefusalKind::BadSignature`] for a list that none of the CAs of its issuer's name signed.
    ///
    /// ```
    /// # use rcgen::{
    /// #     BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, IsCa, KeyIdMethod, KeyPair,
    /// #     KeyUsagePurpose, SerialNumber, date_time_ymd,
    /// # };
    /// use tls_auth::{Authorities, Authority, Profile, RefusalKind, RevocationList, RevocationLists, RevocationPolicy};
    ///
    /// # let ca = || {
    /// #     let mut params = CertificateParams::default();
    /// #     params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    /// #     params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    /// #     CertifiedIssuer::self_signed(params, KeyPair::generate()?)
    /// # };
    /// // Two CAs of one name; the second made the list.
    /// let (one, two) = (ca()?, ca()?);
    /// # let crl = CertificateRevocationListParams {
    /// #     this_update: date_time_ymd(2026, 5, 1),
    /// #     next_update: date_time_ymd(2026, 7, 1),
    /// #     crl_number: SerialNumber::from(7),
    /// #     issuing_distribution_point: None,
    /// #     revoked_certs: vec![],
    /// #     key_identifier_method: KeyIdMethod::Sha256,
    /// # }
    /// # .signed_by(&two)?;
    /// let profile = Profile::strict();
    /// let list = RevocationList::new(crl.der(), &profile)?;
    /// let lists = RevocationLists::new([list], RevocationPolicy::default());
    ///
    /// let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms.all;
    /// let registered = |ca: &[u8]| Authority::new(ca, &profile).map(|ca| Authorities::new([ca]));
    /// let refusal = lists.clone().checked_by(&registered(one.der())?, algorithms).unwrap_err();
    /// assert_eq!(refusal.kind(), RefusalKind::BadSignature);
    /// assert_eq!(lists.checked_by(&registered(two.der())?, algorithms)?.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checked_by(
        self,
        authorities: &Authorities,
        algorithms: &'static [&'static dyn rustls_pki_types::SignatureVerificationAlgorithm],
    ) -> Result<Self, Refusal> {
        for list in &self.lists {
            let work = Work::new(&Limits::default());
            let mut known = false;
            let mut signed = false;
            for anchor in authorities.anchors_named(list.issuer()) {
                known = true;
                signed |= list.is_signed_by(&anchor.issuer, algorithms, &work)?;
            }
            if known && !signed {
                let refusal = Refusal::new(RefusalKind::BadSignature);
                return Err(match Name::of_contents(list.issuer(), "the issuer") {
                    Ok(name) => refusal.found(name, "a list that this CA signed"),
                    Err(_) => refusal,
                });
            }
        }
        Ok(self)
    }

    /// How many lists there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.policy.is_some()
    }

    /// Looks up the certificates of a path, the device's first.
    pub(crate) fn check(
        &self,
        links: &[Link],
        algorithms: Algorithms,
        now: UnixTime,
        work: &Work,
    ) -> Result<(), Refusal> {
        let Some(policy) = self.policy else {
            return Ok(());
        };
        let looked_up = if policy.leaf_only { 1 } else { links.len() };
        links
            .iter()
            .take(looked_up)
            .try_for_each(|link| self.look_up(link, policy, algorithms, now, work))
    }

    fn named(&self, issuer: &[u8]) -> impl Iterator<Item = &RevocationList> {
        let start = self.lists.partition_point(|list| list.issuer() < issuer);
        self.lists
            .get(start..)
            .unwrap_or(&[])
            .iter()
            .take_while(move |list| list.issuer() == issuer)
    }

    fn look_up(
        &self,
        link: &Link,
        policy: RevocationPolicy,
        algorithms: Algorithms,
        now: UnixTime,
        work: &Work,
    ) -> Result<(), Refusal> {
        let issuer = &link.issuer;
        let mut newest: Vec<&RevocationList> = Vec::new();
        let mut unsigned = false;
        for list in self.named(&issuer.name) {
            // One from the future says what will be, if it was not made with a wrong clock.
            if !list.is_about(link) || list.this_update() > seconds(now) {
                continue;
            }
            if !list.is_signed_by(issuer, algorithms, work)? {
                unsigned = true;
                continue;
            }
            // Lists of different scopes are all about it; of those of one scope, the newest is.
            match newest.iter_mut().find(|other| other.is_same_scope(list)) {
                Some(other) if list.is_newer_than(other) => *other = list,
                Some(_) => {}
                None => newest.push(list),
            }
        }
        if newest.iter().any(|list| list.revokes(&link.serial)) {
            return Err(Refusal::new(RefusalKind::Revoked));
        }
        if newest.is_empty() {
            // A list by that name which the issuer did not sign is not the same as no list.
            if unsigned {
                return Err(
                    Refusal::new(RefusalKind::BadSignature).because("the issuer's revocation list")
                );
            }
            if policy.unknown {
                return Ok(());
            }
            let refusal = Refusal::new(RefusalKind::RevocationUnknown);
            return Err(match Name::of_contents(&issuer.name, "the issuer") {
                Ok(name) => refusal.found(name, "an issuer whose list is at hand"),
                Err(_) => refusal,
            });
        }
        let current = |list: &&RevocationList| {
            list.next_update()
                // RFC 5280 §5.1.2.5: it must be there; without it a list is never out of date.
                .is_none_or(|next| next >= seconds(now))
        };
        match newest.iter().find(|list| !current(list)) {
            Some(stale) if !policy.stale => {
                let refusal = Refusal::new(RefusalKind::RevocationListExpired);
                Err(match Name::of_contents(&issuer.name, "the issuer") {
                    Ok(name) => refusal.at(name, stale.next_update().unwrap_or(i64::MAX), now),
                    Err(_) => refusal,
                })
            }
            _ => Ok(()),
        }
    }
}
