//! A whole update: parse, merge, metadata, version, size, delta, serialize accepted and delta, and documents.

use std::hint::black_box;

use shadow_doc::{
    EpochSeconds, Limits, Operation, Profile, Request, Service, Shadow, ShadowAddress, ThingName,
};

use super::data::{first_update, patches, section};
use super::naive::Naive;
use crate::harness::{Bench, Entry};

const NOW: u32 = 1_700_000_000;

/// Name, bytes of a section, and how many times faster than the straightforward one without and with documents.
const SIZES: &[(&str, usize, Option<(f64, f64)>)] = &[
    ("1 KB", 512, Some((1.0 / 2.5, 1.0 / 8.0))),
    ("8 KB", 4096, Some((1.0 / 3.0, 1.0 / 10.0))),
    ("30 KB", 15_000, None),
];

pub fn run(bench: &mut Bench) {
    bench.head("Whole update, a patch of 76 bytes, the delta has three leaves");
    for (size, bytes, targets) in SIZES {
        for documents in [false, true] {
            let operations: u64 = if documents { 200 } else { 1000 };
            let case = if documents {
                format!("{size}, with documents")
            } else {
                size.to_string()
            };
            // Each round begins anew, so that versions, and with them lengths, are the same in all.
            let (ours, naive) = (Ours::new(*bytes), naive(*bytes));
            let patches = &patches(&section(*bytes));
            let entries = vec![
                Entry::ours("shadow-doc", move || {
                    let mut ours = ours.clone();
                    each(operations, patches, |patch| ours.update(patch, documents))
                }),
                Entry::peer("serde_json::Value, straightforward", move || {
                    let mut naive = naive.clone();
                    each(operations, patches, |patch| {
                        let answer = naive.update(patch.as_bytes(), NOW.into(), documents);
                        let answer = black_box(answer.expect("the patch is valid"));
                        check(
                            &answer.accepted,
                            answer.delta.as_deref(),
                            answer.documents.as_deref(),
                        )
                    })
                }),
            ];
            let ratio = bench.case(&format!("update, {case}"), operations, 40, entries);
            if let Some((without, with)) = targets {
                let (what, target) = if documents {
                    ("documents", *with)
                } else {
                    ("plain", *without)
                };
                bench.goal(
                    &format!("update.{what}.{}", size.replace(' ', "")),
                    ratio,
                    target,
                );
            }
        }
    }
    // The patch and the answer are the same, the document is eight and thirty times as large.
    let time = |size: &str| bench.time(&format!("update, {size}"), "shadow-doc");
    let (one, eight, thirty) = (time("1 KB"), time("8 KB"), time("30 KB"));
    bench.goal("update.growth.8KB_to_1KB", eight / one, 2.0);
    bench.goal("update.growth.30KB_to_1KB", thirty / one, 4.0);
}

#[derive(Clone)]
pub struct Ours {
    service: Service,
    address: ShadowAddress<'static>,
    shadow: Shadow,
}

impl Ours {
    pub fn new(section_bytes: usize) -> Self {
        let mut limits = Limits::default();
        limits.document_bytes = 30 * 1024;
        let thing = ThingName::try_from("home").expect("a valid name");
        let mut ours = Self {
            service: Service::new(limits, Profile::default()),
            address: ShadowAddress::classic(thing),
            shadow: Shadow::default(),
        };
        ours.update(&first_update(&section(section_bytes)), false);
        ours
    }

    pub fn shadow(&self) -> &Shadow {
        &self.shadow
    }

    fn update(&mut self, payload: &str, documents: bool) -> u64 {
        let request = Request::new(&self.address, Operation::Update, payload.as_bytes());
        let accepted = self
            .service
            .apply(&mut self.shadow, &request, EpochSeconds::from(NOW))
            .expect("the patch is valid");
        let documents = documents.then(|| accepted.to_documents()).flatten();
        let accepted = black_box(accepted);
        check(accepted.response(), accepted.delta(), documents.as_deref())
    }
}

fn naive(section_bytes: usize) -> Naive {
    let mut naive = Naive::new(30 * 1024);
    let first = first_update(&section(section_bytes));
    assert!(naive.update(first.as_bytes(), NOW.into(), false).is_ok());
    naive
}

fn each(operations: u64, patches: &[String; 2], mut update: impl FnMut(&str) -> u64) -> u64 {
    (0..operations)
        .map(|index| update(black_box(&patches[usize::from(index % 2 == 1)])))
        .sum()
}

/// The same for the same messages, whatever the order of their members.
fn check(accepted: &[u8], delta: Option<&[u8]>, documents: Option<&[u8]>) -> u64 {
    let messages = [Some(accepted), delta, documents];
    messages
        .into_iter()
        .flatten()
        .map(|message| message.len() as u64)
        .sum()
}
