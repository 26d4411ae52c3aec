//! `PUT /payout/webhook`: sets where events are delivered, which, and whether. The first time it makes token and secret.

use super::body::{self, LARGEST};
use super::door::Door;
use super::json::{Json, Object};
use super::problem::Problem;
use super::{show, show_webhooks};
use crate::webhooks::Change;
use crate::webhooks::event::{self, EventSet};
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::Actor;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send. A field that is left out stays as it is; at first a webhook is on and hears of `payout.succeeded`.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct WebhookBody {
    /// Where to deliver: https, a public address, port 443 or from 1024 on. Required the first time.
    #[schema(example = "https://example.com/webhooks", max_length = 2048)]
    url: Option<String>,
    /// Off: nothing is delivered, and what happens meanwhile is not told later.
    enabled: Option<bool>,
    /// Of payout.created, payout.processing, payout.succeeded, payout.failed, payout.rejected.
    #[schema(example = json!(["payout.succeeded", "payout.failed"]), min_items = 1)]
    events: Option<Vec<String>>,
}

/// Set the webhook.
#[utoipa::path(
    put, path = "/payout/webhook", tag = "Webhooks", request_body = WebhookBody, security(("secret_key" = [])),
    responses(
        (status = 200, description = "The webhook; with token and secret the first time, and only then", body = show_webhooks::Webhook),
        (status = 400, description = "Invalid fields, or malformed JSON"), (status = 401, description = "No valid secret key"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let change = change(&body::object(&parts, body, LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    let (endpoint, is_new) =
        door.platform.webhooks.set_endpoint(caller.book, Actor(caller.subject), &change).await?;
    let now = door.platform.clock.now();
    Ok(show::ok(&show_webhooks::webhook(Some(&endpoint), now, is_new)))
}

fn change(fields: &Object) -> Result<Change, Problem> {
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
    Ok(Change { url, enabled, events: events.and_then(Result::ok) })
}

fn events(value: &Json) -> Result<EventSet, String> {
    let sentence = || format!("The events must be a list of at least one of: {}.", event::names().join(", "));
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
