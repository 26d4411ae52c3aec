//! `GET /payout/webhook/deliveries`: the delivery log, newest first.

use super::door::Door;
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::{Problem, field};
use super::show;
use super::show_webhooks::{self, Delivery};
use crate::ids::IdKind;
use crate::store::DeliveryState;
use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use std::sync::Arc;

/// Deliveries.
#[utoipa::path(
    get, path = "/payout/webhook/deliveries", tag = "Webhooks", security(("secret_key" = [])),
    params(("status" = Option<String>, Query, description = "pending, delivered or failed"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<Delivery>),
        (status = 400, description = "Invalid status, unknown cursor, or limit out of range"),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
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
    Ok(show::ok(&Page::cut(shown, limit, |delivery: &Delivery| delivery.id.clone())))
}

fn state(uri: &Uri) -> Result<Option<DeliveryState>, Problem> {
    let Some(word) = query(uri, "status") else { return Ok(None) };
    let state = DeliveryState::from_word(&word);
    state.map(Some).ok_or_else(|| field("status", "The status must be pending, delivered or failed."))
}
