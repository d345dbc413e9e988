//! Hashes of levels and of the paths they make.

use core::hash::{BuildHasher, Hash, Hasher};

/// The hash of the empty path.
pub(crate) const ROOT: u64 = 0x243F_6A88_85A3_08D3;

/// What stands for the level `+` (digits of pi, as the others).
const PLUS: u64 = 0x1319_8A2E_0370_7344;

/// The hash of one level.
#[inline]
pub(crate) fn level<S: BuildHasher>(state: &S, level: &[u8]) -> u64 {
    let mut hasher = state.build_hasher();
    hasher.write(level);
    hasher.finish()
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

/// Multiplies to 128 bits and folds the halves: every bit of both inputs reaches every bit of the result.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the halves of a 128-bit product are taken apart"
)]
const fn fold(a: u64, b: u64) -> u64 {
    let product =
        ((a ^ 0xA409_3822_299F_31D0) as u128).wrapping_mul((b ^ 0x082E_FA98_EC4E_6C89) as u128);
    (product as u64) ^ ((product >> 64) as u64)
}
