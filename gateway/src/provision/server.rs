//! The server's own certificate: made at the first start, and again when it no longer does.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use super::folder::{Readers, read, write};
use super::{DataFolder, ProvisionError};
use crate::pki::{DevelopmentAuthority, ParsedCertificate, certificates_of_pem, is_signed_by};

/// How long before its end a certificate is replaced.
const MARGIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// More addresses than this are not put into one certificate.
const MOST_ADDRESSES: usize = 64;

/// What clients may call the server by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) dns: BTreeSet<String>,
    pub(crate) addresses: BTreeSet<IpAddr>,
}

impl Names {
    /// `localhost`, the loopback addresses, the machine's name and addresses, and those of the configuration.
    pub(crate) fn of_this_machine(further: &[String]) -> Self {
        let mut names = Self::default();
        names.dns.insert("localhost".to_owned());
        names.addresses.insert(Ipv4Addr::LOCALHOST.into());
        names.addresses.insert(Ipv6Addr::LOCALHOST.into());
        for name in further {
            names.add(name);
        }
        let host = rustix::system::uname();
        names.add(&host.nodename().to_string_lossy());
        // A machine without interfaces, or one that does not tell them, has its loopback still.
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        for interface in interfaces {
            if names.addresses.len() < MOST_ADDRESSES && !is_link_local(interface.ip()) {
                names.addresses.insert(interface.ip());
            }
        }
        names
    }

    fn add(&mut self, name: &str) {
        if let Ok(address) = name.parse() {
            self.addresses.insert(address);
        } else if is_dns_name(name) {
            self.dns.insert(name.to_ascii_lowercase());
        }
    }

    fn are_in(&self, certificate: &ParsedCertificate) -> bool {
        self.dns
            .iter()
            .all(|name| certificate.dns_names.contains(name))
            && self
                .addresses
                .iter()
                .all(|address| certificate.addresses.contains(address))
    }
}

/// Only good with a zone, which certificates do not have.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Makes sure of a server certificate for these names; true when a new one was made.
pub(super) fn ensure(
    data: &DataFolder,
    authority: Option<&DevelopmentAuthority>,
    names: &Names,
    now: SystemTime,
) -> Result<bool, ProvisionError> {
    let lacking = lacking(data, authority, names, now)?;
    let Some(reason) = lacking else {
        return Ok(false);
    };
    let Some(authority) = authority else {
        let place = data.authority_key();
        if data.server().exists() && data.server_key().exists() {
            tracing::warn!(
                "{reason}, and cannot be renewed: {} is not there",
                place.display()
            );
            return Ok(false);
        }
        return Err(ProvisionError::new(format!(
            "{reason}, and cannot be made: {} is not there; restore it",
            place.display()
        )));
    };
    let dns: Vec<String> = names.dns.iter().cloned().collect();
    let addresses: Vec<IpAddr> = names.addresses.iter().copied().collect();
    let issued = authority.issue_server(&dns, &addresses, now)?;
    tracing::debug!("{reason}; made a new one");
    // A crash between the two leaves a pair that does not belong together, which the next start finds.
    write(
        &data.server_key(),
        issued.private_key_pem.as_bytes(),
        Readers::Owner,
    )?;
    write(
        &data.server(),
        issued.certificate.pem().as_bytes(),
        Readers::Everyone,
    )?;
    Ok(true)
}

/// What is wrong with the certificate that is there.
fn lacking(
    data: &DataFolder,
    authority: Option<&DevelopmentAuthority>,
    names: &Names,
    now: SystemTime,
) -> Result<Option<&'static str>, ProvisionError> {
    let (Some(pem), Some(key)) = (read(&data.server())?, read(&data.server_key())?) else {
        return Ok(Some("the server's certificate is missing"));
    };
    let Ok(der) = certificates_of_pem(&pem).map(|found| found.into_iter().next()) else {
        return Ok(Some("the server's certificate cannot be read"));
    };
    let der = der.unwrap_or_default();
    let Ok(certificate) = ParsedCertificate::parse(&der) else {
        return Ok(Some("the server's certificate cannot be read"));
    };
    if !DevelopmentAuthority::is_key_of(&key, &certificate) {
        return Ok(Some(
            "the server's certificate and key do not belong together",
        ));
    }
    if let Some(authority) = authority
        && !is_signed_by(&der, authority.certificate())?
    {
        return Ok(Some("the server's certificate is of another CA"));
    }
    let soon = now.checked_add(MARGIN).unwrap_or(now);
    if !certificate.is_valid_at(now) || !certificate.is_valid_at(soon) {
        return Ok(Some("the server's certificate is near its end"));
    }
    if !names.are_in(&certificate) {
        return Ok(Some(
            "the server's certificate lacks an address or name of this machine",
        ));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        _folder: tempfile::TempDir,
        data: DataFolder,
        authority: DevelopmentAuthority,
    }

    fn fixture() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        Fixture {
            data: DataFolder::new(folder.path()),
            _folder: folder,
            authority: DevelopmentAuthority::generate(SystemTime::now()).unwrap().0,
        }
    }

    fn names(further: &[&str]) -> Names {
        let further: Vec<String> = further.iter().copied().map(str::to_owned).collect();
        Names::of_this_machine(&further)
    }

    impl Fixture {
        fn ensure(&self, names: &Names, now: SystemTime) -> bool {
            ensure(&self.data, Some(&self.authority), names, now).unwrap()
        }
    }

    #[test]
    fn a_certificate_is_made_once_for_as_long_as_it_does() {
        let at = fixture();
        let now = SystemTime::now();
        let here = names(&["gateway.example", "192.0.2.7"]);
        assert!(at.ensure(&here, now));
        assert!(!at.ensure(&here, now));
        // Fewer names are all in it; one more is not.
        assert!(!at.ensure(&names(&[]), now));
        assert!(at.ensure(&names(&["192.0.2.8"]), now));
        // Near its end, and after a clock was set back.
        assert!(at.ensure(&here, now + Duration::from_secs(370 * 24 * 60 * 60)));
        assert!(at.ensure(&here, now));
    }

    #[test]
    fn a_pair_that_does_not_belong_together_is_made_anew() {
        let at = fixture();
        let now = SystemTime::now();
        let here = names(&[]);
        at.ensure(&here, now);
        let old_key = read(&at.data.server_key()).unwrap().unwrap();
        std::fs::remove_file(at.data.server()).unwrap();
        at.ensure(&here, now);
        write(&at.data.server_key(), old_key.as_bytes(), Readers::Owner).unwrap();
        assert!(at.ensure(&here, now));
        std::fs::write(at.data.server(), "rubbish").unwrap();
        assert!(at.ensure(&here, now));
    }

    #[test]
    fn without_the_key_of_the_ca_what_is_there_is_kept() {
        let at = fixture();
        let now = SystemTime::now();
        at.ensure(&names(&[]), now);
        let more = names(&["192.0.2.8"]);
        assert!(!ensure(&at.data, None, &more, now).unwrap());
        std::fs::remove_file(at.data.server()).unwrap();
        let error = ensure(&at.data, None, &more, now).unwrap_err();
        assert!(error.to_string().contains("ca.key is not there"), "{error}");
    }

    #[test]
    fn names_that_are_none_are_left_out() {
        let here = names(&["under_score", "-a", "a..b", "Mixed.Example", "", "a b"]);
        assert!(here.dns.contains("mixed.example"));
        assert!(here.dns.contains("localhost"));
        assert!(here.dns.len() <= 3, "{here:?}");
    }
}
