//! The code that the derive writes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DataEnum, DeriveInput, Error, Fields, FieldsNamed, FieldsUnnamed, LitStr};

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
    for field in &fields.named {
        let field_attributes = FieldAttributes::new(field)?;
        if field_attributes.report_only || field_attributes.skip {
            continue;
        }
        let (Some(ident), ty, vis) = (&field.ident, &field.ty, &field.vis) else {
            continue;
        };
        let docs = field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("doc"));
        let serde = &field_attributes.serde;
        let value = if field_attributes.opaque {
            quote!(#ty)
        } else {
            quote!(<#ty as #krate::ShadowState>::Patch)
        };
        members.push(quote! {
            #(#docs)*
            #[serde(default, skip_serializing_if = #skip_literal #(, #serde)*)]
            #vis #ident: #krate::Field<#value>
        });
        defaults.push(quote!(#ident: #krate::Field::Absent));
        let set = if field_attributes.opaque {
            quote!(self.#ident = value)
        } else {
            quote!(#krate::ShadowState::apply(&mut self.#ident, value))
        };
        applies.push(quote! {
            match patch.#ident {
                #krate::Field::Absent => {}
                #krate::Field::Null => self.#ident = ::core::default::Default::default(),
                #krate::Field::Value(value) => #set,
            }
        });
    }
    let derives = &attributes.patch_derive;
    let container = &attributes.serde;
    let summary = format!("A change to [`{name}`]: each member is absent, null or a value.");
    let unused = applies.is_empty().then(|| quote!(let _ = patch;));
    Ok(quote! {
        #[doc = #summary]
        #[derive(
            #(#derives,)*
            #serde_path::Serialize,
            #serde_path::Deserialize,
        )]
        #[serde(crate = #serde_literal #(, #container)*)]
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
        }
    })
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
    FieldAttributes::new(field)?;
    let (name, ty, krate) = (&input.ident, &field.ty, &attributes.krate);
    Ok(quote! {
        #[automatically_derived]
        impl #krate::ShadowState for #name {
            type Patch = <#ty as #krate::ShadowState>::Patch;

            fn apply(&mut self, patch: Self::Patch) {
                #krate::ShadowState::apply(&mut self.0, patch);
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
        }
    })
}
