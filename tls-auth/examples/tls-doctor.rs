//! Says what is wrong between a device and its server.
//!
//!     tls-doctor connect HOST:PORT CA.pem [CERT.pem KEY.pem] [ALPN]
//!     tls-doctor files CERT.pem CA.pem [CRL.pem]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program on std that talks to whoever started it"
)]

use std::error::Error;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use rustls::ClientConnection;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use tls_auth::{
    AttributeType, Authorities, Certificate, Credentials, DeviceConfig, PathVerifier, Profile,
    PublicKeyKind, Refusal, RevocationLists, RevocationPolicy,
};

type Result<T> = core::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: tls-doctor connect HOST:PORT CA.pem [CERT.pem KEY.pem] [ALPN]
       tls-doctor files CERT.pem CA.pem [CRL.pem]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let healthy = match words.as_slice() {
        ["connect", address, ca] => connect(address, ca, None, None),
        ["connect", address, ca, alpn] => connect(address, ca, None, Some(alpn)),
        ["connect", address, ca, cert, key] => connect(address, ca, Some((cert, key)), None),
        ["connect", address, ca, cert, key, alpn] => {
            connect(address, ca, Some((cert, key)), Some(alpn))
        }
        ["files", cert, ca] => files(cert, ca, None),
        ["files", cert, ca, crl] => files(cert, ca, Some(crl)),
        _ => Err(USAGE.into()),
    };
    match healthy {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn read(path: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("{path}: {error}").into())
}

fn perhaps(causes: &[&str]) {
    for cause in causes {
        println!("  perhaps {cause}");
    }
}

/// Connects, and explains what either side says.
fn connect(
    address: &str,
    ca: &str,
    credentials: Option<(&str, &str)>,
    alpn: Option<&str>,
) -> Result<bool> {
    let (host, _) = address
        .rsplit_once(':')
        .ok_or("the address has no port: HOST:PORT")?;
    let alpn: Vec<&[u8]> = alpn.iter().map(|name| name.as_bytes()).collect();
    let builder = match credentials {
        Some((cert, key)) => {
            let chain = read(cert)?;
            describe(&chain)?;
            match Credentials::from_pem(&chain, &read(key)?) {
                Ok(credentials) => DeviceConfig::builder(credentials),
                Err(error) => {
                    println!("WRONG  the device's files: {error}");
                    return Ok(false);
                }
            }
        }
        None => DeviceConfig::builder_without_certificate(),
    };
    let device = builder
        .with_server_cas_pem(&read(ca)?)?
        .with_alpn(&alpn)
        .build()?;
    let mut socket = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut connection = ClientConnection::new(device.config(), DeviceConfig::server_name(host)?)?;
    println!("connected to {address}");
    // In TLS 1.3 the server judges the device after the handshake has ended for the device: one more read tells.
    let mut talk = |connection: &mut ClientConnection| loop {
        let handshaking = connection.is_handshaking();
        match connection.complete_io(&mut socket) {
            Ok(_) if connection.is_handshaking() => {}
            Ok(_) if handshaking => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
    };
    match talk(&mut connection) {
        Ok(()) => {}
        // It waits for us to speak: it has nothing against us.
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
        Err(error) => {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
            let Some(inner) = inner else {
                println!("WRONG  the connection ended: {error}");
                perhaps(&[
                    "the server closes connections of devices that it does not know, without an alert",
                ]);
                return Ok(false);
            };
            let diagnosis = device.diagnose(inner);
            println!("WRONG  {diagnosis} [{}]", diagnosis.code());
            perhaps(diagnosis.usual_causes());
            return Ok(false);
        }
    }
    println!("OK     handshake done: {:?}", connection.protocol_version());
    if let Some(name) = connection.alpn_protocol() {
        println!("       protocol {}", String::from_utf8_lossy(name));
    }
    Ok(true)
}

/// Judges a device's chain as a server would that has this CA registered.
fn files(cert: &str, ca: &str, crl: Option<&str>) -> Result<bool> {
    let chain = read(cert)?;
    describe(&chain)?;
    let profile = Profile::strict();
    let authorities = match Authorities::from_pem(&read(ca)?, &profile) {
        Ok(authorities) => authorities,
        Err(error) => {
            println!("WRONG  {ca} cannot be registered: {error}");
            return Ok(false);
        }
    };
    for authority in authorities.iter() {
        let certificate = Certificate::parse(authority.der())?;
        println!("CA     {} [{}]", certificate.subject(), authority.id());
    }
    let mut verifier = PathVerifier::new(authorities);
    if let Some(crl) = crl {
        let policy = RevocationPolicy::default();
        let lists = match RevocationLists::from_pem(&read(crl)?, &profile, policy) {
            Ok(lists) => lists,
            Err(error) => {
                println!("WRONG  {crl} is no good: {error}");
                return Ok(false);
            }
        };
        verifier = verifier.with_revocation(lists);
    }
    let ders: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(&chain).collect::<core::result::Result<_, _>>()?;
    let Some((leaf, others)) = ders.split_first() else {
        return Err(format!("{cert}: no certificate").into());
    };
    let others: Vec<&[u8]> = others.iter().map(AsRef::as_ref).collect();
    match verifier.verify(leaf, &others, UnixTime::now()) {
        Ok(found) => {
            println!("OK     it leads to the CA {}", found.authority());
            Ok(true)
        }
        Err(refusal) => {
            wrong(&refusal);
            Ok(false)
        }
    }
}

fn wrong(refusal: &Refusal) {
    println!("WRONG  {refusal} [{}]", refusal.kind().code());
    perhaps(refusal.usual_causes());
}

/// Prints what a chain says of itself.
fn describe(pem: &[u8]) -> Result<()> {
    for (index, der) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let der = der?;
        let certificate = match Certificate::parse(&der) {
            Ok(certificate) => certificate,
            Err(refusal) => {
                wrong(&refusal);
                continue;
            }
        };
        let what = if index == 0 { "device" } else { "chain " };
        println!("{what} {}", certificate.subject());
        println!("       issued by {}", certificate.issuer());
        println!("       valid {}", certificate.validity());
        println!("       id {}", certificate.id());
        if let PublicKeyKind::Rsa { modulus_bits, .. } = certificate.public_key().kind() {
            println!("       RSA with {modulus_bits} bits");
        } else {
            println!("       key {:?}", certificate.public_key().kind());
        }
        if certificate
            .subject()
            .values(AttributeType::CommonName)
            .count()
            > 1
        {
            println!("       several common names: none of them can be what it is known by");
        }
    }
    Ok(())
}
