//! `GET /payout/withdrawals`: a business's withdrawals, newest first.

use super::door::Door;
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::{Problem, field};
use super::show::{self, Withdrawal};
use crate::ids::IdKind;
use crate::store::WithdrawalFilter;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::WithdrawalState;
use std::sync::Arc;

/// Withdrawals.
#[utoipa::path(
    get, path = "/payout/withdrawals", tag = "Withdrawals", security(("secret_key" = [])),
    params(("status" = Option<String>, Query, description = "created, review, queued, sending, succeeded, failed, rejected, cancelled or returned"),
        ("user" = Option<String>, Query, description = "usr_…"), ("method" = Option<String>, Query, description = "The method's name"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<Withdrawal>), (status = 400, description = "Unknown cursor or status, or limit out of range"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such payout user"), (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let limit = limit(&parts.uri)?;
    let ids = door.platform.secrets.ids();
    let state = query(&parts.uri, "status").map(|word| state(&word)).transpose()?;
    let user = query(&parts.uri, "user").map(|id| door.user_number(caller, &id)).transpose()?;
    let below = match query(&parts.uri, "cursor") {
        None => None,
        Some(cursor) => Some(ids.open(IdKind::Withdrawal, caller.book, &cursor).ok_or_else(unknown_cursor)?),
    };
    let filter = WithdrawalFilter { state, user, method: query(&parts.uri, "method"), below };
    let found = door.platform.store.withdrawals(caller.book, &filter, limit + 1).await?;
    let (newest, oldest) = (found.first().map_or(0, |of| of.number), found.last().map_or(0, |of| of.number));
    let stops = door.platform.store.stops_of_queued(caller.book, (oldest, newest)).await?;
    let item = |of: &ledger::Withdrawal| {
        let waiting = stops.get(&of.number).map(|stop| stop.word());
        Withdrawal { waiting, ..show::withdrawal(ids, caller.book, of) }
    };
    let items = found.iter().map(item).collect();
    Ok(show::ok(&Page::cut(items, limit, |item: &Withdrawal| item.id.clone())))
}

fn state(word: &str) -> Result<WithdrawalState, Problem> {
    WithdrawalState::from_word(word).ok_or_else(|| {
        let words = WithdrawalState::ALL.map(WithdrawalState::word).join(", ");
        field("status", format!("The status must be one of {words}."))
    })
}
