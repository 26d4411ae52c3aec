//! `POST /payout/quote`: what a withdrawal would cost, and whether it could be made now. Holds no money.

use super::door::Door;
use super::json::{Json, Object};
use super::problem::Problem;
use super::show;
use super::transfer::amount;
use crate::withdrawals::price::{self, Wish};
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::MAX_PAYOUT;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What to send.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct WithdrawBody {
    /// One of `GET /payout/methods`.
    #[schema(example = "sandbox")]
    method: String,
    /// Gross, cents.
    #[schema(minimum = 1, maximum = 100_000_000)]
    amount: i64,
    /// The fields that the method asks for.
    destination: serde_json::Map<String, serde_json::Value>,
    /// The secret hash, if it is in no header.
    payout_hash: Option<String>,
}

/// The price of a withdrawal.
#[derive(Debug, Serialize, ToSchema)]
pub struct Quote {
    method: String,
    /// `USD`
    currency: &'static str,
    /// Gross, cents.
    amount: i64,
    /// Cents the business keeps.
    fees: i64,
    /// Cents that are paid out.
    net_amount: i64,
    /// For people.
    expected_time: String,
    /// In the form in which it would be stored.
    destination: serde_json::Value,
    /// What the rail says to it, for example the amount in tokens; or null.
    #[schema(required)]
    detail: Option<serde_json::Value>,
}

/// The price of a withdrawal.
#[utoipa::path(
    post, path = "/payout/quote", tag = "Recipient", request_body = WithdrawBody, security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    responses((status = 200, description = "The price", body = Quote), (status = 400, description = "Invalid fields, malformed JSON, or an amount outside the limits"),
        (status = 401, description = "No valid hash"), (status = 404, description = "No such method"), (status = 409, description = "The method cannot pay now"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"), (status = 429, description = "Too many requests")))]
pub async fn handle(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let (caller, fields) = door.recipient_who_sends(&parts, body).await?;
    let wish = wish(&fields)?;
    let price = price::quote(&door.platform, caller.book, &wish).await?;
    let parse = |text: &str| serde_json::from_str(text).ok();
    Ok(show::ok(&Quote {
        method: wish.method,
        currency: "USD",
        amount: price.amount.0,
        fees: price.fees.0,
        net_amount: price.net.0,
        expected_time: price.expected_time,
        destination: parse(&price.destination).unwrap_or_default(),
        detail: parse(&price.quote.detail),
    }))
}

/// What the person asks for; all wrong fields together.
pub(super) fn wish(fields: &Object) -> Result<Wish, Problem> {
    let method = match fields.get("method") {
        Some(Json::String(name)) if !name.is_empty() => Ok(name.clone()),
        Some(Json::String(_)) | None => Err("The method field is required."),
        Some(_) => Err("The method must be a string."),
    };
    let destination = match fields.get("destination") {
        Some(Json::Object(object)) => {
            object.to_plain().ok_or("Numbers in the destination must be whole numbers.")
        }
        None => Err("The destination field is required."),
        Some(_) => Err("The destination must be an object."),
    };
    match (method, amount(fields.get("amount"), MAX_PAYOUT), destination) {
        (Ok(method), Ok(amount), Ok(destination)) => Ok(Wish { method, amount, destination }),
        (method, amount, destination) => {
            let method = method.err().map(|sentence| ("method", sentence.to_owned()));
            let amount = amount.err().map(|sentence| ("amount", sentence));
            let destination = destination.err().map(|sentence| ("destination", sentence.to_owned()));
            Err(Problem::Fields(method.into_iter().chain(amount).chain(destination).collect()))
        }
    }
}
