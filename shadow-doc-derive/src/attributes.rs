//! `#[shadow(…)]`, and the parts of `#[serde(…)]` that change what a member is called.

use proc_macro2::TokenTree;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, ExprPath, Field, Ident, LitStr, Path, Token};

/// What the attributes of a type say.
pub(crate) struct TypeAttributes {
    pub(crate) patch: Option<Ident>,
    pub(crate) patch_derive: Vec<Path>,
    pub(crate) krate: Path,
    /// The rule of `#[serde(rename_all)]` for writing.
    rename_all: Option<LitStr>,
}

/// What the attributes of a field say.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) report_only: bool,
    pub(crate) opaque: bool,
    pub(crate) skip: bool,
    /// The name of `#[serde(rename)]` for writing: what the device reports is what is wished for.
    rename: Option<LitStr>,
    pub(crate) aliases: Vec<LitStr>,
    /// The function of `#[serde(default = "…")]`.
    pub(crate) default: Option<ExprPath>,
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
            rename_all: None,
        };
        for attribute in attributes {
            if attribute.path().is_ident("shadow") {
                attribute.parse_nested_meta(|meta| this.shadow(&meta))?;
            } else if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| {
                    if meta.path.is_ident("rename_all") {
                        this.rename_all = for_writing(&meta)?;
                        return Ok(());
                    }
                    pass(&meta)?;
                    if ["tag", "untagged", "transparent", "content", "into", "from", "try_from"]
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

    /// What serde writes a field as.
    pub(crate) fn written_name(
        &self,
        field: &FieldAttributes,
        ident: &Ident,
    ) -> syn::Result<String> {
        let name = ident.unraw().to_string();
        match (&field.rename, &self.rename_all) {
            (Some(rename), _) => Ok(rename.value()),
            (None, None) => Ok(name),
            (None, Some(rule)) => renamed(&name, &rule.value()).ok_or_else(|| {
                Error::new_spanned(
                    rule,
                    "ShadowState does not know this rule of serde for names",
                )
            }),
        }
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
        let is = |name: &str| meta.path.is_ident(name);
        if is("rename") {
            self.rename = for_writing(meta)?.or(self.rename.take());
            return Ok(());
        }
        if is("alias") {
            self.aliases.push(meta.value()?.parse()?);
            return Ok(());
        }
        if is("default") && meta.input.peek(Token![=]) {
            self.default = Some(meta.value()?.parse::<LitStr>()?.parse()?);
            return Ok(());
        }
        pass(meta)?;
        if is("skip") {
            self.skip = true;
        } else if is("skip_deserializing") {
            self.report_only = true;
        } else if is("skip_serializing") {
            return Err(meta.error(
                "a member that is never reported would be wished for again and again; use `serde(skip)`",
            ));
        } else if ["flatten", "with", "deserialize_with", "serialize_with"]
            .iter()
            .any(|name| is(name))
        {
            return Err(meta.error(format!(
                "`serde({})` has no counterpart in a patch; give the member a type of its own",
                meta.path.to_token_stream()
            )));
        }
        Ok(())
    }
}

/// The name in `= "x"` or in `(serialize = "x", deserialize = "y")`: the one for writing.
fn for_writing(meta: &ParseNestedMeta<'_>) -> syn::Result<Option<LitStr>> {
    if meta.input.peek(Token![=]) {
        return meta.value()?.parse().map(Some);
    }
    let mut name = None;
    meta.parse_nested_meta(|inner| {
        let value = inner.value()?.parse()?;
        if inner.path.is_ident("serialize") {
            name = Some(value);
        }
        Ok(())
    })?;
    Ok(name)
}

/// The name of a field under a rule of `#[serde(rename_all)]`.
fn renamed(field: &str, rule: &str) -> Option<String> {
    let capitalized = || {
        field.split('_').map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
    };
    Some(match rule {
        // Fields are lower case as they stand.
        "lowercase" | "snake_case" => field.to_owned(),
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => field.to_ascii_uppercase(),
        "PascalCase" => capitalized().collect(),
        "camelCase" => {
            let pascal: String = capitalized().collect();
            let mut letters = pascal.chars();
            let first = letters.next().map(|first| first.to_ascii_lowercase());
            first.into_iter().chain(letters).collect()
        }
        "kebab-case" => field.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => field.to_ascii_uppercase().replace('_', "-"),
        _ => return None,
    })
}

/// Passes over what follows the name of one item, up to the next comma.
fn pass(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    while !meta.input.is_empty() && !meta.input.peek(Token![,]) {
        meta.input.parse::<TokenTree>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn names_follow_the_rules_of_serde() {
        for (rule, name) in [
            ("lowercase", "light_level2"),
            ("UPPERCASE", "LIGHT_LEVEL2"),
            ("PascalCase", "LightLevel2"),
            ("camelCase", "lightLevel2"),
            ("snake_case", "light_level2"),
            ("SCREAMING_SNAKE_CASE", "LIGHT_LEVEL2"),
            ("kebab-case", "light-level2"),
            ("SCREAMING-KEBAB-CASE", "LIGHT-LEVEL2"),
        ] {
            assert_eq!(
                renamed("light_level2", rule).as_deref(),
                Some(name),
                "{rule}"
            );
        }
        assert_eq!(renamed("a", "Title Case"), None);
    }
}
