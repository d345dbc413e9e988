use crate::certificate::{Curve, PublicKeyKind};

/// Which departures from RFC 5280 are let pass, and which keys are.
///
/// ```
/// use tls_auth::Profile;
///
/// assert!(Profile::strict() != Profile::lenient());
/// let profile = Profile::strict().with_rsa_bits(3072);
/// assert_eq!(profile.rsa_bits(), 3072);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    rigour: Rigour,
    rsa_bits: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rigour {
    Lenient,
    Strict,
    Pedantic,
}

/// [`Profile::strict`].
impl Default for Profile {
    fn default() -> Self {
        Self::strict()
    }
}

impl Profile {
    /// What RFC 5280 says where a good CA follows it: serial numbers from 1 to 20 octets, critical extensions that are known,
    /// CAs that say so, and no constraint or policy that cannot be judged.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            rigour: Rigour::Strict,
            rsa_bits: 2048,
        }
    }

    /// What the makers of cheap devices get wrong as well: serial numbers that are zero, negative or long, CA flags that are
    /// not critical, and information that is malformed and decides nothing.
    #[must_use]
    pub fn lenient() -> Self {
        Self {
            rigour: Rigour::Lenient,
            ..Self::strict()
        }
    }

    /// Everything that RFC 5280 demands of CAs, also where it decides nothing: key identifiers, and extensions that must be
    /// critical. Many good device CAs leave them out.
    #[must_use]
    pub fn pedantic() -> Self {
        Self {
            rigour: Rigour::Pedantic,
            ..Self::strict()
        }
    }

    /// The least length of an RSA modulus. Signatures with less than 2048 are not supported whatever this says.
    #[must_use]
    pub fn with_rsa_bits(self, rsa_bits: usize) -> Self {
        Self { rsa_bits, ..self }
    }

    /// See [`Profile::with_rsa_bits`].
    #[must_use]
    pub fn rsa_bits(&self) -> usize {
        self.rsa_bits
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.rigour >= Rigour::Strict
    }

    pub(crate) fn is_pedantic(&self) -> bool {
        self.rigour >= Rigour::Pedantic
    }

    /// What is wrong with a key, if anything.
    pub(crate) fn judge_key(&self, kind: PublicKeyKind) -> Result<(), &'static str> {
        match kind {
            PublicKeyKind::Rsa { modulus_bits, .. } if modulus_bits < self.rsa_bits => {
                Err("the RSA modulus is too short")
            }
            // NIST SP 800-56B §6.2.1
            PublicKeyKind::Rsa { exponent, .. } if exponent < 65_537 => {
                Err("the RSA exponent is below 65537")
            }
            PublicKeyKind::Rsa { exponent, .. } if exponent % 2 == 0 => {
                Err("the RSA exponent is even")
            }
            PublicKeyKind::Rsa { modulus_bits, .. }
                if self.is_strict() && modulus_bits % 8 != 0 =>
            {
                Err("the length of the RSA modulus is not a whole number of octets")
            }
            PublicKeyKind::Rsa { .. }
            | PublicKeyKind::Ec(Curve::P256 | Curve::P384 | Curve::P521)
            | PublicKeyKind::Ed25519 => Ok(()),
            PublicKeyKind::Other => {
                Err("it is neither RSA, nor on P-256, P-384 or P-521, nor Ed25519")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let rsa = |modulus_bits, exponent| PublicKeyKind::Rsa {
            modulus_bits,
            exponent,
        };
        let strict = Profile::strict();
        assert!(strict.judge_key(rsa(2048, 65_537)).is_ok());
        assert!(strict.judge_key(rsa(1024, 65_537)).is_err());
        assert!(strict.judge_key(rsa(2048, 3)).is_err());
        assert!(strict.judge_key(rsa(2048, 65_538)).is_err());
        assert!(strict.judge_key(rsa(2052, 65_537)).is_err());
        assert!(Profile::lenient().judge_key(rsa(2052, 65_537)).is_ok());
        assert!(strict.judge_key(PublicKeyKind::Other).is_err());
        assert!(
            strict
                .with_rsa_bits(3072)
                .judge_key(rsa(2048, 65_537))
                .is_err()
        );
    }
}
