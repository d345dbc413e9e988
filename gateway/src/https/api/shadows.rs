//! `GetThingShadow`, `UpdateThingShadow`, `DeleteThingShadow`, `ListNamedShadowsForThing`.

use bytes::Bytes;
use iot_policy::Request;
use serde_json::json;
use shadow_doc::{
    Operation, Rejection, RejectionKind, RestRequest, ShadowAddress, ShadowName, ThingName,
};

use super::{Call, page};
use crate::https::answer::{self, Answer};
use crate::https::error::ApiError;
use crate::shadows::Announce;
use crate::store::Batch;

/// Names on a page that says nothing of its size.
const PAGE: u8 = 25;

pub(super) async fn answer(call: &Call<'_>, request: &RestRequest) -> Result<Answer, ApiError> {
    match request {
        RestRequest::Shadow { operation, address } => apply(call, *operation, address).await,
        RestRequest::ListNamedShadows {
            thing,
            next_token,
            page_size,
            ..
        } => {
            let limit = usize::from(page_size.unwrap_or(PAGE));
            list(call, thing, next_token.as_deref(), limit).await
        }
        _ => Err(ApiError::not_found("There is no such operation")),
    }
}

/// `GET|POST|DELETE /things/{thing}/shadow?name=`
async fn apply(
    call: &Call<'_>,
    operation: Operation,
    address: &ShadowAddress<'static>,
) -> Result<Answer, ApiError> {
    let thing = address.thing().as_str();
    let shadow = address.shadow().map(ShadowName::as_str);
    let may = call.caller.may(&match operation {
        Operation::Get => Request::GetThingShadow { thing, shadow },
        Operation::Update => Request::UpdateThingShadow { thing, shadow },
        Operation::Delete => Request::DeleteThingShadow { thing, shadow },
    });
    if may.is_err() {
        let rejection = Rejection::by_gateway(RejectionKind::Forbidden, &call.body);
        return Err(ApiError::from(&rejection));
    }
    let gate = call.gate;
    let done = gate.shadows.apply(
        address,
        operation,
        &call.body,
        Batch::new(),
        Announce::Changes,
    )?;
    // What it was refused for must not be lost either.
    call.durable(done.ticket).await?;
    match &*done.outcome {
        Ok(accepted) => Ok(answer::document(Bytes::copy_from_slice(
            accepted.response(),
        ))),
        Err(rejection) => Err(ApiError::from(rejection)),
    }
}

/// `GET /api/things/shadow/ListNamedShadowsForThing/{thing}?nextToken&pageSize`
async fn list(
    call: &Call<'_>,
    thing: &ThingName<'_>,
    token: Option<&str>,
    limit: usize,
) -> Result<Answer, ApiError> {
    let after = page::after(token)?;
    call.caller.may(&Request::ListNamedShadowsForThing)?;
    let gate = call.gate;
    // One more tells whether there is a next page.
    let wanted = limit.saturating_add(1);
    let mut names = gate.shadows.list(thing, after.as_deref(), wanted)?;
    let has_more = names.len() > limit;
    names.truncate(limit);
    let mut answer = json!({ "results": names, "timestamp": gate.broker.unix_seconds() });
    if let (true, Some(last), Some(answer)) = (has_more, names.last(), answer.as_object_mut()) {
        answer.insert("nextToken".to_owned(), page::token(last).into());
    }
    call.all_durable().await?;
    Ok(answer::document(answer.to_string()))
}
