#![no_main]
//! A PEM file of any bytes as CAs, lists, chain and key: read whole or refused, and what is refused is said in one line.

use libfuzzer_sys::fuzz_target;
use tls_auth::{Authorities, Credentials, Profile, RevocationLists, RevocationPolicy};

fuzz_target!(|data: &[u8]| {
    let count = |label: &[u8]| {
        data.windows(label.len())
            .filter(|window| *window == label)
            .count()
    };
    match Authorities::from_pem(data, &Profile::lenient()) {
        Ok(authorities) => assert!(authorities.iter().count() <= count(b"BEGIN CERTIFICATE")),
        Err(error) => assert!(!error.to_string().contains('\n')),
    }
    let policy = RevocationPolicy::default();
    if let Ok(lists) = RevocationLists::from_pem(data, &Profile::lenient(), policy) {
        assert!(lists.len() <= count(b"BEGIN X509 CRL"));
    }
    if let Ok(credentials) = Credentials::from_pem(data, data) {
        assert!(!format!("{credentials:?}").contains("PRIVATE"));
    }
});
