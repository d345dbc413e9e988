//! Comparing short texts. The parts of patterns and the values of variables have a few bytes mostly; a call of the
//! machine's `memcmp` takes longer than looking at them.

/// What is left of the text behind this beginning, if it has it.
#[inline]
pub(super) fn strip_start<'a>(text: &'a [u8], beginning: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(beginning.len())?;
    same(head, beginning).then_some(rest)
}

/// What is left of the text before this end, if it has it.
#[inline]
pub(super) fn strip_end<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let at = text.len().checked_sub(end.len())?;
    let (rest, tail) = text.split_at_checked(at)?;
    same(tail, end).then_some(rest)
}

/// Whether two texts of the same length are equal: by the first and the last bytes of them, which overlap.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    match one.len() {
        0..=3 => one.iter().zip(other).all(|(one, other)| one == other),
        4..=7 => {
            one.first_chunk::<4>() == other.first_chunk()
                && one.last_chunk::<4>() == other.last_chunk()
        }
        8..=16 => {
            one.first_chunk::<8>() == other.first_chunk()
                && one.last_chunk::<8>() == other.last_chunk()
        }
        17.. => one.first_chunk::<8>() == other.first_chunk() && one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Every length up to where nothing is special any more, equal and with a difference at every place.
    #[test]
    fn every_place_counts() {
        for length in 0..40_u8 {
            let text: Vec<u8> = (0..length).collect();
            let longer = [&[200][..], &text, &[201]].concat();
            assert_eq!(strip_start(&text, &text), Some(&[][..]));
            assert_eq!(strip_end(&text, &text), Some(&[][..]));
            assert_eq!(strip_start(&longer[1..], &text), Some(&[201][..]));
            assert_eq!(
                strip_end(&longer[..longer.len() - 1], &text),
                Some(&[200][..])
            );
            assert_eq!(strip_start(&text, &longer), None);
            assert_eq!(strip_end(&text, &longer), None);
            for place in 0..text.len() {
                let mut other = text.clone();
                other[place] = 100;
                assert_eq!(strip_start(&other, &text), None, "{length} {place}");
                assert_eq!(strip_end(&other, &text), None, "{length} {place}");
            }
        }
    }
}
