//! What a verifier accepts.

use core::time::Duration;

use crate::request::Limits;
use crate::scope::{Region, Service};

/// What a verifier accepts: one region, some services, and how much leeway.
///
/// By default a signature may be 15 minutes old or early, `UNSIGNED-PAYLOAD` is refused, and every arriving `x-amz-*` header must be
/// signed but `x-amz-content-sha256`, which the signature binds anyway.
///
/// ```
/// use core::time::Duration;
/// use sigv4::{Policy, Region, Service};
///
/// let policy = Policy::new(Region::new("us-east-1")?, [Service::iot_data(), Service::iot_device_gateway()])
///     .with_skew(Duration::from_secs(300));
/// # Ok::<(), sigv4::ScopeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) region: Region,
    pub(super) services: Vec<Service>,
    pub(super) skew: u64,
    pub(super) unsigned_payload: bool,
    pub(super) unsigned_headers: Vec<String>,
    pub(super) normal_paths_only: bool,
    pub(super) limits: Limits,
}

impl Policy {
    /// The policy by default for these services. With none, every request is refused.
    ///
    /// ```
    /// use sigv4::{Policy, Region, Service};
    ///
    /// let policy = Policy::new(Region::new("us-east-1")?, [Service::s3()]);
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub fn new(region: Region, services: impl IntoIterator<Item = Service>) -> Self {
        Self {
            region,
            services: services.into_iter().collect(),
            skew: 900,
            unsigned_payload: false,
            unsigned_headers: Vec::new(),
            normal_paths_only: false,
            limits: Limits::default(),
        }
    }

    /// How far the clocks may be apart. A header-signed request lives this long; a presigned URL may be this early, and is never late.
    ///
    /// ```
    /// # use sigv4::{Policy, Region, Service};
    /// # use core::time::Duration;
    /// let policy = Policy::new(Region::new("us-east-1")?, [Service::s3()]).with_skew(Duration::from_secs(60));
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub const fn with_skew(mut self, skew: Duration) -> Self {
        self.skew = skew.as_secs();
        self
    }

    /// Other limits than those by default.
    ///
    /// ```
    /// # use sigv4::{Limits, Policy, Region, Service};
    /// let policy = Policy::new(Region::new("us-east-1")?, [Service::s3()])
    ///     .with_limits(Limits { target_len: 2048, ..Limits::default() });
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Refuses paths with `.`, `..` or empty segments, for services that normalize paths.
    ///
    /// All services but S3 sign `/a//b` and `/c/../a/b` as `/a/b`, and clients do send such paths, so they are accepted by default; the
    /// path that was signed is [`Verified::path`](crate::Verified::path). A service that routes on the path as it arrived, before
    /// or beside the verifier, should refuse them.
    ///
    /// ```
    /// # use sigv4::{Policy, Region, Service};
    /// let policy = Policy::new(Region::new("us-east-1")?, [Service::iot_data()]).with_normal_paths_only();
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub const fn with_normal_paths_only(mut self) -> Self {
        self.normal_paths_only = true;
        self
    }

    /// Accepts `UNSIGNED-PAYLOAD`: whoever is between client and verifier may then change the body.
    ///
    /// Presigned S3 URLs need no permission, since most of them say nothing else; see
    /// [`Service::with_unsigned_presigned_payload`].
    ///
    /// ```
    /// # use sigv4::{Policy, Region, Service};
    /// let policy = Policy::new(Region::new("us-east-1")?, [Service::s3()]).dangerous_accept_unsigned_payload();
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub const fn dangerous_accept_unsigned_payload(mut self) -> Self {
        self.unsigned_payload = true;
        self
    }

    /// Accepts this `x-amz-*` header unsigned, such as `x-amz-cf-id`, which CloudFront adds. Whoever is between client and verifier may
    /// then set it to anything, so the application must not act on it.
    ///
    /// ```
    /// # use sigv4::{Policy, Region, Service};
    /// let policy = Policy::new(Region::new("us-east-1")?, [Service::s3()]).dangerous_accept_unsigned_header("x-amz-cf-id");
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub fn dangerous_accept_unsigned_header(mut self, name: impl Into<String>) -> Self {
        self.unsigned_headers.push(name.into());
        self
    }
}
