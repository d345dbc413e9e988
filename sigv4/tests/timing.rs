//! BC-058: the comparison of signatures takes the same time however much of the signature is right. Two classes of requests, one with a
//! signature wrong in its first digit, one in its last; interleaved in random order; Welch's t over the times (dudect, Reparaz, Balasch and
//! Verbauwhede 2017). Time is what is measured, so this is a long test, for a quiet machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test fails by panicking, and prints what it measured"
)]

use std::num::NonZeroUsize;
use std::time::Instant;

use sigv4::{
    Credentials, KeyCache, KeyRecord, Payload, Policy, Region, Request, Scratch, SecretAccessKey,
    Service, Signer, Timestamp, Verifier, VerifyErrorKind,
};

/// Mean and variance, one number at a time (Welford).
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let before = value - self.mean;
        self.mean += before / self.count;
        self.squares += before * (value - self.mean);
    }

    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

fn t(classes: [Moments; 2]) -> f64 {
    (classes[0].mean - classes[1].mean) / (classes[0].error() + classes[1].error()).sqrt()
}

#[test]
#[ignore = "measures time: run by `cargo xtask check`, on a quiet machine"]
fn the_comparison_tells_nothing() {
    const SAMPLES: usize = 1_000_000;
    let at = Timestamp::parse("20260301T120000Z").unwrap();
    let region = Region::new("us-east-1").unwrap();
    let keys = KeyCache::new(NonZeroUsize::new(2).unwrap());
    let signer = Signer::new(
        Credentials::new("AKIDEXAMPLE", "secret").unwrap(),
        region.clone(),
        Service::iot_data(),
    )
    .with_key_cache(keys.clone());
    let mut headers = vec![("host".to_owned(), "example.com".to_owned())];
    let mut scratch = Scratch::new();
    let added: Vec<_> = {
        let request = Request::new("GET", "/", &headers);
        let signed = signer
            .sign(&request, Payload::Empty, at, &mut scratch)
            .unwrap();
        signed
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    headers.extend(added);
    // Both classes pass through the same buffer, written whole, so that they differ in nothing but their digits.
    let genuine = headers.last().unwrap().1.clone();
    let wrong = |from_end: usize| {
        let mut value = genuine.clone();
        let digit = value.len() - from_end;
        let other = if &value[digit..=digit] == "0" {
            "1"
        } else {
            "0"
        };
        value.replace_range(digit..=digit, other);
        value
    };
    let classes = [wrong(64), wrong(1)];
    let verifier = Verifier::new(Policy::new(region, [Service::iot_data()])).with_key_cache(keys);
    let record = KeyRecord::long_term(SecretAccessKey::new("secret"), ());
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut times = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let class = usize::from(random & 1 == 1);
        let value = &mut headers.last_mut().unwrap().1;
        value.clear();
        value.push_str(&classes[class]);
        let request = Request::new("GET", "/", core::hint::black_box(&headers));
        let start = Instant::now();
        let result = verifier.verify(&request, b"", at, &mut scratch, |_| {
            Ok(Some(record.clone()))
        });
        let time = start.elapsed().as_nanos() as f64;
        assert_eq!(
            result.unwrap_err().kind(),
            VerifyErrorKind::SignatureDoesNotMatch
        );
        times.push((class, time));
    }
    // Interruptions are long and fall on either class; as in dudect, the slowest are left out, at several cuts.
    let mut sorted: Vec<f64> = times.iter().map(|(_, time)| *time).collect();
    sorted.sort_by(f64::total_cmp);
    for percent in [50, 90, 99] {
        let cut = sorted[SAMPLES * percent / 100];
        let mut moments = [Moments::default(); 2];
        times
            .iter()
            .filter(|(_, time)| *time <= cut)
            .for_each(|(class, time)| moments[*class].add(*time));
        let t = t(moments);
        println!("{percent} % of {SAMPLES} samples: t = {t:.2}");
        assert!(t.abs() < 4.5, "at {percent} %: t = {t:.2}");
    }
}

/// The statistic itself finds a comparison that leaks.
#[test]
fn a_difference_would_be_found() {
    let mut classes = [Moments::default(); 2];
    for number in 0..10_000_u32 {
        let noise = f64::from(number.wrapping_mul(2_654_435_761) % 100);
        classes[0].add(1000.0 + noise);
        classes[1].add(1005.0 + noise);
    }
    assert!(t(classes).abs() > 4.5);
}
