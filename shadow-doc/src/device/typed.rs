use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Field;

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
}

macro_rules! whole {
    ($($type:ty),* $(,)?) => {$(
        impl ShadowState for $type {
            type Patch = Self;

            fn apply(&mut self, patch: Self) {
                *self = patch;
            }
        }
    )*};
}

whole!(
    bool,
    char,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    isize,
    u8,
    u16,
    u32,
    u64,
    usize,
    String,
    Box<str>,
    ()
);

/// An array is one value to a shadow: it is replaced, never merged.
impl<T: Serialize + DeserializeOwned> ShadowState for Vec<T> {
    type Patch = Self;

    fn apply(&mut self, patch: Self) {
        *self = patch;
    }
}

impl<T: ShadowState + Default> ShadowState for Option<T> {
    type Patch = T::Patch;

    fn apply(&mut self, patch: T::Patch) {
        self.get_or_insert_with(T::default).apply(patch);
    }
}

impl<T: ShadowState> ShadowState for Box<T> {
    type Patch = T::Patch;

    fn apply(&mut self, patch: T::Patch) {
        (**self).apply(patch);
    }
}

/// A null removes the entry.
impl<V: ShadowState + Default> ShadowState for BTreeMap<String, V> {
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
}

/// A null removes the entry.
#[cfg(feature = "std")]
impl<V, S> ShadowState for std::collections::HashMap<String, V, S>
where
    V: ShadowState + Default,
    S: core::hash::BuildHasher + Default,
{
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
}
