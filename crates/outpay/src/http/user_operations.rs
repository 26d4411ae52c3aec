//! `GET /payout/users/{id}/operations`: a payout user's history as the business sees it.

use super::door::{Door, PathId};
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::Problem;
use super::show::{self, Operation};
use crate::ids::IdKind;
use crate::store::{HistoryPlace, StoredEntry, UserRow, WithdrawalFilter};
use axum::extract::{Request, State};
use axum::response::Response;
use http::Uri;
use ledger::{AccountId, BookId, EntryKind, Withdrawal};
use std::sync::Arc;

/// A payout user's operations.
#[utoipa::path(
    get, path = "/payout/users/{id}/operations", tag = "Payout users", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<Operation>), (status = 400, description = "Unknown cursor, or limit out of range"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such payout user"), (status = 429, description = "Too many requests")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let row = door.user(caller, &id).await?;
    Ok(show::ok(&page(&door, caller.book, &row, &parts.uri).await?))
}

/// The page of a user's operations that the query asks for. It begins at the entry that was newest when the balance was
/// read, and entries never change, so balance and history fit together without a transaction.
pub(super) async fn page(
    door: &Door,
    book: BookId,
    row: &UserRow,
    uri: &Uri,
) -> Result<Page<Operation>, Problem> {
    let limit = limit(uri)?;
    let ids = door.platform.secrets.ids();
    let account = AccountId::user(row.user.number);
    let place = match query(uri, "cursor") {
        None => HistoryPlace::At(row.history),
        Some(cursor) => {
            HistoryPlace::Before(ids.open(IdKind::Operation, book, &cursor).ok_or_else(unknown_cursor)?)
        }
    };
    let found =
        door.platform.store.history(book, account, place, limit + 1).await?.ok_or_else(unknown_cursor)?;
    let withdrawals = withdrawals(door, book, &found).await?;
    let of = |number: i64| withdrawals.iter().find(|withdrawal| withdrawal.number == number);
    let operations = found
        .iter()
        .map(|stored| show::operation(ids, book, account, stored, of(stored.entry.withdrawal)))
        .collect();
    Ok(Page::cut(operations, limit, |operation: &Operation| operation.cursor.clone()))
}

/// The withdrawals that these entries begin, as they are now. A page is a run of one person's history, so its withdrawals
/// are a run of that person's withdrawals.
async fn withdrawals(door: &Door, book: BookId, entries: &[StoredEntry]) -> Result<Vec<Withdrawal>, Problem> {
    let begun = || entries.iter().filter(|stored| stored.entry.kind == EntryKind::WithdrawalCreated);
    let Some(newest) = begun().next() else { return Ok(Vec::new()) };
    let filter = WithdrawalFilter {
        user: Some(newest.entry.user),
        below: Some(newest.entry.withdrawal + 1),
        ..WithdrawalFilter::default()
    };
    let count = i64::try_from(begun().count()).unwrap_or(i64::MAX);
    Ok(door.platform.store.withdrawals(book, &filter, count).await?)
}
