//! Certificates made for the bench, on P-256 throughout.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tls_auth::Credentials;

pub(super) type Ca = CertifiedIssuer<'static, KeyPair>;

pub(super) const HOST: &str = "broker.example";

pub(super) fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Acme");
    name.push(DnType::CommonName, common_name);
    name
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.use_authority_key_identifier_extension = true;
    params
}

pub(super) fn ca_params(common_name: &str) -> CertificateParams {
    let mut params = params(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(super) fn key() -> KeyPair {
    KeyPair::generate().expect("there is randomness")
}

pub(super) fn root(common_name: &str) -> Ca {
    Ca::self_signed(ca_params(common_name), key()).expect("the CA can be made")
}

/// A certificate with its chain, and its key as PKCS#8.
#[derive(Clone)]
pub(super) struct Holder {
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) key: Vec<u8>,
}

impl Holder {
    pub(super) fn credentials(&self) -> Credentials {
        let chain: Vec<&[u8]> = self.chain.iter().map(Vec::as_slice).collect();
        Credentials::from_der(&chain, &self.key).expect("the chain and the key are the bench's own")
    }
}

pub(super) struct Pki {
    pub(super) root: Ca,
    pub(super) server: Holder,
    pub(super) devices: Vec<Holder>,
}

impl Pki {
    /// Everybody under one intermediate, which is sent along.
    pub(super) fn new(devices: usize) -> Self {
        let root = root("root");
        let intermediate = Ca::signed_by(ca_params("intermediate"), key(), &root)
            .expect("the intermediate can be made");
        let holder = |mut params: CertificateParams| {
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            let key = key();
            let leaf = params
                .signed_by(&key, &intermediate)
                .expect("the certificate can be made");
            Holder {
                chain: vec![leaf.der().to_vec(), intermediate.der().to_vec()],
                key: key.serialize_der(),
            }
        };
        let mut server = params(HOST);
        server.subject_alt_names = CertificateParams::new(vec![HOST.to_owned()])
            .expect("the host is a name")
            .subject_alt_names;
        let server = holder(server);
        let devices = (0..devices)
            .map(|number| holder(params(&format!("sensor-{number}"))))
            .collect();
        Self {
            root,
            server,
            devices,
        }
    }
}
