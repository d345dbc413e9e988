//! Who a certificate says its holder is.

mod principal;
mod template;
mod text;
mod variable;

pub(crate) use text::is_invisible;

pub use principal::{Principal, PrincipalRule};
pub use template::TemplateParameters;
pub use variable::{Variable, variable_names};
