//! `POST /payout/webhook/roll`: a new token and a new secret; the old ones may sign beside them for a while.

use super::door::{Door, once_key};
use super::json::Json;
use super::problem::{Problem, field};
use super::{body, show, show_webhooks};
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::{Actor, Micros};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send; may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct RollBody {
    /// For how many seconds the old token and secret sign too; 0, the default, ends them at once.
    #[schema(minimum = 0, maximum = 2_592_000, example = 86_400)]
    overlap: Option<i64>,
}

/// Roll token and secret.
#[utoipa::path(
    post, path = "/payout/webhook/roll", tag = "Webhooks", request_body = RollBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; the answer is the same until the next roll")),
    responses(
        (status = 200, description = "The webhook with its new token and secret, which are shown this once", body = show_webhooks::Webhook),
        (status = 400, description = "Invalid fields, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet"),
        (status = 409, description = "Done already under this Idempotency-Key, and rolled again since"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let overlap = overlap(body::optional_object(&parts, body).await?.get("overlap"))?;
    door.still_authenticates(caller).await?;
    let webhooks = &door.platform.webhooks;
    let once = once.as_ref().map(|once| once.0.as_slice());
    let actor = Actor(caller.subject);
    let (endpoint, replayed) = webhooks.roll_endpoint(caller.book, actor, overlap, once).await?;
    let now = door.platform.clock.now();
    Ok(show::once(replayed, &show_webhooks::webhook(Some(&endpoint), now, true)))
}

fn overlap(value: Option<&Json>) -> Result<Micros, Problem> {
    match value {
        None => Ok(0),
        Some(Json::Integer(seconds)) if (0..=2_592_000).contains(seconds) => Ok(seconds * 1_000_000),
        Some(_) => Err(field("overlap", "The overlap must be an integer from 0 to 2592000 seconds.")),
    }
}
