//! Who makes a request, and what they may do.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use iot_policy::{Bound, Request};
use sigv4::{HttpRequest, KeyRecord, Pending, Scratch, SecretAccessKey, Timestamp};

use super::body::Body;
use super::error::ApiError;
use super::gate::Gate;
use super::query::Query;
use crate::authorize::Device;
use crate::registry::{CertificateId, CertificateStatus};

/// Who makes a request.
#[derive(Debug)]
pub(super) enum Caller {
    /// The holder of one of the gateway's access keys, who may do everything.
    Key(Arc<str>),
    /// A device with a certificate, and what its policies say.
    Device(CertificateId, Box<Bound>),
}

/// A request whose maker is known.
#[derive(Debug)]
pub(super) struct Authentic {
    pub(super) caller: Caller,
    /// The path to act on: of a signed request, the one that was signed.
    pub(super) path: String,
    pub(super) body: Bytes,
}

impl Caller {
    pub(super) fn may(&self, request: &Request<'_>) -> Result<(), ApiError> {
        match self {
            Self::Key(_) => Ok(()),
            Self::Device(certificate, bound) => {
                let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
                let now = i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
                if bound.decide(request, now).is_allowed() {
                    return Ok(());
                }
                tracing::info!(%certificate, ?request, "a device may not do this");
                Err(ApiError::forbidden())
            }
        }
    }
}

impl core::fmt::Display for Caller {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Key(id) => write!(f, "access key {id}"),
            Self::Device(id, _) => write!(f, "certificate {id}"),
        }
    }
}

/// Whether any part of a signature is there: then the request is judged by it alone.
fn is_signed(parts: &Parts) -> bool {
    let query = Query(parts.uri.query().unwrap_or_default());
    parts.headers.contains_key(AUTHORIZATION)
        || ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"]
            .into_iter()
            .any(|name| query.has(name))
}

/// Finds out who makes a request, and reads its body.
pub(super) async fn authenticate(
    gate: &Gate,
    device: Option<&Device>,
    parts: &Parts,
    body: Body,
) -> Result<Authentic, ApiError> {
    match device.filter(|_| !is_signed(parts)) {
        Some(device) => by_certificate(gate, device, parts, body).await,
        None => by_signature(gate, parts, body).await,
    }
}

async fn by_certificate(
    gate: &Gate,
    device: &Device,
    parts: &Parts,
    body: Body,
) -> Result<Authentic, ApiError> {
    // The connection may be older than the latest word on its certificate.
    let status = gate.registry.certificate(&device.certificate_id)?.status;
    if status != CertificateStatus::Active {
        body.forget().await;
        return Err(ApiError::forbidden());
    }
    let bound = gate.authorizer.bind_http(device)?;
    Ok(Authentic {
        caller: Caller::Device(device.certificate_id, Box::new(bound)),
        path: parts.uri.path().to_owned(),
        body: body.read(|_| {}).await?,
    })
}

async fn by_signature(gate: &Gate, parts: &Parts, body: Body) -> Result<Authentic, ApiError> {
    let mut pending = match judge_head(gate, parts) {
        Ok(pending) => pending,
        Err(refused) => {
            body.forget().await;
            return Err(refused);
        }
    };
    let body = body.read(|piece| pending.update(piece)).await?;
    let verified = pending.finish().inspect_err(log)?;
    Ok(Authentic {
        path: verified.path().to_owned(),
        caller: Caller::Key(verified.into_identity()),
        body,
    })
}

fn log(error: &sigv4::VerifyError) {
    tracing::info!(%error, "a signature was refused");
}

/// Judges all of a signature but the body.
fn judge_head(gate: &Gate, parts: &Parts) -> Result<Pending<Arc<str>>, ApiError> {
    let now = Timestamp::try_from(SystemTime::now()).map_err(|_| ApiError::internal())?;
    let mut scratch = Scratch::new();
    let view = HttpRequest::new(&parts.method, &parts.uri, &parts.headers);
    let claim = gate
        .verifier
        .head(&view.request(), now, &mut scratch)
        .inspect_err(log)?;
    let id: Arc<str> = claim.access_key_id().into();
    let record = gate.registry.access_key(&id)?.map(|key| {
        let secret = SecretAccessKey::new(key.secret_access_key.as_str());
        KeyRecord::long_term(secret, Arc::clone(&id))
    });
    Ok(claim.authenticate(record).inspect_err(log)?)
}
