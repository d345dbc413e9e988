//! How long a file has to be by its own head.
//!
//! The engine asserts this of a file it opens. A copy that broke off is an answer in words here, before it gets there.

use std::fs::File;
use std::io::Read as _;

/// The head of the engine's file: magic number, flags, page size, pages of a region's head, pages of a region, full
/// regions, pages of the last region. Numbers are little-endian (redb's design notes, "Super-header").
const HEAD: usize = 32;
const MAGIC: [u8; 9] = *b"redb\x1A\x0A\xA9\x0D\x0A";

/// `Some((needed, found))` for a file that begins as the engine's does and ends before its content does.
pub(super) fn shortfall(file: &mut File) -> std::io::Result<Option<(u64, u64)>> {
    let found = file.metadata()?.len();
    let mut head = Vec::with_capacity(HEAD);
    file.take(u64::try_from(HEAD).unwrap_or(u64::MAX))
        .read_to_end(&mut head)?;
    Ok(needed(&head)
        .filter(|&needed| found < needed)
        .map(|needed| (needed, found)))
}

fn needed(head: &[u8]) -> Option<u64> {
    let head = head.strip_prefix(&MAGIC)?;
    // Two flags and padding, then five numbers.
    let (numbers, _) = head.get(3..).unwrap_or_default().as_chunks::<4>();
    let &[page, region_head, region_data, full_regions, last_data] = numbers else {
        // A file of the engine with less than its head.
        return Some(u64::MAX);
    };
    let [page, region_head, region_data, full_regions, last_data] =
        [page, region_head, region_data, full_regions, last_data]
            .map(|number| u64::from(u32::from_le_bytes(number)));
    let full = region_head
        .saturating_add(region_data)
        .saturating_mul(full_regions);
    let last = match last_data {
        0 => 0,
        pages => region_head.saturating_add(pages),
    };
    Some(
        full.saturating_add(last)
            .saturating_add(1)
            .saturating_mul(page),
    )
}
