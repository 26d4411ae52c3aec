//! How users and operations look in answers, for every endpoint that shows one.

use super::openapi::words::{
    CurrencyWords, HeldWords, OperationStatusWords, ProviderWords, UserStatusWords, WithdrawalStatusWords,
};
use super::problem::json;
use crate::book_event::is_payout;
use crate::clock::rfc3339;
use crate::counter::Done;
use crate::ids::{IdKind, PublicIds};
use crate::store::StoredEntry;
use crate::withdrawals::expected::ExpectedTime;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode};
use ledger::{AccountId, BookId, Cents, EntryKind, Micros, UserSnapshot, WithdrawalState};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A payout user as the business sees one.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// `usr_…`: the payout user.
    pub id: String,
    /// The address, in normal form.
    #[schema(format = "email")]
    pub email: String,
    /// Whether the hash can be used.
    #[schema(value_type = UserStatusWords)]
    pub status: &'static str,
    /// Cents the person can withdraw.
    pub balance: i64,
    /// Cents held by withdrawals on their way.
    pub pending: i64,
    /// When the first payout created it.
    pub created_at: String,
    /// From then on the hash does not authenticate; null: never.
    #[schema(required)]
    pub expires_at: Option<String>,
    /// The metadata of the newest payout that brought some. Only where the user is read, and absent where there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub metadata: BTreeMap<String, String>,
}

/// One operation of a payout user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Operation {
    /// `ord_…` of a withdrawal, `txn_…` of everything else.
    pub id: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: OperationKind,
    /// Where it stands.
    #[schema(value_type = OperationStatusWords)]
    pub status: &'static str,
    /// Cents; negative where money left the balance.
    pub amount: i64,
    /// Of a withdrawal: cents the business keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fees: Option<i64>,
    /// Of a withdrawal: cents that are paid out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net_amount: Option<i64>,
    /// Of a withdrawal: the kind of rail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ProviderWords>)]
    pub provider: Option<&'static str>,
    /// When it happened; of a withdrawal, when it was asked for.
    pub created_at: String,
    /// Of a withdrawal: the method's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Of a withdrawal that ended badly: why, a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of a withdrawal that is being sent: true while the rail has not said what it did. The money stays held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome_unknown: Option<bool>,
    /// Of a withdrawal that is queued or being sent: by when it is expected to be paid. Only where it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<String>,
    /// True where an earlier expected time has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delayed: Option<bool>,
    /// `ord_…`, of a refund: the withdrawal whose money came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawal_id: Option<String>,
    /// Of a credit: what it is for, where the business said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Of a credit: the business's own name for it. Shown to the business alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The business's own notes. Shown to the business alone, and absent where there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub metadata: BTreeMap<String, String>,
    /// For the next page; not shown.
    #[serde(skip)]
    pub cursor: String,
}

/// A withdrawal as the business sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Withdrawal)]
pub struct WithdrawalShown {
    /// `ord_…`: the withdrawal.
    pub id: String,
    /// Where it stands.
    #[schema(value_type = WithdrawalStatusWords)]
    pub status: &'static str,
    /// True while the rail has not said what it did.
    pub outcome_unknown: bool,
    /// `usr_…`: whose money it is.
    pub payout_user_id: String,
    /// The method's name.
    pub method: String,
    /// The kind of rail.
    #[schema(value_type = ProviderWords)]
    pub provider: &'static str,
    /// The payment's public number at its rail.
    pub order_id: String,
    /// Always US dollars.
    #[schema(value_type = CurrencyWords)]
    pub currency: &'static str,
    /// Cents that left the person's balance.
    pub amount: i64,
    /// Cents the business keeps.
    pub fees: i64,
    /// Cents that are paid out.
    pub net_amount: i64,
    /// Where to: the fields that the method asks for.
    #[schema(value_type = Object)]
    pub destination: serde_json::Value,
    /// Why it ended badly: a stable word, or null.
    #[schema(required)]
    pub reason_code: Option<String>,
    /// The same in words, or null.
    #[schema(required)]
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: String,
    /// When its state changed last.
    pub changed_at: String,
    /// While it is queued or being sent: by when it is expected to be paid. Only where it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<String>,
    /// True where an earlier expected time has passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delayed: Option<bool>,
    /// Only where it may not leave: why. What is `queued` is sent once this is lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<HeldWords>)]
    pub waiting: Option<&'static str>,
    /// The business's own notes. Only where it is read, and absent where there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub metadata: BTreeMap<String, String>,
}

impl Operation {
    /// The same with the time by which it is expected.
    #[must_use]
    pub fn expected(self, expected: Option<&ExpectedTime>) -> Self {
        let (expected_at, delayed) = expected_fields(expected);
        Self { expected_at, delayed, ..self }
    }
}

impl WithdrawalShown {
    /// The same with the time by which it is expected.
    #[must_use]
    pub fn expected(self, expected: Option<&ExpectedTime>) -> Self {
        let (expected_at, delayed) = expected_fields(expected);
        Self { expected_at, delayed, ..self }
    }
}

fn expected_fields(expected: Option<&ExpectedTime>) -> (Option<String>, Option<bool>) {
    let is_delayed = expected.is_some_and(|expected| expected.is_delayed);
    (expected.map(|expected| rfc3339(expected.at)), is_delayed.then_some(true))
}

/// The status of an operation that is not a withdrawal.
pub(super) const COMPLETED: &str = "completed";

/// What an operation is: money given, money taken back by the business, a withdrawal, money of a withdrawal that came back,
/// money that was not claimed in time.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = OperationType)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    Credit,
    Debit,
    Withdrawal,
    Refund,
    Expiry,
}

/// The answer of `POST /payout/create` and of a rotation: the secret that gives access to the user's money.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hash<'a> {
    /// The secret hash. It gives access to the money: keep it like a password.
    #[schema(min_length = 52, max_length = 52)]
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
        status: now.map_or_else(|| user.status.word(), |now| user.status_at(now)),
        balance: user.balance.0,
        pending: user.pending.0,
        created_at: rfc3339(user.created_at),
        expires_at: user.expires_at.map(rfc3339),
        metadata: BTreeMap::new(),
    }
}

/// An entry as one operation of the user whose account it touches; `withdrawal` as it is now, where the entry began one.
pub fn operation(
    ids: &PublicIds,
    book: BookId,
    account: AccountId,
    stored: &StoredEntry,
    withdrawal: Option<&ledger::Withdrawal>,
) -> Operation {
    let entry = &stored.entry;
    let cursor = ids.seal(IdKind::Operation, book, entry.sequence);
    if let (EntryKind::WithdrawalCreated, Some(withdrawal)) = (entry.kind, withdrawal) {
        return Operation { cursor, ..withdrawal_operation(ids, book, withdrawal) };
    }
    let kind = match entry.kind {
        EntryKind::UserDebited => OperationKind::Debit,
        EntryKind::UserMoneyExpired => OperationKind::Expiry,
        _ if entry.withdrawal > 0 => OperationKind::Refund,
        _ => OperationKind::Credit,
    };
    let amount = entry.signed_for(account).0;
    let of = (entry.withdrawal > 0).then(|| ids.seal(IdKind::Withdrawal, book, entry.withdrawal));
    Operation {
        id: cursor.clone(),
        kind,
        status: COMPLETED,
        amount,
        fees: None,
        net_amount: None,
        provider: None,
        created_at: rfc3339(entry.at),
        method: None,
        reason_code: None,
        reason: None,
        outcome_unknown: None,
        expected_at: None,
        delayed: None,
        withdrawal_id: of,
        memo: is_payout(entry.kind).then(|| entry.detail.clone()).filter(|memo| !memo.is_empty()),
        reference: None,
        metadata: BTreeMap::new(),
        cursor,
    }
}

/// A withdrawal's state in the words of a recipient.
pub(super) fn operation_status(state: WithdrawalState) -> &'static str {
    match state {
        // The word of the documented sample.
        WithdrawalState::Sending => "processing",
        state => state.word(),
    }
}

/// A withdrawal as the person whose money it is sees it.
pub fn withdrawal_operation(ids: &PublicIds, book: BookId, withdrawal: &ledger::Withdrawal) -> Operation {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Operation {
        id: ids.seal(IdKind::Withdrawal, book, withdrawal.number),
        kind: OperationKind::Withdrawal,
        status: operation_status(withdrawal.state),
        amount: -withdrawal.amount.0,
        fees: Some(withdrawal.fees.0),
        net_amount: Some(withdrawal.net().0),
        provider: Some(withdrawal.provider.word()),
        created_at: rfc3339(withdrawal.created_at),
        method: Some(withdrawal.method.clone()),
        reason_code: given(&withdrawal.reason_code),
        reason: given(&withdrawal.reason),
        outcome_unknown: withdrawal.outcome_unknown.then_some(true),
        expected_at: None,
        delayed: None,
        withdrawal_id: None,
        memo: None,
        reference: None,
        metadata: BTreeMap::new(),
        cursor: String::new(),
    }
}

/// A withdrawal as the business sees it.
pub fn withdrawal(ids: &PublicIds, book: BookId, of: &ledger::Withdrawal) -> WithdrawalShown {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    WithdrawalShown {
        id: ids.seal(IdKind::Withdrawal, book, of.number),
        status: of.state.word(),
        outcome_unknown: of.outcome_unknown,
        payout_user_id: ids.seal(IdKind::PayoutUser, book, of.user),
        method: of.method.clone(),
        provider: of.provider.word(),
        order_id: ids.order_id(of.provider, book, of.number),
        currency: "USD",
        amount: of.amount.0,
        fees: of.fees.0,
        net_amount: of.net().0,
        destination: serde_json::from_str(&of.destination).unwrap_or_default(),
        reason_code: given(&of.reason_code),
        reason: given(&of.reason),
        created_at: rfc3339(of.created_at),
        changed_at: rfc3339(of.changed_at),
        expected_at: None,
        delayed: None,
        waiting: None,
        metadata: BTreeMap::new(),
    }
}

/// A 200 with this body.
pub fn ok(body: &impl Serialize) -> Response {
    json(StatusCode::OK, text(body))
}

/// A command's answer; says so when it is a first answer given again.
pub fn done<T>(done: &Done<T>, status: StatusCode, body: &impl Serialize) -> Response {
    marked(done.replayed, json(status, text(body)))
}

/// A 200 with this body; says so when it is a first answer given again.
pub fn once(replayed: bool, body: &impl Serialize) -> Response {
    marked(replayed, ok(body))
}

/// An answer that says so when it is a first one given again.
pub fn marked(replayed: bool, mut response: Response) -> Response {
    if replayed {
        let name = HeaderName::from_static("idempotent-replayed");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}

/// An answer as text.
pub fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("answers are made of texts, numbers and lists, which JSON can hold")
}
