//! What a message carries, what a receiver makes of it, and the arithmetic over both.

/// Bytes of a payload.
pub(super) const PAYLOAD: usize = 64;

/// What the first bytes of a payload say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// When it was written, in microseconds since the run began.
    pub(super) micros: u64,
    pub(super) publisher: u32,
    /// Counts the publisher's messages from 0.
    pub(super) number: u64,
}

impl Stamp {
    pub(super) fn write(self) -> [u8; PAYLOAD] {
        let mut payload = [7; PAYLOAD];
        payload[..8].copy_from_slice(&self.micros.to_be_bytes());
        payload[8..12].copy_from_slice(&self.publisher.to_be_bytes());
        payload[12..20].copy_from_slice(&self.number.to_be_bytes());
        payload
    }

    /// `None` when it is no payload of this bench.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let payload: &[u8; PAYLOAD] = payload.try_into().ok()?;
        let (micros, rest) = payload.split_first_chunk()?;
        let (publisher, rest) = rest.split_first_chunk()?;
        let (number, _) = rest.split_first_chunk()?;
        Some(Self {
            micros: u64::from_be_bytes(*micros),
            publisher: u32::from_be_bytes(*publisher),
            number: u64::from_be_bytes(*number),
        })
    }
}

/// What one receiver got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// The number that is next, by publisher.
    next: Vec<u64>,
    pub(super) delivered: u64,
    /// Numbers that were passed over.
    pub(super) missing: u64,
    /// Messages that came again, or after a later one.
    pub(super) repeated: u64,
    /// Messages that are none of this bench's.
    pub(super) foreign: u64,
}

impl Tally {
    pub(super) fn of(publishers: usize) -> Self {
        Self {
            next: vec![0; publishers],
            ..Self::default()
        }
    }

    pub(super) fn take(&mut self, payload: &[u8]) -> Option<Stamp> {
        let stamp = Stamp::read(payload);
        let next = stamp.and_then(|stamp| self.next.get_mut(stamp.publisher as usize));
        let (Some(stamp), Some(next)) = (stamp, next) else {
            self.foreign += 1;
            return None;
        };
        if stamp.number < *next {
            self.repeated += 1;
        } else {
            self.missing += stamp.number - *next;
            *next = stamp.number + 1;
            self.delivered += 1;
        }
        Some(stamp)
    }

    /// What is wrong with it, if everything that was sent has to be here once and in order.
    pub(super) fn fault(&self, expected: u64) -> Option<String> {
        if self.delivered == expected && self.missing + self.repeated + self.foreign == 0 {
            return None;
        }
        Some(format!(
            "{} of {expected} came, {} passed over, {} again or late, {} foreign",
            self.delivered, self.missing, self.repeated, self.foreign
        ))
    }
}

/// How many messages are due at a rate, of which some have gone.
pub(super) fn due(elapsed: std::time::Duration, per_second: f64, sent: u64) -> u64 {
    ((elapsed.as_secs_f64() * per_second) as u64).saturating_sub(sent)
}

/// The value that a share of the others does not exceed; sorts them. 0 when there are none.
pub(super) fn percentile(values: &mut [u32], share: f64) -> u32 {
    values.sort_unstable();
    let rank = (values.len() as f64 * share).ceil() as usize;
    values
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// The middle one; of two, the smaller.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn message(publisher: u32, number: u64) -> [u8; PAYLOAD] {
        let micros = 5;
        Stamp {
            micros,
            publisher,
            number,
        }
        .write()
    }

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let stamp = Stamp {
            micros: u64::MAX - 1,
            publisher: 70_000,
            number: 1 << 40,
        };
        assert_eq!(Stamp::read(&stamp.write()), Some(stamp));
        assert_eq!(Stamp::read(&[0; PAYLOAD - 1]), None);
    }

    #[test]
    fn each_once_and_in_order_is_whole() {
        let mut tally = Tally::of(2);
        for number in 0..10 {
            tally.take(&message(0, number));
            tally.take(&message(1, number));
        }
        assert_eq!(tally.fault(20), None);
        assert!(tally.fault(21).unwrap().contains("20 of 21"));
    }

    #[test]
    fn losses_repetitions_and_strangers_are_seen() {
        for (numbers, missing, repeated) in [
            (&[0, 1, 3][..], 1, 0),
            (&[0, 1, 1, 2], 0, 1),
            (&[1, 0, 2], 1, 1),
        ] {
            let mut tally = Tally::of(1);
            for number in numbers {
                tally.take(&message(0, *number));
            }
            assert_eq!((tally.missing, tally.repeated), (missing, repeated));
            // Also when the count is right.
            assert!(tally.fault(tally.delivered).is_some());
        }
        let mut tally = Tally::of(1);
        assert_eq!(tally.take(&message(1, 0)), None);
        assert_eq!(tally.take(b"short"), None);
        assert_eq!(tally.foreign, 2);
    }

    #[test]
    fn what_is_due_follows_the_clock() {
        let second = Duration::from_secs(1);
        assert_eq!(due(second, 1000.0, 0), 1000);
        assert_eq!(due(second / 2, 1000.0, 499), 1);
        assert_eq!(due(second / 2, 1000.0, 501), 0);
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let mut values: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(percentile(&mut values, 0.5), 50);
        assert_eq!(percentile(&mut values, 0.99), 99);
        assert_eq!(percentile(&mut values, 1.0), 100);
        assert_eq!(percentile(&mut [7], 0.5), 7);
        assert_eq!(percentile(&mut [], 0.5), 0);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![3.0, 1.0]), 1.0);
    }
}
