//! Answers as text for people.

use core::fmt::Write as _;

use crate::admin::{CertificateReport, PolicyReport, Response, ThingReport};
use crate::registry::CertificateId;

pub(super) fn text(response: &Response) -> String {
    match response {
        Response::ThingCreated {
            thing,
            folder,
            has_private_key,
        } => {
            let files = if *has_private_key {
                "certificate.pem, private.key, ca.pem"
            } else {
                "certificate.pem, ca.pem; the key is where the request was made"
            };
            let mut text = thing_text(&format!("created the thing `{}`", thing.name), thing);
            add(&mut text, format_args!("  files in {folder}: {files}"));
            add(
                &mut text,
                format_args!("  connect with the client id `{}`", thing.name),
            );
            text
        }
        Response::ThingDeleted {
            name,
            deleted,
            detached,
        } => {
            let mut text = format!("deleted the thing `{name}` and its files");
            for id in deleted {
                add(&mut text, format_args!("  deleted the certificate {id}"));
            }
            for id in detached {
                add(
                    &mut text,
                    format_args!("  detached the certificate {id}, which other things have too"),
                );
            }
            text
        }
        Response::Thing { thing } => thing_text(&thing.name, thing),
        Response::Things { things } => list("no things", things, |thing| {
            let certificates: Vec<String> = thing
                .certificates
                .iter()
                .map(|certificate| {
                    format!(
                        "{} {}",
                        short(&certificate.certificate_id),
                        certificate.status
                    )
                })
                .collect();
            format!(
                "{}  {}",
                thing.name,
                or(certificates.join(", "), "no certificate")
            )
        }),
        Response::Certificate { certificate } => certificate_text("", certificate),
        Response::Certificates { certificates } => {
            list("no certificates", certificates, |certificate| {
                format!(
                    "{}  {}  {}",
                    certificate.certificate_id,
                    certificate.status,
                    or(certificate.things.join(", "), &certificate.subject)
                )
            })
        }
        Response::Authority { authority } => format!(
            "{}  {}  {}",
            authority.certificate_id,
            active(authority.active),
            authority.subject
        ),
        Response::Authorities { authorities } => list("no CAs", authorities, |authority| {
            format!(
                "{}  {}  {}",
                authority.certificate_id,
                active(authority.active),
                authority.subject
            )
        }),
        Response::Policy { policy } => policy_text(policy),
        Response::Policies { policies } => list("no policies", policies, |policy| {
            format!("{}  {}", policy.name, attached_to(policy))
        }),
        Response::PolicyDeleted { name } => format!("deleted the policy `{name}`"),
        Response::Attached {
            policy,
            attached,
            certificates,
        } => {
            let done = if *attached {
                "attached to"
            } else {
                "detached from"
            };
            let ids: Vec<String> = certificates.iter().map(ToString::to_string).collect();
            format!("the policy `{policy}` is {done} {}", ids.join(", "))
        }
        Response::Explanation { text, notes, .. } => {
            let mut explained = text.trim_end().to_owned();
            for note in notes {
                add(&mut explained, format_args!("note: {note}"));
            }
            explained
        }
    }
}

fn thing_text(title: &str, thing: &ThingReport) -> String {
    let mut text = title.to_owned();
    for (name, value) in &thing.attributes {
        add(&mut text, format_args!("  {name} = {value}"));
    }
    for certificate in &thing.certificates {
        add(
            &mut text,
            format_args!("{}", certificate_text("  ", certificate)),
        );
    }
    if thing.certificates.is_empty() {
        add(&mut text, format_args!("  no certificate"));
    }
    text
}

fn certificate_text(indent: &str, certificate: &CertificateReport) -> String {
    let mut text = format!(
        "{indent}certificate {} {}",
        certificate.certificate_id, certificate.status
    );
    let signer = certificate.ca_certificate_id.map_or_else(
        || "no registered CA: trusted for itself".to_owned(),
        |id| format!("the CA {}", short(&id)),
    );
    let lines = [
        ("subject", certificate.subject.clone()),
        ("signed by", signer),
        ("things", or(certificate.things.join(", "), "none")),
        (
            "policies",
            or(certificate.policies.join(", "), "none: it may do nothing"),
        ),
    ];
    for (name, value) in lines {
        add(&mut text, format_args!("{indent}  {name}: {value}"));
    }
    text
}

fn policy_text(policy: &PolicyReport) -> String {
    let mut text = format!(
        "policy `{}`, version {}, {}",
        policy.name,
        policy.version,
        attached_to(policy)
    );
    for warning in &policy.warnings {
        add(&mut text, format_args!("note: {warning}"));
    }
    if let Some(document) = &policy.document {
        add(&mut text, format_args!("{}", document.trim_end()));
    }
    text
}

fn attached_to(policy: &PolicyReport) -> String {
    match policy.targets.as_slice() {
        [] => "not attached".to_owned(),
        [one] => format!("attached to {}", short(one)),
        several => format!("attached to {} certificates", several.len()),
    }
}

fn list<T>(none: &str, items: &[T], line: impl FnMut(&T) -> String) -> String {
    let lines: Vec<String> = items.iter().map(line).collect();
    or(lines.join("\n"), none)
}

fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() {
        otherwise.to_owned()
    } else {
        text
    }
}

/// Enough of an id for people, and for commands that take one.
fn short(id: &CertificateId) -> String {
    id.to_string().chars().take(12).collect()
}

const fn active(active: bool) -> &'static str {
    if active { "ACTIVE" } else { "INACTIVE" }
}

fn add(text: &mut String, line: core::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _infallible = write!(text, "\n{line}");
}
