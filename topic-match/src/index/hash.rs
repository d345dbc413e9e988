//! Hashes of levels and of the paths they make.

use core::hash::{BuildHasher, Hash, Hasher};

/// The hash of the empty path.
pub(crate) const ROOT: u64 = 0x243F_6A88_85A3_08D3;

/// What stands for the level `+` (digits of pi, as the others).
const PLUS: u64 = 0x1319_8A2E_0370_7344;

/// The hash of one level, never that of `+`.
#[inline]
pub(crate) fn level<S: BuildHasher>(state: &S, level: &[u8]) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write(level);
    match hasher.finish() {
        PLUS => !PLUS,
        hash => hash,
    }
}

/// The path that a level prolongs.
#[inline]
pub(crate) fn literal_child(path: u64, level: u64) -> u64 {
    fold(path, level)
}

/// The path that `+` prolongs.
#[inline]
pub(crate) fn plus_child(path: u64) -> u64 {
    fold(path, PLUS)
}

/// The hash of a key.
#[inline]
pub(crate) fn key<S: BuildHasher, K: Hash + ?Sized>(state: &S, key: &K) -> u32 {
    high(state.hash_one(key))
}

/// The 32 bits of a hash that small tables keep.
#[inline]
pub(crate) const fn high(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Multiplies to 128 bits and folds the halves. The children of a path differ before the multiplication whenever their
/// levels do.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves of a 128-bit product are taken apart"
)]
const fn fold(path: u64, level: u64) -> u64 {
    let product = ((path.rotate_left(29) ^ level) as u128).wrapping_mul(0x082E_FA98_EC4E_6C89);
    (product as u64) ^ ((product >> 64) as u64)
}
