//! `POST /payout/webhook/replay`: lets everything be tried again that failed since a moment, for a receiver that was down.

use super::body::{self, LARGEST};
use super::door::{Door, once_key};
use super::json::Json;
use super::once::once;
use super::problem::{Problem, field};
use crate::clock::rfc3339;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::Micros;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct ReplayBody {
    /// RFC 3339: what failed at this moment or later.
    #[schema(format = "date-time", example = "2026-01-02T03:04:05Z")]
    since: String,
}

/// How much there is to try again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    /// Deliveries that are pending again.
    replayed: u64,
}

/// Retry all that failed since a moment; test sends aside.
#[utoipa::path(
    post, path = "/payout/webhook/replay", tag = "Webhooks", request_body = ReplayBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "How many are pending again", body = Replayed),
        (status = 400, description = "Invalid fields, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    let since = since(body::object(&parts, body, LARGEST).await?.get("since"))?;
    door.still_authenticates(caller).await?;
    let replay = async {
        let replayed = door.platform.webhooks.replay_deliveries(caller.book, since).await?;
        let detail = json!({ "since": rfc3339(since), "deliveries": replayed });
        door.note(caller, "webhook.replayed", "", &detail).await?;
        Ok::<_, Problem>(Replayed { replayed })
    };
    once(&door, caller, (key, format!("webhook replay\n{since}")), replay).await
}

fn since(value: Option<&Json>) -> Result<Micros, Problem> {
    let time = match value {
        Some(Json::String(text)) => text.parse::<jiff::Timestamp>().ok(),
        _ => None,
    };
    let sentence = "The since field must be a time such as 2026-01-02T03:04:05Z.";
    time.map(jiff::Timestamp::as_microsecond).ok_or_else(|| field("since", sentence))
}
