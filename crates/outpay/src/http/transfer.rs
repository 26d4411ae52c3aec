//! `POST /balance/transfer`: moves money between main and payout balance (contract, 2.1).

use super::body::{self, LARGEST};
use super::door::{Door, once_key};
use super::json::{Json, Object};
use super::problem::Problem;
use super::show;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Direction, MAX_TRANSFER};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send. `from` and `to` are the two balances, either way.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct TransferBody {
    /// Where the money comes from.
    from: Pocket,
    /// Where it goes; the other one.
    to: Pocket,
    /// Cents.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64, example = 500_000)]
    amount: i64,
}

/// One of a business's own balances.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub enum Pocket {
    /// Main balance.
    Balance,
    /// Payout balance.
    PayoutBalance,
}

/// Move money between main and payout balance.
#[utoipa::path(
    post, path = "/balance/transfer", tag = "Balance", request_body = TransferBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses(
        (status = 200, description = "The balances afterwards", body = show::Balances),
        (status = 400, description = "Invalid fields, malformed JSON, or too little money"), (status = 401, description = "No valid secret key"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The idempotency key was used for another request"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let (direction, amount) = transfer(&body::object(&parts, body, LARGEST).await?)?;
    let done = door.counter(caller).once(once).transfer(direction, amount).await?;
    Ok(show::done(&done, StatusCode::OK, &show::Balances::new(done.value.main, done.value.payout)))
}

fn transfer(fields: &Object) -> Result<(Direction, Cents), Problem> {
    let mut problems = Vec::new();
    let mut pocket = |name: &'static str| match fields.get(name) {
        Some(Json::String(text)) if text == "balance" || text == "payout_balance" => Some(text.clone()),
        _ => {
            problems.push((name, format!("The {name} field must be \"balance\" or \"payout_balance\".")));
            None
        }
    };
    let direction = match (pocket("from"), pocket("to")) {
        (Some(from), Some(to)) if from == to => {
            problems.push(("to", "The to field must be the other balance.".to_owned()));
            None
        }
        (Some(from), Some(_)) if from == "balance" => Some(Direction::ToPayout),
        (Some(_), Some(_)) => Some(Direction::ToMain),
        _ => None,
    };
    match (direction, amount(fields.get("amount"), MAX_TRANSFER)) {
        (Some(direction), Ok(amount)) => Ok((direction, amount)),
        (_, amount) => {
            problems.extend(amount.err().map(|sentence| ("amount", sentence)));
            Err(Problem::Fields(problems))
        }
    }
}

/// An amount of 1 cent to `most`.
pub(super) fn amount(value: Option<&Json>, most: Cents) -> Result<Cents, String> {
    match value {
        None => Err("The amount field is required.".to_owned()),
        Some(Json::Integer(amount)) if *amount < 1 => Err("The amount must be at least 1.".to_owned()),
        Some(Json::Integer(amount)) if *amount <= most.0 => Ok(Cents(*amount)),
        Some(Json::Integer(_) | Json::TooLarge) => {
            Err(format!("The amount may not be greater than {}.", most.0))
        }
        Some(Json::TooSmall) => Err("The amount must be at least 1.".to_owned()),
        Some(_) => Err("The amount must be an integer.".to_owned()),
    }
}
