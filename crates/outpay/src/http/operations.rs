//! Operations as the recipient sees them: balance and history (contract, 1.4), one operation, cancelling a withdrawal before it
//! is sent, and the code of a delivered gift card.

use super::door::{Door, PathId, recipient_once_key};
use super::json::{Json, Object};
use super::openapi::words::{CurrencyWords, UserStatusWords, WaitingWords};
use super::page::Page;
use super::problem::Problem;
use super::show::{self, Operation};
use super::users;
use crate::auth::Caller;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::rails;
use crate::stopped::Stopped;
use crate::store::{Failure, StoredEntry};
use crate::test_clock;
use crate::withdrawals::{expected, has_code, waits_for};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{AccountId, BookId, EntryKind, LOOKS_PERIOD, Refusal, Withdrawal, WithdrawalState};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The body of the POST form.
#[derive(ToSchema)]
pub struct HashBody {
    /// The secret hash, if it is in no header.
    #[schema(example = "gyrwhpig2gbfcv255clezj6dpqubp77qlz7w5zsc24zf33bkruwq", value_type = Option<String>)]
    pub(super) payout_hash: Option<Json>,
}

/// The hash, if it is in no header.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described alone: the door reads it before the endpoint does")]
pub struct CredentialBody {
    /// The secret hash.
    #[schema(example = "gyrwhpig2gbfcv255clezj6dpqubp77qlz7w5zsc24zf33bkruwq")]
    payout_hash: Option<String>,
}

impl HashBody {
    pub(super) fn read(fields: &Object) -> Self {
        Self { payout_hash: fields.get("payout_hash").cloned() }
    }
}

/// A recipient's balance and history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementShown {
    /// The address, in normal form.
    #[schema(format = "email")]
    email: String,
    /// Whether the hash can be used; `active` where this can be read.
    #[schema(value_type = UserStatusWords)]
    status: &'static str,
    /// Always US dollars.
    #[schema(value_type = CurrencyWords)]
    currency: &'static str,
    /// Cents that can be withdrawn.
    balance: i64,
    /// Cents held by withdrawals on their way.
    pending: i64,
    /// From then on the hash does not authenticate; null: never.
    #[schema(required)]
    expires_at: Option<String>,
    #[serde(flatten)]
    page: Page<Operation>,
}

/// Get balance and history.
///
/// The balance of the recipient whose hash is sent, and a page of the history, newest first. Pass `next_cursor` as `cursor`
/// for the next page.
#[utoipa::path(
    get, path = "/payout/operations", tag = "Recipient", operation_id = "listOperations", security(("payout_hash" = []), ("payout_hash_query" = [])),
    params(("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest operations first", body = StatementShown), (status = 400, description = "Unknown cursor, limit out of range, or malformed JSON"),
        (status = 401, description = "No valid hash"), (status = 413, description = "The body is larger than 64 KiB"), (status = 429, description = "Too many requests")))]
pub async fn operations(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    answer(&door, request).await
}

/// Get balance and history, the hash in the body.
///
/// The same as `GET /payout/operations`, for clients that send the hash in the body.
#[utoipa::path(
    post, path = "/payout/operations", tag = "Recipient", operation_id = "listOperationsByPost", request_body = HashBody, security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    params(("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest operations first", body = StatementShown), (status = 400, description = "Unknown cursor, limit out of range, or malformed JSON"),
        (status = 401, description = "No valid hash"), (status = 413, description = "The body is larger than 64 KiB"), (status = 429, description = "Too many requests")))]
pub async fn operations_by_post(
    State(door): State<Arc<Door>>,
    request: Request,
) -> Result<Response, Problem> {
    answer(&door, request).await
}

async fn answer(door: &Door, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.recipient_of(&parts, body).await?;
    let platform = &door.platform;
    let row = platform.store.user(caller.book, caller.subject).await?.ok_or(Problem::Unauthorized)?;
    let page = users::page(door, caller.book, &row, &parts.uri).await?;
    Ok(show::ok(&StatementShown {
        email: row.user.email.as_str().to_owned(),
        status: row.user.status_at(test_clock::now(platform, caller.book).await?),
        currency: "USD",
        balance: row.user.balance.0,
        pending: row.user.pending.0,
        expires_at: row.user.expires_at.map(rfc3339),
        page,
    }))
}

/// One operation, in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperationDetail {
    /// The operation itself.
    #[serde(flatten)]
    pub operation: Operation,
    /// Of a withdrawal: where to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub destination: Option<serde_json::Value>,
    /// Of a withdrawal: what its rail has made public, for example a transaction's hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payment: Option<serde_json::Value>,
    /// Of a withdrawal: can it be cancelled now?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_cancel: Option<bool>,
    /// Of a withdrawal: is there a code or a link to reveal?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_reveal: Option<bool>,
    /// Of a withdrawal that is `queued` and may not be sent now: why. It is sent once this is lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<WaitingWords>)]
    pub waiting: Option<&'static str>,
    /// Of a withdrawal that its provider has accepted: what the recipient has to do there, as a sentence. Without it the money comes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_needed: Option<String>,
}

/// Get an operation.
///
/// One operation of the recipient; of a withdrawal also where it goes, what its rail made public, and what can be done with
/// it.
#[utoipa::path(
    get, path = "/payout/operations/{id}", tag = "Recipient", operation_id = "getOperation", security(("payout_hash" = []), ("payout_hash_query" = [])),
    params(("id" = String, Path, description = "ord_… or txn_…")),
    responses((status = 200, description = "The operation", body = OperationDetail), (status = 401, description = "No valid hash"),
        (status = 400, description = "Malformed JSON"), (status = 404, description = "No such operation of this person (`operation_not_found`, `withdrawal_not_found`)"), (status = 413, description = "The body is larger than 64 KiB"), (status = 429, description = "Too many requests")))]
pub async fn operation(
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
    let is_own = |stored: &&StoredEntry| {
        stored.entry.sequence == sequence
            && stored.previous_of(account).is_some()
            && stored.entry.kind != EntryKind::WithdrawalCreated
    };
    let stored = found.first().filter(is_own).ok_or_else(unknown)?;
    let operation = show::operation(ids, caller.book, account, stored, None);
    let none = (None, None, None, None);
    let (destination, payment, can_cancel, can_reveal) = none;
    let (waiting, action_needed) = (None, None);
    Ok(show::ok(&OperationDetail {
        operation,
        destination,
        payment,
        can_cancel,
        can_reveal,
        waiting,
        action_needed,
    }))
}

/// The withdrawal with this public id, if it is the caller's.
async fn own_withdrawal(door: &Door, caller: Caller, id: &str) -> Result<Withdrawal, Problem> {
    let unknown = || Problem::Refused(Refusal::WithdrawalIsUnknown);
    let number = door.platform.secrets.ids().open(IdKind::Withdrawal, caller.book, id).ok_or_else(unknown)?;
    let found = door.platform.store.withdrawal(caller.book, number).await?;
    found.filter(|withdrawal| withdrawal.user == caller.subject).ok_or_else(unknown)
}

/// A withdrawal with everything that the recipient may know.
async fn detail(door: &Door, book: BookId, withdrawal: &Withdrawal) -> Result<OperationDetail, Failure> {
    let entries = door.platform.store.entries_of_withdrawal(book, withdrawal.number).await?;
    let stops = door.platform.store.stops_of_queued(book, (withdrawal.number, withdrawal.number)).await?;
    let expected = expected::one(&door.platform, book, withdrawal).await?;
    let newest = entries.iter().rev().find(|stored| !stored.entry.published().is_empty());
    let payment = newest.and_then(|stored| serde_json::from_str(stored.entry.published()).ok());
    let state = withdrawal.state;
    let reveals_code = rails::kind(withdrawal.provider).reveals_code;
    Ok(OperationDetail {
        operation: show::withdrawal_operation(door.platform.secrets.ids(), book, withdrawal)
            .expected(expected.as_ref()),
        destination: serde_json::from_str(&withdrawal.destination).ok(),
        payment,
        can_cancel: Some(state.can_cancel()),
        can_reveal: reveals_code.then_some(state == WithdrawalState::Succeeded),
        waiting: stops.get(&withdrawal.number).map(|stop| stop.word()),
        action_needed: waits_for(&door.platform, book, withdrawal).await?.map(|text| text.english()),
    })
}

/// Cancel a withdrawal.
///
/// Cancels a withdrawal that no rail was asked to pay yet. The whole gross amount is back on the balance at once.
#[utoipa::path(
    post, path = "/payout/operations/{id}/cancel", tag = "Recipient", operation_id = "cancelOperation", request_body = CredentialBody, security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; every person has keys of their own")),
    responses((status = 200, description = "The withdrawal, cancelled; its money is back", body = OperationDetail), (status = 400, description = "Malformed JSON, or an Idempotency-Key that is none"),
        (status = 401, description = "No valid hash"), (status = 404, description = "No such withdrawal of this person (`withdrawal_not_found`)"),
        (status = 409, description = "It is too late (`withdrawal_state`, `method_paused`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn cancel(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.recipient_of(&parts, body).await?;
    let once = recipient_once_key(&parts.headers, caller.subject)?;
    let withdrawal = own_withdrawal(&door, caller, &id).await?;
    let counter = door.counter_of_recipient(caller).once(once);
    let done = counter.cancel_own(withdrawal.number, caller.subject).await?;
    Ok(show::done(&done, StatusCode::OK, &detail(&door, caller.book, &done.value).await?))
}

/// What a delivered withdrawal left for the person: a gift card's code, or a link.
#[derive(Serialize, ToSchema)]
pub struct RevealedCard<'a> {
    /// What it is, for example a shop's name.
    brand: &'a str,
    /// Always US dollars.
    #[schema(value_type = CurrencyWords)]
    currency: &'static str,
    /// What it is worth, in cents.
    face_value: i64,
    /// What to type in; where there is a `link`, the same text.
    code: &'a str,
    /// The address to open, where it is a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    /// The pin, or null.
    #[schema(required)]
    pin: Option<&'a str>,
    /// When it ends, or null.
    #[schema(required)]
    expires_at: Option<String>,
}

/// Reveal a gift card.
///
/// Shows the code of a delivered gift card, or the link of a delivered reward. Each call is recorded; one can be revealed ten times
/// per hour.
#[utoipa::path(
    post, path = "/payout/operations/{id}/reveal", tag = "Recipient", operation_id = "revealGiftCard", request_body = CredentialBody, security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; every person has keys of their own")),
    responses((status = 200, description = "The code", body = RevealedCard<'static>), (status = 400, description = "Malformed JSON, or an Idempotency-Key that is none"), (status = 401, description = "No valid hash"),
        (status = 404, description = "No such withdrawal of this person (`withdrawal_not_found`)"), (status = 409, description = "There is no code, or not yet (`nothing_to_reveal`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 422, description = "The idempotency key was used for another request"), (status = 429, description = "Too many requests, or too many looks at this card"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn reveal(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.recipient_of(&parts, body).await?;
    let once = recipient_once_key(&parts.headers, caller.subject)?;
    let withdrawal = own_withdrawal(&door, caller, &id).await?;
    if !has_code(&withdrawal) {
        return Err(Problem::NothingToReveal);
    }
    let done = match door.counter_of_recipient(caller).once(once).reveal(&withdrawal).await {
        Err(Stopped::Refused(Refusal::CodeWasShownTooOften)) => {
            return Err(Problem::RateLimited(LOOKS_PERIOD.unsigned_abs() / 1_000_000));
        }
        revealed => revealed?,
    };
    let card = &done.value;
    let shown = RevealedCard {
        brand: &card.brand,
        currency: "USD",
        face_value: card.face_value.0,
        code: card.code.expose_secret(),
        link: card.is_link.then(|| card.code.expose_secret()),
        pin: card.pin.as_ref().map(ExposeSecret::expose_secret),
        expires_at: card.expires_at.map(rfc3339),
    };
    Ok(show::done(&done, StatusCode::OK, &shown))
}
