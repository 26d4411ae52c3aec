//! Files of payment batches by API: the file of a batch, and what a bank answers. JSON holds them in base64, since a bank's file may have
//! any encoding. Not here: what is in them (batches/, batch_answers/).

use super::body;
use super::door::{Door, PathId};
use super::fields::{optional_text, text};
use super::json::Object;
use super::payment_batches::number;
use super::problem::{Problem, field};
use super::show;
use crate::batch_answers::{self, Taken};
use crate::batches;
use axum::extract::{Request, State};
use axum::response::Response;
use data_encoding::{BASE64, HEXLOWER};
use ledger::Actor;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The file of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentBatchFile)]
pub struct FileShown {
    /// For example `outpay-batch-12.csv`.
    name: String,
    /// For example `text/csv; charset=utf-8`.
    media_type: String,
    /// SHA-256 of the bytes in hexadecimal.
    sha256: String,
    /// How often it was given out, with this time: above 1 it may be paid already.
    downloads: i64,
    /// The bytes in base64.
    #[schema(format = "byte")]
    content: String,
}

/// Get the file of a payment batch.
///
/// Gives the file of an approved batch out: the same bytes each time, for example where the first copy was lost. Each time is counted and
/// written into the audit log.
#[utoipa::path(
    post, path = "/payout/payment-batches/{id}/file", tag = "Payment batches", operation_id = "getPaymentBatchFile", security(("secret_key" = [])),
    params(("id" = String, Path, description = "bat_…")),
    responses((status = 200, description = "The file", body = FileShown), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such batch (`batch_not_found`)"),
        (status = 409, description = "It is not approved, payments of it have ended or are paused, or the file was not kept (`batch_state`, `batch_payments_ended`, `batch_payments_stopped`, `batch_file_not_kept`, `batch_changed`)"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn batch_file(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let number = number(&door, caller, &id)?;
    body::optional_object(&parts, body).await?;
    door.still_authenticates(caller).await?;
    let by = Actor(caller.subject);
    let (file, batch) = batches::download(&door.platform, caller.book, number, by).await?;
    Ok(show::ok(&FileShown {
        name: file.name,
        media_type: file.media_type,
        sha256: batch.row.digest.map(|digest| HEXLOWER.encode(&digest)).unwrap_or_default(),
        downloads: batch.row.downloads,
        content: BASE64.encode(&file.bytes),
    }))
}

/// What to send.
#[derive(ToSchema)]
pub struct BatchAnswerBody {
    /// The name of the method whose payments the file is about.
    #[schema(example = "bank")]
    method: String,
    /// The bytes of the file in base64.
    #[schema(value_type = String, format = "byte", example = "aWQsYW1vdW50LGN1cnJlbmN5LGRlc3RpbmF0aW9uLHByb29mCg==")]
    content: Vec<u8>,
}

impl BatchAnswerBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let given = optional_text(fields, "content")?;
        let given = given.ok_or_else(|| field("content", "The content field is required."))?;
        let content = BASE64.decode(given.as_bytes());
        let content =
            content.map_err(|_| field("content", "The content must be the file's bytes in base64."))?;
        Ok(Self { method: text(fields, "method").map_err(|sentence| field("method", sentence))?, content })
    }
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentBatchAnswer)]
pub struct AnswerShown {
    /// Payments that were settled now.
    settled: usize,
    /// Payments that have failed now.
    failed: usize,
    /// Payments that came back now.
    returned: usize,
    /// Payments that the bank has and works on.
    accepted: usize,
    /// Lines that had taken effect before.
    known: usize,
    /// Lines that take two people here and are proposed.
    proposed: usize,
    /// A sentence for each line that was not taken.
    not_taken: Vec<String>,
}

/// Bring an answer to payment batches.
///
/// Takes every line of a file: the bank's, in the format of the method, or the batch's CSV with the proofs filled in. Booked payments are
/// settled, rejected ones fail, returned ones are given back. A line takes effect once, however often its file is brought; at most 8 MiB.
#[utoipa::path(
    post, path = "/payout/payment-batches/answers", tag = "Payment batches", operation_id = "answerPaymentBatches", request_body = BatchAnswerBody, security(("secret_key" = [])),
    responses((status = 200, description = "What became of its lines", body = AnswerShown), (status = 400, description = "Invalid fields, a file that cannot be read, or malformed JSON (`invalid_request`, `unknown_field`, `batch_answer_unreadable`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 413, description = "The body is larger than 8 MiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 429, description = "Too many requests"), (status = 503, description = "Busy; bring the file again")))]
pub async fn batch_answer(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let fields = body::object(&parts, body, body::LARGEST_BATCH).await?;
    let BatchAnswerBody { method, content } = BatchAnswerBody::read(&fields)?;
    door.still_authenticates(caller).await?;
    let taken = batch_answers::bring(&door.platform, caller.book, &method, &content, caller.as_key()).await?;
    let Taken { settled, failed, returned, accepted, known, proposed, not_taken } = taken;
    Ok(show::ok(&AnswerShown { settled, failed, returned, accepted, known, proposed, not_taken }))
}
