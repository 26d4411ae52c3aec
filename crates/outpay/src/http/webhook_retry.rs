//! `POST /payout/webhook/deliveries/{id}/retry`: lets a failed delivery be tried again, from the first try on.

use super::door::{Door, PathId, once_key};
use super::problem::Problem;
use super::{show, show_webhooks};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// Retry a failed delivery.
#[utoipa::path(
    post, path = "/payout/webhook/deliveries/{id}/retry", tag = "Webhooks", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whd_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "Accepted; a retry cannot take effect twice anyway")),
    responses((status = 200, description = "The delivery, pending again", body = show_webhooks::Delivery),
        (status = 400, description = "The Idempotency-Key header is invalid"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such delivery"), (status = 409, description = "It has not failed"),
        (status = 429, description = "Too many requests")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let _checked = once_key(&parts.headers)?;
    let delivery = door.platform.webhooks.retry_delivery(caller.book, &id).await?;
    Ok(show::ok(&show_webhooks::delivery(&door.platform, caller.book, &delivery)))
}
