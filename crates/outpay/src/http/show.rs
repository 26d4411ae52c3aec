//! How users and operations look in answers, for every endpoint that shows one.

use super::door::Settled;
use super::problem::json;
use crate::clock::rfc3339;
use crate::ids::{IdKind, PublicIds};
use crate::store::StoredEntry;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use ledger::{AccountId, BookId, Cents, EntryKind, Micros, UserSnapshot};
use serde::Serialize;
use utoipa::ToSchema;

/// A payout user as the business sees one.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// `usr_…`
    pub id: String,
    /// In normal form.
    #[schema(format = "email")]
    pub email: String,
    /// `active`, `inactive` or `expired`.
    #[schema(example = "active")]
    pub status: &'static str,
    /// Cents the person can withdraw.
    pub balance: i64,
    /// Cents held by withdrawals on their way.
    pub pending: i64,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC, or null.
    #[schema(required)]
    pub expires_at: Option<String>,
}

/// One operation of a payout user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Operation {
    /// `txn_…`
    pub id: String,
    /// `credit` (money given) or `debit` (money taken back by the business).
    #[serde(rename = "type")]
    #[schema(example = "credit")]
    pub kind: &'static str,
    /// `completed`
    pub status: &'static str,
    /// Cents; negative where money left the balance.
    pub amount: i64,
    /// RFC 3339, UTC.
    pub created_at: String,
}

/// The answer of `POST /payout/create` and of a rotation: the secret that gives access to the user's money.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hash<'a> {
    /// 52 characters.
    pub hash: &'a str,
}

/// A business's own balances, cents.
#[derive(Debug, Serialize, ToSchema)]
pub struct Balances {
    /// Main balance.
    pub balance: i64,
    /// Payout balance.
    pub payout_balance: i64,
}

impl Balances {
    pub(super) fn new(main: Cents, payout: Cents) -> Self {
        Self { balance: main.0, payout_balance: payout.0 }
    }
}

/// A user; `now` decides about expiry, and is left out where the answer must be the same for ever.
pub fn user(ids: &PublicIds, book: BookId, user: &UserSnapshot, now: Option<Micros>) -> User {
    User {
        id: ids.seal(IdKind::PayoutUser, book, user.number),
        email: user.email.as_str().to_owned(),
        status: status(user, now),
        balance: user.balance.0,
        pending: 0,
        created_at: rfc3339(user.created_at),
        expires_at: user.expires_at.map(rfc3339),
    }
}

/// The word for a user's status.
pub fn status(user: &UserSnapshot, now: Option<Micros>) -> &'static str {
    match (user.expires_at, now) {
        (Some(end), Some(now)) if end <= now => "expired",
        _ => user.status.word(),
    }
}

/// An entry as one operation of the user whose account it touches.
pub fn operation(ids: &PublicIds, book: BookId, account: AccountId, stored: &StoredEntry) -> Operation {
    let entry = &stored.entry;
    let amount = entry
        .movement
        .map_or(0, |moved| if moved.credit == account { moved.amount.0 } else { -moved.amount.0 });
    Operation {
        id: ids.seal(IdKind::Operation, book, entry.sequence),
        kind: if entry.kind == EntryKind::UserDebited { "debit" } else { "credit" },
        status: "completed",
        amount,
        created_at: rfc3339(entry.at),
    }
}

/// A 200 with this body.
pub fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, text(body))
}

/// A command's answer; says so when it is a first answer given again.
pub fn settled(settled: &Settled, status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = json(status, text(body));
    if settled.replayed {
        let name = HeaderName::from_static("idempotent-replayed");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}

fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("answers are made of texts, numbers and lists, which JSON can hold")
}
