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
pub(crate) const fn is_lower_token(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .iter()
            .all(|byte| is_lower_token(byte.to_ascii_lowercase()))
}

/// Reads `host;x-amz-date`: lower-case tokens, in strictly ascending order.
pub(crate) fn parse_list(stash: &[u8], list: Span, names: &mut Vec<Span>) -> Result<(), ListError> {
    let text = list.of(stash);
    if text.is_empty() {
        return Err(ListError::Empty);
    }
    names.clear();
    let mut previous: &[u8] = &[];
    let mut start = 0_usize;
    for name in text.split(|&byte| byte == b';') {
        if name.is_empty() || !name.iter().all(|&byte| is_lower_token(byte)) {
            return Err(ListError::NotAToken);
        }
        if name <= previous {
            return Err(ListError::NotSorted);
        }
        previous = name;
        let end = start.saturating_add(name.len());
        names.push(list.part(start, end));
        start = end.saturating_add(1);
    }
    Ok(())
}

fn compare_lowered(name: &[u8], lower: &[u8]) -> Ordering {
    name.iter()
        .map(u8::to_ascii_lowercase)
        .cmp(lower.iter().copied())
}

/// The slot of a header name in the sorted list, whatever its case.
pub(crate) fn slot(stash: &[u8], names: &[Span], name: &[u8]) -> Result<usize, usize> {
    names.binary_search_by(|listed| compare_lowered(name, listed.of(stash)).reverse())
}

/// Keeps the values of the headers in the list, and hands every other name to `unlisted`.
pub(crate) fn collect<'a>(
    stash: &mut Vec<u8>,
    names: &[Span],
    fields: &mut Vec<Field>,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    mut unlisted: impl FnMut(&str),
) {
    for (name, value) in headers {
        match slot(stash, names, name.as_bytes()) {
            Ok(slot) => add_field(stash, fields, slot, value),
            Err(_) => unlisted(name),
        }
    }
}

/// Writes the list of the names in `names`, which need not be sorted nor unique, and leaves the places in it in `names`.
pub(crate) fn make_list(stash: &mut Vec<u8>, names: &mut Vec<Span>) -> Span {
    names.sort_unstable_by(|a, b| a.of(stash).cmp(b.of(stash)));
    names.dedup_by(|a, b| a.of(stash) == b.of(stash));
    append(stash, |out| {
        for (index, name) in names.iter_mut().enumerate() {
            if index > 0 {
                out.push(b';');
            }
            *name = append(out, |out| name.copy_within(out));
        }
    })
}

pub(crate) fn add_field(stash: &mut Vec<u8>, fields: &mut Vec<Field>, slot: usize, value: &[u8]) {
    let value = append(stash, |out| push_value(out, value));
    fields.push(Field { slot, value });
}

/// How many values arrived for a slot.
pub(crate) fn count(fields: &[Field], slot: usize) -> usize {
    fields.iter().filter(|field| field.slot == slot).count()
}

/// Appends `name:value,value` lines, the empty line and the list. Fails with the slot of a listed header that did not arrive.
pub(crate) fn push_headers(
    out: &mut Vec<u8>,
    stash: &[u8],
    names: &[Span],
    list: Span,
    fields: &mut [Field],
) -> Result<(), usize> {
    fields.sort_unstable();
    let mut arrived = fields.iter().peekable();
    for (slot, name) in names.iter().enumerate() {
        out.extend_from_slice(name.of(stash));
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
    out.extend_from_slice(list.of(stash));
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
        let mut stash = Vec::new();
        let mut names: Vec<_> = ["x-b", "host", "x-a", "host", "x-b"]
            .iter()
            .map(|name| keep(&mut stash, name.as_bytes()))
            .collect();
        let list = make_list(&mut stash, &mut names);
        assert_eq!(list.of(&stash), b"host;x-a;x-b");
        let mut read = Vec::new();
        parse_list(&stash, list, &mut read).unwrap();
        assert_eq!(read, names);
    }

    #[test]
    fn values_are_joined_in_the_order_they_came() {
        let mut stash = Vec::new();
        let list = keep(&mut stash, b"host;x-d");
        let (mut names, mut fields, mut out) = (Vec::new(), Vec::new(), Vec::new());
        parse_list(&stash, list, &mut names).unwrap();
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
        collect(&mut stash, &names, &mut fields, headers, |name| {
            others.push(name.to_owned())
        });
        assert_eq!(others, ["other"]);
        assert_eq!(count(&fields, 1), 2);
        push_headers(&mut out, &stash, &names, list, &mut fields).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "host:h\nx-d:b,a c\n\nhost;x-d\n"
        );
        fields.retain(|field| field.slot == 1);
        assert_eq!(
            push_headers(&mut Vec::new(), &stash, &names, list, &mut fields),
            Err(0)
        );
    }
}
