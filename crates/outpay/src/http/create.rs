//! `POST /payout/create`: creates a payout user or adds to the balance of one (contract, 1.2). This file reads and
//! validates the documented fields; the ledger decides.

use super::body::{self, LARGEST};
use super::door::{Door, once_key};
use super::json::{Json, Object};
use super::observe::Observed;
use super::problem::Problem;
use super::show;
use crate::memo::MemoProblem;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Email, EmailProblem, MAX_PAYOUT, OnceKey};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(
    dead_code,
    reason = "documents the body; it is read by hand, since each wrong field has its own sentence"
)]
pub struct CreateBody {
    /// Whom to pay; identity ignores case.
    #[schema(format = "email", max_length = 255, example = "user@example.com")]
    email: String,
    /// Cents.
    #[schema(minimum = 1, maximum = 100_000_000, example = 10000)]
    amount: i64,
    /// What for, in words for the person, who sees it beside the amount.
    #[schema(max_length = 255, example = "Affiliate earnings, October")]
    memo: Option<String>,
}

/// Create a payout user or add funds to one.
#[utoipa::path(
    post, path = "/payout/create", tag = "Payouts", request_body = CreateBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; a repeat gives the first answer again, for ever")),
    responses(
        (status = 201, description = "Paid. The hash is a secret: it gives access to the money", body = show::Hash),
        (status = 400, description = "Invalid fields (all of them), malformed JSON, or too little money"),
        (status = 401, description = "No valid secret key"), (status = 403, description = "Payouts are disabled, or the amount is above the limit of the key"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The idempotency key was used for another request"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let read = async {
        let once = once_key(&parts.headers)?;
        let payout = payout(&body::object(&parts, body, LARGEST).await?)?;
        Ok::<(Payout, Option<OnceKey>), Problem>((payout, once))
    };
    let (payout, once) = match read.await {
        Ok(read) => read,
        Err(problem) => return Err(door.disabled_or(caller, problem).await),
    };
    let Payout { email, amount, memo } = payout;
    door.within_ceiling(caller, [amount]).await?;
    let paid = door.counter(caller).once(once).create(email, amount, memo).await?;
    if !paid.replayed {
        Observed::moved(&parts.extensions, amount);
    }
    let hash = door.platform.secrets.payout_hash(caller.book, paid.value.user, &paid.value.salt);
    Ok(show::done(&paid, StatusCode::CREATED, &show::Hash { hash: hash.expose_secret() }))
}

struct Payout {
    email: Email,
    amount: Cents,
    memo: String,
}

fn payout(fields: &Object) -> Result<Payout, Problem> {
    match (email(fields.get("email")), amount(fields.get("amount")), memo(fields.get("memo"))) {
        (Ok(email), Ok(amount), Ok(memo)) => Ok(Payout { email, amount, memo }),
        (email, amount, memo) => Err(Problem::CreateFields(
            [
                email.err().map(|sentence| ("email", sentence)),
                amount.err().map(|sentence| ("amount", sentence)),
                memo.err().map(|sentence| ("memo", sentence)),
            ]
            .into_iter()
            .flatten()
            .collect(),
        )),
    }
}

/// What for, in words for the person: optional, and not in the documented API.
pub(super) fn memo(value: Option<&Json>) -> Result<String, &'static str> {
    match value {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => crate::memo::memo(text).map_err(|problem| match problem {
            MemoProblem::TooLong => "The memo may not be greater than 255 characters.",
            MemoProblem::Unprintable => "The memo may not hold control characters.",
        }),
        Some(_) => Err("The memo must be a string."),
    }
}

/// The documented rules of `email`; the error is the documented sentence.
pub(super) fn email(value: Option<&Json>) -> Result<Email, &'static str> {
    match value {
        None => Err("The email field is required."),
        Some(Json::String(text)) if text.is_empty() => Err("The email field is required."),
        Some(Json::String(text)) => Email::parse(text).map_err(|problem| match problem {
            EmailProblem::TooLong => "The email may not be greater than 255 characters.",
            EmailProblem::NotAnAddress => "The email must be a valid email address.",
        }),
        Some(_) => Err("The email must be a string."),
    }
}

/// The documented rules of `amount`; the error is the documented sentence.
pub(super) fn amount(value: Option<&Json>) -> Result<Cents, &'static str> {
    match value {
        None => Err("The amount field is required."),
        Some(Json::Integer(amount)) if *amount < 1 => Err("The amount must be at least 1."),
        Some(Json::Integer(amount)) if *amount <= MAX_PAYOUT.0 => Ok(Cents(*amount)),
        Some(Json::Integer(_) | Json::TooLarge) => Err("The amount may not be greater than 100000000."),
        Some(Json::TooSmall) => Err("The amount must be at least 1."),
        Some(_) => Err("The amount must be an integer."),
    }
}
