//! `GET /payout/withdrawals/{id}`: one withdrawal as the business sees it.

use super::door::{Door, PathId};
use super::problem::Problem;
use super::show::{self, Withdrawal};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// One withdrawal.
#[utoipa::path(
    get, path = "/payout/withdrawals/{id}", tag = "Withdrawals", security(("secret_key" = [])),
    params(("id" = String, Path, description = "ord_…")),
    responses((status = 200, description = "The withdrawal", body = Withdrawal), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such withdrawal"), (status = 429, description = "Too many requests")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let found = door.withdrawal(caller, &id).await?;
    let stops = door.platform.store.stops_of_queued(caller.book, (found.number, found.number)).await?;
    let waiting = stops.get(&found.number).map(|stop| stop.word());
    let shown = show::withdrawal(door.platform.secrets.ids(), caller.book, &found);
    Ok(show::ok(&Withdrawal { waiting, ..shown }))
}
