//! `GET /payout/webhook/deliveries/{id}`: one delivery: what was sent, and what the receiver answered each time.

use super::door::{Door, PathId};
use super::problem::Problem;
use super::show;
use super::show_webhooks::{self, MOST_ATTEMPTS};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// One delivery.
#[utoipa::path(
    get, path = "/payout/webhook/deliveries/{id}", tag = "Webhooks", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whd_…")),
    responses((status = 200, description = "The delivery with its attempts", body = show_webhooks::DeliveryDetail),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such delivery"),
        (status = 429, description = "Too many requests")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let platform = &door.platform;
    let delivery = platform.webhooks.delivery(caller.book, &id).await?;
    let attempts = platform.store.webhook_attempts(caller.book, delivery.number, MOST_ATTEMPTS).await?;
    Ok(show::ok(&show_webhooks::detail(platform, caller.book, &delivery, &attempts)))
}
