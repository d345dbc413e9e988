//! `#[shadow(…)]`, and the parts of `#[serde(…)]` that change what a member is called.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Field, Ident, LitStr, Path, Token};

/// What the attributes of a type say.
pub(crate) struct TypeAttributes {
    pub(crate) patch: Option<Ident>,
    pub(crate) patch_derive: Vec<Path>,
    pub(crate) krate: Path,
    /// For the patch, as they stand.
    pub(crate) serde: Vec<TokenStream>,
}

/// What the attributes of a field say.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) report_only: bool,
    pub(crate) opaque: bool,
    pub(crate) skip: bool,
    pub(crate) serde: Vec<TokenStream>,
}

impl TypeAttributes {
    pub(crate) fn new(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut this = Self {
            patch: None,
            patch_derive: ["Clone", "Debug", "PartialEq"]
                .iter()
                .map(|name| syn::parse_str(&format!("::core::{}", std_path(name))))
                .collect::<syn::Result<_>>()?,
            krate: syn::parse_str("::shadow_doc")?,
            serde: Vec::new(),
        };
        for attribute in attributes {
            if attribute.path().is_ident("shadow") {
                attribute.parse_nested_meta(|meta| this.shadow(&meta))?;
            } else if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| {
                    let rest = rest(&meta)?;
                    if meta.path.is_ident("rename_all") {
                        let path = &meta.path;
                        this.serde.push(quote!(#path #rest));
                    } else if ["tag", "untagged", "transparent", "content", "into", "from"]
                        .iter()
                        .any(|name| meta.path.is_ident(name))
                    {
                        return Err(meta.error(
                            "ShadowState cannot be derived for a type that serde writes in another shape; use #[shadow(opaque)] where it is a field",
                        ));
                    }
                    Ok(())
                })?;
            }
        }
        Ok(this)
    }

    fn shadow(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.path.is_ident("patch") {
            self.patch = Some(meta.value()?.parse::<LitStr>()?.parse()?);
        } else if meta.path.is_ident("crate") {
            self.krate = meta.value()?.parse::<LitStr>()?.parse()?;
        } else if meta.path.is_ident("patch_derive") {
            let list;
            syn::parenthesized!(list in meta.input);
            let paths: Punctuated<Path, Token![,]> = Punctuated::parse_terminated(&list)?;
            self.patch_derive = paths.into_iter().collect();
        } else {
            return Err(meta.error("expected `patch`, `patch_derive` or `crate`"));
        }
        Ok(())
    }
}

fn std_path(name: &str) -> &'static str {
    match name {
        "Clone" => "clone::Clone",
        "Debug" => "fmt::Debug",
        _ => "cmp::PartialEq",
    }
}

impl FieldAttributes {
    pub(crate) fn new(field: &Field) -> syn::Result<Self> {
        let mut this = Self::default();
        for attribute in &field.attrs {
            if attribute.path().is_ident("shadow") {
                attribute.parse_nested_meta(|meta| {
                    if meta.path.is_ident("report_only") {
                        this.report_only = true;
                    } else if meta.path.is_ident("opaque") {
                        this.opaque = true;
                    } else {
                        return Err(meta.error("expected `report_only` or `opaque`"));
                    }
                    Ok(())
                })?;
            } else if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| this.serde(&meta))?;
            }
        }
        if this.report_only && this.opaque {
            return Err(Error::new_spanned(
                field,
                "a report-only member is not in the patch, so it cannot be opaque there",
            ));
        }
        Ok(this)
    }

    fn serde(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        let path = &meta.path;
        let rest = rest(meta)?;
        let is = |name: &str| path.is_ident(name);
        if is("rename") || is("alias") {
            self.serde.push(quote!(#path #rest));
        } else if is("skip") {
            self.skip = true;
        } else if ["flatten", "with", "deserialize_with", "serialize_with"]
            .iter()
            .any(|name| is(name))
        {
            return Err(meta.error(format!(
                "`serde({})` has no counterpart in a patch; give the member a type of its own",
                path.to_token_stream()
            )));
        }
        Ok(())
    }
}

/// What follows the name of one item, up to the next comma.
fn rest(meta: &ParseNestedMeta<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        let token: proc_macro2::TokenTree = meta.input.parse()?;
        tokens.extend([token]);
    }
    Ok(tokens)
}
