//! Recovery: what must happen to a database that lost its newest changes, by a restore or a failover, before any
//! process works on it again. Revocations, rotations, removals and shown codes that the witness remembers are
//! repeated; what it cannot know is listed for people to check. Not here: restoring a backup (backup/).
//!
//! Invariant: the mark of a restored database is removed in the same transaction as the last of the changes, so a
//! recovery that was interrupted counts as not done and is run again.

pub mod treasury;

use crate::kill_switch;
use crate::platform::Platform;
use crate::recovery_progress::RecoveryProgress;
use crate::store::{Failure, PauseScope, RecoveryChanges, RecoveryCounts, Store};
use crate::witness::{self, Lost, PutAside, WitnessMemory};
use ledger::{Actor, Micros};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

const DAY: Micros = 86_400_000_000;
/// 2026-01-01, before any installation.
const BEGINNING: Micros = 20_454 * DAY;

/// The loss to recover from.
pub struct Loss {
    /// Time of the backup, if the database was restored from one.
    pub restored_from: Option<String>,
    /// The records of this data folder's witnesses.
    pub remembered: WitnessMemory,
    /// Those that the database lacks.
    pub lost: Vec<Lost>,
}

/// The result of a recovery.
pub struct Recovered {
    /// The new epoch.
    pub epoch: i64,
    /// Changed rows.
    pub counts: RecoveryCounts,
    /// Payout users whose hashes were rotated.
    pub rotated: u64,
    /// What people have to check.
    pub to_check: Vec<String>,
}

/// Compares the database with the witnesses of a data folder.
pub async fn look(data: &Path, store: &Store) -> Result<Loss, Failure> {
    let remembered = witness::read_all(data)?;
    let lost = witness::missing(&remembered, &store.snapshot().await?).await?;
    Ok(Loss { restored_from: store.recovery_mark().await?, remembered, lost })
}

/// Accepts the loss. `platform` must have been opened for recovery. `witnesses` are those that record the loss; they
/// are put away once the database holds their records, or is known to lack them for good.
///
/// # Errors
/// On a failure; run it again then.
pub async fn recover(
    platform: &Platform,
    loss: &Loss,
    witnesses: PutAside,
    revoke_all_keys: bool,
) -> Result<Recovered, Failure> {
    let now = platform.clock.now();
    // Read before anything is written: it tells how old the database is.
    let newest = platform.store.newest_entry_at().await?;
    // First of all: the pause below writes entries, and reusing a lost entry's number would give two things one name.
    let epoch = raise_epoch(platform, &loss.remembered, now).await?;
    // Nothing may be paid before people have checked what may have been paid already.
    let reason = "the installation was recovered from a loss";
    let paused =
        kill_switch::pause(platform, &PauseScope::All, reason, Actor::OPERATOR, Duration::ZERO).await;
    paused.map_err(|stopped| anyhow::anyhow!("pausing payments: {stopped}"))?;
    let rotated = rotate_again(platform, &loss.remembered).await?;
    let scans = treasury::to_scan(platform, loss.restored_from.as_deref(), newest).await?;
    let changes = RecoveryChanges {
        scans,
        revoke_all_keys,
        revoked_keys: loss.remembered.revocations.iter().copied().collect(),
        removals: (loss.remembered.removals.iter())
            .map(|((business, member), at)| (*business, *member, *at))
            .collect(),
        revealed_cards: loss.remembered.revealed_cards.iter().copied().collect(),
        detail: json!({
            "restored_from": loss.restored_from,
            "lost": loss.lost.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "all_keys_revoked": revoke_all_keys,
        })
        .to_string(),
    };
    let counts = platform.store.recover(&changes, now).await?;
    platform.auth.forget_trusted();
    // From here on the database is authoritative again; the loss was accepted.
    witnesses.put_away(now)?;
    let unread = treasury::scan(platform).await?;
    let mut to_check = to_check(platform, loss).await?;
    to_check.extend(
        unread.into_iter().map(|(rail, why)| format!("the transfers by {rail} could not be read: {why}")),
    );
    to_check.extend(RecoveryProgress::load(&platform.store).await?.open());
    Ok(Recovered { epoch, counts, rotated, to_check })
}

/// Begins an epoch, so that no number is ever given out twice. The entries lost after the backup may include those of
/// an earlier recovery, so the new epoch is above every one that the witness has seen; without a witness, above what
/// one recovery a day could have reached.
async fn raise_epoch(platform: &Platform, remembered: &WitnessMemory, now: Micros) -> Result<i64, Failure> {
    let seen = remembered.entries.values().map(|(sequence, _)| sequence / ledger::floor_of_epoch(1)).max();
    let possible = if remembered.is_empty() { ((now - BEGINNING) / DAY).clamp(0, 1 << 14) } else { 0 };
    let epoch = platform.store.epoch().await?.max(seen.unwrap_or(0)).max(possible) + 1;
    let is_ours = platform.store.begin_epoch(epoch, now).await?;
    anyhow::ensure!(is_ours, "another process is recovering this database at the same time");
    for book in platform.store.snapshot().await?.books().await? {
        let recovered = platform.counter(book.id, Actor::OPERATOR).recover(epoch).await;
        recovered.map_err(|stopped| anyhow::anyhow!("recovering book {}: {stopped}", book.id.0))?;
    }
    Ok(epoch)
}

/// A hash that was rotated after the backup may have leaked: it must not work again.
async fn rotate_again(platform: &Platform, remembered: &WitnessMemory) -> Result<u64, Failure> {
    let mut rotated = 0;
    let seen = platform.store.snapshot().await?;
    for ((book, user), rotations) in &remembered.rotations {
        // A user created after the backup is lost, and so is the hash.
        let Some(stored) = seen.rotations_of(*book, *user).await? else { continue };
        // Repeat every rotation, so that there are as many as the witness knows of.
        for _ in stored..*rotations {
            let rotated = platform.counter(*book, Actor::OPERATOR).rotate_hash(*user).await;
            rotated.map_err(|stopped| anyhow::anyhow!("rotating again: {stopped}"))?;
        }
        rotated += u64::from(stored < *rotations);
    }
    Ok(rotated)
}

/// What neither the database nor the witness can answer.
async fn to_check(platform: &Platform, loss: &Loss) -> Result<Vec<String>, Failure> {
    let since = loss.restored_from.as_deref().unwrap_or("the loss");
    let open = platform.store.open_withdrawals().await?;
    let mut all = vec![
        format!(
            "{open} withdrawals had not ended; each may have been paid since {since}: compare with the treasury, the \
             exported payments by hand and the rails before you settle, fail or send them"
        ),
        format!(
            "deposits, payouts and new users since {since}: compare with your own records and record them again"
        ),
        format!(
            "users who were deactivated, and rules, limits, methods and settings that were changed since {since}"
        ),
        format!(
            "API keys created since {since} do not work; those rolled with an overlap may work longer than they should"
        ),
        "passwords, second factors and roles of members are those from before: members set new ones"
            .to_owned(),
    ];
    for (line, nonce) in &loss.remembered.nonces {
        all.push(format!(
            "nonces up to {nonce} of {line} may be used on the chain; see first_nonce in OPERATIONS.md"
        ));
    }
    if loss.remembered.is_empty() {
        all.push(
            "there was no witness: revocations, rotated hashes and removed members since then are unknown"
                .to_owned(),
        );
    }
    Ok(all)
}
