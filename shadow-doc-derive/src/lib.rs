#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::std_instead_of_core,
        clippy::std_instead_of_alloc,
        reason = "a test fails by panicking"
    )
)]

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
/// - `#[shadow(opaque)]`: the member is replaced as a whole. Its type needs no `ShadowState`, but
///   `Serialize`, `DeserializeOwned`, `Default`, and what `patch_derive` lists.
///
/// `#[serde(rename)]` and `#[serde(rename_all)]` (what they say for writing), `#[serde(alias)]`,
/// `#[serde(skip)]` and `#[serde(default = "…")]` (what a null means) hold for the patch too;
/// `#[serde(skip_deserializing)]` makes a member report-only.
///
/// Structs with named fields, structs with one unnamed field (which are what they hold) and enums
/// without data (which are one value) can be derived. An enum needs `Deserialize`, `Default` (what a
/// null means), and what the `patch_derive` of the structs that hold it lists. A type in an `Option` or
/// a map needs `Default`, which a wish for one of its members begins from.
///
/// What cannot be derived does not compile, and says why:
///
/// ```compile_fail
/// #[derive(serde::Serialize, shadow_doc::ShadowState)]
/// enum Schedule { Never, Daily { hour: u8 } }
/// ```
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
