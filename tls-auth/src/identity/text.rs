//! Which texts may be somebody's name.

use unicode_script::{Script, ScriptExtension, UnicodeScript as _};

/// Why a text may not be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Empty,
    TooLong,
    Invisible,
    Spaces,
    MixedScripts,
}

/// The longest that MQTT can carry (MQTT 5.0 §1.5.4).
const MAX_BYTES: usize = 65_535;

pub(super) fn fit(text: &str) -> Result<(), Unfit> {
    if text.is_empty() {
        return Err(Unfit::Empty);
    }
    if text.len() > MAX_BYTES {
        return Err(Unfit::TooLong);
    }
    if text.chars().any(is_invisible) {
        return Err(Unfit::Invisible);
    }
    let odd = |letter: char| letter.is_whitespace() && letter != ' ';
    if text.starts_with(' ') || text.ends_with(' ') || text.chars().any(odd) {
        return Err(Unfit::Spaces);
    }
    if text
        .split(|letter: char| !letter.is_alphanumeric())
        .all(is_of_one_script)
    {
        Ok(())
    } else {
        Err(Unfit::MixedScripts)
    }
}

/// What is not seen, or changes how the rest is seen: controls (U+0000 among them), marks of direction, joiners, tags,
/// variation selectors, private use, and code points that are no characters.
pub(crate) fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(
            u32::from(letter),
            0x00AD
                | 0x034F
                | 0x061C
                | 0x115F..=0x1160
                | 0x17B4..=0x17B5
                | 0x180B..=0x180F
                | 0x200B..=0x200F
                | 0x2028..=0x202E
                | 0x2060..=0x206F
                | 0x2800
                | 0x3164
                | 0xE000..=0xF8FF
                | 0xFDD0..=0xFDEF
                | 0xFE00..=0xFE0F
                | 0xFEFF
                | 0xFFA0
                | 0xFFF0..=0xFFFB
                | 0x1BCA0..=0x1BCA3
                | 0x1D173..=0x1D17A
                | 0xE0000..
        )
        || u32::from(letter) & 0xFFFE == 0xFFFE
}

/// Unicode TS 39 §5.1, without its list of look-alikes: all letters of a text can be of one script, where Han, Kana, Hangul and
/// Bopomofo go together as Japanese, Korean and Chinese are written.
pub(super) fn is_of_one_script(text: &str) -> bool {
    if text.is_ascii() {
        return true;
    }
    let resolved = text
        .chars()
        .map(|letter| augmented(letter.script_extension()))
        .try_fold(None, |common: Option<ScriptExtension>, scripts| {
            let Some(scripts) = scripts else {
                return Some(common);
            };
            match common {
                None => Some(Some(scripts)),
                Some(common) => {
                    let both = common.intersection(scripts);
                    (!both.is_empty()).then_some(Some(both))
                }
            }
        });
    resolved.is_some()
}

/// None for what goes with every script.
fn augmented(scripts: ScriptExtension) -> Option<ScriptExtension> {
    if scripts.is_common() || scripts.is_inherited() {
        return None;
    }
    let any = |of: &[Script]| of.iter().any(|script| scripts.contains_script(*script));
    let east_asian = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
        Script::Bopomofo,
    ];
    if any(&east_asian) {
        return Some(Script::Han.into());
    }
    Some(scripts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for text in [
            "sensor-17",
            "датчик-17",
            "sensor датчик",
            "센서 漢字",
            "センサー東京",
            "café",
            "a\u{301}b",
        ] {
            assert_eq!(fit(text), Ok(()), "{text}");
        }
        for (text, why) in [
            ("", Unfit::Empty),
            ("a\0b", Unfit::Invisible),
            ("a\u{200B}b", Unfit::Invisible),
            ("a\u{202E}b", Unfit::Invisible),
            ("a\nb", Unfit::Invisible),
            ("\u{FFFF}", Unfit::Invisible),
            ("a\u{2800}", Unfit::Invisible),
            (" a", Unfit::Spaces),
            ("a ", Unfit::Spaces),
            ("a\u{A0}b", Unfit::Spaces),
            ("a\u{3000}b", Unfit::Spaces),
            ("\u{10FFFF}", Unfit::Invisible),
            ("p\u{430}ypal", Unfit::MixedScripts),
            ("\u{3BF}ne", Unfit::MixedScripts),
        ] {
            assert_eq!(fit(text), Err(why), "{text:?}");
        }
        assert_eq!(fit(&"a".repeat(65_536)), Err(Unfit::TooLong));
        assert!(is_of_one_script("a-\u{e9} b1") && !is_of_one_script("sensor-\u{430}"));
    }
}
