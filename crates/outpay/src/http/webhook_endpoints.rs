//! The webhooks of a book, where it has several: the list, and each by its id. Not here: the primary one, and what both share
//! (webhooks.rs), the delivery log (webhook_deliveries.rs), how webhooks look in answers (show_webhooks.rs).

use super::body::{self, LARGEST};
use super::door::{Door, PathId, once_key};
use super::problem::Problem;
use super::show;
use super::show_webhooks::{self, DeliveryDetail, Webhook};
use super::webhooks::{self, RollBody, TestBody, WebhookBody};
use crate::auth::Caller;
use crate::webhooks::{WebhookError, WhichEndpoint};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::Actor;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The webhooks of a mode.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookList {
    /// At most 20.
    #[schema(max_items = 20)]
    data: Vec<Webhook>,
}

/// List webhooks.
///
/// All webhooks of this mode, oldest first.
#[utoipa::path(
    get, path = "/payout/webhooks", tag = "Webhooks", operation_id = "listWebhooks", security(("secret_key" = [])),
    responses((status = 200, description = "Oldest first, at most 20", body = WebhookList), (status = 401, description = "No valid secret key"),
        (status = 429, description = "Too many requests")))]
pub async fn webhooks(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let found = door.platform.webhooks.endpoints(caller.book).await?;
    let shown = found.iter().map(|one| show_webhooks::webhook(&door.platform, Some(one), false));
    Ok(show::ok(&WebhookList { data: shown.collect() }))
}

/// Make a webhook.
///
/// Makes a webhook with a URL, events and keys of its own. The first one of a mode is the primary one, that of
/// `/payout/webhook`.
#[utoipa::path(
    post, path = "/payout/webhooks", tag = "Webhooks", operation_id = "createWebhook", request_body = WebhookBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; the answer is the same until its next roll")),
    responses(
        (status = 201, description = "The webhook with its token and secret, which are shown this once", body = Webhook, headers(("ETag" = String, description = "Send it back as If-Match"))),
        (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 409, description = "There are 20 already; or done already under this Idempotency-Key, and rolled or deleted since (`too_many_webhooks`, `webhook_rolled_since`, `webhook_deleted`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn webhook_create(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let change = WebhookBody::read(&body::object(&parts, body, LARGEST).await?)?.change();
    door.still_authenticates(caller).await?;
    let once = once.as_ref().map(|once| once.0.as_slice());
    let by = Actor(caller.subject);
    let (created, replayed) = door.platform.webhooks.create_endpoint(caller.book, by, &change, once).await?;
    let mut answer = show::marked(replayed, webhooks::shown(&door, &created, true));
    *answer.status_mut() = StatusCode::CREATED;
    Ok(answer)
}

/// Get a webhook.
///
/// One webhook, without its keys.
#[utoipa::path(
    get, path = "/payout/webhooks/{id}", tag = "Webhooks", operation_id = "getWebhook", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whe_…")),
    responses((status = 200, description = "The webhook", body = Webhook, headers(("ETag" = String, description = "Send it back as If-Match"))),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such webhook (`webhook_not_found`)"), (status = 429, description = "Too many requests")))]
pub async fn one_webhook(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let found = door.platform.webhooks.endpoint(named(&door, caller, &id)?).await?;
    Ok(webhooks::shown(&door, &found.ok_or(WebhookError::UnknownEndpoint)?, false))
}

/// Change a webhook.
///
/// Changes a webhook: a field that is left out stays as it is.
#[utoipa::path(
    put, path = "/payout/webhooks/{id}", tag = "Webhooks", operation_id = "updateWebhook", request_body = WebhookBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "whe_…"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the webhook that the change was made from")),
    responses(
        (status = 200, description = "The webhook", body = Webhook, headers(("ETag" = String, description = "Send it back as If-Match"))),
        (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such webhook (`webhook_not_found`)"), (status = 412, description = "The webhook is not that of If-Match; nothing was set (`precondition_failed`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn one_webhook_set(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    webhooks::set(&door, caller, named(&door, caller, &id)?, (&parts, body)).await
}

/// Roll the keys of a webhook.
///
/// Makes a new token and secret of this webhook. With an `overlap` the old ones go on signing beside the new ones.
#[utoipa::path(
    post, path = "/payout/webhooks/{id}/roll", tag = "Webhooks", operation_id = "rollWebhook", request_body = RollBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "whe_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; the answer is the same until the next roll")),
    responses(
        (status = 200, description = "The webhook with its new token and secret, which are shown this once", body = Webhook),
        (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such webhook (`webhook_not_found`)"),
        (status = 409, description = "Done already under this Idempotency-Key, and rolled again since (`webhook_rolled_since`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn one_webhook_roll(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    webhooks::roll(&door, caller, named(&door, caller, &id)?, (&parts, body)).await
}

/// End the overlap of a webhook.
///
/// Ends the overlap of a roll now: only the new token and secret sign.
#[utoipa::path(
    post, path = "/payout/webhooks/{id}/switch", tag = "Webhooks", operation_id = "switchWebhook", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whe_…")),
    responses((status = 200, description = "The webhook; without an overlap it is as before", body = Webhook),
        (status = 400, description = "A field, of which there are none"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such webhook (`webhook_not_found`)"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn one_webhook_switch(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    webhooks::switch(&door, caller, named(&door, caller, &id)?, (&parts, body)).await
}

/// Test a webhook.
///
/// Sends an invented event with `test_mode` to this webhook now, once, and returns what the receiver answered.
#[utoipa::path(
    post, path = "/payout/webhooks/{id}/test", tag = "Webhooks", operation_id = "testWebhook", request_body = TestBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "whe_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again and sends nothing")),
    responses(
        (status = 200, description = "The delivery with its one attempt, whatever the receiver did", body = DeliveryDetail),
        (status = 400, description = "Unknown event or provider, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such webhook (`webhook_not_found`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Too many test sends at once; nothing was sent")))]
pub async fn one_webhook_test(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    webhooks::test(&door, caller, named(&door, caller, &id)?, (&parts, body)).await
}

/// That a webhook is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookDeleted {
    /// `whe_…`: the webhook that was deleted.
    id: String,
    /// Always true.
    deleted: bool,
}

/// Delete a webhook.
///
/// Deliveries that are pending end as `failed`; the log stays.
#[utoipa::path(
    delete, path = "/payout/webhooks/{id}", tag = "Webhooks", operation_id = "deleteWebhook", security(("secret_key" = [])),
    params(("id" = String, Path, description = "whe_…")),
    responses((status = 200, description = "It is gone", body = WebhookDeleted), (status = 401, description = "No valid secret key"),
        (status = 400, description = "A field or parameter is not known"), (status = 404, description = "No such webhook (`webhook_not_found`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn webhook_delete(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    body::optional_object(&parts, body).await?;
    door.still_authenticates(caller).await?;
    let key = door.platform.webhooks.endpoint_of_id(caller.book, &id)?;
    door.platform.webhooks.delete_endpoint(key, Actor(caller.subject)).await?;
    Ok(show::ok(&WebhookDeleted { id, deleted: true }))
}

fn named(door: &Door, caller: Caller, id: &str) -> Result<WhichEndpoint, Problem> {
    Ok(door.platform.webhooks.endpoint_of_id(caller.book, id)?.into())
}
