//! The delivery log of a book's webhooks, and trying deliveries again. Not here: how deliveries look in answers
//! (show_webhooks.rs), delivering (webhooks/).

use super::body::{self, LARGEST};
use super::door::{Door, PathId, once_key};
use super::json::{Json, Object};
use super::once::once;
use super::openapi::words::DeliveryStatusWords;
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::{Problem, field};
use super::show;
use super::show_webhooks::{self, DeliveryDetail, DeliveryShown, MOST_ATTEMPTS};
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::store::DeliveryState;
use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use ledger::Micros;
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send.
#[derive(ToSchema)]
pub struct ReplayBody {
    /// RFC 3339: what failed at this moment or later.
    #[schema(value_type = String, format = "date-time", example = "2026-01-02T03:04:05Z")]
    since: Micros,
}

/// How much there is to try again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    /// Deliveries that are pending again.
    replayed: u64,
}

/// Replay failed deliveries.
///
/// Tries everything again that failed at `since` or later, of all webhooks.
#[utoipa::path(
    post, path = "/payout/webhook/replay", tag = "Webhooks", operation_id = "replayWebhookDeliveries", request_body = ReplayBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "How many are pending again", body = Replayed),
        (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet (`webhook_not_set`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn webhook_replay(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    let ReplayBody { since } = ReplayBody::read(&body::object(&parts, body, LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    let replay = async {
        let replayed = door.platform.webhooks.replay_deliveries(caller.book, since).await?;
        let detail = json!({ "since": rfc3339(since), "deliveries": replayed });
        door.note(caller, "webhook.replayed", "", &detail).await?;
        Ok::<_, Problem>(Replayed { replayed })
    };
    once(&door, caller, (key, format!("webhook replay\n{since}")), replay).await
}

impl ReplayBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let time = match fields.get("since") {
            Some(Json::String(text)) => text.parse::<jiff::Timestamp>().ok(),
            _ => None,
        };
        let sentence = "The since field must be a time such as 2026-01-02T03:04:05Z.";
        let time = time.ok_or_else(|| field("since", sentence))?;
        Ok(Self { since: time.as_microsecond() })
    }
}

/// List deliveries.
///
/// The log of deliveries to all webhooks, newest first.
#[utoipa::path(
    get, path = "/payout/webhook/deliveries", tag = "Webhooks", operation_id = "listWebhookDeliveries", security(("secret_key" = [])),
    params(("status" = Option<DeliveryStatusWords>, Query, description = "Only deliveries in this state"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<DeliveryShown>),
        (status = 400, description = "Invalid status, unknown cursor, or limit out of range (`invalid_request`, `unknown_field`)"),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn webhook_deliveries(
    State(door): State<Arc<Door>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let platform = &door.platform;
    let limit = limit(&parts.uri)?;
    let state = state(&parts.uri)?;
    let below = match query(&parts.uri, "cursor") {
        None => None,
        Some(cursor) => {
            let number = platform.secrets.ids().open(IdKind::Delivery, caller.book, &cursor);
            Some(number.ok_or_else(unknown_cursor)?)
        }
    };
    let found = platform.store.deliveries(caller.book, state, below, limit + 1).await?;
    let shown = found.iter().map(|stored| show_webhooks::delivery(platform, caller.book, stored)).collect();
    Ok(show::ok(&Page::cut(shown, limit, |delivery: &DeliveryShown| delivery.id.clone())))
}

fn state(uri: &Uri) -> Result<Option<DeliveryState>, Problem> {
    let Some(word) = query(uri, "status") else { return Ok(None) };
    let state = DeliveryState::from_word(&word);
    state
        .map(Some)
        .ok_or_else(|| field("status", "The status must be pending, delivered, failed or superseded."))
}

/// Get a delivery.
///
/// One delivery with its body and every attempt.
#[utoipa::path(
    get, path = "/payout/webhook/deliveries/{id}", tag = "Webhooks", operation_id = "getWebhookDelivery", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whd_…")),
    responses((status = 200, description = "The delivery with its attempts", body = DeliveryDetail),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such delivery (`webhook_delivery_not_found`)"),
        (status = 429, description = "Too many requests")))]
pub async fn webhook_delivery(
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

/// Retry a delivery.
///
/// Tries a delivery again, with a fresh schedule.
#[utoipa::path(
    post, path = "/payout/webhook/deliveries/{id}/retry", tag = "Webhooks", operation_id = "retryWebhookDelivery", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whd_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "The delivery, pending again", body = DeliveryShown),
        (status = 400, description = "The Idempotency-Key header is invalid"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such delivery (`webhook_delivery_not_found`)"), (status = 409, description = "It is pending or delivered, or its webhook was deleted (`webhook_delivery_not_failed`, `webhook_deleted`)"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; try again")))]
pub async fn webhook_retry(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    body::optional_object(&parts, body).await?;
    door.still_authenticates(caller).await?;
    let retry = async {
        let delivery = door.platform.webhooks.retry_delivery(caller.book, &id).await?;
        door.note(caller, "webhook.retried", &id, &json!({})).await?;
        Ok::<_, Problem>(show_webhooks::delivery(&door.platform, caller.book, &delivery))
    };
    once(&door, caller, (key, format!("webhook retry\n{id}")), retry).await
}
