//! A PKI whose keys sign whatever the fuzzer makes, so that what is read is also believed.

use std::sync::OnceLock;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SerialNumber, SigningKey as _,
};
use rustls_pki_types::UnixTime;
use tls_auth::{Authorities, Authority, PathVerifier, Profile};

pub struct Pki {
    pub ca: CertifiedIssuer<'static, KeyPair>,
    /// A certificate with the serial number 4711.
    pub device: Vec<u8>,
    pub verifier: PathVerifier,
}

/// Made once in a run.
pub fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("there is randomness");
        let ca = CertifiedIssuer::self_signed(params, key).expect("the CA can be made");
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "sensor-17");
        params.serial_number = Some(SerialNumber::from(4711));
        let key = KeyPair::generate().expect("there is randomness");
        let device = params.signed_by(&key, &ca).expect("it can be made");
        let authority = Authority::new(ca.der(), &Profile::strict()).expect("it is a CA");
        Pki {
            verifier: PathVerifier::new(Authorities::new([authority])),
            device: device.der().to_vec(),
            ca,
        }
    })
}

/// 2026-06-01
pub fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_780_272_000))
}

fn wrap(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let mut head = match contents.len() {
        0..=0x7F => vec![tag, length[7]],
        0x80..=0xFF => vec![tag, 0x81, length[7]],
        _ => vec![tag, 0x82, length[6], length[7]],
    };
    head.extend_from_slice(contents);
    head
}

/// `to_sign` with the signature of the CA.
pub fn signed(to_sign: &[u8]) -> Vec<u8> {
    // ecdsa-with-SHA256
    const ALGORITHM: [u8; 12] = [0x30, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 3, 2];
    let signature = pki().ca.key().sign(to_sign).expect("P-256 signs anything");
    let signature = wrap(0x03, &[&[0], &signature[..]].concat());
    wrap(0x30, &[to_sign, &ALGORITHM, &signature].concat())
}

/// The first value inside a DER value: of a certificate or list, what is signed.
pub fn to_sign(der: &[u8]) -> Option<&[u8]> {
    let length = |der: &[u8]| -> Option<(usize, usize)> {
        match *der.get(1..4)? {
            [short @ 0..=0x7F, ..] => Some((2, usize::from(short))),
            [0x81, length, _] => Some((3, usize::from(length))),
            [0x82, high, low] => Some((4, usize::from(u16::from_be_bytes([high, low])))),
            _ => None,
        }
    };
    let inner = der.get(length(der)?.0..)?;
    let (head, contents) = length(inner)?;
    inner.get(..head + contents)
}
