//! `#[derive(ShadowState)]` for `thingwire-shadow-doc`.
