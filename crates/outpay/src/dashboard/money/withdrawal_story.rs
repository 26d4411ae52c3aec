//! The evidence of a withdrawal in words: what happened, and what each request to its provider came to. The raw values stay at hand, as
//! `outpay withdrawal show` gives them.

use crate::audit_log::Names;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::money::withdrawal_row::{WithdrawalRow, title};
use crate::rails;
use crate::store::{Attempt, Failure, StoredEntry};
use crate::withdrawals::{evidence, why_review};
use ledger::{EntryKind, Micros, Withdrawal};
use serde_json::Value;

/// An entry of the journal.
pub struct ShownEntry {
    pub class: &'static str,
    pub at: Micros,
    pub word: &'static str,
    pub event: &'static str,
    pub by: String,
    pub note: String,
    pub published: String,
}

/// One request to a provider.
pub struct Tried {
    pub number: i64,
    /// The title of the method by which it was sent.
    pub to: String,
    pub made: Micros,
    /// `Accepted`
    pub outcome: &'static str,
    pub answered: Option<Micros>,
    /// How the provider calls it: label and value.
    pub references: Vec<(&'static str, String)>,
    pub rail: String,
    pub key: String,
    pub digest: String,
    pub answer: String,
    pub answer_text: String,
}

/// An entry as the page shows it.
pub fn entry(stored: &StoredEntry, names: &Names, row: &WithdrawalRow) -> ShownEntry {
    let entry = &stored.entry;
    let (class, word) = words(entry.kind);
    let is_review = entry.kind == EntryKind::WithdrawalReviewAsked && !entry.detail.is_empty();
    let reasons =
        || why_review::sentences(&row.of, &row.method, std::slice::from_ref(stored), None).join(" ");
    ShownEntry {
        class,
        at: entry.at,
        word,
        event: entry.kind.event_name(),
        by: names.of(entry.actor),
        note: if is_review { reasons() } else { entry.note.clone() },
        published: entry.published().to_owned(),
    }
}

/// How an entry looks, and its words.
fn words(kind: EntryKind) -> (&'static str, &'static str) {
    match kind {
        EntryKind::WithdrawalCreated => ("", "Requested"),
        EntryKind::WithdrawalReviewAsked => ("is-warn", "Put up for review"),
        EntryKind::WithdrawalQueued => ("", "Queued"),
        EntryKind::WithdrawalApproved => ("is-good", "Approved"),
        EntryKind::WithdrawalRejected => ("is-bad", "Rejected"),
        EntryKind::WithdrawalCancelled => ("", "Cancelled"),
        EntryKind::WithdrawalSending => ("", "Sending"),
        EntryKind::WithdrawalOutcomeLost => ("is-warn", "Outcome unknown"),
        EntryKind::WithdrawalOutcomeFound => ("", "Outcome known again"),
        EntryKind::WithdrawalSucceeded => ("is-good", "Paid"),
        EntryKind::WithdrawalFeeTaken => ("", "Fee kept"),
        EntryKind::WithdrawalFailed => ("is-bad", "Failed"),
        EntryKind::WithdrawalReturned => ("is-bad", "Returned"),
        EntryKind::WithdrawalFeeReturned => ("", "Fee given back"),
        EntryKind::GiftCardRevealed => ("", "Shown to the recipient"),
        EntryKind::WithdrawalDelayed => ("is-warn", "Later than expected"),
        EntryKind::ReconciliationMismatch => ("is-bad", "The provider’s books differ"),
        _ => ("", "Recorded"),
    }
}

/// The requests, with what their provider calls them.
pub async fn attempts(who: &SignedIn, of: &Withdrawal, all: Vec<Attempt>) -> Result<Vec<Tried>, Failure> {
    let mut shown = Vec::with_capacity(all.len());
    for attempt in all {
        let known = who.platform.store.rail_number(&attempt.rail, &attempt.key).await?;
        let published: Value = serde_json::from_str(&attempt.answer_text).unwrap_or_default();
        let transaction = rails::kind(of.provider).transaction.and_then(|field| published[field].as_str());
        let (number, statement) = known.map(|known| (known.number, known.transaction)).unwrap_or_default();
        let references = [
            ("Number at the provider", number),
            ("Number on its statements", statement),
            ("Transaction", transaction.unwrap_or_default().to_owned()),
        ];
        shown.push(tried(title(who, &attempt.rail), attempt, references));
    }
    Ok(shown)
}

fn tried(to: String, attempt: Attempt, references: [(&'static str, String); 3]) -> Tried {
    Tried {
        number: attempt.number,
        to,
        made: attempt.created_at,
        outcome: outcome(&attempt.answer),
        answered: attempt.answered_at,
        references: references.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        digest: evidence::digest(&attempt),
        rail: attempt.rail,
        key: attempt.key,
        answer: attempt.answer,
        answer_text: attempt.answer_text,
    }
}

/// An answer's word in words.
fn outcome(answer: &str) -> &'static str {
    match answer {
        "" => "No answer yet",
        "accepted" => "Accepted",
        "succeeded" => "Paid, says the provider",
        "refused" => "Refused",
        "unknown" => "No clear answer: it may have been paid",
        _ => "Answered",
    }
}

#[cfg(test)]
pub(crate) fn sample_entries(row: &WithdrawalRow) -> Vec<ShownEntry> {
    let sample = |kind: EntryKind, note: &str| {
        let (class, word) = words(kind);
        ShownEntry {
            class,
            at: row.of.created_at,
            word,
            event: kind.event_name(),
            by: "Outpay".to_owned(),
            note: note.to_owned(),
            published: String::new(),
        }
    };
    let published = r#"{"order_id":"CRX-1"}"#.to_owned();
    vec![
        sample(EntryKind::WithdrawalCreated, ""),
        ShownEntry { published, ..sample(EntryKind::WithdrawalOutcomeLost, "timed out") },
    ]
}

#[cfg(test)]
pub(crate) fn sample_attempt(at: Micros) -> Tried {
    let attempt = Attempt {
        number: 1,
        rail: "usdc".to_owned(),
        key: "0xkey".to_owned(),
        request: Vec::new(),
        slot: 0,
        created_at: at,
        answered_at: Some(at),
        answer: "accepted".to_owned(),
        answer_text: r#"{"tx_hash":"0xAb"}"#.to_owned(),
    };
    let none = || ("", String::new());
    tried("USDC on Base".to_owned(), attempt, [none(), none(), ("Transaction", "0xAb".to_owned())])
}
