//! The HTTP side: paths and queries of the AWS IoT Data Plane API.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::names::{ShadowAddress, ShadowName, ThingName};
use crate::request::Operation;

/// What is kept as it is in a path segment and a query value: RFC 3986 §2.3, unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const LIST: &str = "/api/things/shadow/ListNamedShadowsForThing/";

/// A request of the HTTP API, read from method, path and query.
///
/// ```
/// use shadow_doc::{Operation, RestRequest};
///
/// let request = RestRequest::parse("POST", "/things/lamp/shadow", Some("name=cfg"))?;
/// let RestRequest::Shadow { operation, address } = &request else { panic!() };
/// assert_eq!(*operation, Operation::Update);
/// assert_eq!(address.to_string(), "lamp~cfg");
/// assert_eq!(request.to_path(), "/things/lamp/shadow?name=cfg");
/// # Ok::<(), shadow_doc::RestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestRequest {
    /// `GetThingShadow`, `UpdateThingShadow`, `DeleteThingShadow`.
    Shadow {
        /// Which of them.
        operation: Operation,
        /// Of which shadow.
        address: ShadowAddress<'static>,
    },
    /// `ListNamedShadowsForThing`.
    #[non_exhaustive]
    ListNamedShadows {
        /// Of which thing.
        thing: ThingName<'static>,
        /// Where the last page ended.
        next_token: Option<String>,
        /// How many names at most, 1 to 100.
        page_size: Option<u8>,
    },
}

impl RestRequest {
    /// The most names that one page may be asked to have.
    ///
    /// ```
    /// assert_eq!(shadow_doc::RestRequest::MAX_PAGE_SIZE, 100);
    /// ```
    pub const MAX_PAGE_SIZE: u8 = 100;

    /// Reads a request line: the method, the path as it was sent (percent-encoded), and the query
    /// without its question mark.
    ///
    /// ```
    /// use shadow_doc::RestRequest;
    ///
    /// assert!(RestRequest::parse("GET", "/things/a%3Ab/shadow", None).is_ok());
    /// assert_eq!(RestRequest::parse("PUT", "/things/a/shadow", None).unwrap_err().status(), 405);
    /// ```
    ///
    /// # Errors
    /// The path is none of the API's (404), the method does not fit it (405), or a name or a query
    /// parameter is not valid (400).
    pub fn parse(method: &str, path: &str, query: Option<&str>) -> Result<Self, RestError> {
        let query = query.unwrap_or_default();
        if let Some(thing) = path.strip_prefix(LIST) {
            let thing = thing_name(thing)?;
            if method != "GET" {
                return Err(RestError(RestErrorKind::MethodNotAllowed));
            }
            let page_size = match parameter(query, "pageSize")? {
                None => None,
                Some(size) => match size.parse() {
                    Ok(size @ 1..=Self::MAX_PAGE_SIZE) => Some(size),
                    _ => return Err(RestError(RestErrorKind::InvalidPageSize)),
                },
            };
            let next_token = parameter(query, "nextToken")?;
            return Ok(Self::ListNamedShadows {
                thing,
                next_token,
                page_size,
            });
        }
        let thing = path
            .strip_prefix("/things/")
            .and_then(|rest| rest.strip_suffix("/shadow"))
            .filter(|thing| !thing.contains('/'))
            .ok_or(RestError(RestErrorKind::UnknownPath))?;
        let thing = thing_name(thing)?;
        let operation = match method {
            "GET" => Operation::Get,
            "POST" => Operation::Update,
            "DELETE" => Operation::Delete,
            _ => return Err(RestError(RestErrorKind::MethodNotAllowed)),
        };
        let address = match parameter(query, "name")? {
            None => ShadowAddress::classic(thing),
            Some(name) => {
                let name = ShadowName::try_from(name)
                    .map_err(|_| RestError(RestErrorKind::InvalidShadowName))?;
                ShadowAddress::named(thing, name)
            }
        };
        Ok(Self::Shadow { operation, address })
    }

    /// The method.
    ///
    /// ```
    /// # use shadow_doc::RestRequest;
    /// let request = RestRequest::parse("DELETE", "/things/a/shadow", None)?;
    /// assert_eq!(request.method(), "DELETE");
    /// # Ok::<(), shadow_doc::RestError>(())
    /// ```
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Shadow {
                operation: Operation::Update,
                ..
            } => "POST",
            Self::Shadow {
                operation: Operation::Delete,
                ..
            } => "DELETE",
            Self::Shadow {
                operation: Operation::Get,
                ..
            }
            | Self::ListNamedShadows { .. } => "GET",
        }
    }

    /// The path and query, percent-encoded.
    ///
    /// ```
    /// # use shadow_doc::{Operation, RestRequest, ShadowAddress, ShadowName, ThingName};
    /// let thing = ThingName::try_from("a:b")?;
    /// let address = ShadowAddress::named(thing, ShadowName::try_from("$package")?).into_owned();
    /// let request = RestRequest::Shadow { operation: Operation::Get, address };
    /// assert_eq!(request.to_path(), "/things/a%3Ab/shadow?name=%24package");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn to_path(&self) -> String {
        let encode = |text: &str| String::from_iter(utf8_percent_encode(text, ESCAPED));
        match self {
            Self::Shadow { address, .. } => {
                let mut path =
                    alloc::format!("/things/{}/shadow", encode(address.thing().as_str()));
                if let Some(shadow) = address.shadow() {
                    path.push_str("?name=");
                    path.push_str(&encode(shadow.as_str()));
                }
                path
            }
            Self::ListNamedShadows {
                thing,
                next_token,
                page_size,
            } => {
                let mut path = alloc::format!("{LIST}{}", encode(thing.as_str()));
                let mut separator = '?';
                if let Some(token) = next_token {
                    path.push_str("?nextToken=");
                    path.push_str(&encode(token));
                    separator = '&';
                }
                if let Some(size) = page_size {
                    path.push_str(&alloc::format!("{separator}pageSize={size}"));
                }
                path
            }
        }
    }
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(|text| text.into_owned())
}

fn thing_name(segment: &str) -> Result<ThingName<'static>, RestError> {
    decode(segment)
        .and_then(|name| ThingName::try_from(name).ok())
        .ok_or(RestError(RestErrorKind::InvalidThingName))
}

/// The value of the first parameter with this name. A plus sign is a plus sign: the API's own
/// clients encode a space as `%20`.
fn parameter(query: &str, name: &str) -> Result<Option<String>, RestError> {
    let value = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then_some(value)
    });
    value
        .map(|value| decode(value).ok_or(RestError(RestErrorKind::InvalidQuery)))
        .transpose()
}

/// Why a request line is none of the API's.
///
/// ```
/// use shadow_doc::RestRequest;
///
/// let error = RestRequest::parse("GET", "/thing/a/shadow", None).unwrap_err();
/// assert_eq!(error.status(), 404);
/// assert_eq!(error.to_string(), "invalid shadow request: the path is none of the API's [AWS IoT Data Plane API]");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestError(RestErrorKind);

/// The ways in which a request line can be wrong.
///
/// ```
/// # use shadow_doc::{RestErrorKind, RestRequest};
/// let error = RestRequest::parse("GET", "/things/a/shadow", Some("name=a%20b")).unwrap_err();
/// assert_eq!(error.kind(), RestErrorKind::InvalidShadowName);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestErrorKind {
    /// 404: no such path.
    UnknownPath,
    /// 405: the path is there, the method is not.
    MethodNotAllowed,
    /// 400.
    InvalidThingName,
    /// 400.
    InvalidShadowName,
    /// 400: `pageSize` is not 1 to 100.
    InvalidPageSize,
    /// 400: a parameter is not UTF-8.
    InvalidQuery,
}

impl RestError {
    /// What is wrong.
    ///
    /// ```
    /// # use shadow_doc::{RestErrorKind, RestRequest};
    /// let error = RestRequest::parse("GET", "/", None).unwrap_err();
    /// assert_eq!(error.kind(), RestErrorKind::UnknownPath);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> RestErrorKind {
        self.0
    }

    /// The HTTP status to answer with.
    ///
    /// ```
    /// # use shadow_doc::RestRequest;
    /// assert_eq!(RestRequest::parse("GET", "/things/a b/shadow", None).unwrap_err().status(), 400);
    /// ```
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self.0 {
            RestErrorKind::UnknownPath => 404,
            RestErrorKind::MethodNotAllowed => 405,
            RestErrorKind::InvalidThingName
            | RestErrorKind::InvalidShadowName
            | RestErrorKind::InvalidPageSize
            | RestErrorKind::InvalidQuery => 400,
        }
    }
}

impl fmt::Display for RestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid shadow request: ")?;
        f.write_str(match self.0 {
            RestErrorKind::UnknownPath => "the path is none of the API's",
            RestErrorKind::MethodNotAllowed => "the method does not fit the path",
            RestErrorKind::InvalidThingName => "the thing's name is not valid",
            RestErrorKind::InvalidShadowName => "the shadow's name is not valid",
            RestErrorKind::InvalidPageSize => "`pageSize` must be 1 to 100",
            RestErrorKind::InvalidQuery => "the query is not UTF-8",
        })?;
        f.write_str(" [AWS IoT Data Plane API]")
    }
}

impl core::error::Error for RestError {}

impl RestRequest {
    /// A request for the names of a thing's shadows.
    ///
    /// ```
    /// use shadow_doc::{RestRequest, ThingName};
    ///
    /// let list = RestRequest::list_named_shadows(&ThingName::try_from("lamp")?, Some("t"), Some(10));
    /// assert_eq!(
    ///     list.to_path(),
    ///     "/api/things/shadow/ListNamedShadowsForThing/lamp?nextToken=t&pageSize=10"
    /// );
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn list_named_shadows(
        thing: &ThingName<'_>,
        next_token: Option<&str>,
        page_size: Option<u8>,
    ) -> Self {
        Self::ListNamedShadows {
            thing: thing.clone().into_owned(),
            next_token: next_token.map(ToOwned::to_owned),
            page_size: page_size.map(|size| size.clamp(1, Self::MAX_PAGE_SIZE)),
        }
    }
}
