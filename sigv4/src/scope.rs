//! Where a signature is good for: the region and the service, and how that service reads a request.

use alloc::borrow::Cow;
use core::fmt;

use crate::canonical::path::PathRules;
use crate::error::ScopeError;
use crate::time::Expires;

/// The one algorithm there is. `AWS4-ECDSA-P256-SHA256` (SigV4a) is not supported.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of every scope.
pub(crate) const TERMINATOR: &str = "aws4_request";

fn check_name(name: &str) -> Result<(), ScopeError> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(ScopeError::new(
            "a region or service name has 1 to 64 bytes",
        ));
    }
    // A `/` would make another scope of it.
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    {
        return Err(ScopeError::new(
            "a region or service name has letters, digits, `-`, `_` and `.` only",
        ));
    }
    Ok(())
}

const MAX_NAME: usize = 64;

/// The name of a region, as it stands in a scope.
///
/// ```
/// use sigv4::Region;
///
/// assert_eq!(Region::new("eu-central-1")?.as_str(), "eu-central-1");
/// assert!(Region::new("eu/central").is_err());
/// # Ok::<(), sigv4::ScopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(Cow<'static, str>);

impl Region {
    /// Checks the name; whether there is such a region nobody here knows.
    ///
    /// # Errors
    /// When the name is empty, longer than 64 bytes, or has characters that no region name has.
    ///
    /// ```
    /// assert!(sigv4::Region::new("").is_err());
    /// ```
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, ScopeError> {
        let name = name.into();
        check_name(&name)?;
        Ok(Self(name))
    }

    /// The name.
    ///
    /// ```
    /// assert_eq!(sigv4::Region::new("local")?.as_str(), "local");
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a signature says about the session token of temporary credentials.
///
/// ```
/// use sigv4::{Service, TokenPlacement};
///
/// assert_eq!(Service::iot_data().token(), TokenPlacement::Signed);
/// assert_eq!(Service::iot_device_gateway().token(), TokenPlacement::Appended);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPlacement {
    /// It is part of what is signed. The rule.
    Signed,
    /// It is sent, but added after signing: the device gateway of AWS IoT wants it so (AWS IoT Core Developer Guide, "Amazon Cognito
    /// identities" and "Users, groups and roles").
    Appended,
    /// It is not sent with the request at all; the caller delivers it by other means. For signing only: a verifier treats it as
    /// [`Signed`](Self::Signed), since a temporary key is nothing without its token.
    Absent,
}

/// A service by its name in scopes, and how it reads requests.
///
/// The constructors are presets; the `with_` methods change one rule.
///
/// ```
/// use sigv4::{Service, TokenPlacement};
///
/// let service = Service::new("s3")?;
/// assert_eq!(service, Service::s3());
/// let service = Service::new("execute-api")?.with_token(TokenPlacement::Absent);
/// assert_eq!(service.name(), "execute-api");
/// # Ok::<(), sigv4::ScopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    name: Cow<'static, str>,
    path: PathRules,
    content_sha256: bool,
    unsigned_presigned_payload: bool,
    token: TokenPlacement,
    default_lifetime: Option<Expires>,
}

impl Service {
    const fn generic(name: Cow<'static, str>) -> Self {
        Self {
            name,
            path: PathRules {
                double_encode: true,
                normalize: true,
            },
            content_sha256: false,
            unsigned_presigned_payload: false,
            token: TokenPlacement::Signed,
            default_lifetime: None,
        }
    }

    /// The preset of the service with this name: those of S3 and the IoT device gateway, else the rules that all others share.
    ///
    /// # Errors
    /// When the name is empty, longer than 64 bytes, or has characters that no service name has.
    ///
    /// ```
    /// use sigv4::Service;
    ///
    /// assert_eq!(Service::new("iotdevicegateway")?, Service::iot_device_gateway());
    /// assert!(Service::new("iot data").is_err());
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, ScopeError> {
        let name = name.into();
        check_name(&name)?;
        Ok(match &*name {
            "iotdevicegateway" => Self::iot_device_gateway(),
            // The names under which requests are signed with the rules of S3. `s3express` is none of them: it has a session token of
            // its own, under another name.
            "s3" | "s3-outposts" | "s3-object-lambda" => Self { name, ..Self::s3() },
            _ => Self::generic(name),
        })
    }

    /// The HTTPS data plane of AWS IoT: publishing and device shadows.
    ///
    /// ```
    /// assert_eq!(sigv4::Service::iot_data().name(), "iotdata");
    /// ```
    #[must_use]
    pub const fn iot_data() -> Self {
        Self::generic(Cow::Borrowed("iotdata"))
    }

    /// MQTT over WebSocket: the session token is appended unsigned, and a URL without `X-Amz-Expires`, which the IoT SDKs for
    /// JavaScript make, is good for 15 minutes.
    ///
    /// ```
    /// let gateway = sigv4::Service::iot_device_gateway();
    /// assert_eq!(gateway.default_lifetime().map(|lifetime| lifetime.as_secs()), Some(900));
    /// ```
    #[must_use]
    pub const fn iot_device_gateway() -> Self {
        let mut service = Self::generic(Cow::Borrowed("iotdevicegateway"));
        service.token = TokenPlacement::Appended;
        service.default_lifetime = Some(Expires::QUARTER_OF_AN_HOUR);
        service
    }

    /// Amazon S3: the path is literal, `X-Amz-Content-Sha256` is always sent, and a presigned URL binds a body only if it says so in
    /// `X-Amz-Content-Sha256`.
    ///
    /// ```
    /// assert_eq!(sigv4::Service::s3().name(), "s3");
    /// ```
    #[must_use]
    pub const fn s3() -> Self {
        let mut service = Self::generic(Cow::Borrowed("s3"));
        service.path = PathRules {
            double_encode: false,
            normalize: false,
        };
        service.content_sha256 = true;
        service.unsigned_presigned_payload = true;
        service
    }

    /// The name as it stands in scopes.
    ///
    /// ```
    /// assert_eq!(sigv4::Service::iot_device_gateway().name(), "iotdevicegateway");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What happens to the session token.
    ///
    /// ```
    /// assert_eq!(sigv4::Service::s3().token(), sigv4::TokenPlacement::Signed);
    /// ```
    #[must_use]
    pub const fn token(&self) -> TokenPlacement {
        self.token
    }

    /// How long a URL without `X-Amz-Expires` lives; none, if such a URL is refused.
    ///
    /// ```
    /// assert_eq!(sigv4::Service::s3().default_lifetime(), None);
    /// ```
    #[must_use]
    pub const fn default_lifetime(&self) -> Option<Expires> {
        self.default_lifetime
    }

    /// Whether the path is percent-encoded once more than it was sent.
    ///
    /// ```
    /// let once = sigv4::Service::iot_data().with_double_encoding(false);
    /// assert_ne!(once, sigv4::Service::iot_data());
    /// ```
    #[must_use]
    pub const fn with_double_encoding(mut self, double_encode: bool) -> Self {
        self.path.double_encode = double_encode;
        self
    }

    /// Whether `.`, `..` and empty segments are removed from the path.
    ///
    /// ```
    /// let literal = sigv4::Service::iot_data().with_path_normalization(false);
    /// assert_ne!(literal, sigv4::Service::iot_data());
    /// ```
    #[must_use]
    pub const fn with_path_normalization(mut self, normalize: bool) -> Self {
        self.path.normalize = normalize;
        self
    }

    /// Whether signing headers adds `X-Amz-Content-Sha256`.
    ///
    /// ```
    /// let service = sigv4::Service::iot_data().with_content_sha256_header(true);
    /// assert_ne!(service, sigv4::Service::iot_data());
    /// ```
    #[must_use]
    pub const fn with_content_sha256_header(mut self, content_sha256: bool) -> Self {
        self.content_sha256 = content_sha256;
        self
    }

    /// Whether a presigned URL that does not say otherwise leaves the body unsigned, and may say so, as it is with S3.
    ///
    /// Without this a presigned URL binds the body, and one that declares `UNSIGNED-PAYLOAD` needs
    /// [`Policy::dangerous_accept_unsigned_payload`](crate::Policy::dangerous_accept_unsigned_payload). A gateway in front of S3 that
    /// takes no uploads by URL switches it off to refuse every URL that leaves the body open.
    ///
    /// ```
    /// use sigv4::Service;
    ///
    /// let strict = Service::s3().with_unsigned_presigned_payload(false);
    /// assert_ne!(strict, Service::s3());
    /// ```
    #[must_use]
    pub const fn with_unsigned_presigned_payload(mut self, unsigned: bool) -> Self {
        self.unsigned_presigned_payload = unsigned;
        self
    }

    /// What happens to the session token.
    ///
    /// ```
    /// use sigv4::{Service, TokenPlacement};
    ///
    /// let service = Service::s3().with_token(TokenPlacement::Absent);
    /// assert_eq!(service.token(), TokenPlacement::Absent);
    /// ```
    #[must_use]
    pub const fn with_token(mut self, token: TokenPlacement) -> Self {
        self.token = token;
        self
    }

    /// How long a URL without `X-Amz-Expires` lives, counted from its `X-Amz-Date`; none refuses such URLs.
    ///
    /// ```
    /// let strict = sigv4::Service::iot_device_gateway().with_default_lifetime(None);
    /// assert_eq!(strict.default_lifetime(), None);
    /// ```
    #[must_use]
    pub const fn with_default_lifetime(mut self, lifetime: Option<Expires>) -> Self {
        self.default_lifetime = lifetime;
        self
    }

    pub(crate) const fn path_rules(&self) -> PathRules {
        self.path
    }

    pub(crate) const fn sends_content_sha256(&self) -> bool {
        self.content_sha256
    }

    pub(crate) const fn presigns_without_body(&self) -> bool {
        self.unsigned_presigned_payload
    }
}

/// Appends `YYYYMMDD/region/service/aws4_request`.
pub(crate) fn push_scope(out: &mut Vec<u8>, day: &[u8], region: &Region, service: &Service) {
    out.extend_from_slice(day);
    for part in [region.as_str(), service.name(), TERMINATOR] {
        out.push(b'/');
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `s3express` wants its session token under another name, which nobody here sends.
    #[test]
    fn the_rules_of_s3_are_for_these_names() {
        for (name, is_s3) in [
            ("s3", true),
            ("s3-outposts", true),
            ("s3-object-lambda", true),
            ("s3express", false),
            ("s3tables", false),
            ("iotdata", false),
        ] {
            let service = Service::new(name).unwrap();
            assert_eq!(service.name(), name);
            assert_eq!(service.path == Service::s3().path, is_s3, "{name}");
            assert_eq!(service.presigns_without_body(), is_s3, "{name}");
        }
    }
}
