//! Paths and queries, percent-decoded.

use core::ops::RangeInclusive;
use core::str::FromStr;

use percent_encoding::percent_decode_str;

use super::error::ApiError;

/// Decodes a part of a request target. A plus sign is a plus sign: the API's clients write a space as `%20`.
pub(super) fn decode(text: &str) -> Result<String, ApiError> {
    let mut rest = text;
    while let Some((_, escape)) = rest.split_once('%') {
        let digits = escape.as_bytes().get(..2);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(ApiError::invalid(
                "The target of the request has a `%` without two hexadecimal digits",
            ));
        }
        rest = escape;
    }
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| ApiError::invalid("The target of the request is not UTF-8"))
}

/// The query of a request. Of a parameter that is there twice, the first counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<'a>(pub(super) &'a str);

impl Query<'_> {
    /// Whether a parameter is there, under any spelling of its name.
    pub(super) fn has(self, name: &str) -> bool {
        self.0.split('&').any(|pair| {
            let key = pair.split_once('=').map_or(pair, |(key, _)| key);
            percent_decode_str(key).decode_utf8_lossy() == name
        })
    }

    pub(super) fn text(self, name: &str) -> Result<Option<String>, ApiError> {
        self.0
            .split('&')
            .find_map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (key == name).then_some(value)
            })
            .map(decode)
            .transpose()
    }

    pub(super) fn flag(self, name: &str) -> Result<bool, ApiError> {
        match self.text(name)?.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiError::invalid(format!("`{name}` must be true or false"))),
        }
    }

    pub(super) fn number<T: FromStr + PartialOrd + core::fmt::Display>(
        self,
        name: &str,
        range: RangeInclusive<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(ApiError::invalid(format!(
                "`{name}` must be {} to {}",
                range.start(),
                range.end()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_whole_and_text_is_utf8() {
        assert_eq!(decode("a%2Fb+c%20d").unwrap(), "a/b+c d");
        for wrong in ["%", "a%2", "%zz", "%+1", "%ff"] {
            assert!(decode(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters() {
        let query = Query("qos=1&retain=true&%58-Amz-Date=x&empty");
        assert_eq!(query.number("qos", 0..=1).unwrap(), Some(1_u8));
        assert!(query.number("qos", 0..=0_u8).is_err());
        assert!(query.flag("retain").unwrap());
        assert!(!query.flag("other").unwrap());
        assert!(query.flag("qos").is_err());
        assert!(query.has("X-Amz-Date") && !query.has("X-Amz"));
        assert_eq!(query.text("empty").unwrap().as_deref(), Some(""));
        assert_eq!(Query("").text("").unwrap().as_deref(), Some(""));
    }
}
