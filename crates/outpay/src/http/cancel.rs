//! `POST /payout/operations/{id}/cancel`: a person takes a withdrawal back before anything was sent.

use super::door::{Door, PathId, recipient_once_key};
use super::operation::{OperationDetail, detail, own_withdrawal};
use super::problem::Problem;
use super::show;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;

/// Cancel a withdrawal.
#[utoipa::path(
    post, path = "/payout/operations/{id}/cancel", tag = "Recipient", security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; every person has keys of their own")),
    responses((status = 200, description = "The withdrawal, cancelled; its money is back", body = OperationDetail), (status = 400, description = "Malformed JSON, or an Idempotency-Key that is none"),
        (status = 401, description = "No valid hash"), (status = 404, description = "No such withdrawal of this person"),
        (status = 409, description = "It is too late"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.recipient_of(&parts, body).await?;
    let once = recipient_once_key(&parts.headers, caller.subject)?;
    let withdrawal = own_withdrawal(&door, caller, &id).await?;
    let counter = door.counter_of_recipient(caller).once(once);
    let done = counter.cancel_own(withdrawal.number, caller.subject).await?;
    Ok(show::done(&done, StatusCode::OK, &detail(&door, caller.book, &done.value).await?))
}
