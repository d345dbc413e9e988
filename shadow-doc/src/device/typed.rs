use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Field, Shape};

/// A state that a device keeps as a Rust value.
///
/// Derive it for structs (feature `derive`); numbers, strings, lists, options and maps have it. What
/// is read from the service is a [`Patch`](Self::Patch), in which each member is
/// [absent, null or a value](Field).
///
/// ```
/// use shadow_doc::{Field, ShadowState};
///
/// #[derive(Default, serde::Serialize, shadow_doc::ShadowState)]
/// struct Lamp {
///     on: bool,
///     level: u8,
///     #[shadow(report_only)]
///     hours: u32,
/// }
///
/// let mut lamp = Lamp { on: true, level: 3, hours: 900 };
/// lamp.apply(LampPatch { level: Field::Value(7), on: Field::Null });
/// assert_eq!((lamp.on, lamp.level, lamp.hours), (false, 7, 900));
/// ```
pub trait ShadowState: Serialize {
    /// A change to the state.
    type Patch: DeserializeOwned;

    /// Changes the state. A null puts a member back to its default.
    fn apply(&mut self, patch: Self::Patch);

    /// Puts all that can be set back to its default; what a null means for the whole.
    fn clear(&mut self);

    /// What can be set, and in which parts.
    fn shape() -> Shape;
}

/// Types that are one value to a shadow: replaced, never merged.
macro_rules! whole {
    ($([$($bounds:tt)*] $type:ty),* $(,)?) => {$(
        impl<$($bounds)*> ShadowState for $type {
            type Patch = Self;

            fn apply(&mut self, patch: Self) {
                *self = patch;
            }

            fn clear(&mut self) {
                *self = Self::default();
            }

            fn shape() -> Shape {
                Shape::Whole
            }
        }
    )*};
}

whole!(
    [] bool, [] char, [] f32, [] f64,
    [] i8, [] i16, [] i32, [] i64, [] i128, [] isize,
    [] u8, [] u16, [] u32, [] u64, [] u128, [] usize,
    [] String, [] Box<str>, [] (),
    [T: Serialize + DeserializeOwned] Vec<T>,
);

/// Arrays of the lengths that serde knows.
macro_rules! arrays {
    ($($length:literal)*) => {
        whole!($([T: Serialize + DeserializeOwned + Default] [T; $length],)*);
    };
}

arrays!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);

whole!(
    [A: Serialize + DeserializeOwned + Default, B: Serialize + DeserializeOwned + Default] (A, B),
    [
        A: Serialize + DeserializeOwned + Default,
        B: Serialize + DeserializeOwned + Default,
        C: Serialize + DeserializeOwned + Default
    ] (A, B, C),
);

impl<T: ShadowState + Default> ShadowState for Option<T> {
    type Patch = T::Patch;

    fn apply(&mut self, patch: T::Patch) {
        self.get_or_insert_with(T::default).apply(patch);
    }

    fn clear(&mut self) {
        *self = None;
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: ShadowState> ShadowState for Box<T> {
    type Patch = T::Patch;

    fn apply(&mut self, patch: T::Patch) {
        (**self).apply(patch);
    }

    fn clear(&mut self) {
        (**self).clear();
    }

    fn shape() -> Shape {
        T::shape()
    }
}

/// Maps: a null removes the entry.
macro_rules! map {
    ($([$($bounds:tt)*] $type:ty),* $(,)?) => {$(
        impl<V: ShadowState + Default, $($bounds)*> ShadowState for $type {
            type Patch = BTreeMap<String, Field<V::Patch>>;

            fn apply(&mut self, patch: Self::Patch) {
                for (key, change) in patch {
                    match change {
                        Field::Absent => {}
                        Field::Null => {
                            self.remove(&key);
                        }
                        Field::Value(value) => self.entry(key).or_default().apply(value),
                    }
                }
            }

            fn clear(&mut self) {
                Self::clear(self);
            }

            fn shape() -> Shape {
                Shape::Entries(V::shape)
            }
        }
    )*};
}

map!([] BTreeMap<String, V>);
#[cfg(feature = "std")]
map!([S: core::hash::BuildHasher + Default] std::collections::HashMap<String, V, S>);
