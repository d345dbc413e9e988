//! Signatures of certificates and CRLs, each of which is counted.

use core::sync::atomic::{AtomicU32, Ordering};

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

use crate::certificate::{PublicKey, Signed};
use crate::error::{Refusal, RefusalKind};
use crate::limits::Limits;

/// The algorithms of a crypto provider.
pub(crate) type Algorithms = &'static [&'static dyn SignatureVerificationAlgorithm];

/// What is left of the work that may be done for one message.
#[derive(Debug)]
pub(crate) struct Work {
    signatures: AtomicU32,
    comparisons: AtomicU32,
}

impl Work {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            signatures: AtomicU32::new(limits.signatures()),
            comparisons: AtomicU32::new(limits.comparisons()),
        }
    }

    fn spend(counter: &AtomicU32) -> bool {
        // One message is judged on one thread; the counters are atomic because algorithms must be `Sync`.
        let spent = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        spent.is_ok()
    }

    pub(crate) fn compare(&self) -> Result<(), Refusal> {
        if Self::spend(&self.comparisons) {
            Ok(())
        } else {
            Err(Refusal::new(RefusalKind::WorkLimit).because("too many names and constraints"))
        }
    }

    pub(crate) fn is_out_of_signatures(&self) -> bool {
        self.signatures.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn out_of_signatures() -> Refusal {
        Refusal::new(RefusalKind::WorkLimit).because("too many signatures")
    }
}

/// Verifies a signature over a certificate or CRL by the key of its issuer.
pub(crate) fn verify(
    algorithms: Algorithms,
    signed: Signed<'_>,
    key: &PublicKey<'_>,
    work: &Work,
) -> Result<(), Refusal> {
    let mut known = false;
    for algorithm in algorithms {
        if algorithm.signature_alg_id().as_ref() != signed.algorithm
            || algorithm.public_key_alg_id().as_ref() != key.algorithm()
        {
            continue;
        }
        known = true;
        if !Work::spend(&work.signatures) {
            return Err(Work::out_of_signatures());
        }
        if algorithm
            .verify_signature(key.key(), signed.data, signed.signature)
            .is_ok()
        {
            return Ok(());
        }
    }
    Err(Refusal::new(if known {
        RefusalKind::BadSignature
    } else {
        RefusalKind::SignatureAlgorithm
    }))
}

/// An algorithm that fails when the work is spent, so that path building ends without another signature.
#[derive(Debug)]
pub(crate) struct Counted<'w> {
    pub(crate) algorithm: &'static dyn SignatureVerificationAlgorithm,
    pub(crate) work: &'w Work,
}

impl SignatureVerificationAlgorithm for Counted<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        if Work::spend(&self.work.signatures) {
            self.algorithm
                .verify_signature(public_key, message, signature)
        } else {
            Err(InvalidSignature)
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}
