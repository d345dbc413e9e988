//! Certificates put together anew, for forms that rcgen does not write.

use rcgen::{KeyPair, SigningKey as _};

use super::Ca;

/// The first DER value with its head, and what follows.
fn split(der: &[u8]) -> (&[u8], &[u8]) {
    let (head, length) = head(der);
    der.split_at(head + length)
}

fn head(der: &[u8]) -> (usize, usize) {
    match der[1] {
        short @ 0..=0x7F => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        _ => panic!("too long for a test"),
    }
}

/// The values inside a DER value.
pub(crate) fn children(der: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &der[head(der).0..];
    let mut children = Vec::new();
    while !rest.is_empty() {
        let (child, after) = split(rest);
        children.push(child.to_vec());
        rest = after;
    }
    children
}

pub(crate) fn wrap(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [.., high, low] = contents.len().to_be_bytes();
    let head = match contents.len() {
        0..=0x7F => vec![tag, low],
        0x80..=0xFF => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, contents.to_vec()].concat()
}

/// A certificate of rcgen as one of version 1 or 2, which has no extensions, with the signature of its issuer.
pub(crate) fn of_version(version: u8, der: &[u8], by: &Ca) -> Vec<u8> {
    let outer = children(der);
    let mut fields = children(&outer[0]);
    assert_eq!((fields[0][0], fields.last().unwrap()[0]), (0xA0, 0xA3));
    fields.pop();
    fields.remove(0);
    if version > 1 {
        fields.insert(0, vec![0xA0, 3, 2, 1, version - 1]);
    }
    signed(&wrap(0x30, &fields.concat()), &outer[1], by)
}

fn signed(to_sign: &[u8], algorithm: &[u8], by: &Ca) -> Vec<u8> {
    let key: &KeyPair = by.key();
    let signature = key.sign(to_sign).unwrap();
    let signature = wrap(0x03, &[&[0], &signature[..]].concat());
    wrap(0x30, &[to_sign, algorithm, &signature].concat())
}
