//! `POST /payout/withdrawals/{id}/settle`: a payment that a person makes by hand was made; the proof says how one can see that.

use super::body;
use super::debit::text;
use super::door::{Door, PathId, once_key};
use super::problem::Problem;
use super::show::{self, Withdrawal};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct SettleBody {
    /// How one can see that it was paid, for example a bank reference.
    #[schema(min_length = 1, max_length = 255)]
    proof: String,
}

/// Settle a manual withdrawal.
#[utoipa::path(
    post, path = "/payout/withdrawals/{id}/settle", tag = "Withdrawals", request_body = SettleBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The withdrawal afterwards", body = Withdrawal), (status = 400, description = "Invalid fields, or malformed JSON"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such withdrawal"),
        (status = 409, description = "Its state does not allow it"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let number = door.withdrawal(caller, &id).await?.number;
    let fields = body::object(&parts, body, body::LARGEST).await?;
    let proof = text(&fields, "proof")?;
    let done = door.counter(caller).once(once).settle(number, &proof).await?;
    Ok(show::done(
        &done,
        StatusCode::OK,
        &show::withdrawal(door.platform.secrets.ids(), caller.book, &done.value),
    ))
}
