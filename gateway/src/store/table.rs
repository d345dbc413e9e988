//! The tables by name.

use core::fmt;

/// A table of the store. Its name is part of the format on disk and never changes.
///
/// ```
/// use thingwire::store::Table;
///
/// assert_eq!(Table::CertificateAuthority.name(), "certificate_authority");
/// assert!(Table::ALL.contains(&Table::Shadow));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Table {
    /// What the store says about itself.
    Meta,
    /// Sessions of clients by client id.
    Session,
    /// Subscriptions of sessions.
    Subscription,
    /// Messages that a queue refers to.
    Message,
    /// What waits for a session, or is on its way to it.
    Queue,
    /// Packet identifiers of QoS 2 messages received and not yet released.
    Incoming,
    /// Retained messages by topic.
    Retained,
    /// Shadow documents by thing and shadow name.
    Shadow,
    /// Things by name.
    Thing,
    /// Device certificates by certificate id.
    Certificate,
    /// Authorities that sign device certificates, by certificate id.
    CertificateAuthority,
    /// Policies by name.
    Policy,
    /// Which policies and things a certificate is attached to, both ways round.
    Attachment,
    /// Access keys for signed requests.
    Credential,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 14] = [
        Self::Meta,
        Self::Session,
        Self::Subscription,
        Self::Message,
        Self::Queue,
        Self::Incoming,
        Self::Retained,
        Self::Shadow,
        Self::Thing,
        Self::Certificate,
        Self::CertificateAuthority,
        Self::Policy,
        Self::Attachment,
        Self::Credential,
    ];

    /// The name on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Session => "session",
            Self::Subscription => "subscription",
            Self::Message => "message",
            Self::Queue => "queue",
            Self::Incoming => "incoming",
            Self::Retained => "retained",
            Self::Shadow => "shadow",
            Self::Thing => "thing",
            Self::Certificate => "certificate",
            Self::CertificateAuthority => "certificate_authority",
            Self::Policy => "policy",
            Self::Attachment => "attachment",
            Self::Credential => "credential",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Table;
    use std::collections::HashSet;

    #[test]
    fn all_holds_each_table_once_in_order() {
        assert!(Table::ALL.is_sorted());
        let names: HashSet<_> = Table::ALL.iter().map(|table| table.name()).collect();
        assert_eq!(names.len(), Table::ALL.len());
    }
}
