//! A request that was not accepted, and what to answer.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::document::Version;
use crate::json::{self, JsonErrorKind};
use crate::limits::Depth;
use crate::token::ClientToken;

/// A rejected request: the code that counts, the service's text for it, and the payload for the
/// `rejected` topic.
///
/// The shadow is byte for byte what it was before.
///
/// ```
/// use shadow_doc::{EpochSeconds, Operation, RejectionKind, Request, Service, Shadow, ShadowAddress, ThingName};
///
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let request = Request::new(&address, Operation::Get, br#"{"clientToken":"t-1"}"#);
/// let rejection = Service::default()
///     .apply(&mut Shadow::default(), &request, EpochSeconds::default())
///     .unwrap_err();
///
/// assert_eq!(rejection.code(), 404);
/// assert_eq!(rejection.kind(), RejectionKind::NoShadow);
/// assert_eq!(
///     rejection.to_payload(),
///     br#"{"code":404,"message":"No shadow exists with name: 'lamp'","clientToken":"t-1"}"#
/// );
/// # Ok::<(), shadow_doc::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    kind: RejectionKind,
    offset: Option<usize>,
    /// The name that the message quotes.
    name: Option<Box<str>>,
    client_token: Option<ClientToken>,
}

/// Why a request is rejected: the rows of the service's error table (developer guide, "Device Shadow
/// error messages").
///
/// The rows from [`Unauthorized`](Self::Unauthorized) on are for the gateway around the engine to use;
/// [`Service::apply`](crate::Service::apply) gives [`InternalFailure`](Self::InternalFailure) for a
/// shadow whose versions are used up and none of the others.
///
/// ```
/// use shadow_doc::RejectionKind;
///
/// assert_eq!(RejectionKind::VersionConflict.code(), 409);
/// assert_eq!(RejectionKind::TooManyInFlight.code(), 429);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// 400: the payload is not JSON that a shadow can hold, for this reason.
    InvalidJson(JsonErrorKind),
    /// 400: an update without `state`.
    MissingState,
    /// 400: `state` is neither an object nor null.
    StateNotObject,
    /// 400: `desired` is neither an object nor null.
    DesiredNotObject,
    /// 400: `reported` is neither an object nor null.
    ReportedNotObject,
    /// 400: `version` is not a whole number from 0 to `u64::MAX`.
    InvalidVersion,
    /// 400: `clientToken` is not a string, or too long.
    InvalidClientToken,
    /// 400: more levels than this limit.
    TooDeep(Depth),
    /// 400: `state` has a member besides `desired` and `reported`.
    InvalidNode,
    /// 404: the shadow does not exist.
    NoShadow,
    /// 409: the `version` of the request is not the shadow's.
    VersionConflict,
    /// 413: the request, or the document it would make, is too large.
    TooLarge,
    /// 415: the payload is not UTF-8.
    UnsupportedEncoding,
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404: the thing does not exist.
    NoThing,
    /// 405, over HTTP only.
    MethodNotAllowed,
    /// 429: more requests under way than the service allows on one connection.
    TooManyInFlight,
    /// 500.
    InternalFailure,
    /// 503, over HTTP only.
    Unavailable,
}

impl RejectionKind {
    /// The code, which is also the HTTP status.
    ///
    /// ```
    /// assert_eq!(shadow_doc::RejectionKind::MissingState.code(), 400);
    /// ```
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::InvalidJson(_)
            | Self::MissingState
            | Self::StateNotObject
            | Self::DesiredNotObject
            | Self::ReportedNotObject
            | Self::InvalidVersion
            | Self::InvalidClientToken
            | Self::TooDeep(_)
            | Self::InvalidNode => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NoShadow | Self::NoThing => 404,
            Self::MethodNotAllowed => 405,
            Self::VersionConflict => 409,
            Self::TooLarge => 413,
            Self::UnsupportedEncoding => 415,
            Self::TooManyInFlight => 429,
            Self::InternalFailure => 500,
            Self::Unavailable => 503,
        }
    }
}

impl Rejection {
    pub(crate) const fn new(kind: RejectionKind) -> Self {
        Self {
            kind,
            offset: None,
            name: None,
            client_token: None,
        }
    }

    pub(crate) fn named(kind: RejectionKind, name: impl Into<Box<str>>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::new(kind)
        }
    }

    pub(crate) const fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    pub(crate) fn with_token(self, client_token: Option<ClientToken>) -> Self {
        Self {
            client_token,
            ..self
        }
    }

    /// A rejection by what stands around the engine (authorization, rate limits, a store that
    /// failed), in the service's words.
    ///
    /// ```
    /// use shadow_doc::{Rejection, RejectionKind};
    ///
    /// let rejection = Rejection::by_gateway(RejectionKind::Forbidden, b"{\"clientToken\":\"a\"}");
    /// assert_eq!(
    ///     rejection.to_payload(),
    ///     br#"{"code":403,"message":"Forbidden","clientToken":"a"}"#
    /// );
    /// ```
    #[must_use]
    pub fn by_gateway(kind: RejectionKind, payload: &[u8]) -> Self {
        Self::new(kind).with_token(ClientToken::in_payload(payload, ClientToken::MAX))
    }

    /// Why.
    ///
    /// ```
    /// # use shadow_doc::{Rejection, RejectionKind};
    /// let rejection = Rejection::by_gateway(RejectionKind::Forbidden, b"");
    /// assert_eq!(rejection.kind(), RejectionKind::Forbidden);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// The code, which is also the HTTP status.
    ///
    /// ```
    /// # use shadow_doc::{Rejection, RejectionKind};
    /// assert_eq!(Rejection::by_gateway(RejectionKind::Forbidden, b"").code(), 403);
    /// ```
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.kind.code()
    }

    /// The byte of the payload at which the reason was noticed, where there is one.
    ///
    /// ```
    /// use shadow_doc::{EpochSeconds, Operation, Request, Service, Shadow, ShadowAddress, ThingName};
    ///
    /// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let request = Request::new(&address, Operation::Update, br#"{"state": nil}"#);
    /// let rejection = Service::default()
    ///     .apply(&mut Shadow::default(), &request, EpochSeconds::default())
    ///     .unwrap_err();
    /// assert_eq!(rejection.offset(), Some(10));
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// The client token of the request, if it could be read.
    ///
    /// ```
    /// # use shadow_doc::{Rejection, RejectionKind};
    /// let rejection = Rejection::by_gateway(RejectionKind::Forbidden, b"{\"clientToken\":\"a\"}");
    /// assert_eq!(rejection.client_token().unwrap().as_str(), "a");
    /// ```
    #[must_use]
    pub const fn client_token(&self) -> Option<&ClientToken> {
        self.client_token.as_ref()
    }

    /// The service's text. The code is the contract; AWS has changed texts over the years.
    ///
    /// ```
    /// # use shadow_doc::{Rejection, RejectionKind};
    /// let rejection = Rejection::by_gateway(RejectionKind::TooLarge, b"");
    /// assert_eq!(rejection.message(), "The payload exceeds the maximum size allowed");
    /// ```
    #[must_use]
    pub fn message(&self) -> Cow<'static, str> {
        let name = self.name.as_deref().unwrap_or_default();
        Cow::Borrowed(match self.kind {
            RejectionKind::InvalidJson(_) => "Invalid JSON",
            RejectionKind::MissingState => "Missing required node: state",
            RejectionKind::StateNotObject => "State node must be an object",
            RejectionKind::DesiredNotObject => "Desired node must be an object",
            RejectionKind::ReportedNotObject => "Reported node must be an object",
            RejectionKind::InvalidVersion => "Invalid version",
            RejectionKind::InvalidClientToken => "Invalid clientToken",
            RejectionKind::TooDeep(depth) => {
                return Cow::Owned(alloc::format!(
                    "JSON contains too many levels of nesting; maximum is {depth}"
                ));
            }
            // The guide prints the sentence without the name; the live service adds it.
            RejectionKind::InvalidNode => {
                return Cow::Owned(alloc::format!("State contains an invalid node: '{name}'"));
            }
            RejectionKind::NoShadow => {
                return Cow::Owned(alloc::format!("No shadow exists with name: '{name}'"));
            }
            RejectionKind::NoThing => "Thing not found",
            RejectionKind::VersionConflict => "Version conflict",
            RejectionKind::TooLarge => "The payload exceeds the maximum size allowed",
            // "documented" is the service's word.
            RejectionKind::UnsupportedEncoding => {
                "Unsupported documented encoding; supported encoding is UTF-8"
            }
            RejectionKind::Unauthorized => "Unauthorized",
            RejectionKind::Forbidden => "Forbidden",
            RejectionKind::MethodNotAllowed => {
                "The specified verb and URI combination is not supported"
            }
            RejectionKind::TooManyInFlight => "Too many requests in flight",
            RejectionKind::InternalFailure => "Internal service failure",
            RejectionKind::Unavailable => "Service unavailable",
        })
    }

    /// The payload for the `rejected` topic: code, message and the request's token. The service's own
    /// have no timestamp.
    ///
    /// ```
    /// # use shadow_doc::{Rejection, RejectionKind};
    /// let rejection = Rejection::by_gateway(RejectionKind::Unauthorized, b"");
    /// assert_eq!(rejection.to_payload(), br#"{"code":401,"message":"Unauthorized"}"#);
    /// ```
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        let mut out = Vec::from(&b"{\"code\":"[..]);
        json::push_number(self.code().into(), &mut out);
        out.extend_from_slice(b",\"message\":\"");
        json::escape(&self.message(), &mut out);
        out.push(b'"');
        ClientToken::write(self.client_token.as_ref(), &mut out);
        out.push(b'}');
        out
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shadow request rejected with {}", self.code())?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        write!(f, ": ")?;
        let name = self.name.as_deref().unwrap_or_default();
        match self.kind {
            RejectionKind::InvalidJson(kind) => write!(f, "{}", json::JsonError::reason(kind))?,
            RejectionKind::MissingState => f.write_str("an update must have a `state`")?,
            RejectionKind::StateNotObject => f.write_str("`state` must be an object or null")?,
            RejectionKind::DesiredNotObject => {
                f.write_str("`desired` must be an object or null")?
            }
            RejectionKind::ReportedNotObject => {
                f.write_str("`reported` must be an object or null")?;
            }
            RejectionKind::InvalidVersion => {
                f.write_str("`version` must be a whole number that is not negative")?;
            }
            RejectionKind::InvalidClientToken => {
                f.write_str("`clientToken` must be a string within the limit")?;
            }
            RejectionKind::TooDeep(depth) => write!(f, "expected at most {depth} levels")?,
            RejectionKind::InvalidNode => {
                write!(
                    f,
                    "`state` has a member `{name}` besides `desired` and `reported`"
                )?;
            }
            RejectionKind::NoShadow => write!(f, "there is no shadow `{name}`")?,
            RejectionKind::VersionConflict => {
                f.write_str("the request's `version` is not the shadow's")?;
            }
            RejectionKind::TooLarge => f.write_str("the request or the document is too large")?,
            RejectionKind::UnsupportedEncoding => f.write_str("the payload is not UTF-8")?,
            RejectionKind::Unauthorized => f.write_str("the client is not known")?,
            RejectionKind::Forbidden => f.write_str("the client may not do this")?,
            RejectionKind::NoThing => f.write_str("there is no such thing")?,
            RejectionKind::MethodNotAllowed => f.write_str("the method does not fit the path")?,
            RejectionKind::TooManyInFlight => f.write_str("too many requests are under way")?,
            RejectionKind::InternalFailure => f.write_str("the service failed")?,
            RejectionKind::Unavailable => f.write_str("the service is not available")?,
        }
        f.write_str(" [AWS IoT developer guide, device shadow error messages]")
    }
}

impl core::error::Error for Rejection {}

/// Not even a version number is left: 2⁶⁴−1 updates.
pub(crate) fn next_version(version: Option<Version>) -> Result<Version, Rejection> {
    match version {
        None => Ok(Version::FIRST),
        Some(version) => version
            .next()
            .ok_or_else(|| Rejection::new(RejectionKind::InternalFailure)),
    }
}
