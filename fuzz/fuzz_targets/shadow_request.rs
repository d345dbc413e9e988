//! Any bytes as a request: an answer that is JSON, or a rejection that leaves the shadow alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};

fuzz_target!(|payload: &[u8]| {
    let address = ShadowAddress::classic(ThingName::try_from("t").unwrap());
    let json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).unwrap();
    let mut shadow = Shadow::default();
    for operation in [
        Operation::Update,
        Operation::Get,
        Operation::Update,
        Operation::Delete,
    ] {
        let before = shadow.to_bytes();
        let request = Request::new(&address, operation, payload);
        match Service::default().apply(&mut shadow, &request, EpochSeconds::from(9_u32)) {
            Ok(accepted) => {
                json(accepted.response());
                accepted.delta().map(json);
                accepted.to_documents().as_deref().map(json);
            }
            Err(rejection) => {
                json(&rejection.to_payload());
                assert_eq!(shadow.to_bytes(), before);
            }
        }
    }
});
