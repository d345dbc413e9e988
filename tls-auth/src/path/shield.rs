//! What is asked of a Certificate message before any signature: counts, bytes, duplicates, circles.

use arrayvec::ArrayVec;

use crate::certificate::Certificate;
use crate::error::{Refusal, RefusalKind};
use crate::limits::Limits;

/// More certificates than this are never looked at, whatever the limits say.
pub(crate) const MAX_CERTIFICATES: usize = 64;

/// The certificates of a message, counted and weighed.
pub(crate) fn weigh<'m>(
    leaf: &'m [u8],
    intermediates: impl ExactSizeIterator<Item = &'m [u8]> + Clone,
    limits: &Limits,
) -> Result<(), Refusal> {
    let count = intermediates.len().saturating_add(1);
    let most = limits.certificates().min(MAX_CERTIFICATES);
    if count > most {
        return Err(Refusal::new(RefusalKind::TooManyCertificates).count(count, most));
    }
    let bytes = intermediates
        .map(<[u8]>::len)
        .fold(leaf.len(), usize::saturating_add);
    if bytes > limits.bytes() {
        return Err(Refusal::new(RefusalKind::TooManyBytes).count(bytes, limits.bytes()));
    }
    Ok(())
}

/// The intermediates of a message: those that can be read, none twice, not too many of one name, and in no circle.
///
/// One that cannot be read is left out, as a peer may send whatever it was given; a path does not lead through it.
pub(crate) fn read<'m>(
    leaf: &Certificate<'_>,
    intermediates: impl Iterator<Item = &'m [u8]> + Clone,
    limits: &Limits,
) -> Result<ArrayVec<Certificate<'m>, MAX_CERTIFICATES>, Refusal> {
    let mut read: ArrayVec<Certificate<'m>, MAX_CERTIFICATES> = ArrayVec::new();
    for der in intermediates {
        if der == leaf.der() || read.iter().any(|other| other.der() == der) {
            return Err(Refusal::new(RefusalKind::DuplicateCertificate));
        }
        let Ok(certificate) = Certificate::read(der) else {
            continue;
        };
        if names(&certificate) > limits.names() {
            return Err(
                Refusal::new(RefusalKind::TooManyNames).count(names(&certificate), limits.names())
            );
        }
        let same = read
            .iter()
            .filter(|other| other.subject() == certificate.subject())
            .count()
            .saturating_add(1);
        if same > limits.same_name() {
            return Err(Refusal::new(RefusalKind::TooManyOfOneName).count(same, limits.same_name()));
        }
        read.push(certificate);
    }
    if limits.refuses_loops() && has_circle(&read) {
        return Err(Refusal::new(RefusalKind::IssuerLoop));
    }
    Ok(read)
}

/// Attributes and alternative names of subject and issuer together.
pub(crate) fn names(certificate: &Certificate<'_>) -> usize {
    certificate
        .subject()
        .attributes()
        .count()
        .saturating_add(certificate.issuer().attributes().count())
        .saturating_add(certificate.subject_alternative_names().count())
        .saturating_add(certificate.issuer_alternative_names().count())
}

/// Whether the names issue one another in a circle. One that issued itself is a root that was sent along, not a circle.
fn has_circle(certificates: &[Certificate<'_>]) -> bool {
    // Take away whoever was issued by nobody else that is left, until nobody can be taken: a circle is what remains.
    let mut left: ArrayVec<&Certificate<'_>, MAX_CERTIFICATES> = certificates
        .iter()
        .filter(|certificate| !certificate.is_self_issued())
        .collect();
    loop {
        let before = left.len();
        let issuers = left.clone();
        left.retain(|certificate| {
            issuers
                .iter()
                .any(|other| other.subject() == certificate.issuer())
        });
        if left.len() == before {
            return before > 0;
        }
    }
}
