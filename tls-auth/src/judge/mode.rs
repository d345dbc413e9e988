/// Whom a server trusts.
///
/// | | registered without a CA | registered under a CA | not registered |
/// |---|---|---|---|
/// | [`Chain`](Self::Chain), no registry | – | – | a path to an active CA |
/// | [`Chain`](Self::Chain) | refused | a path to that CA | refused, or offered for registration |
/// | [`Exact`](Self::Exact) | let in | refused | refused |
/// | [`Both`](Self::Both) | let in | a path to that CA | refused, or offered for registration |
///
/// ```
/// assert_eq!(tls_auth::TrustMode::default(), tls_auth::TrustMode::Both);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrustMode {
    /// Certificates that lead to a registered CA.
    Chain,
    /// Certificates that are registered themselves, without a CA.
    Exact,
    /// Both.
    #[default]
    Both,
}

impl TrustMode {
    pub(crate) fn trusts_itself(self) -> bool {
        matches!(self, Self::Exact | Self::Both)
    }

    pub(crate) fn trusts_chains(self) -> bool {
        matches!(self, Self::Chain | Self::Both)
    }

    pub(crate) fn asks(self) -> &'static str {
        match self {
            Self::Chain => "only certificates that are registered under a CA are let in here",
            Self::Exact => "only certificates that are registered without a CA are let in here",
            Self::Both => "neither for itself nor under a CA",
        }
    }
}

/// Whether a client must have a certificate.
///
/// ```
/// use tls_auth::ClientCertificate;
///
/// assert_eq!(ClientCertificate::default(), ClientCertificate::Required);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificate {
    /// Without one there is no connection.
    #[default]
    Required,
    /// Without one the connection is [`Outcome::Anonymous`](crate::Outcome::Anonymous), to be authenticated otherwise; with one
    /// that is refused there is no connection.
    Optional,
}
