//! The webhook of a book: where events are delivered, which, and whether; its keys; test sends. Where a book has several, this
//! is the primary one. Not here: the others (webhook_endpoints.rs), the delivery log (webhook_deliveries.rs), how webhooks look
//! in answers (show_webhooks.rs), delivering (webhooks/).

use super::body::{self, LARGEST};
use super::door::{Door, once_key};
use super::etag::{if_match, tagged};
use super::json::{Json, Object};
use super::once::once;
use super::openapi::words::{EventWords, PayoutEventWords, ProviderWords, ScheduleWords};
use super::problem::{Problem, field};
use super::show;
use super::show_webhooks::{self, DeliveryDetail, Webhook};
use crate::auth::Caller;
use crate::rails::SAMPLE_BY_HAND;
use crate::webhook_event::{self, EventSet};
use crate::webhooks::{Endpoint, EndpointChange, Sample, Schedule, WebhookTrial, WhichEndpoint};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use ledger::{Actor, EntryKind, Micros, Provider};
use std::sync::Arc;
use utoipa::ToSchema;

/// Get the primary webhook.
///
/// The primary webhook, without its keys. While there is none, its `url` is null.
#[utoipa::path(
    get, path = "/payout/webhook", tag = "Webhooks", operation_id = "getPrimaryWebhook", security(("secret_key" = [])),
    responses((status = 200, description = "The webhook; its url is null while there is none", body = Webhook, headers(("ETag" = Option<String>, description = "Send it back as If-Match"))),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn webhook(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let endpoint = door.platform.webhooks.endpoint(caller.book).await?;
    Ok(match endpoint {
        Some(endpoint) => shown(&door, &endpoint, false),
        None => show::ok(&show_webhooks::webhook(&door.platform, None, false)),
    })
}

/// The answer that shows an endpoint.
pub(super) fn shown(door: &Door, endpoint: &Endpoint, with_keys: bool) -> Response {
    tagged(show::ok(&show_webhooks::webhook(&door.platform, Some(endpoint), with_keys)), &endpoint.tag())
}

/// What to send. A field that is left out stays as it is; at first a webhook is on and hears of `payout.succeeded`.
#[derive(ToSchema)]
pub struct WebhookBody {
    /// Where to deliver: https, a public address, port 443 or from 1024 on. Required the first time.
    #[schema(
        example = "https://example.com/webhooks",
        max_length = 2048,
        format = "uri",
        pattern = "^https?://"
    )]
    url: Option<String>,
    /// What it is for, in your words.
    #[schema(max_length = 200, example = "Bookkeeping")]
    description: Option<String>,
    /// Off: nothing is delivered, and what happens meanwhile is not told later.
    enabled: Option<bool>,
    /// The wanted events; at first `payout.succeeded` alone.
    #[schema(value_type = Option<Vec<EventWords>>, example = json!(["payout.succeeded", "payout.failed"]), min_items = 1)]
    events: Option<EventSet>,
    /// How often a delivery is tried: standard, the default, is four times; extended goes on for up to 3 days.
    #[schema(value_type = Option<ScheduleWords>, example = "extended")]
    schedule: Option<Schedule>,
}

/// Set the primary webhook.
///
/// Makes the primary webhook, or changes it: a field that is left out stays as it is. The first answer shows token and
/// secret, later ones do not.
#[utoipa::path(
    put, path = "/payout/webhook", tag = "Webhooks", operation_id = "setPrimaryWebhook", request_body = WebhookBody, security(("secret_key" = [])),
    params(("If-Match" = Option<String>, Header, description = "The ETag of the webhook that the change was made from")),
    responses(
        (status = 200, description = "The webhook; with token and secret the first time, and only then", body = Webhook, headers(("ETag" = String, description = "Send it back as If-Match"))),
        (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 412, description = "The webhook is not that of If-Match; nothing was set (`precondition_failed`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn webhook_set(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    set(&door, caller, caller.book.into(), (&parts, body)).await
}

/// Reads the settings and sets them.
pub(super) async fn set(
    door: &Door,
    caller: Caller,
    which: WhichEndpoint,
    (parts, body): (&Parts, Body),
) -> Result<Response, Problem> {
    let condition = if_match(&parts.headers)?;
    let sent = WebhookBody::read(&body::object(parts, body, LARGEST).await?)?;
    let change = EndpointChange { condition, ..sent.change() };
    door.still_authenticates(caller).await?;
    let by = Actor(caller.subject);
    let (endpoint, is_new) = door.platform.webhooks.set_endpoint(which, by, &change).await?;
    Ok(shown(door, &endpoint, is_new))
}

impl WebhookBody {
    pub(super) fn read(fields: &Object) -> Result<Self, Problem> {
        let mut problems = Vec::new();
        let mut text = |name: &'static str| match fields.get(name) {
            None => None,
            Some(Json::String(text)) => Some(text.clone()),
            Some(_) => {
                problems.push((name, format!("The {name} must be a string.")));
                None
            }
        };
        let (url, description) = (text("url"), text("description"));
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
        let schedule = fields.get("schedule").map(|value| match value {
            Json::String(word) => Schedule::from_word(word),
            _ => None,
        });
        if schedule == Some(None) {
            problems.push(("schedule", "The schedule must be standard or extended.".to_owned()));
        }
        if !problems.is_empty() {
            return Err(Problem::Fields(problems));
        }
        let (events, schedule) = (events.and_then(Result::ok), schedule.flatten());
        Ok(Self { url, description, enabled, events, schedule })
    }

    pub(super) fn change(self) -> EndpointChange {
        let Self { url, description, enabled, events, schedule } = self;
        EndpointChange { url, description, enabled, events, schedule, ..EndpointChange::default() }
    }
}

fn events(value: &Json) -> Result<EventSet, String> {
    let sentence = || {
        format!(
            "The events must be a list of at least one of: {}; or other events of GET /payout/events.",
            webhook_event::names().join(", ")
        )
    };
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
    /// For how many seconds the old token and secret go on signing, the new ones beside them; 0, the default, ends them at once.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_592_000, example = 86_400)]
    overlap: Micros,
}

/// Roll the keys of the primary webhook.
///
/// Makes a new token and secret. With an `overlap` the old ones go on signing beside the new ones.
#[utoipa::path(
    post, path = "/payout/webhook/roll", tag = "Webhooks", operation_id = "rollPrimaryWebhook", request_body = RollBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; the answer is the same until the next roll")),
    responses(
        (status = 200, description = "The webhook with its new token and secret, which are shown this once", body = Webhook),
        (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet (`webhook_not_set`)"),
        (status = 409, description = "Done already under this Idempotency-Key, and rolled again since (`webhook_rolled_since`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn webhook_roll(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    roll(&door, caller, caller.book.into(), (&parts, body)).await
}

/// Reads the overlap and rolls.
pub(super) async fn roll(
    door: &Door,
    caller: Caller,
    which: WhichEndpoint,
    (parts, body): (&Parts, Body),
) -> Result<Response, Problem> {
    let once = once_key(&parts.headers)?;
    let RollBody { overlap } = RollBody::read(&body::optional_object(parts, body).await?)?;
    door.still_authenticates(caller).await?;
    let (webhooks, by) = (&door.platform.webhooks, Actor(caller.subject));
    let once = once.as_ref().map(|once| once.0.as_slice());
    let (endpoint, replayed) = webhooks.roll_endpoint(which, by, overlap, once).await?;
    Ok(show::once(replayed, &show_webhooks::webhook(&door.platform, Some(&endpoint), true)))
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

/// End the overlap of the primary webhook.
///
/// Ends the overlap of a roll now: only the new token and secret sign.
#[utoipa::path(
    post, path = "/payout/webhook/switch", tag = "Webhooks", operation_id = "switchPrimaryWebhook", security(("secret_key" = [])),
    responses((status = 200, description = "The webhook; without an overlap it is as before", body = Webhook),
        (status = 400, description = "A field, of which there are none"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet (`webhook_not_set`)"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn webhook_switch(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    switch(&door, caller, caller.book.into(), (&parts, body)).await
}

/// Ends the overlap.
pub(super) async fn switch(
    door: &Door,
    caller: Caller,
    which: WhichEndpoint,
    (parts, body): (&Parts, Body),
) -> Result<Response, Problem> {
    body::optional_object(parts, body).await?;
    door.still_authenticates(caller).await?;
    let switched = door.platform.webhooks.switch_endpoint(which, Actor(caller.subject)).await?;
    Ok(shown(door, &switched, false))
}

/// What to send; may be left out.
#[derive(ToSchema)]
pub struct TestBody {
    /// The event to invent; `payout.succeeded` where it is left out.
    #[schema(rename = "type", value_type = Option<PayoutEventWords>, example = "payout.succeeded")]
    kind: EntryKind,
    /// Whose shape the invented event has; `manual` where it is left out.
    #[schema(value_type = Option<ProviderWords>, example = "crypto")]
    provider: Provider,
}

/// Test the primary webhook.
///
/// Sends an invented event with `test_mode` now, once, and returns what the receiver answered.
#[utoipa::path(
    post, path = "/payout/webhook/test", tag = "Webhooks", operation_id = "testPrimaryWebhook", request_body = TestBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again and sends nothing")),
    responses(
        (status = 200, description = "The delivery with its one attempt, whatever the receiver did", body = DeliveryDetail),
        (status = 400, description = "Unknown event or provider, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet (`webhook_not_set`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Too many test sends at once; nothing was sent")))]
pub async fn webhook_test(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    test(&door, caller, caller.book.into(), (&parts, body)).await
}

/// Reads what to invent and sends it.
pub(super) async fn test(
    door: &Door,
    caller: Caller,
    which: WhichEndpoint,
    (parts, body): (&Parts, Body),
) -> Result<Response, Problem> {
    let key = once_key(&parts.headers)?;
    let TestBody { kind, provider } = TestBody::read(&body::optional_object(parts, body).await?)?;
    door.still_authenticates(caller).await?;
    let test = async {
        let trial = door.platform.webhooks.test_endpoint(which, Sample { kind, provider }).await?;
        let WebhookTrial { delivery, attempt } = trial;
        Ok::<_, Problem>(show_webhooks::detail(&door.platform, caller.book, &delivery, &[attempt]))
    };
    let request = format!("{} test\n{}\n{}", parts.uri.path(), kind.event_name(), provider.word());
    once(door, caller, (key, request), test).await
}

impl TestBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let sentence = || format!("The type must be one of: {}.", webhook_event::names().join(", "));
        let kind = match fields.get("type") {
            None => Some(EntryKind::WithdrawalSucceeded),
            Some(Json::String(name)) => webhook_event::from_name(name),
            Some(_) => None,
        };
        let kind = kind.ok_or_else(|| field("type", sentence()))?;
        let provider = match fields.get("provider") {
            None => Some(SAMPLE_BY_HAND),
            Some(Json::String(word)) => Provider::from_word(word),
            Some(_) => None,
        };
        let words = Provider::ALL.map(Provider::word).join(", ");
        let sentence = || format!("The provider must be one of: {words}.");
        Ok(Self { kind, provider: provider.ok_or_else(|| field("provider", sentence()))? })
    }
}
