//! Transfers in a rail's own books that the recovered database does not know: money that left after the backup. A
//! person assigns each of them, and payments stay paused until all are assigned. Not here: reading the books
//! (rails/), the rows (store/treasury_scans.rs).

use crate::audit_log;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::rails::{self, Payment};
use crate::stopped::Stopped;
use crate::store::{Assigned, Failure, NewAuditEntry, UnmatchedTransfer};
use anyhow::Context;
use ledger::{Actor, BookId, Cents, Micros, Mode, OnceKey, Refusal};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Tolerance for the clocks of chains, backups and machines.
const MARGIN: Micros = 3_600_000_000;

/// The result of assigning a transfer to a payout user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Debited {
    /// The user was debited.
    Done(Cents),
    /// Only recorded: the balance does not cover it, or the amount is not a whole number of cents.
    Not(Option<Refusal>),
}

/// Why a transfer was not assigned.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// No open transfer has this name.
    #[error("{0} is not an open transfer; list them with: outpay recover status")]
    Unknown(String),
    /// The transaction has several transfers.
    #[error("transfer {0} has several entries; choose one with --place N")]
    Ambiguous(String),
    /// Amount, destination or method differ.
    #[error("the transfer is not this withdrawal's: amount, destination and method must be the same")]
    NotTheSame,
    #[error(transparent)]
    Stopped(#[from] Stopped),
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The live rails that the installation has used and that have books of their own, each with the time from which on
/// they must be read.
pub(super) async fn to_scan(
    platform: &Platform,
    restored_from: Option<&str>,
    newest: Option<Micros>,
) -> Result<Vec<(String, Micros)>, Failure> {
    let restored = restored_from.and_then(|time| time.parse().ok()).map(jiff::Timestamp::as_microsecond);
    // A restored database is as old as its backup; one that lost its newest changes otherwise is as old as its newest
    // entry.
    let since = restored.or(newest).unwrap_or(0).saturating_sub(MARGIN).max(0);
    let rails = platform.store.recorded_rails().await?;
    let has_books = |word: &str| {
        ledger::Provider::from_word(word).is_some_and(|provider| rails::kind(provider).keeps_books)
    };
    let mut names: Vec<String> = rails
        .into_iter()
        .filter(|rail| !rail.test_mode && has_books(&rail.provider))
        .map(|rail| rail.name)
        .collect();
    names.dedup();
    Ok(names.into_iter().map(|name| (name, since)).collect())
}

/// Reads the books of every rail that were not read yet. Returns those that could not be read: rail and reason.
pub async fn scan(platform: &Platform) -> Result<Vec<(String, String)>, Failure> {
    let mut failed = Vec::new();
    for wanted in platform.store.treasury_scans().await?.into_iter().filter(|scan| !scan.is_done()) {
        let found = match platform.rails.get(Mode::Live, &wanted.rail) {
            Some(mounted) => mounted.rail.sent_since(wanted.since).await,
            None => Err(anyhow::anyhow!("the configuration of this machine lacks the rail")),
        };
        match found.and_then(|found| found.context("the rail has no books that can be read")) {
            Ok(found) => {
                let now = platform.clock.now();
                let new = platform.store.finish_treasury_scan(&wanted.rail, &found, now).await?;
                tracing::info!(
                    rail = wanted.rail,
                    transfers = found.outgoing.len(),
                    new,
                    "what left was read"
                );
            }
            Err(failure) => failed.push((wanted.rail, format!("{failure:#}"))),
        }
    }
    Ok(failed)
}

/// Gives up reading a rail that is gone for good. `false`: it was read already, or need not be.
pub async fn skip(platform: &Platform, rail: &str, reason: &str) -> Result<bool, Failure> {
    let detail = json!({ "rail": rail, "reason": reason });
    let entries = for_all(platform, "recovery.rail_skipped", rail, &detail).await?;
    platform.store.skip_treasury_scan(rail, reason, &entries).await
}

/// Finds the open transfer that an operator named.
pub async fn find(
    platform: &Platform,
    transfer: &str,
    place: Option<i64>,
) -> Result<UnmatchedTransfer, AssignError> {
    let mut all = platform.store.unmatched_transfers().await?;
    all.retain(|found| {
        found.outgoing.transfer == transfer
            && found.assigned == Assigned::Open
            && place.is_none_or(|place| place == found.outgoing.place)
    });
    match (all.pop(), all.is_empty()) {
        (Some(found), true) => Ok(found),
        (Some(_), false) => Err(AssignError::Ambiguous(transfer.to_owned())),
        (None, _) => Err(AssignError::Unknown(transfer.to_owned())),
    }
}

/// The transfer paid this withdrawal after the backup: settles the withdrawal by it.
///
/// # Errors
/// [`AssignError`]; nothing was changed then.
pub async fn assign_withdrawal(
    platform: &Platform,
    found: &UnmatchedTransfer,
    (book, number): (BookId, i64),
) -> Result<(), AssignError> {
    let withdrawal = platform.store.withdrawal(book, number).await?;
    let withdrawal = withdrawal.ok_or(Refusal::WithdrawalIsUnknown).map_err(Stopped::from)?;
    let mounted =
        platform.rails.get(Mode::Live, &found.rail).ok_or(Refusal::RailIsNotHere).map_err(Stopped::from)?;
    if book.mode() != Mode::Live || withdrawal.method != found.rail {
        return Err(AssignError::NotTheSame);
    }
    let order_id = platform.secrets.ids().order_id(withdrawal.provider, book, number);
    let now = platform.store.now().await?;
    let payment = Payment { book, withdrawal, order_id, now };
    let detail = mounted.rail.proof_of(&payment, &found.outgoing).await?.ok_or(AssignError::NotTheSame)?;
    let proof = format!("found after a recovery: {}", found.outgoing.transfer);
    platform.counter(book, Actor::OPERATOR).settle_by_proof(number, &proof, detail).await?;
    let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, number);
    let shown = json!({ "transfer": found.outgoing.transfer, "withdrawal": id });
    let entry =
        audit_log::in_book(platform, book, Actor::OPERATOR, "recovery.transfer_assigned", &id, &shown);
    note(platform, found, (Assigned::Withdrawal(book, number), ""), &[entry]).await
}

/// The transfer paid this user, whose withdrawal is lost: debits the user, if the balance covers it.
pub async fn assign_person(
    platform: &Platform,
    found: &UnmatchedTransfer,
    (book, user): (BookId, i64),
    reason: &str,
) -> Result<Debited, AssignError> {
    let debited = match found.outgoing.cents {
        None => Debited::Not(None),
        Some(amount) => {
            let reason = format!("{reason} ({})", found.outgoing.transfer);
            // What left is a fact of the chain; there is nothing to agree on.
            let counter = platform.counter(book, Actor::OPERATOR).once(once(found)).agreed();
            match counter.debit(user, amount, reason).await {
                Ok(_) => Debited::Done(amount),
                Err(Stopped::Refused(refusal)) => Debited::Not(Some(refusal)),
                Err(stopped) => return Err(stopped.into()),
            }
        }
    };
    let id = platform.secrets.ids().seal(IdKind::PayoutUser, book, user);
    let is_debited = matches!(debited, Debited::Done(_));
    let shown =
        json!({ "transfer": found.outgoing.transfer, "user": id, "debited": is_debited, "reason": reason });
    let entry =
        audit_log::in_book(platform, book, Actor::OPERATOR, "recovery.transfer_assigned", &id, &shown);
    note(platform, found, (Assigned::Person(book, user), reason), &[entry]).await?;
    Ok(debited)
}

/// The transfer belongs to nothing in the database.
pub async fn assign_lost(
    platform: &Platform,
    found: &UnmatchedTransfer,
    reason: &str,
) -> Result<(), AssignError> {
    let shown = json!({ "transfer": found.outgoing.transfer, "reason": reason });
    let entries = for_all(platform, "recovery.transfer_lost", &found.outgoing.transfer, &shown).await?;
    note(platform, found, (Assigned::Lost, reason), &entries).await
}

async fn note(
    platform: &Platform,
    found: &UnmatchedTransfer,
    said: (Assigned, &str),
    entries: &[NewAuditEntry],
) -> Result<(), AssignError> {
    let now = platform.clock.now();
    if platform.store.assign_transfer(found, said, now, entries).await? {
        return Ok(());
    }
    Err(AssignError::Unknown(found.outgoing.transfer.clone()))
}

/// The same key whenever a transfer is assigned: a debit made before the assignment was recorded is not repeated.
fn once(found: &UnmatchedTransfer) -> OnceKey {
    let named = format!("recovery/{}/{}/{}", found.rail, found.outgoing.transfer, found.outgoing.place);
    let digest: [u8; 32] = Sha256::digest(named).into();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    OnceKey(key)
}

/// An audit log entry for every business.
async fn for_all(
    platform: &Platform,
    action: &'static str,
    subject: &str,
    detail: &serde_json::Value,
) -> Result<Vec<NewAuditEntry>, Failure> {
    let businesses = platform.store.businesses().await?;
    let entry = |number| audit_log::in_business(platform, number, Actor::OPERATOR, action, subject, detail);
    Ok(businesses.iter().map(|business| entry(business.number)).collect())
}
