//! Paying people: `POST /payout/create` (contract, 1.2) and `POST /payout/batch` (contract, 2.1), up to 10,000 creates in one
//! request. Every field is validated before anything is paid; the ledger decides about a batch as one command.

use super::body::{self, LARGEST, LARGEST_BATCH};
use super::door::{Door, once_key};
use super::fields::{currency, email, memo, metadata, payout_amount};
use super::ignored::Ignored;
use super::json::{Json, Object};
use super::known;
use super::observe::Observed;
use super::openapi::words::{CurrencyWords, RowErrorWords};
use super::problem::{FieldOfRow, Problem, field};
use super::show;
use crate::auth::Caller;
use crate::line::{Line, LineProblem};
use crate::store::Failure;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use ledger::{BatchPayout, Cents, Email, HashBasis, Metadata, OnceKey, RowReply};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use utoipa::ToSchema;

const MOST_ROWS: usize = 10_000;
const LONGEST_REFERENCE: usize = 255;

/// What to send.
#[derive(ToSchema)]
pub struct CreateBody {
    /// Whom to pay; identity ignores case.
    #[schema(value_type = String, format = "email", max_length = 255, example = "user@example.com")]
    email: Email,
    /// What to pay, in cents.
    #[schema(value_type = i64, minimum = 1, maximum = 100_000_000, example = 10000)]
    amount: Cents,
    /// What for, in words for the person, who sees it beside the amount.
    #[schema(value_type = Option<String>, max_length = 255, example = "Affiliate earnings, October")]
    memo: String,
    /// `USD`, which is what is paid; any other is refused.
    #[schema(value_type = Option<CurrencyWords>)]
    #[expect(dead_code, reason = "checked while the body is read; there is no other currency")]
    currency: (),
    /// Your own notes: at most 50 keys of 40 characters, texts of at most 500. One that does not fit is ignored.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({ "order": "7" }))]
    metadata: Metadata,
    /// The names of other fields, which the answer tells in a header.
    #[schema(ignore)]
    ignored: Ignored,
}

/// What `POST /payout/create` reads; it ignores everything else (contract, 1.2).
const CREATE_FIELDS: [&str; 5] = ["metadata", "email", "amount", "memo", "currency"];

impl CreateBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let read = (
            email(fields.get("email")),
            payout_amount(fields.get("amount")),
            memo(fields.get("memo")),
            currency(fields.get("currency")),
        );
        match read {
            (Ok(email), Ok(amount), Ok(memo), Ok(currency)) => {
                // The documented endpoint ignores what it does not know, which metadata of another form is.
                let metadata = metadata(fields.get("metadata"));
                let [_, others @ ..] = &CREATE_FIELDS;
                let read: &[&str] = if metadata.is_ok() { &CREATE_FIELDS } else { others };
                let ignored = Ignored::of(fields, read);
                Ok(Self { email, amount, memo, currency, metadata: metadata.unwrap_or_default(), ignored })
            }
            (email, amount, memo, currency) => {
                let problems = [
                    email.err().map(|sentence| ("email", sentence)),
                    amount.err().map(|sentence| ("amount", sentence)),
                    memo.err().map(|sentence| ("memo", sentence)),
                    currency.err().map(|sentence| ("currency", sentence)),
                ];
                Err(Problem::CreateFields(problems.into_iter().flatten().collect()))
            }
        }
    }
}

/// Pay a person.
///
/// Pays one person. The first payout creates the payout user; later ones add to the balance and return the same hash. Without
/// an `Idempotency-Key` each repeat pays again. Fields that are not known are ignored, and named in `Outpay-Ignored-Fields`.
#[utoipa::path(
    post, path = "/payout/create", tag = "Payouts", operation_id = "createPayout", request_body = CreateBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again, for ever")),
    responses(
        (status = 201, description = "Paid. The hash is a secret: it gives access to the money", body = show::Hash,
            headers(("Outpay-Ignored-Fields" = Option<String>, description = "Fields of the body that were ignored, percent-encoded, with commas; at most 10 names and 512 bytes"))),
        (status = 400, description = "Invalid fields (all of them), malformed JSON, or too little money (by field; bare)"),
        (status = 401, description = "No valid secret key"), (status = 403, description = "Payouts are disabled, or the amount is above the limit of the key (bare; `above_key_limit`, `key_request_ceiling`, `key_day_ceiling`, `key_recipient_ceiling`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The idempotency key was used for another request"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn create(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business_that_pays(&parts).await?;
    let (once, payout) = read(&door, caller, &parts, body, LARGEST, CreateBody::read).await?;
    door.within_ceiling(caller, [payout.amount]).await?;
    let CreateBody { email, amount, memo, metadata, ignored, .. } = payout;
    let paid = door.counter(caller).once(once).create(email, amount, memo, metadata).await?;
    if !paid.replayed {
        Observed::moved(&parts.extensions, amount);
    }
    let hash = door.platform.secrets.payout_hash(caller.book, paid.value.user, &paid.value.basis)?;
    Ok(ignored.told(show::done(&paid, StatusCode::CREATED, &show::Hash { hash: hash.expose_secret() })))
}

/// The idempotency key and the body. 403 comes before 400: a business that may not pay gets 403, whatever else is wrong.
async fn read<T>(
    door: &Door,
    caller: Caller,
    parts: &Parts,
    body: Body,
    largest: usize,
    read: fn(&Object) -> Result<T, Problem>,
) -> Result<(Option<OnceKey>, T), Problem> {
    let both = async {
        let once = once_key(&parts.headers)?;
        known::check_parameters(parts)?;
        Ok::<_, Problem>((once, read(&body::object(parts, body, largest).await?)?))
    };
    match both.await {
        Ok(both) => Ok(both),
        Err(problem) => Err(door.disabled_or(caller, problem).await),
    }
}

/// What to send.
#[derive(ToSchema)]
pub struct BatchBody {
    /// Paid in this order.
    #[schema(min_items = 1, max_items = 10_000)]
    payouts: Vec<BatchRow>,
    /// Pay in order while the money lasts instead of all or nothing.
    #[schema(required = false)]
    partial: bool,
}

/// One payout.
#[derive(ToSchema)]
pub struct BatchRow {
    /// Whom to pay.
    #[schema(example = "user@example.com", value_type = String, format = "email", max_length = 255)]
    email: Email,
    /// What to pay, in cents.
    #[schema(example = 10000, value_type = i64, minimum = 1, maximum = 100_000_000)]
    amount: Cents,
    /// Your own name for this payout, unique for ever: a repeat is not paid again and answers as before.
    #[schema(example = "october-17", min_length = 1, max_length = 255)]
    reference: Option<String>,
    /// What for, in words for the person, who sees it beside the amount.
    #[schema(value_type = Option<String>, max_length = 255)]
    memo: String,
    /// Your own notes: at most 50 keys of 40 characters, texts of at most 500.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({ "order": "7" }))]
    metadata: Metadata,
}

impl From<BatchRow> for BatchPayout {
    fn from(row: BatchRow) -> Self {
        let BatchRow { email, amount, reference, memo, metadata } = row;
        Self { email, amount, reference, memo, metadata }
    }
}

/// The answer, row by row.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAnswer {
    /// One answer per row, in the order of the rows.
    data: Vec<BatchRowAnswer>,
    /// Cents of all rows that carry a hash.
    total: i64,
}

/// One row's answer: a hash, or (only with `partial`) why it was not paid.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchRowAnswer {
    /// The number of the row, from 0.
    index: usize,
    /// The secret hash of the person, where the row was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// Why it was not paid, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// The same for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<RowErrorWords>)]
    code: Option<&'static str>,
}

/// Pay up to 10,000 people.
///
/// All rows are validated before any is paid. By default the balance must cover all rows, or none is paid; with `partial`
/// rows are paid in order until the first one that the balance does not cover. A `reference` is paid at most once, for ever.
#[utoipa::path(
    post, path = "/payout/batch", tag = "Payouts", operation_id = "createPayoutBatch", request_body = BatchBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses(
        (status = 201, description = "Paid", body = BatchAnswer),
        (status = 400, description = "Invalid rows (all are named; no payout was made), malformed JSON, or too little money (`invalid_rows`, `invalid_request`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 403, description = "Payouts are disabled, or a row is above the limit of the key (bare; `above_key_limit`, `key_request_ceiling`, `key_day_ceiling`, `key_recipient_ceiling`)"),
        (status = 413, description = "The body is larger than 8 MiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "A reference or the idempotency key was used for something else (`reference_reused`, `idempotency_key_reused`)"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn batch(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business_that_pays(&parts).await?;
    let (once, batch) = read(&door, caller, &parts, body, LARGEST_BATCH, BatchBody::read).await?;
    door.within_ceiling(caller, per_person(&batch.payouts)).await?;
    let payouts = batch.payouts.into_iter().map(BatchPayout::from).collect();
    let paid = door.counter(caller).once(once).create_many(payouts, batch.partial).await?;
    let many = &paid.value;
    if !paid.replayed {
        Observed::moved(&parts.extensions, many.total);
    }
    let row = |(index, row): (usize, &RowReply)| match *row {
        RowReply::Paid(user, generation, salt) => {
            let basis = HashBasis { generation, salt };
            let hash = door.platform.secrets.payout_hash(caller.book, user, &basis)?;
            Ok(BatchRowAnswer { index, hash: Some(hash.expose_secret().to_owned()), error: None, code: None })
        }
        RowReply::Unpaid(refusal) => Ok(BatchRowAnswer {
            index,
            hash: None,
            error: Some(refusal.sentence()),
            code: Some(refusal.code()),
        }),
    };
    let data = many.rows.iter().enumerate().map(row).collect::<Result<_, Failure>>()?;
    let answer = BatchAnswer { data, total: many.total.0 };
    Ok(show::done(&paid, StatusCode::CREATED, &answer))
}

/// What each person gets by the whole request: a ceiling must not be passed row by row. A sum that is too large to add up
/// counts as above every ceiling.
fn per_person(payouts: &[BatchRow]) -> impl Iterator<Item = Cents> {
    let mut sums: HashMap<&str, i64> = HashMap::new();
    for payout in payouts {
        let sum = sums.entry(payout.email.as_str()).or_default();
        *sum = sum.saturating_add(payout.amount.0);
    }
    sums.into_values().map(Cents)
}

impl BatchBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let partial = match fields.get("partial") {
            None => false,
            Some(Json::Bool(partial)) => *partial,
            Some(_) => return Err(field("partial", "The partial field must be true or false.")),
        };
        let Some(Json::Array(rows)) = fields.get("payouts") else {
            return Err(field("payouts", "The payouts field must be a list."));
        };
        if rows.is_empty() || rows.len() > MOST_ROWS {
            return Err(field("payouts", "The payouts field must have 1 to 10000 rows."));
        }
        let mut payouts = Vec::with_capacity(rows.len());
        let mut references = HashSet::new();
        let mut wrong = Vec::new();
        for (index, value) in rows.iter().enumerate() {
            match row(value, &mut references) {
                Ok(payout) => payouts.push(payout),
                Err(problems) => wrong.push((index, problems)),
            }
        }
        if wrong.is_empty() { Ok(Self { payouts, partial }) } else { Err(Problem::Rows(wrong)) }
    }
}

const ROW_FIELDS: [&str; 5] = ["email", "amount", "reference", "memo", "metadata"];

fn row(value: &Json, references: &mut HashSet<String>) -> Result<BatchRow, Vec<FieldOfRow>> {
    let Json::Object(fields) = value else {
        return Err(vec![("row".into(), "Each row must be an object with email and amount.".into())]);
    };
    let strange = known::unknown("field", fields.names().map(Cow::Borrowed), &ROW_FIELDS);
    if !strange.is_empty() {
        return Err(strange.into_iter().map(|(name, sentence)| (name.into(), sentence.into())).collect());
    }
    match (
        email(fields.get("email")),
        payout_amount(fields.get("amount")),
        reference(fields.get("reference"), references),
        memo(fields.get("memo")),
        metadata(fields.get("metadata")),
    ) {
        (Ok(email), Ok(amount), Ok(reference), Ok(memo), Ok(metadata)) => {
            Ok(BatchRow { email, amount, reference, memo, metadata })
        }
        (email, amount, reference, memo, metadata) => {
            let problems = [
                email.err().map(|sentence| ("email", sentence)),
                amount.err().map(|sentence| ("amount", sentence)),
                reference.err().map(|sentence| ("reference", sentence)),
                memo.err().map(|sentence| ("memo", sentence)),
                metadata.err().map(|sentence| ("metadata", sentence)),
            ];
            let named = |(name, sentence): (&'static str, &'static str)| (name.into(), sentence.into());
            Err(problems.into_iter().flatten().map(named).collect())
        }
    }
}

fn reference(value: Option<&Json>, references: &mut HashSet<String>) -> Result<Option<String>, &'static str> {
    let text = match value {
        None => return Ok(None),
        Some(Json::String(text)) => text,
        Some(_) => return Err("The reference must be a string."),
    };
    let reference =
        Line::parse(text, LONGEST_REFERENCE).map(String::from).map_err(|problem| match problem {
            LineProblem::Empty | LineProblem::TooLong => "The reference must have 1 to 255 characters.",
            LineProblem::Control => "The reference may not hold control characters.",
            LineProblem::Invisible => "The reference may not hold characters that cannot be seen.",
        })?;
    if !references.insert(reference.clone()) {
        return Err("The reference is used twice in this request.");
    }
    Ok(Some(reference))
}
