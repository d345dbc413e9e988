//! The canonical query string (IAM User Guide, "Create a signed AWS API request", step 1).

use super::escape::{push_encoded, push_reencoded};
use super::span::{Span, append, try_append};

/// The query parameters that carry authentication. Names are case-sensitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthParam {
    Algorithm,
    Credential,
    Date,
    Expires,
    SecurityToken,
    SignedHeaders,
    Signature,
    /// Not authentication by itself, but S3 clients move the header of this name into a presigned URL.
    ContentSha256,
}

impl AuthParam {
    pub(crate) const COUNT: usize = 8;

    fn of(name: &[u8]) -> Option<Self> {
        Some(match name.strip_prefix(b"X-Amz-")? {
            b"Algorithm" => Self::Algorithm,
            b"Credential" => Self::Credential,
            b"Date" => Self::Date,
            b"Expires" => Self::Expires,
            b"Security-Token" => Self::SecurityToken,
            b"SignedHeaders" => Self::SignedHeaders,
            b"Signature" => Self::Signature,
            b"Content-Sha256" => Self::ContentSha256,
            _ => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "X-Amz-Algorithm",
            Self::Credential => "X-Amz-Credential",
            Self::Date => "X-Amz-Date",
            Self::Expires => "X-Amz-Expires",
            Self::SecurityToken => "X-Amz-Security-Token",
            Self::SignedHeaders => "X-Amz-SignedHeaders",
            Self::Signature => "X-Amz-Signature",
            Self::ContentSha256 => "X-Amz-Content-Sha256",
        }
    }
}

/// One `name=value` in canonical form, kept in the stash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    pub(crate) name: Span,
    pub(crate) value: Span,
    pub(crate) auth: Option<AuthParam>,
    /// Where it began in the query as it arrived.
    pub(crate) offset: usize,
}

/// Reads a raw query. A parameter without `=` has the empty value; an empty piece between two `&` is no parameter.
///
/// Fails with the offset in `query` of an escape or byte that cannot be there.
pub(crate) fn parse_query(
    stash: &mut Vec<u8>,
    params: &mut Vec<Param>,
    query: &[u8],
) -> Result<(), usize> {
    let mut offset = 0_usize;
    for piece in query.split(|&byte| byte == b'&') {
        if !piece.is_empty() {
            let split = piece
                .iter()
                .position(|&byte| byte == b'=')
                .unwrap_or(piece.len());
            let (name, value) = piece.split_at_checked(split).unwrap_or((piece, &[]));
            let value = value.strip_prefix(b"=").unwrap_or(value);
            let value_offset = offset.saturating_add(piece.len().saturating_sub(value.len()));
            let name = try_append(stash, |out| push_reencoded(out, name))
                .map_err(|at| offset.saturating_add(at))?;
            let value = try_append(stash, |out| push_reencoded(out, value))
                .map_err(|at| value_offset.saturating_add(at))?;
            params.push(Param {
                name,
                value,
                auth: AuthParam::of(name.of(stash)),
                offset,
            });
        }
        offset = offset.saturating_add(piece.len()).saturating_add(1);
    }
    Ok(())
}

/// Adds a parameter that is being signed, not read.
pub(crate) fn add_param(
    stash: &mut Vec<u8>,
    params: &mut Vec<Param>,
    auth: AuthParam,
    value: &[u8],
) {
    let name = append(stash, |out| out.extend_from_slice(auth.name().as_bytes()));
    let value = append(stash, |out| push_encoded(out, value));
    params.push(Param {
        name,
        value,
        auth: Some(auth),
        offset: 0,
    });
}

/// Brings the parameters into canonical order: by name, then by value, both in encoded form.
pub(crate) fn sort_params(stash: &[u8], params: &mut [Param]) {
    params.sort_unstable_by(|a, b| {
        // Equal names and values are equal text, so it does not matter which comes first.
        let names = a.name.of(stash).cmp(b.name.of(stash));
        names.then_with(|| a.value.of(stash).cmp(b.value.of(stash)))
    });
}

/// Appends the canonical query of sorted parameters. `keep` decides which of them belong to it.
pub(crate) fn push_query(
    out: &mut Vec<u8>,
    stash: &[u8],
    params: &[Param],
    keep: impl Fn(Option<AuthParam>) -> bool,
) {
    let mut first = true;
    for param in params.iter().filter(|param| keep(param.auth)) {
        if !first {
            out.push(b'&');
        }
        first = false;
        out.extend_from_slice(param.name.of(stash));
        out.push(b'=');
        out.extend_from_slice(param.value.of(stash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(query: &str) -> Result<String, usize> {
        let (mut stash, mut params, mut out) = (Vec::new(), Vec::new(), Vec::new());
        parse_query(&mut stash, &mut params, query.as_bytes())?;
        sort_params(&stash, &mut params);
        push_query(&mut out, &stash, &params, |_| true);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn sorted_by_encoded_name_then_value() {
        for (raw, expected) in [
            ("", ""),
            ("a", "a="),
            ("a=", "a="),
            ("=a", "=a"),
            ("=", "="),
            ("b=1&a=1", "a=1&b=1"),
            ("a=2&a=1", "a=1&a=2"),
            ("a=1&A=1", "A=1&a=1"),
            ("dup=z&dup=&dup=a", "dup=&dup=a&dup=z"),
            // Names sort as names: `a` before `a-b`, though `=` sorts after `-`.
            ("a-b=1&a=2", "a=2&a-b=1"),
            ("aa=1&a%20a=1&a=1", "a=1&a%20a=1&aa=1"),
            ("e=2&%C3%A9=1", "%C3%A9=1&e=2"),
            ("x=a=b", "x=a%3Db"),
            ("a=1;b=2", "a=1%3Bb%3D2"),
            ("a=b+c", "a=b%2Bc"),
            ("&a=1&&b=2&", "a=1&b=2"),
            ("x=?/", "x=%3F%2F"),
        ] {
            assert_eq!(canonical(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn offsets_count_from_the_start_of_the_query() {
        for (raw, at) in [
            ("x=%zz", 2),
            ("a=1&b%=2", 5),
            ("a=1&&b=%4", 7),
            ("a=b c", 3),
            ("%", 0),
        ] {
            assert_eq!(canonical(raw), Err(at), "{raw}");
        }
    }

    #[test]
    fn an_escaped_name_is_the_same_parameter() {
        let (mut stash, mut params) = (Vec::new(), Vec::new());
        parse_query(
            &mut stash,
            &mut params,
            b"X%2DAmz%2dSignature=1&x-amz-signature=2&X-Amz-Signature2=3",
        )
        .unwrap();
        let auth: Vec<_> = params.iter().map(|param| param.auth).collect();
        assert_eq!(auth, [Some(AuthParam::Signature), None, None]);
    }
}
