use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use rustls::sign::{CertifiedKey, SigningKey};
use zeroize::Zeroize as _;

use crate::certificate::Certificate;
use crate::error::Refusal;

/// A certificate chain and its private key, which were found to belong together.
///
/// The key is held by the crypto provider; copies of its bytes that are made here are wiped.
///
/// ```
/// use tls_auth::Credentials;
///
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let credentials = Credentials::from_pem(pair.cert.pem().as_bytes(), pair.signing_key.serialize_pem().as_bytes())?;
/// assert!(!format!("{credentials:?}").contains("PRIVATE"));
///
/// let other = rcgen::KeyPair::generate()?;
/// let error = Credentials::from_pem(pair.cert.pem().as_bytes(), other.serialize_pem().as_bytes()).unwrap_err();
/// assert_eq!(error.to_string(), "the private key belongs to another certificate than the first of the chain");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Credentials {
    key: Arc<CertifiedKey>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("certificates", &self.key.cert.len())
            .field("key", &"[redacted]")
            .finish()
    }
}

/// Why a chain and a key are no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialsError {
    /// There is no certificate in what was given as a chain.
    NoCertificate,
    /// There is no private key in what was given as one.
    NoKey,
    /// There are several private keys in what was given as one.
    SeveralKeys,
    /// The text is no PEM.
    Pem,
    /// The key is encrypted, or of a kind that the provider does not support.
    UnsupportedKey,
    /// The key is another certificate's.
    KeyMismatch,
    /// A certificate of the chain is none.
    Certificate(Refusal),
    /// A certificate of the chain was not issued by the one after it.
    Order(usize),
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("there is no `CERTIFICATE` in the chain"),
            Self::NoKey => f.write_str(
                "expected one `PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY`, found none",
            ),
            Self::SeveralKeys => f.write_str("expected one private key, found several"),
            Self::Pem => f.write_str("malformed PEM"),
            Self::UnsupportedKey => {
                f.write_str("the private key is encrypted, or of a kind that is not supported")
            }
            Self::KeyMismatch => f.write_str(
                "the private key belongs to another certificate than the first of the chain",
            ),
            Self::Certificate(refusal) => refusal.fmt(f),
            Self::Order(index) => write!(
                f,
                "certificate {} of the chain was not issued by the one after it",
                index.saturating_add(1)
            ),
        }
    }
}

impl core::error::Error for CredentialsError {}

/// A copy of a key, which does not outlive its use.
struct Wiped(PrivateKeyDer<'static>);

impl Drop for Wiped {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Credentials {
    /// From PEM: the device's own certificate first, then each one's issuer; and one key, PKCS#8, SEC1 or PKCS#1.
    ///
    /// # Errors
    /// See [`CredentialsError`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CredentialsError> {
        let chain = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| CredentialsError::Pem)?;
        // `ENCRYPTED PRIVATE KEY` of PKCS#8, and `Proc-Type: 4,ENCRYPTED` of RFC 1421
        const ENCRYPTED: &[u8] = b"ENCRYPTED";
        if key.windows(ENCRYPTED.len()).any(|word| word == ENCRYPTED) {
            return Err(CredentialsError::UnsupportedKey);
        }
        let mut keys = Vec::new();
        for found in PrivateKeyDer::pem_slice_iter(key) {
            keys.push(Wiped(found.map_err(|_| CredentialsError::Pem)?));
        }
        match keys.as_slice() {
            [] => Err(CredentialsError::NoKey),
            [Wiped(key)] => Self::of(chain, any_supported_type(key)),
            _ => Err(CredentialsError::SeveralKeys),
        }
    }

    /// From DER; of a key it is found out whether it is PKCS#8, SEC1 or PKCS#1.
    ///
    /// # Errors
    /// See [`CredentialsError`].
    pub fn from_der(chain: &[&[u8]], key: &[u8]) -> Result<Self, CredentialsError> {
        let chain = chain
            .iter()
            .map(|der| CertificateDer::from(der.to_vec()))
            .collect();
        let kinds: [fn(Vec<u8>) -> PrivateKeyDer<'static>; 3] = [
            |key| PrivatePkcs8KeyDer::from(key).into(),
            |key| PrivateSec1KeyDer::from(key).into(),
            |key| PrivatePkcs1KeyDer::from(key).into(),
        ];
        let signing = kinds
            .into_iter()
            .map(|kind| any_supported_type(&Wiped(kind(key.to_vec())).0))
            .find(Result::is_ok)
            .ok_or(CredentialsError::UnsupportedKey)?;
        Self::of(chain, signing)
    }

    /// From what rustls takes, with the keys of another provider, which is given the bytes of the key.
    ///
    /// # Errors
    /// See [`CredentialsError`].
    ///
    /// ```
    /// use rustls::pki_types::PrivateKeyDer;
    /// use tls_auth::Credentials;
    ///
    /// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
    /// let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der())?;
    /// let provider = rustls::crypto::ring::default_provider();
    /// let credentials = Credentials::new(vec![pair.cert.der().clone()], key, &provider)?;
    /// assert_eq!(credentials.certificates().count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        provider: &CryptoProvider,
    ) -> Result<Self, CredentialsError> {
        Self::of(chain, provider.key_provider.load_private_key(key))
    }

    fn of(
        chain: Vec<CertificateDer<'static>>,
        signing: Result<Arc<dyn SigningKey>, rustls::Error>,
    ) -> Result<Self, CredentialsError> {
        let signing = signing.map_err(|_| CredentialsError::UnsupportedKey)?;
        let read: Vec<Certificate<'_>> = chain
            .iter()
            .map(|der| Certificate::parse(der))
            .collect::<Result<_, _>>()
            .map_err(CredentialsError::Certificate)?;
        let Some(first) = read.first() else {
            return Err(CredentialsError::NoCertificate);
        };
        let public = signing.public_key();
        if public.is_some_and(|public| *public != *first.public_key().info()) {
            return Err(CredentialsError::KeyMismatch);
        }
        let unordered = read
            .windows(2)
            .position(|pair| matches!(pair, [one, next] if one.issuer() != next.subject()));
        if let Some(index) = unordered {
            return Err(CredentialsError::Order(index));
        }
        Ok(Self {
            key: Arc::new(CertifiedKey::new(chain, signing)),
        })
    }

    /// The certificates, as they are sent.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.key.cert.iter().map(AsRef::as_ref)
    }

    pub(super) fn key(&self) -> Arc<CertifiedKey> {
        self.key.clone()
    }
}
