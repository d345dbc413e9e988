//! What must be so of a whole path, from the anchor down to the device (RFC 5280 §6.1).

use super::Policy;
use super::constraints::{self, Subject};
use super::leaf::valid;
use super::signature::Work;
use crate::authority::{Anchor, check as check_ca, check_issued};
use crate::certificate::{Certificate, Name};
use crate::error::{Refusal, RefusalKind};
use rustls_pki_types::UnixTime;

/// A path that names and, where webpki found it, signatures join.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<'m, 'p> {
    pub(crate) leaf: &'p Certificate<'m>,
    /// From the leaf's issuer up.
    pub(crate) intermediates: &'p [&'p Certificate<'m>],
    pub(crate) anchor: &'p Anchor,
}

impl Path<'_, '_> {
    /// Everything.
    pub(crate) fn check(&self, policy: &Policy, now: UnixTime, work: &Work) -> Result<(), Refusal> {
        self.check_form(policy, now)?;
        self.check_names(policy, work)
    }

    /// Dates, CAs and lengths: what costs next to nothing, whoever made the certificates.
    pub(crate) fn check_form(&self, policy: &Policy, now: UnixTime) -> Result<(), Refusal> {
        let counted = self
            .intermediates
            .iter()
            .filter(|certificate| !certificate.is_self_issued())
            .count();
        if counted > policy.limits.depth() {
            let limit = policy.limits.depth();
            return Err(Refusal::new(RefusalKind::PathLength).count(counted, limit));
        }
        let anchor_name = Name::of_contents(&self.anchor.issuer.name, "the anchor's name")
            .map_err(|_| Refusal::new(RefusalKind::NotACa))?;
        valid(anchor_name, self.anchor.validity, now)?;
        if !self.anchor.purposes.allow(policy.usage.purpose()) {
            return Err(
                Refusal::new(RefusalKind::ExtendedKeyUsage).because("that of the registered CA")
            );
        }
        let mut longest = self.anchor.path_len.map(usize::from);
        // From the top down.
        for certificate in self.intermediates.iter().rev() {
            check_intermediate(certificate, policy, now)?;
            // RFC 5280 §6.1.4 (l) and (m): whoever issued themselves is not counted.
            if !certificate.is_self_issued() {
                longest = match longest {
                    Some(0) => {
                        return Err(Refusal::new(RefusalKind::PathLength)
                            .because("a CA allows no more CAs below it"));
                    }
                    Some(length) => length.checked_sub(1),
                    None => None,
                };
            }
            let own = certificate
                .extensions()
                .basic_constraints
                .and_then(|constraints| constraints.path_len)
                .map(usize::from);
            longest = match (longest, own) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        Ok(())
    }

    /// Names by the constraints above them. How long it takes is up to whoever wrote the names and the constraints, so it is
    /// asked of paths whose signatures are right.
    pub(crate) fn check_names(&self, policy: &Policy, work: &Work) -> Result<(), Refusal> {
        if let Some(contents) = &self.anchor.name_constraints {
            self.check_names_below(contents, self.intermediates.len(), policy, work)?;
        }
        for (below, certificate) in self.intermediates.iter().enumerate().rev() {
            if let Some((contents, _)) = certificate.extensions().name_constraints {
                self.check_names_below(contents, below, policy, work)?;
            }
        }
        Ok(())
    }

    /// Judges the first `below` intermediates and the leaf by constraints from above.
    fn check_names_below(
        &self,
        contents: &[u8],
        below: usize,
        policy: &Policy,
        work: &Work,
    ) -> Result<(), Refusal> {
        let strict = policy.profile.is_strict();
        for certificate in self.intermediates.iter().take(below) {
            // RFC 5280 §6.1.3 (b): not whoever issued themselves, unless it is the last.
            if !certificate.is_self_issued() {
                let subject = Subject {
                    certificate,
                    known_by_common_name: false,
                };
                constraints::check(contents, subject, strict, work)?;
            }
        }
        let subject = Subject {
            certificate: self.leaf,
            known_by_common_name: policy.known_by_common_name,
        };
        constraints::check(contents, subject, strict, work)
    }
}

/// What must be so of a CA on the way, wherever it stands.
pub(crate) fn check_intermediate(
    certificate: &Certificate<'_>,
    policy: &Policy,
    now: UnixTime,
) -> Result<(), Refusal> {
    valid(certificate.subject(), certificate.validity(), now)?;
    // RFC 5280 §6.1.4 (k): a certificate of an older version cannot say that it is a CA's. Only of an anchor it is known
    // otherwise: it was registered as one.
    if certificate.version() != 3 {
        return Err(Refusal::new(RefusalKind::NotACa).because("it is not of version 3"));
    }
    check_ca(certificate, &policy.profile)?;
    check_issued(certificate, &policy.profile)?;
    if !certificate.extensions().allows(policy.usage.purpose()) {
        return Err(Refusal::new(RefusalKind::ExtendedKeyUsage).because("that of a CA"));
    }
    Ok(())
}
