#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attributes;
mod expand;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `shadow_doc::ShadowState`, and for a struct `Thermostat` makes the struct
/// `ThermostatPatch` in which every member is absent, null or a value.
///
/// On the type:
/// - `#[shadow(patch = "Name")]` names the patch struct;
/// - `#[shadow(patch_derive(Debug, Clone))]` says what is derived for it instead of
///   `Clone, Debug, PartialEq` (`Default`, `Serialize` and `Deserialize` always are);
/// - `#[shadow(crate = "path")]` says where `shadow_doc` is.
///
/// On a field:
/// - `#[shadow(report_only)]`: the device reports it and nobody sets it; the patch has no such member;
/// - `#[shadow(opaque)]`: the member is replaced as a whole; its type needs only serde.
///
/// `#[serde(rename)]`, `#[serde(rename_all)]`, `#[serde(alias)]` and `#[serde(skip)]` hold for the
/// patch too.
///
/// Structs with named fields, structs with one unnamed field (which are what they hold) and enums
/// without data (which are one value) can be derived.
///
/// ```
/// use shadow_doc::{Field, ShadowState};
///
/// #[derive(Default, serde::Serialize, ShadowState)]
/// #[serde(rename_all = "camelCase")]
/// struct Lamp {
///     light_level: u8,
///     #[shadow(report_only)]
///     hours: u32,
/// }
///
/// let mut lamp = Lamp::default();
/// lamp.apply(serde_json::from_str(r#"{"lightLevel": 4, "hours": 1}"#).unwrap());
/// assert_eq!((lamp.light_level, lamp.hours), (4, 0));
/// ```
#[proc_macro_derive(ShadowState, attributes(shadow, serde))]
pub fn derive_shadow_state(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::expand(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// What cannot be derived does not compile, and says why.
///
/// ```compile_fail
/// #[derive(serde::Serialize, shadow_doc::ShadowState)]
/// enum Schedule { Never, Daily { hour: u8 } }
/// ```
///
/// ```compile_fail
/// #[derive(serde::Serialize, shadow_doc::ShadowState)]
/// struct Generic<T> { value: T }
/// ```
///
/// ```compile_fail
/// #[derive(serde::Serialize, shadow_doc::ShadowState)]
/// struct Pair(u8, u8);
/// ```
///
/// ```compile_fail
/// #[derive(serde::Serialize, shadow_doc::ShadowState)]
/// struct Flat {
///     #[serde(flatten)]
///     rest: std::collections::BTreeMap<String, u8>,
/// }
/// ```
///
/// ```compile_fail
/// #[derive(serde::Serialize, shadow_doc::ShadowState)]
/// struct Unknown { #[shadow(reportonly)] value: u8 }
/// ```
#[cfg(doctest)]
struct Refused;
