use rustls::pki_types::UnixTime;
use rustls::{HandshakeKind, ServerConnection};

use super::{Anonymous, Authenticated, Outcome, ServerAuth, Unregistered};
use crate::error::{Refusal, RefusalKind};
use crate::judge::{ClientCertificate, Verdict};

impl ServerAuth {
    /// The end of every handshake, full or resumed: judges the certificate of the connection as things are now, and returns who
    /// it is. No device is served without it.
    ///
    /// A resumption runs no verifier in rustls; what the session holds is a certificate that was good once. Here its status,
    /// its validity, its CA and its revocation are looked up again, as the server name is.
    ///
    /// # Errors
    /// Why nobody is let in: close the connection then. [`RefusalKind::HandshakeUnfinished`] when it is too early to ask.
    pub fn authenticate(
        &self,
        connection: &ServerConnection,
        now: UnixTime,
    ) -> Result<Outcome, Refusal> {
        if connection.is_handshaking() {
            return Err(Refusal::new(RefusalKind::HandshakeUnfinished));
        }
        self.check_server_name(connection.server_name())?;
        let Some((leaf, others)) = connection.peer_certificates().and_then(<[_]>::split_first)
        else {
            return match self.client_certificate() {
                ClientCertificate::Optional => Ok(Outcome::Anonymous(Anonymous { _private: () })),
                ClientCertificate::Required => Err(Refusal::new(RefusalKind::NoCertificate)),
            };
        };
        let resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
        let others = others.iter().map(AsRef::as_ref);
        match self.judge().judge(leaf, others, now)? {
            Verdict::Admit { known, record } => Ok(Outcome::Authenticated(Authenticated::new(
                known, record, leaf, resumed,
            ))),
            Verdict::Register {
                known,
                authority,
                record,
            } => Unregistered::new(&known, authority, record, leaf).map(Outcome::Unregistered),
        }
    }

    fn check_server_name(&self, found: Option<&str>) -> Result<(), Refusal> {
        match found {
            None if self.requires_server_name() => {
                Err(Refusal::new(RefusalKind::ServerNameMissing))
            }
            Some(name) if !self.answers_to(name) => {
                Err(Refusal::new(RefusalKind::OtherTenant)
                    .found(name, "a server name of this tenant"))
            }
            _ => Ok(()),
        }
    }
}
