//! `GET /payout/webhook`: where a business's events are delivered, and which.

use super::door::Door;
use super::problem::Problem;
use super::{show, show_webhooks};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// The webhook of this mode.
#[utoipa::path(
    get, path = "/payout/webhook", tag = "Webhooks", security(("secret_key" = [])),
    responses((status = 200, description = "The webhook; its url is null while there is none", body = show_webhooks::Webhook),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let endpoint = door.platform.webhooks.endpoint(caller.book).await?;
    let now = door.platform.clock.now();
    Ok(show::ok(&show_webhooks::webhook(endpoint.as_ref(), now, false)))
}
