//! Signing keys: a secret bound to a day, a region and a service.

use core::fmt;
use std::sync::OnceLock;

use ring::hmac;
use zeroize::Zeroize;

use crate::credentials::SecretAccessKey;
use crate::hash::to_array;
use crate::scope::TERMINATOR;

/// The key that signs one day's requests to one service in one region.
///
/// It moves while it is made, and rests in an `Arc` afterwards: [`wipe`] overwrites it there when the last user is done. What the moves
/// left on the stack is not reached.
pub(crate) struct SigningKey {
    key: hmac::Key,
}

impl SigningKey {
    /// `HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), service), "aws4_request")` (IAM User Guide, "Create a signed AWS API
    /// request", step 4).
    pub(crate) fn derive(
        secret: &SecretAccessKey,
        day: &[u8],
        region: &[u8],
        service: &[u8],
    ) -> Self {
        let mut chain = to_array(hmac::sign(secret.key(), day).as_ref());
        for part in [region, service, TERMINATOR.as_bytes()] {
            let mut key = hmac::Key::new(hmac::HMAC_SHA256, &chain);
            chain = to_array(hmac::sign(&key, part).as_ref());
            wipe(&mut key);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, &chain);
        chain.zeroize();
        Self { key }
    }

    #[inline]
    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 32] {
        to_array(hmac::sign(&self.key, text).as_ref())
    }

    /// Whether this key makes this signature of the text. BC-058: it takes the same time however much of the signature is right.
    #[inline]
    pub(crate) fn is_signature(&self, text: &[u8], signature: &[u8; 32]) -> bool {
        hmac::verify(&self.key, text, signature).is_ok()
    }
}

impl Drop for SigningKey {
    fn drop(&mut self) {
        wipe(&mut self.key);
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// Overwrites a key where it lies. `ring` has no call for this; a key is plain memory without a destructor, so writing another key
/// over it leaves nothing of it, and the barrier keeps the write from being removed as dead.
pub(crate) fn wipe(key: &mut hmac::Key) {
    // Made once: making a key takes two blocks of hashing, and this is done four times for every key that is derived.
    static EMPTY: OnceLock<hmac::Key> = OnceLock::new();
    key.clone_from(EMPTY.get_or_init(|| hmac::Key::new(hmac::HMAC_SHA256, &[])));
    core::hint::black_box(key);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the IAM User Guide, "Elements of an AWS API request signature".
    #[test]
    fn the_documented_chain() {
        let secret = SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let key = SigningKey::derive(&secret, b"20150830", b"us-east-1", b"iam");
        // The signing key itself is c4afb1cc…; HMAC under it must equal HMAC under the bytes.
        let bytes = [
            0xc4, 0xaf, 0xb1, 0xcc, 0x57, 0x71, 0xd8, 0x71, 0x76, 0x3a, 0x39, 0x3e, 0x44, 0xb7,
            0x03, 0x57, 0x1b, 0x55, 0xcc, 0x28, 0x42, 0x4d, 0x1a, 0x5e, 0x86, 0xda, 0x6e, 0xd3,
            0xc1, 0x54, 0xa4, 0xb9,
        ];
        let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &bytes), b"text");
        assert_eq!(key.sign(b"text").as_slice(), expected.as_ref());
    }

    /// BC-059: a wiped key signs as the empty key does, so nothing of the old one is left in it.
    #[test]
    fn wiping_leaves_the_empty_key() {
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        wipe(&mut key);
        let empty = hmac::Key::new(hmac::HMAC_SHA256, &[]);
        assert_eq!(
            hmac::sign(&key, b"x").as_ref(),
            hmac::sign(&empty, b"x").as_ref()
        );
    }

    #[test]
    fn a_key_does_not_format_itself() {
        let secret = SecretAccessKey::new("s");
        assert_eq!(
            format!("{:?}", SigningKey::derive(&secret, b"d", b"r", b"s")),
            "SigningKey([redacted])"
        );
    }
}
