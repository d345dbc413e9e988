//! The code that the derive writes.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote};
use syn::{Data, DataEnum, DeriveInput, Error, Fields, FieldsNamed, FieldsUnnamed, Ident, LitStr};

use crate::attributes::{FieldAttributes, TypeAttributes};

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "ShadowState cannot be derived for a generic type: the patch would need its bounds spelled out",
        ));
    }
    let attributes = TypeAttributes::new(&input.attrs)?;
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => named(input, &attributes, fields),
            Fields::Unnamed(fields) => newtype(input, &attributes, fields),
            Fields::Unit => Err(Error::new_spanned(
                &input.ident,
                "ShadowState cannot be derived for a struct without fields: a shadow has no such value",
            )),
        },
        Data::Enum(data) => plain_enum(input, &attributes, data),
        Data::Union(_) => Err(Error::new_spanned(
            &input.ident,
            "ShadowState cannot be derived for a union",
        )),
    }
}

fn named(
    input: &DeriveInput,
    attributes: &TypeAttributes,
    fields: &FieldsNamed,
) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let visibility = &input.vis;
    let patch = attributes
        .patch
        .clone()
        .unwrap_or_else(|| format_ident!("{name}Patch"));
    let krate = &attributes.krate;
    let serde_path = quote!(#krate::__private::serde);
    let serde_literal = LitStr::new(
        &serde_path.to_string().replace(' ', ""),
        proc_macro2::Span::call_site(),
    );
    let skip_literal = LitStr::new(
        &quote!(#krate::Field::is_absent)
            .to_string()
            .replace(' ', ""),
        proc_macro2::Span::call_site(),
    );
    let mut members = Vec::new();
    let mut defaults = Vec::new();
    let mut applies = Vec::new();
    let mut clears = Vec::new();
    let mut shapes = Vec::new();
    for field in &fields.named {
        let field_attributes = FieldAttributes::new(field)?;
        let (Some(ident), vis) = (&field.ident, &field.vis) else {
            continue;
        };
        if field_attributes.skip {
            continue;
        }
        let ty = spelled_out(field.ty.to_token_stream(), name);
        let wire = attributes.written_name(&field_attributes, ident)?;
        if field_attributes.report_only {
            shapes.push(quote!((#wire, || #krate::Shape::ReportOnly)));
            continue;
        }
        let docs = field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("doc"));
        let aliases = &field_attributes.aliases;
        let (value, shape, set, reset) = if field_attributes.opaque {
            (
                quote!(#ty),
                quote!(|| #krate::Shape::Whole),
                quote!(self.#ident = value),
                quote!(self.#ident = ::core::default::Default::default()),
            )
        } else {
            (
                quote!(<#ty as #krate::ShadowState>::Patch),
                quote!(<#ty as #krate::ShadowState>::shape),
                quote!(#krate::ShadowState::apply(&mut self.#ident, value)),
                quote!(#krate::ShadowState::clear(&mut self.#ident)),
            )
        };
        let reset = match &field_attributes.default {
            Some(default) => quote!(self.#ident = #default()),
            None => reset,
        };
        members.push(quote! {
            #(#docs)*
            #[serde(default, skip_serializing_if = #skip_literal, rename = #wire #(, alias = #aliases)*)]
            #vis #ident: #krate::Field<#value>
        });
        shapes.push(quote!((#wire, #shape) #(, (#aliases, #shape))*));
        defaults.push(quote!(#ident: #krate::Field::Absent));
        applies.push(quote! {
            match patch.#ident {
                #krate::Field::Absent => {}
                #krate::Field::Null => #reset,
                #krate::Field::Value(value) => #set,
            }
        });
        clears.push(reset);
    }
    let derives = &attributes.patch_derive;
    let summary = format!("A change to [`{name}`]: each member is absent, null or a value.");
    let unused = applies.is_empty().then(|| quote!(let _ = patch;));
    Ok(quote! {
        #[doc = #summary]
        #[derive(
            #(#derives,)*
            #serde_path::Serialize,
            #serde_path::Deserialize,
        )]
        #[serde(crate = #serde_literal)]
        #visibility struct #patch {
            #(#members,)*
        }

        #[automatically_derived]
        impl ::core::default::Default for #patch {
            fn default() -> Self {
                Self { #(#defaults,)* }
            }
        }

        #[automatically_derived]
        impl #krate::ShadowState for #name {
            type Patch = #patch;

            fn apply(&mut self, patch: #patch) {
                #unused
                #(#applies)*
            }

            fn clear(&mut self) {
                #(#clears;)*
            }

            fn shape() -> #krate::Shape {
                const MEMBERS: &[(&str, fn() -> #krate::Shape)] = &[#(#shapes,)*];
                #krate::Shape::Members(MEMBERS)
            }
        }
    })
}

/// A type in which `Self` is `name`: the patch and the shape are items of their own.
fn spelled_out(ty: TokenStream, name: &Ident) -> TokenStream {
    let spell = |token| match token {
        TokenTree::Ident(ident) if ident == "Self" => TokenTree::Ident(name.clone()),
        TokenTree::Group(group) => {
            let inner = spelled_out(group.stream(), name);
            TokenTree::Group(Group::new(group.delimiter(), inner))
        }
        token => token,
    };
    ty.into_iter().map(spell).collect()
}

/// serde writes a struct with one unnamed field as what it holds.
fn newtype(
    input: &DeriveInput,
    attributes: &TypeAttributes,
    fields: &FieldsUnnamed,
) -> syn::Result<TokenStream> {
    let (Some(field), 1) = (fields.unnamed.first(), fields.unnamed.len()) else {
        return Err(Error::new_spanned(
            fields,
            "ShadowState can be derived for one unnamed field only: more are a list to serde, which a shadow does not merge",
        ));
    };
    let field_attributes = FieldAttributes::new(field)?;
    if field_attributes.report_only || field_attributes.skip {
        return Err(Error::new_spanned(
            field,
            "the only field is what the struct is to a shadow; mark the member that holds the struct instead",
        ));
    }
    let (name, ty, krate) = (&input.ident, &field.ty, &attributes.krate);
    let [value, apply, clear, shape] = if field_attributes.opaque {
        [
            quote!(#ty),
            quote!(self.0 = patch),
            quote!(self.0 = ::core::default::Default::default()),
            quote!(#krate::Shape::Whole),
        ]
    } else {
        [
            quote!(<#ty as #krate::ShadowState>::Patch),
            quote!(#krate::ShadowState::apply(&mut self.0, patch)),
            quote!(#krate::ShadowState::clear(&mut self.0)),
            quote!(<#ty as #krate::ShadowState>::shape()),
        ]
    };
    Ok(quote! {
        #[automatically_derived]
        impl #krate::ShadowState for #name {
            type Patch = #value;

            fn apply(&mut self, patch: Self::Patch) {
                #apply;
            }

            fn clear(&mut self) {
                #clear;
            }

            fn shape() -> #krate::Shape {
                #shape
            }
        }
    })
}

/// An enum without data is one value.
fn plain_enum(
    input: &DeriveInput,
    attributes: &TypeAttributes,
    data: &DataEnum,
) -> syn::Result<TokenStream> {
    if let Some(variant) = data
        .variants
        .iter()
        .find(|variant| !variant.fields.is_empty())
    {
        return Err(Error::new_spanned(
            variant,
            "ShadowState cannot be derived for an enum with data: a shadow merges objects, so the members of one variant would stay behind when another is set; write the variant as a member of its own, or mark the field that holds the enum #[shadow(opaque)]",
        ));
    }
    let (name, krate) = (&input.ident, &attributes.krate);
    Ok(quote! {
        #[automatically_derived]
        impl #krate::ShadowState for #name {
            type Patch = Self;

            fn apply(&mut self, patch: Self) {
                *self = patch;
            }

            fn clear(&mut self) {
                *self = ::core::default::Default::default();
            }

            fn shape() -> #krate::Shape {
                #krate::Shape::Whole
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::expand;

    /// What cannot be derived says why.
    #[test]
    fn refusals_say_what_to_do() {
        let cases: [(&str, DeriveInput); 12] = [
            (
                "an enum with data",
                parse_quote!(
                    enum Schedule {
                        Never,
                        Daily { hour: u8 },
                    }
                ),
            ),
            (
                "a generic type",
                parse_quote!(
                    struct Generic<T> {
                        value: T,
                    }
                ),
            ),
            (
                "for one unnamed field only",
                parse_quote!(
                    struct Pair(u8, u8);
                ),
            ),
            (
                "a struct without fields",
                parse_quote!(
                    struct Unit;
                ),
            ),
            ("a union", parse_quote!(union Bits { a: u8, b: i8 })),
            (
                "`serde(flatten)` has no counterpart",
                parse_quote!(
                    struct Flat {
                        #[serde(flatten)]
                        rest: Rest,
                    }
                ),
            ),
            (
                "expected `report_only` or `opaque`",
                parse_quote!(
                    struct Unknown {
                        #[shadow(reportonly)]
                        value: u8,
                    }
                ),
            ),
            (
                "cannot be opaque",
                parse_quote!(
                    struct Both {
                        #[shadow(report_only, opaque)]
                        value: u8,
                    }
                ),
            ),
            (
                "use `serde(skip)`",
                parse_quote!(
                    struct Silent {
                        #[serde(skip_serializing)]
                        value: u8,
                    }
                ),
            ),
            (
                "mark the member that holds the struct",
                parse_quote!(
                    struct Wrapped(#[shadow(report_only)] u8);
                ),
            ),
            (
                "does not know this rule",
                parse_quote!(
                    #[serde(rename_all = "Title Case")]
                    struct Named {
                        value: u8,
                    }
                ),
            ),
            (
                "writes in another shape",
                parse_quote!(
                    #[serde(try_from = "u8")]
                    struct Checked {
                        value: u8,
                    }
                ),
            ),
        ];
        for (why, input) in cases {
            let error = expand(&input).unwrap_err().to_string();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
