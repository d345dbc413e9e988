#![no_main]
//! A Certificate message: certificates of any bytes, or signed by the CA. Nobody panics, the same answer comes twice, and what is accepted
//! can be read and leads to the CA.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::tls::{now, pki, signed, to_sign};
use tls_auth::Certificate;

fuzz_target!(|data: &[u8]| {
    let Some((mode, data)) = data.split_first() else {
        return;
    };
    let leaf = match (mode % 2, to_sign(data)) {
        (1, Some(to_sign)) => signed(to_sign),
        _ => data.to_vec(),
    };
    let others: Vec<&[u8]> = data.chunks(data.len().div_ceil(3).max(1)).collect();
    let result = pki().verifier.verify(&leaf, &others, now());
    assert_eq!(
        result.as_ref().map(|chain| chain.authority()).ok(),
        pki()
            .verifier
            .verify(&leaf, &others, now())
            .map(|chain| chain.authority())
            .ok()
    );
    match result {
        Ok(_) => {
            let certificate = Certificate::parse(&leaf).expect("it was accepted");
            assert!(certificate.validity().contains(now()) && !certificate.is_ca());
        }
        Err(refusal) => assert!(!refusal.to_string().contains('\n')),
    }
});
