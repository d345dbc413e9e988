//! Policy: stored bytes are either the shadow that was stored or an error.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::string_slice,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod support;

use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, StoredErrorKind};
use support::address;

fn shadow() -> Shadow {
    let payload = br#"{"state":{"desired":{"a":{"b":[1,{"c":true}]},"d":"\u00e9\n"},"reported":{"a":{},"e":0.1}}}"#;
    let address = address();
    let mut shadow = Shadow::default();
    let request = Request::new(&address, Operation::Update, payload);
    Service::default()
        .apply(&mut shadow, &request, EpochSeconds::from(1_700_000_000_u32))
        .unwrap();
    shadow
}

fn tombstone() -> Shadow {
    let mut shadow = shadow();
    let address = address();
    let request = Request::new(&address, Operation::Delete, b"");
    Service::default()
        .apply(&mut shadow, &request, EpochSeconds::from(1_700_000_001_u32))
        .unwrap();
    shadow
}

#[test]
fn what_is_stored_comes_back() {
    for shadow in [shadow(), tombstone(), Shadow::default()] {
        let bytes = shadow.to_bytes();
        let again = Shadow::from_bytes(&bytes).unwrap();
        assert_eq!(again, shadow);
        assert_eq!(again.to_bytes(), bytes);
    }
    assert_eq!(Shadow::default().to_bytes(), b"");
}

#[test]
fn every_truncation_is_an_error() {
    for shadow in [shadow(), tombstone()] {
        let bytes = shadow.to_bytes();
        for length in 1..bytes.len() {
            assert!(
                Shadow::from_bytes(&bytes[..length]).is_err(),
                "{length} bytes"
            );
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Shadow::from_bytes(&longer).is_err());
    }
}

#[test]
fn every_flipped_bit_and_every_changed_byte_is_an_error() {
    for shadow in [shadow(), tombstone()] {
        let bytes = shadow.to_bytes();
        for at in 0..bytes.len() {
            for change in 1..=255 {
                let mut bytes = bytes.clone();
                bytes[at] ^= change;
                assert!(
                    Shadow::from_bytes(&bytes).is_err(),
                    "byte {at} ^ {change:02x}"
                );
            }
        }
    }
}

/// With a checksum that fits, the structure still has to hold: what is taken is canonical.
#[test]
fn a_fitting_checksum_proves_nothing() {
    let bytes = shadow().to_bytes();
    let body = &bytes[..bytes.len() - 4];
    let (mut taken, mut refused) = (0, 0);
    for at in 3..body.len() {
        for change in 1..=255 {
            let mut forged = body.to_vec();
            forged[at] ^= change;
            forged.extend(crc32fast::hash(&forged).to_le_bytes());
            match Shadow::from_bytes(&forged) {
                Err(_) => refused += 1,
                Ok(shadow) => {
                    taken += 1;
                    assert_eq!(shadow.to_bytes(), forged, "byte {at} ^ {change:02x}");
                    // What it says is JSON.
                    let document = shadow.document().unwrap();
                    for state in [document.desired(), document.reported()]
                        .into_iter()
                        .flatten()
                    {
                        support::json(&state.to_json());
                        support::json(&state.to_metadata_json());
                        assert_eq!(state.to_json().len(), state.json_len());
                    }
                }
            }
        }
    }
    assert!(
        refused > taken && taken > 0,
        "{taken} taken, {refused} refused"
    );
}

#[test]
fn errors_say_what_is_wrong() {
    let mut bytes = shadow().to_bytes();
    assert_eq!(
        Shadow::from_bytes(b"{}").unwrap_err().kind(),
        StoredErrorKind::NotAShadow
    );
    assert_eq!(
        Shadow::from_bytes(b"T").unwrap_err().kind(),
        StoredErrorKind::NotAShadow
    );
    bytes.truncate(bytes.len() - 4);
    bytes[3] = 9;
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    assert_eq!(
        Shadow::from_bytes(&bytes).unwrap_err().kind(),
        StoredErrorKind::UnknownFormat(9)
    );
}
