//! Withdrawals as the business sees them: the list, one withdrawal, its review (maker is not checker), and settling one that a
//! person pays by hand.

use super::body;
use super::door::{Door, PathId, once_key};
use super::fields::{metadata, only_text};
use super::json::Object;
use super::openapi::words::WithdrawalStatusWords;
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::{Problem, field};
use super::proposals::{ProposalShown, done_or_proposed};
use super::show::{self, WithdrawalShown};
use crate::audit_log;
use crate::auth::Caller;
use crate::commit::NoVerdict;
use crate::counter::{Counter, Done};
use crate::ids::IdKind;
use crate::proposals::Proposed;
use crate::store::{MetadataOf, WithdrawalFilter, WriteError};
use crate::withdrawals::expected;
use crate::withdrawals::waiting::{self, WhyWaiting};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Actor, Cents, Metadata, OnceKey, Withdrawal, WithdrawalState};
use std::sync::Arc;
use utoipa::ToSchema;

/// List withdrawals.
///
/// The withdrawals of all recipients, newest first.
#[utoipa::path(
    get, path = "/payout/withdrawals", tag = "Withdrawals", operation_id = "listWithdrawals", security(("secret_key" = [])),
    params(("status" = Option<WithdrawalStatusWords>, Query, description = "Only withdrawals in this state"),
        ("user" = Option<String>, Query, description = "`usr_…`: only those of this payout user"), ("method" = Option<String>, Query, description = "Only those by the method of this name"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<WithdrawalShown>), (status = 400, description = "Unknown cursor or status, or limit out of range (`invalid_request`, `unknown_field`)"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such payout user (`payout_user_not_found`)"), (status = 429, description = "Too many requests")))]
pub async fn withdrawals(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
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
    let waiting = waiting::many(&door.platform, caller.book, &found).await?;
    let expected = expected::many(&door.platform, caller.book, &found).await?;
    let noted = |of: &Withdrawal| MetadataOf::Withdrawal(of.user, of.number);
    let metadata = door.platform.store.metadata(caller.book, found.iter().map(noted).collect()).await?;
    let item = |of: &Withdrawal| {
        let waiting = waiting.get(&of.number).map(WhyWaiting::word);
        let metadata = metadata.get(&noted(of)).map(|metadata| metadata.pairs().clone()).unwrap_or_default();
        let shown = show::withdrawal(ids, caller.book, of).expected(expected.get(&of.number));
        WithdrawalShown { waiting, metadata, ..shown }
    };
    let items = found.iter().map(item).collect();
    Ok(show::ok(&Page::cut(items, limit, |item: &WithdrawalShown| item.id.clone())))
}

fn state(word: &str) -> Result<WithdrawalState, Problem> {
    WithdrawalState::from_word(word).ok_or_else(|| {
        let words = WithdrawalState::ALL.map(WithdrawalState::word).join(", ");
        field("status", format!("The status must be one of {words}."))
    })
}

/// Get a withdrawal.
///
/// One withdrawal, with metadata and, where it is queued and may not leave, the reason.
#[utoipa::path(
    get, path = "/payout/withdrawals/{id}", tag = "Withdrawals", operation_id = "getWithdrawal", security(("secret_key" = [])),
    params(("id" = String, Path, description = "ord_…")),
    responses((status = 200, description = "The withdrawal", body = WithdrawalShown), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such withdrawal (`withdrawal_not_found`)"), (status = 429, description = "Too many requests")))]
pub async fn withdrawal(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let found = door.withdrawal(caller, &id).await?;
    Ok(show::ok(&in_full(&door, caller, &found).await?))
}

/// A withdrawal with what is read beside it.
async fn in_full(door: &Door, caller: Caller, found: &Withdrawal) -> Result<WithdrawalShown, Problem> {
    let waiting = waiting::one(&door.platform, caller.book, found).await?.map(|waiting| waiting.word());
    let expected = expected::one(&door.platform, caller.book, found).await?;
    let of = MetadataOf::Withdrawal(found.user, found.number);
    let metadata = door.platform.store.metadata(caller.book, vec![of]).await?.remove(&of).unwrap_or_default();
    let shown = show::withdrawal(door.platform.secrets.ids(), caller.book, found).expected(expected.as_ref());
    Ok(WithdrawalShown { waiting, metadata: metadata.pairs().clone(), ..shown })
}

/// What to send.
#[derive(ToSchema)]
pub struct MetadataBody {
    /// All notes afterwards: at most 50 keys of 40 characters, texts of at most 500; empty for none.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "order": "7" }))]
    metadata: Metadata,
}

impl MetadataBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let given = fields.get("metadata").ok_or("The metadata field is required.");
        let metadata = given.and_then(|given| metadata(Some(given)));
        Ok(Self { metadata: metadata.map_err(|sentence| field("metadata", sentence))? })
    }
}

/// Set a withdrawal's metadata.
///
/// Replaces all metadata of a withdrawal. Recipients never see it.
#[utoipa::path(
    put, path = "/payout/withdrawals/{id}/metadata", tag = "Withdrawals", operation_id = "setWithdrawalMetadata", request_body = MetadataBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "ord_…")),
    responses((status = 200, description = "The withdrawal with its metadata", body = WithdrawalShown), (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such withdrawal (`withdrawal_not_found`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn withdrawal_metadata(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let found = door.withdrawal(caller, &id).await?;
    let MetadataBody { metadata } = MetadataBody::read(&body::object(&parts, body, body::LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    let (platform, actor) = (&door.platform, Actor(caller.subject));
    let detail = serde_json::json!({ "metadata": metadata.pairs() });
    let entry = audit_log::in_book(platform, caller.book, actor, "withdrawal.metadata_set", &id, &detail);
    let place = (found.user, found.number);
    match platform.store.set_withdrawal_metadata(caller.book, place, &metadata, &entry).await {
        Ok(()) => Ok(show::ok(&in_full(&door, caller, &found).await?)),
        // Another request set the same names at the same moment.
        Err(WriteError::Conflict) => Err(Problem::NoVerdict(NoVerdict::Busy)),
        Err(WriteError::Failure(failure)) => Err(failure.into()),
    }
}

/// Approve a withdrawal.
///
/// Approves a withdrawal in `review`, which queues it. A key that gave the recipient money may not approve, where another
/// secret key or member could. One that the screening service denied takes two people: it is proposed instead (202).
#[utoipa::path(
    post, path = "/payout/withdrawals/{id}/approve", tag = "Withdrawals", operation_id = "approveWithdrawal", security(("secret_key" = [])),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The withdrawal afterwards", body = WithdrawalShown),
        (status = 202, description = "It takes two people: proposed, and not done yet", body = ProposalShown), (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 403, description = "The key that gave the money may not approve its withdrawal (`maker_is_checker`)"), (status = 404, description = "No such withdrawal (`withdrawal_not_found`)"),
        (status = 409, description = "Its state does not allow it (`withdrawal_state`, `withdrawal_busy`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn approve(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let decision = Decision::read(&door, &id, request, false).await?;
    let Decision { number, amount, once, caller, .. } = decision;
    let what = Proposed::Release { withdrawal: number, amount };
    let done = decision.counter.approve(number).await;
    match done_or_proposed(&door, caller, (what, "", once), done).await? {
        Ok(done) => Ok(decision.answer(&door, &done)),
        Err(proposed) => Ok(proposed),
    }
}

/// What to send.
#[derive(ToSchema)]
pub struct RejectBody {
    /// Why, in words for the person.
    #[schema(min_length = 1, max_length = 255)]
    reason: String,
}

impl RejectBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        Ok(Self { reason: only_text(fields, "reason")? })
    }
}

/// Reject a withdrawal.
///
/// Rejects a withdrawal in `review`. The whole gross amount goes back to the recipient at once, with the reason.
#[utoipa::path(
    post, path = "/payout/withdrawals/{id}/reject", tag = "Withdrawals", operation_id = "rejectWithdrawal", request_body = RejectBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The withdrawal afterwards", body = WithdrawalShown), (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such withdrawal (`withdrawal_not_found`)"),
        (status = 409, description = "Its state does not allow it (`withdrawal_state`, `withdrawal_busy`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn reject(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let decision = Decision::read(&door, &id, request, true).await?;
    let RejectBody { reason } = RejectBody::read(&decision.fields)?;
    let done = decision.counter.reject(decision.number, &reason).await?;
    Ok(decision.answer(&door, &done))
}

/// What to send.
#[derive(ToSchema)]
pub struct SettleBody {
    /// How one can see that it was paid, for example a bank reference.
    #[schema(min_length = 1, max_length = 255)]
    proof: String,
}

impl SettleBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        Ok(Self { proof: only_text(fields, "proof")? })
    }
}

/// Settle a withdrawal paid by hand.
///
/// Says that a person has paid a withdrawal of a manual method, with proof. Where it takes two people, it is proposed instead
/// (202).
#[utoipa::path(
    post, path = "/payout/withdrawals/{id}/settle", tag = "Withdrawals", operation_id = "settleWithdrawal", request_body = SettleBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The withdrawal afterwards", body = WithdrawalShown),
        (status = 202, description = "It takes two people here: proposed, and not done yet", body = ProposalShown), (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such withdrawal (`withdrawal_not_found`)"),
        (status = 409, description = "Its state does not allow it (`withdrawal_state`, `withdrawal_busy`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn settle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let decision = Decision::read(&door, &id, request, true).await?;
    let SettleBody { proof } = SettleBody::read(&decision.fields)?;
    let Decision { number, amount, once, caller, .. } = decision;
    let what = Proposed::EndByHand { withdrawal: number, amount, paid: true };
    let done = decision.counter.settle(number, &proof).await;
    match done_or_proposed(&door, caller, (what, &proof, once), done).await? {
        Ok(done) => Ok(decision.answer(&door, &done)),
        Err(proposed) => Ok(proposed),
    }
}

/// A business's decision about the withdrawal with this id: everything but the verb.
struct Decision<'a> {
    counter: Counter<'a>,
    caller: Caller,
    number: i64,
    amount: Cents,
    once: Option<OnceKey>,
    fields: Object,
}

impl<'a> Decision<'a> {
    /// The body is read last, and only where the endpoint needs one must it be there.
    async fn read(door: &'a Door, id: &str, request: Request, needs_body: bool) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let caller = door.business(&parts).await?;
        let once = once_key(&parts.headers)?;
        let Withdrawal { number, amount, .. } = door.withdrawal(caller, id).await?;
        let fields = if needs_body {
            body::object(&parts, body, body::LARGEST).await?
        } else {
            body::optional_object(&parts, body).await?
        };
        Ok(Self { counter: door.counter(caller).once(once), caller, number, amount, once, fields })
    }

    /// The withdrawal afterwards.
    fn answer(&self, door: &Door, done: &Done<Withdrawal>) -> Response {
        let body = show::withdrawal(door.platform.secrets.ids(), self.caller.book, &done.value);
        show::done(done, StatusCode::OK, &body)
    }
}
