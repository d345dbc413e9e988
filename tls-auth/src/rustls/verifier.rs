use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::OnceLock;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::alerts::{carried, precise};
use crate::error::Refusal;
use crate::judge::{ClientCertificate, Judge};

/// The judge, as rustls asks it within a handshake.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) judge: Arc<Judge>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    pub(super) certificate: ClientCertificate,
    pub(super) hints: Arc<[DistinguishedName]>,
    /// Where the refusal goes when this is the verifier of one handshake only.
    pub(super) refusal: Option<Arc<OnceLock<Refusal>>>,
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.certificate == ClientCertificate::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let others = intermediates.iter().map(AsRef::as_ref);
        // A certificate that its CA offers for registration may end the handshake, to prove that it has the key; what comes of
        // it then is no `Authenticated`.
        match self.judge.judge(end_entity, others, now) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(refusal) => Err(match &self.refusal {
                None => carried(refusal),
                Some(slot) => {
                    let error = precise(&refusal);
                    // A handshake asks once.
                    let _ = slot.set(refusal);
                    error
                }
            }),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
