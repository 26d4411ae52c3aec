//! `POST /payout/webhook/deliveries/{id}/retry`: lets a failed delivery be tried again, from the first try on.

use super::door::{Door, PathId, once_key};
use super::once::once;
use super::problem::Problem;
use super::show_webhooks;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;

/// Retry a failed delivery.
#[utoipa::path(
    post, path = "/payout/webhook/deliveries/{id}/retry", tag = "Webhooks", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whd_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "The delivery, pending again", body = show_webhooks::Delivery),
        (status = 400, description = "The Idempotency-Key header is invalid"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such delivery"), (status = 409, description = "It has not failed"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    let retry = async {
        let delivery = door.platform.webhooks.retry_delivery(caller.book, &id).await?;
        door.note(caller, "webhook.retried", &id, &json!({})).await?;
        Ok::<_, Problem>(show_webhooks::delivery(&door.platform, caller.book, &delivery))
    };
    once(&door, caller, (key, format!("webhook retry\n{id}")), retry).await
}
