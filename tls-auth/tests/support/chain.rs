//! Rows of a table of chains: a name, what is expected, and what is changed of a good chain.

use rcgen::{CertificateParams, KeyPair};
use tls_auth::{
    Authorities, Authority, Certificate, Limits, PathVerifier, PrincipalRule, Profile, Refusal,
};

use super::{Ca, ca_params, code, device_params, now};

/// A chain that is good but for what a row changes.
pub(crate) struct Chain {
    pub(crate) root: CertificateParams,
    pub(crate) intermediate: CertificateParams,
    pub(crate) leaf: CertificateParams,
    pub(crate) profile: Profile,
    pub(crate) limits: Limits,
    pub(crate) by_common_name: bool,
}

impl Chain {
    pub(crate) fn good() -> Self {
        Self {
            root: ca_params("root"),
            intermediate: ca_params("intermediate"),
            leaf: device_params("dev1"),
            profile: Profile::strict(),
            limits: Limits::default(),
            by_common_name: false,
        }
    }

    pub(crate) fn judge(self) -> Result<(), Refusal> {
        let root = Ca::self_signed(self.root, KeyPair::generate().unwrap()).unwrap();
        let intermediate =
            Ca::signed_by(self.intermediate, KeyPair::generate().unwrap(), &root).unwrap();
        let leaf = self
            .leaf
            .signed_by(&KeyPair::generate().unwrap(), &intermediate)
            .unwrap();
        let authority = Authority::new(root.der(), &self.profile)?;
        let mut verifier = PathVerifier::new(Authorities::new([authority]))
            .with_profile(self.profile)
            .with_limits(self.limits);
        if self.by_common_name {
            verifier = verifier.known_by_common_name();
        }
        verifier.verify(leaf.der(), &[intermediate.der()], now())?;
        if self.by_common_name {
            let rule = PrincipalRule::common_name().for_mqtt();
            rule.principal(&Certificate::parse(leaf.der())?)?;
        }
        Ok(())
    }
}

/// A name, the code that is expected or `accepted`, and what is changed.
pub(crate) type Row = (&'static str, &'static str, fn(&mut Chain));

pub(crate) fn judge_all(rows: &[Row]) {
    let mut wrong = Vec::new();
    for (name, expected, change) in rows {
        let mut chain = Chain::good();
        change(&mut chain);
        let result = chain.judge();
        if code(&result) != *expected {
            wrong.push(format!(
                "{name}: expected {expected}, got {} ({:?})",
                code(&result),
                result.err()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
