//! Remembered replies: each names users and withdrawals that exist and fit, and the reference of every deposit and
//! batch row in the journal is remembered. If one were not, its money could be paid again. Not here: replies of
//! idempotency keys that were deleted, because no entry names those.

use super::finding::{Findings, Place};
use super::replay::Replay;
use super::{Audit, PAGE};
use crate::store::{Failure, StoredEntry};
use data_encoding::HEXLOWER;
use ledger::{AccountId, BookId, EntryKind, HashSalt, OnceKey, Reply, RowReply};

/// An entry with a reference, and the reply that must be remembered under it.
pub(super) struct Expected {
    sequence: i64,
    key: OnceKey,
    what: Remembers,
}

enum Remembers {
    /// The balances after the deposit.
    Deposit { main: i64, payout: i64 },
    /// The user who was paid.
    Payout { user: i64 },
}

impl Expected {
    /// For the entry that `replay` has just taken.
    pub(super) fn of(stored: &StoredEntry, replay: &Replay) -> Option<Self> {
        let entry = &stored.entry;
        if entry.note.is_empty() {
            return None;
        }
        let (key, what) = match entry.kind {
            EntryKind::Deposited => {
                let balance = |account| replay.balance(account).0;
                let what =
                    Remembers::Deposit { main: balance(AccountId::MAIN), payout: balance(AccountId::PAYOUT) };
                (OnceKey::of_deposit_reference(&entry.note), what)
            }
            EntryKind::UserCreated | EntryKind::UserCredited => {
                (OnceKey::of_payout_reference(&entry.note), Remembers::Payout { user: entry.user })
            }
            _ => return None,
        };
        Some(Self { sequence: entry.sequence, key, what })
    }

    fn fits(&self, outcome: &Reply) -> bool {
        match (&self.what, outcome) {
            (Remembers::Deposit { main, payout }, Reply::Balances { main: m, payout: p }) => {
                (*main, *payout) == (m.0, p.0)
            }
            (Remembers::Payout { user }, Reply::Paid { user: paid, .. }) => user == paid,
            _ => false,
        }
    }
}

impl Audit<'_> {
    /// Checks the references of a page of entries.
    pub(super) async fn references(&mut self, book: BookId, expected: &[Expected]) -> Result<(), Failure> {
        if expected.is_empty() {
            return Ok(());
        }
        let keys: Vec<OnceKey> = expected.iter().map(|one| one.key).collect();
        let found = self.snapshot.remembered_under(book, &keys).await?;
        for one in expected {
            let what = match found.get(&one.key).map(|text| serde_json::from_str::<Reply>(text)) {
                None => "its reference is not remembered: it could be paid again",
                // An unreadable reply is reported where all replies are read.
                Some(Ok(outcome)) if !one.fits(&outcome) => {
                    "under its reference something else is remembered"
                }
                Some(_) => continue,
            };
            self.findings.add(Place::Entry(one.sequence), what.to_owned());
        }
        Ok(())
    }

    pub(super) async fn remembered(&mut self, book: BookId, replay: &Replay) -> Result<(), Failure> {
        let mut after = Vec::new();
        loop {
            let page = self.snapshot.remembered(book, &after, PAGE).await?;
            for (key, text) in &page {
                after = key.0.to_vec();
                compare(key, text, replay, &mut self.findings);
            }
            self.report.remembered += page.len() as u64;
            if !self.count(page.len()) {
                return Ok(());
            }
        }
    }
}

fn compare(key: &OnceKey, text: &str, replay: &Replay, findings: &mut Findings) {
    let wrong = match serde_json::from_str::<Reply>(text) {
        Err(_) => Some("cannot be read".to_owned()),
        Ok(outcome) => strange(&outcome, replay),
    };
    if let Some(wrong) = wrong {
        let key = HEXLOWER.encode(&key.0);
        findings.add(Place::Book, format!("the remembered answer {key} {wrong}"));
    }
}

/// A user or withdrawal that a reply names although no entry made it.
fn strange(outcome: &Reply, replay: &Replay) -> Option<String> {
    let user = |number: i64, generation: i64, salt: &HashSalt| {
        let fits = replay.had_hash(number, generation, salt);
        (!fits).then(|| format!("names user {number} with hash {generation}, which no entry made"))
    };
    match outcome {
        Reply::Paid { user: number, generation, salt }
        | Reply::HashRotated { user: number, generation, salt } => user(*number, *generation, salt),
        Reply::PaidMany { rows, .. } => rows.iter().find_map(|row| match row {
            RowReply::Paid(number, generation, salt) => user(*number, *generation, salt),
            RowReply::Unpaid(_) => None,
        }),
        Reply::User(snapshot) => {
            let number = snapshot.number;
            (!replay.has_user(number)).then(|| format!("names user {number}, whom no entry created"))
        }
        Reply::Withdrawal(told) => {
            let fits = replay.withdrawals.is_of(told.number, told.user, told.amount);
            (!fits).then(|| format!("names withdrawal {}, which no entry made like that", told.number))
        }
        Reply::Balances { .. } | Reply::Recorded | Reply::Said(_) => None,
    }
}
