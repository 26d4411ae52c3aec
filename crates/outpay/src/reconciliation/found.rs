//! What follows from the differences that a run found: the rail is paused where more has left than our books say, each difference is
//! stored once, the business that owns the withdrawal is told, and a person closes it. Not here: finding them (compare.rs).
//!
//! Invariant: the pause is durable before the difference is. A process that dies in between pauses again.

use crate::audit_log;
use crate::ids::IdKind;
use crate::kill_switch;
use crate::platform::Platform;
use crate::stopped::Stopped;
use crate::store::{Failure, Mismatch, MismatchState, NewMismatch, PauseScope};
use ledger::{Actor, BookId, Micros, Occurrence, OnceKey};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Why a difference was not closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    #[error("it is not open; list what is with: outpay reconcile --list")]
    IsNotOpen,
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Stores what a run found and ends what it did not find any more. `true`: the rail was paused because of it.
pub(super) async fn settle(
    platform: &Platform,
    rail: &str,
    period: (Micros, Micros),
    found: &[NewMismatch],
) -> Result<bool, Failure> {
    let mut new = Vec::new();
    for one in found {
        let known = platform.store.mismatch_named(rail, one.kind, &one.subject).await?;
        // One that a person has closed stays closed, as long as both books say what they said then.
        let is_known = known
            .is_some_and(|known| known.state != MismatchState::Vanished && known.found.says_the_same(one));
        if !is_known {
            new.push(one.clone());
        }
    }
    let paused = sound_alarms(platform, rail, &new).await?;
    for one in new.iter().filter(|one| !one.is_alarm) {
        let (kind, said) = (one.kind.word(), one.words());
        let withdrawal = one.owner.map(|owner| withdrawal_id(platform, owner));
        tracing::warn!(rail, kind, withdrawal, said, "a rail's own books differ from ours");
    }
    let now = platform.store.now().await?;
    platform.store.open_mismatches_anew(rail, &new, now).await?;
    let is_found = |open: &Mismatch| {
        found.iter().any(|one| (one.kind, &one.subject) == (open.found.kind, &open.found.subject))
    };
    let mut gone = platform.store.open_mismatches().await?;
    let was_compared = |open: &Mismatch| open.rail == rail && (period.0..period.1).contains(&open.found.at);
    gone.retain(|open| was_compared(open) && !is_found(open));
    let gone: Vec<i64> = gone.iter().map(|open| open.number).collect();
    platform.store.end_vanished_mismatches(&gone, now).await?;
    Ok(paused)
}

/// More has left than our books say: an error for the log, and the rail pays nothing until a person has looked.
async fn sound_alarms(platform: &Platform, rail: &str, new: &[NewMismatch]) -> Result<bool, Failure> {
    let alarms: Vec<&NewMismatch> = new.iter().filter(|one| one.is_alarm).collect();
    for one in &alarms {
        let (kind, said, payment) = (one.kind.word(), one.words(), &one.rail_number);
        let withdrawal = one.owner.map(|owner| withdrawal_id(platform, owner));
        tracing::error!(rail, kind, payment, withdrawal, said, "a rail has paid what our books do not have");
    }
    if alarms.is_empty() {
        return Ok(false);
    }
    let reason = format!(
        "Reconciliation: the books of {rail} have {} that ours do not have.",
        if alarms.len() == 1 { "a payment".to_owned() } else { format!("{} payments", alarms.len()) }
    );
    let scope = PauseScope::Rail(rail.to_owned());
    let paused = kill_switch::pause(platform, &scope, &reason, Actor::NONE, Duration::ZERO).await;
    Ok(paused.map_err(|stopped| anyhow::anyhow!("pausing the rail: {stopped}"))?.is_new)
}

/// Writes the event of each difference that has none yet into the journal of the withdrawal's book. Under a key of the difference, so
/// that a process that died before it took note of it writes none twice.
pub(super) async fn tell(platform: &Platform) -> Result<(), Failure> {
    for untold in platform.store.untold_mismatches().await? {
        let Some((book, number)) = untold.found.owner else { continue };
        let Some(withdrawal) = platform.store.withdrawal(book, number).await? else { continue };
        let note = format!("{}: {}", untold.found.kind.word(), untold.found.words());
        let counter = platform.counter(book, Actor::NONE).once(once(&untold));
        let of = (withdrawal.user, number);
        let told = counter.record_of_withdrawal(Occurrence::ReconciliationMismatch, of, note).await;
        told.map_err(|stopped: Stopped| anyhow::anyhow!("telling of a difference: {stopped}"))?;
        platform.store.note_mismatch_told(untold.number, untold.found_at).await?;
    }
    Ok(())
}

fn once(mismatch: &Mismatch) -> OnceKey {
    let named = format!("reconciliation/{}/{}", mismatch.number, mismatch.found_at);
    let digest: [u8; 32] = Sha256::digest(named).into();
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    OnceKey(key)
}

/// Closes an open difference for a reason. It stays closed until the two books say something else than they say now.
pub async fn close(
    platform: &Platform,
    mismatch: &Mismatch,
    reason: &str,
    actor: Actor,
) -> Result<(), CloseError> {
    let detail = json!({
        "method": mismatch.rail, "kind": mismatch.found.kind.word(), "said": mismatch.found.words(), "reason": reason,
    });
    let (id, action) = (id(platform, mismatch), "reconciliation.closed");
    let entries = match mismatch.found.owner {
        Some((book, _)) => vec![audit_log::in_book(platform, book, actor, action, &id, &detail)],
        // What no withdrawal ordered is no business's, so the log of every business has it, without what was paid.
        None => {
            let detail = json!({ "method": mismatch.rail, "kind": mismatch.found.kind.word() });
            let businesses = platform.store.businesses().await?;
            let entry = |number| audit_log::in_business(platform, number, actor, action, &id, &detail);
            businesses.iter().map(|business| entry(business.number)).collect()
        }
    };
    let now = platform.store.now().await?;
    if platform.store.close_mismatch(mismatch.number, reason, actor, now, &entries).await? {
        return Ok(());
    }
    Err(CloseError::IsNotOpen)
}

/// `rec_…`: the public id of a difference.
#[must_use]
pub fn id(platform: &Platform, mismatch: &Mismatch) -> String {
    let book = mismatch.found.owner.map_or(BookId(0), |(book, _)| book);
    platform.secrets.ids().seal(IdKind::Mismatch, book, mismatch.number)
}

/// The difference that this id names, of any book.
pub async fn named(platform: &Platform, id: &str) -> Result<Option<Mismatch>, Failure> {
    let Some((_, number)) = platform.secrets.ids().open_any(IdKind::Mismatch, id) else { return Ok(None) };
    platform.store.mismatch(number).await
}

fn withdrawal_id(platform: &Platform, (book, number): (BookId, i64)) -> String {
    platform.secrets.ids().seal(IdKind::Withdrawal, book, number)
}
