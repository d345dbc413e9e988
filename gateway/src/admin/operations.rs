//! Carries requests out.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use iot_policy::{Scope, Transport};

use super::protocol::{
    AuthorityReport, CertificateReport, OperationError, PolicyReport, Question, Request, Response,
    ThingReport,
};
use crate::pki::{ParsedCertificate, certificates_of_pem};
use crate::provision::{CreateThing, Onboarding, Opened};
use crate::registry::{
    Authority, Certificate, CertificateId, CertificateStatus, NewThing, Policy, PolicyName,
    Registry, RegistryError, RegistryErrorKind, Target, Thing, ThingName,
};

/// Entries of a list that are read at a time.
const PAGE: usize = 500;

/// Carries out what is asked, on an open data folder. It blocks on the disk.
///
/// ```
/// use thingwire::admin::{Operations, Request, Response};
/// use thingwire::config::{Config, Flags};
/// use thingwire::provision::Opened;
///
/// let folder = tempfile::tempdir()?;
/// let opened = Opened::open(Config::load(folder.path(), &Flags::default())?)?;
/// let operations = Operations::new(&opened);
/// let Response::Things { things } = operations.execute(&Request::ThingList)? else { panic!() };
/// assert_eq!(things[0].name, "demo");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Operations {
    registry: Arc<Registry>,
    onboarding: Onboarding,
    scope: Scope,
}

impl Operations {
    /// The operations on an open data folder.
    #[must_use]
    pub fn new(opened: &Opened) -> Self {
        Self {
            registry: Arc::clone(&opened.registry),
            onboarding: opened.onboarding(),
            scope: opened.config.scope(),
        }
    }

    /// Carries out a request.
    ///
    /// # Errors
    ///
    /// When it is refused; nothing has been changed then, unless the message says so.
    pub fn execute(&self, request: &Request) -> Result<Response, OperationError> {
        match request {
            Request::ThingCreate {
                name,
                request_pem,
                policies,
                attributes,
            } => {
                let mut thing = NewThing::new(name.parse()?);
                for (name, value) in attributes {
                    thing = thing.with_attribute(name, value)?;
                }
                let mut create = CreateThing::new(thing);
                create.request_pem.clone_from(request_pem);
                create.policies = policies
                    .as_ref()
                    .map(|names| names.iter().map(|name| name.parse()).collect())
                    .transpose()?;
                let created = self.onboarding.create(&create)?;
                Ok(Response::ThingCreated {
                    thing: self.thing(created.thing)?,
                    folder: created.folder.display().to_string(),
                    has_private_key: request_pem.is_none(),
                })
            }
            Request::ThingList => {
                let things = all(|after: Option<&Thing>| {
                    let after = after.map(|thing| ThingName::new(thing.thing_name.as_str()));
                    self.registry.things(after.transpose()?.as_ref(), PAGE)
                })?;
                Ok(Response::Things {
                    things: each(things, |thing| self.thing(thing))?,
                })
            }
            Request::ThingShow { name } => Ok(Response::Thing {
                thing: self.thing(self.registry.thing(&name.parse()?)?)?,
            }),
            Request::ThingDelete { name } => {
                let retired = self.onboarding.delete(&name.parse()?)?;
                Ok(Response::ThingDeleted {
                    name: name.clone(),
                    deleted: retired.deleted,
                    detached: retired.detached,
                })
            }
            Request::CertificateRegister { pem, status, thing } => {
                self.register_certificate(pem, *status, thing.as_deref())
            }
            Request::CertificateList => {
                let certificates = all(|after: Option<&Certificate>| {
                    let after = after.map(|certificate| &certificate.certificate_id);
                    self.registry.certificates(after, PAGE)
                })?;
                Ok(Response::Certificates {
                    certificates: each(certificates, |certificate| self.certificate(certificate))?,
                })
            }
            Request::CertificateShow { certificate } => {
                let id = self.find_certificate(certificate)?;
                self.certificate_answer(self.registry.certificate(&id)?)
            }
            Request::CertificateSetStatus {
                certificate,
                status,
            } => {
                let id = self.find_certificate(certificate)?;
                self.certificate_answer(self.registry.set_certificate_status(&id, *status)?)
            }
            Request::AuthorityRegister { pem } => {
                let der = first_certificate(pem)?;
                let authority = self.registry.register_authority(&der, false)?;
                Ok(Response::Authority {
                    authority: authority_report(&authority)?,
                })
            }
            Request::AuthorityList => Ok(Response::Authorities {
                authorities: each(self.registry.authorities()?, |authority| {
                    authority_report(&authority)
                })?,
            }),
            Request::PolicyPut { name, document } => {
                let policy = self.registry.put_policy(&name.parse()?, document)?;
                self.policy_answer(&policy, false)
            }
            Request::PolicyList => {
                let policies = all(|after: Option<&Policy>| {
                    let after = after.map(|policy| PolicyName::new(policy.policy_name.as_str()));
                    self.registry.policies(after.transpose()?.as_ref(), PAGE)
                })?;
                Ok(Response::Policies {
                    policies: each(policies, |policy| self.policy(&policy, false))?,
                })
            }
            Request::PolicyShow { name } => {
                self.policy_answer(&self.registry.policy(&name.parse()?)?, true)
            }
            Request::PolicyDelete { name } => {
                self.registry.delete_policy(&name.parse()?)?;
                Ok(Response::PolicyDeleted { name: name.clone() })
            }
            Request::PolicyAttach { name, target } => Ok(Response::Attached {
                policy: name.clone(),
                attached: true,
                certificates: self
                    .registry
                    .attach_policy(&name.parse()?, &self.target(target)?)?,
            }),
            Request::PolicyDetach { name, target } => Ok(Response::Attached {
                policy: name.clone(),
                attached: false,
                certificates: self
                    .registry
                    .detach_policy(&name.parse()?, &self.target(target)?)?,
            }),
            Request::PolicyExplain {
                target,
                question,
                client_id,
            } => self.explain(target, question, client_id.as_deref()),
        }
    }

    fn register_certificate(
        &self,
        pem: &str,
        status: CertificateStatus,
        thing: Option<&str>,
    ) -> Result<Response, OperationError> {
        let certificates = certificates_of_pem(pem)?;
        let mut chain = certificates.iter().map(Vec::as_slice);
        let der = chain.next().unwrap_or_default();
        let chain: Vec<&[u8]> = chain.collect();
        let name: Option<ThingName> = thing.map(str::parse).transpose()?;
        let certificate = self.registry.register_certificate(der, &chain, status)?;
        if let Some(name) = &name {
            match self.registry.create_thing(&NewThing::new(name.clone())) {
                Err(error) if error.kind() != RegistryErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                Ok(_) | Err(_) => {}
            }
            self.registry
                .attach_thing(name, &certificate.certificate_id)?;
        }
        self.certificate_answer(certificate)
    }

    fn explain(
        &self,
        target: &str,
        question: &Question,
        client_id: Option<&str>,
    ) -> Result<Response, OperationError> {
        let (id, thing) = match self.target(target)? {
            Target::Certificate(id) => {
                let things = self.registry.things_of(&id)?;
                (id, things.into_iter().next().map(|thing| thing.thing_name))
            }
            Target::Thing(name) => {
                let certificates = self.registry.certificates_of_thing(&name)?;
                let active = certificates
                    .iter()
                    .find(|certificate| certificate.status == CertificateStatus::Active);
                let Some(certificate) = active.or(certificates.first()) else {
                    return Err(RegistryError::new(
                        RegistryErrorKind::NotFound,
                        format!("the thing `{name}` has no certificate, and so no policy"),
                    )
                    .into());
                };
                (certificate.certificate_id, Some(name.as_str().to_owned()))
            }
        };
        let request = question.as_request()?;
        let assumed = match request {
            iot_policy::Request::Connect { client_id } => Some(client_id.to_owned()),
            _other => thing,
        };
        let client_id = client_id.map(str::to_owned).or(assumed);
        let client_id = client_id.as_deref();
        let context = self
            .registry
            .connection_context(&id, client_id, Transport::Mqtt)?;
        let set = self.registry.policy_set(&id, &self.scope)?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
            });
        let explanation = set.explain(&context, &request, now);
        let mut notes = vec![match client_id {
            Some(client_id) => {
                format!("asked for the certificate {id} under the client id `{client_id}`")
            }
            None => format!("asked for the certificate {id} without a client id"),
        }];
        let certificate = self.registry.certificate(&id)?;
        if certificate.status != CertificateStatus::Active {
            notes.push(format!(
                "the certificate is {}: it cannot connect at all",
                certificate.status
            ));
        }
        if set.policies().len() == 0 {
            notes.push("no policy is attached: everything is denied".to_owned());
        }
        Ok(Response::Explanation {
            allowed: explanation.decision().is_allowed(),
            text: explanation.to_string(),
            notes,
        })
    }

    fn thing(&self, thing: Thing) -> Result<ThingReport, OperationError> {
        let certificates = self
            .registry
            .certificates_of_thing(&ThingName::new(thing.thing_name.as_str())?)?;
        Ok(ThingReport {
            certificates: each(certificates, |certificate| self.certificate(certificate))?,
            name: thing.thing_name,
            attributes: thing.attributes,
            creation_date: thing.creation_date,
        })
    }

    fn certificate(&self, certificate: Certificate) -> Result<CertificateReport, OperationError> {
        let id = certificate.certificate_id;
        let parsed = ParsedCertificate::parse(&certificate.der)?;
        Ok(CertificateReport {
            certificate_id: id,
            status: certificate.status,
            subject: parsed.subject,
            ca_certificate_id: certificate.ca_certificate_id,
            things: each(self.registry.things_of(&id)?, |thing| Ok(thing.thing_name))?,
            policies: each(self.registry.policies_of(&id)?, |policy| {
                Ok(policy.policy_name)
            })?,
            not_after: parsed
                .not_after
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| {
                    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
                }),
            creation_date: certificate.creation_date,
        })
    }

    fn certificate_answer(&self, certificate: Certificate) -> Result<Response, OperationError> {
        Ok(Response::Certificate {
            certificate: self.certificate(certificate)?,
        })
    }

    fn policy(&self, policy: &Policy, with_document: bool) -> Result<PolicyReport, OperationError> {
        let name = PolicyName::new(policy.policy_name.as_str())?;
        Ok(PolicyReport {
            name: policy.policy_name.clone(),
            version: policy.version,
            targets: self.registry.targets_of_policy(&name)?,
            document: with_document.then(|| policy.document.clone()),
            warnings: self.warnings(policy),
        })
    }

    fn policy_answer(
        &self,
        policy: &Policy,
        with_document: bool,
    ) -> Result<Response, OperationError> {
        Ok(Response::Policy {
            policy: self.policy(policy, with_document)?,
        })
    }

    /// What the parser and the linter find odd; nothing for a document that cannot be parsed, which `put` refuses.
    fn warnings(&self, policy: &Policy) -> Vec<String> {
        let Ok(parsed) = iot_policy::Policy::parse(policy.document.as_bytes()) else {
            return Vec::new();
        };
        let set = iot_policy::PolicySet::compile(
            [(policy.policy_name.as_str(), &parsed)],
            self.scope.clone(),
        );
        let warnings = parsed.warnings().iter().map(ToString::to_string);
        let findings = set.lint();
        warnings
            .chain(findings.iter().map(ToString::to_string))
            .collect()
    }

    fn target(&self, text: &str) -> Result<Target, OperationError> {
        // A thing that is called like the beginning of an id is meant before the certificate.
        match text.parse()? {
            Target::Thing(name) if self.registry.thing(&name).is_err() => {
                match self.find_certificate(text) {
                    Ok(id) => Ok(Target::Certificate(id)),
                    Err(_) => Ok(Target::Thing(name)),
                }
            }
            target => Ok(target),
        }
    }

    /// The certificate of an id, or the only one whose id begins like this.
    fn find_certificate(&self, text: &str) -> Result<CertificateId, OperationError> {
        const SHORTEST: usize = 6;
        if let Ok(id) = text.parse() {
            return Ok(id);
        }
        let text = text.to_ascii_lowercase();
        if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(RegistryError::new(
                RegistryErrorKind::Invalid,
                format!(
                    "`{text}` is no certificate id: expected 64 hexadecimal digits, or at least the first {SHORTEST}"
                ),
            )
            .into());
        }
        let mut first = text.clone();
        first.extend(std::iter::repeat_n(
            '0',
            64_usize.saturating_sub(text.len()),
        ));
        let from: CertificateId = first.parse()?;
        // The first possible id itself lies before what is listed after it.
        let exactly = self.registry.certificate(&from).ok();
        let following = self.registry.certificates(Some(&from), 2)?;
        let mut found = exactly
            .into_iter()
            .chain(following)
            .map(|certificate| certificate.certificate_id)
            .filter(|id| id.to_string().starts_with(&text));
        match (found.next(), found.next()) {
            (Some(id), None) => Ok(id),
            (None, _) => Err(RegistryError::new(
                RegistryErrorKind::NotFound,
                format!("there is no certificate whose id begins with `{text}`"),
            )
            .into()),
            (Some(_), Some(_)) => Err(RegistryError::new(
                RegistryErrorKind::Invalid,
                format!("several certificates have an id that begins with `{text}`"),
            )
            .into()),
        }
    }
}

/// All entries, page by page.
fn all<T>(
    mut page: impl FnMut(Option<&T>) -> Result<Vec<T>, RegistryError>,
) -> Result<Vec<T>, RegistryError> {
    let mut found: Vec<T> = Vec::new();
    loop {
        let next = page(found.last())?;
        let last_page = next.len() < PAGE;
        found.extend(next);
        if last_page {
            return Ok(found);
        }
    }
}

fn each<T, U>(
    items: Vec<T>,
    report: impl FnMut(T) -> Result<U, OperationError>,
) -> Result<Vec<U>, OperationError> {
    items.into_iter().map(report).collect()
}

fn authority_report(authority: &Authority) -> Result<AuthorityReport, OperationError> {
    Ok(AuthorityReport {
        certificate_id: authority.certificate_id,
        active: authority.active,
        subject: ParsedCertificate::parse(&authority.der)?.subject,
    })
}

/// The first certificate of a PEM text: what follows it is its chain.
fn first_certificate(pem: &str) -> Result<Vec<u8>, OperationError> {
    let certificates = certificates_of_pem(pem)?;
    Ok(certificates.into_iter().next().unwrap_or_default())
}
