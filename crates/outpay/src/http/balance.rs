//! `GET /balance`: a business's main and payout balance (contract, 1.3).

use super::door::Door;
use super::problem::Problem;
use super::show;
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// Main and payout balance.
#[utoipa::path(
    get, path = "/balance", tag = "Balance", security(("secret_key" = [])),
    responses((status = 200, description = "Cents", body = show::Balances), (status = 401, description = "No valid secret key"),
        (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let (main, payout) = door.platform.store.own_balances(caller.book).await?;
    Ok(show::ok(&show::Balances::new(main, payout)))
}
