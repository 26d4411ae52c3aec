//! `POST /payout/withdrawals/{id}/approve`: the business lets a withdrawal be sent. Maker is not checker.

use super::body;
use super::door::{Door, PathId, once_key};
use super::problem::Problem;
use super::show::{self, Withdrawal};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;

/// Approve a withdrawal.
#[utoipa::path(
    post, path = "/payout/withdrawals/{id}/approve", tag = "Withdrawals", security(("secret_key" = [])),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The withdrawal afterwards", body = Withdrawal), (status = 400, description = "Invalid fields, or malformed JSON"),
        (status = 401, description = "No valid secret key"), (status = 403, description = "The key that gave the money may not approve its withdrawal"), (status = 404, description = "No such withdrawal"),
        (status = 409, description = "Its state does not allow it"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
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
    body::optional_object(&parts, body).await?;
    let done = door.counter(caller).once(once).approve(number).await?;
    Ok(show::done(
        &done,
        StatusCode::OK,
        &show::withdrawal(door.platform.secrets.ids(), caller.book, &done.value),
    ))
}
