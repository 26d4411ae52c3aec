//! `POST /payout/withdraw`: a person asks for money. The answer is the operation; the money is held from then on.

use super::door::{Door, recipient_once_key};
use super::problem::Problem;
use super::quote::{WithdrawBody, wish};
use super::show::{self, Operation};
use crate::stopped::Stopped;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::Refusal;
use std::sync::Arc;

/// Ask for a withdrawal.
#[utoipa::path(
    post, path = "/payout/withdraw", tag = "Recipient", request_body = WithdrawBody, security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; every person has keys of their own")),
    responses((status = 202, description = "The withdrawal; its money is held", body = Operation),
        (status = 400, description = "Invalid fields, malformed JSON, an amount outside the limits, or too little money"),
        (status = 401, description = "No valid hash"), (status = 403, description = "Withdrawals are paused"), (status = 404, description = "No such method"),
        (status = 409, description = "The method cannot pay now"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (caller, fields) = door.recipient_who_sends(&parts, body).await?;
    let once = recipient_once_key(&parts.headers, caller.subject)?;
    let wish = wish(&fields)?;
    let asked = door.counter_of_recipient(caller).once(once).withdraw(caller.subject, &wish).await;
    let done = asked.map_err(|stopped| match stopped {
        // The hash died between being looked up and the withdrawal.
        Stopped::Refused(Refusal::PayoutUserIsNotActive | Refusal::PayoutUserIsUnknown) => {
            Problem::Unauthorized
        }
        other => other.into(),
    })?;
    let body = show::withdrawal_operation(door.platform.secrets.ids(), caller.book, &done.value);
    Ok(show::done(&done, StatusCode::ACCEPTED, &body))
}
