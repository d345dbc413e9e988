//! Requests and answers: one line of JSON each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::registry::{CertificateId, CertificateStatus, Milliseconds, RegistryError};

/// The longest line, in bytes.
pub(super) const MAX_LINE: usize = 1024 * 1024;

/// Something to be done or shown.
///
/// ```
/// use thingwire::admin::Request;
///
/// let request: Request = serde_json::from_str(r#"{"operation":"thingShow","name":"pump"}"#)?;
/// assert_eq!(request, Request::ThingShow { name: "pump".to_owned() });
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "operation",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
#[non_exhaustive]
pub enum Request {
    /// Create a thing with its certificate and files.
    ThingCreate {
        /// Its name.
        name: String,
        /// A certificate signing request in PEM, when the key stays on the device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_pem: Option<String>,
        /// The policies to attach, instead of the one for its own topics.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policies: Option<Vec<String>>,
        /// Its attributes.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        attributes: BTreeMap<String, String>,
    },
    /// Every thing.
    ThingList,
    /// A thing with its certificates.
    ThingShow {
        /// Its name.
        name: String,
    },
    /// Delete a thing, its certificates and its files.
    ThingDelete {
        /// Its name.
        name: String,
    },
    /// Register a certificate made elsewhere.
    CertificateRegister {
        /// The certificate in PEM.
        pem: String,
        /// With which status.
        status: CertificateStatus,
        /// The thing to attach it to; created when it is not there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thing: Option<String>,
    },
    /// Every certificate.
    CertificateList,
    /// A certificate.
    CertificateShow {
        /// Its id, or how it begins.
        certificate: String,
    },
    /// Give a certificate another status.
    CertificateSetStatus {
        /// Its id, or how it begins.
        certificate: String,
        /// The new status.
        status: CertificateStatus,
    },
    /// Register a CA.
    AuthorityRegister {
        /// The certificate in PEM.
        pem: String,
    },
    /// Every CA.
    AuthorityList,
    /// Create a policy or give it another document.
    PolicyPut {
        /// Its name.
        name: String,
        /// The document.
        document: String,
    },
    /// Every policy.
    PolicyList,
    /// A policy with its document.
    PolicyShow {
        /// Its name.
        name: String,
    },
    /// Delete a policy that is not attached.
    PolicyDelete {
        /// Its name.
        name: String,
    },
    /// Attach a policy.
    PolicyAttach {
        /// Its name.
        name: String,
        /// A certificate's id, how it begins, or a thing's name.
        target: String,
    },
    /// Detach a policy.
    PolicyDetach {
        /// Its name.
        name: String,
        /// A certificate's id, how it begins, or a thing's name.
        target: String,
    },
    /// Say why a device would be allowed or denied something.
    PolicyExplain {
        /// A certificate's id, how it begins, or a thing's name.
        target: String,
        /// What it wants to do.
        question: Question,
        /// The client id it connects with; the thing's name unless told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
    },
}

/// What a device might want to do.
///
/// ```
/// use thingwire::admin::Question;
///
/// let question = Question::new("publish", "demo/door");
/// assert_eq!(Question::new("iot:Publish", "demo/door").as_request()?, question.as_request()?);
/// # Ok::<(), thingwire::admin::OperationError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Question {
    /// `connect`, `publish`, `subscribe`, `receive`, `retain`, `get-shadow`, `update-shadow`, `delete-shadow`, or an
    /// action as policies name it.
    pub action: String,
    /// The client id, topic, filter, or thing (with `/` and a shadow's name).
    pub resource: String,
}

impl Question {
    /// An action on a resource.
    #[must_use]
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
        }
    }

    /// The question as policies are asked it.
    ///
    /// # Errors
    ///
    /// When there is no such action.
    pub fn as_request(&self) -> Result<iot_policy::Request<'_>, OperationError> {
        use iot_policy::Request;

        let resource = self.resource.as_str();
        let (thing, shadow) = match resource.split_once('/') {
            Some((thing, shadow)) => (thing, Some(shadow)),
            None => (resource, None),
        };
        let action = self.action.strip_prefix("iot:").unwrap_or(&self.action);
        match action.to_ascii_lowercase().as_str() {
            "connect" => Ok(Request::Connect {
                client_id: resource,
            }),
            "publish" => Ok(Request::Publish {
                topic: resource,
                retain: false,
            }),
            "retain" | "retainpublish" => Ok(Request::Publish {
                topic: resource,
                retain: true,
            }),
            "subscribe" => Ok(Request::Subscribe { filter: resource }),
            "receive" => Ok(Request::Receive { topic: resource }),
            "get-shadow" | "getthingshadow" => Ok(Request::GetThingShadow { thing, shadow }),
            "update-shadow" | "updatethingshadow" => {
                Ok(Request::UpdateThingShadow { thing, shadow })
            }
            "delete-shadow" | "deletethingshadow" => {
                Ok(Request::DeleteThingShadow { thing, shadow })
            }
            _unknown => Err(OperationError {
                code: "InvalidRequestException".to_owned(),
                message: format!(
                    "unknown action `{}`: expected connect, publish, retain, subscribe, receive, get-shadow, \
                     update-shadow or delete-shadow",
                    self.action
                ),
            }),
        }
    }
}

/// A thing and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ThingReport {
    /// Its name.
    pub name: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// When it was created.
    pub creation_date: Milliseconds,
    /// Its certificates.
    pub certificates: Vec<CertificateReport>,
}

/// A certificate and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CertificateReport {
    /// The SHA-256 of its DER.
    pub certificate_id: CertificateId,
    /// What it is allowed to do now.
    pub status: CertificateStatus,
    /// The subject's name.
    pub subject: String,
    /// The registered CA that signed it.
    pub ca_certificate_id: Option<CertificateId>,
    /// The things it is attached to.
    pub things: Vec<String>,
    /// The policies attached to it.
    pub policies: Vec<String>,
    /// When its validity ends, in milliseconds since 1970.
    pub not_after: Milliseconds,
    /// When it was registered.
    pub creation_date: Milliseconds,
}

/// A CA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuthorityReport {
    /// The SHA-256 of its DER.
    pub certificate_id: CertificateId,
    /// Whether its devices are let in.
    pub active: bool,
    /// The subject's name.
    pub subject: String,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicyReport {
    /// Its name.
    pub name: String,
    /// How often its document has been set.
    pub version: u64,
    /// The certificates it is attached to.
    pub targets: Vec<CertificateId>,
    /// The document, when the policy was asked for by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What is odd about the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "answer",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Response {
    /// A thing was created.
    ThingCreated {
        /// The thing.
        thing: ThingReport,
        /// The folder with its files.
        folder: String,
        /// Whether a private key is among them.
        has_private_key: bool,
    },
    /// A thing was deleted.
    ThingDeleted {
        /// Its name.
        name: String,
        /// Certificates deleted with it.
        deleted: Vec<CertificateId>,
        /// Certificates that other things have too.
        detached: Vec<CertificateId>,
    },
    /// One thing.
    Thing {
        /// The thing.
        thing: ThingReport,
    },
    /// Things.
    Things {
        /// The things in the order of their names.
        things: Vec<ThingReport>,
    },
    /// One certificate.
    Certificate {
        /// The certificate.
        certificate: CertificateReport,
    },
    /// Certificates.
    Certificates {
        /// The certificates in the order of their ids.
        certificates: Vec<CertificateReport>,
    },
    /// One CA.
    Authority {
        /// The CA.
        authority: AuthorityReport,
    },
    /// CAs.
    Authorities {
        /// The CAs in the order of their ids.
        authorities: Vec<AuthorityReport>,
    },
    /// One policy.
    Policy {
        /// The policy.
        policy: PolicyReport,
    },
    /// Policies.
    Policies {
        /// The policies in the order of their names.
        policies: Vec<PolicyReport>,
    },
    /// A policy was deleted.
    PolicyDeleted {
        /// Its name.
        name: String,
    },
    /// A policy was attached or detached.
    Attached {
        /// Its name.
        policy: String,
        /// Whether it is attached now.
        attached: bool,
        /// The certificates.
        certificates: Vec<CertificateId>,
    },
    /// Why a device would be allowed or denied something.
    Explanation {
        /// Whether it would be allowed.
        allowed: bool,
        /// A line for the decision and one for each statement.
        text: String,
        /// What else keeps the device out.
        notes: Vec<String>,
    },
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OperationError {
    /// The service's exception.
    pub code: String,
    /// A sentence.
    pub message: String,
}

impl core::fmt::Display for OperationError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OperationError {}

impl From<RegistryError> for OperationError {
    fn from(error: RegistryError) -> Self {
        Self {
            code: error.kind().exception().to_owned(),
            message: error.to_string(),
        }
    }
}

impl From<crate::pki::PkiError> for OperationError {
    fn from(error: crate::pki::PkiError) -> Self {
        RegistryError::from(error).into()
    }
}

/// What stands in the line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Outcome {
    Done(Response),
    Refused(OperationError),
}
