//! `POST /payout/users/{id}/debit`: takes unspent money back into the payout balance.

use super::body::{self, LARGEST};
use super::door::{Door, PathId, once_key};
use super::json::{Json, Object};
use super::problem::{Problem, field};
use super::show;
use super::transfer::amount;
use crate::identity_text::{IdentityProblem, identity};
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, MAX_TRANSFER};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

const LONGEST_REASON: usize = 255;

/// What to send.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "documents the body, which is read by hand")]
pub struct DebitBody {
    /// Cents.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    amount: i64,
    /// Why, for the journal.
    #[schema(min_length = 1, max_length = 255)]
    reason: String,
}

/// Take unspent money back.
#[utoipa::path(
    post, path = "/payout/users/{id}/debit", tag = "Payout users", request_body = DebitBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The user afterwards", body = show::User), (status = 400, description = "Invalid fields, malformed JSON, or too little money"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such payout user"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn handle(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let user = door.user_number(caller, &id)?;
    let (amount, reason) = debit(&body::object(&parts, body, LARGEST).await?)?;
    let done = door.counter(caller).once(once).debit(user, amount, reason).await?;
    let body = show::user(door.platform.secrets.ids(), caller.book, &done.value, None);
    Ok(show::done(&done, StatusCode::OK, &body))
}

fn debit(fields: &Object) -> Result<(Cents, String), Problem> {
    match (amount(fields.get("amount"), MAX_TRANSFER), words(fields, "reason")) {
        (Ok(amount), Ok(reason)) => Ok((amount, reason)),
        (amount, reason) => {
            let amount = amount.err().map(|sentence| ("amount", sentence));
            let reason = reason.err().map(|sentence| ("reason", sentence));
            Err(Problem::Fields(amount.into_iter().chain(reason).collect()))
        }
    }
}

/// A text of 1 to 255 characters that has to be there, as the one field that can be wrong.
pub(super) fn text(fields: &Object, name: &'static str) -> Result<String, Problem> {
    words(fields, name).map_err(|sentence| field(name, sentence))
}

fn words(fields: &Object, name: &str) -> Result<String, String> {
    match fields.get(name) {
        None => Err(format!("The {name} field is required.")),
        Some(Json::String(text)) => identity(text, LONGEST_REASON).map_err(|problem| match problem {
            IdentityProblem::Empty => format!("The {name} field is required."),
            IdentityProblem::TooLong => {
                format!("The {name} may not be greater than {LONGEST_REASON} characters.")
            }
            IdentityProblem::Control => format!("The {name} may not hold control characters."),
            IdentityProblem::Invisible => {
                format!("The {name} may not hold characters that cannot be seen.")
            }
        }),
        Some(_) => Err(format!("The {name} must be a string.")),
    }
}
