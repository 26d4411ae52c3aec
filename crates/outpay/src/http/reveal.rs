//! `POST /payout/operations/{id}/reveal`: the code of a delivered gift card. Every look is an entry in the journal, made
//! before the code is shown, and the ledger limits how many there are. A repeat under one idempotency key is one look.

use super::door::{Door, PathId, recipient_once_key};
use super::operation::own_withdrawal;
use super::problem::Problem;
use super::show;
use crate::clock::rfc3339;
use crate::stopped::Stopped;
use crate::withdrawals::has_code;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{LOOKS_PERIOD, Refusal};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A gift card's secrets.
#[derive(Serialize, ToSchema)]
pub struct RevealedCard<'a> {
    /// For example a shop's name.
    brand: &'a str,
    /// `USD`
    currency: &'static str,
    /// Cents.
    face_value: i64,
    /// What to type in.
    code: &'a str,
    /// The pin, or null.
    #[schema(required)]
    pin: Option<&'a str>,
    /// RFC 3339, UTC, or null.
    #[schema(required)]
    expires_at: Option<String>,
}

/// Reveal a gift card.
#[utoipa::path(
    post, path = "/payout/operations/{id}/reveal", tag = "Recipient", security(("payout_hash" = []), ("payout_hash_query" = []), ()),
    params(("id" = String, Path, description = "ord_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters; every person has keys of their own")),
    responses((status = 200, description = "The code", body = RevealedCard<'static>), (status = 400, description = "Malformed JSON, or an Idempotency-Key that is none"), (status = 401, description = "No valid hash"),
        (status = 404, description = "No such withdrawal of this person"), (status = 409, description = "There is no code, or not yet"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 422, description = "The idempotency key was used for another request"), (status = 429, description = "Too many requests, or too many looks at this card"),
        (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(
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
        pin: card.pin.as_ref().map(ExposeSecret::expose_secret),
        expires_at: card.expires_at.map(rfc3339),
    };
    Ok(show::done(&done, StatusCode::OK, &shown))
}
