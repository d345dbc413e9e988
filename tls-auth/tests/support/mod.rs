//! A PKI made for the tests, and handshakes in memory.
#![allow(
    dead_code,
    unused_imports,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::result_large_err,
    reason = "each test file is a program of its own on std and uses a part"
)]

pub(crate) mod chain;
pub(crate) mod der;

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::{PrivateKeyDer, UnixTime};
use rustls::{ClientConnection, ServerConnection, SupportedProtocolVersion};
use tls_auth::{
    Attempt, Authorities, Authority, CertificateId, Credentials, DeviceConfig, MemoryRegistry,
    Owner, Profile, Record, Refusal, RevocationList, ServerAuth, ServerAuthBuilder, SessionStore,
    Status,
};

pub(crate) type Ca = CertifiedIssuer<'static, KeyPair>;

/// The clock of the tests.
pub(crate) fn now() -> UnixTime {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    UnixTime::since_unix_epoch(now)
}

pub(crate) fn later(days: u64) -> UnixTime {
    let seconds = now().as_secs() + days * 86_400;
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

pub(crate) fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Acme");
    name.push(DnType::CommonName, common_name);
    name
}

pub(crate) fn ca_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

pub(crate) fn device_params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

pub(crate) fn root(common_name: &str) -> Ca {
    Ca::self_signed(ca_params(common_name), KeyPair::generate().unwrap()).unwrap()
}

pub(crate) fn intermediate(common_name: &str, by: &Ca) -> Ca {
    Ca::signed_by(ca_params(common_name), KeyPair::generate().unwrap(), by).unwrap()
}

/// A certificate, its key, and the chain it is sent with.
pub(crate) struct Device {
    pub(crate) der: Vec<u8>,
    pub(crate) key: KeyPair,
    pub(crate) others: Vec<Vec<u8>>,
    /// The serial number, for revocation lists.
    pub(crate) serial: SerialNumber,
}

impl Device {
    pub(crate) fn new(params: CertificateParams, by: &Ca, others: &[&Ca]) -> Self {
        let serial = params
            .serial_number
            .clone()
            .unwrap_or_else(|| SerialNumber::from(4711));
        let mut params = params;
        params.serial_number = Some(serial.clone());
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, by).unwrap().der().to_vec();
        Self {
            der,
            key,
            others: others.iter().map(|ca| ca.der().to_vec()).collect(),
            serial,
        }
    }

    pub(crate) fn self_signed(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            der,
            key,
            others: Vec::new(),
            serial: SerialNumber::from(1),
        }
    }

    pub(crate) fn id(&self) -> CertificateId {
        CertificateId::of(&self.der)
    }

    pub(crate) fn credentials(&self) -> Credentials {
        let chain: Vec<&[u8]> = std::iter::once(&self.der)
            .chain(&self.others)
            .map(Vec::as_slice)
            .collect();
        Credentials::from_der(&chain, &self.key.serialize_der()).unwrap()
    }
}

/// Any policy, critical: webpki does not look for a path of such a certificate.
pub(crate) fn critical_policies() -> CustomExtension {
    let any = vec![0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1D, 0x20, 0];
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 32], any);
    extension.set_criticality(true);
    extension
}

/// Root, intermediate and one device.
pub(crate) struct Pki {
    pub(crate) root: Ca,
    pub(crate) intermediate: Ca,
    pub(crate) device: Device,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let root = root("root");
        let intermediate = intermediate("intermediate", &root);
        let device = Device::new(device_params("sensor-17"), &intermediate, &[&intermediate]);
        Self {
            root,
            intermediate,
            device,
        }
    }

    pub(crate) fn authority(&self) -> Authority {
        Authority::new(self.root.der(), &Profile::strict()).unwrap()
    }

    pub(crate) fn authorities(&self) -> Authorities {
        Authorities::new([self.authority()])
    }

    /// A list of the intermediate that revokes these.
    pub(crate) fn list(&self, number: u64, revoked: &[&SerialNumber]) -> RevocationList {
        list(&self.intermediate, number, revoked)
    }
}

pub(crate) fn list_params(
    number: u64,
    revoked: &[&SerialNumber],
) -> CertificateRevocationListParams {
    CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(2090, 1, 1),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: (*serial).clone(),
                revocation_time: date_time_ymd(2020, 1, 1),
                reason_code: None,
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
}

pub(crate) fn list(by: &Ca, number: u64, revoked: &[&SerialNumber]) -> RevocationList {
    let crl = list_params(number, revoked).signed_by(by).unwrap();
    RevocationList::new(crl.der(), &Profile::strict()).unwrap()
}

/// A server's certificate, and the CA that devices know it by.
pub(crate) struct Server {
    pub(crate) credentials: Credentials,
    pub(crate) ca: Vec<u8>,
}

impl Server {
    pub(crate) fn new(names: &[&str]) -> Self {
        let ca = root("servers");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &ca)
            .unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Self {
            credentials: Credentials::from_der(&[certificate.der()], key.secret_der()).unwrap(),
            ca: ca.der().to_vec(),
        }
    }

    pub(crate) fn builder(&self) -> ServerAuthBuilder {
        ServerAuth::builder(self.credentials.clone())
    }

    /// One that lets the devices of this PKI in.
    pub(crate) fn trusting(&self, pki: &Pki) -> ServerAuthBuilder {
        self.builder().with_authorities(pki.authorities())
    }
}

pub(crate) fn acme() -> Owner {
    Owner::new("acme")
}

/// A registry of one device under a CA.
pub(crate) fn registry(device: &Device, authority: Option<&Authority>) -> Arc<MemoryRegistry> {
    let registry = MemoryRegistry::new();
    let record = Record::new(Status::Active, acme());
    let record = match authority {
        Some(authority) => record.with_authority(authority.id()),
        None => record,
    };
    registry.insert(device.id(), &record).unwrap();
    Arc::new(registry)
}

pub(crate) fn sessions() -> SessionStore {
    SessionStore::new(64)
}

/// A device that keeps its sessions from one connection to the next.
pub(crate) fn device_config(device: &Device, server: &Server) -> DeviceConfig {
    device_config_of(device, server, rustls::ALL_VERSIONS)
}

pub(crate) fn device_config_of(
    device: &Device,
    server: &Server,
    versions: &[&'static SupportedProtocolVersion],
) -> DeviceConfig {
    DeviceConfig::builder(device.credentials())
        .with_server_ca(&server.ca)
        .unwrap()
        .with_versions(versions)
        .build()
        .unwrap()
}

/// Both ends of a handshake that ended.
pub(crate) struct Connected {
    pub(crate) client: ClientConnection,
    pub(crate) server: ServerConnection,
}

/// How a handshake failed on each side.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) server: Option<rustls::Error>,
    pub(crate) client: Option<rustls::Error>,
}

pub(crate) fn handshake(
    client: Arc<rustls::ClientConfig>,
    server: Arc<rustls::ServerConfig>,
    host: &str,
) -> Result<Connected, Failed> {
    let name = DeviceConfig::server_name(host).unwrap();
    let client = ClientConnection::new(client, name).unwrap();
    let server = ServerConnection::new(server).unwrap();
    run(client, server)
}

pub(crate) fn run(
    mut client: ClientConnection,
    mut server: ServerConnection,
) -> Result<Connected, Failed> {
    let mut failed = Failed {
        server: None,
        client: None,
    };
    for _ in 0..20 {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() && failed.server.is_none() {
            server.read_tls(&mut rest).unwrap();
            failed.server = server.process_new_packets().err();
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut rest = &bytes[..];
        while !rest.is_empty() && failed.client.is_none() {
            client.read_tls(&mut rest).unwrap();
            failed.client = client.process_new_packets().err();
        }
        if failed.server.is_some() || failed.client.is_some() {
            // What the failing side says still goes to the other.
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() && failed.server.is_none() {
                server.read_tls(&mut rest).unwrap();
                failed.server = server.process_new_packets().err();
            }
            return Err(failed);
        }
        if !client.wants_write() && !server.wants_write() {
            break;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(Connected { client, server })
}

/// A handshake with a server, and its end.
pub(crate) fn connect(
    auth: &ServerAuth,
    device: &DeviceConfig,
    host: &str,
    now: UnixTime,
) -> Result<tls_auth::Outcome, Refusal> {
    let attempt: Attempt<'_> = auth.attempt(&[]).unwrap();
    match handshake(device.config(), attempt.config(), host) {
        Ok(connected) => attempt.authenticate(&connected.server, now),
        Err(failed) => match attempt.refusal() {
            Some(refusal) => Err(refusal.clone()),
            None => Err(
                Refusal::from_rustls(&failed.server.expect("the server refuses"))
                    .expect("a refusal"),
            ),
        },
    }
}

/// The code of a refusal, or that there was none.
pub(crate) fn code<T>(result: &Result<T, Refusal>) -> &'static str {
    match result {
        Ok(_) => "accepted",
        Err(refusal) => refusal.kind().code(),
    }
}
