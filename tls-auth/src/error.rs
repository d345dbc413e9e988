use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use rustls_pki_types::UnixTime;

use crate::certificate::{Name, seconds};
use crate::der::Date;
use crate::id::CertificateId;
use crate::registry::Status;

/// Why a certificate, or the lack of one, was refused. The names are stable; [`RefusalKind::code`] prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The peer sent no certificate where one is required.
    NoCertificate,
    /// The message holds more certificates than [`Limits`](crate::Limits) allow.
    TooManyCertificates,
    /// The message holds more bytes than the limits allow.
    TooManyBytes,
    /// A certificate holds more names than the limits allow.
    TooManyNames,
    /// The message holds one certificate twice.
    DuplicateCertificate,
    /// The message holds more intermediates of one name than the limits allow.
    TooManyOfOneName,
    /// The intermediates of the message issue one another in a circle.
    IssuerLoop,
    /// A certificate or CRL is not the DER that RFC 5280 describes.
    Malformed,
    /// The device's certificate is not of version 3, and so can say nothing about its use.
    Version,
    /// The serial number is not from 1 to 2¹⁵⁹.
    SerialNumber,
    /// The key is of a kind or size that the profile does not allow.
    KeyPolicy,
    /// The device's certificate is a CA's.
    CaCertificate,
    /// The key usage does not fit.
    KeyUsage,
    /// The extended key usage does not fit.
    ExtendedKeyUsage,
    /// A critical extension is not known.
    CriticalExtension,
    /// Something else that the profile does not allow.
    Profile,
    /// A certificate of the path has expired.
    Expired,
    /// A certificate of the path is not valid yet.
    NotYetValid,
    /// No path leads to a registered CA.
    UnknownIssuer,
    /// A signature on the path is wrong.
    BadSignature,
    /// A signature algorithm on the path is not supported.
    SignatureAlgorithm,
    /// An issuer on the path is not a CA.
    NotACa,
    /// The path is longer than a CA on it, or the limits, allow.
    PathLength,
    /// A name is outside what a CA on the path may name, or the constraint cannot be judged.
    NameConstraint,
    /// Looking for a path took more signatures or comparisons than the limits allow.
    WorkLimit,
    /// A certificate of the path is on its issuer's revocation list.
    Revoked,
    /// There is no revocation list for a certificate of the path.
    RevocationUnknown,
    /// The revocation list for a certificate of the path is out of date.
    RevocationListExpired,
    /// The certificate is not registered.
    NotRegistered,
    /// The certificate is registered and not [`Status::Active`].
    NotActive(Status),
    /// The certificate is registered under another CA than the one it leads to.
    OtherAuthority,
    /// The CA is registered and not active.
    AuthorityInactive,
    /// The registry could not be asked.
    RegistryUnavailable,
    /// The peer named no server where that is required.
    ServerNameMissing,
    /// The peer named a server that nobody here is.
    ServerNameUnknown,
    /// The connection was made for another server name.
    OtherTenant,
    /// The certificate has no name to be known by, or one that cannot be used.
    Principal,
    /// A proof of possession does not hold, or the key is registered already.
    Registration,
    /// Misuse: the handshake has not ended yet.
    HandshakeUnfinished,
}

impl RefusalKind {
    /// A code for logs and metrics, which does not change.
    ///
    /// ```
    /// use tls_auth::{Alert, RefusalKind, Status};
    ///
    /// let kind = RefusalKind::NotActive(Status::Inactive);
    /// assert_eq!((kind.code(), kind.alert(), kind.alert() as u8), ("not-active", Alert::AccessDenied, 49));
    /// assert_eq!(kind.usual_causes(), ["somebody took the certificate out of use on purpose"]);
    /// ```
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::TooManyCertificates => "too-many-certificates",
            Self::TooManyBytes => "too-many-bytes",
            Self::TooManyNames => "too-many-names",
            Self::DuplicateCertificate => "duplicate-certificate",
            Self::TooManyOfOneName => "too-many-of-one-name",
            Self::IssuerLoop => "issuer-loop",
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::SerialNumber => "serial-number",
            Self::KeyPolicy => "key-policy",
            Self::CaCertificate => "ca-certificate",
            Self::KeyUsage => "key-usage",
            Self::ExtendedKeyUsage => "extended-key-usage",
            Self::CriticalExtension => "critical-extension",
            Self::Profile => "profile",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::UnknownIssuer => "unknown-issuer",
            Self::BadSignature => "bad-signature",
            Self::SignatureAlgorithm => "signature-algorithm",
            Self::NotACa => "not-a-ca",
            Self::PathLength => "path-length",
            Self::NameConstraint => "name-constraint",
            Self::WorkLimit => "work-limit",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "revocation-unknown",
            Self::RevocationListExpired => "revocation-list-expired",
            Self::NotRegistered => "not-registered",
            Self::NotActive(_) => "not-active",
            Self::OtherAuthority => "other-authority",
            Self::AuthorityInactive => "authority-inactive",
            Self::RegistryUnavailable => "registry-unavailable",
            Self::ServerNameMissing => "server-name-missing",
            Self::ServerNameUnknown => "server-name-unknown",
            Self::OtherTenant => "other-tenant",
            Self::Principal => "principal",
            Self::Registration => "registration",
            Self::HandshakeUnfinished => "handshake-unfinished",
        }
    }

    /// The alert that the peer may be sent (RFC 8446 §6.2), and no more than that.
    #[must_use]
    pub fn alert(self) -> Alert {
        match self {
            Self::NoCertificate => Alert::CertificateRequired,
            Self::TooManyCertificates
            | Self::TooManyBytes
            | Self::TooManyNames
            | Self::DuplicateCertificate
            | Self::TooManyOfOneName
            | Self::IssuerLoop
            | Self::Malformed
            | Self::SerialNumber
            | Self::CriticalExtension
            | Self::Profile
            | Self::BadSignature
            | Self::NameConstraint
            | Self::PathLength
            | Self::WorkLimit
            | Self::Principal
            | Self::Registration => Alert::BadCertificate,
            Self::Version
            | Self::KeyPolicy
            | Self::CaCertificate
            | Self::KeyUsage
            | Self::ExtendedKeyUsage
            | Self::SignatureAlgorithm => Alert::UnsupportedCertificate,
            Self::Expired | Self::NotYetValid => Alert::CertificateExpired,
            Self::UnknownIssuer
            | Self::NotACa
            | Self::RevocationUnknown
            | Self::RevocationListExpired => Alert::UnknownCa,
            Self::Revoked | Self::NotActive(Status::Revoked) => Alert::CertificateRevoked,
            Self::NotRegistered | Self::RegistryUnavailable => Alert::CertificateUnknown,
            Self::NotActive(_) | Self::OtherAuthority | Self::AuthorityInactive => {
                Alert::AccessDenied
            }
            Self::ServerNameMissing | Self::ServerNameUnknown | Self::OtherTenant => {
                Alert::UnrecognizedName
            }
            Self::HandshakeUnfinished => Alert::InternalError,
        }
    }

    /// What it usually is, for whoever has to find out; nothing where the sentence says it all.
    #[must_use]
    pub fn usual_causes(self) -> &'static [&'static str] {
        match self {
            Self::NoCertificate => &[
                "the device was given no certificate and key",
                "the device has a certificate, but none from a CA that the server asked for",
            ],
            Self::Expired => &[
                "the certificate must be renewed",
                "the clock of whoever judges is ahead",
            ],
            Self::NotYetValid => &[
                "the clock of whoever judges is behind, as after a start without network time",
                "the certificate was made by a machine whose clock is ahead",
            ],
            Self::UnknownIssuer => &[
                "the certificate is from another CA than the one registered: compare the two names",
                "the device does not send its intermediate certificates",
            ],
            Self::BadSignature => &[
                "two CAs have one name and different keys, as after a CA was made anew",
                "the certificate was changed after it was signed",
            ],
            Self::NotRegistered => &[
                "the certificate was never registered here, or it was deleted",
                "the certificate is registered in another account or Region",
            ],
            Self::NotActive(Status::PendingActivation) => {
                &["nobody has activated the certificate since it was registered"]
            }
            Self::NotActive(_) => &["somebody took the certificate out of use on purpose"],
            Self::ServerNameMissing | Self::ServerNameUnknown | Self::OtherTenant => &[
                "the host name is mistyped",
                "the device connects by address, or its TLS library sends no server name (SNI)",
            ],
            Self::KeyUsage | Self::ExtendedKeyUsage | Self::CaCertificate => {
                &["the certificate was made for something else than being a TLS client"]
            }
            Self::RevocationUnknown | Self::RevocationListExpired => {
                &["the revocation lists are not fetched often enough, or one is missing"]
            }
            _ => &[],
        }
    }
}

/// The TLS alerts that a refusal can ask for, with their numbers (RFC 8446 §6, RFC 6066 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Alert {
    /// `bad_certificate`
    BadCertificate = 42,
    /// `unsupported_certificate`
    UnsupportedCertificate = 43,
    /// `certificate_revoked`
    CertificateRevoked = 44,
    /// `certificate_expired`
    CertificateExpired = 45,
    /// `certificate_unknown`
    CertificateUnknown = 46,
    /// `unknown_ca`
    UnknownCa = 48,
    /// `access_denied`
    AccessDenied = 49,
    /// `internal_error`
    InternalError = 80,
    /// `unrecognized_name`
    UnrecognizedName = 112,
    /// `certificate_required`
    CertificateRequired = 116,
}

impl Alert {
    /// Its name in the standard.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadCertificate => "bad_certificate",
            Self::UnsupportedCertificate => "unsupported_certificate",
            Self::CertificateRevoked => "certificate_revoked",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateUnknown => "certificate_unknown",
            Self::UnknownCa => "unknown_ca",
            Self::AccessDenied => "access_denied",
            Self::InternalError => "internal_error",
            Self::UnrecognizedName => "unrecognized_name",
            Self::CertificateRequired => "certificate_required",
        }
    }
}

/// A refusal: what is wrong with which certificate, in a sentence for logs, a code for metrics and an alert for the peer.
///
/// It is one pointer, made once in the life of a refused connection.
///
/// ```
/// use tls_auth::{Alert, Certificate, RefusalKind};
///
/// let refusal = Certificate::parse(b"\x30\x00").unwrap_err();
/// assert_eq!(refusal.kind(), RefusalKind::Malformed);
/// assert_eq!(refusal.kind().code(), "malformed");
/// assert_eq!(refusal.alert(), Alert::BadCertificate);
/// assert_eq!(refusal.to_string(), "certificate refused: malformed DER in the certificate [RFC 5280 §4.1]");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: RefusalKind,
    certificate: Option<CertificateId>,
    detail: Detail,
}

/// What the sentence compares.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Detail {
    None,
    Because(&'static str),
    /// A date that was passed or not reached, and the time it was compared with.
    Time {
        whose: String,
        limit: i64,
        now: i64,
    },
    /// A name that was found, and what it should have been.
    Name {
        found: String,
        expected: &'static str,
    },
    Count {
        found: usize,
        limit: usize,
    },
    Issuers(Issuers),
}

/// An issuer that is not trusted, the name of a CA that is, and how many more of these there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuers {
    found: String,
    trusted: Option<String>,
    more: usize,
}

impl Issuers {
    /// `trusted` are the contents of names.
    pub(crate) fn new<'n>(
        found: Name<'_>,
        mut trusted: impl ExactSizeIterator<Item = &'n [u8]>,
    ) -> Self {
        Self {
            found: shortened(found),
            trusted: trusted
                .next()
                .and_then(|name| Name::of_contents(name, "the name of a CA").ok())
                .map(shortened),
            more: trusted.len(),
        }
    }
}

impl fmt::Display for Issuers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "found the issuer `{}`, ", self.found)?;
        match (&self.trusted, self.more) {
            (None, _) => f.write_str("and no CA is trusted"),
            (Some(name), 0) => write!(f, "expected `{name}`"),
            (Some(name), 1) => write!(f, "expected `{name}` or one other"),
            (Some(name), more) => write!(f, "expected `{name}` or one of {more} others"),
        }
    }
}

impl Refusal {
    pub(crate) fn new(kind: RefusalKind) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                certificate: None,
                detail: Detail::None,
            }),
        }
    }

    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.inner.detail = Detail::Because(reason);
        self
    }

    /// About the certificate of a subject that is valid until, or from, `limit`.
    pub(crate) fn at(mut self, whose: Name<'_>, limit: i64, now: UnixTime) -> Self {
        self.inner.detail = Detail::Time {
            whose: shortened(whose),
            limit,
            now: seconds(now),
        };
        self
    }

    pub(crate) fn found(mut self, found: impl fmt::Display, expected: &'static str) -> Self {
        self.inner.detail = Detail::Name {
            found: shortened(found),
            expected,
        };
        self
    }

    /// About the issuer at which a path ended, and the names of the CAs that it could have led to.
    pub(crate) fn issuers(mut self, issuers: Issuers) -> Self {
        self.inner.detail = Detail::Issuers(issuers);
        self
    }

    pub(crate) fn count(mut self, found: usize, limit: usize) -> Self {
        self.inner.detail = Detail::Count { found, limit };
        self
    }

    pub(crate) fn of(mut self, certificate: CertificateId) -> Self {
        self.inner.certificate = Some(certificate);
        self
    }

    /// Why, as a value.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        self.inner.kind
    }

    /// The device's certificate, when it got so far.
    #[must_use]
    pub fn certificate(&self) -> Option<CertificateId> {
        self.inner.certificate
    }

    /// What may be said to the peer.
    #[must_use]
    pub fn alert(&self) -> Alert {
        self.inner.kind.alert()
    }

    /// See [`RefusalKind::usual_causes`].
    #[must_use]
    pub fn usual_causes(&self) -> &'static [&'static str] {
        self.inner.kind.usual_causes()
    }
}

/// Names in logs end somewhere, and no more of one is written than is kept: a stranger may have sent it.
fn shortened(value: impl fmt::Display) -> String {
    use core::fmt::Write as _;
    struct Bounded(String);
    impl fmt::Write for Bounded {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            const MAX: usize = 256;
            let room = MAX.saturating_sub(self.0.len());
            if text.len() <= room {
                self.0.push_str(text);
                return Ok(());
            }
            let end = (0..=room).rev().find(|end| text.is_char_boundary(*end));
            self.0
                .push_str(end.and_then(|end| text.get(..end)).unwrap_or(""));
            self.0.push('…');
            // Whoever writes stops.
            Err(fmt::Error)
        }
    }
    let mut bounded = Bounded(String::new());
    let _ = write!(bounded, "{value}");
    bounded.0
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            kind,
            certificate,
            detail,
        } = &*self.inner;
        match certificate {
            Some(id) => write!(f, "certificate {id} refused: ")?,
            None => f.write_str("certificate refused: ")?,
        }
        match (kind, detail) {
            (RefusalKind::Expired, Detail::Time { whose, limit, now }) => write!(
                f,
                "that of `{whose}` expired at {} and it is {} [RFC 5280 §6.1.3 (a)(2)]",
                Date::from_unix(*limit),
                Date::from_unix(*now)
            ),
            (RefusalKind::NotYetValid, Detail::Time { whose, limit, now }) => write!(
                f,
                "that of `{whose}` is valid from {} on and it is {} [RFC 5280 §6.1.3 (a)(2)]",
                Date::from_unix(*limit),
                Date::from_unix(*now)
            ),
            (RefusalKind::RevocationListExpired, Detail::Time { whose, limit, now }) => write!(
                f,
                "the revocation list of `{whose}` was to be renewed by {} and it is {} [RFC 5280 §6.3.3 (a)]",
                Date::from_unix(*limit),
                Date::from_unix(*now)
            ),
            (RefusalKind::Malformed, Detail::Because(what)) => {
                write!(f, "malformed DER in {what} [RFC 5280 §4.1]")
            }
            (kind, detail) => {
                f.write_str(kind.sentence())?;
                match detail {
                    Detail::None | Detail::Time { .. } => Ok(()),
                    Detail::Because(reason) => write!(f, ": {reason}"),
                    Detail::Name { found, expected } => {
                        write!(f, ": found `{found}`, expected {expected}")
                    }
                    Detail::Count { found, limit } => {
                        write!(f, ": found {found}, expected no more than {limit}")
                    }
                    Detail::Issuers(issuers) => write!(f, ": {issuers}"),
                }
            }
        }
    }
}

impl RefusalKind {
    fn sentence(self) -> &'static str {
        match self {
            Self::NoCertificate => "the peer sent none",
            Self::TooManyCertificates => "too many certificates in the message",
            Self::TooManyBytes => "too many bytes of certificates in the message",
            Self::TooManyNames => "too many names in a certificate",
            Self::DuplicateCertificate => "the message holds a certificate twice",
            Self::TooManyOfOneName => "too many intermediates of one name",
            Self::IssuerLoop => "the intermediates issue one another in a circle",
            Self::Malformed => "malformed DER [RFC 5280 §4.1]",
            Self::Version => "it is not of version 3 [RFC 5280 §4.1.2.1]",
            Self::SerialNumber => {
                "the serial number is not positive or has more than 20 octets [RFC 5280 §4.1.2.2]"
            }
            Self::KeyPolicy => "the key is not allowed",
            Self::CaCertificate => "it is a CA's, not a device's",
            Self::KeyUsage => "the key usage does not fit [RFC 5280 §4.2.1.3]",
            Self::ExtendedKeyUsage => {
                "the extended key usage leaves out TLS client authentication [RFC 5280 §4.2.1.12]"
            }
            Self::CriticalExtension => "a critical extension is not known [RFC 5280 §4.2]",
            Self::Profile => "the profile does not allow it",
            Self::Expired => "it has expired [RFC 5280 §6.1.3 (a)(2)]",
            Self::NotYetValid => "it is not valid yet [RFC 5280 §6.1.3 (a)(2)]",
            Self::UnknownIssuer => "no path leads to a registered CA",
            Self::BadSignature => "a signature on the path is wrong [RFC 5280 §6.1.3 (a)(1)]",
            Self::SignatureAlgorithm => "a signature algorithm on the path is not supported",
            Self::NotACa => "an issuer on the path is not a CA [RFC 5280 §6.1.4 (k)]",
            Self::PathLength => "the path is too long [RFC 5280 §6.1.4 (m)]",
            Self::NameConstraint => "a CA on the path may not name it so [RFC 5280 §6.1.3 (b)]",
            Self::WorkLimit => "finding a path takes too much work",
            Self::Revoked => "a certificate of the path is revoked [RFC 5280 §6.3.3]",
            Self::RevocationUnknown => "there is no revocation list for a certificate of the path",
            Self::RevocationListExpired => "a revocation list of the path is out of date",
            Self::NotRegistered => "it is not registered",
            Self::NotActive(Status::Active) => "it is not active",
            Self::NotActive(Status::Inactive) => "it is registered and INACTIVE",
            Self::NotActive(Status::Revoked) => "it is registered and REVOKED",
            Self::NotActive(Status::PendingTransfer) => "it is registered and PENDING_TRANSFER",
            Self::NotActive(Status::RegisterInactive) => "it is registered and REGISTER_INACTIVE",
            Self::NotActive(Status::PendingActivation) => "it is registered and PENDING_ACTIVATION",
            Self::OtherAuthority => "it is registered under another CA",
            Self::AuthorityInactive => "its CA is registered and not active",
            Self::RegistryUnavailable => "the registry could not be asked",
            Self::ServerNameMissing => "the peer named no server",
            Self::ServerNameUnknown => "the peer named a server that is not here",
            Self::OtherTenant => "the connection was made for another server name",
            Self::Principal => "it has no name that can be used",
            Self::Registration => "it cannot be registered",
            Self::HandshakeUnfinished => "the handshake has not ended",
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({}: {self})", self.inner.kind.code())
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_of_a_name_is_written_than_is_kept() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Without an end of its own.
                loop {
                    f.write_str("na\u{ef}ve ")?;
                }
            }
        }
        let refusal = Refusal::new(RefusalKind::OtherTenant).found(Endless, "an end");
        let text = refusal.to_string();
        assert!(text.len() < 400 && text.contains('…'), "{text}");
        assert_eq!(shortened("short"), "short");
    }
}
