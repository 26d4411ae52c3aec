//! `GET /payout/operations/{id}`: one operation of the person who asks.

use super::door::{Door, PathId};
use super::problem::Problem;
use super::show::{self, Operation};
use crate::auth::Caller;
use crate::ids::IdKind;
use crate::rails;
use crate::store::Failure;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::{AccountId, BookId, EntryKind, Refusal, Withdrawal, WithdrawalState};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// One operation, in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationDetail {
    /// The operation itself.
    #[serde(flatten)]
    pub operation: Operation,
    /// Of a withdrawal: where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<serde_json::Value>,
    /// Of a withdrawal: what its rail has made public, for example a transaction's hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<serde_json::Value>,
    /// Of a withdrawal: can it be cancelled now?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_cancel: Option<bool>,
    /// Of a withdrawal: is there a gift card's code to reveal?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_reveal: Option<bool>,
    /// Of a withdrawal that is `queued` and may not be sent now: `method_paused` (by the operator), `payouts_off` or
    /// `method_off`. It is sent once this is lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<&'static str>,
}

/// One operation.
#[utoipa::path(
    get, path = "/payout/operations/{id}", tag = "Recipient", security(("payout_hash" = []), ("payout_hash_query" = [])),
    params(("id" = String, Path, description = "ord_… or txn_…")),
    responses((status = 200, description = "The operation", body = OperationDetail), (status = 401, description = "No valid hash"),
        (status = 400, description = "Malformed JSON"), (status = 404, description = "No such operation of this person"), (status = 413, description = "The body is larger than 64 KiB"), (status = 429, description = "Too many requests")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.recipient_of(&parts, body).await?;
    let ids = door.platform.secrets.ids();
    if id.starts_with("ord_") {
        let withdrawal = own_withdrawal(&door, caller, &id).await?;
        return Ok(show::ok(&detail(&door, caller.book, &withdrawal).await?));
    }
    let unknown = || Problem::UnknownOperation;
    let sequence = ids.open(IdKind::Operation, caller.book, &id).ok_or_else(unknown)?;
    let found = door.platform.store.entries(caller.book, sequence - 1, 1).await?;
    let account = AccountId::user(caller.subject);
    let is_own = |stored: &&crate::store::StoredEntry| {
        stored.entry.sequence == sequence
            && stored.previous_of(account).is_some()
            && stored.entry.kind != EntryKind::WithdrawalCreated
    };
    let stored = found.first().filter(is_own).ok_or_else(unknown)?;
    let operation = show::operation(ids, caller.book, account, stored, None);
    let none = (None, None, None, None);
    let (destination, payment, can_cancel, can_reveal) = none;
    let waiting = None;
    Ok(show::ok(&OperationDetail { operation, destination, payment, can_cancel, can_reveal, waiting }))
}

/// The withdrawal with this public id, if it is the caller's.
pub(super) async fn own_withdrawal(door: &Door, caller: Caller, id: &str) -> Result<Withdrawal, Problem> {
    let unknown = || Problem::Refused(Refusal::WithdrawalIsUnknown);
    let number = door.platform.secrets.ids().open(IdKind::Withdrawal, caller.book, id).ok_or_else(unknown)?;
    let found = door.platform.store.withdrawal(caller.book, number).await?;
    found.filter(|withdrawal| withdrawal.user == caller.subject).ok_or_else(unknown)
}

/// A withdrawal with everything the person may know.
pub(super) async fn detail(
    door: &Door,
    book: BookId,
    withdrawal: &Withdrawal,
) -> Result<OperationDetail, Failure> {
    let entries = door.platform.store.entries_of_withdrawal(book, withdrawal.number).await?;
    let stops = door.platform.store.stops_of_queued(book, (withdrawal.number, withdrawal.number)).await?;
    let newest = entries.iter().rev().find(|stored| !stored.entry.detail.is_empty());
    let payment = newest.and_then(|stored| serde_json::from_str(&stored.entry.detail).ok());
    let state = withdrawal.state;
    let reveals_code = rails::kind(withdrawal.provider).reveals_code;
    Ok(OperationDetail {
        operation: show::withdrawal_operation(door.platform.secrets.ids(), book, withdrawal),
        destination: serde_json::from_str(&withdrawal.destination).ok(),
        payment,
        can_cancel: Some(state.can_cancel()),
        can_reveal: reveals_code.then_some(state == WithdrawalState::Succeeded),
        waiting: stops.get(&withdrawal.number).map(|stop| stop.word()),
    })
}
