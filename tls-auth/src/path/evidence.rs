use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use rustls_pki_types::UnixTime;

use super::Path;
use super::signature::{Algorithms, Work};
use crate::authority::{Authorities, Issuer};
use crate::certificate::{Certificate, Validity, seconds};
use crate::error::{Refusal, RefusalKind};
use crate::id::CertificateId;
use crate::revocation::{Link, RevocationLists};

/// What remains of a path once its signatures are verified: enough to judge it again by another time, other CAs and other
/// revocation lists, without another signature of a certificate.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The CA that the path led to; none for a certificate that is registered for itself.
    authority: Option<CertificateId>,
    /// When all of the path is valid.
    validity: Validity,
    /// Every certificate of the path by who issued it, the device's first; empty when nothing asks for revocation.
    links: Box<[Link]>,
}

impl Evidence {
    pub(crate) fn of_path(path: &Path<'_, '_>, lists: &RevocationLists) -> Self {
        let validity = path
            .intermediates
            .iter()
            .map(|certificate| certificate.validity())
            .fold(
                path.leaf.validity().and(path.anchor.validity),
                Validity::and,
            );
        let links = if lists.is_asked() {
            links(path)
        } else {
            Box::default()
        };
        Self {
            authority: Some(path.anchor.id),
            validity,
            links,
        }
    }

    /// Of a certificate that is trusted for itself.
    pub(crate) fn of_itself(leaf: &Certificate<'_>) -> Self {
        Self {
            authority: None,
            validity: leaf.validity(),
            links: Box::default(),
        }
    }

    pub(crate) fn authority(&self) -> Option<CertificateId> {
        self.authority
    }

    pub(crate) fn validity(&self) -> Validity {
        self.validity
    }

    /// Whether it is evidence still: at another time, with other CAs, with other lists.
    pub(crate) fn judge(
        &self,
        authorities: &Authorities,
        lists: &RevocationLists,
        algorithms: Algorithms,
        now: UnixTime,
        work: &Work,
    ) -> Result<(), Refusal> {
        if !self.validity.contains(now) {
            return Err(if seconds(now) < self.validity.not_before() {
                Refusal::new(RefusalKind::NotYetValid)
            } else {
                Refusal::new(RefusalKind::Expired)
            });
        }
        if let Some(id) = self.authority
            && !authorities
                .find(&id)
                .ok_or_else(|| Refusal::new(RefusalKind::UnknownIssuer))?
                .is_active()
        {
            return Err(Refusal::new(RefusalKind::AuthorityInactive));
        }
        lists.check(&self.links, algorithms, now, work)
    }

    /// Whether what is asked of revocation now can be answered from it.
    pub(crate) fn answers(&self, lists: &RevocationLists) -> bool {
        self.authority.is_none() || !lists.is_asked() || !self.links.is_empty()
    }
}

/// The certificates of a path, each with its issuer.
fn links(path: &Path<'_, '_>) -> Box<[Link]> {
    let mut issuer: Arc<Issuer> = path.anchor.issuer.clone();
    let mut links: Vec<Link> = Vec::new();
    for certificate in path.intermediates.iter().rev() {
        links.push(Link::new(certificate, issuer, true));
        issuer = Arc::new(Issuer::of(certificate));
    }
    links.push(Link::new(path.leaf, issuer, false));
    links.reverse();
    links.into()
}
