//! The canonical headers and the list of their names (IAM User Guide, "Create a signed AWS API request", step 1).

use core::cmp::Ordering;

use super::span::{Span, append};

/// One value of a signed header, kept in the stash in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Field {
    /// Which name of the list it belongs to.
    slot: usize,
    /// Places grow in the order of arrival, which is the order the values are joined in.
    value: Span,
}

/// Why a list of signed header names is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListError {
    Empty,
    NotAToken,
    NotSorted,
}

/// RFC 9110 §5.6.2, without the upper-case letters.
const fn is_lower_token(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

/// 1 for token characters, 2 more for those that are not upper-case letters.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which would refuse an index past the end"
)]
static TOKEN: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = if is_lower_token(byte) {
            3
        } else {
            is_lower_token(byte.to_ascii_lowercase()) as u8
        };
        if byte == u8::MAX {
            break;
        }
        byte = byte.wrapping_add(1);
    }
    table
};

fn all(name: &[u8], bit: u8) -> bool {
    name.iter().fold(bit, |seen, &byte| {
        seen & TOKEN.get(usize::from(byte)).copied().unwrap_or(0)
    }) != 0
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(name: &[u8]) -> bool {
    !name.is_empty() && all(name, 1)
}

/// The name of a signed header, lower-case, with its first bytes at hand: most comparisons end there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    start: u64,
    pub(crate) place: Span,
}

impl Name {
    pub(crate) fn new(text: &[u8], place: Span) -> Self {
        Self {
            start: lower_start(place.of(text)),
            place,
        }
    }

    fn cmp(&self, other: &Self, text: &[u8]) -> Ordering {
        // In the order of the whole names: a shorter name is padded with a byte that is less than any in a name.
        self.start
            .cmp(&other.start)
            .then_with(|| self.place.of(text).cmp(other.place.of(text)))
    }
}

/// A header on its way into the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    name: Name,
    value: Span,
}

/// The first eight bytes in lower case, as a number that sorts as they do.
#[inline]
fn lower_start(name: &[u8]) -> u64 {
    if let Some(start) = name.first_chunk::<8>() {
        return u64::from_be_bytes(start.map(|byte| byte.to_ascii_lowercase()));
    }
    name.iter()
        .fold((0_u64, 56_u32), |(start, shift), byte| {
            (
                start | u64::from(byte.to_ascii_lowercase()).wrapping_shl(shift),
                shift.saturating_sub(8),
            )
        })
        .0
}

/// Reads `host;x-amz-date`: lower-case tokens, in strictly ascending order.
pub(crate) fn parse_list(text: &[u8], list: Span, names: &mut Vec<Name>) -> Result<(), ListError> {
    if list.of(text).is_empty() {
        return Err(ListError::Empty);
    }
    names.clear();
    let mut previous: Option<Name> = None;
    let mut start = 0_usize;
    for name in list.of(text).split(|&byte| byte == b';') {
        if name.is_empty() || !all(name, 2) {
            return Err(ListError::NotAToken);
        }
        let end = start.saturating_add(name.len());
        let name = Name::new(text, list.part(start, end));
        if previous.is_some_and(|previous| previous.cmp(&name, text) != Ordering::Less) {
            return Err(ListError::NotSorted);
        }
        previous = Some(name);
        names.push(name);
        start = end.saturating_add(1);
    }
    Ok(())
}

/// The slot of a header name in the sorted list, whatever its case; else where it would be.
pub(crate) fn slot(text: &[u8], names: &[Name], name: &[u8]) -> Result<usize, usize> {
    let start = lower_start(name);
    names.binary_search_by(|listed| {
        listed.start.cmp(&start).then_with(|| {
            let listed = listed.place.of(text);
            if listed.eq_ignore_ascii_case(name) {
                return Ordering::Equal;
            }
            listed
                .iter()
                .copied()
                .cmp(name.iter().map(u8::to_ascii_lowercase))
        })
    })
}

/// Keeps the values of the headers in the list, and hands every other name to `unlisted`.
pub(crate) fn collect<'a>(
    stash: &mut Vec<u8>,
    text: &[u8],
    names: &[Name],
    fields: &mut Vec<Field>,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    mut unlisted: impl FnMut(&str),
) {
    for (name, value) in headers {
        match slot(text, names, name.as_bytes()) {
            Ok(slot) => {
                let value = append(stash, |out| push_value(out, value));
                fields.push(Field { slot, value });
            }
            Err(_) => unlisted(name),
        }
    }
}

/// Keeps a header that is to be signed: the name in lower case, the value in canonical form.
pub(crate) fn add_entry(
    text: &mut Vec<u8>,
    stash: &mut Vec<u8>,
    entries: &mut Vec<Entry>,
    name: &str,
    value: &[u8],
) {
    let place = append(text, |out| {
        out.extend(name.bytes().map(|byte| byte.to_ascii_lowercase()))
    });
    let value = append(stash, |out| push_value(out, value));
    entries.push(Entry {
        name: Name::new(text, place),
        value,
    });
}

/// Writes the list of the entries' names, sorts the values to them, and gives the place of the list.
pub(crate) fn make_list(
    text: &mut Vec<u8>,
    entries: &mut [Entry],
    names: &mut Vec<Name>,
    fields: &mut Vec<Field>,
) -> Span {
    // Values of one name stay in the order of arrival, in which their places grow.
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name, text).then(a.value.cmp(&b.value)));
    let mut previous: Option<Name> = None;
    append(text, |out| {
        for entry in entries {
            if previous.is_none_or(|previous| previous.cmp(&entry.name, out) != Ordering::Equal) {
                if previous.is_some() {
                    out.push(b';');
                }
                previous = Some(entry.name);
                let place = append(out, |out| entry.name.place.copy_within(out));
                names.push(Name {
                    place,
                    ..entry.name
                });
            }
            fields.push(Field {
                slot: names.len().saturating_sub(1),
                value: entry.value,
            });
        }
    })
}

/// How many values arrived for a slot.
pub(crate) fn count(fields: &[Field], slot: usize) -> usize {
    fields.iter().filter(|field| field.slot == slot).count()
}

/// Appends `name:value,value` lines, the empty line and the list. Fails with the slot of a listed header that did not arrive.
pub(crate) fn push_headers(
    out: &mut Vec<u8>,
    stash: &[u8],
    text: &[u8],
    names: &[Name],
    list: Span,
    fields: &mut [Field],
) -> Result<(), usize> {
    fields.sort_unstable();
    let mut arrived = fields.iter().peekable();
    for (slot, name) in names.iter().enumerate() {
        out.extend_from_slice(name.place.of(text));
        let mut separator = b':';
        while let Some(field) = arrived.next_if(|field| field.slot == slot) {
            out.push(separator);
            out.extend_from_slice(field.value.of(stash));
            separator = b',';
        }
        if separator == b':' {
            return Err(slot);
        }
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(list.of(text));
    out.push(b'\n');
    Ok(())
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0B | 0x0C | b'\r')
}

/// Appends a value without the white space around it, and with every run of white space inside as one space. This takes in the line
/// folding of old HTTP, and leaves no line break that could forge a line of the canonical request.
pub(crate) fn push_value(out: &mut Vec<u8>, value: &[u8]) {
    // One pass that the compiler turns into vector code; most values, and all long ones, hold no space.
    if value
        .iter()
        .fold(0_u8, |seen, &byte| seen | u8::from(byte <= b' '))
        == 0
    {
        out.extend_from_slice(value);
        return;
    }
    let mut first = true;
    for word in value
        .split(|&byte| is_space(byte))
        .filter(|word| !word.is_empty())
    {
        if !first {
            out.push(b' ');
        }
        first = false;
        out.extend_from_slice(word);
    }
}

/// A value without the white space around it.
pub(crate) fn trimmed(value: &[u8]) -> &[u8] {
    let start = value
        .iter()
        .position(|&byte| !is_space(byte))
        .unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|&byte| !is_space(byte))
        .map_or(start, |last| last.saturating_add(1));
    value.get(start..end).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::super::span::stash as keep;
    use super::*;

    #[test]
    fn white_space_is_trimmed_and_collapsed() {
        for (raw, expected) in [
            ("", ""),
            ("   ", ""),
            ("a", "a"),
            ("  a   b  ", "a b"),
            ("a\tb", "a b"),
            ("value1\r\n  value2\n     value3", "value1 value2 value3"),
            ("\"a   b\"", "\"a b\""),
            ("a\u{a0}b", "a\u{a0}b"),
            ("a\u{1}b", "a\u{1}b"),
        ] {
            let mut out = Vec::new();
            push_value(&mut out, raw.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{raw:?}");
        }
        assert_eq!(trimmed(b" \ta b\r\n"), b"a b");
        assert_eq!(trimmed(b" \t"), b"");
    }

    #[test]
    fn names_are_found_whatever_their_case() {
        let mut stash = Vec::new();
        let list = keep(
            &mut stash,
            b"a;ab;host;x-amz-da;x-amz-dat;x-amz-date;x-amz-datf;x-amz-meta",
        );
        let mut names = Vec::new();
        parse_list(&stash, list, &mut names).unwrap();
        for (expected, name) in [
            "A",
            "aB",
            "HOST",
            "x-amz-DA",
            "X-amz-dat",
            "X-Amz-Date",
            "x-amz-datf",
            "x-amz-META",
        ]
        .iter()
        .enumerate()
        {
            assert_eq!(
                slot(&stash, &names, name.as_bytes()),
                Ok(expected),
                "{name}"
            );
        }
        for name in [
            "",
            "b",
            "hos",
            "hostt",
            "x-amz-",
            "x-amz-dated",
            "x-amz-datd",
            "\u{0}",
        ] {
            assert!(slot(&stash, &names, name.as_bytes()).is_err(), "{name:?}");
        }
    }

    #[test]
    fn lists_are_lower_case_sorted_and_unique() {
        for (list, expected) in [
            ("host", Ok(())),
            ("host;x-amz-date", Ok(())),
            ("", Err(ListError::Empty)),
            ("host;", Err(ListError::NotAToken)),
            (";host", Err(ListError::NotAToken)),
            ("host;;x", Err(ListError::NotAToken)),
            ("Host", Err(ListError::NotAToken)),
            ("host x", Err(ListError::NotAToken)),
            ("x;host", Err(ListError::NotSorted)),
            ("host;host", Err(ListError::NotSorted)),
        ] {
            let mut stash = Vec::new();
            let span = keep(&mut stash, list.as_bytes());
            assert_eq!(
                parse_list(&stash, span, &mut Vec::new()),
                expected,
                "{list}"
            );
        }
    }

    #[test]
    fn a_made_list_reads_back() {
        let (mut text, mut stash) = (Vec::new(), Vec::new());
        let (mut entries, mut names, mut fields) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in [
            ("X-B", "1"),
            ("host", "h"),
            ("x-a", "2"),
            ("x-b", "0"),
            ("X-A", ""),
        ] {
            add_entry(&mut text, &mut stash, &mut entries, name, value.as_bytes());
        }
        let list = make_list(&mut text, &mut entries, &mut names, &mut fields);
        assert_eq!(list.of(&text), b"host;x-a;x-b");
        let mut read = Vec::new();
        parse_list(&text, list, &mut read).unwrap();
        assert_eq!(read, names);
        let mut out = Vec::new();
        push_headers(&mut out, &stash, &text, &names, list, &mut fields).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "host:h\nx-a:2,\nx-b:1,0\n\nhost;x-a;x-b\n"
        );
    }

    #[test]
    fn values_are_joined_in_the_order_they_came() {
        let (mut stash, mut text) = (Vec::new(), Vec::new());
        let list = keep(&mut text, b"host;x-d");
        let (mut names, mut fields, mut out) = (Vec::new(), Vec::new(), Vec::new());
        parse_list(&text, list, &mut names).unwrap();
        let headers = [
            ("X-D", "b"),
            ("HOST", " h "),
            ("other", "1"),
            ("x-d", "a  c"),
        ];
        let mut others = Vec::new();
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        collect(&mut stash, &text, &names, &mut fields, headers, |name| {
            others.push(name.to_owned())
        });
        assert_eq!(others, ["other"]);
        assert_eq!(count(&fields, 1), 2);
        push_headers(&mut out, &stash, &text, &names, list, &mut fields).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "host:h\nx-d:b,a c\n\nhost;x-d\n"
        );
        fields.retain(|field| field.slot == 1);
        assert_eq!(
            push_headers(&mut Vec::new(), &stash, &text, &names, list, &mut fields),
            Err(0)
        );
    }
}
