//! Many statements, and patterns made to take long.

use std::sync::Arc;

use iot_policy::{Bound, Limits, Pattern, Policy, PolicySet, Request};

use super::{OURS, data, ours};
use crate::harness::{Bench, Entry};

pub fn run(bench: &mut Bench) {
    statements(bench);
    hostile(bench);
}

/// `fitting` statements about publishing and `others` about receiving, on topics that begin with `area`; none matches the
/// request.
fn bound(area: &str, fitting: usize, others: usize) -> Bound {
    let statement = |action: &str, number: usize| {
        format!(
            r#"{{"Effect": "Allow", "Action": "iot:{action}", "Resource":
            "arn:aws:iot:us-east-1:123456789012:topic/{area}{number}/${{iot:Connection.Thing.ThingName}}/*"}}"#
        )
    };
    let all: Vec<String> = (0..fitting)
        .map(|number| statement("Publish", number))
        .chain((0..others).map(|number| statement("Receive", number)))
        .collect();
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#,
        all.join(",")
    );
    let limits = Limits::AWS_IOT.with_document_characters(text.len());
    let policy = Policy::parse_with(text.as_bytes(), &limits).expect("the text is a policy");
    let set = Arc::new(PolicySet::compile([("Many", &policy)], data::scope()));
    set.bind(&data::context())
}

fn statements(bench: &mut Bench) {
    bench.head("Many statements, none of which matches");
    // The first eight bytes tell the statements apart, or they do not.
    for (name, area) in [
        ("told apart early", "area/"),
        ("alike for long", "building/floor/area/"),
    ] {
        let topic = format!("{area}x/sensor-00042/temperature");
        let request = [Request::Publish {
            topic: &topic,
            retain: false,
        }];
        let mut time = |case: &str, fitting: usize, others: usize| {
            let case = format!("{case}, {name}");
            let bound = bound(area, fitting, others);
            let times = (100_000 / (fitting as u64 + 10)).max(10);
            let entry = Entry::ours(OURS, || {
                (0..times).fold(0, |sum, _| {
                    sum + ours(&bound, std::hint::black_box(&request))
                })
            });
            bench.case(&case, times, 31, vec![entry]);
            bench.time(&case, OURS)
        };
        let eight = time("8 fit", 8, 0);
        let of_many = time("8 of 1,000 fit", 8, 992);
        let hundred = time("100 fit", 100, 0);
        let thousand = time("1,000 fit", 1000, 0);
        let goal = |what: &str| format!("growth.{}.{what}", name.replace(' ', "_"));
        bench.goal(
            &goal("of_10_times_as_many"),
            thousand / (10.0 * hundred),
            1.0,
        );
        bench.goal(&goal("others_do_not_count"), of_many / eight, 1.25);
    }
}

fn hostile(bench: &mut Bench) {
    bench.head(
        "Patterns that make others go back: time of a text of 32,000 bytes, and of twice that",
    );
    let holes = format!("*{}b*", "a?".repeat(500));
    let stars = format!("{}b", "*a".repeat(500));
    for (name, pattern) in [
        ("500 stars", stars),
        ("a piece of 1,000 with 500 holes", holes),
    ] {
        let pattern = Pattern::new(&pattern);
        let mut time = |length: usize| {
            let text = "a".repeat(length);
            let case = format!("{name}, {length} bytes");
            let entry = Entry::ours(OURS, || {
                u64::from(pattern.matches(std::hint::black_box(&text)))
            });
            bench.case(&case, 1, 31, vec![entry]);
            bench.time(&case, OURS)
        };
        let (once, twice) = (time(32_000), time(64_000));
        let goal = format!("hostile.{}.of_twice", name.replace([' ', ','], "_"));
        bench.goal(&goal, twice / (2.0 * once), 1.25);
    }
}
