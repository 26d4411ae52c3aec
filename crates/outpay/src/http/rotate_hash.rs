//! `POST /payout/users/{id}/rotate-hash`: a new hash; the old one dies at once.

use super::door::{Door, PathId, once_key};
use super::problem::Problem;
use super::show;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// Give a payout user a new hash.
#[utoipa::path(
    post, path = "/payout/users/{id}/rotate-hash", tag = "Payout users", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The new hash", body = show::Hash), (status = 401, description = "No valid secret key"),
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
    let done = door.counter(caller).once(once).rotate_hash(user).await?;
    let hash = door.platform.secrets.payout_hash(caller.book, user, &done.value.salt);
    Ok(show::done(&done, StatusCode::OK, &show::Hash { hash: hash.expose_secret() }))
}
