use alloc::format;
use alloc::string::{String, ToString as _};
use core::fmt;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};

use crate::certificate::seconds;
use crate::der::Date;
use crate::error::Issuers;

/// What went wrong on the device's side of a handshake, in a sentence, with a code and the usual causes.
///
/// ```
/// use rustls::{AlertDescription, Error};
/// use tls_auth::Diagnosis;
///
/// let diagnosis = Diagnosis::of(&Error::AlertReceived(AlertDescription::CertificateExpired));
/// assert_eq!(diagnosis.code(), "server-alert-certificate-expired");
/// assert!(diagnosis.usual_causes()[0].contains("device's certificate"));
/// assert!(diagnosis.to_string().starts_with("the server ended the handshake"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    code: &'static str,
    sentence: String,
    causes: &'static [&'static str],
}

const CLOCK: &str = "the clock of the device is wrong, as after a start without network time";
const NOT_REGISTERED: &str = "the device's certificate is not registered or not active in the account and Region of this endpoint";

impl Diagnosis {
    /// What an error of a handshake means to a device.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error {
            Error::AlertReceived(alert) => Self::of_alert(*alert),
            Error::InvalidCertificate(error) => Self::of_certificate(error),
            Error::NoApplicationProtocol => Self {
                code: "no-application-protocol",
                sentence: "the server speaks none of the protocols that were offered by ALPN"
                    .into(),
                causes: &[
                    "port 443 of AWS IoT wants `x-amzn-mqtt-ca`; port 8883 wants none",
                    "the server listens for another protocol on this port",
                ],
            },
            Error::InvalidMessage(_) => Self {
                code: "no-tls",
                sentence: "what the server sent is no TLS".into(),
                causes: &["the port is one without TLS, as 1883 and 80 are"],
            },
            Error::PeerIncompatible(reason) => Self {
                code: "incompatible",
                sentence: format!(
                    "the server and the device have too little in common: {reason:?}"
                ),
                causes: &["the server speaks only TLS 1.1 or older, or only other cipher suites"],
            },
            other => Self {
                code: "tls",
                sentence: other.to_string(),
                causes: &[],
            },
        }
    }

    fn of_alert(alert: AlertDescription) -> Self {
        let (code, causes): (_, &[_]) = match alert {
            AlertDescription::CertificateExpired => (
                "server-alert-certificate-expired",
                &["the device's certificate has expired, or is not valid yet"],
            ),
            AlertDescription::CertificateRevoked => (
                "server-alert-certificate-revoked",
                &["the device's certificate is on a revocation list, or REVOKED in the registry"],
            ),
            AlertDescription::UnknownCA => (
                "server-alert-unknown-ca",
                &[
                    "the CA of the device's certificate is not registered at the server",
                    "the device does not send its intermediate certificates",
                ],
            ),
            AlertDescription::CertificateUnknown => (
                "server-alert-certificate-unknown",
                &[NOT_REGISTERED, "the server does not say more to strangers"],
            ),
            AlertDescription::AccessDenied => (
                "server-alert-access-denied",
                &["the device's certificate, or its CA, was taken out of use"],
            ),
            AlertDescription::BadCertificate => (
                "server-alert-bad-certificate",
                &[
                    "the device's certificate has something that the server does not allow",
                    NOT_REGISTERED,
                ],
            ),
            AlertDescription::UnsupportedCertificate => (
                "server-alert-unsupported-certificate",
                &[
                    "the device's certificate is for another use, or its key is of a kind that is not allowed",
                ],
            ),
            AlertDescription::CertificateRequired => (
                "server-alert-certificate-required",
                &["the device sent no certificate"],
            ),
            AlertDescription::DecryptError => (
                "server-alert-decrypt-error",
                &["the private key belongs to another certificate"],
            ),
            AlertDescription::UnrecognisedName => (
                "server-alert-unrecognized-name",
                &["the host name is mistyped, or an address was used instead of it"],
            ),
            AlertDescription::NoApplicationProtocol => (
                "server-alert-no-application-protocol",
                &["port 443 of AWS IoT wants `x-amzn-mqtt-ca`; port 8883 wants none"],
            ),
            AlertDescription::ProtocolVersion => (
                "server-alert-protocol-version",
                &["the server and the device have no TLS version in common"],
            ),
            AlertDescription::HandshakeFailure => (
                "server-alert-handshake-failure",
                &[
                    "the server and the device have no cipher suite or signature algorithm in common",
                    "the device sent no certificate over TLS 1.2",
                ],
            ),
            _ => ("server-alert", &[]),
        };
        Self {
            code,
            sentence: format!("the server ended the handshake with the alert {alert:?}"),
            causes,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        let date = |time: &UnixTime| Date::from_unix(seconds(*time));
        let (code, sentence, causes): (_, _, &[_]) = match error {
            CertificateError::ExpiredContext { time, not_after } => (
                "server-certificate-expired",
                format!(
                    "the server's certificate expired at {} and the device's clock says {}",
                    date(not_after),
                    date(time)
                ),
                &[CLOCK, "the server's certificate must be renewed"],
            ),
            CertificateError::NotValidYetContext { time, not_before } => (
                "server-certificate-not-yet-valid",
                format!(
                    "the server's certificate is valid from {} on and the device's clock says {}",
                    date(not_before),
                    date(time)
                ),
                &[CLOCK],
            ),
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => (
                "server-name-mismatch",
                format!(
                    "the device asked for `{}` and the server's certificate is for {}",
                    expected.to_str(),
                    if presented.is_empty() {
                        "no name at all".to_owned()
                    } else {
                        presented.join(", ")
                    }
                ),
                &[
                    "the host name is mistyped",
                    "something between the device and the server answers in its place",
                ],
            ),
            CertificateError::UnknownIssuer => (
                "server-unknown-issuer",
                "the server's certificate leads to none of the device's CAs".to_owned(),
                &[
                    "the CA bundle is of another service: AWS IoT's `-ats` endpoints want the Amazon Trust Services roots",
                    "something between the device and the server answers in its place",
                ],
            ),
            CertificateError::ApplicationVerificationFailure => (
                "server-key-not-pinned",
                "the server has another key than the one that is pinned".to_owned(),
                &[
                    "the server's key was changed",
                    "something between the device and the server answers in its place",
                ],
            ),
            CertificateError::BadSignature => (
                "server-bad-signature",
                "a signature on the server's certificates is wrong".to_owned(),
                &["two CAs have one name and different keys"],
            ),
            other => (
                "server-certificate",
                format!("the server's certificate is refused: {other}"),
                &[],
            ),
        };
        Self {
            code,
            sentence,
            causes,
        }
    }

    pub(super) fn with_issuers(mut self, issuers: &Issuers) -> Self {
        self.sentence = format!("{}: {issuers}", self.sentence);
        self
    }

    /// A code for logs, which does not change.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What it usually is, the likeliest first.
    #[must_use]
    pub fn usual_causes(&self) -> &'static [&'static str] {
        self.causes
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
