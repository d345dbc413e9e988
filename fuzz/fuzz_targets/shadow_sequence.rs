//! Updates one after the other against the plain model of the service that the crate's tests keep.

#![no_main]

#[path = "../../shadow-doc/tests/support/mod.rs"]
mod support;

use libfuzzer_sys::fuzz_target;
use rand::{Rng, SeedableRng};
use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow};
use support::model::{Answer, Model};

fuzz_target!(|data: &[u8]| {
    let (address, mut shadow) = (support::address(), Shadow::default());
    let mut model = Model::with_max_size(8192);
    for (step, line) in data.split(|byte| *byte == b'\n').enumerate() {
        // A line that is JSON is an update; any other seeds a random one.
        let request = serde_json::from_slice(line)
            .ok()
            .filter(support::is_small)
            .unwrap_or_else(|| {
                let seed = line
                    .iter()
                    .fold(7_u64, |seed, byte| seed.rotate_left(5) ^ u64::from(*byte));
                let mut rng = rand::rngs::SmallRng::seed_from_u64(seed);
                let version = rng.random_range(0..3);
                support::random::update(&mut rng, version)
            });
        let now = 1_700_000_000 + step as u64;
        let payload = request.to_string();
        let expected = model.update(&request, now);
        let update = Request::new(&address, Operation::Update, payload.as_bytes());
        let got =
            Service::default().apply(&mut shadow, &update, EpochSeconds::try_from(now).unwrap());
        match (expected, got) {
            (Answer::Rejected(code), Err(rejection)) => {
                assert_eq!(rejection.code(), code, "{payload}")
            }
            (
                Answer::Accepted {
                    response,
                    delta,
                    documents,
                },
                Ok(accepted),
            ) => {
                let same = |a, b: &[u8]| assert!(support::same(a, &support::json(b)), "{payload}");
                same(&response, accepted.response());
                same(&delta, accepted.delta().unwrap_or(b"null"));
                same(&documents, &accepted.to_documents().unwrap());
            }
            (expected, got) => panic!("{payload}: expected {expected:?}, got {got:?}"),
        }
    }
});
