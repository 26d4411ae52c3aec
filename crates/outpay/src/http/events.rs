//! `GET /payout/events`: everything that happened in a book, in a gap-free sequence that is never pruned.

use super::door::Door;
use super::page::{Page, limit, query};
use super::problem::{Problem, field};
use super::show;
use crate::book_event::{Event, event, noted};
use crate::store::StoredEntry;
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// List events.
///
/// Every event of this book in a sequence without gaps that is never pruned. Poll with the last `sequence` as `after`.
#[utoipa::path(
    get, path = "/payout/events", tag = "Events", operation_id = "listEvents", security(("secret_key" = [])),
    params(("after" = Option<i64>, Query, description = "The sequence of the last event you have; default 0", minimum = 0),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "The same as after, for clients that page every list alike")),
    responses((status = 200, description = "Oldest first", body = Page<Event>), (status = 400, description = "Limit or sequence out of range (`invalid_request`, `unknown_field`)"),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn events(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let limit = limit(&parts.uri)?;
    let (after, cursor) = (query(&parts.uri, "after"), query(&parts.uri, "cursor"));
    if after.is_some() && cursor.is_some() {
        return Err(field("cursor", "Give the after or the cursor parameter, not both: they mean the same."));
    }
    let after = after.or(cursor).unwrap_or_else(|| "0".to_owned());
    let digits = after.bytes().all(|byte| byte.is_ascii_digit());
    let after = after.parse().ok().filter(|_| digits);
    let after: i64 =
        after.ok_or_else(|| field("after", "The after parameter must be the sequence of an event."))?;
    let found = door.platform.store.entries(caller.book, after, limit + 1).await?;
    let ids = door.platform.secrets.ids();
    let places = found.iter().filter_map(noted).collect();
    let metadata = door.platform.store.metadata(caller.book, places).await?;
    let of =
        |stored: &StoredEntry| noted(stored).and_then(|of| metadata.get(&of).cloned()).unwrap_or_default();
    let events = found.iter().map(|stored| event(ids, caller.book, stored, &of(stored))).collect();
    Ok(show::ok(&Page::cut(events, limit, |event: &Event| event.sequence.to_string())))
}
