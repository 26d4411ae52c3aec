//! Payment batches by API: payments that people make by hand, grouped into files. Not here: the rules (batches/), files
//! out and in (batch_files.rs).

use super::body;
use super::door::{Door, PathId, once_key};
use super::fields::{only_text, optional_text};
use super::json::Object;
use super::once::once;
use super::openapi::words::{PaymentBatchLineStateWords, PaymentBatchStateWords};
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::{Problem, field};
use super::proposals::{ProposalShown, done_or_proposed, name};
use super::show;
use crate::auth::Caller;
use crate::batch_refused::BatchRefused;
use crate::batches::{self, Batch};
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::proposals::Proposed;
use crate::rails::exchange::Rate;
use crate::store::{BatchFilter, BatchLine, Failure};
use crate::two_people::Hands;
use axum::extract::{Request, State};
use axum::response::Response;
use data_encoding::HEXLOWER;
use ledger::{Actor, BookId};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Payments that a person makes, in one file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentBatch)]
pub struct BatchShown {
    /// `bat_…`: the batch.
    id: String,
    /// 1, 2, … in this mode.
    number: i64,
    /// The name of the method.
    method: String,
    /// Where it stands.
    #[schema(value_type = PaymentBatchStateWords)]
    state: &'static str,
    /// In what it is paid, as in `EUR`.
    currency: String,
    /// The currency per US dollar, as a decimal.
    #[schema(example = "0.9215")]
    rate: String,
    /// How many payments it has.
    payments: i64,
    /// Cents of all payments.
    amount: i64,
    /// The same in the smallest unit of the currency, as the file has it.
    converted_amount: i64,
    /// Payments without an outcome.
    open: i64,
    /// Payments that were made.
    settled: i64,
    /// Payments that were not made.
    failed: i64,
    /// Payments that came back.
    returned: i64,
    /// Payments that were open when it was dissolved.
    moved: i64,
    /// `key_…`, `mem_…` or `operator`.
    made_by: String,
    /// When it was made.
    made_at: String,
    /// Who approved it, or null.
    #[schema(required)]
    checked_by: Option<String>,
    /// When it was approved, or null.
    #[schema(required)]
    checked_at: Option<String>,
    /// How often its file was given out.
    downloads: i64,
    /// When it was given out last, or null.
    #[schema(required)]
    downloaded_at: Option<String>,
    /// SHA-256 of the file in hexadecimal; null where the file was not kept.
    #[schema(required)]
    file_sha256: Option<String>,
    /// Who dissolved it, or null.
    #[schema(required)]
    dissolved_by: Option<String>,
    /// Why it was dissolved, or how one can see that it was not sent; or null.
    #[schema(required)]
    proof: Option<String>,
    /// When none of its payments was open any more, or null.
    #[schema(required)]
    closed_at: Option<String>,
    /// Its payments, in the order of the file. Only where one batch is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineShown>>,
}

/// A payment of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentBatchLine)]
pub struct LineShown {
    /// 1, 2, … in the order of the file.
    line: i64,
    /// `ord_…`: the withdrawal.
    withdrawal_id: String,
    /// The payment's public number at its rail.
    order_id: String,
    /// What has become of it.
    #[schema(value_type = PaymentBatchLineStateWords)]
    state: &'static str,
    /// Cents that are paid.
    amount: i64,
    /// The same in the smallest unit of the batch's currency.
    converted_amount: i64,
    /// Where to: the fields of the method.
    #[schema(value_type = Object)]
    destination: serde_json::Value,
}

fn shown(door: &Door, book: BookId, batch: &Batch) -> Result<BatchShown, Failure> {
    let row = &batch.row;
    let actor = |actor: Actor| name(door, book, actor);
    Ok(BatchShown {
        id: batches::id(&door.platform, book, row.number),
        number: row.number,
        method: row.method.clone(),
        state: batch.word(),
        currency: row.currency.clone(),
        rate: batch.rate()?.to_string(),
        payments: row.payments,
        amount: row.total.0,
        converted_amount: row.converted,
        open: batch.open,
        settled: batch.settled,
        failed: batch.failed,
        returned: batch.returned,
        moved: batch.moved,
        made_by: actor(row.made_by),
        made_at: rfc3339(row.made_at),
        checked_by: row.checked_by.map(actor),
        checked_at: row.checked_at.map(rfc3339),
        downloads: row.downloads,
        downloaded_at: row.downloaded_at.map(rfc3339),
        file_sha256: row.digest.map(|digest| HEXLOWER.encode(&digest)),
        dissolved_by: row.ended_by.map(actor),
        proof: Some(row.proof.clone()).filter(|proof| !proof.is_empty()),
        closed_at: batch.closed_at().map(rfc3339),
        lines: None,
    })
}

fn line_shown(door: &Door, book: BookId, line: &BatchLine) -> LineShown {
    let (ids, of) = (door.platform.secrets.ids(), &line.withdrawal);
    LineShown {
        line: line.line,
        withdrawal_id: ids.seal(IdKind::Withdrawal, book, of.number),
        order_id: ids.order_id(of.provider, book, of.number),
        state: batches::line_word(line),
        amount: line.amount.0,
        converted_amount: line.converted,
        destination: serde_json::from_str(&of.destination).unwrap_or_default(),
    }
}

/// List payment batches.
///
/// Batches of payments that people make by hand, newest first, without their lines.
#[utoipa::path(
    get, path = "/payout/payment-batches", tag = "Payment batches", operation_id = "listPaymentBatches", security(("secret_key" = [])),
    params(("method" = Option<String>, Query, description = "Only those of the method of this name"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<BatchShown>), (status = 400, description = "Unknown cursor, or limit out of range (`invalid_request`, `unknown_field`)"),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn batches(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let limit = limit(&parts.uri)?;
    let ids = door.platform.secrets.ids();
    let below = match query(&parts.uri, "cursor") {
        None => None,
        Some(cursor) => {
            Some(ids.open(IdKind::PaymentBatch, caller.book, &cursor).ok_or_else(unknown_cursor)?)
        }
    };
    let filter = BatchFilter { method: query(&parts.uri, "method"), below };
    let found = batches::list(&door.platform, caller.book, &filter, limit + 1).await?;
    let items = found.iter().map(|batch| shown(&door, caller.book, batch)).collect::<Result<Vec<_>, _>>()?;
    Ok(show::ok(&Page::cut(items, limit, |item: &BatchShown| item.id.clone())))
}

/// What to send.
#[derive(ToSchema)]
pub struct PaymentBatchBody {
    /// The name of a method that a person pays.
    #[schema(example = "bank")]
    method: String,
    /// The currency of the method per US dollar: a decimal of at most nine places. Left out where it is paid in US dollars.
    #[schema(value_type = Option<String>, example = "1")]
    rate: Option<Rate>,
}

impl PaymentBatchBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let rate = match optional_text(fields, "rate")? {
            None => None,
            Some(text) => Some(Rate::parse(&text).ok_or_else(|| {
                field(
                    "rate",
                    "The rate must be a decimal above 0 with at most nine places, as in \"0.9215\".",
                )
            })?),
        };
        Ok(Self { method: only_text(fields, "method")?, rate })
    }
}

/// Make a payment batch.
///
/// Takes the payments of a method that are queued or in progress, may leave, and are in no batch: at most 2,000, the oldest first.
/// From then on the recipients cannot cancel them. The file can be had once the batch is approved.
#[utoipa::path(
    post, path = "/payout/payment-batches", tag = "Payment batches", operation_id = "createPaymentBatch", request_body = PaymentBatchBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The batch with its lines", body = BatchShown), (status = 400, description = "Invalid fields, a rate that is missing or not needed, or malformed JSON (`invalid_request`, `unknown_field`, `batch_rate_missing`, `batch_rate_not_one`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such method (`method_not_found`)"),
        (status = 409, description = "There is nothing to pay, the method is paused or not paid by hand, or a payment cannot be converted or written (`batch_nothing_to_pay`, `method_paused`, `not_manual`, `batch_amount_not_possible`, `batch_file_not_possible`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn batch_create(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let key = once_key(&parts.headers)?;
    let PaymentBatchBody { method, rate } =
        PaymentBatchBody::read(&body::object(&parts, body, body::LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    let asked = format!("payment batch\n{method}\n{}", rate.map(|rate| rate.to_string()).unwrap_or_default());
    let work = async {
        let number = batches::make(&door.platform, caller.book, &method, rate, caller.as_key()).await?;
        in_full(&door, caller.book, number).await
    };
    once(&door, caller, (key, asked), work).await
}

/// A batch with its lines.
async fn in_full(door: &Door, book: BookId, number: i64) -> Result<BatchShown, Problem> {
    let batch = batches::find(&door.platform, book, number).await?;
    let lines = door.platform.store.payment_batch_lines(book, number).await?;
    let lines = lines.iter().map(|line| line_shown(door, book, line)).collect();
    Ok(BatchShown { lines: Some(lines), ..shown(door, book, &batch)? })
}

/// Get a payment batch.
///
/// One batch with its lines.
#[utoipa::path(
    get, path = "/payout/payment-batches/{id}", tag = "Payment batches", operation_id = "getPaymentBatch", security(("secret_key" = [])),
    params(("id" = String, Path, description = "bat_…")),
    responses((status = 200, description = "The batch", body = BatchShown), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such batch (`batch_not_found`)"), (status = 429, description = "Too many requests")))]
pub async fn batch_get(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let number = number(&door, caller, &id)?;
    Ok(show::ok(&in_full(&door, caller.book, number).await?))
}

pub(super) fn number(door: &Door, caller: Caller, id: &str) -> Result<i64, Problem> {
    let number = door.platform.secrets.ids().open(IdKind::PaymentBatch, caller.book, id);
    number.ok_or(Problem::Batch(BatchRefused::NotFound))
}

/// Approve a payment batch.
///
/// Lets its file be had. Where the business asks for two people and the amount is above its limit, the key that made the batch, or one of
/// the same hand, proposes it instead (202).
#[utoipa::path(
    post, path = "/payout/payment-batches/{id}/approve", tag = "Payment batches", operation_id = "approvePaymentBatch", security(("secret_key" = [])),
    params(("id" = String, Path, description = "bat_…")),
    responses((status = 200, description = "The batch afterwards; the same for one that this key approved before", body = BatchShown),
        (status = 202, description = "It takes two people here: proposed, and not done yet", body = ProposalShown), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such batch (`batch_not_found`)"),
        (status = 409, description = "Its state does not allow it, or payments of it have ended or are paused (`batch_state`, `batch_payments_ended`, `batch_payments_stopped`, `batch_changed`)"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn batch_approve(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let number = number(&door, caller, &id)?;
    body::optional_object(&parts, body).await?;
    door.still_authenticates(caller).await?;
    let (platform, by) = (&door.platform, Actor(caller.subject));
    let found = batches::find(platform, caller.book, number).await?;
    if found.row.checked_by != Some(by) {
        let what = Proposed::ApproveBatch { batch: number, amount: found.row.total };
        let done = batches::approve(platform, caller.book, number, Hands::from(by)).await;
        if let Err(proposed) = done_or_proposed(&door, caller, (what, "", None), done).await? {
            return Ok(proposed);
        }
    }
    Ok(show::ok(&in_full(&door, caller.book, number).await?))
}

/// What to send.
#[derive(ToSchema)]
pub struct DissolveBatchBody {
    /// How one can see that the file was not sent, or why the batch is not wanted.
    #[schema(min_length = 1, max_length = 255)]
    proof: String,
}

impl DissolveBatchBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        Ok(Self { proof: only_text(fields, "proof")? })
    }
}

/// Dissolve a payment batch.
///
/// Says that its file was not sent. Its open payments can be taken into another batch. Where its file was given out and the open amount
/// is above the business's limit for two people, it is proposed instead (202).
#[utoipa::path(
    post, path = "/payout/payment-batches/{id}/dissolve", tag = "Payment batches", operation_id = "dissolvePaymentBatch", request_body = DissolveBatchBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "bat_…")),
    responses((status = 200, description = "The batch afterwards; the same for one that this key dissolved before", body = BatchShown),
        (status = 202, description = "It takes two people here: proposed, and not done yet", body = ProposalShown), (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such batch (`batch_not_found`)"),
        (status = 409, description = "Its state does not allow it (`batch_state`, `batch_changed`)"), (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn batch_dissolve(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let number = number(&door, caller, &id)?;
    let DissolveBatchBody { proof } =
        DissolveBatchBody::read(&body::object(&parts, body, body::LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    let (platform, by) = (&door.platform, Actor(caller.subject));
    let found = batches::find(platform, caller.book, number).await?;
    if found.row.ended_by != Some(by) || found.row.proof != proof {
        let (batch, amount) = batches::subject(platform, caller.book, number).await?;
        let what = Proposed::DissolveBatch { batch, amount };
        let done = batches::dissolve(platform, caller.book, number, &proof, Hands::from(by)).await;
        if let Err(proposed) = done_or_proposed(&door, caller, (what, &proof, None), done).await? {
            return Ok(proposed);
        }
    }
    Ok(show::ok(&in_full(&door, caller.book, number).await?))
}
