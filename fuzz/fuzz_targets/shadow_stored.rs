//! Any bytes as a stored shadow: an error, or a shadow that is stored as the same bytes and can be worked with.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};

fuzz_target!(|data: &[u8]| {
    // The checksum would stop nearly everything: what is behind it is fuzzed with a fitting one.
    let mut stored = [b"TWS\x01", data].concat();
    stored.extend(crc32fast::hash(&stored).to_le_bytes());
    for bytes in [data, &stored] {
        let Ok(mut shadow) = Shadow::from_bytes(bytes) else {
            continue;
        };
        assert_eq!(shadow.to_bytes(), bytes);
        let address = ShadowAddress::classic(ThingName::try_from("t").unwrap());
        let update = Request::new(
            &address,
            Operation::Update,
            br#"{"state":{"desired":{"a":{"b":1}}}}"#,
        );
        if let Ok(accepted) =
            Service::default().apply(&mut shadow, &update, EpochSeconds::from(9_u32))
        {
            serde_json::from_slice::<serde_json::Value>(&accepted.to_documents().unwrap()).unwrap();
        }
        assert_eq!(Shadow::from_bytes(&shadow.to_bytes()).unwrap(), shadow);
    }
});
