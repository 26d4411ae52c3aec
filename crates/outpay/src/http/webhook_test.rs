//! `POST /payout/webhook/test`: sends an invented event now, with `test_mode: true`, and tells what the receiver did.

use super::door::{Door, once_key};
use super::json::Json;
use super::once::once;
use super::problem::{Problem, field};
use super::{body, show_webhooks};
use crate::webhooks::event;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::EntryKind;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send; may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct TestBody {
    /// The event to invent; `payout.succeeded` where it is left out.
    #[serde(rename = "type")]
    #[schema(example = "payout.succeeded")]
    kind: Option<String>,
}

/// Try the receiver out.
#[utoipa::path(
    post, path = "/payout/webhook/test", tag = "Webhooks", request_body = TestBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again and sends nothing")),
    responses(
        (status = 200, description = "The delivery with its one attempt, whatever the receiver did", body = show_webhooks::DeliveryDetail),
        (status = 400, description = "Unknown event, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 404, description = "There is no webhook yet"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Too many test sends at once; nothing was sent")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    let kind = kind(body::optional_object(&parts, body).await?.get("type"))?;
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

fn kind(value: Option<&Json>) -> Result<EntryKind, Problem> {
    let sentence = || format!("The type must be one of: {}.", event::names().join(", "));
    match value {
        None => Ok(EntryKind::WithdrawalSucceeded),
        Some(Json::String(name)) => event::from_name(name).ok_or_else(|| field("type", sentence())),
        Some(_) => Err(field("type", sentence())),
    }
}
