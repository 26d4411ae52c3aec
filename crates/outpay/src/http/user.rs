//! `GET /payout/users/{id}`: one payout user.

use super::door::{Door, PathId};
use super::problem::Problem;
use super::show;
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// One payout user.
#[utoipa::path(
    get, path = "/payout/users/{id}", tag = "Payout users", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…")),
    responses((status = 200, description = "The user", body = show::User), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user"), (status = 429, description = "Too many requests")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let row = door.user(caller, &id).await?;
    let now = door.platform.clock.now();
    Ok(show::ok(&show::user(door.platform.secrets.ids(), caller.book, &row.user, Some(now))))
}
