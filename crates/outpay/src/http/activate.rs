//! `POST /payout/users/{id}/activate`: activates a payout user. Asking for the status that a user has changes nothing.

use super::door::{Door, PathId, once_key};
use super::problem::Problem;
use super::show;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::UserStatus;
use std::sync::Arc;

/// The hash authenticates again.
#[utoipa::path(
    post, path = "/payout/users/{id}/activate", tag = "Payout users", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The user afterwards", body = show::User), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let user = door.user_number(caller, &id)?;
    let done = door.counter(caller).once(once).set_status(user, UserStatus::Active).await?;
    let body = show::user(door.platform.secrets.ids(), caller.book, &done.value, None);
    Ok(show::done(&done, StatusCode::OK, &body))
}
