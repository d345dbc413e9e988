//! Every input of up to three bytes, in every version and role: no panic, and a refusal or an answer that one more byte does
//! not take back.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

mod support;

use mqtt_codec::{Decoder, Status, Version};

/// What a decoder says of an input, without its packets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Complete(usize),
    Incomplete(usize),
    Refused,
}

fn said(decoder: &Decoder, bytes: &[u8]) -> Said {
    match decoder.clone().decode(bytes) {
        Ok(Status::Complete((_, used))) => Said::Complete(used),
        Ok(Status::Incomplete { needed }) => Said::Incomplete(needed),
        Err(_) => Said::Refused,
    }
}

/// `longer` begins with the bytes of `shorter`.
fn agree(shorter: Said, longer: Said, bytes: &[u8]) {
    match shorter {
        Said::Refused => assert_eq!(longer, Said::Refused, "{bytes:02x?}"),
        Said::Complete(_) => assert_eq!(longer, shorter, "{bytes:02x?}"),
        Said::Incomplete(needed) => {
            assert!(needed > 0);
            assert!(
                needed == 1 || !matches!(longer, Said::Complete(_)),
                "{bytes:02x?}"
            );
        }
    }
}

// BC-013
#[test]
fn all_inputs_of_up_to_three_bytes() {
    for version in Version::ALL {
        for (_, decoder) in support::decoders(version) {
            assert_eq!(said(&decoder, &[]), Said::Incomplete(2));
            for a in 0..=255_u8 {
                let one = said(&decoder, &[a]);
                for b in 0..=255_u8 {
                    let two = said(&decoder, &[a, b]);
                    agree(one, two, &[a, b]);
                    for c in 0..=255_u8 {
                        agree(two, said(&decoder, &[a, b, c]), &[a, b, c]);
                    }
                }
            }
        }
    }
}
