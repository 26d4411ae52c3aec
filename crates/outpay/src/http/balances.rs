//! A business's own balances: `GET /balance` (contract, 1.3) and moving money between them (contract, 2.1).

use super::body::{self, LARGEST};
use super::door::{Door, once_key};
use super::fields::amount;
use super::json::{Json, Object};
use super::problem::Problem;
use super::show;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Direction, MAX_TRANSFER};
use std::sync::Arc;
use utoipa::ToSchema;

/// Get the balances.
///
/// Both balances of the business in cents: the main balance, and the payout balance that payouts are paid from.
#[utoipa::path(
    get, path = "/balance", tag = "Balance", operation_id = "getBalance", security(("secret_key" = [])),
    responses((status = 200, description = "Cents", body = show::Balances), (status = 401, description = "No valid secret key"),
        (status = 429, description = "Too many requests")))]
pub async fn balance(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let (main, payout) = door.platform.store.own_balances(caller.book).await?;
    Ok(show::ok(&show::Balances::new(main, payout)))
}

/// What to send. `from` and `to` are the two balances, either way.
#[derive(ToSchema)]
pub struct TransferBody {
    /// Where the money comes from.
    from: Pocket,
    /// Where it goes; the other one.
    to: Pocket,
    /// Cents.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000_000_000_i64, example = 500_000)]
    amount: Cents,
}

/// One of a business's own balances.
#[derive(Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Pocket {
    /// Main balance.
    Balance,
    /// Payout balance.
    PayoutBalance,
}

/// Move money between the balances.
///
/// Moves money from the main balance to the payout balance, or back.
#[utoipa::path(
    post, path = "/balance/transfer", tag = "Balance", operation_id = "transferBalance", request_body = TransferBody, security(("secret_key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses(
        (status = 200, description = "The balances afterwards", body = show::Balances),
        (status = 400, description = "Invalid fields, malformed JSON, or too little money (`invalid_request`, `unknown_field`, `insufficient_balance`, `insufficient_user_balance`; bare)"), (status = 401, description = "No valid secret key"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The idempotency key was used for another request"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn transfer(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let body = TransferBody::read(&body::object(&parts, body, LARGEST).await?)?;
    let done = door.counter(caller).once(once).transfer(body.direction(), body.amount).await?;
    Ok(show::done(&done, StatusCode::OK, &show::Balances::new(done.value.main, done.value.payout)))
}

impl TransferBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        let mut problems = Vec::new();
        let mut pocket = |name: &'static str| match fields.get(name) {
            Some(Json::String(text)) if text == "balance" => Some(Pocket::Balance),
            Some(Json::String(text)) if text == "payout_balance" => Some(Pocket::PayoutBalance),
            _ => {
                problems.push((name, format!("The {name} field must be \"balance\" or \"payout_balance\".")));
                None
            }
        };
        let pockets = (pocket("from"), pocket("to"));
        if pockets.0.is_some() && pockets.0 == pockets.1 {
            problems.push(("to", "The to field must be the other balance.".to_owned()));
        }
        match (pockets, amount(fields.get("amount"), MAX_TRANSFER)) {
            ((Some(from), Some(to)), Ok(amount)) if from != to => Ok(Self { from, to, amount }),
            (_, amount) => {
                problems.extend(amount.err().map(|sentence| ("amount", sentence)));
                Err(Problem::Fields(problems))
            }
        }
    }

    fn direction(&self) -> Direction {
        match (self.from, self.to) {
            (Pocket::Balance, _) => Direction::ToPayout,
            (Pocket::PayoutBalance, _) => Direction::ToMain,
        }
    }
}
