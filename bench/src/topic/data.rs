//! Filters and topics of a made-up plant, the same for everybody.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Few enough that the filters of a device overlap: a topic that meets a subscription meets 2.7 in the mean.
const CHANNELS: [&str; 2] = ["telemetry/temp", "cmd/reboot"];

pub struct Workload {
    /// Four per device: 60 % exact, 25 % with one `+`, 10 % with a trailing `#`, 5 % `+/+/<device>/#`.
    pub filters: Vec<String>,
    /// What is looked up: 80 % meet a subscribed topic.
    pub topics: Vec<String>,
}

impl Workload {
    pub fn new(filters: usize, topics: usize) -> Self {
        let mut rng = SmallRng::seed_from_u64(filters as u64);
        let devices = filters.div_ceil(4);
        let mut all = Vec::with_capacity(filters);
        let mut hits = Vec::with_capacity(filters);
        while all.len() < filters {
            let device = all.len() / 4;
            let channel = CHANNELS[rng.random_range(0..CHANNELS.len())];
            let topic = topic(device, channel);
            let filter = match rng.random_range(0..100) {
                0..60 => topic.clone(),
                60..85 => {
                    let mut levels: Vec<&str> = topic.split('/').collect();
                    levels[[0, 1, 3, 4][rng.random_range(0..4)]] = "+";
                    levels.join("/")
                }
                85..95 => {
                    let levels: Vec<&str> = topic.split('/').take(3).collect();
                    levels.join("/") + "/#"
                }
                _ => {
                    let device = topic.split('/').nth(2).unwrap_or_default();
                    format!("+/+/{device}/#")
                }
            };
            // A device does not subscribe to a filter twice.
            if !all[device * 4..].contains(&filter) {
                all.push(filter);
                hits.push(topic);
            }
        }
        let topics = (0..topics)
            .map(|_| {
                if rng.random_ratio(4, 5) {
                    hits[rng.random_range(0..hits.len())].clone()
                } else {
                    let device = devices + rng.random_range(0..devices);
                    topic(device, CHANNELS[rng.random_range(0..CHANNELS.len())])
                }
            })
            .collect();
        Self {
            filters: all,
            topics,
        }
    }
}

pub fn topic(device: usize, channel: &str) -> String {
    format!(
        "site{}/line{}/dev{device:07}/{channel}",
        device % 97,
        device % 31
    )
}
