use alloc::sync::Arc;

use rustls::{CertificateError, Error, OtherError};

use crate::error::{Alert, Refusal};

/// A refusal as the error that makes rustls send its alert. What is in the refusal stays here.
pub(super) fn precise(refusal: &Refusal) -> Error {
    Error::InvalidCertificate(match refusal.alert() {
        Alert::BadCertificate => CertificateError::BadEncoding,
        Alert::UnsupportedCertificate => CertificateError::InvalidPurpose,
        Alert::CertificateRevoked => CertificateError::Revoked,
        Alert::CertificateExpired => CertificateError::Expired,
        Alert::UnknownCa => CertificateError::UnknownIssuer,
        Alert::AccessDenied => CertificateError::ApplicationVerificationFailure,
        Alert::CertificateUnknown
        | Alert::InternalError
        | Alert::UnrecognizedName
        | Alert::CertificateRequired => {
            CertificateError::Other(OtherError(Arc::new(refusal.clone())))
        }
    })
}

/// A refusal as an error that holds it; rustls sends `certificate_unknown` for every such error.
pub(super) fn carried(refusal: Refusal) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))))
}

impl Refusal {
    /// The refusal that a handshake ended with, when the error of rustls holds one: see
    /// [`ServerAuth::config`](crate::ServerAuth::config).
    ///
    /// ```
    /// let error = rustls::Error::NoCertificatesPresented;
    /// let refusal = tls_auth::Refusal::from_rustls(&error).unwrap();
    /// assert_eq!(refusal.kind().code(), "no-certificate");
    /// assert!(tls_auth::Refusal::from_rustls(&rustls::Error::DecryptError).is_none());
    /// ```
    #[must_use]
    pub fn from_rustls(error: &Error) -> Option<Self> {
        match error {
            Error::NoCertificatesPresented => {
                Some(Self::new(crate::error::RefusalKind::NoCertificate))
            }
            Error::InvalidCertificate(CertificateError::Other(OtherError(error))) => {
                error.downcast_ref::<Self>().cloned()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::*;
    use crate::error::RefusalKind;
    use crate::registry::Status;

    #[test]
    fn rustls_sends_the_alert_that_the_refusal_asks_for() {
        for kind in [
            RefusalKind::Malformed,
            RefusalKind::BadSignature,
            RefusalKind::KeyUsage,
            RefusalKind::Revoked,
            RefusalKind::NotActive(Status::Revoked),
            RefusalKind::NotActive(Status::Inactive),
            RefusalKind::Expired,
            RefusalKind::NotYetValid,
            RefusalKind::UnknownIssuer,
            RefusalKind::RevocationUnknown,
            RefusalKind::AuthorityInactive,
            RefusalKind::NotRegistered,
            RefusalKind::RegistryUnavailable,
        ] {
            let Error::InvalidCertificate(error) = precise(&Refusal::new(kind)) else {
                panic!("{kind:?}");
            };
            assert_eq!(
                u8::from(AlertDescription::from(error)),
                kind.alert() as u8,
                "{kind:?}"
            );
        }
    }
}
