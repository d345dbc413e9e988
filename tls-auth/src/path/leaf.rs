//! What must be so of the device's own certificate, whatever path leads to it.

use super::Use;
use super::shield::names;
use crate::authority::{check_issued, common};
use crate::certificate::{Certificate, Flaw, Name, Usage, Validity};
use crate::error::{Refusal, RefusalKind};
use crate::limits::Limits;
use crate::profile::Profile;
use rustls_pki_types::UnixTime;

/// Whether trust comes from a CA or from the certificate being registered itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    Chain,
    Itself,
}

pub(crate) fn check(
    certificate: &Certificate<'_>,
    usage: Use,
    trust: Trust,
    profile: &Profile,
    limits: &Limits,
    now: UnixTime,
) -> Result<(), Refusal> {
    let refuse = |kind| Refusal::new(kind);
    let extensions = certificate.extensions();
    if certificate.version() != 3 {
        return Err(refuse(RefusalKind::Version));
    }
    let count = names(certificate);
    if count > limits.names() {
        return Err(refuse(RefusalKind::TooManyNames).count(count, limits.names()));
    }
    valid(certificate.subject(), certificate.validity(), now)?;
    // A self-signed certificate as `openssl req -x509` makes it says that it is a CA's. Registered for itself it is only
    // ever compared as a whole, so it is nobody's issuer.
    if trust == Trust::Chain && certificate.is_ca() {
        return Err(refuse(RefusalKind::CaCertificate));
    }
    if let Some(found) = extensions.key_usage {
        // RFC 8446 §4.4.2.4: it signs the handshake.
        if !found.has(Usage::DIGITAL_SIGNATURE) {
            return Err(refuse(RefusalKind::KeyUsage).because("digitalSignature is missing"));
        }
        // RFC 5280 §4.2.1.9: only with `cA`.
        if found.has(Usage::KEY_CERT_SIGN) && !certificate.is_ca() {
            return Err(refuse(RefusalKind::KeyUsage).because("keyCertSign is for CAs"));
        }
    }
    if !extensions.allows(usage.purpose()) {
        return Err(refuse(RefusalKind::ExtendedKeyUsage));
    }
    profile
        .judge_key(certificate.public_key().kind())
        .map_err(|reason| refuse(RefusalKind::KeyPolicy).because(reason))?;
    common(certificate, profile)?;
    check_issued(certificate, profile)?;
    if profile.is_strict() {
        // RFC 5280 §4.2.1.10: only in a CA's certificate.
        if extensions.name_constraints.is_some() && !certificate.is_ca() {
            return Err(refuse(RefusalKind::Profile).because("name constraints are for CAs"));
        }
        let mut attributes = certificate.subject().attributes();
        if attributes.any(|attribute| attribute.is_string() && attribute.text().is_none()) {
            return Err(
                refuse(RefusalKind::Profile).because("a text in the subject is not of its type")
            );
        }
        // RFC 5280 §4.1.2.6
        if certificate.subject().is_empty()
            && (extensions.subject_alternative_name.is_none()
                || extensions.has(Flaw::AlternativeNameNotCritical))
        {
            return Err(refuse(RefusalKind::Profile)
                .because("without a subject the alternative name must be there and critical"));
        }
    }
    Ok(())
}

/// Whether something of this subject is valid now.
pub(crate) fn valid(subject: Name<'_>, validity: Validity, now: UnixTime) -> Result<(), Refusal> {
    if validity.contains(now) {
        return Ok(());
    }
    Err(
        if crate::certificate::seconds(now) < validity.not_before() {
            Refusal::new(RefusalKind::NotYetValid).at(subject, validity.not_before(), now)
        } else {
            Refusal::new(RefusalKind::Expired).at(subject, validity.not_after(), now)
        },
    )
}
