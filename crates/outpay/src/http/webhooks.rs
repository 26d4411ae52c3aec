//! The webhook of a book: where events are delivered, which, and whether; its keys; test sends; the delivery log and trying
//! deliveries again. Not here: how webhooks and deliveries look in answers (show_webhooks.rs), delivering (webhooks/).

use super::body::{self, LARGEST};
use super::door::{Door, PathId, once_key};
use super::etag::{if_match, tagged};
use super::json::{Json, Object};
use super::once::once;
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::{Problem, field};
use super::show;
use super::show_webhooks::{self, DeliveryDetail, DeliveryShown, MOST_ATTEMPTS, Webhook};
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::store::DeliveryState;
use crate::webhook_event::{self, EventSet};
use crate::webhooks::EndpointChange;
use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use ledger::{Actor, EntryKind, Micros};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// The webhook of this mode.
#[utoipa::path(
    get, path = "/payout/webhook", tag = "Webhooks", security(("secret_key" = [])),
    responses((status = 200, description = "The webhook; its url is null while there is none", body = Webhook, headers(("ETag" = Option<String>, description = "Send it back as If-Match"))),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn webhook(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let endpoint = door.platform.webhooks.endpoint(caller.book).await?;
    let now = door.platform.clock.now();
    let answer = show::ok(&show_webhooks::webhook(endpoint.as_ref(), now, false));
    Ok(match endpoint {
        Some(endpoint) => tagged(answer, &endpoint.tag()),
        None => answer,
    })
}

/// What to send. A field that is left out stays as it is; at first a webhook is on and hears of `payout.succeeded`.
#[derive(ToSchema)]
pub struct WebhookBody {
    /// Where to deliver: https, a public address, port 443 or from 1024 on. Required the first time.
    #[schema(example = "https://example.com/webhooks", max_length = 2048)]
    url: Option<String>,
    /// Off: nothing is delivered, and what happens meanwhile is not told later.
    enabled: Option<bool>,
    /// Of payout.created, payout.processing, payout.succeeded, payout.failed, payout.rejected.
    #[schema(value_type = Option<Vec<String>>, example = json!(["payout.succeeded", "payout.failed"]), min_items = 1)]
    events: Option<EventSet>,
}

/// Set the webhook.
#[utoipa::path(
    put, path = "/payout/webhook", tag = "Webhooks", request_body = WebhookBody, security(("secret_key" = [])),
    params(("If-Match" = Option<String>, Header, description = "The ETag of the webhook that the change was made from")),
    responses(
        (status = 200, description = "The webhook; with token and secret the first time, and only then", body = Webhook, headers(("ETag" = String, description = "Send it back as If-Match"))),
        (status = 400, description = "Invalid fields, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 412, description = "The webhook is not that of If-Match; nothing was set"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn webhook_set(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let condition = if_match(&parts.headers)?;
    let WebhookBody { url, enabled, events } =
        WebhookBody::read(&body::object(&parts, body, LARGEST).await?)?;
    let change = EndpointChange { url, enabled, events, condition, ..EndpointChange::default() };
    door.still_authenticates(caller).await?;
    let (endpoint, is_new) =
        door.platform.webhooks.set_endpoint(caller.book, Actor(caller.subject), &change).await?;
    let now = door.platform.clock.now();
    Ok(tagged(show::ok(&show_webhooks::webhook(Some(&endpoint), now, is_new)), &endpoint.tag()))
}

impl WebhookBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let mut problems = Vec::new();
        let url = match fields.get("url") {
            None => None,
            Some(Json::String(url)) => Some(url.clone()),
            Some(_) => {
                problems.push(("url", "The url must be a string.".to_owned()));
                None
            }
        };
        let enabled = match fields.get("enabled") {
            None => None,
            Some(Json::Bool(enabled)) => Some(*enabled),
            Some(_) => {
                problems.push(("enabled", "The enabled field must be true or false.".to_owned()));
                None
            }
        };
        let events = fields.get("events").map(events);
        if let Some(Err(sentence)) = &events {
            problems.push(("events", sentence.clone()));
        }
        if !problems.is_empty() {
            return Err(Problem::Fields(problems));
        }
        Ok(Self { url, enabled, events: events.and_then(Result::ok) })
    }
}

fn events(value: &Json) -> Result<EventSet, String> {
    let sentence =
        || format!("The events must be a list of at least one of: {}.", webhook_event::names().join(", "));
    let Json::Array(items) = value else { return Err(sentence()) };
    let names: Option<Vec<&str>> = items
        .iter()
        .map(|item| match item {
            Json::String(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.and_then(EventSet::of_names).ok_or_else(sentence)
}

/// What to send; may be left out.
#[derive(ToSchema)]
pub struct RollBody {
    /// For how many seconds the old token and secret sign too; 0, the default, ends them at once.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_592_000, example = 86_400)]
    overlap: Micros,
}

/// Roll token and secret.
#[utoipa::path(
    post, path = "/payout/webhook/roll", tag = "Webhooks", request_body = RollBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; the answer is the same until the next roll")),
    responses(
        (status = 200, description = "The webhook with its new token and secret, which are shown this once", body = Webhook),
        (status = 400, description = "Invalid fields, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet"),
        (status = 409, description = "Done already under this Idempotency-Key, and rolled again since"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn webhook_roll(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let RollBody { overlap } = RollBody::read(&body::optional_object(&parts, body).await?)?;
    door.still_authenticates(caller).await?;
    let webhooks = &door.platform.webhooks;
    let once = once.as_ref().map(|once| once.0.as_slice());
    let actor = Actor(caller.subject);
    let (endpoint, replayed) = webhooks.roll_endpoint(caller.book, actor, overlap, once).await?;
    let now = door.platform.clock.now();
    Ok(show::once(replayed, &show_webhooks::webhook(Some(&endpoint), now, true)))
}

impl RollBody {
    /// Seconds become microseconds.
    fn read(fields: &Object) -> Result<Self, Problem> {
        match fields.get("overlap") {
            None => Ok(Self { overlap: 0 }),
            Some(Json::Integer(seconds)) if (0..=2_592_000).contains(seconds) => {
                Ok(Self { overlap: seconds * 1_000_000 })
            }
            Some(_) => Err(field("overlap", "The overlap must be an integer from 0 to 2592000 seconds.")),
        }
    }
}

/// What to send; may be left out.
#[derive(ToSchema)]
pub struct TestBody {
    /// The event to invent; `payout.succeeded` where it is left out.
    #[schema(rename = "type", value_type = Option<String>, example = "payout.succeeded")]
    kind: EntryKind,
}

/// Try the receiver out.
#[utoipa::path(
    post, path = "/payout/webhook/test", tag = "Webhooks", request_body = TestBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again and sends nothing")),
    responses(
        (status = 200, description = "The delivery with its one attempt, whatever the receiver did", body = DeliveryDetail),
        (status = 400, description = "Unknown event, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Too many test sends at once; nothing was sent")))]
pub async fn webhook_test(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    let TestBody { kind } = TestBody::read(&body::optional_object(&parts, body).await?)?;
    door.still_authenticates(caller).await?;
    let test = async {
        let trial = door.platform.webhooks.test_endpoint(caller.book, kind).await?;
        Ok::<_, Problem>(show_webhooks::detail(
            &door.platform,
            caller.book,
            &trial.delivery,
            &[trial.attempt],
        ))
    };
    once(&door, caller, (key, format!("webhook test\n{}", kind.event_name())), test).await
}

impl TestBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let sentence = || format!("The type must be one of: {}.", webhook_event::names().join(", "));
        let kind = match fields.get("type") {
            None => Some(EntryKind::WithdrawalSucceeded),
            Some(Json::String(name)) => webhook_event::from_name(name),
            Some(_) => None,
        };
        Ok(Self { kind: kind.ok_or_else(|| field("type", sentence()))? })
    }
}

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

/// Retry all that failed since a moment; test sends aside.
#[utoipa::path(
    post, path = "/payout/webhook/replay", tag = "Webhooks", request_body = ReplayBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "How many are pending again", body = Replayed),
        (status = 400, description = "Invalid fields, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet"), (status = 413, description = "The body is larger than 64 KiB"),
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

/// Deliveries.
#[utoipa::path(
    get, path = "/payout/webhook/deliveries", tag = "Webhooks", security(("secret_key" = [])),
    params(("status" = Option<String>, Query, description = "pending, delivered, failed or superseded"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<DeliveryShown>),
        (status = 400, description = "Invalid status, unknown cursor, or limit out of range"),
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
    state.map(Some).ok_or_else(|| field("status", "The status must be pending, delivered, failed or superseded."))
}

/// One delivery.
#[utoipa::path(
    get, path = "/payout/webhook/deliveries/{id}", tag = "Webhooks", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whd_…")),
    responses((status = 200, description = "The delivery with its attempts", body = DeliveryDetail),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such delivery"),
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

/// Retry a failed or superseded delivery.
#[utoipa::path(
    post, path = "/payout/webhook/deliveries/{id}/retry", tag = "Webhooks", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whd_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again")),
    responses((status = 200, description = "The delivery, pending again", body = DeliveryShown),
        (status = 400, description = "The Idempotency-Key header is invalid"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such delivery"), (status = 409, description = "It is pending or delivered, or its webhook was deleted"),
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
