//! The operations on things, certificates, CAs, policies and access keys.
//!
//! Policy: each test has a store of its own in memory, and says its expectation in the service's words: statuses,
//! conflicts, what a deletion takes with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::time::SystemTime;

use thingwire::pki::DevelopmentAuthority;
use thingwire::registry::{
    AccessKey, CertificateId, CertificateStatus, Change, NewThing, PolicyName, Registry,
    RegistryErrorKind, Target, ThingName,
};
use thingwire::store::{Batch, MemoryStore, Store, StoreError, Table};

const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;

struct Fixture {
    registry: Registry,
    ca: DevelopmentAuthority,
}

fn fixture() -> Fixture {
    let registry = Registry::open(Arc::new(MemoryStore::new())).unwrap();
    let (ca, _) = DevelopmentAuthority::generate(SystemTime::now()).unwrap();
    registry
        .register_authority(ca.certificate(), false)
        .unwrap();
    registry.put_policy(&policy("allow"), ALLOW).unwrap();
    Fixture { registry, ca }
}

impl Fixture {
    fn der(&self) -> Vec<u8> {
        let device = self.ca.issue_device("device", SystemTime::now()).unwrap();
        device.certificate.der
    }

    fn create(&self, name: &str) -> CertificateId {
        let (_, certificate) = self
            .registry
            .create_thing_with_certificate(
                &NewThing::new(thing(name)),
                &self.der(),
                &[policy("allow")],
            )
            .unwrap();
        certificate.certificate_id
    }
}

fn thing(name: &str) -> ThingName {
    ThingName::new(name).unwrap()
}

fn policy(name: &str) -> PolicyName {
    PolicyName::new(name).unwrap()
}

#[test]
fn a_missing_policy_leaves_nothing_behind() {
    let at = fixture();
    let der = at.der();
    let missing = at
        .registry
        .create_thing_with_certificate(
            &NewThing::new(thing("pump")),
            &der,
            &[policy("allow"), policy("missing")],
        )
        .unwrap_err();
    assert_eq!(missing.kind(), RegistryErrorKind::NotFound);
    assert_eq!(missing.to_string(), "there is no policy `missing`");
    assert!(at.registry.thing(&thing("pump")).is_err());
    assert!(at.registry.certificate(&CertificateId::of(&der)).is_err());
}

#[test]
fn things_are_listed_in_pages() {
    let at = fixture();
    for name in ["c", "a", "b"] {
        at.registry
            .create_thing(&NewThing::new(thing(name)))
            .unwrap();
    }
    let names = |after: Option<&ThingName>, limit| -> Vec<String> {
        let page = at.registry.things(after, limit).unwrap();
        page.into_iter().map(|thing| thing.thing_name).collect()
    };
    assert_eq!(names(None, 2), ["a", "b"]);
    assert_eq!(names(Some(&thing("b")), 2), ["c"]);
}

#[test]
fn creating_the_same_thing_again_is_no_error_and_another_is() {
    let at = fixture();
    let new = NewThing::new(thing("pump"))
        .with_attribute("site", "3")
        .unwrap();
    let first = at.registry.create_thing(&new).unwrap();
    assert_eq!(at.registry.create_thing(&new).unwrap(), first);
    let other = NewThing::new(thing("pump"));
    let error = at.registry.create_thing(&other).unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::AlreadyExists);
}

#[test]
fn a_certificate_is_found_with_the_ca_that_signed_it() {
    let at = fixture();
    let der = at.der();
    let registered = at
        .registry
        .register_certificate(&der, &[], CertificateStatus::Inactive)
        .unwrap();
    assert_eq!(registered.certificate_id, CertificateId::of(&der));
    assert_eq!(
        registered.ca_certificate_id,
        Some(CertificateId::of(at.ca.certificate()))
    );
    let again = at
        .registry
        .register_certificate(&der, &[], CertificateStatus::Active)
        .unwrap_err();
    assert_eq!(again.kind(), RegistryErrorKind::AlreadyExists);
    // Another CA's, not registered here: trusted for itself alone.
    let (other, _) = DevelopmentAuthority::generate(SystemTime::now()).unwrap();
    let foreign = other.issue_device("x", SystemTime::now()).unwrap();
    let registered = at
        .registry
        .register_certificate(&foreign.certificate.der, &[], CertificateStatus::Active)
        .unwrap();
    assert_eq!(registered.ca_certificate_id, None);
}

#[test]
fn what_is_no_device_certificate_is_refused() {
    let at = fixture();
    let register = |der: &[u8]| {
        at.registry
            .register_certificate(der, &[], CertificateStatus::Active)
            .unwrap_err()
    };
    let ca = register(at.ca.certificate());
    assert_eq!(ca.kind(), RegistryErrorKind::CertificateValidation);
    assert!(ca.to_string().contains("`ca register`"), "{ca}");
    let mut forged = at.der();
    *forged.last_mut().unwrap() ^= 1;
    let forged = register(&forged);
    assert!(
        forged
            .to_string()
            .contains("a signature on the path is wrong"),
        "{forged}"
    );
    let mut trailing = at.der();
    trailing.push(0);
    assert_eq!(
        register(&trailing).kind(),
        RegistryErrorKind::CertificateValidation
    );
    assert_eq!(
        register(b"").kind(),
        RegistryErrorKind::CertificateValidation
    );
    let device = at
        .registry
        .register_authority(&at.der(), false)
        .unwrap_err();
    assert!(
        device.to_string().contains("`certificate register`"),
        "{device}"
    );
}

#[test]
fn statuses_go_where_the_service_lets_them() {
    use CertificateStatus as Status;
    let at = fixture();
    let id = at.create("pump");
    let set = |status| {
        at.registry
            .set_certificate_status(&id, status)
            .map(|certificate| certificate.status)
            .map_err(|error| error.kind())
    };
    assert_eq!(set(Status::Inactive), Ok(Status::Inactive));
    assert_eq!(set(Status::Active), Ok(Status::Active));
    assert_eq!(
        set(Status::PendingTransfer),
        Err(RegistryErrorKind::Invalid)
    );
    assert_eq!(
        set(Status::PendingActivation),
        Err(RegistryErrorKind::Invalid)
    );
    assert_eq!(set(Status::Revoked), Ok(Status::Revoked));
    assert_eq!(set(Status::Revoked), Ok(Status::Revoked));
    for status in [Status::Active, Status::Inactive, Status::RegisterInactive] {
        assert_eq!(set(status), Err(RegistryErrorKind::CertificateState));
    }
}

#[test]
fn deletions_refuse_what_is_in_use() {
    let at = fixture();
    let id = at.create("pump");
    let registry = &at.registry;
    let active = registry.delete_certificate(&id, true).unwrap_err();
    assert_eq!(active.kind(), RegistryErrorKind::CertificateState);
    registry
        .set_certificate_status(&id, CertificateStatus::Revoked)
        .unwrap();
    let attached = registry.delete_certificate(&id, true).unwrap_err();
    assert_eq!(attached.kind(), RegistryErrorKind::DeleteConflict);
    let thing_in_use = registry.delete_thing(&thing("pump")).unwrap_err();
    assert_eq!(thing_in_use.kind(), RegistryErrorKind::DeleteConflict);
    let policy_in_use = registry.delete_policy(&policy("allow")).unwrap_err();
    assert_eq!(policy_in_use.kind(), RegistryErrorKind::DeleteConflict);

    registry.detach_thing(&thing("pump"), &id).unwrap();
    let has_policy = registry.delete_certificate(&id, false).unwrap_err();
    assert_eq!(has_policy.kind(), RegistryErrorKind::DeleteConflict);
    registry.delete_certificate(&id, true).unwrap();
    registry.delete_thing(&thing("pump")).unwrap();
    registry.delete_policy(&policy("allow")).unwrap();
    assert!(registry.certificate(&id).is_err());
}

#[test]
fn retiring_a_thing_takes_its_own_certificates_with_it() {
    let at = fixture();
    let own = at.create("pump");
    let shared = at.create("valve");
    at.registry.attach_thing(&thing("pump"), &shared).unwrap();
    let retired = at.registry.retire_thing(&thing("pump")).unwrap();
    assert_eq!(
        (retired.deleted, retired.detached),
        (vec![own], vec![shared])
    );
    assert!(at.registry.certificate(&own).is_err());
    assert_eq!(at.registry.things_of(&shared).unwrap().len(), 1);
    assert_eq!(
        at.registry.targets_of_policy(&policy("allow")).unwrap(),
        [shared]
    );
}

#[test]
fn policies_are_attached_to_certificates_and_things() {
    let at = fixture();
    let id = at.create("pump");
    let registry = &at.registry;
    registry.put_policy(&policy("more"), ALLOW).unwrap();
    let to_thing = Target::Thing(thing("pump"));
    assert_eq!(
        registry.attach_policy(&policy("more"), &to_thing).unwrap(),
        [id]
    );
    let names: Vec<_> = registry
        .policies_of(&id)
        .unwrap()
        .into_iter()
        .map(|policy| policy.policy_name)
        .collect();
    assert_eq!(names, ["allow", "more"]);
    registry
        .detach_policy(&policy("allow"), &Target::Certificate(id))
        .unwrap();
    assert_eq!(registry.policies_of(&id).unwrap().len(), 1);
    assert!(
        registry
            .targets_of_policy(&policy("allow"))
            .unwrap()
            .is_empty()
    );
    registry
        .create_thing(&NewThing::new(thing("bare")))
        .unwrap();
    let bare = registry.attach_policy(&policy("more"), &Target::Thing(thing("bare")));
    assert_eq!(bare.unwrap_err().kind(), RegistryErrorKind::NotFound);
    // One name a prefix of another: neither has the other's.
    let id2 = at.create("pump2");
    registry.put_policy(&policy("mor"), ALLOW).unwrap();
    registry
        .attach_policy(&policy("mor"), &Target::Certificate(id2))
        .unwrap();
    assert_eq!(registry.targets_of_policy(&policy("more")).unwrap(), [id]);
    assert_eq!(
        registry
            .certificates_of_thing(&thing("pump"))
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_policy_gets_a_version_for_each_other_document() {
    let at = fixture();
    assert_eq!(at.registry.policy(&policy("allow")).unwrap().version, 1);
    assert_eq!(
        at.registry
            .put_policy(&policy("allow"), ALLOW)
            .unwrap()
            .version,
        1
    );
    let other = ALLOW.replace("Connect", "Publish");
    assert_eq!(
        at.registry
            .put_policy(&policy("allow"), &other)
            .unwrap()
            .version,
        2
    );
    let error = at.registry.put_policy(&policy("allow"), "[]").unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::MalformedPolicy);
    assert_eq!(
        at.registry.policy(&policy("allow")).unwrap().document,
        other
    );
}

#[test]
fn changes_are_told_once_they_are_readable() {
    let at = fixture();
    let mut changes = at.registry.subscribe_changes();
    let id = at.create("pump");
    let mut told = || -> Vec<Change> { std::iter::from_fn(|| changes.try_recv().ok()).collect() };
    assert_eq!(
        told(),
        [Change::Thing(thing("pump")), Change::Certificate(id)]
    );
    at.registry
        .set_certificate_status(&id, CertificateStatus::Inactive)
        .unwrap();
    assert_eq!(told(), [Change::Certificate(id)]);
    at.registry
        .set_certificate_status(&id, CertificateStatus::Inactive)
        .unwrap();
    assert_eq!(told(), [], "nothing changed");
    at.registry.put_policy(&policy("allow"), "[]").unwrap_err();
    let other = ALLOW.replace("Connect", "Publish");
    at.registry.put_policy(&policy("allow"), &other).unwrap();
    assert_eq!(told(), [Change::Policy(policy("allow"))]);
    at.registry
        .set_authority_active(&CertificateId::of(at.ca.certificate()), false)
        .unwrap();
    assert_eq!(
        told(),
        [Change::Authority(CertificateId::of(at.ca.certificate()))]
    );
}

#[test]
fn access_keys_are_kept_and_told_apart() {
    let at = fixture();
    let key = AccessKey::generate().unwrap();
    at.registry.add_access_key(&key).unwrap();
    at.registry.add_access_key(&key).unwrap();
    assert_eq!(
        at.registry.access_key(&key.access_key_id).unwrap(),
        Some(key.clone())
    );
    assert_eq!(at.registry.access_key("AKIANOBODY").unwrap(), None);
    let mut other = AccessKey::generate().unwrap();
    other.access_key_id.clone_from(&key.access_key_id);
    let error = at.registry.add_access_key(&other).unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::AlreadyExists);
    at.registry.delete_access_key(&key.access_key_id).unwrap();
    assert_eq!(at.registry.access_key(&key.access_key_id).unwrap(), None);
}

/// A store whose commits fail but may have happened, as a journal's can when the disk is full.
struct Uncertain(MemoryStore);

impl Store for Uncertain {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<bytes::Bytes>, StoreError> {
        self.0.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<thingwire::store::Entry>, StoreError> {
        self.0.scan(table, prefix, after, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.0.commit(batch)?;
        Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into())
    }
}

#[test]
fn a_change_that_may_have_happened_is_told() {
    let registry = Registry::open(Arc::new(Uncertain(MemoryStore::new()))).unwrap();
    let mut changes = registry.subscribe_changes();
    let error = registry
        .create_thing(&NewThing::new(thing("pump")))
        .unwrap_err();
    assert_eq!(error.kind(), RegistryErrorKind::Unavailable);
    assert!(
        error.to_string().contains("Make room on the disk"),
        "{error}"
    );
    assert_eq!(changes.try_recv().unwrap(), Change::Thing(thing("pump")));
}
