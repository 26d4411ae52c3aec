//! How a journal entry reads for the business: the events of `GET /payout/events`, and of webhooks beyond the documented five.

use crate::clock::rfc3339;
use crate::ids::{IdKind, PublicIds};
use crate::store::{MetadataOf, StoredEntry};
use ledger::{BookId, CorrectionDetail, EntryKind, Metadata, Mode};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One event.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// `evt_…`: the event.
    id: String,
    /// 1, 2, 3, … without a gap.
    #[schema(minimum = 1)]
    pub sequence: i64,
    /// What happened.
    #[serde(rename = "type")]
    kind: &'static str,
    /// When it happened.
    created_at: String,
    /// What it is about.
    data: EventData,
}

/// What it is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventData {
    /// `usr_…`, where it concerns a payout user.
    #[serde(skip_serializing_if = "Option::is_none")]
    payout_user_id: Option<String>,
    /// Cents, where money moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    /// The reference of a deposit or of a batch row.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Of a payout: what it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<String>,
    /// The notes about a payout, or about a withdrawal as they are now.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    metadata: BTreeMap<String, String>,
    /// The reason of a debit, or why a withdrawal ended badly; the proof of one that a person settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// `ord_…`, where it concerns a withdrawal.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawal_id: Option<String>,
    /// What the withdrawal's rail made public at that moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    payment: Option<serde_json::Value>,
    /// Of a reversal: the event of the deposit that it reverses.
    #[serde(skip_serializing_if = "Option::is_none")]
    reversed_event_id: Option<String>,
    /// `imp_…`: the import that is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    import_id: Option<String>,
    /// The method that was opened or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// Of `reconciliation.mismatch`: in what the books differ; `reason` has what each says.
    #[serde(skip_serializing_if = "Option::is_none")]
    mismatch: Option<String>,
    /// Of a withdrawal that takes longer than expected: when it is expected now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    expected_at: Option<String>,
    /// `key_…`, where an API key gave the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<String>,
    /// `mem_…`, where a member of the business's team gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<String>,
}

/// Does an entry of this kind give a user money of the business? Its note is the reference, its detail the memo.
#[must_use]
pub fn is_payout(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::UserCreated | EntryKind::UserCredited)
}

/// Whose metadata an entry shows.
#[must_use]
pub fn noted(stored: &StoredEntry) -> Option<MetadataOf> {
    let entry = &stored.entry;
    if entry.withdrawal > 0 {
        return Some(MetadataOf::Withdrawal(entry.user, entry.withdrawal));
    }
    is_payout(entry.kind).then_some(MetadataOf::Payout(entry.user, entry.sequence))
}

/// The event of an entry, with the metadata that it shows.
#[must_use]
pub fn event(ids: &PublicIds, book: BookId, stored: &StoredEntry, metadata: &Metadata) -> Event {
    let entry = &stored.entry;
    let note = Some(entry.note.clone()).filter(|note| !note.is_empty());
    let is_reference = entry.kind == EntryKind::Deposited || is_payout(entry.kind);
    let is_import = entry.kind == EntryKind::ImportCompleted;
    let is_method = matches!(entry.kind, EntryKind::MethodOpened | EntryKind::MethodClosed);
    let mismatch = note.as_ref().filter(|_| entry.kind == EntryKind::ReconciliationMismatch);
    let mismatch = mismatch.and_then(|note| note.split_once(": "));
    let mismatch = mismatch.map(|(kind, said)| (kind.to_owned(), said.to_owned()));
    let is_delay = entry.kind == EntryKind::WithdrawalDelayed;
    let import = note.as_ref().filter(|_| is_import).and_then(|number| number.parse().ok());
    let correction = (entry.kind == EntryKind::DepositReversed).then(|| CorrectionDetail::of(&entry.detail));
    let reversed = correction.flatten().map(|detail| detail.deposit);
    Event {
        id: ids.seal(IdKind::Event, book, entry.sequence),
        sequence: entry.sequence,
        kind: entry.kind.event_name(),
        created_at: rfc3339(entry.at),
        data: EventData {
            payout_user_id: (entry.user != 0).then(|| ids.seal(IdKind::PayoutUser, book, entry.user)),
            amount: entry.movement.map(|moved| moved.amount.0),
            reference: note.clone().filter(|_| is_reference),
            memo: Some(entry.detail.clone()).filter(|memo| is_payout(entry.kind) && !memo.is_empty()),
            metadata: metadata.pairs().clone(),
            method: note.clone().filter(|_| is_method),
            import_id: import.map(|number| ids.seal(IdKind::Import, book, number)),
            expected_at: note.clone().filter(|_| is_delay),
            reason: match &mismatch {
                Some((_, said)) => Some(said.clone()),
                None => note.filter(|_| !is_reference && !is_import && !is_method && !is_delay),
            },
            mismatch: mismatch.map(|(kind, _)| kind),
            withdrawal_id: (entry.withdrawal > 0)
                .then(|| ids.seal(IdKind::Withdrawal, book, entry.withdrawal)),
            payment: serde_json::from_str(entry.published()).ok(),
            reversed_event_id: reversed.map(|sequence| ids.seal(IdKind::Event, book, sequence)),
            api_key_id: entry.actor.as_key().map(|key| ids.seal(IdKind::ApiKey, book, key)),
            member_id: entry.actor.as_member().map(|member| ids.member(member)),
        },
    }
}

impl Event {
    /// The same without its sequence, which webhooks send in a header: the bytes to sign and send. As in the bodies of the
    /// documented events, `test_mode` is the last field, and says that no real money moved.
    #[must_use]
    pub fn body(&self, mode: Mode) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            id: &'a str,
            #[serde(rename = "type")]
            kind: &'a str,
            created_at: &'a str,
            data: &'a EventData,
            #[serde(skip_serializing_if = "Option::is_none")]
            test_mode: Option<bool>,
        }
        let Self { id, kind, created_at, data, .. } = self;
        let test_mode = (mode == Mode::Test).then_some(true);
        let body = Body { id, kind, created_at, data, test_mode };
        serde_json::to_vec(&body).expect("texts, numbers and lists can be written as JSON")
    }
}
