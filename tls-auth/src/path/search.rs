//! Finding a path: by webpki, and past what webpki cannot judge by names alone.

use alloc::vec::Vec;
use core::cell::RefCell;

use arrayvec::ArrayVec;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::check::Path;
use super::shield::MAX_CERTIFICATES;
use super::signature::{Counted, Work, verify};
use super::{MAX_DEPTH, Policy, Use, check_intermediate};
use crate::authority::{Anchor, Authorities};
use crate::certificate::{Certificate, PublicKey};
use crate::der::{Reader, Tag};
use crate::error::{Refusal, RefusalKind};

/// What is looked for a path in.
pub(crate) struct Search<'m, 's> {
    pub(crate) policy: &'s Policy,
    pub(crate) authorities: &'s Authorities,
    pub(crate) leaf: &'s Certificate<'m>,
    pub(crate) intermediates: &'s [Certificate<'m>],
    pub(crate) now: UnixTime,
    pub(crate) work: &'s Work,
}

/// A judgement on a path beyond what [`Path::check`] asks: revocation, and what is kept of it.
pub(crate) type Judge<'j, T> = &'j dyn Fn(&Path<'_, '_>) -> Result<T, Refusal>;

impl<'m> Search<'m, '_> {
    /// The first path that everyone agrees to.
    pub(crate) fn run<T>(&self, judge: Judge<'_, T>) -> Result<T, Refusal> {
        let refusal = match self.by_webpki(judge) {
            Ok(found) => return Ok(found),
            Err(refusal) => refusal,
        };
        // What webpki refuses because it does not judge it: constraints on mail, URIs and directory names, CAs that issued
        // themselves a new key, critical certificate policies.
        let unjudged = match refusal.kind() {
            RefusalKind::NameConstraint
            | RefusalKind::PathLength
            | RefusalKind::CriticalExtension => true,
            // Of several reasons webpki tells one, and a CA with two keys gives it a wrong signature as well.
            RefusalKind::BadSignature => self.intermediates.iter().any(Certificate::is_self_issued),
            _ => false,
        };
        if unjudged {
            self.by_names(judge)
        } else {
            Err(refusal)
        }
    }

    fn by_webpki<T>(&self, judge: Judge<'_, T>) -> Result<T, Refusal> {
        let der = CertificateDer::from(self.leaf.der());
        let leaf = EndEntityCert::try_from(&der).map_err(|error| refusal_of(&error))?;
        let counted: Vec<Counted<'_>> = self
            .policy
            .algorithms
            .iter()
            .map(|algorithm| Counted {
                algorithm: *algorithm,
                work: self.work,
            })
            .collect();
        let algorithms: Vec<&dyn SignatureVerificationAlgorithm> = counted
            .iter()
            .map(|counted| counted as &dyn SignatureVerificationAlgorithm)
            .collect();
        let intermediates: ArrayVec<CertificateDer<'_>, MAX_CERTIFICATES> = self
            .intermediates
            .iter()
            .map(|certificate| CertificateDer::from(certificate.der()))
            .collect();
        let usage = match self.policy.usage {
            Use::Client => KeyUsage::client_auth(),
            Use::Server => KeyUsage::server_auth(),
        };
        // The callback can only say no; why, and what was found, is left here.
        let outcome: RefCell<Option<Result<T, Refusal>>> = RefCell::new(None);
        let callback = |path: &VerifiedPath<'_>| {
            let result = self.judge_verified(path, judge);
            let accepted = result.is_ok();
            outcome.replace(Some(result));
            if accepted {
                Ok(())
            } else {
                Err(webpki::Error::UnknownIssuer)
            }
        };
        let found = leaf.verify_for_usage(
            &algorithms,
            self.authorities.trust_anchors(),
            &intermediates,
            self.now,
            usage,
            None,
            Some(&callback),
        );
        match (found, outcome.into_inner()) {
            (Ok(_), Some(result)) => result,
            (Err(_), Some(Err(refusal))) => Err(refusal),
            (Err(_), None) if self.work.is_out_of_signatures() => Err(Work::out_of_signatures()),
            (Err(error), _) => Err(refusal_of(&error)),
            // webpki found a path and did not ask: it never does.
            (Ok(_), None) => Err(Refusal::new(RefusalKind::UnknownIssuer)),
        }
    }

    /// The path of webpki, in our terms.
    fn judge_verified<T>(
        &self,
        path: &VerifiedPath<'_>,
        judge: Judge<'_, T>,
    ) -> Result<T, Refusal> {
        let mut intermediates: ArrayVec<&Certificate<'m>, MAX_DEPTH> = ArrayVec::new();
        for certificate in path.intermediate_certificates() {
            let der = certificate.der();
            let own = self
                .intermediates
                .iter()
                .find(|own| *own.der() == *der)
                .ok_or_else(|| Refusal::new(RefusalKind::UnknownIssuer))?;
            intermediates
                .try_push(own)
                .map_err(|_| Refusal::new(RefusalKind::PathLength))?;
        }
        let top = intermediates.last().map_or(self.leaf, |top| *top);
        let key = path.anchor().subject_public_key_info.as_ref();
        let mut refusal = Refusal::new(RefusalKind::UnknownIssuer);
        // A CA that was renewed has two certificates with one name and key.
        for anchor in self.anchors(top) {
            // webpki has the contents of the sequence.
            let own = Reader::new(&anchor.issuer.key).expect(Tag::SEQUENCE, "the public key");
            if own != Ok(key) {
                continue;
            }
            match self.judge(&intermediates, anchor, judge) {
                Ok(found) => return Ok(found),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn anchors(&self, top: &Certificate<'_>) -> impl Iterator<Item = &Anchor> {
        self.authorities.anchors_named(top.issuer().as_bytes())
    }

    fn judge<T>(
        &self,
        intermediates: &[&Certificate<'m>],
        anchor: &Anchor,
        judge: Judge<'_, T>,
    ) -> Result<T, Refusal> {
        let path = Path {
            leaf: self.leaf,
            intermediates,
            anchor,
        };
        path.check(self.policy, self.now, self.work)?;
        judge(&path)
    }

    /// Every path that names join, shortest first. Of each, what costs little is checked first, then its signatures from the
    /// anchor down, and only then what whoever signed could make costly.
    fn by_names<T>(&self, judge: Judge<'_, T>) -> Result<T, Refusal> {
        /// With no more than two of a name and no circles there are no more than 2⁶ paths.
        const MAX_PATHS: usize = 256;
        let mut refusal = Refusal::new(RefusalKind::UnknownIssuer);
        let checked: ArrayVec<Result<&Certificate<'m>, Refusal>, MAX_CERTIFICATES> = self
            .intermediates
            .iter()
            .map(|issuer| check_intermediate(issuer, self.policy, self.now).map(|()| issuer))
            .collect();
        let mut paths: Vec<ArrayVec<&Certificate<'m>, MAX_DEPTH>> = Vec::new();
        paths.push(ArrayVec::new());
        let mut index = 0_usize;
        while let Some(path) = paths.get(index).cloned() {
            index = index.saturating_add(1);
            let top = path.last().map_or(self.leaf, |top| *top);
            for anchor in self.anchors(top) {
                // A root that was sent along is the anchor, not an intermediate below itself.
                match self.judge_signed(&path, anchor, judge) {
                    Ok(found) => return Ok(found),
                    Err(error) if error.kind() == RefusalKind::WorkLimit => return Err(error),
                    Err(error) => refusal = error,
                }
            }
            for (issuer, checked) in self.intermediates.iter().zip(&checked) {
                let known = path.iter().any(|other| {
                    other.subject() == issuer.subject()
                        && other.public_key().info() == issuer.public_key().info()
                });
                if known || issuer.subject() != top.issuer() {
                    continue;
                }
                if let Err(error) = checked {
                    refusal = error.clone();
                    continue;
                }
                let mut longer = path.clone();
                if longer.try_push(issuer).is_err() {
                    continue;
                }
                if paths.len() >= MAX_PATHS {
                    return Err(Refusal::new(RefusalKind::WorkLimit).because("too many paths"));
                }
                paths.push(longer);
            }
        }
        Err(refusal)
    }

    fn judge_signed<T>(
        &self,
        intermediates: &[&Certificate<'m>],
        anchor: &Anchor,
        judge: Judge<'_, T>,
    ) -> Result<T, Refusal> {
        let path = Path {
            leaf: self.leaf,
            intermediates,
            anchor,
        };
        path.check_form(self.policy, self.now)?;
        let mut key = PublicKey::read(&anchor.issuer.key)
            .map_err(|_| Refusal::new(RefusalKind::UnknownIssuer))?;
        for certificate in intermediates.iter().rev().copied().chain([self.leaf]) {
            verify(
                self.policy.algorithms,
                certificate.signed(),
                &key,
                self.work,
            )?;
            key = certificate.public_key();
        }
        path.check_names(self.policy, self.work)?;
        judge(&path)
    }
}

/// What webpki said, in our terms.
pub(crate) fn refusal_of(error: &webpki::Error) -> Refusal {
    use webpki::Error;
    let kind = match error {
        Error::UnknownIssuer => RefusalKind::UnknownIssuer,
        Error::CertExpired { .. } => RefusalKind::Expired,
        Error::CertNotValidYet { .. } => RefusalKind::NotYetValid,
        Error::CaUsedAsEndEntity => RefusalKind::CaCertificate,
        Error::EndEntityUsedAsCa => RefusalKind::NotACa,
        Error::InvalidSignatureForPublicKey => RefusalKind::BadSignature,
        Error::NameConstraintViolation => RefusalKind::NameConstraint,
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            RefusalKind::PathLength
        }
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            RefusalKind::ExtendedKeyUsage
        }
        Error::UnsupportedCertVersion => RefusalKind::Version,
        Error::UnsupportedCriticalExtension => RefusalKind::CriticalExtension,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            RefusalKind::SignatureAlgorithm
        }
        Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => RefusalKind::WorkLimit,
        _ => return Refusal::malformed("a certificate, as webpki reads it"),
    };
    Refusal::new(kind)
}
