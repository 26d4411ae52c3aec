//! What a rail's own books say that the recovered database does not know: money that left after the backup. Each such transfer is
//! assigned by a person, and payments stay paused until all are. Not here: reading the books (rails/), the rows (store/treasury_scans.rs).

use crate::ids::IdKind;
use crate::members::audit;
use crate::platform::Platform;
use crate::rails::Payment;
use crate::store::{Assigned, Failure, NewAuditEntry, TreasuryScan, UnmatchedTransfer};
use crate::withdrawals::{Stopped, settle};
use anyhow::Context;
use ledger::{Actor, BookId, Cents, Command, Micros, Mode, OnceKey, Refusal, Request};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Clocks of chains, backups and machines may differ by as much.
const MARGIN: Micros = 3_600_000_000;

/// How far a recovery has come.
#[derive(Debug)]
pub struct Standing {
    /// The rails whose books have to be read, or were.
    pub scans: Vec<TreasuryScan>,
    /// What stands there and no attempt made.
    pub transfers: Vec<UnmatchedTransfer>,
}

/// What assigning a transfer to a person came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Debited {
    /// The person has so much less.
    Done(Cents),
    /// It is only written down: the balance does not cover it, or it is no whole number of cents.
    Not(Option<Refusal>),
}

/// Why a transfer was not assigned.
#[derive(Debug, thiserror::Error)]
pub enum AssignError {
    /// There is none of this name that is open.
    #[error("{0} is no open transfer; see what there is with: outpay recover status")]
    Unknown(String),
    /// Several logs of one transaction.
    #[error("transfer {0} stands there several times; say which with --place N")]
    Ambiguous(String),
    /// Another amount, destination or method.
    #[error("the transfer is not this withdrawal's: amount, destination and method must be the same")]
    NotTheSame,
    /// A rule stands against it.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The system broke.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Standing {
    /// What keeps payments paused, in words; nothing where the recovery is complete.
    #[must_use]
    pub fn open(&self) -> Vec<String> {
        let unread = self.scans.iter().filter(|scan| !scan.is_done()).map(|scan| {
            format!(
                "what left by {} was not read yet: outpay recover scan, or outpay recover skip {}",
                scan.rail, scan.rail
            )
        });
        let open = self.transfers.iter().filter(|found| found.assigned == Assigned::Open).map(|found| {
            let of = &found.outgoing;
            let amount =
                of.cents.map_or_else(|| format!("{} units", of.units), |cents| format!("{} cents", cents.0));
            format!("{}: {amount} to {} in {} is not assigned", found.rail, of.destination, of.transfer)
        });
        unread.chain(open).collect()
    }
}

/// The live rails that the installation has had and that have books of their own, and from when on those have to be read.
pub(super) async fn to_scan(
    platform: &Platform,
    restored_from: Option<&str>,
    newest: Option<Micros>,
) -> Result<Vec<(String, Micros)>, Failure> {
    let restored = restored_from.and_then(|time| time.parse().ok()).map(jiff::Timestamp::as_microsecond);
    // What was restored is as old as the backup; what lost its end otherwise is as old as its newest entry.
    let since = restored.or(newest).unwrap_or(0).saturating_sub(MARGIN).max(0);
    let rails = platform.store.recorded_rails().await?;
    let has_books = |provider: &str| provider == ledger::Provider::Crypto.word();
    let mut names: Vec<String> = rails
        .into_iter()
        .filter(|rail| !rail.test_mode && has_books(&rail.provider))
        .map(|rail| rail.name)
        .collect();
    names.dedup();
    Ok(names.into_iter().map(|name| (name, since)).collect())
}

/// Reads the books of every rail that were not read yet. Why some could not be: rail and reason.
///
/// # Errors
/// When the database breaks.
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

/// How far the recovery has come.
///
/// # Errors
/// When the database breaks.
pub async fn standing(store: &crate::store::Store) -> Result<Standing, Failure> {
    Ok(Standing { scans: store.treasury_scans().await?, transfers: store.unmatched_transfers().await? })
}

/// A rail that is gone for good is not read; `false` where it was, or need not be.
///
/// # Errors
/// When the database breaks.
pub async fn skip(platform: &Platform, rail: &str, reason: &str) -> Result<bool, Failure> {
    let detail = json!({ "rail": rail, "reason": reason });
    let entries = for_all(platform, "recovery.rail_skipped", rail, &detail).await?;
    platform.store.skip_treasury_scan(rail, reason, &entries).await
}

/// The open transfer that a person names.
///
/// # Errors
/// [`AssignError`].
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

/// It is this withdrawal's payment, made after the backup: the withdrawal is settled by it.
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
    let payment = Payment { book, withdrawal, order_id };
    let detail = mounted.rail.proof_of(&payment, &found.outgoing).await?.ok_or(AssignError::NotTheSame)?;
    let proof = format!("found after a recovery: {}", found.outgoing.transfer);
    settle::settle_by_proof(platform, book, number, (&proof, detail), Actor::OPERATOR).await?;
    let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, number);
    let shown = json!({ "transfer": found.outgoing.transfer, "withdrawal": id });
    let entry = audit::in_book(platform, book, Actor::OPERATOR, "recovery.transfer_assigned", &id, &shown);
    note(platform, found, (Assigned::Withdrawal(book, number), ""), &[entry]).await
}

/// It was paid to this person, whose withdrawal is lost: the person has so much less, as far as the balance covers it.
///
/// # Errors
/// [`AssignError`].
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
            let command = Command::Debit { user, amount, reason };
            let request = Request::maybe_once(command, Some(once(found))).by(Actor::OPERATOR);
            let verdict = platform.teller.ask(book, request).await.map_err(Stopped::from)?;
            verdict.map_or_else(|refusal| Debited::Not(Some(refusal)), |_| Debited::Done(amount))
        }
    };
    let id = platform.secrets.ids().seal(IdKind::PayoutUser, book, user);
    let is_debited = matches!(debited, Debited::Done(_));
    let shown =
        json!({ "transfer": found.outgoing.transfer, "user": id, "debited": is_debited, "reason": reason });
    let entry = audit::in_book(platform, book, Actor::OPERATOR, "recovery.transfer_assigned", &id, &shown);
    note(platform, found, (Assigned::Person(book, user), reason), &[entry]).await?;
    Ok(debited)
}

/// It belongs to nothing that the database has.
///
/// # Errors
/// [`AssignError`].
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

/// The same for a transfer however often it is assigned: a debit that was made before it was written down is not made again.
fn once(found: &UnmatchedTransfer) -> OnceKey {
    let named = format!("recovery/{}/{}/{}", found.rail, found.outgoing.transfer, found.outgoing.place);
    let digest: [u8; 32] = Sha256::digest(named).into();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    OnceKey(key)
}

/// For the audit log of every business.
async fn for_all(
    platform: &Platform,
    action: &'static str,
    subject: &str,
    detail: &serde_json::Value,
) -> Result<Vec<NewAuditEntry>, Failure> {
    let businesses = platform.store.businesses().await?;
    let entry = |number| audit::in_business(platform, number, Actor::OPERATOR, action, subject, detail);
    Ok(businesses.iter().map(|business| entry(business.number)).collect())
}
