//! The decision on a device's certificate, which is the same in a handshake, on a resumption, and while a connection lives.

pub(crate) mod memo;
mod mode;

pub use mode::{ClientCertificate, TrustMode};

use alloc::sync::Arc;

use arc_swap::ArcSwap;
use rustls_pki_types::UnixTime;

use crate::authority::{Authorities, Authority};
use crate::certificate::Certificate;
use crate::error::{Refusal, RefusalKind};
use crate::id::CertificateId;
use crate::identity::{Principal, PrincipalRule};
use crate::path::leaf::{self, Trust};
use crate::path::signature::Work;
use crate::path::{Evidence, Policy, shield, verify_only};
use crate::registry::{Record, Registry, Status};
use crate::revocation::RevocationLists;
use memo::Memo;

/// What may be replaced while the server runs, all at once.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) authorities: Authorities,
    pub(crate) lists: RevocationLists,
}

#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) policy: Policy,
    pub(crate) mode: TrustMode,
    pub(crate) principal: PrincipalRule,
    pub(crate) registry: Option<Arc<dyn Registry>>,
    pub(crate) state: ArcSwap<State>,
    pub(crate) memo: Memo,
}

/// What was found out about a certificate and does not change with the registry.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) certificate: CertificateId,
    pub(crate) principal: Principal,
    pub(crate) evidence: Evidence,
}

/// Whether a device comes in.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    Admit {
        known: Arc<Known>,
        record: Option<Record>,
    },
    /// Nobody registered it, or nobody activated it since, and its CA says that it may come.
    Register {
        known: Arc<Known>,
        authority: CertificateId,
        record: Option<Record>,
    },
}

/// What a record asks for.
enum Asked {
    /// Trust for itself.
    Itself,
    /// A path to this CA, or to any.
    Chain(Option<CertificateId>),
    /// The same, to one that offers its certificates for registration.
    Offered(Option<CertificateId>),
}

impl Asked {
    /// Whether trust that comes from `found`, or from itself, is what is asked for.
    fn is_met_by(&self, found: Option<CertificateId>, authorities: &Authorities) -> bool {
        match (self, found) {
            (Self::Itself, found) => found.is_none(),
            (Self::Chain(asked), Some(found)) => asked.is_none_or(|asked| asked == found),
            (Self::Offered(asked), Some(found)) => {
                asked.is_none_or(|asked| asked == found)
                    && authorities.find(&found).is_some_and(offers)
            }
            (Self::Chain(_) | Self::Offered(_), None) => false,
        }
    }
}

/// Whether certificates of a CA are offered for registration.
fn offers(authority: &Authority) -> bool {
    authority.is_active() && authority.auto_registration()
}

impl Judge {
    /// Judges the certificates of a message.
    pub(crate) fn judge<'m>(
        &self,
        leaf: &'m [u8],
        intermediates: impl ExactSizeIterator<Item = &'m [u8]> + Clone,
        now: UnixTime,
    ) -> Result<Verdict, Refusal> {
        shield::weigh(leaf, intermediates.clone(), &self.policy.limits)?;
        let id = CertificateId::of(leaf);
        self.judge_known(id, now, |asked| {
            self.verify(id, leaf, intermediates.clone(), asked, now)
        })
        .map_err(|refusal| refusal.of(id))
    }

    /// Judges a device that was let in, without its certificate.
    pub(crate) fn judge_again(&self, known: &Arc<Known>, now: UnixTime) -> Result<(), Refusal> {
        let id = known.certificate;
        let judged = self.judge_known(id, now, |asked| {
            let state = self.state.load();
            self.still(known, asked, &state, now)?;
            Ok(known.clone())
        });
        match judged {
            Ok(Verdict::Admit { .. }) => Ok(()),
            Ok(Verdict::Register { record, .. }) => {
                let kind = record.map_or(RefusalKind::NotRegistered, |record| {
                    RefusalKind::NotActive(record.status())
                });
                Err(Refusal::new(kind).of(id))
            }
            Err(refusal) => Err(refusal.of(id)),
        }
    }

    /// The registry first, then `establish` for what it asks.
    fn judge_known(
        &self,
        id: CertificateId,
        now: UnixTime,
        establish: impl Fn(&Asked) -> Result<Arc<Known>, Refusal>,
    ) -> Result<Verdict, Refusal> {
        let Some(registry) = &self.registry else {
            let known = self.recall(id, &Asked::Chain(None), now, &establish)?;
            return Ok(Verdict::Admit {
                known,
                record: None,
            });
        };
        let record = registry
            .find(&id)
            .map_err(|_| Refusal::new(RefusalKind::RegistryUnavailable))?;
        let pending = match &record {
            None => true,
            Some(record) => match record.status() {
                Status::Active => false,
                Status::PendingActivation if record.authority().is_some() => true,
                status => return Err(Refusal::new(RefusalKind::NotActive(status))),
            },
        };
        if pending {
            return self.judge_pending(id, record, now, &establish);
        }
        let asked = match record.as_ref().and_then(Record::authority) {
            None if self.mode.trusts_itself() => Asked::Itself,
            Some(authority) if self.mode.trusts_chains() => Asked::Chain(Some(authority)),
            _ => return Err(Refusal::new(RefusalKind::NotRegistered).because(self.mode.asks())),
        };
        let known = self.recall(id, &asked, now, &establish)?;
        Ok(Verdict::Admit { known, record })
    }

    /// A certificate that is not registered, or not activated since it was: its CA may offer it for registration.
    fn judge_pending(
        &self,
        id: CertificateId,
        record: Option<Record>,
        now: UnixTime,
        establish: &impl Fn(&Asked) -> Result<Arc<Known>, Refusal>,
    ) -> Result<Verdict, Refusal> {
        let refuse = || {
            Refusal::new(
                record
                    .as_ref()
                    .map_or(RefusalKind::NotRegistered, |record| {
                        RefusalKind::NotActive(record.status())
                    }),
            )
        };
        let asked = record.as_ref().and_then(Record::authority);
        // Before any signature: where no CA offers anything, a stranger is a stranger.
        let offered = self.state.load().authorities.iter().any(|authority| {
            offers(authority) && asked.is_none_or(|asked| asked == authority.id())
        });
        if !self.mode.trusts_chains() || !offered {
            return Err(refuse());
        }
        let known = match self.recall(id, &Asked::Offered(asked), now, establish) {
            // It leads to a CA that offers nothing.
            Err(refusal) if refusal.kind() == RefusalKind::OtherAuthority => return Err(refuse()),
            result => result?,
        };
        match known.evidence.authority() {
            Some(authority) => Ok(Verdict::Register {
                known,
                authority,
                record,
            }),
            None => Err(refuse()),
        }
    }

    /// What is remembered, if it still holds; otherwise what can be established.
    fn recall(
        &self,
        id: CertificateId,
        asked: &Asked,
        now: UnixTime,
        establish: &impl Fn(&Asked) -> Result<Arc<Known>, Refusal>,
    ) -> Result<Arc<Known>, Refusal> {
        if let Some(known) = self.memo.find(&id) {
            let state = self.state.load();
            if self.still(&known, asked, &state, now).is_ok() {
                return Ok(known);
            }
        }
        let known = establish(asked)?;
        self.memo.insert(id, known.clone());
        Ok(known)
    }

    fn still(
        &self,
        known: &Known,
        asked: &Asked,
        state: &State,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let evidence = &known.evidence;
        if !asked.is_met_by(evidence.authority(), &state.authorities) {
            return Err(Refusal::new(RefusalKind::OtherAuthority));
        }
        if !evidence.answers(&state.lists) {
            return Err(Refusal::new(RefusalKind::RevocationUnknown));
        }
        let work = Work::new(&self.policy.limits);
        evidence.judge(
            &state.authorities,
            &state.lists,
            self.policy.algorithms,
            now,
            &work,
        )
    }

    /// Everything, from the bytes.
    fn verify<'m>(
        &self,
        id: CertificateId,
        leaf: &'m [u8],
        intermediates: impl Iterator<Item = &'m [u8]> + Clone,
        asked: &Asked,
        now: UnixTime,
    ) -> Result<Arc<Known>, Refusal> {
        let certificate = Certificate::parse(leaf)?;
        let evidence = match asked {
            Asked::Itself => {
                let Policy {
                    usage,
                    profile,
                    limits,
                    ..
                } = &self.policy;
                leaf::check(&certificate, *usage, Trust::Itself, profile, limits, now)?;
                Evidence::of_itself(&certificate)
            }
            Asked::Chain(_) | Asked::Offered(_) => {
                let intermediates = shield::read(&certificate, intermediates, &self.policy.limits)?;
                let state = self.state.load();
                verify_only(
                    &self.policy,
                    &state.authorities,
                    &state.lists,
                    &certificate,
                    &intermediates,
                    |found| asked.is_met_by(Some(found), &state.authorities),
                    now,
                )?
            }
        };
        Ok(Arc::new(Known {
            certificate: id,
            principal: self.principal.principal(&certificate)?,
            evidence,
        }))
    }
}
