//! Secrets, held so that they can be used and not seen.

use alloc::sync::Arc;
use core::fmt;

use ring::hmac;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::error::CredentialsError;
use crate::hash::to_array;
use crate::key::wipe;

/// A secret access key.
///
/// The text is not kept: only the state of an HMAC keyed with it, which is all that signing needs. So there is nothing to print, and
/// `Debug` says `[redacted]`. It is overwritten when dropped and cannot be cloned; share it in an [`Arc`].
///
/// ```
/// use sigv4::SecretAccessKey;
///
/// let secret = SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
/// assert_eq!(format!("{secret:?}"), "SecretAccessKey([redacted])");
/// ```
pub struct SecretAccessKey {
    key: hmac::Key,
    fingerprint: [u8; 16],
    is_empty: bool,
}

impl SecretAccessKey {
    /// Takes the secret and overwrites the text that was given.
    ///
    /// An empty one is no secret: credentials cannot be made of it, and no request verifies with it.
    ///
    /// ```
    /// let secret = sigv4::SecretAccessKey::new(String::from("secret"));
    /// # drop(secret);
    /// ```
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        let secret = Zeroizing::new(secret.into());
        let mut prefixed = Zeroizing::new(Vec::with_capacity(secret.len().saturating_add(4)));
        prefixed.extend_from_slice(b"AWS4");
        prefixed.extend_from_slice(secret.as_bytes());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &prefixed);
        // Tells two secrets of one access key apart in the key cache. As an HMAC under the secret it says nothing about it, and the
        // text is no date, so it is no key of a signing chain either.
        let mut full = to_array(hmac::sign(&key, b"fingerprint of a secret access key").as_ref());
        let fingerprint = full.first_chunk::<16>().copied().unwrap_or_default();
        full.zeroize();
        Self {
            key,
            fingerprint,
            is_empty: secret.is_empty(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.is_empty
    }

    pub(crate) const fn key(&self) -> &hmac::Key {
        &self.key
    }

    pub(crate) const fn fingerprint(&self) -> &[u8; 16] {
        &self.fingerprint
    }
}

impl Drop for SecretAccessKey {
    fn drop(&mut self) {
        wipe(&mut self.key);
        self.fingerprint.zeroize();
    }
}

impl fmt::Debug for SecretAccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretAccessKey([redacted])")
    }
}

/// The session token of temporary credentials.
///
/// ```
/// use sigv4::SessionToken;
///
/// assert_eq!(format!("{:?}", SessionToken::new("IQoJb3JpZ2luX2Vj")), "SessionToken([redacted])");
/// ```
pub struct SessionToken(Zeroizing<String>);

impl SessionToken {
    /// Takes the token.
    ///
    /// ```
    /// let token = sigv4::SessionToken::new("IQoJ");
    /// # drop(token);
    /// ```
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(Zeroizing::new(token.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in a time that depends on the lengths alone.
    pub(crate) fn is(&self, token: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(token).into()
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken([redacted])")
    }
}

/// What a client signs with.
///
/// ```
/// use sigv4::Credentials;
///
/// let credentials = Credentials::new("AKIDEXAMPLE", "secret")?;
/// assert_eq!(credentials.access_key_id(), "AKIDEXAMPLE");
/// let temporary = Credentials::new("ASIDEXAMPLE", "secret")?.with_session_token("IQoJ")?;
/// assert!(!format!("{temporary:?}").contains("IQoJ"));
/// # Ok::<(), sigv4::CredentialsError>(())
/// ```
#[derive(Debug)]
pub struct Credentials {
    access_key_id: String,
    secret: Arc<SecretAccessKey>,
    session_token: Option<SessionToken>,
}

/// AWS documents 16 to 128 characters; others make shorter ones.
const MAX_ACCESS_KEY_ID: usize = 128;

pub(crate) fn is_access_key_id(id: &[u8]) -> bool {
    !id.is_empty()
        && id.len() <= MAX_ACCESS_KEY_ID
        && id
            .iter()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b',' | b'='))
}

impl Credentials {
    /// Long-term credentials.
    ///
    /// # Errors
    /// When the access key id is empty, longer than 128 bytes, or has characters that could not stand in an `Authorization` header; when
    /// the secret is empty.
    ///
    /// ```
    /// use sigv4::Credentials;
    ///
    /// assert!(Credentials::new("AKIDEXAMPLE", "secret").is_ok());
    /// assert!(Credentials::new("AKID/EXAMPLE", "secret").is_err());
    /// assert!(Credentials::new("AKIDEXAMPLE", "").is_err());
    /// ```
    pub fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        let access_key_id = access_key_id.into();
        // Taken first, so that the text is overwritten whether or not the other is right.
        let secret = Arc::new(SecretAccessKey::new(secret_access_key));
        if !is_access_key_id(access_key_id.as_bytes()) {
            return Err(CredentialsError::new(
                "an access key id has 1 to 128 visible ASCII characters other than `/`, `,` and `=`",
            ));
        }
        if secret.is_empty() {
            return Err(CredentialsError::new("the secret access key is empty"));
        }
        Ok(Self {
            access_key_id,
            secret,
            session_token: None,
        })
    }

    /// Makes them temporary credentials.
    ///
    /// # Errors
    /// When the token is empty, or has characters other than visible ASCII, which could not stand in a header.
    ///
    /// ```
    /// let credentials = sigv4::Credentials::new("ASIDEXAMPLE", "secret")?.with_session_token("IQoJ")?;
    /// assert!(credentials.is_temporary());
    /// assert!(credentials.with_session_token("IQ\r\nx: y").is_err());
    /// # Ok::<(), sigv4::CredentialsError>(())
    /// ```
    pub fn with_session_token(
        mut self,
        token: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        let token = SessionToken::new(token);
        if token.as_str().is_empty() || !token.as_str().bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(CredentialsError::new(
                "a session token has visible ASCII characters, at least one",
            ));
        }
        self.session_token = Some(token);
        Ok(self)
    }

    /// The public half.
    ///
    /// ```
    /// assert_eq!(sigv4::Credentials::new("AKID", "secret")?.access_key_id(), "AKID");
    /// # Ok::<(), sigv4::CredentialsError>(())
    /// ```
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Whether there is a session token.
    ///
    /// ```
    /// assert!(!sigv4::Credentials::new("AKID", "secret")?.is_temporary());
    /// # Ok::<(), sigv4::CredentialsError>(())
    /// ```
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        self.session_token.is_some()
    }

    pub(crate) fn secret(&self) -> &SecretAccessKey {
        &self.secret
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.session_token.as_ref().map(SessionToken::as_str)
    }
}

#[cfg(feature = "aws-credential-types")]
impl TryFrom<&aws_credential_types::Credentials> for Credentials {
    type Error = CredentialsError;

    fn try_from(credentials: &aws_credential_types::Credentials) -> Result<Self, CredentialsError> {
        let own = Self::new(credentials.access_key_id(), credentials.secret_access_key())?;
        match credentials.session_token() {
            Some(token) => own.with_session_token(token),
            None => Ok(own),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BC-059: no way of formatting shows a secret or a token.
    #[test]
    fn nothing_secret_is_formatted() {
        let credentials = Credentials::new("AKIDEXAMPLE", "sEcReT")
            .unwrap()
            .with_session_token("tOkEn")
            .unwrap();
        for text in [
            format!("{credentials:?}"),
            format!("{credentials:#?}"),
            format!("{:?}", credentials.secret()),
            format!("{:?}", SessionToken::new("tOkEn")),
        ] {
            assert!(
                !text.contains("sEcReT") && !text.contains("tOkEn"),
                "{text}"
            );
            assert!(text.contains("[redacted]"), "{text}");
        }
    }

    #[test]
    fn secrets_are_told_apart() {
        assert_eq!(
            SecretAccessKey::new("a").fingerprint(),
            SecretAccessKey::new("a").fingerprint()
        );
        assert_ne!(
            SecretAccessKey::new("a").fingerprint(),
            SecretAccessKey::new("b").fingerprint()
        );
    }

    /// BC-059: a value that was not filled in is refused, not signed with.
    #[test]
    fn empty_and_unsendable_values_are_no_credentials() {
        assert_eq!(
            Credentials::new("AKID", "").unwrap_err().to_string(),
            "invalid credentials: the secret access key is empty"
        );
        for token in ["", "a b", "a\r\nb", "a\0", "\u{fc}", "a\u{7f}"] {
            let credentials = Credentials::new("AKID", "s").unwrap();
            assert!(credentials.with_session_token(token).is_err(), "{token:?}");
        }
    }

    #[test]
    fn access_key_ids() {
        for bad in [
            "",
            "a b",
            "a/b",
            "a,b",
            "a=b",
            "a\n",
            "\u{fc}",
            &"a".repeat(129),
        ] {
            assert!(Credentials::new(bad, "s").is_err(), "{bad}");
        }
        assert!(Credentials::new("a".repeat(128), "s").is_ok());
    }
}
