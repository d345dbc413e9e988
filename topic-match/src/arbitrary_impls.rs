//! Only valid values, and all of them: bytes choose levels, and what a byte chooses can be any character.

use alloc::format;
use alloc::string::String;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::{SharedFilterBuf, SubscriptionFilterBuf, TopicFilterBuf, TopicNameBuf};

/// Few enough levels and characters that no text comes near 65,535 bytes.
const MAX_LEVELS: u32 = 64;
const MAX_CHARACTERS: u32 = 128;

/// Text without `/`, `+`, `#` and U+0000, for which other characters stand in.
fn level(u: &mut Unstructured<'_>) -> Result<String> {
    let mut level = String::new();
    u.arbitrary_loop(None, Some(MAX_CHARACTERS), |u| {
        level.push(match u.arbitrary::<char>()? {
            '\0' => '0',
            '/' => '\\',
            '+' => 'p',
            '#' => 'h',
            other => other,
        });
        Ok(core::ops::ControlFlow::Continue(()))
    })?;
    Ok(level)
}

/// Levels from `make` with `/` between them; where nothing would come out, `fallback`.
fn levels(
    u: &mut Unstructured<'_>,
    fallback: &str,
    mut make: impl FnMut(&mut Unstructured<'_>) -> Result<String>,
) -> Result<String> {
    let mut text = make(u)?;
    u.arbitrary_loop(None, Some(MAX_LEVELS), |u| {
        text.push('/');
        text.push_str(&make(u)?);
        Ok(core::ops::ControlFlow::Continue(()))
    })?;
    if text.is_empty() {
        text.push_str(fallback);
    }
    Ok(text)
}

fn filter(u: &mut Unstructured<'_>) -> Result<String> {
    let mut text = levels(u, "+", |u| {
        if u.ratio(1, 4)? {
            Ok("+".into())
        } else {
            level(u)
        }
    })?;
    if u.ratio(1, 4)? {
        text.push_str("/#");
    }
    Ok(text)
}

impl<'a> Arbitrary<'a> for TopicNameBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let text = levels(u, "a", level)?;
        text.parse().map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for TopicFilterBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let text = match filter(u)? {
            text if text.starts_with("$share/") => format!("/{text}"),
            text if text == "+/#" => "#".into(),
            text => text,
        };
        text.parse().map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for SharedFilterBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let name = level(u)?;
        let name = if name.is_empty() { "g" } else { &name };
        let text = format!("$share/{name}/{}", filter(u)?);
        text.parse().map_err(|_| arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for SubscriptionFilterBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        if u.ratio(1, 4)? {
            SharedFilterBuf::arbitrary(u).map(Self::Shared)
        } else {
            TopicFilterBuf::arbitrary(u).map(Self::Plain)
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use arbitrary::{Arbitrary, Unstructured};

    use crate::{SharedFilterBuf, SubscriptionFilterBuf, TopicFilterBuf, TopicNameBuf};

    #[test]
    fn every_input_makes_valid_values() {
        let mut wildcards = 0;
        for seed in 0..2000_u32 {
            let bytes: Vec<u8> = (0..400_u32)
                .map(|at| {
                    (seed
                        .wrapping_mul(2_654_435_761)
                        .wrapping_add(at * at * seed)
                        >> 13) as u8
                })
                .collect();
            let u = &mut Unstructured::new(&bytes);
            TopicNameBuf::arbitrary(u).unwrap();
            let filter = TopicFilterBuf::arbitrary(u).unwrap();
            wildcards += usize::from(filter.as_ref().has_wildcard());
            SharedFilterBuf::arbitrary(u).unwrap();
            SubscriptionFilterBuf::arbitrary(u).unwrap();
        }
        assert!(wildcards > 100, "{wildcards}");
        TopicNameBuf::arbitrary(&mut Unstructured::new(&[])).unwrap();
    }
}
