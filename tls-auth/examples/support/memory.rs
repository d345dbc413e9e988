// A CA, a server and a device made on the spot, and handshakes without a socket: for `in-memory.rs` and the examples of the documentation.

use std::error::Error;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::{ClientConnection, ConnectionCommon, ServerConfig, ServerConnection};
use tls_auth::{Authority, CertificateId, Credentials, DeviceConfig, Profile};

/// Everybody who takes part.
pub(crate) struct Plant {
    /// The CA of the devices and of the server.
    pub(crate) authority: Authority,
    /// Of `broker.example`.
    pub(crate) server: Credentials,
    /// `sensor-17`, who trusts the CA.
    pub(crate) device: DeviceConfig,
    /// Its certificate.
    pub(crate) device_id: CertificateId,
}

/// Makes everybody.
pub(crate) fn plant() -> Result<Plant, Box<dyn Error>> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "plant CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;

    let credentials = |mut params: CertificateParams, name: &str| -> Result<_, Box<dyn Error>> {
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &ca)?;
        Ok(Credentials::from_der(
            &[certificate.der()],
            &key.serialize_der(),
        )?)
    };
    let host = "broker.example";
    let server = credentials(CertificateParams::new([host.to_owned()])?, host)?;
    let device = credentials(CertificateParams::default(), "sensor-17")?;
    let device_id = device.certificates().map(CertificateId::of).next();
    Ok(Plant {
        authority: Authority::new(ca.der(), &Profile::strict())?,
        server,
        device: DeviceConfig::builder(device)
            .with_server_ca(ca.der())?
            .build()?,
        device_id: device_id.ok_or("there is a certificate")?,
    })
}

/// A handshake in memory, whatever follows it included; the server's end of it.
pub(crate) fn handshake(
    device: &DeviceConfig,
    config: Arc<ServerConfig>,
) -> Result<ServerConnection, Box<dyn Error>> {
    let name = DeviceConfig::server_name("broker.example")?;
    let mut client = ClientConnection::new(device.config(), name)?;
    let mut server = ServerConnection::new(config)?;
    while client.wants_write() || server.wants_write() {
        carry(&mut client, &mut server)?;
        carry(&mut server, &mut client)?;
    }
    Ok(server)
}

/// Everything that one end has to say, to the other.
fn carry<A, B>(
    from: &mut ConnectionCommon<A>,
    to: &mut ConnectionCommon<B>,
) -> Result<(), Box<dyn Error>> {
    let mut wire = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut wire)?;
    }
    let mut rest = wire.as_slice();
    while !rest.is_empty() {
        to.read_tls(&mut rest)?;
        to.process_new_packets()?;
    }
    Ok(())
}
